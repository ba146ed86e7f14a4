package config

import (
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config/funcs"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
)

// decoder reads the bodies of one template instance. Every field of the
// language is one entry of a table; a table says all that a block may hold.
type decoder struct {
	*scope
	ctx *hcl.EvalContext
	dir string
	use use
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

// group is any number of arguments that are read alike.
type group struct {
	names []string
	read  func(*hcl.Attribute)
}

// decode reads a body by its tables, in source order. The kind names the block;
// blocks of one kind have the same tables.
func (d *decoder) decode(kind string, body hcl.Body, f fields, c children, required ...string) {
	d.decodeGroup(kind, body, f, group{}, c, required...)
}

func (d *decoder) decodeGroup(kind string, body hcl.Body, f fields, g group, c children, required ...string) {
	schema := d.schemas[kind]
	if schema == nil {
		schema = schemaOf(append(sortedKeys(f), g.names...), c, required)
		d.schemas[kind] = schema
	}
	content, diags := body.Content(schema)
	if len(diags) > 0 {
		d.diags = append(d.diags, nearer(diags, append(sortedKeys(f), g.names...), sortedKeys(c))...)
	}
	if content == nil {
		return
	}
	for _, name := range sortedKeys(content.Attributes) {
		if read := f[name]; read != nil {
			read(content.Attributes[name])
		} else {
			g.read(content.Attributes[name])
		}
	}
	for _, b := range content.Blocks {
		c[b.Type].read(b)
	}
}

func schemaOf(arguments []string, c children, required []string) *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, name := range arguments {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name, Required: slices.Contains(required, name)})
	}
	for _, name := range sortedKeys(c) {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: c[name].labels})
	}
	return schema
}

// value evaluates an argument and converts it; ok is false where it is null or
// wrong.
func (d *decoder) value(attr *hcl.Attribute, want cty.Type) (cty.Value, bool) {
	v, ok := d.eval(attr.Expr, d.ctx)
	if ok {
		v, ok = d.bare(attr, v)
	}
	if !ok {
		return v, false
	}
	converted, err := funcs.Convert(v, want)
	if err != nil {
		d.wrong(attr.Expr.Range(), "Wrong type", "The argument %q wants %s: %s.", attr.Name, article(want), err)
		return v, false
	}
	return converted, !converted.IsNull()
}

// article names a type in a sentence.
func article(t cty.Type) string {
	name := t.FriendlyNameForConstraint()
	if strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
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
			d.wrong(attr.Expr.Range(), "Number out of range", "The argument %q wants %s.", attr.Name, rule)
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
			d.wrong(attr.Expr.Range(), "Bad duration", "The argument %q wants a length of time with its unit, such as \"90s\", \"5m\" or \"1h30m\".", attr.Name)
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
	parts, diags := hcl.ExprList(attr.Expr)
	if diags.HasErrors() {
		return d.computedList(attr)
	}
	out := make([]Line, 0, len(parts))
	for _, part := range parts {
		if v, ok := d.value(&hcl.Attribute{Name: attr.Name, Expr: part}, cty.String); ok {
			out = append(out, Line{v.AsString(), part.Range()})
		}
	}
	return out
}

func (d *decoder) computedList(attr *hcl.Attribute) []Line {
	v, ok := d.value(attr, cty.List(cty.String))
	if !ok {
		return nil
	}
	out := []Line{}
	for _, item := range v.AsValueSlice() {
		if !item.IsNull() {
			out = append(out, Line{item.AsString(), attr.Expr.Range()})
		}
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
				d.wrong(attr.Expr.Range(), "Bad environment variable", "%q is no name of an environment variable: use letters, digits and _, and do not begin with a digit.", name)
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
