package source

import "bytes"

// step passes one token, or part of one, of a block's body.
func (s *scanner) step() bool {
	if n := len(s.texts); n > 0 && len(s.outer) < n {
		if s.texts[n-1].marker == "" {
			return s.quoted()
		}
		return s.heredoc()
	}
	c := s.src[s.at]
	if s.fresh && s.item(c) {
		return true
	}
	switch c {
	case '{':
		s.braces++
		s.at++
	case '}':
		s.closeBrace()
	case '"':
		s.texts = append(s.texts, text{braces: s.braces})
		s.at++
	case '#', '/':
		if c == '#' || s.peek(1) == '/' || s.peek(1) == '*' {
			return s.comment()
		}
		s.at++
	case '<':
		return s.openHeredoc()
	case '\n':
		s.fresh = s.braces == 1 && len(s.texts) == 0
		s.at++
	default:
		if isIdent(c) { // as a whole, so that 1e<<x and the like stay what they are
			for s.at < len(s.src) && isIdent(s.src[s.at]) {
				s.at++
			}
			break
		}
		s.at++
	}
	return true
}

// item looks at the beginning of an argument or block of the body; it reports
// whether it passed something.
func (s *scanner) item(c byte) bool {
	switch {
	case c == ' ' || c == '\t' || c == '\r':
		s.at++
		return true
	case c == '/' && s.peek(1) == '*':
		return s.comment()
	case !isIdent(c):
		s.fresh = c == '\n' || c == '#' || c == '/'
		return false
	}
	s.fresh = false
	start := s.at
	name := s.ident()
	s.spaces()
	if s.peek(0) == '=' && s.peek(1) != '=' {
		for _, want := range s.want {
			if name == want {
				rest := s.src[s.at+1:]
				if end := bytes.IndexByte(rest, '\n'); end >= 0 {
					rest = rest[:end]
				}
				s.args = append(s.args, Arg{name, string(rest)})
			}
		}
	}
	return s.at > start
}

// closeBrace ends a block or object, or goes back into a text.
func (s *scanner) closeBrace() {
	s.at++
	s.braces--
	if n := len(s.outer); n > 0 && s.outer[n-1] == s.braces {
		s.outer = s.outer[:n-1]
	}
}

// sequence passes "${" or "%{" in a text, or what only looks like one. It
// reports whether it passed anything.
func (s *scanner) sequence() bool {
	c := s.src[s.at]
	if c != '$' && c != '%' {
		return false
	}
	switch {
	case s.peek(1) == '{':
		s.outer = append(s.outer, s.braces)
		s.braces++
		s.at += 2
	case s.peek(1) == c && s.peek(2) == '{':
		s.at += 3
	default:
		s.at++
	}
	return true
}

// quoted passes a part of a quoted string.
func (s *scanner) quoted() bool {
	if s.sequence() {
		return true
	}
	switch s.src[s.at] {
	case '"':
		s.texts = s.texts[:len(s.texts)-1]
		s.at++
	case '\\':
		s.at += 2
	case '\n', '\r':
		return false
	default:
		s.at++
	}
	return true
}

// openHeredoc passes "<<MARKER" with its newline, or a mere "<".
func (s *scanner) openHeredoc() bool {
	if s.peek(1) != '<' {
		s.at++
		return true
	}
	before := s.at
	s.at += 2
	if s.peek(0) == '-' {
		s.at++
	}
	marker := s.ident()
	if s.peek(0) == '\r' {
		s.at++
	}
	if marker == "" || s.peek(0) != '\n' {
		s.at = before
		return false // no valid text has two of them
	}
	s.at++
	s.texts = append(s.texts, text{marker: marker, braces: s.braces, start: true})
	return true
}

// heredoc passes a part of a heredoc: a line, or the part of one before "${".
func (s *scanner) heredoc() bool {
	top := &s.texts[len(s.texts)-1]
	if top.start {
		line := s.src[s.at:]
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			return false // the library wants a newline after the marker
		}
		if string(bytes.TrimSpace(line[:end])) == top.marker {
			s.at += end // the newline is the body's
			s.texts = s.texts[:len(s.texts)-1]
			return true
		}
		top.start = false
	}
	if s.sequence() {
		return true
	}
	if s.src[s.at] == '\n' {
		top.start = true
	}
	s.at++
	return true
}
