package config

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"
)

// readTemplates reads the template blocks that are wanted: all of them, or those
// that the command line picks with what they are based on.
func (s *scope) readTemplates(declared []*template) []*Template {
	r := &reading{scope: s, done: map[string]*Template{}}
	for _, t := range declared {
		r.block(t)
	}
	if len(r.all) == 0 && len(s.opts.Templates) > 0 { // the message about that names what there is
		s.opts.Templates = nil
		for _, t := range declared {
			r.block(t)
		}
	}
	for i := 0; i < len(r.all); i++ { // it grows
		r.base(r.all[i])
	}
	s.uniqueNames(r.all, declared)
	s.cycles(r.all)
	return r.all
}

// reading collects templates.
type reading struct {
	*scope
	all  []*Template
	done map[string]*Template // by address
}

// block reads the wanted instances of a block, then forgets its text.
func (r *reading) block(t *template) {
	quick := t.quickName()
	if quick != "" && !r.picks(quick, t.label, "template."+t.label) {
		return
	}
	r.count(t)
	for _, in := range t.instances {
		if quick != "" || r.picks(t.label, in.address) || r.picks(r.evaluatedName(in)) {
			r.instance(in)
		}
	}
	r.leave(t.block)
}

func (r *reading) instance(in instance) {
	if r.done[in.address] != nil {
		return
	}
	if t := r.template(in); t != nil {
		r.done[in.address], r.all = t, append(r.all, t)
	}
}

// base reads what a template is based on, if it was not picked.
func (r *reading) base(t *Template) {
	label, _, _ := strings.Cut(strings.TrimPrefix(t.Base.Template, "template."), "[")
	parent := r.templates[label]
	if t.Base.Template == "" || parent == nil || r.done[t.Base.Template] != nil {
		return
	}
	r.count(parent)
	for _, in := range parent.instances {
		if in.address == t.Base.Template {
			r.instance(in)
		}
	}
	r.leave(parent.block)
}

// template reads one instance; nil where its block could not be parsed.
func (s *scope) template(in instance) *Template {
	body, ok := s.open(in.block)
	if !ok {
		return nil
	}
	s.enter(in.block)
	d := &decoder{scope: s, ctx: s.eachContext(in), dir: in.dir}
	if in.mayBeDynamic() {
		body = dynblock.Expand(body, d.ctx, dynblock.OptCheckForEach(s.checkDynamic()))
	}
	t := &Template{Address: in.address, Label: in.label, Dir: in.dir, Range: in.at}
	var explicit *hcl.Attribute // the name, where one is given
	p, started := pins{}, false
	step, shown, tagged, free := d.as(stepUse), d.as(nameUse), d.as(tagUse), d.as(describeUse)
	d.decode("template", body, fields{
		"for_each": func(*hcl.Attribute) {}, // read before
		"name": func(attr *hcl.Attribute) {
			if v, ok := shown.value(attr, cty.String); ok {
				explicit, t.Name = attr, v.AsString()
			}
		},
		"description":   free.text(&t.Description),
		"tags":          tagged.tags(&t.Tags),
		"cpu_count":     d.count(&t.CPUCount, 1, 32, func(n int) bool { return n == 1 || n%2 == 0 }, "1 or an even number up to 32"),
		"memory_mb":     d.count(&t.MemoryMB, 128, 1<<20, func(n int) bool { return n%2 == 0 }, "an even number of MiB, 128 or more"),
		"timeout":       d.duration(&t.Timeout),
		"stall_timeout": d.duration(&t.StallTimeout),
		"mirror":        d.mirror(&t.Mirror),
		"env":           step.environment(&t.Env),
		"user":          step.user(&t.User),
		"workdir":       step.text(&t.Workdir),
	}, children{
		"base":    {nil, func(b *hcl.Block) { single(d, b, t.Base.Range, func() { t.Base = d.base(b) }) }},
		"pins":    {nil, func(b *hcl.Block) { d.pins(b, p) }},
		"batch":   {[]string{"name"}, func(b *hcl.Block) { t.Steps = append(t.Steps, Step{Batch: step.batch(b)}) }},
		"copy":    {nil, func(b *hcl.Block) { t.Steps = append(t.Steps, Step{Copy: step.copy(b)}) }},
		"set":     {nil, func(b *hcl.Block) { t.Steps = append(t.Steps, Step{Set: step.set(b)}) }},
		"cleanup": {nil, func(b *hcl.Block) { single(d, b, rangeOf(t.Cleanup), func() { t.Cleanup = step.cleanup(b) }) }},
		"start":   {nil, func(b *hcl.Block) { single(d, b, startRange(t.Start), func() { t.Start = step.start(b, &started) }) }},
		"check":   {[]string{"name"}, func(b *hcl.Block) { t.Checks = append(t.Checks, free.check(b)) }},
	})
	s.name(t, in, explicit)
	s.startCommand(t, started)
	s.apply(p, t)
	s.distinctBatches(t)
	return t
}

