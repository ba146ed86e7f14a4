package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"
)

// decoder reads the bodies of one template instance. Every field of the
// language is one entry of a table; a table says all that a block may hold.
type decoder struct {
	*scope
	ctx    *hcl.EvalContext
	dir    string
	inStep bool // what is read becomes part of the template
}

// fields are the arguments of a block, children its blocks.
type (
	fields   map[string]func(*hcl.Attribute)
	children map[string]child
)

type child struct {
	labels []string
	read   func(*hcl.Block)
}

// decode reads a body by its tables, in source order.
func (d *decoder) decode(body hcl.Body, f fields, c children, required ...string) {
	schema := &hcl.BodySchema{}
	for _, name := range sortedKeys(f) {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name, Required: slices.Contains(required, name)})
	}
	for _, name := range sortedKeys(c) {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: c[name].labels})
	}
	content, diags := body.Content(schema)
	d.diags = append(d.diags, nearer(diags, sortedKeys(f), sortedKeys(c))...)
	if content == nil {
		return
	}
	for _, name := range sortedKeys(content.Attributes) {
		f[name](content.Attributes[name])
	}
	for _, b := range content.Blocks {
		c[b.Type].read(b)
	}
}

// value evaluates an argument and converts it; ok is false where it is null or
// wrong.
func (d *decoder) value(attr *hcl.Attribute, want cty.Type) (cty.Value, bool) {
	v, secret, ok := d.eval(attr.Expr, d.ctx)
	if !ok {
		return v, false
	}
	if secret && d.inStep {
		d.diags = append(d.diags, staysInTemplate(attr.Name, d.secretPart(attr.Expr)))
	}
	converted, err := convert.Convert(v, want)
	if err != nil {
		d.diags = append(d.diags, problem(attr.Expr.Range(), "Wrong type", "The argument %q wants a %s: %s.", attr.Name, want.FriendlyNameForConstraint(), err))
		return v, false
	}
	return converted, !converted.IsNull()
}

// secretPart is where in a list or a map the first sensitive value stands.
func (d *decoder) secretPart(expr hcl.Expression) hcl.Range {
	parts, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		pairs, _ := hcl.ExprMap(expr) // what is neither has no parts
		for _, p := range pairs {
			parts = append(parts, p.Value)
		}
	}
	for _, p := range parts {
		if v, _ := p.Value(d.ctx); v.ContainsMarked() { // its mistakes were said
			return p.Range()
		}
	}
	return expr.Range()
}

func staysInTemplate(argument string, at hcl.Range) *hcl.Diagnostic {
	d := problem(at, "Sensitive value in a template",
		"The argument %q is made of a sensitive value. E2B has no secret mounts: it becomes part of the template, and whoever can start a sandbox of it can read it. Give it to sandboxes when they are created instead.", argument)
	d.Severity = hcl.DiagWarning
	return d
}

// text reads a string.
func (d *decoder) text(dst *string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		if v, ok := d.value(attr, cty.String); ok {
			*dst = v.AsString()
		}
	}
}

// flag reads true or false.
func (d *decoder) flag(dst *bool) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		if v, ok := d.value(attr, cty.Bool); ok {
			*dst = v.True()
		}
	}
}

// count reads a whole number from low to high that fits.
func (d *decoder) count(dst *int, low, high int, fits func(int) bool, rule string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		v, ok := d.value(attr, cty.Number)
		if !ok {
			return
		}
		var n int
		if gocty.FromCtyValue(v, &n) != nil || n < low || n > high || fits != nil && !fits(n) {
			d.diags = append(d.diags, problem(attr.Expr.Range(), "Number out of range", "The argument %q wants %s.", attr.Name, rule))
			return
		}
		*dst = n
	}
}

// duration reads a length of time such as "90s".
func (d *decoder) duration(dst *time.Duration) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		v, ok := d.value(attr, cty.String)
		if !ok {
			return
		}
		length, err := time.ParseDuration(v.AsString())
		if err != nil || length <= 0 {
			d.diags = append(d.diags, problem(attr.Expr.Range(), "Bad duration", "The argument %q wants a length of time with its unit, such as \"90s\", \"5m\" or \"1h30m\".", attr.Name))
			return
		}
		*dst = length
	}
}

// texts reads a list of strings.
func (d *decoder) texts(dst *[]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		for _, line := range d.list(attr) {
			*dst = append(*dst, line.Text)
		}
	}
}

// lines reads a list of strings with the place of each.
func (d *decoder) lines(dst *[]Line) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) { *dst = append(*dst, d.list(attr)...) }
}

// list reads a list of strings, nulls left out. Where the list is written out,
// each has its own range.
func (d *decoder) list(attr *hcl.Attribute) []Line {
	v, ok := d.value(attr, cty.List(cty.String))
	if !ok {
		return nil
	}
	parts, diags := hcl.ExprList(attr.Expr)
	own := !diags.HasErrors() && len(parts) == v.LengthInt()
	out := []Line{}
	for i, item := range v.AsValueSlice() {
		if item.IsNull() {
			continue
		}
		at := attr.Expr.Range()
		if own {
			at = parts[i].Range()
		}
		out = append(out, Line{item.AsString(), at})
	}
	return out
}

// table reads a map of strings, nulls left out.
func (d *decoder) table(dst *map[string]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		v, ok := d.value(attr, cty.Map(cty.String))
		if !ok {
			return
		}
		*dst = map[string]string{}
		for key, item := range v.AsValueMap() {
			if !item.IsNull() {
				(*dst)[key] = item.AsString()
			}
		}
	}
}

// environment reads variables for commands.
func (d *decoder) environment(dst *map[string]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.table(dst)(attr)
		for _, name := range sortedKeys(*dst) {
			if !isVariableName(name) {
				d.diags = append(d.diags, problem(attr.Expr.Range(), "Bad environment variable", "%q is no name of an environment variable: use letters, digits and _, and do not begin with a digit.", name))
			}
		}
	}
}

func isVariableName(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// decodeConstant reads an argument that may refer to nothing.
func decodeConstant[T any](attr *hcl.Attribute, dst *T) hcl.Diagnostics {
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() {
		return diags
	}
	want, err := gocty.ImpliedType(*dst)
	if err == nil {
		v, err = convert.Convert(v, want)
	}
	if err == nil {
		err = gocty.FromCtyValue(v, dst)
	}
	if err != nil {
		return hcl.Diagnostics{problem(attr.Expr.Range(), "Wrong type", "%s", fmt.Sprintf("The argument %q: %s.", attr.Name, err))}
	}
	return nil
}
