package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable is a declaration and, in the end, its value.
type variable struct {
	name        string
	at          hcl.Range
	kind        cty.Type
	defaults    *typeexpr.Defaults
	hasDefault  bool
	value       cty.Value
	valueAt     hcl.Range // where it was set; the declaration for what came from outside
	sensitive   bool
	validations []*hcl.Block
	dir         string
}

var variableSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "type"}, {Name: "default"}, {Name: "description"}, {Name: "sensitive"}},
	Blocks:     []hcl.BlockHeaderSchema{{Type: "validation"}},
}

// variables decodes the declarations, finds the values and returns them as one
// object.
func (r *roots) variables(l *loader) cty.Value {
	decls := map[string]*variable{}
	for _, b := range r.variableDecls {
		v := l.declare(b)
		if before, ok := decls[v.name]; ok {
			l.diags = append(l.diags, twice(fmt.Sprintf("The variable %q", v.name), before.at, v.at))
			continue
		}
		decls[v.name] = v
	}
	l.assign(decls)
	values := map[string]cty.Value{}
	for name, v := range decls {
		values[name] = l.settle(v)
	}
	return objectOf(values)
}

func (l *loader) declare(b block) *variable {
	v := &variable{name: b.Labels[0], at: b.DefRange, kind: cty.DynamicPseudoType, dir: b.dir}
	if !hclsyntax.ValidIdentifier(v.name) {
		l.diags = append(l.diags, problem(b.LabelRanges[0], "Bad variable name", "%q is no name that an expression could refer to: use letters, digits, - and _.", v.name))
	}
	content, diags := b.Body.Content(variableSchema)
	l.diags = append(l.diags, diags...)
	if attr := content.Attributes["type"]; attr != nil {
		kind, defaults, diags := typeexpr.TypeConstraintWithDefaults(attr.Expr)
		l.diags = append(l.diags, diags...)
		if !diags.HasErrors() {
			v.kind, v.defaults = kind, defaults
		}
	}
	if attr := content.Attributes["sensitive"]; attr != nil {
		l.diags = append(l.diags, decodeConstant(attr, &v.sensitive)...)
	}
	if attr := content.Attributes["description"]; attr != nil {
		var text string
		l.diags = append(l.diags, decodeConstant(attr, &text)...)
	}
	if attr := content.Attributes["default"]; attr != nil {
		value, diags := attr.Expr.Value(nil)
		l.diags = append(l.diags, diags...)
		v.hasDefault = true
		l.set(v, value, attr.Expr.Range())
	}
	v.validations = content.Blocks
	return v
}

// set gives a variable a value; a later one wins.
func (l *loader) set(v *variable, value cty.Value, at hcl.Range) {
	if v.defaults != nil && !value.IsNull() && value.IsKnown() {
		value = v.defaults.Apply(value)
	}
	converted, err := convert.Convert(value, v.kind)
	if err != nil {
		l.diags = append(l.diags, problem(at, "Wrong type", "The variable %q wants a %s: %s.", v.name, v.kind.FriendlyNameForConstraint(), err))
		converted = cty.UnknownVal(v.kind)
	}
	v.value, v.valueAt = converted, at
}

// settle reports what is wrong with the final value and returns it, marked
// where it is sensitive.
func (l *loader) settle(v *variable) cty.Value {
	if v.value == cty.NilVal {
		l.diags = append(l.diags, problem(v.at, "No value for variable",
			"The variable %q has no default and was not set. Set it with --var %s=VALUE, E2BT_VAR_%s, or a line %s = ... in a file *.auto.e2btvars.", v.name, v.name, v.name, v.name))
		return cty.DynamicVal
	}
	value := v.value
	if v.sensitive {
		s := scope{loader: l}
		s.keepSecret(value)
		value = value.Mark(sensitive)
	}
	for _, b := range v.validations {
		l.validate(v, b, value)
	}
	return value
}

var validationSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "condition", Required: true}, {Name: "error_message", Required: true}}}

