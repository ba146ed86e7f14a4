package config

import (
	"fmt"

	"github.com/e2bt/e2bt/config/funcs"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"
)

// variable is a declaration and, in the end, its value.
type variable struct {
	name        string
	at          hcl.Range
	kind        cty.Type
	typed       bool // type was said
	defaults    *typeexpr.Defaults
	value       cty.Value // NilVal: none yet
	valueAt     hcl.Range // where it was set; the declaration for what came from outside
	origin      Origin
	description string
	sensitive   bool
	notNull     bool
	fallback    cty.Value // the default, where there is one
	validations []*hcl.Block
	dir         string
}

var variableSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "type"}, {Name: "default"}, {Name: "description"}, {Name: "sensitive"}, {Name: "nullable"}},
	Blocks:     []hcl.BlockHeaderSchema{{Type: "validation"}},
}

var variableNames = []string{"default", "description", "nullable", "sensitive", "type"}

// readVariables decodes the declarations and finds the values.
func (s *scope) readVariables(blocks []*block) {
	s.variables = map[string]*variable{}
	for _, b := range blocks {
		s.variables[b.label] = s.declare(b)
	}
	s.assign(s.variables)
	values := map[string]cty.Value{}
	for name, v := range s.variables {
		values[name] = s.settle(v)
		s.large = s.large || size(v.value, muchSize) > muchSize
		s.weigh("var."+name, v.value)
	}
	s.vars = objectOf(values)
}

// declare reads a variable block.
func (l *loader) declare(b *block) *variable {
	v := &variable{name: b.label, at: b.at, kind: cty.DynamicPseudoType, dir: b.dir}
	if !hclsyntax.ValidIdentifier(v.name) {
		l.wrong(b.labelAt, "Bad variable name", "%q is no name that an expression could refer to: use letters, digits, - and _.", v.name)
	}
	body, _ := l.open(b)
	content, diags := body.Content(variableSchema)
	l.diags = append(l.diags, nearer(diags, variableNames, []string{"validation"})...)
	nullable := true
	for _, constant := range []struct {
		name string
		read func(*hcl.Attribute) hcl.Diagnostics
	}{
		{"type", v.readType},
		{"sensitive", func(a *hcl.Attribute) hcl.Diagnostics { return decodeConstant(a, &v.sensitive) }},
		{"nullable", func(a *hcl.Attribute) hcl.Diagnostics { return decodeConstant(a, &nullable) }},
		{"description", func(a *hcl.Attribute) hcl.Diagnostics { return decodeConstant(a, &v.description) }},
	} {
		if attr := content.Attributes[constant.name]; attr != nil {
			l.diags = append(l.diags, constant.read(attr)...)
		}
	}
	v.notNull, v.validations = !nullable, content.Blocks
	if attr := content.Attributes["default"]; attr != nil {
		value, diags := l.constant(attr.Expr)
		l.diags = append(l.diags, diags...)
		if v.notNull && !diags.HasErrors() && value.IsNull() {
			l.wrong(attr.Expr.Range(), "Wrong type", "The variable %q may not be null, as nullable = false says.", v.name)
		}
		l.set(v, value, attr.Expr.Range(), Origin{Kind: "default"})
		v.fallback = v.value
	}
	return v
}

func (v *variable) readType(attr *hcl.Attribute) hcl.Diagnostics {
	kind, defaults, diags := typeexpr.TypeConstraintWithDefaults(attr.Expr)
	if !diags.HasErrors() {
		v.kind, v.defaults, v.typed = kind, defaults, true
	}
	return diags
}

