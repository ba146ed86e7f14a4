package builder

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// grace is how much longer than its timeout a batch may seem to take before we
// stop believing that the limit inside the sandbox works.
const grace = 30 * time.Second

// gaveUp says why we stopped waiting for a build that has not ended.
type gaveUp struct{ why string }

func (e *gaveUp) Error() string { return e.why }

// watch follows one build: it turns log entries into events and stops the
// waiting when nothing comes for too long.
type watch struct {
	r      *Runner
	t      *Template
	stop   context.CancelCauseFunc
	silent *time.Timer // fires when no line has come for the stall timeout
	late   *time.Timer // fires when a batch is over its timeout by far

	step    *Step // the step that runs, nil before the first and after the last
	reached int   // the index of the last step that began
	phase   string
	started time.Time // by the builder's clock
	cached  bool
	digest  string // of the base image, where the endpoint says it
	last    time.Time
	base    string          // the endpoint's key of the base layer
	took    map[int]float64 // seconds, by the index of a step that was not cached
}

// follow waits for the end of a build and says how it ended.
func (r *Runner) follow(ctx context.Context, t *Template, res Result) Result {
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if t.Config.Timeout > 0 {
		timer := time.AfterFunc(t.Config.Timeout, func() {
			stop(&gaveUp{fmt.Sprintf("the build was not done after %s, the template's timeout", t.Config.Timeout)})
		})
		defer timer.Stop()
	}
	w := r.watch(t, stop)
	defer w.close()
	status, err := r.Client.Follow(waiting, res.TemplateID, res.BuildID, e2b.FollowOptions{Poll: r.Poll, OnEntries: w.entries, OnRetry: w.retry})
	var why *gaveUp
	switch {
	case err != nil && ctx.Err() == nil && errors.As(context.Cause(waiting), &why):
		res.Status, res.Failure = StatusTimeout, w.failure(why.why)
		res.Failure.GaveUp = true
	case err != nil:
		return r.stopped(ctx, res, err)
	case status.Status == e2b.StateReady:
		w.end(w.last, true)
		res.Status, res.base, res.digest = StatusReady, w.base, w.digest
		maps.Copy(res.took, w.took)
	default:
		res.Status, res.Failure, res.Open = StatusError, w.explain(status.Reason), false
		if res.Failure.ranOut() {
			res.Status = StatusTimeout
		}
	}
	return res
}

func (r *Runner) watch(t *Template, stop context.CancelCauseFunc) *watch {
	w := &watch{r: r, t: t, stop: stop, phase: "base", last: time.Now(), took: map[int]float64{}}
	stall := orDefault(t.Config.StallTimeout, orDefault(r.Stall, defaultStallTimeout))
	w.silent = time.AfterFunc(stall, func() {
		stop(&gaveUp{fmt.Sprintf("the build stalled: no log line for %s", stall)})
	})
	w.late = time.AfterFunc(time.Hour, func() {})
	w.late.Stop()
	return w
}

func (w *watch) close() {
	w.silent.Stop()
	w.late.Stop()
}

func (w *watch) retry(err error, wait time.Duration) {
	w.r.emit(Event{Type: EventRetry, Template: w.t.Name, Message: fmt.Sprintf("asking again in %s: %s", wait.Round(100*time.Millisecond), err)})
}

func (w *watch) entries(entries []e2b.LogEntry) {
	if len(entries) == 0 {
		return
	}
	w.silent.Reset(orDefault(w.t.Config.StallTimeout, orDefault(w.r.Stall, defaultStallTimeout)))
	for _, e := range entries {
		w.entry(e)
	}
}

var (
	header      = regexp.MustCompile(`^(CACHED )?\[(?:builder \d+/\d+|base|finalize|optimize)\] (.*)$`)
	imageDigest = regexp.MustCompile(`^\[base\] digest (sha256:[0-9a-f]{64})$`)
)

// entry handles one line: it may begin a step, and it may be output.
func (w *watch) entry(e e2b.LogEntry) {
	w.last = e.Timestamp
	n, err := strconv.Atoi(e.Step)
	if err == nil {
		w.begin(n, strings.HasPrefix(e.Message, "CACHED "))
	} else if e.Step == "finalize" && w.phase != "finalize" {
		w.end(e.Timestamp, true)
		w.phase, w.started = "finalize", e.Timestamp
		w.expectStart()
	}
	if w.base == "" {
		w.base = baseKey(e)
	}
	if m := imageDigest.FindStringSubmatch(e.Message); m != nil && w.phase == "base" {
		w.digest = m[1]
	}
	event := Event{Type: EventLog, Time: e.Timestamp, Template: w.t.Name, Level: e.Level, Phase: w.phase}
	event.Stream, event.Message = cutStream(e.Message)
	if step, ok := w.t.Find(n); ok {
		event.Index, event.Batch, event.Phase = step.Index, step.Batch, ""
		if event.Stream == "" && strings.Contains(e.Message, "[builder ") && header.MatchString(firstLine(e.Message)) {
			event.Level = "debug" // begin has said it in the author's words
		}
	}
	w.r.see(w.t, event.Message)
	w.r.emit(event)
}

