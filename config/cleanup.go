package config

import (
	"path"
	"strings"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// cleanup reads the cleanup block.
func (d *decoder) cleanup(b *hcl.Block) *Cleanup {
	out := &Cleanup{Range: d.whole(b)}
	wanted := map[string]*bool{}
	f := fields{
		"paths": func(attr *hcl.Attribute) {
			for _, line := range d.list(attr) {
				if !path.IsAbs(line.Text) || path.Clean(strings.TrimRight(line.Text, "*")) == "/" {
					d.diags = append(d.diags, problem(line.Range, "Bad path", "%q cannot be cleaned up: give an absolute path below the root directory.", line.Text))
					continue
				}
				out.Paths = append(out.Paths, line.Text)
			}
		},
		"run": d.lines(&out.Run),
	}
	for _, m := range mirrors.Managers() {
		wanted[m.Name] = new(bool)
		f[m.Name] = d.flag(wanted[m.Name])
	}
	d.decode(b.Body, f, nil)
	for _, m := range mirrors.Managers() {
		if *wanted[m.Name] {
			out.Managers = append(out.Managers, m.Name)
		}
	}
	return out
}
