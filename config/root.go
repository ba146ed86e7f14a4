package config

import (
	"fmt"
	"path"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// block is a block at the top of a file. One that is nothing but a template is
// parsed when it is read.
type block struct {
	kind, label string
	at          hcl.Range // its header
	labelAt     hcl.Range
	dir         string // where its relative paths start
	file        string
	body        hcl.Body // nil: not parsed yet
	piece       *source.Piece
	overrides   []hcl.Body
}

// rootBlocks is what may stand at the top of a file, with the names of labels.
var rootBlocks = map[string][]string{
	"e2bt": nil, "locals": nil, "variable": {"name"}, "template": {"name"}, "mirror": {"name"}, "rule": {"name"},
}

var rootSchema = func() *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, name := range sortedKeys(rootBlocks) {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: rootBlocks[name]})
	}
	return schema
}()

// roots are the blocks at the top of all files, in the order of the files.
type roots struct {
	blocks map[string][]*block
	locals map[string]*hcl.Attribute
	named  map[string]*block // by kind and label
}

func (r *roots) of(kind string) []*block { return r.blocks[kind] }

// roots sorts the blocks of all files. Overrides come last.
func (l *loader) roots() *roots {
	r := &roots{blocks: map[string][]*block{}, locals: map[string]*hcl.Attribute{}, named: map[string]*block{}}
	var overrides []*block
	for _, in := range l.inputs {
		for _, b := range l.topBlocks(in) {
			if in.override {
				overrides = append(overrides, b)
				continue
			}
			l.add(r, b)
		}
	}
	for _, b := range overrides {
		l.override(r, b)
	}
	return r
}

// topBlocks are the blocks of a file; what else is in it is a mistake.
func (l *loader) topBlocks(in *input) []*block {
	if in.body != nil {
		return l.content(in, in.body)
	}
	var all []*block
	for i := range in.pieces {
		p := &in.pieces[i]
		if p.Type == "template" && p.Label != "" && !in.override {
			at := p.Header
			at.Filename = in.name
			all = append(all, &block{kind: p.Type, label: p.Label, at: at, labelAt: at, dir: l.host(path.Dir(in.name)), file: in.name, piece: p})
			continue
		}
		body, _ := l.parse(in.name, p)
		l.trees[in.name] = append(l.trees[in.name], body)
		all = append(all, l.content(in, body)...)
	}
	return all
}

func (l *loader) content(in *input, body hcl.Body) []*block {
	content, diags := body.Content(rootSchema)
	l.diags = append(l.diags, nearer(diags, nil, sortedKeys(rootBlocks))...)
	if content == nil {
		return nil
	}
	var all []*block
	for _, b := range content.Blocks {
		out := &block{kind: b.Type, at: b.DefRange, dir: l.host(path.Dir(in.name)), file: in.name, body: b.Body}
		if len(b.Labels) > 0 {
			out.label, out.labelAt = b.Labels[0], b.LabelRanges[0]
		}
		all = append(all, out)
	}
	return all
}

func (l *loader) add(r *roots, b *block) {
	switch {
	case b.kind == "locals":
		l.addLocals(r, b, false)
		return
	case len(rootBlocks[b.kind]) == 0:
	case r.named[b.kind+" "+b.label] != nil:
		l.diags = append(l.diags, twice(fmt.Sprintf("The %s %q", b.kind, b.label), r.named[b.kind+" "+b.label].at, b.at))
		return
	default:
		r.named[b.kind+" "+b.label] = b
	}
	r.blocks[b.kind] = append(r.blocks[b.kind], b)
}

func (l *loader) addLocals(r *roots, b *block, override bool) {
	attrs, diags := b.body.JustAttributes()
	l.diags = append(l.diags, diags...)
	for _, name := range sortedKeys(attrs) {
		before, ok := r.locals[name]
		switch {
		case override && !ok:
			l.diags = append(l.diags, nothingThere(fmt.Sprintf("local value %q", name), attrs[name].NameRange, suggest(name, sortedKeys(r.locals))))
		case ok && !override:
			l.diags = append(l.diags, twice(fmt.Sprintf("The local value %q", name), before.NameRange, attrs[name].NameRange))
			continue
		}
		r.locals[name] = attrs[name]
	}
}

// open parses a block that is not parsed yet and applies its overrides. It
// reports false where it could not be parsed.
func (l *loader) open(b *block) (body hcl.Body, ok bool) {
	if b.body == nil {
		tree, ok := l.parse(b.file, b.piece)
		if !ok || len(tree.Blocks) != 1 {
			b.body = hcl.EmptyBody()
			return nil, false
		}
		b.body = tree.Blocks[0].Body
	}
	body = b.body
	for _, over := range b.overrides {
		body = overridden{body, over}
	}
	return body, true
}

// enter makes a block's tree the one that is being read.
func (l *loader) enter(b *block) {
	if body, ok := b.body.(*hclsyntax.Body); ok && b.piece != nil {
		l.trees[b.file] = []*hclsyntax.Body{body}
	}
}

// leave forgets the tree of a block that can be parsed again.
func (l *loader) leave(b *block) {
	if b.piece != nil {
		b.body = nil
		delete(l.trees, b.file)
	}
}