// baseKey is the key in "[base] FROM image [key]".
func baseKey(e e2b.LogEntry) string {
	if e.Step != "base" || !strings.Contains(e.Message, "[base] FROM ") || !strings.HasSuffix(e.Message, "]") {
		return ""
	}
	return e.Message[strings.LastIndexByte(e.Message, '[')+1 : len(e.Message)-1]
}

// cutStream takes the prefix off a line of output, "[builder 1/3] [stdout]: ";
// other lines are of no stream. It is no regexp, since logs are long.
func cutStream(message string) (stream, text string) {
	place, rest, found := strings.Cut(message, "] [")
	if !found || !strings.HasPrefix(place, "[") || strings.Trim(place[1:], "abcdefghijklmnopqrstuvwxyz 0123456789/") != "" {
		return "", message
	}
	stream, text, found = strings.Cut(rest, "]:")
	if !found || stream != "stdout" && stream != "stderr" {
		return "", message
	}
	return stream, strings.TrimPrefix(text, " ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// begin starts a step, once, when its first line comes.
func (w *watch) begin(n int, cached bool) {
	if n <= w.reached {
		return
	}
	step, ok := w.t.Find(n)
	if !ok {
		return
	}
	w.end(w.last, true)
	w.r.seeStep(w.t, step, cached)
	w.step, w.reached, w.phase, w.started, w.cached = &step, n, "step", w.last, cached
	w.r.emit(Event{Type: EventStepStart, Time: w.last, Template: w.t.Name, Index: n, Batch: step.Batch, Cached: ptr(cached), Message: step.Label()})
	if limit := time.Duration(step.TimeoutS) * time.Second; limit > 0 && !cached {
		why := fmt.Sprintf("batch %s was still running %s after its timeout of %s", step.Batch, killAfter+grace, limit)
		w.expect(limit+killAfter+grace, why)
	}
}

// expectStart watches the start command's own timeout, which E2B does not know.
func (w *watch) expectStart() {
	if s := w.t.Config.Start; s != nil && s.Timeout > 0 {
		w.expect(s.Timeout, fmt.Sprintf("the start command was not ready after %s", s.Timeout))
	}
}

func (w *watch) expect(limit time.Duration, why string) {
	w.late.Stop()
	w.late = time.AfterFunc(limit, func() { w.stop(&gaveUp{why}) })
}

// end closes the step that runs.
func (w *watch) end(at time.Time, ok bool) {
	w.late.Stop()
	if w.step == nil {
		return
	}
	e := Event{Type: EventStepEnd, Time: at, Template: w.t.Name, Index: w.step.Index, Batch: w.step.Batch, Cached: ptr(w.cached), Seconds: secs(at.Sub(w.started)), Message: w.step.Label()}
	if !ok {
		e.OK = ptr(false)
	} else if !w.cached {
		w.took[w.step.Index] = *e.Seconds
	}
	w.r.emit(e)
	w.step = nil
}

// explain turns the API's reason into a failure.
func (w *watch) explain(reason *e2b.Reason) *Failure {
	if reason == nil || reason.Message == "" {
		return w.failure("the endpoint gave no reason")
	}
	if n, err := strconv.Atoi(reason.Step); err == nil {
		w.begin(n, false)
	}
	if reason.Step == "base" || reason.Step == "finalize" {
		w.end(w.last, true)
		w.phase = reason.Step
	}
	return w.failure(reason.Message)
}

var exitStatus = regexp.MustCompile(`(?s).*(?:exit status:? (\d+)|signal: (killed|terminated|segmentation fault))`)

// failure describes how the build stands, and closes the step that failed.
func (w *watch) failure(reason string) *Failure {
	f := &Failure{Template: w.t, Reason: reason, Phase: phases[w.phase], ExitCode: -1, Elapsed: w.last.Sub(w.started)}
	if m := exitStatus.FindStringSubmatch(reason); m != nil {
		f.ExitCode = signalCodes[m[2]]
		if m[1] != "" {
			f.ExitCode, _ = strconv.Atoi(m[1])
		}
	}
	if w.step != nil {
		step := *w.step
		f.Step, f.Phase = &step, "step"
	}
	w.end(w.last, false)
	return f
}

var (
	phases      = map[string]string{"base": "base", "step": "step", "finalize": "start"}
	signalCodes = map[string]int{"killed": 137, "terminated": 143, "segmentation fault": 139}
)
