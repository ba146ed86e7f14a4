package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

// printer shows the events of a run as they come. Their messages are clean.
type printer interface {
	event(builder.Event)
	finding(found)
	close()
}

// jsonPrinter writes one object a line; findings are events like the others.
type jsonPrinter struct{ w io.Writer }

func newJSONPrinter(w io.Writer) *jsonPrinter { return &jsonPrinter{w} }

func (p *jsonPrinter) event(e builder.Event) {
	switch {
	case e.Type == builder.EventUpload:
		return
	case e.Type == builder.EventBuildEnd && e.Status == builder.StatusNotStarted: // the contract's five words have none for it
		e.Status, e.Message = builder.StatusCancelled, "not started"
	}
	if line, err := e.MarshalJSON(); err == nil { // an Encoder would read all of it once more
		_, _ = p.w.Write(escape(line)) // the output remembers its own errors
	}
}

// inline puts a finding's fields among those of an event.
type inline diagnose.Finding

func (p *jsonPrinter) finding(f found) {
	_ = encoder(p.w).Encode(struct {
		Type     string    `json:"type"`
		Time     time.Time `json:"time"`
		Template string    `json:"template"`
		Index    int       `json:"index"`
		Batch    string    `json:"batch"`
		Range    string    `json:"range"`
		Log      string    `json:"log_file"`
		inline
		Finding diagnose.Finding `json:"finding"` // once more as one value, to be handed on
	}{builder.EventFinding, f.at, f.failure.Template.Name, f.index(), f.batch(), f.where.String(), f.log, inline(f.Finding), f.Finding})
}

func (p *jsonPrinter) close() {}

// plainPrinter writes lines with template and batch as prefix.
type plainPrinter struct {
	w     io.Writer
	total map[string]int
}

func newPlainPrinter(w io.Writer) *plainPrinter {
	return &plainPrinter{w: w, total: map[string]int{}}
}

func (p *plainPrinter) event(e builder.Event) {
	if e.Type == builder.EventBuildStart {
		p.total[e.Template] = e.Total
	}
	if text := describe(e, p.total[e.Template]); text != "" {
		_, _ = io.WriteString(p.w, text)
	}
}

func (p *plainPrinter) finding(found) {}
func (p *plainPrinter) close()        {}

// describe says what an event means in whole lines, each with its prefix, or
// "" if it means nothing to a reader of lines.
func describe(e builder.Event, total int) string {
	text := eventText(e, total)
	if text == "" {
		return ""
	}
	prefix := e.Template + " | "
	if e.Batch != "" {
		prefix = e.Template + " " + e.Batch + " | "
	}
	return prefix + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+prefix) + "\n"
}

// eventTexts says what an event means, by its type.
var eventTexts = map[string]func(e builder.Event, total int) string{
	builder.EventBuildStart: startText,
	builder.EventUpload: func(e builder.Event, _ int) string {
		if e.Sent < e.Total {
			return ""
		}
		return fmt.Sprintf("uploaded %s, %s", e.Message, bytesText(int64(e.Total)))
	},
	builder.EventStepStart: func(e builder.Event, total int) string {
		if *e.Cached {
			return ""
		}
		return stepLabel(e, total)
	},
	builder.EventStepEnd: func(e builder.Event, total int) string {
		return stepLabel(e, total) + " " + ending(e)
	},
	builder.EventLog:   func(e builder.Event, _ int) string { return logText(e) },
	builder.EventRetry: func(e builder.Event, _ int) string { return e.Message },
	builder.EventCheck: func(e builder.Event, _ int) string {
		switch {
		case e.Skipped:
			return fmt.Sprintf("check %s: skipped: %s", e.Name, e.Message)
		case *e.OK && e.Message != "":
			return fmt.Sprintf("check %s: ok in %s: %s", e.Name, elapsed(e), e.Message)
		case *e.OK:
			return fmt.Sprintf("check %s: ok in %s", e.Name, elapsed(e))
		}
		return fmt.Sprintf("check %s: FAILED: %s", e.Name, e.Message)
	},
	builder.EventSource:   func(e builder.Event, _ int) string { return e.Name + " is set to come from " + e.Message },
	builder.EventDrift:    func(e builder.Event, _ int) string { return driftText(e.Drift) },
	builder.EventWarning:  func(e builder.Event, _ int) string { return "warning: " + e.Message },
	builder.EventBuildEnd: func(e builder.Event, _ int) string { return endText(e) },
}

func eventText(e builder.Event, total int) string {
	if text, ok := eventTexts[e.Type]; ok {
		return text(e, total)
	}
	return ""
}

// stepLabel counts a step and says what it is; a batch is in the prefix already.
func stepLabel(e builder.Event, total int) string {
	text := fmt.Sprintf("step %d/%d", e.Index, total)
	if e.Batch == "" {
		text += ": " + oneLine(e.Message)
	}
	return text
}

func startText(e builder.Event, _ int) string {
	text := fmt.Sprintf("building: template %s, build %s", e.TemplateID, e.BuildID)
	if e.Attempt > 1 {
		text += fmt.Sprintf(", attempt %d", e.Attempt)
	}
	return text
}

// layerHash ends the builder's own lines: it says nothing to people.
var layerHash = regexp.MustCompile(` \[[0-9a-f]{64}\]$`)

func logText(e builder.Event) string {
	switch {
	case quiet(e):
		return ""
	case e.Stream == "" && strings.HasSuffix(e.Message, "]"):
		return layerHash.ReplaceAllString(e.Message, "")
	}
	return e.Message
}

// quiet reports whether a log line is for the log file alone: what only the
// makers of the endpoint care for, and what other events say better.
func quiet(e builder.Event) bool {
	return e.Level == "debug" || e.Stream == "" && (strings.HasPrefix(e.Message, "Build failed: ") || strings.HasPrefix(e.Message, "Building template "))
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
