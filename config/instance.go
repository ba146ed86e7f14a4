package config

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// template is a template block: one instance, or those of its for_each.
type template struct {
	*block
	counted   bool // its instances are known
	broken    bool // and there are none, because something is wrong
	repeated  bool // it has for_each
	instances []instance
	ref       cty.Value // what a reference to it is
}

// instance is one template to be.
type instance struct {
	*template
	address string
	key     string    // "" without for_each
	each    cty.Value // NilVal without for_each
}

// templateRef is the type of template.NAME in an expression; it holds an address.
var templateRef = cty.Capsule("template", reflect.TypeFor[string]())

// declareTemplates notes all template blocks, so that each may be based on any
// other.
func (s *scope) declareTemplates() []*template {
	var all []*template
	for _, b := range s.root.of("template") {
		if !hclsyntax.ValidIdentifier(b.label) {
			s.wrong(b.labelAt, "Bad template label", "%q is no name that an expression could refer to: use letters, digits, - and _, and set name to what it is called on the endpoint.", b.label)
			continue
		}
		t := &template{block: b}
		s.templates[b.label], all = t, append(all, t)
	}
	return all
}

// simple reports whether a block has no for_each, without parsing it.
func (t *template) simple() bool {
	if t.piece == nil || len(t.overrides) > 0 {
		return false
	}
	_, repeated := t.piece.Arg("for_each")
	return !repeated
}

// count finds the instances of a template.
func (s *scope) count(t *template) {
	if t.counted {
		return
	}
	t.counted = true
	address := "template." + t.label
	t.instances = []instance{{template: t, address: address}}
	if t.simple() {
		return
	}
	body, ok := s.open(t.block)
	if !ok {
		t.broken, t.instances = true, nil
		return
	}
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "for_each"}}}) // read again as a whole
	attr := content.Attributes["for_each"]
	if attr == nil {
		return
	}
	t.repeated, t.instances = true, nil
	keys, ok := s.keys(attr, t.dir)
	t.broken = !ok
	for _, key := range sortedKeys(keys) {
		in := instance{template: t, address: fmt.Sprintf("%s[%q]", address, key), key: key}
		in.each = cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(key), "value": keys[key]})
		t.instances = append(t.instances, in)
	}
}

// reference is what template.LABEL means in an expression: a template, or an
// object of its instances.
func (s *scope) reference(label string) cty.Value {
	t := s.templates[label]
	if t.ref != cty.NilVal {
		return t.ref
	}
	if !s.begin("template."+label, t.at) {
		return cty.DynamicVal
	}
	defer s.end()
	s.count(t)
	switch {
	case t.broken:
		t.ref = cty.DynamicVal
	case !t.repeated:
		t.ref = cty.CapsuleVal(templateRef, &t.instances[0].address)
	default:
		all := map[string]cty.Value{}
		for i := range t.instances {
			all[t.instances[i].key] = cty.CapsuleVal(templateRef, &t.instances[i].address)
		}
		t.ref = objectOf(all)
	}
	return t.ref
}

// keys evaluates for_each: a map, or a set of strings.
func (s *scope) keys(attr *hcl.Attribute, dir string) (map[string]cty.Value, bool) {
	at := attr.Expr.Range()
	before := len(s.diags)
	v, ok := s.eval(attr.Expr, s.context(dir, attr.Expr))
	kind := v.Type()
	switch {
	case v.IsMarked():
		s.keepSecret(v)
		s.wrong(at, "Sensitive for_each", "The keys of for_each become names, which are shown, so they cannot be made of sensitive values.")
		return nil, false
	case !ok && !s.diags[before:].HasErrors():
		s.wrong(at, "Unknown for_each", "What for_each is made of is not known, because of another mistake. Without it the instances of the template cannot be counted.")
		return nil, false
	case !ok:
		return nil, false
	case v.IsNull() || !kind.IsMapType() && !kind.IsObjectType() && !kind.IsSetType():
		s.wrong(at, "Wrong type", "for_each wants a map, or a set of strings such as toset([\"a\", \"b\"]); this is %s.", friendly(v))
		return nil, false
	case !s.bounded(v, at):
		return nil, false
	case v.LengthInt() > maxEach:
		s.wrong(at, "Too large or too deep", "for_each would make %d templates; %d is the limit.", v.LengthInt(), maxEach)
		return nil, false
	}
	s.large = s.large || size(v, muchSize) > muchSize
	if !kind.IsSetType() {
		return v.AsValueMap(), true
	}
	return s.members(v, at)
}

// friendly names what a value is; authors know no tuples.
func friendly(v cty.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type().IsTupleType():
		return "a list"
	}
	return article(v.Type())
}

func (s *scope) members(set cty.Value, at hcl.Range) (map[string]cty.Value, bool) {
	out := map[string]cty.Value{}
	for _, item := range set.AsValueSlice() {
		text, err := convert.Convert(item, cty.String)
		if err != nil || text.IsNull() {
			s.wrong(at, "Wrong type", "for_each wants a set of strings.")
			return nil, false
		}
		out[text.AsString()] = text
	}
	return out, true
}

var literal = regexp.MustCompile(`^\s*"([a-z0-9-_/]*)"\s*(?:#.*|//.*|\}.*)?$`)

// quickName is what an instance will be called, found without reading its
// block; "" where that takes more.
func (t *template) quickName() string {
	if !t.simple() {
		return ""
	}
	rest, named := t.piece.Arg("name")
	if !named {
		return deriveName(t.label, "")
	}
	if m := literal.FindStringSubmatch(strings.TrimRight(rest, "\r")); m != nil {
		return m[1]
	}
	return ""
}

// evaluatedName is the name of an instance whose block is open.
func (s *scope) evaluatedName(in instance) string {
	body, ok := s.open(in.block)
	if !ok {
		return ""
	}
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "name"}}}) // read again as a whole
	attr := content.Attributes["name"]
	if attr == nil {
		return deriveName(in.label, in.key)
	}
	v, diags := attr.Expr.Value(s.eachContext(in))
	if v, _ = v.UnmarkDeep(); diags.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// eachContext is what an instance's expressions may refer to.
func (s *scope) eachContext(in instance) *hcl.EvalContext {
	ctx := s.wholeContext(in.dir)
	if in.each == cty.NilVal {
		return ctx
	}
	child := ctx.NewChild()
	child.Variables = map[string]cty.Value{"each": in.each}
	return child
}

// picks reports whether the globs of the command line, if any, pick a template
// of these names.
func (l *loader) picks(names ...string) bool {
	for _, glob := range l.opts.Templates {
		for _, name := range names {
			if ok, _ := path.Match(glob, name); name != "" && (ok || glob == name) {
				return true
			}
		}
	}
	return len(l.opts.Templates) == 0
}
