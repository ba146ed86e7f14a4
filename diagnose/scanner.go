package diagnose

import (
	"bytes"
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	maxEarly   = 64 << 10 // bytes that wait for the rules
	maxLine    = 64 << 10 // bytes of a line that are kept; the rest counts as another line
	maxWindow  = 4 << 10  // bytes that a regexp sees
	maxTail    = 160      // bytes of the lines before that are kept
	maxLiteral = 48       // bytes around a cut in which a literal is looked for
	maxTimes   = 3        // windows of a long line that one pattern is tried on
	maxFound   = 256      // literals that count in one line
	maxHits    = 8        // matches kept of a rule
	maxPending = 64       // matches that wait for further lines
	maxGlued   = 3        // pieces of output that are added to one that may have been cut
	maxTries   = 2_000    // regexps run for one pattern; a log that asks for more is hostile
)

// Scanner reads one log. It is an io.Writer; it keeps a bounded part of what it
// reads. It is not for use by several goroutines at once.
type Scanner struct {
	engine   *Engine
	context  Context
	early    []byte // read when the rules are needed
	rest     []byte // of an unfinished line
	line     int
	hits     [][]hit // by rule
	silenced []bool
	tries    []int
	found    []found
	tail     []byte // the end of the pieces before, for a message that was cut in two
	joined   []byte // the same with the piece that is being read
	before   int    // bytes of the last piece in tail
	joint    int    // where that piece begins in joined
	facts    map[string]string
	pending  []pending
	foreign  []int  // translations whose literals the line holds
	original []byte // the line that is being read, where it was translated
	streamed bool   // it is a piece of output, which need not end where a line does
}

// hit is one match of a rule.
type hit struct {
	line     int // 0: not in the log
	text     string
	captures map[string]string
	facts    map[string]string
}

// pending is a match that waits for further lines.
type pending struct {
	pattern int
	line    int
	first   string
	text    []byte
	left    int
	// glued marks a piece of output that may have been cut anywhere: text has
	// what follows without a blank between, spaced with one.
	glued  bool
	spaced []byte
}

// Scanner starts the reading of one log. What is known of the failure may be
// given now, or to FindingIn in the end.
func (e *Engine) Scanner(c Context) *Scanner {
	return &Scanner{engine: e, context: c, facts: map[string]string{}, line: 1}
}

// Write reads a part of the log; it never fails. Lines end with \n; a \r starts
// the same line anew, as it does on a terminal.
func (s *Scanner) Write(p []byte) (int, error) {
	if s.hits == nil && len(s.early)+len(p) <= maxEarly {
		s.early = append(s.early, p...)
		return len(p), nil
	}
	s.start()
	s.write(p)
	return len(p), nil
}

// start loads the rules and reads what was put by until they were needed.
func (s *Scanner) start() {
	if s.hits != nil {
		return
	}
	e := s.engine.loaded()
	s.hits, s.silenced = make([][]hit, len(e.rules)), make([]bool, len(e.rules))
	s.tries = make([]int, len(e.patterns))
	s.write(s.early)
	s.early = nil
}

func (s *Scanner) write(p []byte) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			s.keep(p)
			return
		}
		if len(s.rest) > 0 {
			s.keep(p[:end])
			s.read(s.rest)
			s.rest = s.rest[:0]
		} else {
			s.read(p[:end])
		}
		s.line++
		p = p[end+1:]
	}
}

// keep holds on to the start of a line; a line too long is read in parts.
func (s *Scanner) keep(p []byte) {
	for len(s.rest)+len(p) > maxLine {
		n := maxLine - len(s.rest)
		s.rest = append(s.rest, p[:n]...)
		s.read(s.rest)
		s.rest, p = s.rest[:0], p[n:]
	}
	s.rest = append(s.rest, p...)
}

// read takes a line apart at its \r and looks at each piece.
func (s *Scanner) read(line []byte) {
	for {
		piece, after, found := bytes.Cut(line, []byte{'\r'})
		for len(piece) > maxLine {
			s.piece(piece[:maxLine])
			piece = piece[maxLine:]
		}
		s.piece(piece)
		if !found {
			return
		}
		line = after
	}
}

func (s *Scanner) piece(raw []byte) {
	text, streamed := plain(raw)
	if len(text) == 0 {
		return
	}
	if isCode(text) {
		return
	}
	s.found, s.foreign, s.original, s.streamed = s.found[:0], s.foreign[:0], nil, streamed
	s.engine.literals.find(text, s.note)
	if len(s.foreign) > 0 && len(text) <= maxWindow {
		text = s.translate(text)
	}
	if len(s.pending) > 0 {
		s.feed(text)
	}
	if streamed {
		s.seam(text)
	}
	if len(s.found) > 0 {
		s.tryAll(text)
	}
}

