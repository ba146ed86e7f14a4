package builder

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"golang.org/x/sync/errgroup"
)

// DefaultParallel is how many templates are built at once where nobody says.
const DefaultParallel = 4

// retryWait is how long to wait before a failed batch is tried again, at first;
// it doubles. What a retry can cure needs a moment to pass.
const retryWait = 2 * time.Second

// Runner runs plans on an endpoint. Emit and Retryable are called by one
// goroutine at a time.
type Runner struct {
	Client    *e2b.Client
	StateDir  string   // holds what attach needs; made when needed
	Endpoint  string   // shown in records; never holds a key
	Paths     []string // what the configuration was read from; for records
	Parallel  int      // builds at once; 0: DefaultParallel
	NoCache   bool     // build every step again
	Changed   bool     // leave out what is up to date; the plan was compared
	FailFast  bool     // the first failure stops the others
	NoCheck   bool
	Checks    int                      // checks at once; 0: DefaultChecks
	Variable  func(name string) string // where agents' keys come from when a check starts; nil: there are none
	Lock      *LockFile                // written after a build was promoted; nil: left alone
	Before    *Lock                    // what builds are compared with; may be nil
	Locked    bool                     // a build that differs from Before fails
	Secrets   []string                 // values that a lock file must not have
	Poll      time.Duration            // how soon an idle build is asked again, at first; 0: the client's own
	Stall     time.Duration            // no log line for so long is a stall; 0: 10 minutes
	Emit      func(Event)
	Retryable func(Failure) bool          // asked after all lines of the failed attempt were emitted
	Elsewhere func(Failure) (Cause, bool) // the same, for failures that another source of packages may cure
	Question  func(Failure) string        // the same: a command that root runs in the state before the failed step; "": none; may be nil
	KeepState bool                        // that state stays, under the tag BeforeFailure
	Hide      func(string) string         // takes secrets out of what is kept in StateDir; nil: there are none

	emitting sync.Mutex
	inventoryState
	pool   pool
	runTag string
}

// Result is how the build of one template ended.
type Result struct {
	Template    *Template
	Status      Status
	TemplateID  string
	BuildID     string
	Elapsed     time.Duration
	Failure     *Failure // of a build that failed
	Sources     []Source // where batches install from, with a mirror profile
	CheckFailed bool
	Drift       *Drift // since the lock file was written; nil: not known
	Open        bool   // triggered and neither failed nor promoted: attach can go on with it
	Err         error  // the API refused or could not be reached, or something on this side failed

	started time.Time
	base    string          // the endpoint's key of the base layer, where it said one
	digest  string          // of the base image, the same
	took    map[int]float64 // seconds, by the index of a step that was not cached
}

// GoOn makes this run a part of an earlier one: its builds take the place of
// those that the earlier one gave up waiting for.
func (r *Runner) GoOn(earlier *Runner) { r.runTag = earlier.runTag }

// OK reports whether the template is there as planned.
func (r Result) OK() bool { return r.Status == StatusReady || r.Status == StatusUpToDate }

var errFailFast = errors.New("another build failed")

