package config

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// input is one file: in native syntax cut into pieces, which are parsed when
// they are needed; in JSON syntax parsed.
type input struct {
	name     string // as the user would type it
	override bool
	pieces   []source.Piece
	body     hcl.Body
}

// file reads one file, once.
func (l *loader) file(name string) {
	name = filepath.ToSlash(filepath.Clean(name))
	if _, done := l.files[name]; done {
		return
	}
	if src, ok := l.read(name); ok {
		l.inputs = append(l.inputs, l.input(name, src))
	}
}

// read reads a text file.
func (l *loader) read(name string) ([]byte, bool) {
	src, edited := l.opts.Files[name]
	var err error
	if !edited {
		src, err = readText(l.host(name))
	}
	if err != nil {
		l.diags = append(l.diags, noFile(name, err))
		return nil, false
	}
	diags := notText(name, src)
	l.diags = append(l.diags, diags...)
	return src, !diags.HasErrors()
}

func (l *loader) input(name string, src []byte) *input {
	in := &input{name: name, override: isOverride(name)}
	if strings.HasSuffix(name, ".json") {
		in.body = l.parseJSON(name, src)
		return in
	}
	in.pieces = source.Split(src, "for_each", "name")
	l.files[name] = &hcl.File{Bytes: src, Nav: navigation(in.pieces)}
	return in
}

func (l *loader) parseJSON(name string, src []byte) hcl.Body {
	l.files[name] = &hcl.File{Bytes: src}
	if d := source.CheckJSON(src, name); d != nil {
		l.diags = append(l.diags, d)
		return hcl.EmptyBody()
	}
	file, diags := json.Parse(src, name)
	l.diags = append(l.diags, diags...)
	if file == nil || file.Body == nil {
		return hcl.EmptyBody()
	}
	l.files[name] = file
	return file.Body
}

// parse parses a piece of native syntax. What is wrong with it was said where
// ok is false; the body is then what could be understood.
func (l *loader) parse(name string, p *source.Piece) (body *hclsyntax.Body, ok bool) {
	if d := source.Check(p.Bytes, name, p.Start); d != nil {
		l.diags = append(l.diags, d)
		return &hclsyntax.Body{Attributes: hclsyntax.Attributes{}}, false
	}
	file, diags := hclsyntax.ParseConfig(p.Bytes, name, p.Start)
	l.diags = append(l.diags, diags...)
	body = file.Body.(*hclsyntax.Body)
	if bytes.Contains(p.Bytes, []byte("for")) {
		countLoops(body)
	}
	return body, !diags.HasErrors()
}

// loopCounter is a function that no author can call, since its name is none.
const loopCounter = "for: elements"

// countLoops makes every "for" count what it loops over: nested ones could
// otherwise take hours. The library cannot be interrupted.
func countLoops(body *hclsyntax.Body) {
	_ = hclsyntax.VisitAll(body, func(n hclsyntax.Node) hcl.Diagnostics {
		if loop, ok := n.(*hclsyntax.ForExpr); ok {
			at := loop.CollExpr.Range()
			loop.CollExpr = &hclsyntax.FunctionCallExpr{
				Name: loopCounter, Args: []hclsyntax.Expression{loop.CollExpr, references(loop, at)},
				NameRange: at, OpenParenRange: at, CloseParenRange: at,
			}
		}
		return nil
	})
}

// references lists what the body of a loop refers to, as a literal.
func references(loop *hclsyntax.ForExpr, at hcl.Range) hclsyntax.Expression {
	var names []string
	for _, expr := range []hclsyntax.Expression{loop.KeyExpr, loop.ValExpr} {
		if expr == nil {
			continue
		}
		for _, t := range expr.Variables() {
			names = append(names, reference(t))
		}
	}
	return &hclsyntax.LiteralValueExpr{Val: cty.StringVal(strings.Join(names, " ")), SrcRange: at}
}

// navigation tells the renderer which block a byte belongs to.
type navigation []source.Piece

// ContextString is the header of the block around a byte.
func (n navigation) ContextString(offset int) string {
	i := sort.Search(len(n), func(i int) bool { return n[i].Start.Byte > offset }) - 1
	switch {
	case i < 0 || n[i].Type == "":
		return ""
	case n[i].Label == "":
		return n[i].Type
	}
	return fmt.Sprintf("%s %q", n[i].Type, n[i].Label)
}

// whole is a block from its header to its closing brace. Its body may be
// wrapped, so the place is looked up in what is being read.
func (l *loader) whole(b *hcl.Block) hcl.Range {
	for _, tree := range l.trees[b.DefRange.Filename] {
		if r, ok := blockAt(tree, b.DefRange.Start.Byte); ok {
			return r
		}
	}
	return b.DefRange
}

// blockAt finds the block that begins at a byte. Blocks are in source order.
func blockAt(body *hclsyntax.Body, at int) (hcl.Range, bool) {
	blocks := body.Blocks
	i := sort.Search(len(blocks), func(i int) bool { return blocks[i].TypeRange.Start.Byte > at }) - 1
	if i < 0 {
		return hcl.Range{}, false
	}
	if blocks[i].TypeRange.Start.Byte == at {
		return blocks[i].Range(), true
	}
	return blockAt(blocks[i].Body, at)
}
