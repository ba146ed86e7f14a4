package builder_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

// endpoint is a build that goes by a script: lines that come at their time
// after the trigger, then the end.
type endpoint struct {
	lines  []line
	end    time.Duration // 0: never
	reason *e2b.Reason   // nil: ready
	ready  bool

	mu      sync.Mutex
	trigger time.Time
}

type line struct {
	at            time.Duration
	step, message string
}

func (e *endpoint) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case r.URL.Path == "/v3/templates":
		rw.WriteHeader(http.StatusAccepted)
		fmt.Fprint(rw, `{"templateID":"tid","buildID":"bid","names":["team/t"],"tags":[],"aliases":[]}`)
	case isTrigger(r):
		e.trigger = time.Now()
		rw.WriteHeader(http.StatusAccepted)
	case isStatus(r):
		_ = json.NewEncoder(rw).Encode(e.page(r))
	case r.Method == http.MethodGet:
		fmt.Fprint(rw, "[]")
	default:
		rw.WriteHeader(http.StatusCreated)
		fmt.Fprint(rw, "{}")
	}
}

func (e *endpoint) page(r *http.Request) e2b.BuildStatus {
	offset, _ := strconv.Atoi(r.URL.Query().Get("logsOffset"))
	now := time.Since(e.trigger)
	page := e2b.BuildStatus{Status: e2b.StateBuilding, LogEntries: []e2b.LogEntry{}}
	for i, l := range e.lines {
		if l.at <= now && i >= offset && i < offset+100 {
			page.LogEntries = append(page.LogEntries, e2b.LogEntry{Timestamp: e.trigger.Add(l.at), Level: "info", Message: l.message, Step: l.step})
		}
	}
	if e.end > 0 && now >= e.end {
		page.Status, page.Reason = e2b.StateError, e.reason
		if e.ready {
			page.Status = e2b.StateReady
		}
	}
	return page
}

// every repeats a line of a step.
func every(d time.Duration, from, to time.Duration, step, message string) []line {
	var all []line
	for at := from; at <= to; at += d {
		all = append(all, line{at, step, message})
	}
	return all
}

// watched builds a configuration at an endpoint that goes by a script.
func watched(t *testing.T, e *endpoint, text string, set func(*builder.Runner), f func(w *world, res builder.Result, took time.Duration)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, e, nil)
		r := w.runner()
		if set != nil {
			set(r)
		}
		start := time.Now()
		res := r.Run(t.Context(), w.plan(text))[0]
		f(w, res, time.Since(start))
	})
}

const (
	header1 = "[builder 1/2] RUN one [aaaa]"
	header2 = "[builder 2/2] RUN two [bbbb]"
)

// batches is a template of two batches with arguments of their own.
func batches(template, first, second string) string {
	return fmt.Sprintf("template \"t\" {\n%s\nbatch \"one\" {\nrun = [\"one\"]\n%s\n}\nbatch \"two\" {\nrun = [\"two\"]\n%s\n}\n}", template, first, second)
}

