package config

import (
	"bytes"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format writes a file in the canonical style: comments stay, nothing but
// space changes, and formatting twice is formatting once. The name is for
// diagnostics.
func Format(src []byte, name string) ([]byte, hcl.Diagnostics) {
	if diags := notText(name, src); diags.HasErrors() {
		return nil, diags
	}
	pieces := source.Split(src)
	if len(src) <= source.MaxPiece { // comments at the ends of lines are aligned from block to block
		pieces = []source.Piece{{Start: hcl.InitialPos, Bytes: src}}
	}
	var out []byte
	var diags hcl.Diagnostics
	for _, p := range pieces {
		text, more := formatPiece(p, name)
		out, diags = append(out, text...), append(diags, more...)
	}
	if diags.HasErrors() {
		return nil, diags
	}
	if out = bytes.TrimRight(out, " \t\n"); len(out) > 0 {
		out = append(out, '\n')
	}
	return out, nil
}

func formatPiece(p source.Piece, name string) ([]byte, hcl.Diagnostics) {
	if d := source.Check(p.Bytes, name, p.Start); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	if _, diags := hclsyntax.ParseConfig(p.Bytes, name, p.Start); diags.HasErrors() {
		return nil, diags
	}
	out := p.Bytes
	for range 3 { // the library's own formatting settles at the second try at the latest
		next := hclwrite.Format(out)
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	if !sameTokens(p.Bytes, out) {
		return p.Bytes, nil // the library has joined two of them, as the 0 and .1 of "0 .1"
	}
	return out, nil
}

// sameTokens reports whether two texts differ in nothing but space.
func sameTokens(a, b []byte) bool {
	rest, _ := hclsyntax.LexConfig(b, "", hcl.InitialPos) // both can be parsed
	all, _ := hclsyntax.LexConfig(a, "", hcl.InitialPos)
	next := func() []byte {
		for len(rest) > 0 {
			tok := rest[0]
			if rest = rest[1:]; !blank(tok) {
				return bytes.TrimSpace(tok.Bytes)
			}
		}
		return nil
	}
	for _, tok := range all {
		if !blank(tok) && !bytes.Equal(bytes.TrimSpace(tok.Bytes), next()) {
			return false
		}
	}
	return next() == nil
}

func blank(tok hclsyntax.Token) bool {
	return tok.Type == hclsyntax.TokenNewline || tok.Type == hclsyntax.TokenEOF
}
