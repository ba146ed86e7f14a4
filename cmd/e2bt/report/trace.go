package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/e2bt/e2bt/builder"
)

// The parts of OTLP's JSON that a run needs.
type (
	otlpTraces struct {
		ResourceSpans []otlpResource `json:"resourceSpans"`
	}
	otlpResource struct {
		Resource struct {
			Attributes []otlpAttribute `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []otlpScope `json:"scopeSpans"`
	}
	otlpScope struct {
		Scope struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpSpan struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		ParentID   string          `json:"parentSpanId,omitempty"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		Start      string          `json:"startTimeUnixNano"`
		End        string          `json:"endTimeUnixNano"`
		Attributes []otlpAttribute `json:"attributes"`
		Status     otlpStatus      `json:"status"`
	}
	otlpAttribute struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	otlpValue struct {
		String *string `json:"stringValue,omitempty"`
		Bool   *bool   `json:"boolValue,omitempty"`
		Int    *string `json:"intValue,omitempty"` // 64 bits are text in OTLP's JSON
	}
	otlpStatus struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
)

const (
	spanInternal = 1
	spanOK       = 1
	spanError    = 2
)

// tracer makes the spans of one run.
type tracer struct {
	run     *Run
	traceID string
	spans   []otlpSpan
}

// traceParent is what a caller hands on in TRACEPARENT.
var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}`)

// Trace writes the run, its templates, and of those the batches and checks as
// spans in OTLP's JSON, for any collector. They are part of the trace that
// Parent names, where it does.
func (r *Run) Trace(w io.Writer) error {
	t := &tracer{run: r, traceID: r.identity("trace", 16)}
	parent := ""
	if m := traceParent.FindStringSubmatch(r.Parent); m != nil {
		t.traceID, parent = m[1], m[2]
	}
	end := r.Ended
	if end.IsZero() {
		end = r.Started
	}
	root := t.add(parent, "e2bt "+r.Command, r.Started, end, r.status(), text("e2bt.run", r.ID), text("e2bt.endpoint", r.Endpoint))
	for _, one := range r.Templates {
		t.template(root, one)
	}
	var out otlpResource
	out.Resource.Attributes = []otlpAttribute{text("service.name", "e2bt"), text("service.version", r.Version)}
	scope := otlpScope{Spans: t.spans}
	scope.Scope.Name, scope.Scope.Version = "e2bt", r.Version
	out.ScopeSpans = []otlpScope{scope}
	return json.NewEncoder(w).Encode(otlpTraces{[]otlpResource{out}})
}

// status is that of the whole run.
func (r *Run) status() otlpStatus {
	for _, p := range r.Ranked() {
		if !p.Warning {
			return otlpStatus{spanError, p.Title}
		}
	}
	if r.Ended.IsZero() {
		return otlpStatus{}
	}
	return otlpStatus{Code: spanOK}
}

func (t *tracer) template(root string, one *Template) {
	if one.Started.IsZero() || one.Ended.IsZero() {
		return
	}
	status := otlpStatus{Code: spanOK}
	switch {
	case len(one.Problems) > 0:
		status = otlpStatus{spanError, one.Problems[0].Title}
	case one.Status == builder.StatusCancelled:
		status = otlpStatus{spanError, "interrupted"}
	}
	id := t.add(root, "template "+one.Name, one.Started, one.Ended, status,
		text("e2bt.template", one.Name), text("e2bt.template_id", one.TemplateID), text("e2bt.build_id", one.BuildID),
		text("e2bt.status", string(one.Status)), text("e2bt.mirror", one.Mirror), text("e2bt.base", one.Base))
	for i, a := range one.Attempts {
		until := one.Ended
		if i+1 < len(one.Attempts) {
			until = one.Attempts[i+1].Started
		}
		t.attempt(id, one, a, until)
	}
	for _, e := range one.Checks {
		from, _ := began(e)
		status := otlpStatus{Code: spanOK}
		if !*e.OK && !e.Skipped {
			status = otlpStatus{spanError, e.Message}
		}
		t.add(id, "check "+e.Name, from, e.Time, status, truth("e2bt.skipped", e.Skipped))
	}
}

func (t *tracer) attempt(parent string, one *Template, a *Attempt, until time.Time) {
	shift := a.shift()
	for _, s := range a.Steps {
		end, status := s.Ended.Add(shift), otlpStatus{Code: spanOK}
		switch {
		case s.Ended.IsZero():
			end, status = until, otlpStatus{spanError, "interrupted"}
		case s.Failed:
			status = otlpStatus{spanError, string(a.Category)}
		}
		name := s.Label
		if s.Batch != "" {
			name = "batch " + s.Batch
		}
		t.add(parent, name, s.Started.Add(shift), end, status,
			text("e2bt.template", one.Name), truth("e2bt.cached", s.Cached), number("e2bt.step", s.Index), number("e2bt.attempt", a.Number))
	}
}

// add makes a span and returns its id.
func (t *tracer) add(parent, name string, start, end time.Time, status otlpStatus, attributes ...otlpAttribute) string {
	if end.Before(start) {
		end = start
	}
	id := t.run.identity(fmt.Sprint("span", len(t.spans)), 8)
	t.spans = append(t.spans, otlpSpan{
		TraceID: t.traceID, SpanID: id, ParentID: parent, Name: name, Kind: spanInternal,
		Start: strconv.FormatInt(start.UnixNano(), 10), End: strconv.FormatInt(end.UnixNano(), 10), Attributes: attributes, Status: status,
	})
	return id
}

// identity is an id of so many bytes, in hexadecimal, for a part of the run.
func (r *Run) identity(part string, size int) string {
	sum := sha256.Sum256([]byte(r.ID + " " + part))
	return hex.EncodeToString(sum[:size])
}

func text(key, value string) otlpAttribute { return otlpAttribute{key, otlpValue{String: &value}} }
func truth(key string, value bool) otlpAttribute {
	return otlpAttribute{key, otlpValue{Bool: &value}}
}

func number(key string, value int) otlpAttribute {
	digits := strconv.Itoa(value)
	return otlpAttribute{key, otlpValue{Int: &digits}}
}
