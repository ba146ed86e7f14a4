package config

import (
	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
)

// settings reads an e2bt block.
func (s *scope) settings(out *Settings, b *block) {
	d := &decoder{scope: s, ctx: s.wholeContext(b.dir), dir: b.dir}
	d.decode("e2bt", b.body, fields{
		"required_version": func(attr *hcl.Attribute) {
			d.text(&out.RequiredVersion)(attr)
			d.checkVersion(attr, out.RequiredVersion)
		},
		"parallel":   d.count(&out.Parallel, 1, 1000, nil, "a number from 1"),
		"files_hash": d.oneOf(&out.FilesHash, "e2bt", "sdk"),
	}, nil)
}

func (d *decoder) checkVersion(attr *hcl.Attribute, want string) {
	constraint, err := version.NewConstraint(want)
	if err != nil {
		d.wrong(attr.Expr.Range(), "Bad version constraint", "%q is no constraint such as \">= 0.1, < 2\".", want)
		return
	}
	have, err := version.NewVersion(d.opts.Version)
	if err == nil && !constraint.Check(have.Core()) {
		d.wrong(attr.Expr.Range(), "Unsupported e2bt version", "This configuration wants e2bt %s, and this is %s. Install a version that fits, or change required_version.", want, have)
	}
}

// oneOf reads a string that is one of a few words.
func (d *decoder) oneOf(dst *string, words ...string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.text(dst)(attr)
		for _, w := range words {
			if *dst == w || *dst == "" {
				return
			}
		}
		d.wrong(attr.Expr.Range(), "Unknown word", "The argument %q takes one of %q, not %q.%s", attr.Name, words, *dst, suggest(*dst, words))
	}
}
