package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

var (
	exitStatus = regexp.MustCompile(`(?i)(?:exit status|exit code|status code|returned a non-zero code|exited with)[: ]+(\d{1,3})\b`)
	killed     = regexp.MustCompile(`signal: killed`)
)

// candidate is a rule that may explain the failure.
type candidate struct {
	rule  *Rule
	hits  []hit
	order int
	scope *scope
}

// choose picks the root cause: of the rules that matched, the one with the
// highest priority, and of these the earliest in the log.
func (e *Engine) choose(s *Scanner, c Context) *Finding {
	all := e.candidates(s, c)
	if len(all) == 0 {
		return unknown(c)
	}
	return e.finding(all[0])
}

// candidates are the rules that may explain the failure, the best first.
func (e *Engine) candidates(s *Scanner, c Context) []candidate {
	if c.ExitCode <= 0 {
		c.ExitCode = exitCodeOf(c.Reason)
	}
	if inner := exitCodeOf(s.facts["inner_exit"]); inner > 0 && c.ExitCode <= 1 {
		c.ExitCode = inner // of the command, where the outer one is a builder's
	}
	var all []candidate
	for i := range e.rules {
		if found, ok := e.candidate(s, i, c); ok {
			all = append(all, found)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.rule.Priority, a.rule.Priority), cmp.Compare(a.line(), b.line()), cmp.Compare(a.order, b.order))
	})
	return all
}

func (e *Engine) candidate(s *Scanner, i int, c Context) (candidate, bool) {
	r := &e.rules[i]
	if s.silenced[i] || len(r.Match) > 0 && len(s.hits[i]) == 0 {
		return candidate{}, false
	}
	if len(r.ExitCodes) > 0 && !slices.Contains(r.ExitCodes, c.ExitCode) && (c.ExitCode > 0 || len(r.Match) == 0) {
		return candidate{}, false
	}
	hits := s.hits[i]
	if len(hits) == 0 {
		hits = []hit{{facts: s.facts}}
	}
	for n, h := range hits {
		sc := newScope(h, s.facts, c)
		if null(r.When) || sc.truth(r.When) {
			for _, later := range hits[n+1:] {
				fill(sc.captures, later.captures)
			}
			return candidate{r, hits[n:], i, sc}, true
		}
	}
	return candidate{}, false
}

// line is where the candidate was seen; what is not in the log comes last.
func (c candidate) line() int {
	if n := c.hits[0].line; n > 0 {
		return n
	}
	return int(^uint(0) >> 1)
}

func exitCodeOf(reason string) int {
	if m := exitStatus.FindStringSubmatch(reason); m != nil {
		n, _ := strconv.Atoi(m[1]) // three digits at most
		return n
	}
	if killed.MatchString(reason) {
		return 137
	}
	return 0
}

func (e *Engine) finding(c candidate) *Finding {
	r, s := c.rule, c.scope
	kind := e.categories[r.Category]
	f := &Finding{
		Category: r.Category, Tool: s.text(r.Tool), Subject: s.text(r.Subject), Version: s.text(r.Version),
		Retryable: kind.Retryable, Confidence: cmp.Or(r.Confidence, "high"),
		Summary: s.say(r.Summary, r.SummaryZH), Detail: s.say(r.Detail, r.DetailZH), Evidence: []Evidence{}, Fixes: []Fix{},
	}
	if r.Retryable != nil {
		f.Retryable = *r.Retryable
	}
	if f.Tool == "" {
		f.Tool = s.facts["tool"]
	}
	for _, h := range c.hits[:min(len(c.hits), 3)] {
		if h.line > 0 {
			f.Evidence = append(f.Evidence, Evidence{h.line, evidence(h.text)})
		}
	}
	f.Fixes = append(s.fixes(r.Fixes, f), s.fixes(kind.Fixes, f)...)
	if len(f.Fixes) > 4 {
		f.Fixes = f.Fixes[:4]
	}
	return f
}

func unknown(c Context) *Finding {
	summary, detail, title := "The cause is not known: no rule explains this log.", "The command ended with exit code %d.", "Read the last lines of the log."
	if c.Language == "zh" {
		summary, detail, title = "原因不明：没有规则能解释这份日志。", "命令的退出码是 %d。", "请查看日志的最后几行。"
	}
	f := &Finding{Category: Unknown, Confidence: "low", Summary: summary, Evidence: []Evidence{}, Fixes: []Fix{{Title: title, Edits: []Edit{}}}}
	if c.ExitCode > 0 {
		f.Detail = fmt.Sprintf(detail, c.ExitCode)
	}
	return f
}
