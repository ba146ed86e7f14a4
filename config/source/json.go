package source

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// CheckJSON is Check for a file in JSON syntax. It does not say what is wrong
// with the syntax.
func CheckJSON(src []byte, filename string) *hcl.Diagnostic {
	depth := 0
	for at := 0; at < len(src); at++ {
		switch src[at] {
		case '[', '{':
			if depth++; depth > maxDepth {
				return tooMuch(place(src, filename, at), fmt.Sprintf("Lists and objects may be nested at most %d deep.", maxDepth))
			}
		case ']', '}':
			depth--
		case '"':
			end := endOfString(src, at)
			if d := checkString(src, filename, at, end); d != nil {
				return d
			}
			at = end - 1
		}
	}
	return nil
}

// endOfString is the byte after the closing quote.
func endOfString(src []byte, at int) int {
	for at++; at < len(src); at++ {
		switch src[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(src)
}

// checkString checks the template that the string from at to end holds.
func checkString(src []byte, filename string, at, end int) *hcl.Diagnostic {
	quoted := src[at:end]
	text := quoted
	if bytes.IndexByte(quoted, '\\') >= 0 { // an escape may hide a bracket
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return nil
		}
		text = []byte(s)
	}
	if harmless(text) && bytes.Count(text, []byte("for")) <= maxLoops {
		return nil
	}
	where := place(src, filename, at)
	if d := CheckTemplate(text, where); d != nil {
		return d
	}
	return checkLoops(text, where)
}

// place is the position of a byte.
func place(src []byte, filename string, at int) hcl.Range {
	line := bytes.LastIndexByte(src[:at], '\n') + 1
	pos := hcl.Pos{Line: bytes.Count(src[:at], newline) + 1, Column: at - line + 1, Byte: at}
	end := pos
	end.Column, end.Byte = end.Column+1, end.Byte+1
	return hcl.Range{Filename: filename, Start: pos, End: end}
}
