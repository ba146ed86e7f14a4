package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// block is a block with the directory of its file.
type block struct {
	*hcl.Block
	dir string
}

// roots are the blocks at the top of all files, by what they are.
type roots struct {
	settings      []block
	variableDecls []block
	locals        map[string]*hcl.Attribute
	templates     []block
	mirrors       []block
}

// rootBlocks is what may stand at the top of a file.
var rootBlocks = map[string]struct {
	labels []string
	add    func(*loader, *roots, block)
}{
	"e2bt":     {nil, func(_ *loader, r *roots, b block) { r.settings = append(r.settings, b) }},
	"variable": {[]string{"name"}, func(_ *loader, r *roots, b block) { r.variableDecls = append(r.variableDecls, b) }},
	"locals":   {nil, addLocals},
	"template": {[]string{"name"}, func(_ *loader, r *roots, b block) { r.templates = append(r.templates, b) }},
	"mirror":   {[]string{"name"}, func(_ *loader, r *roots, b block) { r.mirrors = append(r.mirrors, b) }},
	"rule":     {[]string{"name"}, notYet},
}

func notYet(l *loader, _ *roots, b block) {
	l.diags = append(l.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Unsupported block",
		Detail: fmt.Sprintf("Blocks of type %q are not there yet in this version of e2bt.", b.Type), Subject: b.DefRange.Ptr(),
	})
}

// roots sorts the blocks of all files.
func (l *loader) roots() *roots {
	schema := &hcl.BodySchema{}
	for name, b := range rootBlocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: b.labels})
	}
	r := &roots{locals: map[string]*hcl.Attribute{}}
	for _, src := range l.sources {
		content, diags := src.body.Content(schema)
		l.diags = append(l.diags, nearer(diags, nil, sortedKeys(rootBlocks))...)
		if content == nil {
			continue
		}
		dir := l.host(dirOf(src.name))
		for _, b := range content.Blocks {
			rootBlocks[b.Type].add(l, r, block{b, dir})
		}
	}
	return r
}

func addLocals(l *loader, r *roots, b block) {
	attrs, diags := b.Body.JustAttributes()
	l.diags = append(l.diags, diags...)
	for name, attr := range attrs {
		if before, ok := r.locals[name]; ok {
			l.diags = append(l.diags, twice(fmt.Sprintf("The local value %q", name), before.NameRange, attr.NameRange))
			continue
		}
		r.locals[name] = attr
	}
}

// twice says that something is declared a second time.
func twice(what string, first, second hcl.Range) *hcl.Diagnostic {
	return problem(second, "Declared twice", "%s is declared already, at %s. Give one of them another name.", what, first)
}

// problem makes an error. The summary is fixed words; the rest says what, why
// and what to do.
func problem(at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at}
}
