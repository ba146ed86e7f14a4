package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected reports")

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

func ptr[T any](v T) *T { return &v }

// nightly is a run in which one template passes after a retry, one fails, one
// is not reached, and one fails its check; what it says tries to break out of
// every form.
func nightly(t *testing.T) *Run {
	t.Helper()
	log := filepath.Join(t.TempDir(), "web.log")
	text := "02:00:01.000 npm | step npm\n02:00:01.000 npm | [builder 1/2] RUN set -e\necho bash: webpack: command not found\n02:00:02.000 npm | <script>alert('log')</script> & ]]> ``` \n02:00:03.000 npm | bash: webpack: command not found\n02:00:04.000 npm | the end\n"
	if err := os.WriteFile(log, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &Run{Command: "build", ID: "00ff", Version: "1.2.3", Endpoint: "https://api.example", Started: start}
	for _, p := range []struct {
		name    string
		batches []string
		check   string
	}{{"agent", []string{"system", "pip"}, "sdk"}, {"web", []string{"npm", "later"}, ""}, {"on-web", []string{"x"}, ""}} {
		one := r.template(p.name)
		one.Base, one.Mirror, one.Place = "python:3.12-slim", "none", Place{File: "e2bt.hcl", Line: 1}
		for i, b := range p.batches {
			one.Planned = append(one.Planned, Planned{Name: b, Batch: true, Digest: "d" + b, Place: Place{File: "e2bt.hcl", Line: 2 + i, EndLine: 2 + i}})
		}
		if p.check != "" {
			one.Wanted = []Planned{{Name: p.check, Place: Place{File: "e2bt.hcl", Line: 9}}}
		}
	}
	step := func(kind, template, batch string, index int, at float64, cached, ok bool, took float64) {
		e := builder.Event{Type: kind, Template: template, Batch: batch, Index: index, Message: batch, Time: after(at), Cached: &cached, Seconds: &took}
		if !ok {
			e.OK = &ok
		}
		r.Event(e)
	}
	r.Event(builder.Event{Type: builder.EventBuildStart, Template: "agent", TemplateID: "t1", BuildID: "b1", Attempt: 1, Time: after(0)})
	step(builder.EventStepStart, "agent", "system", 1, 1, false, true, 0)
	step(builder.EventStepEnd, "agent", "system", 1, 11, false, true, 10)
	step(builder.EventStepStart, "agent", "pip", 2, 11, false, true, 0)
	step(builder.EventStepEnd, "agent", "pip", 2, 14, false, false, 3)
	r.Failed("agent", diagnose.Network)
	r.Event(builder.Event{Type: builder.EventRetry, Template: "agent", Batch: "pip", Message: "retry 1 of 2 in 2s", Time: after(14)})
	r.Event(builder.Event{Type: builder.EventBuildStart, Template: "agent", TemplateID: "t1", BuildID: "b2", Attempt: 2, Time: after(16)})
	step(builder.EventStepStart, "agent", "system", 1, 16, true, true, 0)
	step(builder.EventStepEnd, "agent", "system", 1, 16, true, true, 0)
	step(builder.EventStepStart, "agent", "pip", 2, 16, false, true, 0)
	step(builder.EventStepEnd, "agent", "pip", 2, 26, false, true, 10)
	r.Event(builder.Event{Type: builder.EventCheck, Template: "agent", Name: "sdk", OK: ptr(true), Seconds: ptr(1.5), Time: after(30), Timings: map[string]float64{"create": 1, "check": 1.5}})
	r.Event(builder.Event{Type: builder.EventBuildEnd, Template: "agent", TemplateID: "t1", BuildID: "b2", Status: builder.StatusReady, Seconds: ptr(31.), Time: after(31)})

	r.Event(builder.Event{Type: builder.EventBuildStart, Template: "web", TemplateID: "t2", BuildID: "b3", Attempt: 1, Time: after(0)})
	r.Log("web", log)
	step(builder.EventStepStart, "web", "npm", 1, 1, false, true, 0)
	step(builder.EventStepEnd, "web", "npm", 1, 4, false, false, 3)
	r.Event(builder.Event{Type: builder.EventBuildEnd, Template: "web", Status: builder.StatusError, Seconds: ptr(4.), Time: after(4)})
	r.Problem(Problem{
		Kind: KindBuild, Template: "web", Batch: "npm", Phase: "step", Title: "Build of web failed: command_not_found",
		Advice: "The command webpack is not there.\n\nFix: 100% | <b>, a_b*c` [x](http://x.example)\nSecond line", Place: Place{"e2bt.hcl", 2, 5, 2, 30},
		Log:     []string{"The last lines of the log:", "  ```", "  ::error::]]> <script>alert(1)</script>"},
		Finding: diagnose.Finding{Category: diagnose.CommandNotFound, Subject: "webpack", Summary: "The command webpack is not there.", Evidence: []diagnose.Evidence{{Line: 2, Text: "bash: webpack: command not found"}}},
	})
	r.Event(builder.Event{Type: builder.EventBuildEnd, Template: "on-web", Status: builder.StatusNotStarted, Seconds: ptr(0.), Time: after(4)})
	r.Problem(Problem{Kind: KindMistake, Warning: true, Title: "Timeouts add up", Advice: "It may take too long.", Place: Place{"dir,a:b/e2bt.hcl", 7, 1, 9, 2}})
	r.End(after(31))
	return r
}

// TestReports compares every form with what is expected of it.
func TestReports(t *testing.T) {
	r := nightly(t)
	for name, write := range map[string]func(io.Writer) error{
		"junit.xml": r.JUnit, "summary.md": r.Markdown, "annotations.txt": r.Annotate, "quality.json": r.CodeQuality, "trace.json": r.Trace,
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
	}
}

// TestReportsParse reads the forms back, with everything hostile in them.
func TestReportsParse(t *testing.T) {
	r := nightly(t)
	var text bytes.Buffer
	if err := r.JUnit(&text); err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(text.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	failure := suites.Suites[1].Cases[0].Failure
	if failure == nil || !strings.Contains(failure.Text, "::error::]]> <script>alert(1)</script>") {
		t.Errorf("the failure of web is %+v; want its log as it was", failure)
	}
	text.Reset()
	if err := r.Annotate(&text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") {
			t.Errorf("annotations have the line %q", line)
		}
	}
	text.Reset()
	if err := r.Page(&text); err != nil {
		t.Fatal(err)
	}
	if page := text.String(); strings.Contains(page, "<script>alert") || strings.Count(page, "<script>") != 1 {
		t.Errorf("the page runs a script of the log")
	} else if !strings.Contains(page, `<span class="hit">02:00:03.000 npm | bash: webpack: command not found</span>`) {
		t.Errorf("the page does not show the log around the finding")
	}
}

// TestTrace: every span is in the one trace and has a parent that is there.
func TestTrace(t *testing.T) {
	r := nightly(t)
	r.Parent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	var text bytes.Buffer
	if err := r.Trace(&text); err != nil {
		t.Fatal(err)
	}
	var traces otlpTraces
	if err := json.Unmarshal(text.Bytes(), &traces); err != nil {
		t.Fatal(err)
	}
	spans := traces.ResourceSpans[0].ScopeSpans[0].Spans
	known := map[string]bool{"0123456789abcdef": true}
	for _, s := range spans {
		if s.TraceID != "0123456789abcdef0123456789abcdef" || !known[s.ParentID] || known[s.SpanID] || s.End < s.Start {
			t.Errorf("span %q of trace %s below %q from %s to %s; want it in the caller's trace, below one before it", s.Name, s.TraceID, s.ParentID, s.Start, s.End)
		}
		known[s.SpanID] = true
	}
	if len(spans) < 8 {
		t.Errorf("%d spans; want run, templates, batches and checks", len(spans))
	}
}

// TestNotEnded: what is written before a run says that it did not come to an end.
func TestNotEnded(t *testing.T) {
	r := &Run{Command: "build", ID: "00ff", Started: start}
	for name, write := range map[string]func(io.Writer) error{"JUnit": r.JUnit, "Markdown": r.Markdown, "Page": r.Page} {
		var text bytes.Buffer
		if err := write(&text); err != nil || !strings.Contains(text.String(), "did not come to an end") {
			t.Errorf("%s of a run that goes on = %q, %v; want that it did not come to an end", name, text.String(), err)
		}
	}
}

// TestFixedEntry: what --fix has edited between two attempts makes no batch flaky.
func TestFixedEntry(t *testing.T) {
	r := nightly(t)
	b := r.Entries()[0].Batches[1]
	want := BatchEntry{Name: "pip", Digest: "dpip", Seconds: 10, OK: true, Attempts: 2, Category: diagnose.Network}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("the batch differs (-want +got):\n%s", diff)
	}
	r.template("agent").earlier = 1
	want.Attempts, want.Category = 1, ""
	if diff := cmp.Diff(want, r.Entries()[0].Batches[1]); diff != "" {
		t.Errorf("after an edit the batch differs (-want +got):\n%s", diff)
	}
}

