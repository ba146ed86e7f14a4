package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// override applies a block of an override file to the block it names.
func (l *loader) override(r *roots, b *block) {
	switch {
	case b.kind == "locals":
		l.addLocals(r, b, true)
		return
	case len(rootBlocks[b.kind]) == 0: // arguments read later replace earlier ones
		r.blocks[b.kind] = append(r.blocks[b.kind], b)
		return
	}
	target := r.named[b.kind+" "+b.label]
	if target == nil {
		var names []string
		for _, other := range r.blocks[b.kind] {
			names = append(names, other.label)
		}
		l.diags = append(l.diags, nothingThere(fmt.Sprintf("%s %q", b.kind, b.label), b.at, suggest(b.label, names)))
		return
	}
	target.overrides = append(target.overrides, b.body)
}

func nothingThere(what string, at hcl.Range, suggestion string) *hcl.Diagnostic {
	return problem(at, "Nothing to override", "No other file declares a %s. An override file changes what is declared elsewhere; to declare something new, use another file.%s", what, suggestion)
}

// overridden is a body with another one on top. An argument of the upper one
// replaces the lower one's. A block with labels is laid over the block of the
// same type and labels; one without replaces all of its type. It knows nothing
// of what arguments and blocks there are.
type overridden struct{ lower, upper hcl.Body }

// Content implements hcl.Body.
func (o overridden) Content(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	lower, diags := o.lower.Content(optional(schema))
	upper, more := o.upper.Content(optional(schema))
	out := overlay(lower, upper)
	return out, append(append(diags, more...), missing(schema, out)...)
}

// PartialContent implements hcl.Body.
func (o overridden) PartialContent(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Body, hcl.Diagnostics) {
	lower, lowerRest, diags := o.lower.PartialContent(optional(schema))
	upper, upperRest, more := o.upper.PartialContent(optional(schema))
	out := overlay(lower, upper)
	return out, overridden{lowerRest, upperRest}, append(append(diags, more...), missing(schema, out)...)
}

// JustAttributes implements hcl.Body.
func (o overridden) JustAttributes() (hcl.Attributes, hcl.Diagnostics) {
	out, diags := o.lower.JustAttributes()
	upper, more := o.upper.JustAttributes()
	if out == nil {
		out = hcl.Attributes{}
	}
	for name, attr := range upper {
		out[name] = attr
	}
	return out, append(diags, more...)
}

// MissingItemRange implements hcl.Body.
func (o overridden) MissingItemRange() hcl.Range { return o.lower.MissingItemRange() }

// optional is schema without anything required: that is asked of both together.
func optional(schema *hcl.BodySchema) *hcl.BodySchema {
	out := &hcl.BodySchema{Attributes: slices.Clone(schema.Attributes), Blocks: schema.Blocks}
	for i := range out.Attributes {
		out.Attributes[i].Required = false
	}
	return out
}

func missing(schema *hcl.BodySchema, content *hcl.BodyContent) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, a := range schema.Attributes {
		if a.Required && content.Attributes[a.Name] == nil {
			diags = append(diags, problem(content.MissingItemRange, "Missing required argument", "The argument %q is required, but no definition was found.", a.Name))
		}
	}
	return diags
}

func overlay(lower, upper *hcl.BodyContent) *hcl.BodyContent {
	out := &hcl.BodyContent{Attributes: hcl.Attributes{}, MissingItemRange: lower.MissingItemRange}
	for name, attr := range lower.Attributes {
		out.Attributes[name] = attr
	}
	for name, attr := range upper.Attributes {
		out.Attributes[name] = attr
	}
	out.Blocks = overlayBlocks(lower.Blocks, upper.Blocks)
	return out
}

func overlayBlocks(lower, upper hcl.Blocks) hcl.Blocks {
	over := map[string]hcl.Blocks{}
	for _, b := range upper {
		over[header(b)] = append(over[header(b)], b)
	}
	used := map[string]bool{}
	var out hcl.Blocks
	for _, b := range lower {
		key := header(b)
		switch {
		case over[key] == nil:
			out = append(out, b)
		case len(b.Labels) > 0:
			for _, u := range over[key] {
				merged := *b
				merged.Body = overridden{b.Body, u.Body}
				b = &merged
			}
			out = append(out, b)
		case !used[key]: // the first of its type makes room for all that replace it
			out = append(out, over[key]...)
		}
		used[key] = true
	}
	for _, b := range upper {
		if !used[header(b)] {
			out = append(out, b)
		}
	}
	return out
}

// header is a block's type and labels as one text.
func header(b *hcl.Block) string { return b.Type + "\x00" + strings.Join(b.Labels, "\x00") }
