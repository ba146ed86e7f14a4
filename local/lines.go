package local

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// lineWriter cuts a stream into lines. Lines end at \n and \r, are trimmed, and
// empty ones are left out; one that grows too long is cut.
type lineWriter struct {
	emit func(line string)
	rest []byte
}

const maxLine = 32 << 10 // bytes; envd sends no longer chunks

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part := p[:min(len(p), maxLine-len(w.rest))]
		if end := lineEnd(part); end >= 0 {
			w.rest, p = append(w.rest, part[:end]...), p[end+1:]
			w.flush()
			continue
		}
		w.rest, p = append(w.rest, part...), p[len(part):]
		if len(w.rest) == maxLine {
			w.cut()
		}
	}
	return n, nil
}

// lineEnd is where the first line of p ends, -1 where it goes on.
func lineEnd(p []byte) int {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		return bytes.IndexByte(p, '\r')
	}
	if r := bytes.IndexByte(p[:end], '\r'); r >= 0 {
		return r
	}
	return end
}

// cut ends a line in its middle, but not in the middle of a character.
func (w *lineWriter) cut() {
	begun := 0
	for i := 1; i < utf8.UTFMax; i++ {
		if last := w.rest[len(w.rest)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				begun = i
			}
			break
		}
	}
	last := bytes.Clone(w.rest[len(w.rest)-begun:])
	w.rest = w.rest[:len(w.rest)-begun]
	w.flush()
	w.rest = append(w.rest, last...)
}

func (w *lineWriter) flush() {
	line := strings.TrimSpace(strings.ToValidUTF8(string(w.rest), "\uFFFD"))
	w.rest = w.rest[:0]
	if line != "" {
		w.emit(line)
	}
}