// TestCases: how a batch ended, in every way that it can.
func TestCases(t *testing.T) {
	done := Step{Batch: "x", Label: "x", Started: after(1), Ended: after(2), Seconds: 1}
	cached, failed, running := done, done, Step{Batch: "x", Label: "x", Started: after(1)}
	cached.Cached, failed.Failed = true, true
	for _, tt := range []struct {
		name   string
		status builder.Status
		steps  []Step // of one attempt each
		want   []string
	}{
		{"passed", builder.StatusReady, []Step{done}, []string{"batch x: passed"}},
		{"cached", builder.StatusReady, []Step{cached}, []string{"batch x: passed, cached"}},
		{"retried", builder.StatusReady, []Step{failed, done}, []string{"batch x: passed, passed in attempt 2"}},
		{"failed", builder.StatusError, []Step{failed}, []string{"batch x: failed, failed"}},
		{"up to date", builder.StatusUpToDate, nil, []string{"batch x: skipped, up to date"}},
		{"not started", builder.StatusNotStarted, nil, []string{"batch x: skipped, not started"}},
		{"interrupted", builder.StatusCancelled, []Step{running}, []string{"batch x: error, interrupted while it ran", "build: error, interrupted"}},
		{"killed", "", nil, []string{"batch x: skipped, not reached", "build: error, did not come to an end"}},
	} {
		one := &Template{Name: "app", Status: tt.status, Planned: []Planned{{Name: "copy a"}, {Name: "x", Batch: true}}}
		for i := range tt.steps {
			one.Attempts = append(one.Attempts, &Attempt{Number: i + 1, Steps: []*Step{&tt.steps[i]}})
		}
		var got []string
		for _, c := range (&Run{Command: "build"}).Cases(one) {
			text := c.Name + ": " + string(c.State)
			if c.Why != "" {
				text += ", " + c.Why
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: cases differ (-want +got):\n%s", tt.name, diff)
		}
	}
}
