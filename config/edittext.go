package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// replace puts text in the place of some bytes. A file in the canonical style
// stays in it; of another one nothing else changes.
func (e *editor) replace(file string, start, end int, with string) {
	src := e.source(file)
	if _, known := e.canonical[file]; !known {
		formatted, diags := Format(src, file)
		e.canonical[file] = !diags.HasErrors() && bytes.Equal(formatted, src)
	}
	if bytes.Contains(src, []byte("\r\n")) {
		with = strings.ReplaceAll(strings.ReplaceAll(with, "\r\n", "\n"), "\n", "\r\n")
	}
	out := append(append(append([]byte{}, src[:start]...), with...), src[end:]...)
	if e.canonical[file] {
		if formatted, diags := Format(out, file); !diags.HasErrors() {
			out = formatted
		}
	}
	e.texts[file] = out
}

// lineStart is the first byte of the line that holds a byte.
func (e *editor) lineStart(file string, at int) int {
	return bytes.LastIndexByte(e.source(file)[:at], '\n') + 1
}

// withComments is the start of the line that holds a byte, or of the comments
// right above it.
func (e *editor) withComments(file string, at int) int {
	at = e.lineStart(file, at)
	for at > 0 {
		above := e.lineStart(file, at-1)
		line := bytes.TrimSpace(e.source(file)[above:at])
		if !bytes.HasPrefix(line, []byte("#")) && !bytes.HasPrefix(line, []byte("//")) {
			break
		}
		at = above
	}
	return at
}

// indent is the blank space that a line begins with.
func (e *editor) indent(file string, at int) string {
	line := e.source(file)[e.lineStart(file, at):]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// lineEnd is the byte after the line in which code ends, with the comment
// behind it; ok is false where more code follows in that line.
func (e *editor) lineEnd(file string, at int) (end int, ok bool) {
	src := e.source(file)
	if at > 0 && src[at-1] == '\n' { // a heredoc
		return at, true
	}
	tokens, _ := hclsyntax.LexConfig(src[at:], file, hcl.Pos{Byte: at, Line: 1, Column: 1})
	for _, t := range tokens {
		switch {
		case t.Type == hclsyntax.TokenNewline, t.Type == hclsyntax.TokenComment && bytes.HasSuffix(t.Bytes, []byte("\n")):
			return t.Range.End.Byte, true
		case t.Type != hclsyntax.TokenComment:
			return t.Range.Start.Byte, false
		}
	}
	return len(src), false
}

// insertLines writes whole lines at the start of a line, indented as it is.
func (e *editor) insertLines(file string, at int, lines string) {
	e.replace(file, at, at, indented(lines, e.indent(file, at)))
}

// indented formats lines and moves them to the right.
func indented(lines, indent string) string {
	var out strings.Builder
	for line := range strings.Lines(string(hclwrite.Format([]byte(lines)))) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(indent)
		}
		out.WriteString(line)
	}
	return out.String()
}

// insertArgument adds an argument to a block: after the last one, or before the
// commands where before reports that it belongs there.
func (e *editor) insertArgument(b place, name, value string, before func(name string) bool) {
	var last *hclsyntax.Attribute
	for _, attr := range b.Body.Attributes {
		if (before == nil || !before(attr.Name)) && (last == nil || attr.SrcRange.Start.Byte > last.SrcRange.Start.Byte) {
			last = attr
		}
	}
	line := name + " = " + value
	if last == nil || oneLine(b) {
		e.insertText(b, line)
		return
	}
	if end, ok := e.lineEnd(b.file, last.SrcRange.End.Byte); ok {
		e.replace(b.file, end, end, e.indent(b.file, last.SrcRange.Start.Byte)+line+"\n")
	}
}

func oneLine(b place) bool { return b.OpenBraceRange.Start.Line == b.CloseBraceRange.Start.Line }

// insertText writes lines at the beginning of a block's body. A block in one
// line becomes one of several.
func (e *editor) insertText(b place, lines string) {
	indent := e.indent(b.file, b.TypeRange.Start.Byte)
	lines = indented(lines+"\n", indent+"  ")
	if oneLine(b) {
		inner := strings.TrimSpace(string(e.source(b.file)[b.OpenBraceRange.End.Byte:b.CloseBraceRange.Start.Byte]))
		if inner != "" {
			inner = indent + "  " + inner + "\n"
		}
		e.replace(b.file, b.OpenBraceRange.End.Byte, b.CloseBraceRange.Start.Byte, "\n"+inner+lines+indent)
		return
	}
	if end, ok := e.lineEnd(b.file, b.OpenBraceRange.End.Byte); ok {
		e.replace(b.file, end, end, lines)
	}
}

// removeLines takes away lines that hold nothing but a range and a comment
// behind it.
func (e *editor) removeLines(file string, r hcl.Range) {
	start, end := r.Start.Byte, r.End.Byte
	if at := e.lineStart(file, start); len(bytes.TrimSpace(e.source(file)[at:start])) == 0 {
		if after, ok := e.lineEnd(file, end); ok {
			start, end = at, after
		}
	}
	e.replace(file, start, end, "")
}

// elements are the places of what a list holds.
func elements(list *hclsyntax.TupleConsExpr) (out []hcl.Range) {
	for _, item := range list.Exprs {
		out = append(out, item.Range())
	}
	return out
}

func itemRanges(object *hclsyntax.ObjectConsExpr) (out []hcl.Range) {
	for _, item := range object.Items {
		out = append(out, hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range()))
	}
	return out
}

// addItem adds an item at the end of a written list or map, in a line of its
// own where the others are.
func (e *editor) addItem(file string, whole hcl.Range, items []hcl.Range, item string) {
	if len(items) == 0 {
		if e.source(file)[whole.Start.Byte] == '{' {
			item = " " + item + " "
		}
		e.replace(file, whole.Start.Byte+1, whole.Start.Byte+1, item)
		return
	}
	last := items[len(items)-1]
	end, comma := e.afterComma(file, last.End.Byte)
	if last.End.Line == whole.End.Line || last.Start.Line == whole.Start.Line {
		e.replace(file, last.End.Byte, last.End.Byte, ", "+item)
		return
	}
	at, ok := e.lineEnd(file, end)
	if !ok {
		e.replace(file, last.End.Byte, last.End.Byte, ", "+item)
		return
	}
	object := e.source(file)[whole.Start.Byte] == '{'
	line := e.indent(file, last.Start.Byte) + item
	if comma || !object {
		line += ","
	}
	e.replace(file, at, at, line+"\n")
	if !comma && !object {
		e.replace(file, last.End.Byte, last.End.Byte, ",")
	}
}

// afterComma is the byte after the comma that follows an item, if one does.
func (e *editor) afterComma(file string, at int) (int, bool) {
	src := e.source(file)
	tokens, _ := hclsyntax.LexConfig(src[at:], file, hcl.Pos{Byte: at, Line: 1, Column: 1})
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenComma:
			return t.Range.End.Byte, true
		case hclsyntax.TokenComment:
		default:
			return at, false
		}
	}
	return at, false
}

// removeItem takes the nth item out of a list that has more than that one.
func (e *editor) removeItem(file string, items []hcl.Range, n int) {
	if n+1 < len(items) {
		e.replace(file, items[n].Start.Byte, items[n+1].Start.Byte, "")
		return
	}
	e.replace(file, items[n-1].End.Byte, items[n].End.Byte, "")
}

// computed says that a value has no place where an edit could be written.
func computed(what string, at hcl.Range) error {
	return fmt.Errorf("%s is computed at %s", what, at)
}
