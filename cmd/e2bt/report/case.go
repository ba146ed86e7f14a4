package report

import (
	"fmt"
	"slices"

	"github.com/e2bt/e2bt/builder"
)

// State is how one case ended.
type State string

// The states of a case. An error is what kept it from being tried to its end.
const (
	Passed  State = "passed"
	Failed  State = "failed"
	Errored State = "error"
	Skipped State = "skipped"
)

// Case is one batch or check, or a part of a build without a name of its own
// that failed.
type Case struct {
	Name    string
	Place   Place
	Seconds float64
	State   State
	Why     string   // of one that did not pass; of one that did, what is remarkable
	Problem *Problem // of one that failed
}

// Cases lists what a template was tried for, in the order of its files.
func (r *Run) Cases(t *Template) []Case {
	var out []Case
	if r.Command != "check" {
		for _, p := range t.Planned {
			if p.Batch {
				out = append(out, t.batchCase(p))
			}
		}
	}
	for _, p := range t.Wanted {
		out = append(out, t.checkCase(p))
	}
	return append(out, t.otherCases()...)
}

func (t *Template) batchCase(p Planned) Case {
	c := Case{Name: "batch " + p.Name, Place: p.Place}
	s, ran := t.step(p.Name)
	switch {
	case s == nil:
		c.State, c.Why = Skipped, t.untried()
		return c
	case s.Failed:
		c.State, c.Why = Failed, "failed"
		c.Problem = t.find(func(q Problem) bool { return q.Check == "" && q.Batch == p.Name })
	case s.Ended.IsZero():
		c.State, c.Why = Errored, "interrupted while it ran"
	case s.Cached:
		c.State, c.Why = Passed, "cached"
	default:
		c.State = Passed
	}
	c.Seconds = s.Seconds
	if ran > 1 && c.State == Passed {
		c.Why = fmt.Sprintf("passed in attempt %d", ran)
	}
	return c
}

// untried says why something was not tried.
func (t *Template) untried() string {
	switch t.Status {
	case builder.StatusUpToDate:
		return "up to date"
	case builder.StatusNotStarted:
		return "not started"
	}
	return "not reached"
}

func (t *Template) checkCase(p Planned) Case {
	c := Case{Name: "check " + p.Name, Place: p.Place, State: Skipped, Why: t.untried()}
	for _, e := range t.Checks {
		if e.Name != p.Name {
			continue
		}
		if e.Seconds != nil {
			c.Seconds = *e.Seconds
		}
		c.Why = e.Message
		switch {
		case e.Skipped:
			c.State = Skipped
		case *e.OK:
			c.State = Passed
		default:
			c.State = Failed
			c.Problem = t.find(func(q Problem) bool { return q.Check == p.Name })
		}
	}
	return c
}

// phases are what the parts of a build are called that have no block of their
// own, by the phase of a failure.
var phases = map[string]string{"base": "base image", "start": "start", "upload": "upload", "lock": "lock file", "step": "step", "": "build"}

// otherCases are what went wrong outside of batches and checks.
func (t *Template) otherCases() []Case {
	var out []Case
	for i := range t.Problems {
		if p := &t.Problems[i]; !t.plans(p.Batch) && p.Check == "" && !p.Warning {
			state, name := Failed, phases[p.Phase]
			if p.Kind == KindError {
				state, name = Errored, "endpoint"
			}
			if p.Phase == "step" && p.Kind == KindBuild {
				name = t.failedStep(name)
			}
			out = append(out, Case{Name: name, Place: p.Place, State: state, Why: p.Title, Problem: p})
		}
	}
	switch {
	case len(out) > 0:
	case t.Message != "" && t.Status != builder.StatusReady:
		out = append(out, Case{Name: "build", Place: t.Place, State: Errored, Why: t.Message})
	case t.Status == builder.StatusCancelled:
		out = append(out, Case{Name: "build", Place: t.Place, State: Errored, Why: "interrupted"})
	case t.Status == "":
		out = append(out, Case{Name: "build", Place: t.Place, State: Errored, Why: "did not come to an end"})
	}
	return out
}

// plans reports whether a batch is one of the plan.
func (t *Template) plans(batch string) bool {
	return batch != "" && slices.ContainsFunc(t.Planned, func(p Planned) bool { return p.Batch && p.Name == batch })
}

// failedStep is what the step that failed does, such as a copy.
func (t *Template) failedStep(otherwise string) string {
	for _, s := range t.last().Steps {
		if s.Failed && s.Label != "" {
			return s.Label
		}
	}
	return otherwise
}

func (t *Template) find(is func(Problem) bool) *Problem {
	for i := range t.Problems {
		if is(t.Problems[i]) {
			return &t.Problems[i]
		}
	}
	return nil
}
