package diagnose

import "bytes"

// withoutPrefix takes off what builders and CI systems write before a line.
// streamed says that it was that of a piece of output of E2B's.
func withoutPrefix(line []byte) (text []byte, streamed bool) {
	line = line[timestamp(line):]
	line = line[buildkit(line):]
	line = line[summary(line):]
	if len(line) > 8 && digit(line[0]) && bytes.Contains(line[:min(len(line), 16)], []byte("s ")) {
		line = line[len(logger.Find(line)):]
	}
	n := stream(line)
	return line[n:], n > 0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func digits(line []byte) int {
	n := 0
	for n < len(line) && digit(line[n]) {
		n++
	}
	return n
}

// timestamp is the length of "2006-01-02T15:04:05.000Z " at the start of line,
// which may be in brackets, as GitHub, GitLab and Jenkins write it.
func timestamp(line []byte) int {
	start := 0
	if len(line) > 0 && line[0] == '[' {
		start = 1
	}
	if t := line[start:]; len(t) < 20 || !digit(t[0]) || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' {
		return 0
	}
	end := bytes.IndexByte(line[:min(len(line), 40)], ' ')
	if end < 0 && len(line) < 40 {
		return len(line)
	}
	if end < 0 || start == 1 && line[end-1] != ']' {
		return 0
	}
	end++
	if t := line[end:]; len(t) > 4 && digit(t[0]) && digit(t[1]) && (t[2] == 'O' || t[2] == 'E') && (t[3] == ' ' || t[3] == '+') {
		end += 4 // GitLab's stream
	}
	return end
}

// buildkit is the length of "#12 3.45 " at the start of line.
func buildkit(line []byte) int {
	if len(line) < 6 || line[0] != '#' {
		return 0
	}
	n := 1 + digits(line[1:])
	if n == 1 || n >= len(line) || line[n] != ' ' {
		return 0
	}
	whole := digits(line[n+1:])
	n += 1 + whole
	if whole == 0 || n >= len(line) || line[n] != '.' {
		return 0
	}
	fraction := digits(line[n+1:])
	n += 1 + fraction
	if fraction > 0 && n == len(line) {
		return n
	}
	if fraction == 0 || n > len(line) || line[n] != ' ' {
		return 0
	}
	return n + 1
}

// summary is the length of "0.453 " at the start of line, as BuildKit repeats a
// failed step: four digits.
func summary(line []byte) int {
	whole := digits(line)
	if whole == 0 || whole+1 >= len(line) || line[whole] != '.' {
		return 0
	}
	fraction := digits(line[whole+1:])
	n := whole + 1 + fraction
	switch {
	case whole+fraction != 4 || fraction == 0:
	case n == len(line):
		return n
	case line[n] == ' ':
		return n + 1
	}
	return 0
}

// nested is the length of what package managers write before the output of a
// package's own scripts. Rules may know a line with it or without.
func nested(line []byte) int {
	for _, prefix := range []string{"npm error ", "npm ERR! "} {
		if bytes.HasPrefix(line, []byte(prefix)) {
			return len(prefix)
		}
	}
	for _, mark := range []string{"install: ", "postinstall: "} {
		if at := bytes.Index(line[:min(len(line), 160)], []byte(mark)); at > 0 && line[at-1] == ' ' && bytes.IndexByte(line[:at-1], ' ') < 0 {
			return at + len(mark)
		}
	}
	return 0
}

// stream is the length of "[builder 2/3] [stdout]: " at the start of line.
func stream(line []byte) int {
	if len(line) < 14 || line[0] != '[' {
		return 0
	}
	end := bytes.IndexByte(line[:min(len(line), 32)], ']')
	if end < 2 || !bytes.HasPrefix(line[end:], []byte("] [std")) {
		return 0
	}
	for _, c := range line[1:end] {
		if (c < 'a' || c > 'z') && !digit(c) && c != ' ' && c != '/' {
			return 0
		}
	}
	rest := line[end+len("] [std"):]
	for _, name := range []string{"out]:", "err]:"} {
		if bytes.HasPrefix(rest, []byte(name)) {
			return min(len(line), end+len("] [std")+len(name)+len(" "))
		}
	}
	return 0
}

// withoutEscapes takes terminal control sequences out of a line.
func withoutEscapes(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for {
		at := bytes.IndexByte(line, 0x1b)
		if at < 0 {
			return append(out, line...)
		}
		out = append(out, line[:at]...)
		line = line[at:]
		if n := escape(line); n > 0 {
			line = line[n:]
			continue
		}
		out, line = append(out, line[0]), line[1:]
	}
}

// escape is the length of the control sequence that s begins with, 0 without
// one.
func escape(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch c := s[1]; {
	case c == '[':
		return controlSequence(s)
	case c == ']':
		return controlText(s)
	case c == '(' || c == ')':
		return min(3, len(s))
	case c >= '@' && c <= '_' || c >= 'a' && c <= 'z' || digit(c) || c == '=' || c == '>':
		return 2
	}
	return 0
}

// controlSequence is the length of "ESC [ parameters letter".
func controlSequence(s []byte) int {
	i := 2
	for i < len(s) && s[i] >= '0' && s[i] <= '?' || i < len(s) && s[i] == '!' {
		i++
	}
	for i < len(s) && s[i] >= ' ' && s[i] <= '/' {
		i++
	}
	if i < len(s) && s[i] >= '@' && s[i] <= '~' {
		return i + 1
	}
	return 0
}

// controlText is the length of "ESC ] text", which ends with BEL, ESC \ or the line.
func controlText(s []byte) int {
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == 0x07:
			return i + 1
		case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == 0x1b:
			return i
		}
	}
	return len(s)
}