// TestGivingUp has every limit that is watched from outside, for builds that
// do not end by themselves.
func TestGivingUp(t *testing.T) {
	chatter := append([]line{{0, "1", header1}}, every(30*time.Second, time.Second, 3*time.Hour, "1", "[builder 1/2] [stdout]: tick")...)
	silent := []line{{0, "base", "Building"}, {10 * time.Second, "1", header1}, {20 * time.Second, "1", "[builder 1/2] [stdout]: last words"}}
	starting := []line{{0, "1", header1}, {5 * time.Second, "2", header2}, {10 * time.Second, "finalize", "[finalize] Finalizing template build [x]"}}
	starting = append(starting, every(2*time.Second, 12*time.Second, time.Hour, "finalize", "Template is not ready: exit status 1")...)
	cached := append([]line{{0, "1", "CACHED " + header1}}, every(time.Minute, time.Second, 20*time.Minute, "1", "x")...)
	tests := []struct {
		name  string
		lines []line
		text  string
		stall time.Duration
		after time.Duration
		why   string
		phase string
		batch string
	}{
		{"a stall", silent, batches("", "", ""), 0, 20*time.Second + 10*time.Minute, "the build stalled: no log line for 10m0s", "step", "one"},
		{"a stall of --stall-timeout", silent, batches("", "", ""), 3 * time.Minute, 20*time.Second + 3*time.Minute, "the build stalled: no log line for 3m0s", "step", "one"},
		{"a stall of the template's", silent, batches(`stall_timeout = "1m"`, "", ""), 3 * time.Minute, 80 * time.Second, "the build stalled: no log line for 1m0s", "step", "one"},
		{"no line at all", nil, batches("", "", ""), 0, 10 * time.Minute, "the build stalled: no log line for 10m0s", "base", ""},
		{"the template's timeout", chatter, batches(`timeout = "25m"`, "", ""), 0, 25 * time.Minute, "the build was not done after 25m0s, the template's timeout", "step", "one"},
		{"a batch's timeout", chatter, batches("", `timeout = "2m"`, ""), 0, 2*time.Minute + 40*time.Second, "batch one was still running 40s after its timeout of 2m0s", "step", "one"},
		{"another batch's timeout", chatter, batches(`timeout = "8m"`, "", `timeout = "1m"`), 0, 8 * time.Minute, "template's timeout", "step", "one"},
		{"a cached batch's timeout", cached, batches(`timeout = "8m"`, `timeout = "1m"`, ""), 0, 8 * time.Minute, "template's timeout", "step", "one"},
		{"the start command's timeout", starting, batches("", "", "") + "\n", 0, 0, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.after == 0 {
				tt.text = strings.Replace(batches("start {\n command = \"serve\"\n timeout = \"30s\"\n}", "", ""), "\n\n", "\n", 1)
				tt.after, tt.why, tt.phase = 40*time.Second, "the start command was not ready after 30s", "start"
			}
			e := &endpoint{lines: tt.lines}
			watched(t, e, tt.text, func(r *builder.Runner) { r.Stall = tt.stall }, func(w *world, res builder.Result, took time.Duration) {
				if took < tt.after || took > tt.after+2*time.Second { // a line is seen up to a poll later
					t.Errorf("gave up after %s; want %s", took, tt.after)
				}
				f := res.Failure
				if res.Status != builder.StatusTimeout || res.Err != nil || f == nil || !f.GaveUp || !res.Open {
					w.t.Fatalf("result %+v; want a timeout", res)
				}
				batch := ""
				if f.Step != nil {
					batch = f.Step.Batch
				}
				if !strings.Contains(f.Reason, tt.why) || f.Phase != tt.phase || batch != tt.batch || f.ExitCode != -1 {
					t.Errorf("failure in %s, batch %q: %s; want %s, %q: %s", f.Phase, batch, f.Reason, tt.phase, tt.batch, tt.why)
				}
				if got := w.record("bid").Status; got != "" {
					t.Errorf("the record's status %q; want none, since it can be attached to", got)
				}
				if w.triggers() != 1 || w.count("DELETE", "/templates/tags") != 0 {
					t.Errorf("requests %v; want one trigger, and the run's tag left alone", w.requests)
				}
			})
		})
	}
}

// A build that is within its limits is left in peace: the limit of a batch that
// ended does not go on, and a stall is counted from the last line.
func TestNotGivingUp(t *testing.T) {
	lines := []line{{0, "1", header1}, {9 * time.Minute, "1", "x"}, {18 * time.Minute, "1", "x"}, {19 * time.Minute, "2", header2}}
	lines = append(lines, every(9*time.Minute, 20*time.Minute, 50*time.Minute, "2", "y")...)
	e := &endpoint{lines: lines, end: 50 * time.Minute, ready: true}
	watched(t, e, batches(`timeout = "1h"`, `timeout = "20m"`, ""), nil, func(w *world, res builder.Result, took time.Duration) {
		w.ended([]builder.Result{res}, builder.StatusReady)
		if took < 50*time.Minute || took > 50*time.Minute+5*time.Second {
			t.Errorf("took %s; want 50m", took)
		}
		w.paired(0)
	})
}

