package builder

import (
	"path/filepath"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/hashicorp/hcl/v2"
)

// CheckFiles reports the files to copy that cannot be read, of a configuration
// whose other mistakes keep it from being planned.
func CheckFiles(cfg *config.Config, scan Scan) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, t := range cfg.Templates {
		for _, step := range t.Steps {
			if c := step.Copy; c != nil && filepath.IsLocal(filepath.FromSlash(c.From)) {
				if _, _, err := scan(t.Dir, c); err != nil {
					diags = append(diags, unreadable(c, err))
				}
			}
		}
	}
	return diags
}

// unreadable says at a copy block what is wrong with its files.
func unreadable(c *config.Copy, err error) *hcl.Diagnostic {
	at := c.FromPos
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Files to copy cannot be read",
		Detail: sentence(err.Error()), Subject: &at,
	}
}

// sentence makes an error's text fit into a message for people.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
