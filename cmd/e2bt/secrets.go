package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// secrets are values that are never shown. The zero value holds none.
type secrets struct {
	mu       sync.RWMutex
	known    []string // longest first
	replacer *strings.Replacer
	cut      map[string][]string // beginnings of secrets, by their last bytes
}

const (
	hidden = "(sensitive)"

	shortestSecret  = 4 // bytes: hiding every "1" would hide the output
	shortestEncoded = 8 // bytes of a secret that is looked for in other spellings: four letters of base64 are anywhere
	shortestCut     = 3 // bytes of a secret at the end of a line that make us wait for the next one
)

// add makes values secret, as they are and as shells, JSON, URLs and base64
// write them; of one with several lines every line, as a log shows it.
func (s *secrets) add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.known)
	for _, v := range values {
		s.known = append(s.known, spellings(v)...)
		for line := range strings.Lines(v) {
			if line = strings.TrimSpace(line); line != v && len(line) >= shortestEncoded {
				s.known = append(s.known, spellings(line)...)
			}
		}
	}
	if len(s.known) == before {
		return
	}
	slices.SortFunc(s.known, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	s.known = slices.Compact(s.known)
	s.index()
}

// index prepares what hide and cutOff need.
func (s *secrets) index() {
	s.cut = map[string][]string{}
	var pairs []string
	for _, v := range s.known {
		pairs = append(pairs, v, hidden)
		for n := shortestCut; n < len(v); n++ {
			end := v[n-shortestCut : n]
			s.cut[end] = append(s.cut[end], v[:n])
		}
	}
	s.replacer = strings.NewReplacer(pairs...)
}

// spellings are the ways in which a value may show up.
func spellings(v string) []string {
	if len(v) < shortestSecret {
		return nil
	}
	plain := []string{v, strings.ReplaceAll(v, "'", `\'`)}
	for quoted := v; strings.Contains(v, "'") && len(plain) <= 4; { // a batch quotes what a line quotes
		quoted = strings.ReplaceAll(quoted, "'", `'\''`)
		plain = append(plain, quoted)
	}
	all := slices.Clone(plain)
	for _, p := range plain {
		if text, err := json.Marshal(p); err == nil {
			all = append(all, string(text[1:len(text)-1]))
		}
	}
	if len(v) >= shortestEncoded {
		all = slices.Concat(all, inURLs(v), inBase64(v))
	}
	return all
}

// inURLs is how libraries write v into a URL: they differ in what they leave as
// it is, in how they write a space, and in the case of their digits.
func inURLs(v string) []string {
	all := []string{url.QueryEscape(v), url.PathEscape(v)}
	for _, kept := range []string{"", "/", "!'()*", "!'()*/"} {
		all = append(all, percent(v, kept, "%%%02X"), percent(v, kept, "%%%02x"))
	}
	return all
}

// percent escapes every byte but the unreserved ones and those that are kept.
func percent(v, kept, format string) string {
	kept += "-_.~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var out strings.Builder
	for i := range len(v) {
		if strings.IndexByte(kept, v[i]) >= 0 {
			out.WriteByte(v[i])
		} else {
			fmt.Fprintf(&out, format, v[i])
		}
	}
	return out.String()
}

// inBase64 is what of v's base64 stays the same wherever v stands in the text
// that is encoded, such as user:password, in both alphabets.
func inBase64(v string) []string {
	var all []string
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, before), v...))
		first, last := (before*8+5)/6, (before+len(v))*8/6
		std := text[first:last]
		all = append(all, std, strings.NewReplacer("+", "-", "/", "_").Replace(std))
	}
	return all
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

// cutOff reports whether text ends in the middle of what may be a secret.
func (s *secrets) cutOff(text string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(text) < shortestCut {
		return false
	}
	return slices.ContainsFunc(s.cut[text[len(text)-shortestCut:]], func(begin string) bool { return strings.HasSuffix(text, begin) })
}

// hideAcross replaces the secrets that lie over the borders of lines, which
// are pieces of one text.
func (s *secrets) hideAcross(lines []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, v := range s.known {
		for from := 0; ; from += len(hidden) {
			text := strings.Join(lines, "")
			at := strings.Index(text[from:], v)
			if at < 0 {
				break
			}
			from += at
			cutOut(lines, from, from+len(v))
		}
	}
}

// cutOut takes the bytes from start to end of the joined lines away and marks
// where they were.
func cutOut(lines []string, start, end int) {
	mark := hidden
	offset := 0
	for i, line := range lines {
		from, to := max(start-offset, 0), min(end-offset, len(line))
		offset += len(line)
		if from < to {
			lines[i] = line[:from] + mark + line[to:]
			mark = ""
		}
	}
}

// list returns everything that is never shown.
func (s *secrets) list() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.known)
}

// writer returns w with secrets hidden in every Write. It remembers the first
// error, since much of what prints cannot do anything about one.
func (s *secrets) writer(w io.Writer) *hidingWriter { return &hidingWriter{secrets: s, w: w} }

type hidingWriter struct {
	secrets *secrets
	w       io.Writer
	mu      sync.Mutex
	err     error
}

func (h *hidingWriter) Write(p []byte) (int, error) {
	h.secrets.mu.RLock()
	replacer := h.secrets.replacer
	h.secrets.mu.RUnlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	if replacer == nil {
		_, err = h.w.Write(p)
	} else {
		_, err = io.WriteString(h.w, replacer.Replace(string(p)))
	}
	if err != nil {
		if h.err == nil {
			h.err = err
		}
		return 0, err
	}
	return len(p), nil
}

// failed is the first error of a Write.
func (h *hidingWriter) failed() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}