func (l *loader) validate(v *variable, b *hcl.Block, value cty.Value) {
	content, diags := b.Body.Content(validationSchema)
	l.diags = append(l.diags, diags...)
	if diags.HasErrors() || !value.IsKnown() {
		return
	}
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{v.name: value})}, Functions: functions(v.dir, l.opts.Getenv),
	}
	s := scope{loader: l, vars: ctx.Variables["var"]}
	condition, _, ok := s.eval(content.Attributes["condition"].Expr, ctx)
	message, _, said := s.eval(content.Attributes["error_message"].Expr, ctx)
	if !ok || !said {
		return
	}
	holds, err := convert.Convert(condition, cty.Bool)
	if err != nil || holds.IsNull() {
		l.diags = append(l.diags, problem(content.Attributes["condition"].Expr.Range(), "Wrong type", "A condition is true or false."))
		return
	}
	if text, err := convert.Convert(message, cty.String); err == nil && !text.IsNull() && holds.False() {
		l.diags = append(l.diags, problem(v.valueAt, "Invalid value for variable", "%s\n\nThis was checked by the validation rule at %s.", text.AsString(), b.DefRange))
	}
}

// assign sets the variables from all sources, weakest first.
func (l *loader) assign(decls map[string]*variable) {
	for _, e := range l.opts.Environ {
		name, text, _ := strings.Cut(e, "=")
		if name, ok := strings.CutPrefix(name, "E2BT_VAR_"); ok && decls[name] != nil {
			l.fromText(decls[name], text, "E2BT_VAR_"+name)
		}
	}
	for _, file := range l.autoFiles() {
		l.varFile(decls, file)
	}
	for _, file := range l.opts.VarFiles {
		l.varFile(decls, file)
	}
	for _, name := range sortedKeys(l.opts.Vars) {
		if decls[name] == nil {
			l.diags = append(l.diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Undeclared variable",
				Detail: fmt.Sprintf("--var %s: no file declares a variable of that name.%s", name, suggest(name, sortedKeys(decls))),
			})
			continue
		}
		l.fromText(decls[name], l.opts.Vars[name], "--var "+name)
	}
}

// fromText sets a variable to a text from outside: as it is where a text is
// wanted, else read as an expression.
func (l *loader) fromText(v *variable, text, from string) {
	if v.kind == cty.String || v.kind == cty.DynamicPseudoType {
		l.set(v, cty.StringVal(text), v.at)
		return
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "<"+from+">", hcl.InitialPos)
	if !diags.HasErrors() {
		var value cty.Value
		if value, diags = expr.Value(nil); !diags.HasErrors() {
			l.set(v, value, v.at)
			return
		}
	}
	l.diags = append(l.diags, problem(v.at, "Wrong type", "%s sets the variable %q, which wants a %s; what it holds is no expression of that kind.", from, v.name, v.kind.FriendlyNameForConstraint()))
	v.value = cty.UnknownVal(v.kind)
}

// autoFiles lists *.auto.e2btvars beside the configuration.
func (l *loader) autoFiles() []string {
	dirs := map[string]bool{}
	for _, src := range l.sources {
		dirs[dirOf(src.name)] = true
	}
	var files []string
	for _, dir := range sortedKeys(dirs) {
		entries, err := os.ReadDir(l.host(dir))
		if err != nil {
			continue // its files were read: what is wrong was said
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".auto.e2btvars") || strings.HasSuffix(e.Name(), ".auto.e2btvars.json") {
				files = append(files, filepath.ToSlash(filepath.Join(dir, e.Name())))
			}
		}
	}
	return files
}

func (l *loader) varFile(decls map[string]*variable, name string) {
	before := len(l.diags)
	file := l.parse(filepath.ToSlash(name))
	if file == nil || l.diags[before:].HasErrors() {
		return
	}
	attrs, diags := file.Body.JustAttributes()
	l.diags = append(l.diags, diags...)
	for _, key := range sortedKeys(attrs) {
		attr := attrs[key]
		if decls[key] == nil {
			d := problem(attr.NameRange, "Undeclared variable", "No file declares a variable %q.%s", key, suggest(key, sortedKeys(decls)))
			d.Severity = hcl.DiagWarning
			l.diags = append(l.diags, d)
			continue
		}
		value, diags := attr.Expr.Value(nil)
		l.diags = append(l.diags, diags...)
		if !diags.HasErrors() {
			l.set(decls[key], value, attr.Expr.Range())
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
