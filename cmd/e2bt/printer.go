package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/e2bt/e2bt/builder"
)

// printer shows the events of a run as they come.
type printer interface {
	event(builder.Event)
	finding(found)
	close()
}

// jsonPrinter writes one object a line; findings are events like the others.
type jsonPrinter struct{ enc *json.Encoder }

func newJSONPrinter(w io.Writer) *jsonPrinter {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &jsonPrinter{enc}
}

func (p *jsonPrinter) event(e builder.Event) {
	if e.Type == builder.EventUpload {
		return
	}
	e.Message = clean(e.Message)
	_ = p.enc.Encode(e) // a reader that went away ends the process by SIGPIPE
}

func (p *jsonPrinter) finding(f found) {
	text, err := json.Marshal(f.Finding)
	if err != nil {
		text = nil
	}
	p.event(builder.Event{Type: builder.EventFinding, Time: f.at, Template: f.failure.Template.Name, Index: f.index(), Batch: f.batch(), Range: f.where.String(), Finding: text})
}

func (p *jsonPrinter) close() {}

// plainPrinter writes lines with template and batch as prefix.
type plainPrinter struct {
	w     io.Writer
	total map[string]int
	local bool
}

func newPlainPrinter(w io.Writer, local bool) *plainPrinter {
	return &plainPrinter{w: w, total: map[string]int{}, local: local}
}

func (p *plainPrinter) event(e builder.Event) {
	switch e.Type {
	case builder.EventBuildStart:
		p.total[e.Template] = e.Total
	case builder.EventLog:
		if e.Level == "debug" {
			return
		}
	}
	if line := describe(e, p.total[e.Template]); line != "" {
		fmt.Fprintln(p.w, line)
	}
}

func (p *plainPrinter) finding(found) {}
func (p *plainPrinter) close()        {}

// describe says what an event means in one line, or "" if it means nothing to
// a reader of lines.
func describe(e builder.Event, total int) string {
	switch e.Type {
	case builder.EventBuildStart:
		text := fmt.Sprintf("building: template %s, build %s", e.TemplateID, e.BuildID)
		if e.Attempt > 1 {
			text += fmt.Sprintf(", attempt %d", e.Attempt)
		}
		return prefix(e) + text
	case builder.EventUpload:
		if e.Sent < e.Total {
			return ""
		}
		return prefix(e) + fmt.Sprintf("uploaded %s, %s", clean(e.Message), bytesText(int64(e.Total)))
	case builder.EventStepStart:
		if *e.Cached {
			return ""
		}
		return prefix(e) + fmt.Sprintf("step %d/%d: %s", e.Index, total, oneLine(e.Message))
	case builder.EventStepEnd:
		return prefix(e) + fmt.Sprintf("step %d/%d: %s %s", e.Index, total, oneLine(e.Message), ending(e))
	case builder.EventLog:
		return prefix(e) + clean(e.Message)
	case builder.EventRetry:
		return prefix(e) + clean(e.Message)
	case builder.EventCheck:
		if *e.OK {
			return prefix(e) + fmt.Sprintf("check %s: ok in %s", e.Name, elapsed(e))
		}
		return prefix(e) + fmt.Sprintf("check %s: FAILED: %s", e.Name, clean(e.Message))
	case builder.EventBuildEnd:
		return prefix(e) + endText(e)
	}
	return ""
}

func prefix(e builder.Event) string {
	if e.Batch != "" {
		return e.Template + " " + e.Batch + " | "
	}
	return e.Template + " | "
}

func ending(e builder.Event) string {
	switch {
	case e.OK != nil && !*e.OK:
		return "FAILED after " + elapsed(e)
	case e.Cached != nil && *e.Cached:
		return "cached"
	}
	return "done in " + elapsed(e)
}

func endText(e builder.Event) string {
	switch e.Status {
	case builder.StatusReady:
		return fmt.Sprintf("ready in %s: template %s, build %s", elapsed(e), e.TemplateID, e.BuildID)
	case builder.StatusUpToDate:
		return "up to date"
	case builder.StatusNotStarted:
		return "not started"
	case builder.StatusTimeout:
		return "timed out after " + elapsed(e)
	case builder.StatusCancelled:
		return "interrupted after " + elapsed(e)
	}
	return "failed after " + elapsed(e)
}

func elapsed(e builder.Event) string {
	if e.Seconds == nil {
		return "0s"
	}
	return duration(time.Duration(*e.Seconds * float64(time.Second)))
}

// duration writes d the way a person says it: 0.42s, 12.3s, 4m05s.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	d = d.Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// bytesText writes a size in decimal units.
func bytesText(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/unit, "kMGT"
	for value >= unit && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, units[0])
}

// oneLine shortens text to one line that fits beside a progress bar.
func oneLine(s string) string {
	s = clean(s)
	for i, r := range s {
		if r == '\n' || i > 100 {
			return s[:i] + " ..."
		}
	}
	return s
}
