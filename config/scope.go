package config

import (
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config/funcs"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxChain is how many local values may refer to one another in a row.
const maxChain = 1000

// scope evaluates expressions: variables, locals, functions, and the templates
// that others may be based on.
type scope struct {
	*loader
	root       *roots
	variables  map[string]*variable
	vars       cty.Value // all of them
	locals     map[string]cty.Value
	contexts   map[string]*hcl.EvalContext // by directory
	templates  map[string]*template
	selected   func(name, label, address string) bool // nil: all
	evaluating []string                               // what refers to what, to notice a circle
	broken     map[string]bool                        // members of a circle
	declared   []mirrors.Declared                     // the profiles of mirror blocks
	large      bool                                   // some value is so large that copies of it count
}

func newScope(l *loader, r *roots) *scope {
	return &scope{
		loader: l, root: r, vars: cty.EmptyObjectVal, locals: map[string]cty.Value{},
		contexts: map[string]*hcl.EvalContext{}, templates: map[string]*template{}, broken: map[string]bool{},
	}
}

// base is what every expression in a file of that directory may refer to but
// for locals and templates.
func (s *scope) base(dir string) *hcl.EvalContext {
	if ctx := s.contexts[dir]; ctx != nil {
		return ctx
	}
	table := funcs.Table(funcs.Env{Dir: dir, Getenv: s.opts.Getenv, Now: s.opts.Now})
	table[loopCounter] = s.loopCounter()
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"var": s.vars}, Functions: table}
	s.contexts[dir] = ctx
	return ctx
}

// context is for one expression in a file of that directory: with the locals
// and templates that it refers to, and no others.
func (s *scope) context(dir string, expr hcl.Expression) *hcl.EvalContext {
	locals, templates := map[string]cty.Value{}, map[string]cty.Value{}
	for _, t := range expr.Variables() {
		if name, ok := member(t, "local"); ok && s.root.locals[name] != nil {
			locals[name] = s.local(name)
		}
		if name, ok := member(t, "template"); ok && s.templates[name] != nil {
			templates[name] = s.reference(name)
		}
	}
	ctx := s.base(dir).NewChild()
	ctx.Variables = map[string]cty.Value{"local": objectOf(locals), "template": objectOf(templates)}
	return ctx
}

// everyLocal evaluates all locals, so that a mistake is found in one that
// nothing refers to.
func (s *scope) everyLocal() {
	for _, name := range sortedKeys(s.root.locals) {
		s.local(name)
	}
}

// whole is for a body with any number of expressions.
func (s *scope) wholeContext(dir string) *hcl.EvalContext {
	ctx := s.base(dir)
	if _, done := ctx.Variables["local"]; !done {
		all := map[string]cty.Value{}
		for _, name := range sortedKeys(s.root.locals) {
			all[name] = s.local(name)
		}
		ctx.Variables["local"], ctx.Variables["template"] = objectOf(all), cty.EmptyObjectVal
	}
	return ctx
}

func objectOf(values map[string]cty.Value) cty.Value {
	if len(values) == 0 {
		return cty.EmptyObjectVal
	}
	return cty.ObjectVal(values)
}

// member is the name after root in a reference such as local.name.
func member(t hcl.Traversal, root string) (string, bool) {
	if t.IsRelative() || t.RootName() != root || len(t) < 2 {
		return "", false
	}
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if key := step.Key; key.Type() == cty.String && key.IsKnown() && !key.IsNull() {
			return key.AsString(), true
		}
	}
	return "", false
}

// local evaluates a local value, after those that it refers to.
func (s *scope) local(name string) cty.Value {
	if v, ok := s.locals[name]; ok {
		return v
	}
	attr := s.root.locals[name]
	if !s.begin("local."+name, attr.NameRange) {
		return cty.DynamicVal
	}
	defer s.end()
	ctx := s.context(s.host(dirOf(attr.Range.Filename)), attr.Expr)
	v, ok := s.eval(attr.Expr, ctx)
	if !ok || !s.bounded(v, attr.Expr.Range()) || s.broken["local."+name] {
		v = cty.DynamicVal
	}
	s.locals[name] = v
	s.large = s.large || size(v, muchSize) > muchSize
	s.weigh("local."+name, v)
	return v
}

// begin notes that something is being evaluated. It reports false where that
// is so already: things in a circle have no value.
func (s *scope) begin(name string, at hcl.Range) bool {
	if i := slices.Index(s.evaluating, name); i >= 0 {
		circle := append(slices.Clone(s.evaluating[i:]), name)
		for _, n := range circle {
			s.broken[n] = true
		}
		s.wrong(at, "Values in a circle", "These refer to each other: %s.", strings.Join(circle, " -> "))
		return false
	}
	if len(s.evaluating) >= maxChain {
		s.wrong(at, "Too large or too deep", "Values refer to each other in a chain of more than %d.", maxChain)
		return false
	}
	s.evaluating = append(s.evaluating, name)
	return true
}

func (s *scope) end() { s.evaluating = s.evaluating[:len(s.evaluating)-1] }

// eval evaluates an expression; the value keeps its marks. It reports false
// where something is wrong, which was said, or not known because of it.
func (s *scope) eval(expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	s.work = 0
	if len(s.weights) > 0 && !s.light(expr) {
		return cty.DynamicVal, false
	}
	v, diags := expr.Value(ctx)
	if len(diags) > 0 {
		s.diags = append(s.diags, s.betterNames(once(diags), expr)...) // a loop repeats them
		if diags.HasErrors() {
			return cty.DynamicVal, false
		}
	}
	if (s.large || s.work > 0) && !s.bounded(v, expr.Range()) {
		return cty.DynamicVal, false
	}
	if v.IsWhollyKnown() {
		return v, true
	}
	if !s.diags.HasErrors() { // else it is not known because of that
		s.wrong(expr.Range(), "Unknown value", "The value of this expression is not known. Give null a type where it is meant, such as tostring(null).")
	}
	return v, false
}

// constant evaluates an expression that may refer to nothing.
func (l *loader) constant(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	l.work = 0
	ctx := &hcl.EvalContext{Functions: map[string]function.Function{loopCounter: l.loopCounter()}}
	v, diags := expr.Value(ctx)
	for _, d := range diags {
		if d.Summary == "Call to unknown function" {
			d.Summary, d.Detail = "Function calls not allowed", "Functions may not be called here."
		}
	}
	if !diags.HasErrors() && !l.bounded(v, expr.Range()) {
		return cty.DynamicVal, hcl.Diagnostics{}
	}
	return v, diags
}
