package config

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// place is a block with the file that it is in.
type place struct {
	*hclsyntax.Block
	file string
}

// text is what a file holds now.
func (e *editor) source(name string) []byte {
	if text, ok := e.texts[name]; ok {
		return text
	}
	return e.cfg.Files[name].Bytes
}

// blocks finds the blocks of a kind at the top of the files, in the order in
// which files are read; those of override files come first, as they win.
func (e *editor) blocks(kind, label string) (out []place) {
	var over []place
	for _, name := range sortedKeys(e.cfg.Files) {
		if path.Ext(name) != ".hcl" {
			continue
		}
		for _, b := range e.blocksOf(name, kind, label) {
			if isOverride(name) {
				over = append(over, b)
			} else {
				out = append(out, b)
			}
		}
	}
	slices.Reverse(over)
	return append(over, out...)
}

func (e *editor) blocksOf(name, kind, label string) (out []place) {
	for _, p := range source.Split(e.source(name)) {
		if p.Type != "" && p.Type != kind || p.Label != "" && label != "" && p.Label != label || source.Check(p.Bytes, name, p.Start) != nil {
			continue
		}
		file, diags := hclsyntax.ParseConfig(p.Bytes, name, p.Start)
		if diags.HasErrors() {
			continue
		}
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			if b.Type == kind && (label == "" || len(b.Labels) > 0 && b.Labels[0] == label) {
				out = append(out, place{b, name})
			}
		}
	}
	return out
}

func (e *editor) templateBlocks() []place { return e.blocks("template", e.t.Label) }

// inside finds blocks in blocks, as overrides have it: blocks with a label are
// laid over each other, those without replace each other.
func inside(at []place, kind, label string) (out []place) {
	for _, b := range at {
		for _, inner := range b.Body.Blocks {
			if inner.Type == kind && (label == "" || len(inner.Labels) > 0 && inner.Labels[0] == label) {
				out = append(out, place{inner, b.file})
			}
		}
		if label == "" && len(out) > 0 {
			break
		}
	}
	return out
}

// find returns the argument of that name that counts, and the block that it is
// in: the last, which is no override, where there is none.
func find(at []place, name string) (place, *hclsyntax.Attribute) {
	for _, b := range at {
		if attr := b.Body.Attributes[name]; attr != nil {
			return b, attr
		}
	}
	return at[len(at)-1], nil
}

// maxHops is how many variables and locals may stand for one another.
const maxHops = 10

// definition follows references to variables and locals to where the value is
// written.
func (e *editor) definition(file string, expr hclsyntax.Expression) (string, hclsyntax.Expression, error) {
	for range maxHops {
		ref, ok := expr.(*hclsyntax.ScopeTraversalExpr)
		if wrap, isWrap := expr.(*hclsyntax.TemplateWrapExpr); isWrap {
			expr = wrap.Wrapped
			continue
		}
		if !ok {
			return file, expr, nil
		}
		next, value, err := e.referred(ref)
		if err != nil {
			return "", nil, err
		}
		file, expr = next, value
	}
	return "", nil, fmt.Errorf("its value is behind too many references")
}

func (e *editor) referred(ref *hclsyntax.ScopeTraversalExpr) (string, hclsyntax.Expression, error) {
	if name, ok := member(ref.Traversal, "local"); ok && len(ref.Traversal) == 2 {
		for _, b := range e.blocks("locals", "") {
			if attr := b.Body.Attributes[name]; attr != nil {
				return b.file, attr.Expr, nil
			}
		}
	}
	name, ok := member(ref.Traversal, "var")
	if !ok || len(ref.Traversal) != 2 {
		return "", nil, fmt.Errorf("its value is made of %s at %s", e.snippet(ref.Range()), ref.Range())
	}
	for _, v := range e.cfg.Variables {
		if v.Name == name && v.Origin.Kind != "default" {
			return "", nil, fmt.Errorf("its value is that of var.%s, which %s sets", name, v.Origin.place())
		}
	}
	for _, b := range e.blocks("variable", name) {
		if attr := b.Body.Attributes["default"]; attr != nil {
			return b.file, attr.Expr, nil
		}
	}
	return "", nil, fmt.Errorf("its value is that of var.%s, whose default is not written in native syntax", name)
}

// place says where a variable's value came from.
func (o Origin) place() string {
	if o.Kind == "command_line" {
		return "the command line"
	}
	if o.Name == "" {
		return o.Kind
	}
	return o.Name
}

func (e *editor) snippet(r hcl.Range) string {
	return strings.TrimSpace(string(r.SliceBytes(e.source(r.Filename))))
}

// constant is the text of an expression that is nothing but a text.
func constant(expr hclsyntax.Expression) (string, bool) {
	v, diags := expr.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// rendered writes a value as the language has it.
func rendered(set any) string {
	text, err := json.Marshal(set)
	if err != nil {
		panic(err) // edits hold what JSON can say
	}
	kind, err := ctyjson.ImpliedType(text)
	if err != nil {
		panic(err)
	}
	value, err := ctyjson.Unmarshal(text, kind)
	if err != nil {
		panic(err)
	}
	return string(hclwrite.TokensForValue(value).Bytes())
}