// translate puts the line into English, where the catalogue knows its messages,
// and looks again for what it holds. Longer messages go first.
func (s *Scanner) translate(text []byte) []byte {
	all := s.engine.catalog
	slices.SortFunc(s.foreign, func(a, b int) int { return cmp.Or(len(all[b].source)-len(all[a].source), a-b) })
	english := string(text)
	for _, i := range slices.Compact(s.foreign) {
		english = all[i].apply(english)
	}
	english = strings.ReplaceAll(english, "：", ": ")
	if english == string(text) {
		return text
	}
	s.original, s.found = text, s.found[:0]
	s.engine.literals.find([]byte(english), s.note)
	return []byte(english)
}

// seam looks for what was cut in two: E2B sends what a command writes in
// pieces, which need not end where lines do.
func (s *Scanner) seam(text []byte) {
	cut := len(s.tail)
	s.tail = append(s.tail, text[:min(len(text), maxTail)]...)
	near := max(0, cut-maxLiteral)
	s.engine.literals.find(s.tail[near:min(len(s.tail), cut+maxLiteral)], func(id int32, start, end int) {
		if start+near < cut && end+near > cut && s.engine.patterns[id].purpose != translates {
			s.found = append(s.found, found{int(id), end + near, true})
		}
	})
	if len(s.found) > 0 {
		s.joined = append(s.joined[:0], s.tail...)
		s.joint = max(0, cut-s.before)
	}
	s.before = min(len(text), maxTail)
	s.tail = append(s.tail[:0], s.tail[max(0, len(s.tail)-maxTail):]...)
}

// found is a literal in the line that is being read.
type found struct {
	pattern, end int
	across       bool // it began in the piece before
}

func (s *Scanner) note(id int32, _, end int) {
	if p := &s.engine.patterns[id]; p.purpose == translates {
		if len(s.foreign) < maxFound {
			s.foreign = append(s.foreign, p.owner)
		}
		return
	}
	if s.tries[id]++; s.tries[id] <= maxTries && len(s.found) < maxFound {
		s.found = append(s.found, found{int(id), end, false})
	}
}

// tryAll runs the patterns whose literals a line holds, in the order in which
// they are written. Lines that repeat a command tell facts alone.
func (s *Scanner) tryAll(text []byte) {
	slices.SortStableFunc(s.found, func(a, b found) int { return a.pattern - b.pattern })
	echo := s.states() && isEcho(text)
	clean := withoutCommand(text)
	long, inner := len(clean) > maxWindow, nested(clean)
	times := 0
	for i, f := range s.found {
		times++
		if i == 0 || s.found[i-1].pattern != f.pattern || s.found[i-1].across != f.across {
			times = 0
		}
		if times > 0 && !long || times > maxTimes || echo && s.engine.patterns[f.pattern].purpose != tells {
			continue
		}
		if f.across {
			s.try(f.pattern, s.joined)
			if s.anchored(f.pattern) {
				s.try(f.pattern, s.joined[s.joint:])
			}
			continue
		}
		s.try(f.pattern, window(clean, min(f.end, len(clean))))
		if inner > 0 && !long && s.anchored(f.pattern) {
			s.try(f.pattern, clean[inner:])
		}
	}
}

// anchored says whether a pattern matches at the start of a line alone.
func (s *Scanner) anchored(id int) bool {
	return strings.HasPrefix(strings.TrimPrefix(s.engine.patterns[id].source, "(?i)"), "^")
}

// states says whether more than facts was found in the line.
func (s *Scanner) states() bool {
	return slices.ContainsFunc(s.found, func(f found) bool { return s.engine.patterns[f.pattern].purpose != tells })
}

// window is the part of a long line around the literal that ends at end.
func window(text []byte, end int) []byte {
	if len(text) <= maxWindow {
		return text
	}
	return text[max(0, end-maxWindow/2):min(len(text), end+maxWindow/2)]
}

func (s *Scanner) try(id int, text []byte) {
	p := &s.engine.patterns[id]
	if p.purpose == matches && len(s.hits[p.owner]) > maxHits || p.purpose == silences && s.silenced[p.owner] {
		return
	}
	shown := string(text)
	if s.original != nil {
		shown = string(s.original)
	}
	if len(s.pending) == maxPending {
		if p.join == 0 {
			s.match(id, s.line, shown, text)
		}
		return
	}
	if p.join > 0 {
		s.pending = append(s.pending, pending{pattern: id, line: s.line, first: shown, text: bytes.Clone(text), left: p.join})
	} else if !s.match(id, s.line, shown, text) && s.streamed && p.purpose == matches {
		s.pending = append(s.pending, pending{pattern: id, line: s.line, first: shown, text: bytes.Clone(text), left: maxGlued, glued: true, spaced: bytes.Clone(text)})
	}
}

