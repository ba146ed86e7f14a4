package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

//go:embed page.html
var pageText string

// page is what the template of the page works with.
type page struct {
	Run       *Run
	Title     string
	Verdict   string
	Good      bool
	Took      string
	Ticks     []tick
	Templates []pageTemplate
	Problems  []pageProblem
	Logs      []pageLog
}

type tick struct {
	Left float64 // percent
	Text string
}

type pageTemplate struct {
	*Template
	Word    string // of its status
	Tone    string
	Took    string
	Usual   string
	Change  string // against what is usual
	Runs    []pageRun
	Rows    []row
	Batches string
	Checks  string
	Size    string
	Open    bool
	Changes []builder.Change
}

// pageRun is an earlier run, as a bar.
type pageRun struct {
	Height float64 // percent of the longest
	Tone   string
	Text   string
}

// row is one line of the waterfall.
type row struct {
	Name  string
	Tone  string
	Left  float64 // percent of the run
	Width float64
	Took  string
	Note  string
}

type pageProblem struct {
	Problem
	Head  string
	Lines []logLine // around what the finding rests on
}

type pageLog struct {
	ID, Name, File string
	Template       string
	Cut            int // lines at the beginning that are not shown
	Lines          []logLine
}

type logLine struct {
	ID   string
	Text string
	Hit  bool
}

// Page writes the run as one HTML page that needs nothing else.
func (r *Run) Page(w io.Writer) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, r.page())
}

func (r *Run) page() page {
	p := page{Run: r, Title: "e2bt " + r.Command, Verdict: r.verdict(), Good: !r.Ended.IsZero()}
	if !r.Ended.IsZero() {
		p.Took = clock(r.Ended.Sub(r.Started).Seconds())
	}
	s, usual := r.scale(), r.usual()
	p.Ticks, p.Logs = s.ticks(), r.logs()
	for _, t := range r.Templates {
		p.Templates = append(p.Templates, r.pageTemplate(t, s, usual[t.Name]))
	}
	for _, problem := range r.Ranked() {
		p.Good = p.Good && problem.Warning
		one := pageProblem{Problem: problem, Head: problem.Title}
		one.Lines = around(p.Logs, problem)
		p.Problems = append(p.Problems, one)
	}
	for i := range p.Templates {
		p.Templates[i].Open = len(p.Templates) <= 8 || p.Templates[i].Tone == "bad"
	}
	return p
}

// tones are the colours of the ends of builds.
var tones = map[builder.Status]string{
	builder.StatusReady: "good", builder.StatusUpToDate: "idle", builder.StatusNotStarted: "idle",
	builder.StatusError: "bad", builder.StatusTimeout: "bad", builder.StatusCancelled: "warn", "": "warn",
}

func (r *Run) pageTemplate(t *Template, s scale, usual float64) pageTemplate {
	out := pageTemplate{
		Template: t, Word: strings.Trim(statusWords[t.Status], "*"), Tone: tones[t.Status], Took: clock(t.Seconds()),
		Rows: r.rows(t, s), Batches: r.batchText(t), Checks: strings.ReplaceAll(r.checkText(t), "*", ""),
	}
	if t.Uploaded > 0 {
		out.Size = size(t.Uploaded)
	}
	if !t.Drift.Empty() {
		out.Changes = t.Drift.Changes
	}
	if usual > 0 {
		out.Usual = clock(usual)
		if t.Status == builder.StatusReady {
			out.Change = change(t.Seconds(), usual)
		}
	}
	out.Runs = r.pastRuns(t.Name)
	return out
}

// change says by how much something is longer or shorter than usual, where it
// is by more than a tenth.
func change(now, usual float64) string {
	part := (now - usual) / usual * 100
	if usual <= 0 || part > -10 && part < 10 {
		return ""
	}
	return fmt.Sprintf("%+.0f %%", part)
}

func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// shownRuns is how many earlier runs the page shows.
const shownRuns = 20

func (r *Run) pastRuns(name string) []pageRun {
	var all []Entry
	longest := 0.001
	for _, e := range r.Past {
		if e.Template == name && e.Command == r.Command && e.Status != builder.StatusUpToDate && e.Status != builder.StatusNotStarted {
			all = append(all, e)
		}
	}
	all = all[max(len(all)-shownRuns, 0):]
	for _, e := range all {
		longest = max(longest, e.Seconds)
	}
	out := make([]pageRun, len(all))
	for i, e := range all {
		text := fmt.Sprintf("%s: %s, %s", e.Time.UTC().Format("2006-01-02 15:04"), e.Status, clock(max(e.Seconds, 0.05)))
		out[i] = pageRun{Height: max(e.Seconds/longest*100, 6), Tone: tones[e.Status], Text: text}
	}
	return out
}

// scale is the time that the waterfall covers.
type scale struct {
	from time.Time
	span float64 // seconds
}

func (r *Run) scale() scale {
	s := scale{from: r.Started, span: 0.001}
	first := time.Time{}
	for _, t := range r.Templates {
		if !t.Started.IsZero() && (first.IsZero() || t.Started.Before(first)) {
			first = t.Started
		}
	}
	if !first.IsZero() {
		s.from = first
	}
	for _, t := range r.Templates {
		s.span = max(s.span, t.Ended.Sub(s.from).Seconds())
	}
	return s
}

