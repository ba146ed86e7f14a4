package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// instance is one template to be: a block, and its key under for_each.
type instance struct {
	block
	address string
	key     string // "" without for_each
	each    cty.Value
}

// templates reads all template blocks. The instances are found first, so that
// each may be based on any other.
func (s *scope) templates(blocks []block) []*Template {
	var instances []instance
	s.bases = map[string]cty.Value{}
	first := map[string]hcl.Range{}
	for _, b := range blocks {
		label := b.Labels[0]
		if at, ok := first[label]; ok {
			s.diags = append(s.diags, twice(fmt.Sprintf("The template %q", label), at, b.DefRange))
			continue
		}
		first[label] = b.DefRange
		if !hclsyntax.ValidIdentifier(label) {
			s.diags = append(s.diags, problem(b.LabelRanges[0], "Bad template label", "%q is no name that an expression could refer to: use letters, digits, - and _, and set name to what it is called on the endpoint.", label))
			continue
		}
		found, base := s.instances(b)
		instances, s.bases[label] = append(instances, found...), base
	}
	var all []*Template
	for _, in := range instances {
		all = append(all, s.template(in))
	}
	s.uniqueNames(all)
	s.cycles(all)
	return all
}

// instances finds what for_each makes of a block, and what a reference to it
// is: an object with its address, or a map of them.
func (s *scope) instances(b block) ([]instance, cty.Value) {
	address := "template." + b.Labels[0]
	content, rest, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "for_each"}}})
	b.Block = &hcl.Block{Type: b.Type, Labels: b.Labels, Body: rest, DefRange: b.DefRange, TypeRange: b.TypeRange, LabelRanges: b.LabelRanges}
	attr := content.Attributes["for_each"]
	if attr == nil {
		return []instance{{block: b, address: address}}, baseOf(address)
	}
	keys := s.keys(attr, b.dir)
	var found []instance
	bases := map[string]cty.Value{}
	for _, key := range sortedKeys(keys) {
		in := instance{block: b, address: fmt.Sprintf("%s[%q]", address, key), key: key}
		in.each = cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(key), "value": keys[key]})
		found, bases[key] = append(found, in), baseOf(in.address)
	}
	return found, objectOf(bases)
}

func baseOf(address string) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"address": cty.StringVal(address)})
}

// keys evaluates for_each: a map, or a set of strings.
func (s *scope) keys(attr *hcl.Attribute, dir string) map[string]cty.Value {
	v, secret, ok := s.eval(attr.Expr, s.context(dir, attr.Expr))
	kind := v.Type()
	switch {
	case !ok:
		return nil
	case secret:
		s.diags = append(s.diags, problem(attr.Expr.Range(), "Sensitive for_each", "The keys of for_each become names, so it cannot be made of sensitive values."))
		return nil
	case v.IsNull() || !kind.IsMapType() && !kind.IsObjectType() && !kind.IsSetType():
		s.diags = append(s.diags, problem(attr.Expr.Range(), "Wrong type", "for_each wants a map, or a set of strings such as toset([\"a\", \"b\"])."))
		return nil
	}
	if !kind.IsSetType() {
		return v.AsValueMap()
	}
	out := map[string]cty.Value{}
	for _, item := range v.AsValueSlice() {
		text, err := convert.Convert(item, cty.String)
		if err != nil || text.IsNull() {
			s.diags = append(s.diags, problem(attr.Expr.Range(), "Wrong type", "for_each wants a set of strings."))
			return nil
		}
		out[text.AsString()] = text
	}
	return out
}

// template reads one instance.
func (s *scope) template(in instance) *Template {
	ctx := s.contextFor(in.dir)
	if in.each != cty.NilVal {
		ctx.Variables["each"] = in.each
	}
	d := &decoder{scope: s, ctx: ctx, dir: in.dir}
	t := &Template{Address: in.address, Label: in.Labels[0], Dir: in.dir, Range: in.DefRange}
	var explicit *hcl.Attribute
	p := pins{}
	step := &decoder{scope: s, ctx: ctx, dir: in.dir, inStep: true}
	d.decode(dynblock.Expand(in.Body, ctx), fields{
		"name": func(attr *hcl.Attribute) {
			explicit = attr
			d.text(&t.Name)(attr)
		},
		"description":   d.text(&t.Description),
		"tags":          d.tags(&t.Tags),
		"cpu_count":     d.count(&t.CPUCount, 1, 32, func(n int) bool { return n == 1 || n%2 == 0 }, "1 or an even number up to 32"),
		"memory_mb":     d.count(&t.MemoryMB, 128, 1<<20, func(n int) bool { return n%2 == 0 }, "an even number of MiB, 128 or more"),
		"timeout":       d.duration(&t.Timeout),
		"stall_timeout": d.duration(&t.StallTimeout),
		"mirror":        d.mirror(&t.Mirror),
		"env":           step.environment(&t.Env),
		"user":          step.user(&t.User),
		"workdir":       step.text(&t.Workdir),
	}, children{
		"base":    {nil, func(b *hcl.Block) { once(d, b, t.Base.Range, func() { t.Base = d.base(b) }) }},
		"pins":    {nil, func(b *hcl.Block) { d.pins(b, p) }},
		"batch":   {[]string{"name"}, func(b *hcl.Block) { t.Steps = append(t.Steps, Step{Batch: step.batch(b)}) }},
		"copy":    {nil, func(b *hcl.Block) { t.Steps = append(t.Steps, Step{Copy: step.copy(b)}) }},
		"set":     {nil, func(b *hcl.Block) { t.Steps = append(t.Steps, Step{Set: step.set(b)}) }},
		"cleanup": {nil, func(b *hcl.Block) { once(d, b, rangeOf(t.Cleanup), func() { t.Cleanup = step.cleanup(b) }) }},
		"start":   {nil, func(b *hcl.Block) { once(d, b, startRange(t.Start), func() { t.Start = step.start(b) }) }},
		"check":   {[]string{"name"}, func(b *hcl.Block) { t.Checks = append(t.Checks, d.check(b)) }},
	})
	s.name(t, in, explicit)
	s.apply(p, t)
	s.distinctBatches(t)
	return t
}

