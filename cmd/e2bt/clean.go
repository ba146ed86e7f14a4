package main

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
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
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r):
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

// secrets are values that are never shown. The zero value holds none.
type secrets struct {
	mu       sync.RWMutex
	known    []string
	replacer *strings.Replacer
}

const hidden = "(sensitive)"

// add makes values secret, as they are and as JSON and Go write them. Very
// short ones are left out: hiding every "1" would hide the output.
func (s *secrets) add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if len(v) < 4 {
			continue
		}
		s.known = append(s.known, v)
		if text, err := json.Marshal(v); err == nil {
			s.known = append(s.known, string(text[1:len(text)-1]))
		}
	}
	slices.SortFunc(s.known, func(a, b string) int { return len(b) - len(a) })
	s.known = slices.Compact(s.known)
	var pairs []string
	for _, v := range s.known {
		pairs = append(pairs, v, hidden)
	}
	s.replacer = strings.NewReplacer(pairs...)
}

// hide replaces every secret in text.
func (s *secrets) hide(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.replacer == nil {
		return text
	}
	return s.replacer.Replace(text)
}

// writer returns w with secrets hidden in every Write.
func (s *secrets) writer(w io.Writer) io.Writer {
	if already, ok := w.(*hidingWriter); ok {
		return already
	}
	return &hidingWriter{s, w}
}

type hidingWriter struct {
	secrets *secrets
	w       io.Writer
}

func (h *hidingWriter) Write(p []byte) (int, error) {
	h.secrets.mu.RLock()
	replacer := h.secrets.replacer
	h.secrets.mu.RUnlock()
	if replacer == nil {
		return h.w.Write(p)
	}
	if _, err := io.Copy(h.w, bytes.NewReader([]byte(replacer.Replace(string(p))))); err != nil {
		return 0, err
	}
	return len(p), nil
}
