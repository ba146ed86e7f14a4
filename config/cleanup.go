package config

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// cleanup reads the cleanup block.
func (d *decoder) cleanup(b *hcl.Block) *Cleanup {
	out := &Cleanup{Range: d.whole(b)}
	f := fields{
		"paths": func(attr *hcl.Attribute) {
			for _, line := range d.list(attr) {
				if !path.IsAbs(line.Text) || path.Clean(strings.TrimRight(line.Text, "*")) == "/" {
					d.wrong(line.Range, "Bad path", "%q cannot be cleaned up: give an absolute path below the root directory.", line.Text)
					continue
				}
				out.Paths = append(out.Paths, line.Text)
			}
		},
		"run": d.lines(&out.Run),
	}
	d.decodeGroup("cleanup", b.Body, f, group{managerNames(), func(attr *hcl.Attribute) {
		var wanted bool
		if d.flag(&wanted)(attr); wanted {
			out.Managers = append(out.Managers, attr.Name)
		}
	}}, nil)
	slices.SortFunc(out.Managers, func(a, b string) int { return order(a) - order(b) })
	return out
}
