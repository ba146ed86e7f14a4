package main

import (
	"strings"

	"github.com/e2bt/e2bt/builder"
)

// longestSeam is how many lines are held back at most.
const longestSeam = 16

// seams hides secrets in log lines, also those that were cut in two: the log of
// a build breaks a text wherever the program paused. A line that ends in the
// middle of what may be a secret waits for the line after it.
type seams struct {
	secrets *secrets
	held    map[string][]builder.Event // by template
}

// pass hands e on, after those that have waited for it, or keeps it.
func (s *seams) pass(e builder.Event, on func(builder.Event)) {
	waiting := s.held[e.Template]
	e.Message = s.secrets.hide(e.Message)
	if e.Type != builder.EventLog {
		s.release(e.Template, on)
		on(e)
		return
	}
	if len(waiting) > 0 && waiting[0].Stream != e.Stream {
		s.release(e.Template, on)
		waiting = nil
	}
	if len(waiting) == 0 && !s.secrets.cutOff(e.Message) {
		on(e)
		return
	}
	s.hold(e, on)
}

// hold keeps e until it is clear whether its end is the beginning of a secret.
func (s *seams) hold(e builder.Event, on func(builder.Event)) {
	if s.held == nil {
		s.held = map[string][]builder.Event{}
	}
	all := append(s.held[e.Template], e)
	s.held[e.Template] = all
	lines := make([]string, len(all))
	for i := range all {
		lines[i] = all[i].Message
	}
	s.secrets.hideAcross(lines)
	for i := range all {
		all[i].Message = lines[i]
	}
	if len(all) == longestSeam || !s.secrets.cutOff(strings.Join(lines, "")) {
		s.release(e.Template, on)
	}
}

// release hands on what has waited.
func (s *seams) release(template string, on func(builder.Event)) {
	for _, e := range s.held[template] {
		if e.Message != "" { // nothing but the middle of a secret
			on(e)
		}
	}
	delete(s.held, template)
}