// at is the percentage of the whole at which a moment is.
func (s scale) at(t time.Time) float64 {
	return min(max(t.Sub(s.from).Seconds()/s.span*100, 0), 100)
}

// ticks divides the time into a few round parts.
func (s scale) ticks() []tick {
	var out []tick
	for _, step := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200} {
		if s.span/step > 6 {
			continue
		}
		for at := 0.; at < s.span; at += step {
			out = append(out, tick{at / s.span * 100, tickText(at)})
		}
		break
	}
	return out
}

func tickText(s float64) string {
	switch {
	case s == 0:
		return "0"
	case s < 60:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", s), ".0") + "s"
	}
	return strings.TrimSuffix(fmt.Sprintf("%dm%02ds", int(s)/60, int(s)%60), "00s")
}

// rows are the waterfall of one template. The endpoint's clock may differ from
// ours: what would lie outside its build is moved into it.
func (r *Run) rows(t *Template, s scale) []row {
	var out []row
	usual := r.usualBatches(t.Name)
	for i, a := range t.Attempts {
		until := t.Ended
		if i+1 < len(t.Attempts) {
			until = t.Attempts[i+1].Started
		}
		if len(t.Attempts) > 1 {
			out = append(out, row{Name: fmt.Sprintf("attempt %d", a.Number), Tone: "frame", Left: s.at(a.Started), Width: s.at(until) - s.at(a.Started)})
		}
		out = append(out, attemptRows(a, until, s, usual)...)
	}
	for _, e := range t.Checks {
		tone := "check"
		if !*e.OK && !e.Skipped {
			tone = "bad"
		}
		from, took := began(e)
		out = append(out, row{Name: "check " + e.Name, Tone: tone, Left: s.at(from), Width: s.at(e.Time) - s.at(from), Took: clock(took)})
	}
	return out
}

// began is when the sandbox of a check was asked for, and the seconds since.
func began(check builder.Event) (from time.Time, took float64) {
	for _, part := range check.Timings {
		took += part
	}
	return check.Time.Add(-time.Duration(took * float64(time.Second))), took
}

func attemptRows(a *Attempt, until time.Time, s scale, usual map[string]float64) []row {
	var out []row
	shift := a.shift()
	if len(a.Steps) > 0 {
		first := a.Steps[0].Started.Add(shift)
		out = append(out, row{Name: "base", Tone: "base", Left: s.at(a.Started), Width: s.at(first) - s.at(a.Started), Took: clock(first.Sub(a.Started).Seconds())})
	}
	for _, step := range a.Steps {
		end := step.Ended
		if end.IsZero() {
			end = until.Add(-shift)
		}
		one := row{Name: step.Label, Tone: "step", Left: s.at(step.Started.Add(shift)), Took: clock(step.Seconds)}
		one.Width = s.at(end.Add(shift)) - one.Left
		switch {
		case step.Failed:
			one.Tone, one.Note = "bad", "failed"
		case step.Ended.IsZero():
			one.Tone, one.Note = "warn", "interrupted"
		case step.Cached:
			one.Tone, one.Note, one.Took = "cached", "cached", ""
		case usual[step.Batch] > 0:
			one.Note = change(step.Seconds, usual[step.Batch])
		}
		out = append(out, one)
	}
	return out
}

// shift is what the times of the steps are moved by, since the endpoint's clock
// is behind.
func (a *Attempt) shift() time.Duration {
	if len(a.Steps) == 0 || a.Started.IsZero() || !a.Steps[0].Started.Before(a.Started) {
		return 0
	}
	return a.Started.Sub(a.Steps[0].Started)
}

// usualBatches are the median times of the batches of a template that were
// built in earlier runs.
func (r *Run) usualBatches(template string) map[string]float64 {
	took := map[string][]float64{}
	for _, e := range r.Past {
		for _, b := range e.Batches {
			if e.Template == template && b.OK && !b.Cached {
				took[b.Name] = append(took[b.Name], b.Seconds)
			}
		}
	}
	return medians(took)
}

// nearLines is how many lines of the log before and after the evidence are
// shown with a finding.
const nearLines = 6

// around finds what a finding rests on in the log of its template: a line of
// output before one of a command's own text.
func around(logs []pageLog, p Problem) []logLine {
	if p.Check != "" {
		return nil
	}
	for _, before := range []string{" | ", ""} {
		for _, log := range slices.Backward(logs) {
			if log.Template != p.Template {
				continue
			}
			if i, ok := log.line(p.Finding.Evidence, before); ok {
				near := slices.Clone(log.Lines[max(i-nearLines, 0):min(i+nearLines+1, len(log.Lines))])
				near[min(i, nearLines)].Hit = true
				return near
			}
		}
	}
	return nil
}

// line finds the last line that ends with a text of the evidence after before.
func (l pageLog) line(evidence []diagnose.Evidence, before string) (int, bool) {
	for _, e := range evidence {
		text := strings.TrimSpace(e.Text)
		for i, line := range slices.Backward(l.Lines) {
			if text != "" && strings.HasSuffix(strings.TrimSpace(line.Text), before+text) {
				return i, true
			}
		}
	}
	return 0, false
}
