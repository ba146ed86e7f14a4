package builder

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

const (
	// BeforeFailure is the tag of the state that a failed step began with.
	BeforeFailure = "before-failure"

	askTimeout = 3 * time.Minute // for a state to be made, and a question to be answered
	askLines   = 20_000          // lines of an answer that are kept
	askedExit  = 9               // how the step of a question ends
)

// inquire finds out more about a failure that stands: what the failed step began
// with stays on the endpoint as a build of its own, where KeepState says so, and
// the Question that is open is asked there. It comes from the cache, so that
// neither takes long. What does not work is left out.
func (r *Runner) inquire(ctx context.Context, t *Template, parent *Result, f *Failure) {
	if f.Step == nil || f.GaveUp || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if r.KeepState {
		if reg, _, err := r.upTo(ctx, t, parent, f.Step, "", BeforeFailure); err == nil {
			f.Before = reg.BuildID
		}
	}
	r.ask(ctx, t, parent, f)
	if f.Before != "" || len(f.Answer) > 0 {
		r.emit(Event{Type: EventFailure, Template: t.Name, Failure: f})
	}
}

// ask asks the Question that a failure leaves open, if there is one.
func (r *Runner) ask(ctx context.Context, t *Template, parent *Result, f *Failure) {
	if r.Question == nil {
		return
	}
	r.emitting.Lock()
	command := r.Question(*f)
	r.emitting.Unlock()
	if command == "" {
		return
	}
	tag := r.runTag + "-ask"
	_, said, err := r.upTo(ctx, t, parent, f.Step, command, tag)
	if err != nil {
		return
	}
	f.Answer = said
	if err := r.Client.Untag(ctx, t.Name, []string{tag}); err != nil {
		r.emit(Event{Type: EventWarning, Template: t.Name, Message: fmt.Sprintf("removing the tag %s: %s", tag, err)})
	}
}

// upTo builds the steps before one under a tag of its own, and after them a
// command that root runs, whose output it returns. That step fails, so that
// nothing of it is cached or kept.
func (r *Runner) upTo(ctx context.Context, t *Template, parent *Result, step *Step, command, tag string) (e2b.Registration, []string, error) {
	state := *t
	state.Steps, state.StartCmd, state.ReadyCmd = state.Steps[:step.Index-1:step.Index-1], "", ""
	if command != "" {
		state.Steps = append(state.Steps, Step{Index: step.Index, Type: "RUN", Args: []string{command + "\nexit " + strconv.Itoa(askedExit), "root"}})
	}
	reg, err := r.Client.Register(ctx, e2b.RegisterRequest{Name: t.Name, Tags: []string{tag}, CPUCount: t.CPUCount, MemoryMB: t.MemoryMB})
	if err != nil {
		return reg, nil, fmt.Errorf("registering: %w", err)
	}
	if err := r.upload(ctx, &state, reg.TemplateID); err != nil {
		return reg, nil, err
	}
	request := r.request(&state, parent)
	request.Force = false
	if err := r.Client.Trigger(ctx, reg.TemplateID, reg.BuildID, request); err != nil {
		return reg, nil, fmt.Errorf("building: %w", err)
	}
	var said []string
	status, err := r.Client.Follow(ctx, reg.TemplateID, reg.BuildID, e2b.FollowOptions{Poll: r.Poll, OnEntries: func(entries []e2b.LogEntry) {
		for _, e := range entries {
			if stream, line := cutStream(e.Message); stream == "stdout" && e.Step == strconv.Itoa(step.Index) && len(said) < askLines {
				said = append(said, strings.Split(line, "\n")...)
			}
		}
	}})
	if err == nil && status.Status != e2b.StateReady && command == "" {
		err = errors.New("the steps before the failed one do not build")
	}
	return reg, said, err
}