// Run builds every template of the plan, parents first, and returns a result
// for each, in the order of the plan. Independent builds go on when one fails.
func (r *Runner) Run(ctx context.Context, plan *Plan) []Result {
	if r.runTag == "" {
		r.runTag = "run-" + randomID()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	results := make([]Result, len(plan.Templates))
	done := map[*Template]chan struct{}{}
	index := map[*Template]int{}
	for i, t := range plan.Templates {
		done[t], index[t] = make(chan struct{}), i
	}
	slots := make(chan struct{}, orDefault(r.Parallel, DefaultParallel))
	var group errgroup.Group
	for i, t := range plan.Templates {
		group.Go(func() error {
			defer close(done[t])
			var parent *Result
			if t.Parent != nil {
				<-done[t.Parent]
				parent = &results[index[t.Parent]]
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = r.one(ctx, t, parent)
			if r.FailFast && !results[i].OK() {
				stop(errFailFast)
			}
			return nil
		})
	}
	_ = group.Wait() // no goroutine returns an error
	r.summary(results)
	return results
}

func (r *Runner) one(ctx context.Context, t *Template, parent *Result) Result {
	start := time.Now()
	var res Result
	switch {
	case ctx.Err() != nil || parent != nil && !parent.OK():
		res = Result{Template: t, Status: StatusNotStarted}
	case r.Changed && !r.NoCache && t.Action == ActionUpToDate:
		res = Result{Template: t, Status: StatusUpToDate, BuildID: t.live}
	default:
		res = r.build(ctx, t, parent)
	}
	for _, s := range res.Sources {
		r.emit(Event{Type: EventSource, Template: t.Name, Batch: s.Batch, Name: s.Ecosystem, Message: s.From})
	}
	r.keep(t)
	r.tellDrift(t, res)
	res.Elapsed = time.Since(start)
	r.emit(Event{Type: EventBuildEnd, Template: t.Name, TemplateID: res.TemplateID, BuildID: res.BuildID, Status: res.Status, Seconds: secs(res.Elapsed), Message: errorText(res.Err)})
	return res
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (r *Runner) emit(e Event) {
	r.emitting.Lock()
	defer r.emitting.Unlock()
	if r.Emit == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	r.Emit(e)
}

// build runs one template until it is ready or a failure stands that no retry
// can cure.
func (r *Runner) build(ctx context.Context, t *Template, parent *Result) Result {
	tries := map[int]int{}
	from := newSources(t)
	for attempt := 1; ; attempt++ {
		res := r.attempt(ctx, from.template(), parent, attempt)
		res.Template, res.Sources = t, from.served()
		if res.Failure == nil {
			return res
		}
		r.suspect(t, res.Failure)
		r.emit(Event{Type: EventFailure, Template: t.Name, Failure: res.Failure})
		if r.elsewhere(ctx, from, *res.Failure) {
			continue
		}
		if !r.again(*res.Failure, tries) || ctx.Err() != nil {
			r.inquire(ctx, from.template(), parent, res.Failure)
			return res
		}
		step := res.Failure.Step
		wait := retryWait << (tries[step.place()] - 1)
		r.emit(Event{Type: EventRetry, Template: t.Name, Index: step.Index, Batch: step.Batch, Attempt: tries[step.place()],
			Message: fmt.Sprintf("retry %d of %d in %s", tries[step.place()], step.Retries(), wait)})
		select {
		case <-ctx.Done():
			return res
		case <-time.After(wait):
		}
	}
}

// again decides whether a failed batch is tried once more, and counts it.
func (r *Runner) again(f Failure, tries map[int]int) bool {
	if f.Step == nil || f.GaveUp || tries[f.Step.place()] >= f.Step.Retries() {
		return false
	}
	r.emitting.Lock()
	defer r.emitting.Unlock()
	if r.Retryable == nil || !r.Retryable(f) {
		return false
	}
	tries[f.Step.place()]++
	return true
}

// attempt is one build: register, upload, trigger, follow, check, promote.
func (r *Runner) attempt(ctx context.Context, t *Template, parent *Result, number int) Result {
	res := Result{Template: t, Status: StatusError, started: time.Now(), took: map[int]float64{}}
	reg, err := r.register(ctx, t)
	if err != nil {
		return r.stopped(ctx, res, err)
	}
	res.TemplateID, res.BuildID = reg.TemplateID, reg.BuildID
	r.emit(Event{Type: EventBuildStart, Template: t.Name, TemplateID: reg.TemplateID, BuildID: reg.BuildID, Attempt: number, Total: len(t.Steps)})

	record := r.record(t, reg)
	if err = record.write(r.StateDir); err == nil {
		err = r.start(ctx, t, parent, reg)
	}
	if err != nil { // it was never triggered
		r.forget(t)
		res = r.stopped(ctx, res, err)
	} else {
		res = r.finish(ctx, t, res)
	}
	return r.settle(record, res)
}

// settle writes down how a build ended, where that is known.
func (r *Runner) settle(record *Record, res Result) Result {
	if res.Open {
		return res
	}
	record.Status = res.Status
	if err := record.write(r.StateDir); err != nil && res.Err == nil {
		res.Err = err
	}
	return res
}

// start uploads what the steps copy and triggers the build.
func (r *Runner) start(ctx context.Context, t *Template, parent *Result, reg e2b.Registration) error {
	if err := r.upload(ctx, t, reg.TemplateID); err != nil {
		return err
	}
	err := r.Client.Trigger(ctx, reg.TemplateID, reg.BuildID, r.request(t, parent))
	var lost *e2b.UnknownOutcomeError
	if errors.As(err, &lost) {
		return nil // it may be running: the status will tell, a second trigger must not
	}
	return err
}

// finish follows a triggered build to its end and, where it is ready, checks
// and promotes it.
func (r *Runner) finish(ctx context.Context, t *Template, res Result) Result {
	res.Open = true
	res = r.follow(ctx, t, res)
	if res.Status == StatusReady {
		res = r.accept(ctx, t, res)
	}
	if !res.OK() && !res.Open {
		r.forget(t)
	}
	return res
}

// accept examines and promotes a build that is ready.
func (r *Runner) accept(ctx context.Context, t *Template, res Result) Result {
	found, res, ok := r.examine(ctx, t, res)
	if !ok {
		return res
	}
	if err := r.promote(ctx, t, res.BuildID); err != nil {
		return r.stopped(ctx, res, fmt.Errorf("promoting build %s: %w", res.BuildID, err))
	}
	res.Open = false
	if err := r.remember(t, res); err != nil {
		r.emit(Event{Type: EventWarning, Template: t.Name, Message: err.Error()})
	}
	r.writeLock(t, res, found)
	return res
}

// stopped turns an error into a result: an interrupted run is not a failure.
func (r *Runner) stopped(ctx context.Context, res Result, err error) Result {
	if ctx.Err() != nil {
		res.Status = StatusCancelled
		return res
	}
	res.Status, res.Err = StatusError, err
	return res
}

func (r *Runner) summary(results []Result) {
	counts := map[string]int{}
	for _, status := range statuses {
		counts[string(status)] = 0
	}
	for _, res := range results {
		counts[string(res.Status)]++
	}
	r.emit(Event{Type: EventSummary, Counts: counts})
}

// request is the body that triggers the build of t. A template of this run is
// built on exactly the build that was made.
func (r *Runner) request(t *Template, parent *Result) e2b.Build {
	b := e2b.Build{FromImage: orDefault(t.PullImage, t.FromImage), FromTemplate: t.FromTemplate, Force: r.NoCache, Steps: []e2b.Step{}, StartCmd: t.StartCmd, ReadyCmd: t.ReadyCmd}
	if parent != nil && parent.BuildID != "" {
		b.FromTemplate = t.FromTemplate + ":" + parent.BuildID
	}
	b.FromImageRegistry = registry(t.Config.Base.Registry)
	for _, s := range t.Steps {
		b.Steps = append(b.Steps, e2b.Step{Type: s.Type, Args: s.Args, FilesHash: s.FilesHash})
	}
	return b
}

func randomID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return hex.EncodeToString(b[:])
}
