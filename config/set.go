package config

import "github.com/hashicorp/hcl/v2"

// set reads a set block.
func (d *decoder) set(b *hcl.Block) *Set {
	out := &Set{Range: d.whole(b)}
	d.decode("set", b.Body, fields{"env": d.environment(&out.Env), "user": d.user(&out.User), "workdir": d.text(&out.Workdir)}, nil)
	return out
}