// set gives a variable a value; a later one wins.
func (l *loader) set(v *variable, value cty.Value, at hcl.Range, from Origin) {
	if v.sensitive {
		l.keepSecret(value) // before any message
	}
	v.valueAt, v.origin = at, from
	if value.IsNull() && v.notNull && v.fallback != cty.NilVal {
		v.value, v.origin = v.fallback, Origin{Kind: "default"}
		return
	}
	if v.defaults != nil && !value.IsNull() && value.IsKnown() {
		value = v.defaults.Apply(value)
	}
	converted, err := funcs.Convert(value, v.kind)
	if err != nil {
		l.wrong(at, "Wrong type", "The variable %q wants %s: %s.", v.name, article(v.kind), err)
		converted = cty.UnknownVal(v.kind.WithoutOptionalAttributesDeep())
	}
	v.value = converted
}

// settle reports what is wrong with the final value and returns it, marked
// where it is sensitive.
func (l *loader) settle(v *variable) cty.Value {
	switch {
	case v.value == cty.NilVal:
		l.wrong(v.at, "No value for variable",
			"The variable %q has no default and was not set. Set it with --var %s=VALUE, E2BT_VAR_%s, or a line %s = ... in a file *.auto.e2btvars.", v.name, v.name, v.name, v.name)
		v.value = cty.DynamicVal
		return v.value
	case v.notNull && v.value.IsNull():
		l.wrong(v.valueAt, "Wrong type", "The variable %q may not be null, as nullable = false says.", v.name)
		return cty.DynamicVal
	case !v.sensitive:
		return v.value
	}
	l.keepSecret(v.value)
	if v.value.Type() == cty.String && v.value.IsKnown() && !v.value.IsNull() && len(v.value.AsString()) < 4 && v.value.AsString() != "" {
		d := problem(v.valueAt, "Sensitive value too short to hide", "The variable %q holds fewer than four characters, which e2bt does not replace in what it prints: they could stand anywhere.", v.name)
		d.Severity = hcl.DiagWarning
		l.diags = append(l.diags, d)
	}
	return v.value.Mark(sensitive)
}

var validationSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "condition", Required: true}, {Name: "error_message", Required: true}}}

// validateVariables applies all validation blocks. They may refer to whatever
// an expression elsewhere may.
func (s *scope) validateVariables() {
	for _, name := range sortedKeys(s.variables) {
		v := s.variables[name]
		for _, b := range v.validations {
			if v.value.IsKnown() {
				s.validate(v, b)
			}
		}
	}
}

func (s *scope) validate(v *variable, b *hcl.Block) {
	content, diags := b.Body.Content(validationSchema)
	s.diags = append(s.diags, nearer(diags, []string{"condition", "error_message"}, nil)...)
	if diags.HasErrors() {
		return
	}
	condition, message := content.Attributes["condition"].Expr, content.Attributes["error_message"].Expr
	holds, ok := s.eval(condition, s.context(v.dir, condition))
	text, said := s.eval(message, s.context(v.dir, message))
	if !ok || !said {
		return
	}
	holds, _ = holds.Unmark()
	holds, err := convert.Convert(holds, cty.Bool)
	if err != nil || holds.IsNull() {
		s.wrong(condition.Range(), "Wrong type", "A condition is true or false.")
		return
	}
	if holds.True() {
		return
	}
	why := "The error message is made of a sensitive value, so it is not shown."
	if !text.ContainsMarked() {
		if text, err = convert.Convert(text, cty.String); err != nil || text.IsNull() {
			s.wrong(message.Range(), "Wrong type", "An error message is a text.")
			return
		}
		why = text.AsString()
	}
	s.wrong(v.valueAt, "Invalid value for variable", "%s\n\nThis was checked by the validation rule at %s.", why, b.DefRange)
}

// listVariables is what became of all variables.
func (s *scope) listVariables() []Variable {
	out := []Variable{}
	for _, name := range sortedKeys(s.variables) {
		v := s.variables[name]
		out = append(out, Variable{
			Name: name, Type: v.kind.FriendlyNameForConstraint(), Description: v.description, Sensitive: v.sensitive,
			Value: v.value, Origin: v.origin, Range: v.at, ValueRange: v.valueAt,
		})
	}
	return out
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