// feed adds a line to the matches that wait for it.
func (s *Scanner) feed(text []byte) {
	kept := s.pending[:0]
	for _, w := range s.pending {
		if w.glued {
			if s.glue(&w, text) {
				kept = append(kept, w)
			}
			continue
		}
		w.text = append(append(w.text, ' '), bytes.TrimLeft(text[:min(len(text), maxWindow)], "│╰─▶├ \t")...)
		w.left--
		if w.left > 0 && len(w.text) < 2*maxWindow {
			kept = append(kept, w)
			continue
		}
		s.match(w.pattern, w.line, w.first, w.text)
	}
	clear(s.pending[len(kept):])
	s.pending = kept
}

// glue adds a piece to one that matched nothing yet, and says whether to go on.
func (s *Scanner) glue(w *pending, text []byte) bool {
	text = text[:min(len(text), maxTail)]
	w.text = append(w.text, text...)
	w.spaced = append(append(w.spaced, ' '), text...)
	w.left--
	return !s.match(w.pattern, w.line, w.first, w.spaced) && !s.match(w.pattern, w.line, w.first, w.text) && w.left > 0
}

// match runs a pattern over text, which began on the given line, and says
// whether it matched.
func (s *Scanner) match(id, line int, first string, text []byte) bool {
	p := &s.engine.patterns[id]
	re := p.compile()
	at := re.FindSubmatchIndex(text)
	if at != nil && hasSecret(text) {
		text = []byte(redact(string(text))) // so that no capture holds a secret
		at = re.FindSubmatchIndex(text)
	}
	if at == nil {
		return false
	}
	if p.purpose == matches && s.excepted(p.owner, text) {
		return true
	}
	switch p.purpose {
	case silences:
		s.silenced[p.owner] = true
	case takesBack:
		s.hits[p.owner] = nil
	case tells:
		f := s.engine.facts[p.owner]
		if f.First && s.facts[f.Name] != "" {
			return true
		}
		captures := named(re.SubexpNames(), at, text)
		s.facts[f.Name] = captures[f.Name]
		if !null(f.Value) {
			s.facts[f.Name] = (&scope{captures: captures}).text(f.Value)
		}
	case matches:
		s.add(p.owner, hit{line, first, named(re.SubexpNames(), at, text), maps.Clone(s.facts)})
	}
	return true
}

// add keeps a match. Patterns of one rule that match the same line make one.
func (s *Scanner) add(rule int, h hit) {
	hits := s.hits[rule]
	if n := len(hits); n > 0 && hits[n-1].line == h.line && hits[n-1].text == h.text {
		fill(hits[n-1].captures, h.captures)
		return
	}
	if len(hits) < maxHits {
		s.hits[rule] = append(hits, h)
	}
}

// fill adds what is missing in one map from another.
func fill(to, from map[string]string) {
	for k, v := range from {
		if to[k] == "" {
			to[k] = v
		}
	}
}

func (s *Scanner) excepted(rule int, text []byte) bool {
	if len(s.engine.rules[rule].Except) == 0 {
		return false
	}
	return slices.ContainsFunc(s.engine.except[rule](), func(re *regexp.Regexp) bool { return re.Match(text) })
}

func named(names []string, found []int, text []byte) map[string]string {
	captures := map[string]string{}
	for i, name := range names {
		if name == "" || found[2*i] < 0 || captures[name] != "" {
			continue
		}
		captures[name] = cut(redact(printable(string(text[found[2*i]:found[2*i+1]]))), maxEvidence)
	}
	return captures
}

// Finding says what went wrong in what was read so far, never nil.
func (s *Scanner) Finding() *Finding { return s.FindingIn(s.context) }

// FindingIn is Finding with what is known only after the log's end. More may be
// written afterwards.
func (s *Scanner) FindingIn(c Context) *Finding {
	s.start()
	s.finish()
	s.reason(c.Reason)
	s.command(c.Command)
	return s.engine.choose(s, c)
}

// finish looks at the unfinished line and at the matches that wait.
func (s *Scanner) finish() {
	if len(s.rest) > 0 {
		s.read(s.rest)
		s.rest = s.rest[:0]
	}
	for _, w := range s.pending {
		s.match(w.pattern, w.line, w.first, w.text)
	}
	s.pending = nil
}

// command takes facts from the failed step's own text; what it says is no
// failure.
func (s *Scanner) command(text string) {
	line := s.line
	s.line = 0
	for l := range strings.Lines(text) {
		s.read([]byte(commandMark + l))
	}
	s.line = line
}

// reason reads the API's own words as if they were the log's last line.
func (s *Scanner) reason(text string) {
	if text == "" {
		return
	}
	line := s.line
	s.line = 0
	for _, l := range bytes.Split(withoutCommand([]byte(text)), []byte{'\n'}) { // a command may have several lines
		s.read(l)
	}
	s.finish()
	s.line = line
}
