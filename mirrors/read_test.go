package mirrors

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// TestRead: every data file is to us what it is to HCL's own parser.
func TestRead(t *testing.T) {
	for _, dir := range []string{"managers", "providers", "ecosystems", "profiles"} {
		for _, name := range names(dir) {
			file := dir + "/" + name + ".hcl"
			text, err := dataFiles.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			read(file, string(text), &got)
			parsed, diags := hclsyntax.ParseConfig(text, file, hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(string(hclwrite.Format(text)), string(text)); diff != "" {
				t.Errorf("%s is not formatted (-want +got):\n%s", file, diff)
			}
			if diff := cmp.Diff(bodyOf(t, parsed.Body.(*hclsyntax.Body)), got); diff != "" {
				t.Errorf("%s (-HCL +ours):\n%s", file, diff)
			}
		}
	}
}

// bodyOf is a body as HCL's parser has it, in the form of read.
func bodyOf(t *testing.T, body *hclsyntax.Body) map[string]any {
	out := map[string]any{}
	for name, attr := range body.Attributes {
		value, diags := attr.Expr.Value(nil)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		text, err := ctyjson.Marshal(value, cty.DynamicPseudoType)
		if err != nil {
			t.Fatal(err)
		}
		var typed struct{ Value any }
		if err := json.Unmarshal(text, &typed); err != nil {
			t.Fatal(err)
		}
		out[name] = typed.Value
	}
	for _, b := range body.Blocks {
		block := bodyOf(t, b.Body)
		if len(b.Labels) > 0 {
			block["label"] = b.Labels[0]
		}
		list, _ := out[b.Type].([]any)
		out[b.Type] = append(list, block)
	}
	return out
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{
		"a = 1\na = 2\n", "a = b\n", "a = \"x\n", "a = \"${x}\"\n", "a {\n", "a = [\"x\"", "a = <<-E\nx\n", "= 1\n", "a \"b\" = 1\n", "a = [1]\n", "a = \"\\q\"\n", "}",
	} {
		func() {
			defer func() {
				if why := fmt.Sprint(recover()); !strings.HasPrefix(why, "mirrors: x.hcl:") {
					t.Errorf("read(%q): %s; want a refusal", text, why)
				}
			}()
			var out map[string]any
			read("x.hcl", text, &out)
		}()
	}
}
