package config

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func dirOf(name string) string { return path.Dir(name) }

// sensitive marks values that must never be shown.
const sensitive = mark("sensitive")

type mark string

// hclValue is a local value: known, on its way, or broken.
type hclValue struct {
	value cty.Value
	done  bool
}

// scope evaluates expressions: variables, locals, functions, and the templates
// that others may be based on.
type scope struct {
	*loader
	vars   cty.Value // an object
	locals map[string]*hcl.Attribute
	values map[string]hclValue // of the locals that are evaluated
	bases  map[string]cty.Value

	declared []mirrors.Declared
}

// context is what an expression in a file of that directory may refer to. Only
// the locals that it refers to are evaluated.
func (s *scope) context(dir string, exprs ...hcl.Expression) *hcl.EvalContext {
	needed := map[string]cty.Value{}
	for _, e := range exprs {
		s.need(e.Variables(), needed)
	}
	return &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": s.vars, "local": objectOf(needed), "template": objectOf(s.bases)},
		Functions: functions(dir, s.opts.Getenv),
	}
}

// contextFor is context for a whole body, whose expressions are not known yet.
func (s *scope) contextFor(dir string) *hcl.EvalContext {
	all := map[string]cty.Value{}
	for _, name := range sortedKeys(s.locals) {
		all[name] = s.local(name, nil)
	}
	ctx := s.context(dir)
	ctx.Variables["local"] = objectOf(all)
	return ctx
}

func objectOf(values map[string]cty.Value) cty.Value {
	if len(values) == 0 {
		return cty.EmptyObjectVal
	}
	return cty.ObjectVal(values)
}

func (s *scope) need(traversals []hcl.Traversal, into map[string]cty.Value) {
	for _, t := range traversals {
		if name, ok := member(t, "local"); ok {
			if _, known := s.locals[name]; known {
				into[name] = s.local(name, nil)
			}
		}
	}
}

// member is the name after root in a reference such as local.name.
func member(t hcl.Traversal, root string) (string, bool) {
	if t.RootName() != root || len(t) < 2 {
		return "", false
	}
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

// local evaluates a local value and those that it refers to; way is how we got
// here, so that a circle is noticed.
func (s *scope) local(name string, way []string) cty.Value {
	if v, ok := s.values[name]; ok {
		return v.value
	}
	attr := s.locals[name]
	if at := slices.Index(way, name); at >= 0 {
		circle := append(slices.Clone(way[at:]), name)
		s.diags = append(s.diags, problem(attr.NameRange, "Local values in a circle", "These refer to each other: local.%s.", strings.Join(circle, " -> local.")))
		for _, n := range circle {
			s.values[n] = hclValue{cty.DynamicVal, true}
		}
		return cty.DynamicVal
	}
	needed := map[string]cty.Value{}
	for _, t := range attr.Expr.Variables() {
		if other, ok := member(t, "local"); ok && s.locals[other] != nil {
			needed[other] = s.local(other, append(way, name))
		}
	}
	if v, ok := s.values[name]; ok { // part of a circle
		return v.value
	}
	ctx := s.context(s.host(dirOf(attr.Range.Filename)))
	ctx.Variables["local"] = objectOf(needed)
	value, diags := attr.Expr.Value(ctx)
	s.diags = append(s.diags, s.betterNames(diags, attr.Expr)...)
	if diags.HasErrors() {
		value = cty.DynamicVal
	}
	s.values[name] = hclValue{value, true}
	return value
}

// eval evaluates an expression. The value comes without marks; secret says
// whether it is made of a sensitive one.
func (s *scope) eval(expr hcl.Expression, ctx *hcl.EvalContext) (v cty.Value, secret, ok bool) {
	v, diags := expr.Value(ctx)
	s.diags = append(s.diags, s.betterNames(diags, expr)...)
	if diags.HasErrors() {
		return cty.DynamicVal, false, false
	}
	v, marks := v.UnmarkDeepWithPaths()
	for _, m := range marks {
		if _, ok := m.Marks[sensitive]; !ok {
			continue
		}
		secret = true
		if part, err := m.Path.Apply(v); err == nil {
			s.keepSecret(part)
		} else {
			s.keepSecret(v) // an element of a set has no path of its own
		}
	}
	return v, secret, v.IsWhollyKnown()
}

// keepSecret remembers every text in v as one that is never shown.
func (s *scope) keepSecret(v cty.Value) {
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) { // the function never fails
		if v.IsKnown() && !v.IsNull() && v.Type() == cty.String && v.AsString() != "" {
			s.secrets[v.AsString()] = true
		}
		return true, nil
	})
}

// betterNames adds what hcl's complaints about names leave out: a near name.
func (s *scope) betterNames(diags hcl.Diagnostics, expr hcl.Expression) hcl.Diagnostics {
	names := map[string][]string{"var": attributeNames(s.vars), "local": slices.Collect(maps.Keys(s.locals)), "template": slices.Collect(maps.Keys(s.bases))}
	for _, d := range diags {
		if d.Summary != "Unsupported attribute" {
			continue
		}
		for _, t := range expr.Variables() {
			name, ok := member(t, t.RootName())
			if !ok || d.Subject == nil || !overlaps(*d.Subject, t.SourceRange()) || slices.Contains(names[t.RootName()], name) {
				continue
			}
			d.Summary = "Unknown name"
			d.Detail = fmt.Sprintf("There is no %s.%s.%s", t.RootName(), name, suggest(name, names[t.RootName()]))
		}
	}
	return diags
}

func overlaps(a, b hcl.Range) bool { return a.Filename == b.Filename && a.Overlaps(b) }

func attributeNames(obj cty.Value) []string {
	return slices.Collect(maps.Keys(obj.Type().AttributeTypes()))
}

// suggest is a sentence that names what was perhaps meant, or nothing.
func suggest(given string, names []string) string {
	slices.Sort(names)
	best, distance := "", 3
	for _, name := range names {
		if d := levenshtein.Distance(given, name, nil); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

var quotedName = regexp.MustCompile(`"([^"]+)"`)

// nearer replaces the library's suggestion for an argument or a block that is
// not known, which is the first near name, by the nearest one.
func nearer(diags hcl.Diagnostics, arguments, blocks []string) hcl.Diagnostics {
	for _, d := range diags {
		var names []string
		switch d.Summary {
		case "Unsupported argument":
			names = arguments
		case "Unsupported block type":
			names = blocks
		}
		if m := quotedName.FindStringSubmatch(d.Detail); m != nil && strings.Contains(d.Detail, "not expected here.") && names != nil {
			what, _, _ := strings.Cut(d.Detail, "not expected here.")
			d.Detail = what + "not expected here." + suggest(m[1], names)
		}
	}
	return diags
}
