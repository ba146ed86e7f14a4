package config

import (
	"regexp"

	"github.com/hashicorp/hcl/v2"
)

// check reads a check block.
func (d *decoder) check(b *hcl.Block) Check {
	out := Check{Name: b.Labels[0], Range: d.whole(b)}
	d.decode("check", b.Body, fields{
		"command":  d.text(&out.Command),
		"contains": d.text(&out.Contains),
		"matches": func(attr *hcl.Attribute) {
			d.text(&out.Matches)(attr)
			if _, err := regexp.Compile(out.Matches); err != nil {
				d.wrong(attr.Expr.Range(), "Bad regular expression", "%s.", err)
				out.Matches = ""
			}
		},
		"exit_code": d.count(&out.ExitCode, 0, 255, nil, "a number from 0 to 255"),
		"timeout":   d.duration(&out.Timeout),
		"user":      d.user(&out.User),
	}, nil, "command")
	return out
}
