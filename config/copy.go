package config

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

var modeForm = regexp.MustCompile(`^0?[0-7]{3,4}$`)

// copy reads a copy block.
func (d *decoder) copy(b *hcl.Block) *Copy {
	out := &Copy{Range: d.whole(b), FromPos: b.DefRange}
	d.decode("copy", b.Body, fields{
		"from": func(attr *hcl.Attribute) {
			d.text(&out.From)(attr)
			out.FromPos = attr.Expr.Range()
			if out.From != "" && !filepath.IsLocal(filepath.FromSlash(out.From)) {
				d.wrong(out.FromPos, "Path leaves the context", "%q is not below the directory of this file. Give a relative path without ..; move the files, or the file that copies them.", out.From)
			}
		},
		"to":   d.text(&out.To),
		"user": d.owner(&out.User),
		"mode": func(attr *hcl.Attribute) {
			d.text(&out.Mode)(attr)
			if out.Mode != "" && !modeForm.MatchString(out.Mode) {
				d.wrong(attr.Expr.Range(), "Bad mode", "%q is no mode: give octal digits in quotes, such as \"0644\".", out.Mode)
				return
			}
			if out.Mode != "" {
				out.Mode = fourDigits(out.Mode)
			}
		},
		"ignore": d.texts(&out.Ignore),
	}, nil, "from", "to")
	return out
}

// fourDigits writes an octal mode in one way.
func fourDigits(mode string) string {
	mode = strings.Repeat("0", 4-min(4, len(mode))) + mode
	return mode[len(mode)-4:]
}
