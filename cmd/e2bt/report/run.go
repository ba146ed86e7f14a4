// Package report keeps what one command came to and writes it in the forms that
// CI systems and people read: JUnit, Markdown, annotations, code quality, a page,
// spans, and a line of history for every template.
//
// It takes events, findings and plans, which are clean and without secrets when
// they come; it decides nothing and prints nothing by itself.
package report

import (
	"slices"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/hashicorp/hcl/v2"
)

// Run is what one command came to. The zero value is one that has not begun.
// Its methods are called by one goroutine at a time.
type Run struct {
	Command   string // build, check or attach
	ID        string
	Version   string // of e2bt
	Endpoint  string
	Parent    string // the span that the run is a part of, as TRACEPARENT names it
	Started   time.Time
	Ended     time.Time // zero while it goes on
	Templates []*Template
	Problems  []Problem // of no template: mistakes, and why nothing more was done
	Past      []Entry   // earlier runs, oldest first

	Hide func(string) string // takes secrets out of what a plan and a drift say; nil: there are none

	byName map[string]*Template
}

// Template is what came of one template.
type Template struct {
	Name       string
	Place      Place
	Base       string
	Mirror     string
	Definition string // the tag of its fingerprint
	Status     builder.Status
	Started    time.Time
	Ended      time.Time
	Message    string // what went wrong beside the build itself
	TemplateID string
	BuildID    string
	Uploaded   int64 // bytes
	Planned    []Planned
	Wanted     []Planned // checks
	Attempts   []*Attempt
	Checks     []builder.Event
	Sources    []Source
	Drift      *builder.Drift
	Notes      []string // warnings and retries
	Problems   []Problem

	earlier int // attempts at another plan: --fix edits and builds again
}

// Planned is a step or a check as the plan has it.
type Planned struct {
	Name   string // of the batch or check, else what the step does
	Batch  bool
	Digest string // over what it does and all that is before it
	Place  Place
}

// Attempt is one build of a template.
type Attempt struct {
	Number   int
	BuildID  string
	Started  time.Time
	Steps    []*Step
	Category diagnose.Category // of its failure
	Switched []builder.Switch  // sources that were given up after it
	Log      string            // the file
}

// Step is a step that began.
type Step struct {
	Index   int
	Batch   string
	Label   string
	Started time.Time
	Ended   time.Time // zero where it has not
	Seconds float64
	Cached  bool
	Failed  bool
}

// Source says where one ecosystem of a batch was installed from.
type Source struct {
	Batch     string `json:"batch"`
	Ecosystem string `json:"ecosystem"`
	From      string `json:"from"`
}

// Plan adds what is going to be built or checked; place turns a range into a
// place of the repository.
func (r *Run) Plan(p *builder.Plan, place func(hcl.Range) Place) {
	for _, t := range p.Templates {
		out := r.template(t.Name)
		out.Base, out.Mirror, out.Definition = r.hide(t.FromImage+t.FromTemplate), t.Mirror, t.FingerprintTag() // it has one of them
		out.Place = place(t.Config.Range)
		out.Planned, out.Wanted, out.earlier = nil, nil, len(out.Attempts)
		digests := t.Definitions()
		for i, s := range t.Steps {
			out.Planned = append(out.Planned, Planned{Name: s.Label(), Batch: s.Batch != "", Digest: digests[i], Place: place(s.Source)})
		}
		for _, c := range t.Config.Checks {
			out.Wanted = append(out.Wanted, Planned{Name: c.Name, Place: place(c.Range)})
		}
	}
}

func (r *Run) template(name string) *Template {
	if t := r.byName[name]; t != nil {
		return t
	}
	if r.byName == nil {
		r.byName = map[string]*Template{}
	}
	t := &Template{Name: name}
	r.byName[name] = t
	r.Templates = append(r.Templates, t)
	return t
}

// Event takes what happened.
func (r *Run) Event(e builder.Event) {
	if e.Drift != nil {
		e.Drift = r.hideDrift(*e.Drift)
	}
	if on, ok := events[e.Type]; ok && e.Template != "" {
		on(r.template(e.Template), e)
	}
}

func (r *Run) hide(text string) string {
	if r.Hide == nil {
		return text
	}
	return r.Hide(text)
}

func (r *Run) hideDrift(d builder.Drift) *builder.Drift {
	d.Changes = slices.Clone(d.Changes)
	for i, c := range d.Changes {
		d.Changes[i].Name, d.Changes[i].Was, d.Changes[i].Now = r.hide(c.Name), r.hide(c.Was), r.hide(c.Now)
	}
	return &d
}

