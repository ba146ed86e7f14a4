package builder

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/e2bt/e2bt/config"
)

// Event is something that happened in a run. Type decides which of the other
// fields count; its JSON form is a contract: see MarshalJSON.
type Event struct {
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`
	Template string    `json:"template"` // the template's name; empty in a summary

	TemplateID string   `json:"template_id,omitempty"`
	BuildID    string   `json:"build_id,omitempty"`
	Index      int      `json:"index,omitempty"`
	Batch      string   `json:"batch,omitempty"`
	Cached     *bool    `json:"cached,omitempty"`
	Seconds    *float64 `json:"seconds,omitempty"`
	Level      string   `json:"level,omitempty"`
	Stream     string   `json:"stream,omitempty"` // stdout or stderr; empty for the builder's own lines
	Message    string   `json:"message,omitempty"`
	Status     Status   `json:"status,omitempty"`
	Attempt    int      `json:"attempt,omitempty"`
	Name       string   `json:"name,omitempty"`
	OK         *bool    `json:"ok,omitempty"`
	Skipped    bool     `json:"skipped,omitempty"` // a check that could not be tried; it is not ok either
	Total      int      `json:"total,omitempty"`   // with upload: bytes; with build_start: steps
	Sent       int      `json:"sent,omitempty"`
	Phase      string   `json:"phase,omitempty"` // of a log line outside the steps: base or finalize

	Finding json.RawMessage `json:"finding,omitempty"`
	Drift   *Drift          `json:"drift,omitempty"`
	Range   string          `json:"range,omitempty"`
	Failure *Failure        `json:"-"` // of a failure, and of a check that failed
	Counts  map[string]int  `json:"counts,omitempty"`

	Switched []Switch `json:"switched,omitempty"` // of a retry: sources that are given up

	Timings map[string]float64 `json:"timings,omitempty"` // of a check, in seconds: create, first_command, check, cleanup
}

// MarshalJSON writes what the contract promises for the type of an event even
// where it is empty, and of the other fields what there is. The text ends with
// a line break.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	var err error
	switch e.Type {
	case EventLog:
		err = enc.Encode(struct {
			plain
			Index   int    `json:"index"`
			Batch   string `json:"batch"`
			Level   string `json:"level"`
			Stream  string `json:"stream"`
			Message string `json:"message"`
		}{plain(e), e.Index, e.Batch, e.Level, e.Stream, e.Message})
	case EventStepStart, EventStepEnd:
		err = enc.Encode(struct {
			plain
			Batch   string  `json:"batch"`
			Cached  bool    `json:"cached"`
			Seconds float64 `json:"seconds"`
		}{plain(e), e.Batch, value(e.Cached), value(e.Seconds)})
	default:
		err = enc.Encode(plain(e))
	}
	return out.Bytes(), err
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// The types of events.
const (
	EventBuildStart = "build_start"
	EventStepStart  = "step_start"
	EventStepEnd    = "step_end"
	EventLog        = "log"
	EventRetry      = "retry"
	EventUpload     = "upload"
	EventFailure    = "failure" // becomes a finding; never printed as it is
	EventFinding    = "finding"
	EventCheck      = "check"
	EventSource     = "source" // where a batch is set to install from, with a mirror profile: name is the ecosystem, message the hosts
	EventBuildEnd   = "build_end"
	EventSummary    = "summary"
	EventDrift      = "drift"   // what changed since the lock file was written
	EventWarning    = "warning" // goes on without something
)

// Status is how the build of a template ended.
type Status string

// The ends of a build. StatusNotStarted is that of a template whose base
// failed, or that was still to come when the run stopped.
const (
	StatusReady      Status = "ready"
	StatusError      Status = "error"
	StatusTimeout    Status = "timeout"
	StatusCancelled  Status = "cancelled"
	StatusUpToDate   Status = "up_to_date"
	StatusNotStarted Status = "not_started"
)

var statuses = []Status{StatusReady, StatusError, StatusTimeout, StatusCancelled, StatusUpToDate, StatusNotStarted}

// Failure is what is known when a build fails; what it means is for others to
// say.
type Failure struct {
	Template *Template
	Step     *Step         // nil outside the steps
	Check    *config.Check // what failed, with Phase check
	Phase    string        // base, step, start, upload, check or lock
	Reason   string        // the API's own words, or ours where we gave up
	ExitCode int           // of the failed command; -1: not known
	Elapsed  time.Duration
	GaveUp   bool // we stopped waiting; the endpoint may still be building
	Drift    *Drift
	Before   string   // the build that the failed step began with; "": none was kept
	Answer   []string // what the Question got
}

// ranOut reports whether a batch was ended by its own timeout: the status is
// that of the command timeout, and the time was over.
func (f *Failure) ranOut() bool {
	if f.Step == nil || f.Step.Config.Batch == nil || f.ExitCode != 124 && f.ExitCode != 137 {
		return false
	}
	limit := f.Step.Config.Batch.Timeout
	return limit > 0 && f.Elapsed >= limit
}

func ptr[T any](v T) *T { return &v }

func secs(d time.Duration) *float64 {
	return ptr(float64(d.Milliseconds()) / 1000)
}
