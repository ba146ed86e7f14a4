package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ansi matches the escape sequences of terminals: CSI, OSC and the short ones.
var ansi = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[PX^_][^\x1b]*(?:\x1b\\\\)?|[ -/]*[0-~])|\u009b[0-?]*[ -/]*[@-~]")

// clean makes text from elsewhere harmless for a terminal: no escape
// sequences, no control characters but tab and newline, no text that changes
// its direction.
func clean(s string) string {
	if !needsCleaning(s) {
		return s
	}
	if strings.IndexByte(s, 0x1b) >= 0 || strings.Contains(s, "\u009b") { // seldom, and a regexp takes long
		s = ansi.ReplaceAllString(s, "")
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && harmful(r) {
			return -1
		}
		return r
	}, s)
}

func needsCleaning(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\n' && c != '\t' || c >= 0x7f {
			return true
		}
	}
	return false
}

// harmful reports whether a terminal may do something else with r than show it.
func harmful(r rune) bool { return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) }

// encoder writes JSON that is harmless on a terminal, too: what json leaves as
// it is in a string, and a terminal would act on, is escaped.
func encoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(escaping{w})
	enc.SetEscapeHTML(false)
	return enc
}

type escaping struct{ w io.Writer }

func (e escaping) Write(p []byte) (int, error) {
	if _, err := e.w.Write(escape(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escape takes whole JSON documents: outside of strings they are ASCII.
func escape(p []byte) []byte {
	if !slices.ContainsFunc(p, func(c byte) bool { return c >= 0x7f }) {
		return p
	}
	out := make([]byte, 0, len(p)+16)
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if escapes(r) {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = append(out, p[:size]...)
		}
		p = p[size:]
	}
	return out
}

func escapes(r rune) bool { return r >= 0x7f && harmful(r) }

// printJSON writes a document for programs.
func printJSON(w io.Writer, v any) error {
	enc := encoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
