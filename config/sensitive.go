package config

import (
	"github.com/e2bt/e2bt/config/funcs"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

const (
	hidden    = "(sensitive)"
	sensitive = funcs.Sensitive
)

// keepSecret remembers every text and number in v as one that is never shown.
func (l *loader) keepSecret(v cty.Value) {
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) { // the function never fails
		if v.IsMarked() {
			v, _ = v.Unmark()
		}
		if v.IsKnown() && !v.IsNull() && (v.Type() == cty.String || v.Type() == cty.Number) {
			if text, err := convert.Convert(v, cty.String); err == nil && text.AsString() != "" {
				l.secrets[text.AsString()] = true
			}
		}
		return true, nil
	})
}

// use is what becomes of what a decoder reads.
type use struct {
	inTemplate bool // it becomes part of the template: a secret in it stays there
	shown      bool // it is a name that cannot be hidden
	fleeting   bool // it may change from run to run
}

// The uses.
var (
	settingUse  = use{}
	stepUse     = use{inTemplate: true}
	nameUse     = use{shown: true}
	tagUse      = use{shown: true, fleeting: true}
	describeUse = use{fleeting: true}
)

// bare takes the marks off an argument's value, and says what is wrong with
// having them here.
func (d *decoder) bare(attr *hcl.Attribute, v cty.Value) (cty.Value, bool) {
	if !v.ContainsMarked() {
		return v, true
	}
	plain, marked := v.UnmarkDeepWithPaths()
	ok, warned := true, false
	for _, m := range marked {
		if _, secret := m.Marks[funcs.Sensitive]; secret {
			part, err := m.Path.Apply(plain)
			if err != nil {
				part = plain
			}
			d.keepSecret(part)
			switch {
			case d.use.shown:
				ok = false
				d.wrong(d.partAt(attr, m.Path), "Sensitive value in a name", "The argument %q is shown to everybody, so it cannot be made of a sensitive value.", attr.Name)
			case d.use.inTemplate && !warned:
				warned = true
				d.diags = append(d.diags, staysInTemplate(attr.Name, d.partAt(attr, m.Path)))
			}
		}
		if _, fleeting := m.Marks[funcs.Fleeting]; fleeting && !d.use.fleeting {
			ok = false
			d.wrong(d.partAt(attr, m.Path), "Time in a plan", "The argument %q is made of timestamp(), so every plan would differ from the one before. Only description, tags and checks may use it.", attr.Name)
		}
	}
	return plain, ok
}

// partAt is where the element that a path leads to is written.
func (d *decoder) partAt(attr *hcl.Attribute, path cty.Path) hcl.Range {
	if len(path) == 0 {
		return attr.Expr.Range()
	}
	index, ok := path[0].(cty.IndexStep)
	name, isName := path[0].(cty.GetAttrStep)
	switch {
	case isName:
		if at, ok := d.places(attr)[name.Name]; ok {
			return at
		}
	case ok && index.Key.Type() == cty.String:
		if at, ok := d.places(attr)[index.Key.AsString()]; ok {
			return at
		}
	case ok && index.Key.Type() == cty.Number:
		n, _ := index.Key.AsBigFloat().Int64()
		if parts, diags := hcl.ExprList(attr.Expr); !diags.HasErrors() && n >= 0 && n < int64(len(parts)) {
			return parts[n].Range()
		}
	}
	return attr.Expr.Range()
}

func staysInTemplate(argument string, at hcl.Range) *hcl.Diagnostic {
	d := problem(at, "Sensitive value in a template",
		"The argument %q is made of a sensitive value. E2B has no secret mounts: it becomes part of the template, and whoever can start a sandbox of it can read it. Give it to sandboxes when they are created instead.", argument)
	d.Severity = hcl.DiagWarning
	return d
}