func rangeOf(c *Cleanup) hcl.Range {
	if c == nil {
		return hcl.Range{}
	}
	return c.Range
}

func startRange(s *Start) hcl.Range {
	if s == nil {
		return hcl.Range{}
	}
	return s.Range
}

// once reads a block that a template may have one of.
func once(d *decoder, b *hcl.Block, before hcl.Range, read func()) {
	if before.Filename != "" {
		d.diags = append(d.diags, twice("The block "+b.Type, before, b.DefRange))
		return
	}
	read()
}

var (
	nameForm = regexp.MustCompile(`^([a-z0-9-_]+/)?[a-z0-9-_]+$`)
	tagForm  = regexp.MustCompile(`^[a-z0-9-_.]+$`)
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	userForm = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)
	refused  = regexp.MustCompile(`[^a-z0-9-_]`)
)

// name settles what a template is called on the endpoint.
func (s *scope) name(t *Template, in instance, explicit *hcl.Attribute) {
	if explicit == nil {
		label := in.Labels[0]
		if in.key != "" {
			label += "-" + in.key
		}
		t.Name = refused.ReplaceAllString(strings.ToLower(label), "-")
	}
	if len(t.Name) > 128 || !nameForm.MatchString(t.Name) {
		at := in.DefRange
		if explicit != nil {
			at = explicit.Expr.Range()
		}
		s.diags = append(s.diags, problem(at, "Bad template name", "E2B takes lower-case letters, digits, - and _, at most 128 of them; %q is not such a name.", t.Name))
	}
}

// tags reads the tags that a promoted build gets.
func (d *decoder) tags(dst *[]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		for _, line := range d.list(attr) {
			tag := strings.ToLower(strings.TrimSpace(line.Text))
			switch {
			case !tagForm.MatchString(tag) || uuidForm.MatchString(tag):
				d.diags = append(d.diags, problem(line.Range, "Bad tag", "E2B takes lower-case letters, digits, -, _ and a dot, and no ids of builds; %q is not such a tag.", line.Text))
			case strings.HasPrefix(tag, "fp-") || strings.HasPrefix(tag, "run-"):
				d.diags = append(d.diags, problem(line.Range, "Bad tag", "Tags that begin with fp- or run- are e2bt's own. Choose another one than %q.", line.Text))
			default:
				*dst = append(*dst, tag)
			}
		}
	}
}

// user reads the name of a Linux user.
func (d *decoder) user(dst *string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.text(dst)(attr)
		if *dst != "" && !userForm.MatchString(*dst) {
			d.diags = append(d.diags, problem(attr.Expr.Range(), "Bad user name", "%q is no name of a Linux user: use lower-case letters, digits, - and _. A group cannot be said here.", *dst))
		}
	}
}

// distinctBatches wants every batch of a template to have a name of its own.
func (s *scope) distinctBatches(t *Template) {
	seen := map[string]hcl.Range{"cleanup": t.Range}
	for _, step := range t.Steps {
		b := step.Batch
		if b == nil {
			continue
		}
		if at, ok := seen[b.Name]; ok {
			if b.Name == "cleanup" {
				s.diags = append(s.diags, problem(b.Header, "Bad batch name", "A batch cannot be called \"cleanup\", as the cleanup block's step is."))
				continue
			}
			s.diags = append(s.diags, twice(fmt.Sprintf("The batch %q of %s", b.Name, t.Address), at, b.Header))
		}
		seen[b.Name] = b.Header
	}
}

// uniqueNames wants every template to have a name of its own on the endpoint.
func (s *scope) uniqueNames(all []*Template) {
	first := map[string]*Template{}
	for _, t := range all {
		if before := first[t.Name]; before != nil {
			s.diags = append(s.diags, problem(t.Range, "Two templates of one name", "%s and %s would both be called %q on the endpoint. Give one of them another name.", before.Address, t.Address, t.Name))
			continue
		}
		first[t.Name] = t
	}
}

// cycles reports templates that are based on themselves by way of others.
func (s *scope) cycles(all []*Template) {
	byAddress := map[string]*Template{}
	for _, t := range all {
		byAddress[t.Address] = t
	}
	reported := map[string]bool{}
	for _, t := range all {
		way := []string{t.Address}
		seen := map[string]bool{t.Address: true}
		for at := byAddress[t.Base.Template]; at != nil; at = byAddress[at.Base.Template] {
			way = append(way, at.Address)
			if at == t && !reported[t.Address] {
				s.diags = append(s.diags, problem(t.Base.Range, "Templates in a circle", "These are based on each other: %s.", strings.Join(way, " -> ")))
				for _, a := range way {
					reported[a] = true
				}
			}
			if seen[at.Address] {
				break
			}
			seen[at.Address] = true
		}
	}
}