// TestSteps has logs of every order: each step starts and ends once.
func TestSteps(t *testing.T) {
	tests := []struct {
		name   string
		lines  []line
		reason *e2b.Reason
		want   string // of step_start, step_end and log
	}{
		{"as it should be", []line{
			{0, "base", "[base] FROM x"}, {1, "1", header1}, {2, "1", "[builder 1/2] [stdout]: out"}, {3, "1", "[builder 1/2] [stderr]: err"},
			{4, "2", header2}, {5, "finalize", "[finalize] Finalizing"}, {6, "optimize", "[optimize] Optimizing"},
		}, nil, "base [base] FROM x|> 1 made|1 stdout out|1 stderr err|< 1 ok|> 2 made|< 2 ok|finalize [finalize] Finalizing|finalize [optimize] Optimizing"},
		{"cached", []line{{0, "1", "CACHED " + header1}, {1, "2", header2}}, nil, "> 1 cached|< 1 ok|> 2 made|< 2 ok"},
		{"a header of several lines", []line{{0, "1", "[builder 1/2] RUN set -e\n[builder 1/2] [stdout]: x [aaaa]"}}, nil, "> 1 made|< 1 ok"},
		{"output that looks like a header", []line{{0, "1", header1}, {1, "1", "[builder 1/2] [stdout]: [builder 2/2] RUN x [c]"}}, nil, "> 1 made|1 stdout [builder 2/2] RUN x [c]|< 1 ok"},
		{"no header", []line{{0, "1", "[builder 1/2] [stdout]: out"}}, nil, "> 1 made|1 stdout out|< 1 ok"},
		{"empty output", []line{{0, "1", header1}, {1, "1", "[builder 1/2] [stdout]:"}}, nil, "> 1 made|1 stdout |< 1 ok"},
		{"a step that says nothing", []line{{0, "2", header2}}, nil, "> 2 made|< 2 ok"},
		{"a late line of the step before", []line{{0, "1", header1}, {1, "2", header2}, {2, "1", "[builder 1/2] [stdout]: late"}}, nil, "> 1 made|< 1 ok|> 2 made|1 stdout late|< 2 ok"},
		{"a late line after the end", []line{{0, "1", header1}, {1, "finalize", "f"}, {2, "1", "[builder 1/2] [stdout]: late"}}, nil, "> 1 made|< 1 ok|finalize f|1 stdout late"},
		{"no such step", []line{{0, "7", "[builder 7/9] RUN x"}, {1, "0", "zero"}, {2, "-1", "minus"}, {3, "x", "other"}}, nil, "base [builder 7/9] RUN x|base zero|base minus|base other"},
		{"a failure", []line{{0, "1", header1}, {1, "1", "Build failed: x"}}, &e2b.Reason{Step: "1", Message: "exit status 2"}, "> 1 made|1  Build failed: x|< 1 failed"},
		{"a failure of a step that said nothing", []line{{0, "1", header1}}, &e2b.Reason{Step: "2", Message: "exit status 2"}, "> 1 made|< 1 ok|> 2 made|< 2 failed"},
		{"a failure of the step before", []line{{0, "1", header1}, {1, "2", header2}}, &e2b.Reason{Step: "1", Message: "exit status 2"}, "> 1 made|< 1 ok|> 2 made|< 2 failed"},
		{"a failure of the base", []line{{0, "base", "b"}}, &e2b.Reason{Step: "base", Message: "no such image"}, "base b"},
		{"a failure of finalize", []line{{0, "1", header1}}, &e2b.Reason{Step: "finalize", Message: "exit status 1"}, "> 1 made|< 1 ok"},
		{"a failure without step", []line{{0, "1", header1}}, &e2b.Reason{Message: "the node is gone"}, "> 1 made|< 1 failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.lines {
				tt.lines[i].at *= time.Second
			}
			e := &endpoint{lines: tt.lines, end: time.Minute, reason: tt.reason, ready: tt.reason == nil}
			watched(t, e, batches("", "", ""), nil, func(w *world, res builder.Result, _ time.Duration) {
				if res.OK() != (tt.reason == nil) {
					t.Errorf("result %+v", res)
				}
				if diff := cmp.Diff(strings.ReplaceAll(tt.want, "|", "\n"), strings.Join(w.steps(), "\n")); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func (w *world) steps() []string {
	var out []string
	for _, e := range w.events {
		switch e.Type {
		case builder.EventStepStart:
			out = append(out, fmt.Sprintf("> %d %s", e.Index, yes(e.Cached, "cached", "made")))
		case builder.EventStepEnd:
			end := "ok"
			if e.OK != nil && !*e.OK {
				end = "failed"
			}
			out = append(out, fmt.Sprintf("< %d %s", e.Index, end))
		case builder.EventLog:
			if e.Level == "debug" { // a step's header, which its start has told
				continue
			}
			where := e.Phase
			if e.Index > 0 {
				where = fmt.Sprintf("%d %s", e.Index, e.Stream)
			}
			out = append(out, where+" "+e.Message)
		}
	}
	return out
}

// TestReasons reads what the API says of a failure.
func TestReasons(t *testing.T) {
	tests := []struct {
		name   string
		reason *e2b.Reason
		took   time.Duration // of the step
		status builder.Status
		phase  string
		step   int
		code   int
		text   string
	}{
		{"nothing", nil, time.Second, builder.StatusError, "step", 1, -1, "the endpoint gave no reason"},
		{"no message", &e2b.Reason{Step: "1"}, time.Second, builder.StatusError, "step", 1, -1, "the endpoint gave no reason"},
		{"an exit status", &e2b.Reason{Step: "1", Message: "failed to run command 'x': exit status 100"}, time.Second, builder.StatusError, "step", 1, 100, "exit status 100"},
		{"an exit status in the command", &e2b.Reason{Step: "1", Message: "failed to run command 'echo exit status 9': exit status 2"}, time.Second, builder.StatusError, "step", 1, 2, "exit status 2"},
		{"a signal", &e2b.Reason{Step: "1", Message: "failed to run command 'x': signal: killed"}, time.Second, builder.StatusError, "step", 1, 137, "killed"},
		{"no status", &e2b.Reason{Step: "1", Message: "command failed: unauthenticated: invalid username: 'x'"}, time.Second, builder.StatusError, "step", 1, -1, "invalid username"},
		{"its timeout", &e2b.Reason{Step: "1", Message: "failed to run command 'x': exit status 124"}, 60 * time.Second, builder.StatusTimeout, "step", 1, 124, "124"},
		{"its timeout, killed", &e2b.Reason{Step: "1", Message: "failed to run command 'x': exit status 137"}, 70 * time.Second, builder.StatusTimeout, "step", 1, 137, "137"},
		{"a timeout of its own", &e2b.Reason{Step: "1", Message: "failed to run command 'timeout 5 x': exit status 124"}, 5 * time.Second, builder.StatusError, "step", 1, 124, "124"},
		{"memory", &e2b.Reason{Step: "1", Message: "failed to run command 'x': signal: killed"}, 5 * time.Second, builder.StatusError, "step", 1, 137, "killed"},
		{"the base", &e2b.Reason{Step: "base", Message: "no such image"}, time.Second, builder.StatusError, "base", 0, -1, "no such image"},
		{"finalize", &e2b.Reason{Step: "finalize", Message: "start command failed: error running start command: exit status 1"}, time.Second, builder.StatusError, "start", 0, 1, "start command"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &endpoint{end: tt.took + time.Second, reason: tt.reason, lines: []line{{0, "1", header1}, {tt.took, "1", "Build failed"}}}
			watched(t, e, batches("", `timeout = "1m"`, ""), nil, func(w *world, res builder.Result, _ time.Duration) {
				f := res.Failure
				if f == nil || res.Err != nil || f.GaveUp || res.Open {
					w.t.Fatalf("result %+v; want a failure", res)
				}
				index := 0
				if f.Step != nil {
					index = f.Step.Index
				}
				if res.Status != tt.status || f.Phase != tt.phase || index != tt.step || f.ExitCode != tt.code || !strings.Contains(f.Reason, tt.text) {
					t.Errorf("%s in %s, step %d, exit code %d: %s; want %s, %s, %d, %d, %s", res.Status, f.Phase, index, f.ExitCode, f.Reason, tt.status, tt.phase, tt.step, tt.code, tt.text)
				}
				if f.Step != nil && f.Elapsed != tt.took {
					t.Errorf("elapsed %s; want %s", f.Elapsed, tt.took)
				}
				if got := w.record("bid").Status; got != tt.status {
					t.Errorf("the record's status %q; want %s", got, tt.status)
				}
			})
		})
	}
}
