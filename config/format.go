package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format writes a file in the canonical style: comments stay, nothing but
// space changes, and formatting twice is formatting once. The name is for
// diagnostics.
func Format(src []byte, name string) ([]byte, hcl.Diagnostics) {
	if diags := notText(name, src); diags.HasErrors() {
		return nil, diags
	}
	if _, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos); diags.HasErrors() {
		return nil, diags
	}
	out := src
	for range 3 { // the library's own formatting settles at the second try at the latest
		next := hclwrite.Format(out)
		if string(next) == string(out) {
			break
		}
		out = next
	}
	if text := strings.TrimRight(string(out), "\n"); text != "" {
		out = []byte(text + "\n")
	}
	return out, nil
}