// as is a decoder whose values are put to another use.
func (d *decoder) as(u use) *decoder {
	other := *d
	other.use = u
	return &other
}

// mayBeDynamic reports whether a block may hold dynamic blocks.
func (t *template) mayBeDynamic() bool {
	return t.piece == nil || len(t.overrides) > 0 || bytes.Contains(t.piece.Bytes, []byte("dynamic"))
}

// checkDynamic limits what the dynamic blocks of one template make.
func (s *scope) checkDynamic() func(cty.Value, hcl.Expression, *hcl.EvalContext) hcl.Diagnostics {
	made := 0
	return func(v cty.Value, expr hcl.Expression, _ *hcl.EvalContext) hcl.Diagnostics {
		if v, _ = v.Unmark(); !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
			return nil
		}
		if made += v.LengthInt(); made > maxSteps {
			return hcl.Diagnostics{problem(expr.Range(), "Too large or too deep", "The dynamic blocks of one template may make %d blocks at most.", maxSteps)}
		}
		return nil
	}
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

// single reads a block that a template may have one of.
func single(d *decoder, b *hcl.Block, before hcl.Range, read func()) {
	if before.Filename != "" {
		d.diags = append(d.diags, again("The block "+b.Type, before, b.DefRange))
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

// deriveName is what a template without a name is called.
func deriveName(label, key string) string {
	if key != "" {
		label += "-" + key
	}
	return refused.ReplaceAllString(strings.ToLower(label), "-")
}

// name settles what a template is called on the endpoint.
func (s *scope) name(t *Template, in instance, explicit *hcl.Attribute) {
	at := in.at
	if explicit != nil {
		at = explicit.Expr.Range()
	} else {
		t.Name = deriveName(in.label, in.key)
	}
	if len(t.Name) > 128 || !nameForm.MatchString(t.Name) {
		s.wrong(at, "Bad template name", "E2B takes lower-case letters, digits, - and _, at most 128 of them; %q is not such a name.", t.Name)
	}
}

// tags reads the tags that a promoted build gets.
func (d *decoder) tags(dst *[]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		for _, line := range d.list(attr) {
			tag := strings.ToLower(strings.TrimSpace(line.Text))
			switch {
			case !tagForm.MatchString(tag) || uuidForm.MatchString(tag):
				d.wrong(line.Range, "Bad tag", "E2B takes lower-case letters, digits, -, _ and a dot, and no ids of builds; %q is not such a tag.", line.Text)
			case strings.HasPrefix(tag, "fp-") || strings.HasPrefix(tag, "run-"):
				d.wrong(line.Range, "Bad tag", "Tags that begin with fp- or run- are e2bt's own. Choose another one than %q.", line.Text)
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
			d.wrong(attr.Expr.Range(), "Bad user name", "%q is no name of a Linux user: use lower-case letters, digits, - and _. A group cannot be said here.", *dst)
		}
	}
}

// owner reads whom copied files shall belong to: a user, or user:group.
func (d *decoder) owner(dst *string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.text(dst)(attr)
		if *dst != "" && !owner.MatchString(*dst) {
			d.wrong(attr.Expr.Range(), "Bad user name", "%q is no owner of files: give a user, or user:group.", *dst)
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
				s.wrong(b.Header, "Bad batch name", "A batch cannot be called \"cleanup\", as the cleanup block's step is.")
				continue
			}
			s.diags = append(s.diags, twice(fmt.Sprintf("The batch %q of %s", b.Name, t.Address), at, b.Header))
		}
		seen[b.Name] = b.Header
	}
}

// uniqueNames wants every template to have a name of its own on the endpoint,
// also among those that were not read.
func (s *scope) uniqueNames(all []*Template, declared []*template) {
	read := map[string]bool{}
	for _, t := range all {
		read[t.Label] = true
	}
	first := map[string]string{} // by name: the address
	for _, t := range declared {
		if name := t.quickName(); name != "" && !read[t.label] {
			first[name] = "template." + t.label
		}
	}
	for _, t := range all {
		if before, taken := first[t.Name]; taken {
			s.wrong(t.Range, "Two templates of one name", "%s and %s would both be called %q on the endpoint. Give one of them another name.", before, t.Address, t.Name)
			continue
		}
		first[t.Name] = t.Address
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
				s.wrong(t.Base.Range, "Templates in a circle", "These are based on each other: %s.", strings.Join(way, " -> "))
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
