// Package source takes the text of a file apart before the library parses it.
//
// Split cuts a file into its top-level blocks, so that a configuration of ten
// thousand templates is parsed block by block and only one syntax tree is in
// memory at a time; a block that nobody asked for is not parsed at all. Check
// refuses text that would take the library's recursive parser too deep. Both
// look at bytes and tokens alone; neither knows the language's blocks.
package source

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
)

// Limits keep time and memory in bounds, whatever a file holds.
const (
	MaxFile  = 64 << 20 // bytes of a file
	MaxPiece = 4 << 20  // bytes of one block, and of a file that cannot be split
)

// Piece is a part of a file that can be parsed alone: usually one block with
// the comments above it.
type Piece struct {
	Start  hcl.Pos // of its first byte
	Bytes  []byte
	Type   string    // of its only block; "" where it is not known
	Label  string    // the block's only label, where that is plain
	Header hcl.Range // from the type to the label, without file name, where there is a Label
	Args   []Arg     // those of the block's own arguments that were asked for
}

// Arg is an argument's name and the rest of its first line.
type Arg struct{ Name, Rest string }

// Arg returns the argument of that name.
func (p *Piece) Arg(name string) (rest string, ok bool) {
	for _, a := range p.Args {
		if a.Name == name {
			return a.Rest, true
		}
	}
	return "", false
}

// Split cuts src into pieces that together are src. Arguments named in want are
// noted. Where the text is not what it seems to be, a piece is larger than a
// block and has no Type; parsing it says what is wrong. Pieces that all parse
// without an error are exactly what the whole file would have been.
func Split(src []byte, want ...string) []Piece {
	s := scanner{src: src, want: want, line: 1}
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		s.at = 3
	}
	for s.from < len(src) && s.piece() {
	}
	if s.from < len(src) {
		if len(src) <= MaxPiece {
			s.pieces, s.from, s.line = nil, 0, 1
		}
		s.cut(len(src), Piece{})
	}
	return s.pieces
}

// scanner follows the library's own lexer as far as needed to tell a brace of
// the language from one in a text or comment.
type scanner struct {
	src    []byte
	want   []string
	at     int
	from   int // where the piece in the making begins
	line   int // of from
	pieces []Piece

	braces int   // open ones
	outer  []int // for every open ${ or %{: the braces before it
	texts  []text
	args   []Arg
	fresh  bool // at the beginning of an item of the block's body
}

// text is an open quoted string or heredoc.
type text struct {
	marker string // of a heredoc; "" for a quoted string
	braces int    // open ones where it began
	start  bool   // at the beginning of a line
}

// piece scans up to the end of the next block. It reports false where it
// cannot go on.
func (s *scanner) piece() bool {
	if !s.skip() {
		return false
	}
	if s.at == len(s.src) { // comments and space alone
		s.cut(s.at, Piece{})
		return true
	}
	p, ok := s.header()
	if !ok {
		return false
	}
	s.braces, s.outer, s.texts, s.args, s.fresh = 1, s.outer[:0], s.texts[:0], nil, true
	for s.braces > 0 {
		if s.at >= len(s.src) || !s.step() {
			return false
		}
	}
	if !s.endOfLine() {
		return false
	}
	p.Args = s.args
	s.cut(s.at, p)
	return true
}

// cut ends the piece in the making.
func (s *scanner) cut(end int, p Piece) {
	p.Start, p.Bytes = hcl.Pos{Line: s.line, Column: 1, Byte: s.from}, s.src[s.from:end]
	s.pieces = append(s.pieces, p)
	s.line += bytes.Count(p.Bytes, newline)
	s.from, s.at = end, end
}

var newline = []byte{'\n'}

// skip passes space, newlines and comments.
func (s *scanner) skip() bool {
	for s.at < len(s.src) {
		switch c := s.src[s.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' && s.peek(1) == '\n':
			s.at++
		case c == '#' || c == '/':
			if !s.comment() {
				return false
			}
		default:
			return true
		}
	}
	return true
}

// comment passes a comment; the newline that ends it stays.
func (s *scanner) comment() bool {
	rest := s.src[s.at:]
	end := -1
	switch {
	case rest[0] == '#' || bytes.HasPrefix(rest, []byte("//")):
		if end = bytes.IndexByte(rest, '\n'); end < 0 {
			end = len(rest)
		}
	case bytes.HasPrefix(rest, []byte("/*")):
		if end = bytes.Index(rest[2:], []byte("*/")); end >= 0 {
			end += 4
		}
	}
	if end < 0 {
		return false
	}
	s.at += end
	return true
}

// endOfLine passes what may follow a block's closing brace.
func (s *scanner) endOfLine() bool {
	for s.at < len(s.src) {
		switch c := s.src[s.at]; {
		case c == '\n':
			s.at++
			return true
		case c == ' ' || c == '\t' || c == '\r' && s.peek(1) == '\n':
			s.at++
		case c == '#' || c == '/' && s.peek(1) == '/':
			s.comment()
		default:
			return false
		}
	}
	return true
}

func (s *scanner) peek(n int) byte {
	if s.at+n < len(s.src) {
		return s.src[s.at+n]
	}
	return 0
}

// header reads a block's type and labels up to its opening brace. A label that
// is not plain means that the block's Label is not known.
func (s *scanner) header() (Piece, bool) {
	start := s.at
	p := Piece{Type: s.ident()}
	end, labels := s.at, 0
	for p.Type != "" {
		s.spaces()
		switch c := s.peek(0); {
		case c == '{':
			s.at++
			if labels != 1 {
				p.Label = ""
			}
			if p.Label != "" {
				p.Header = hcl.Range{Start: s.pos(start), End: s.pos(end)}
			}
			return p, true
		case c == '"':
			n := bytes.IndexByte(s.src[s.at+1:], '"')
			if n < 0 || !plain(s.src[s.at+1:s.at+1+n]) {
				return p, false
			}
			p.Label = string(s.src[s.at+1 : s.at+1+n])
			s.at += n + 2
		case isIdent(c) && !isDigit(c) && c != '-':
			p.Label = s.ident()
		default:
			return p, false
		}
		end = s.at
		labels++
	}
	return p, false
}

// pos is the position of a byte on a line that is ASCII up to there.
func (s *scanner) pos(at int) hcl.Pos {
	line := bytes.LastIndexByte(s.src[:at], '\n') + 1
	if line == 0 && s.src[0] == 0xef {
		line = 3
	}
	return hcl.Pos{Line: s.line + bytes.Count(s.src[s.from:at], newline), Column: at - line + 1, Byte: at}
}

// plain labels are what they look like.
func plain(label []byte) bool {
	for _, c := range label {
		if c < ' ' || c > '~' || c == '\\' || c == '$' || c == '%' {
			return false
		}
	}
	return true
}

func (s *scanner) spaces() {
	for c := s.peek(0); c == ' ' || c == '\t'; c = s.peek(0) {
		s.at++
	}
}

// ident passes an identifier of ASCII letters and returns it.
func (s *scanner) ident() string {
	start := s.at
	for s.at < len(s.src) && isIdent(s.src[s.at]) && (s.at > start || !isDigit(s.src[s.at]) && s.src[s.at] != '-') {
		s.at++
	}
	return string(s.src[start:s.at])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isIdent(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || isDigit(c)
}