// events are what an event means for its template, by its type.
var events = map[string]func(*Template, builder.Event){
	builder.EventBuildStart: (*Template).begin,
	builder.EventStepStart: func(t *Template, e builder.Event) {
		t.last().Steps = append(t.last().Steps, &Step{Index: e.Index, Batch: e.Batch, Label: e.Message, Started: e.Time, Cached: *e.Cached})
	},
	builder.EventStepEnd: (*Template).endStep,
	builder.EventUpload: func(t *Template, e builder.Event) {
		if e.Sent >= e.Total {
			t.Uploaded += int64(e.Total)
		}
	},
	builder.EventRetry: func(t *Template, e builder.Event) {
		t.Notes = append(t.Notes, e.Message)
		t.last().Switched = append(t.last().Switched, e.Switched...)
	},
	builder.EventWarning: func(t *Template, e builder.Event) { t.Notes = append(t.Notes, e.Message) },
	builder.EventCheck:   func(t *Template, e builder.Event) { t.Checks = append(t.Checks, e) },
	builder.EventSource: func(t *Template, e builder.Event) {
		t.Sources = append(t.Sources, Source{e.Batch, e.Name, e.Message})
	},
	builder.EventDrift:    func(t *Template, e builder.Event) { t.Drift = e.Drift },
	builder.EventBuildEnd: (*Template).end,
}

func (t *Template) begin(e builder.Event) {
	if t.Started.IsZero() {
		t.Started = e.Time
	}
	if e.Attempt <= 1 { // the first, or one after an edit: what was wrong before does not count
		t.Problems, t.Status = nil, ""
	}
	t.Checks, t.Sources = nil, nil
	t.TemplateID, t.BuildID = e.TemplateID, e.BuildID
	t.Attempts = append(t.Attempts, &Attempt{Number: len(t.Attempts) + 1, BuildID: e.BuildID, Started: e.Time})
}

func (t *Template) end(e builder.Event) {
	t.Status, t.Message, t.Ended = e.Status, e.Message, e.Time
	if t.Started.IsZero() && e.Seconds != nil {
		t.Started = e.Time.Add(-time.Duration(*e.Seconds * float64(time.Second)))
	}
	if e.BuildID != "" {
		t.TemplateID, t.BuildID = e.TemplateID, e.BuildID
	}
}

// last is the attempt that goes on.
func (t *Template) last() *Attempt {
	if len(t.Attempts) == 0 {
		t.Attempts = append(t.Attempts, &Attempt{Number: 1})
	}
	return t.Attempts[len(t.Attempts)-1]
}

func (t *Template) endStep(e builder.Event) {
	for _, s := range slices.Backward(t.last().Steps) {
		if s.Index == e.Index {
			s.Ended, s.Failed = e.Time, e.OK != nil && !*e.OK
			if e.Seconds != nil {
				s.Seconds = *e.Seconds
			}
			return
		}
	}
}

// Log names the file with the log of the attempt that has begun.
func (r *Run) Log(template, path string) { r.template(template).last().Log = path }

// Failed says what the failure of the attempt that goes on was; a retry may
// still cure it.
func (r *Run) Failed(template string, category diagnose.Category) {
	r.template(template).last().Category = category
}

// Problem adds what went wrong.
func (r *Run) Problem(p Problem) {
	if p.Template == "" {
		r.Problems = append(r.Problems, p)
		return
	}
	t := r.template(p.Template)
	t.Problems = append(t.Problems, p)
}

// End closes the run. What has not come to an end was interrupted; that of
// checks alone is what they say.
func (r *Run) End(at time.Time) {
	r.Ended = at
	for _, t := range r.Templates {
		if t.Status != "" {
			continue
		}
		t.Status = builder.StatusNotStarted
		switch {
		case r.Command == "check" && len(t.Problems) > 0:
			t.Status = builder.StatusError
		case r.Command == "check" && len(t.Wanted) == 0:
			continue
		case r.Command == "check" && len(t.Checks) == len(t.Wanted):
			t.Status = builder.StatusReady
		case len(t.Attempts) > 0 || len(t.Checks) > 0:
			t.Status = builder.StatusCancelled
		}
		if t.Started.IsZero() {
			t.Started = r.Started
		}
		t.Ended = at
	}
}

// Seconds is how long a template took.
func (t *Template) Seconds() float64 {
	if t.Started.IsZero() || t.Ended.Before(t.Started) {
		return 0
	}
	return t.Ended.Sub(t.Started).Seconds()
}

// step is the last one of that batch that began, and in how many attempts it
// ran, not cached.
func (t *Template) step(batch string) (last *Step, ran int) {
	for _, a := range t.Attempts[t.earlier:] {
		for _, s := range a.Steps {
			if s.Batch != batch {
				continue
			}
			last = s
			if !s.Cached {
				ran++
			}
		}
	}
	return last, ran
}
