package builder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/e2btest"
	"github.com/google/go-cmp/cmp"
)

// middle stands between client and server: it may answer instead.
type middle = func(w *world, next http.Handler) http.Handler

// instead lets f answer; where it does not, the server does.
func instead(f func(rw http.ResponseWriter, r *http.Request) (done bool)) middle {
	return func(_ *world, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if !f(rw, r) {
				next.ServeHTTP(rw, r)
			}
		})
	}
}

func refuse(rw http.ResponseWriter, status int, message string) bool {
	rw.WriteHeader(status)
	fmt.Fprintf(rw, `{"code":%d,"message":%q}`, status, message)
	return true
}

const simple = `template "app" {
  batch "b" { run = ["echo one", "sleep 20", "echo two"] }
}`

// Over the team's limit a build waits for a slot, and says so; it is asked for
// ever more slowly, or when the endpoint says.
func TestRegisterQueues(t *testing.T) {
	for after, want := range map[string]time.Duration{"": 2*time.Second + 4*time.Second + 8*time.Second, "45": 3 * 45 * time.Second} {
		n := 0
		var registered time.Time
		inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/v3/templates" {
				return false
			}
			if n++; n > 3 {
				registered = time.Now()
				return false
			}
			if after != "" {
				rw.Header().Set("Retry-After", after)
			}
			return refuse(rw, 429, "you have reached the maximum number of concurrent template builds (20)")
		}), func(w *world) {
			start := time.Now()
			w.run(w.runner(), w.plan(simple), builder.StatusReady)
			if took := registered.Sub(start); took != want {
				t.Errorf("Retry-After %q: registered after %s; want %s", after, took, want)
			}
			if got := strings.Count(w.story(), "retry app waiting for a free build slot: you have reached the maximum"); got != 3 {
				t.Errorf("the story:\n%s", w.story())
			}
		})
	}
}

// An interrupt ends the waiting at once.
func TestRegisterQueueInterrupted(t *testing.T) {
	inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool { return refuse(rw, 429, "full") }), func(w *world) {
		ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		results := w.runner().Run(ctx, w.plan(simple))
		w.ended(results, builder.StatusCancelled)
		if took := time.Since(start); took != 3*time.Second || results[0].BuildID != "" {
			t.Errorf("took %s, build %q", took, results[0].BuildID)
		}
	})
}

// What the API refuses is told, once, and nothing is triggered.
func TestRefused(t *testing.T) {
	for status, message := range map[int]string{400: "Invalid name", 401: "Invalid API key", 403: "Alias 'x' already used", 404: "deleted", 500: "internal"} {
		inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool { return refuse(rw, status, message) }), func(w *world) {
			res := w.run(w.runner(), w.plan(simple), builder.StatusError)[0]
			var refused *e2b.Error
			if !errors.As(res.Err, &refused) || refused.StatusCode != status || res.Failure != nil {
				t.Errorf("result %+v; want a %d", res, status)
			}
			if got := len(w.requests); got != 1 {
				t.Errorf("%d requests %v; want 1", got, w.requests)
			}
		})
	}
}

// TestPollingTrouble puts trouble between any two answers: the build goes on,
// is triggered once, and its log is whole.
func TestPollingTrouble(t *testing.T) {
	troubles := map[string]http.HandlerFunc{
		"429": func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, 429, "slow down") },
		"503": func(rw http.ResponseWriter, _ *http.Request) { refuse(rw, 503, "busy") },
		"502": func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(502)
			fmt.Fprint(rw, "<html>bad gateway")
		},
		"a lost connection":  e2btest.Cut,
		"a truncated answer": e2btest.Truncate,
		"no answer":          e2btest.Hang,
	}
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			var polls atomic.Int64
			inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool {
				if !isStatus(r) || polls.Add(1)%3 == 0 {
					return false
				}
				trouble(rw, r)
				return true
			}), func(w *world) {
				w.run(w.runner(), w.plan(`template "app" {
  batch "b" { run = ["seq 250", "sleep 120", "seq 250"] }
}`), builder.StatusReady)
				if w.triggers() != 1 || w.count("POST", "/v3/templates") != 1 {
					t.Errorf("%d triggers, %d registrations; want 1 of each", w.triggers(), w.count("POST", "/v3/templates"))
				}
				lines := 0
				for _, e := range w.events {
					if e.Stream != "" {
						lines++
					}
				}
				if lines != 500 {
					t.Errorf("%d lines; want 500", lines)
				}
				if !strings.Contains(w.story(), "retry app asking again in ") {
					t.Errorf("nobody heard of the trouble")
				}
			})
		})
	}
}

// TestLostTrigger loses the answer to the trigger, or the trigger itself. In no
// case is there a second one.
func TestLostTrigger(t *testing.T) {
	losses := map[string]struct {
		arrives bool
		lose    http.HandlerFunc
	}{
		"the answer":      {true, e2btest.Cut},
		"half the answer": {true, e2btest.Truncate},
		"a gateway's 504": {true, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(504) }},
		"the request":     {false, e2btest.Cut},
		"a gateway's 502": {false, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(502) }},
	}
	for name, loss := range losses {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world, next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if !isTrigger(r) {
						next.ServeHTTP(rw, r)
						return
					}
					body(t, r)
					if loss.arrives {
						next.ServeHTTP(unheard{rw, http.Header{}}, r)
					}
					loss.lose(rw, r)
				})
			}, func(w *world) {
				want := builder.StatusReady
				if !loss.arrives {
					want = builder.StatusTimeout
				}
				res := w.run(w.runner(), w.plan(simple), want)[0]
				if got := w.triggers(); got != 1 {
					t.Errorf("%d triggers; want 1", got)
				}
				if !loss.arrives && (!res.Failure.GaveUp || !strings.Contains(res.Failure.Reason, "stalled")) {
					t.Errorf("failure %+v; want a stall", res.Failure)
				}
			})
		})
	}
}

// unheard drops an answer.
type unheard struct {
	http.ResponseWriter
	header http.Header
}

func (u unheard) Header() http.Header         { return u.header }
func (u unheard) Write(p []byte) (int, error) { return len(p), nil }
func (u unheard) WriteHeader(int)             {}

// The ids are on disk when the trigger arrives.
func TestRecordBeforeTrigger(t *testing.T) {
	seen := false
	inWorld(t, func(w *world, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isTrigger(r) {
				seen = true
				parts := strings.Split(r.URL.Path, "/")
				rec := w.record(parts[5])
				if rec.TemplateID != parts[3] || rec.BuildID != parts[5] || rec.Status != "" || !strings.HasPrefix(rec.RunTag, "run-") {
					t.Errorf("record %+v; want the ids of %s", rec, r.URL.Path)
				}
			}
			next.ServeHTTP(rw, r)
		})
	}, func(w *world) { w.run(w.runner(), w.plan(simple), builder.StatusReady) })
	if !seen {
		t.Error("no trigger")
	}
}

// Where the ids cannot be written, nothing is triggered.
func TestRecordNotWritten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		if err := os.WriteFile(w.state, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		res := w.run(w.runner(), w.plan(simple), builder.StatusError)[0]
		if res.Err == nil || !strings.Contains(res.Err.Error(), "writing the build's record") || w.triggers() != 0 {
			t.Errorf("error %v, %d triggers; want one about the record and none", res.Err, w.triggers())
		}
		if got := w.tags("app"); len(got) != 0 {
			t.Errorf("tags %v; want none", got)
		}
	})
}

// TestInterrupt stops a run wherever it is: the result says so, has no error
// and no failure, and comes at once.
func TestInterrupt(t *testing.T) {
	places := map[string]struct {
		when     func(r *http.Request) bool
		status   builder.Status // of the result
		recorded builder.Status // in the record; empty: nobody knows the build's end
		runTag   bool           // is left, since the build may be attached to
	}{
		"registering": {func(r *http.Request) bool { return r.URL.Path == "/v3/templates" }, builder.StatusCancelled, "no record", false},
		"uploading":   {func(r *http.Request) bool { return r.Method == http.MethodPut }, builder.StatusCancelled, builder.StatusCancelled, false},
		"triggering":  {isTrigger, builder.StatusCancelled, "", true},
		"polling":     {isStatus, builder.StatusCancelled, "", true},
		"checking":    {func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/Start") }, builder.StatusCancelled, "", true},
		"promoting":   {func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/templates/tags" }, builder.StatusReady, builder.StatusReady, false},
	}
	for name, tt := range places {
		t.Run(name, func(t *testing.T) {
			var stop context.CancelFunc
			inWorld(t, func(w *world, next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if tt.when(r) {
						stop()
						if tt.status == builder.StatusCancelled && (tt.recorded != "") {
							e2btest.Hang(rw, r)
							return
						}
					}
					next.ServeHTTP(rw, r)
				})
			}, func(w *world) {
				p := w.plan(hello, note)
				var ctx context.Context
				ctx, stop = context.WithCancel(w.t.Context())
				start := time.Now()
				results := w.runner().Run(ctx, p)
				stop()
				w.ended(results, tt.status)
				if res := results[0]; res.Err != nil || res.Failure != nil || res.CheckFailed {
					t.Errorf("result %+v; want no error", res)
				}
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("took %s", took)
				}
				e := w.events[len(w.events)-2]
				if e.Type != builder.EventBuildEnd || e.Status != tt.status || e.Message != "" {
					t.Errorf("the last event of the build: %+v", e)
				}
				records, err := builder.Records(w.state)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case tt.recorded == "no record":
					if len(records) != 0 {
						t.Errorf("records %v; want none", records)
					}
				case len(records) != 1 || records[0].Status != tt.recorded:
					t.Errorf("records %+v; want one with status %q", records, tt.recorded)
				}
				if _, promoted := w.tags("app")["default"]; promoted != (tt.status == builder.StatusReady) {
					t.Errorf("promoted: %v", promoted)
				}
				time.Sleep(time.Minute) // the endpoint's build ends, on the fake clock
				if got := len(w.sandboxes()); got != 0 {
					t.Errorf("%d sandboxes are left", got)
				}
				tags := slices.Collect(maps.Keys(w.tags("app")))
				if got := slices.ContainsFunc(tags, func(tag string) bool { return strings.HasPrefix(tag, "run-") }); got != tt.runTag {
					t.Errorf("tags %v; the run's own among them: %v, want %v", tags, got, tt.runTag)
				}
			})
		})
	}
}

// TestAttach goes on with a build that an interrupted run left alone.
func TestAttach(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.plan(hello, note)
		p.Templates[0].Steps[0].Args[0] = "echo one; sleep 60; echo two"
		ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
		defer cancel()
		stopped := w.runner().Run(ctx, p)
		w.ended(stopped, builder.StatusCancelled)
		if got := w.tags("app")["default"]; got != "" {
			t.Errorf("default is there already: %s", got)
		}
		records, err := builder.Records(w.state)
		if err != nil {
			t.Fatal(err)
		}
		rec, ok := builder.FindRecord(records, "app")
		if !ok || rec.BuildID != stopped[0].BuildID {
			t.Fatalf("record %+v, %v; want that of %s", rec, ok, stopped[0].BuildID)
		}
		w.events = nil
		res := w.runner().Attach(w.t.Context(), p.Templates[0], rec, true)
		w.ended([]builder.Result{res}, builder.StatusReady)
		fp := p.Templates[0].FingerprintTag()
		want := map[string]string{"default": rec.BuildID, "nightly": rec.BuildID, fp: rec.BuildID}
		if diff := cmp.Diff(want, w.tags("app")); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		for _, part := range []string{"build_start app", "stdout one\n", "stdout two\n", "check app greets ok", "build_end app ready"} {
			if !strings.Contains(w.story(), part) {
				t.Errorf("the story lacks %q:\n%s", part, w.story())
			}
		}
		if w.triggers() != 1 || w.record(rec.BuildID).Status != builder.StatusReady {
			t.Errorf("%d triggers, status %q", w.triggers(), w.record(rec.BuildID).Status)
		}
		// Once more does no harm.
		res = w.runner().Attach(w.t.Context(), p.Templates[0], rec, true)
		w.ended([]builder.Result{res}, builder.StatusReady)
		if diff := cmp.Diff(want, w.tags("app")); diff != "" {
			t.Errorf("tags after attaching again (-want +got):\n%s", diff)
		}
	})
}

// Without promote a build is only followed; one that failed is explained.
func TestAttachOnlyFollows(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for _, last := range []string{"true", "exit 3"} {
			p := w.plan(fmt.Sprintf(`template "app" {
  batch "b" { run = ["sleep 30", %q] }
  check "c" { command = "true" }
}`, last))
			ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
			stopped := w.runner().Run(ctx, p)
			cancel()
			rec := w.record(stopped[0].BuildID)
			res := w.runner().Attach(w.t.Context(), p.Templates[0], rec, false)
			want, recorded := builder.StatusReady, builder.Status("") // it is still to be promoted
			if last != "true" {
				want, recorded = builder.StatusError, builder.StatusError
				if res.Failure == nil || res.Failure.ExitCode != 3 {
					t.Errorf("failure %+v; want exit code 3", res.Failure)
				}
			}
			w.ended([]builder.Result{res}, want)
			if w.tags("app")["default"] != "" || w.count("POST", "/v2/sandboxes") != 0 || w.record(rec.BuildID).Status != recorded {
				t.Errorf("tags %v, record %+v", w.tags("app"), w.record(rec.BuildID))
			}
		}
	})
}

// flaky has the batch fail the first times that a build is triggered.
func flaky(times int) middle {
	n := 0
	return func(w *world, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isTrigger(r) {
				text := body(w.t, r)
				if n++; n <= times {
					text = strings.Replace(text, "echo works", fmt.Sprintf("exit %d", 10+n), 1)
				}
				setBody(r, text)
			}
			next.ServeHTTP(rw, r)
		})
	}
}

// TestRetryBatch tries a batch again as often as it says, where that may help.
func TestRetryBatch(t *testing.T) {
	text := `template "app" {
  batch "first" { run = ["echo first"] }
  batch "flaky" {
    retries = 2
    run     = ["echo works"]
  }
}`
	tests := []struct {
		name             string
		fails, retryable int // how often it fails; how many of the failures may be cured
		builds           int
		want             builder.Status
		code             int
	}{
		{"at once", 0, 9, 1, builder.StatusReady, 0},
		{"at the last", 2, 9, 3, builder.StatusReady, 0},
		{"never", 9, 9, 3, builder.StatusError, 13},
		{"nothing that a retry cures", 9, 0, 1, builder.StatusError, 11},
		{"another failure, which none cures", 9, 1, 2, builder.StatusError, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, flaky(tt.fails), func(w *world) {
				r := w.runner()
				var asked []int
				r.Retryable = func(f builder.Failure) bool {
					asked = append(asked, f.ExitCode)
					if last := w.events[len(w.events)-1]; last.Type != builder.EventFailure || last.Failure.ExitCode != f.ExitCode {
						t.Errorf("asked after %s; want the failure first", last.Type)
					}
					return len(asked) <= tt.retryable
				}
				res := w.run(r, w.plan(text), tt.want)[0]
				if w.triggers() != tt.builds || w.count("POST", "/v3/templates") != tt.builds {
					t.Errorf("%d builds, asked about %v; want %d", w.triggers(), asked, tt.builds)
				}
				if (res.Failure != nil) != (tt.code != 0) || res.Failure != nil && res.Failure.ExitCode != tt.code {
					t.Errorf("failure %+v; want exit code %d", res.Failure, tt.code)
				}
				var attempts []string
				for _, e := range w.events {
					if e.Type == builder.EventRetry {
						attempts = append(attempts, fmt.Sprintf("%d:%s %d %s", e.Index, e.Batch, e.Attempt, e.Message))
					}
				}
				want := []string{"2:flaky 1 retry 1 of 2 in 2s", "2:flaky 2 retry 2 of 2 in 4s"}[:tt.builds-1]
				if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(attempts, "\n")); diff != "" {
					t.Errorf("retries (-want +got):\n%s", diff)
				}
				if tt.want == builder.StatusReady && w.tags("app")["default"] != res.BuildID {
					t.Errorf("default is %s; want the last build %s", w.tags("app")["default"], res.BuildID)
				}
				if tt.want != builder.StatusReady && len(w.tags("app")) != 0 {
					t.Errorf("tags %v; want none", w.tags("app"))
				}
			})
		})
	}
}

// An interrupt ends the waiting for a retry; what failed stays failed.
func TestRetryInterrupted(t *testing.T) {
	inWorld(t, flaky(9), func(w *world) {
		r := w.runner()
		r.Retryable = func(builder.Failure) bool { return true }
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		results := r.Run(ctx, w.plan(`template "app" {
  batch "flaky" {
    retries = 10
    run     = ["echo works"]
  }
}`))
		w.ended(results, builder.StatusError)
		if w.triggers() != 1 {
			t.Errorf("%d builds; want 1", w.triggers())
		}
	})
}

// Where nobody can say whether a retry helps, there is none.
func TestRetryNobodyKnows(t *testing.T) {
	inWorld(t, flaky(1), func(w *world) {
		w.run(w.runner(), w.plan(`template "app" {
  batch "flaky" {
    retries = 2
    run     = ["echo works"]
  }
}`), builder.StatusError)
	})
}

// Copies with the same files are sent once, before the trigger.
func TestUploadOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.run(w.runner(), w.plan(`template "app" {
  copy {
    from = "data/"
    to   = "/a"
  }
  copy {
    from = "data/"
    to   = "/b"
  }
}`, note), builder.StatusReady)
		if got := w.count("PUT", ""); got != 1 {
			t.Errorf("%d uploads; want 1", got)
		}
		put := slices.IndexFunc(w.requests, func(r string) bool { return strings.HasPrefix(r, "PUT ") })
		trigger := slices.IndexFunc(w.requests, func(r string) bool { return strings.Contains(r, "/builds/") })
		if put > trigger {
			t.Errorf("requests %v; want the upload first", w.requests)
		}
	})
}

// TestUploadFails has trouble on either side: the error names the author's
// line, nothing is triggered, and nothing is left behind.
func TestUploadFails(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	big := files{"data/note": strings.Repeat("x", 100_000)}
	tests := []struct {
		name    string
		between middle
		spoil   func(w *world)
		want    string
	}{
		{"a refusal", instead(func(rw http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodPut && refuse(rw, 400, "no room")
		}), func(*world) {}, "no room"},
		{"a file that changed", nil, func(w *world) {
			if err := os.WriteFile(filepath.Join(w.dir, "data/note"), []byte("changed"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "data/note: it changed meanwhile"},
		{"no link", instead(func(rw http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/files/") && refuse(rw, 404, "no such route")
		}), func(*world) {}, "no such route"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, tt.between, func(w *world) {
				p := w.plan(hello, big)
				tt.spoil(w)
				res := w.run(w.runner(), p, builder.StatusError)[0]
				if res.Err == nil || !strings.Contains(res.Err.Error(), tt.want) || !strings.HasPrefix(res.Err.Error(), "e2bt.hcl:5") {
					t.Errorf("error %v; want %q on line 5", res.Err, tt.want)
				}
				if w.triggers() != 0 || len(w.tags("app")) != 0 {
					t.Errorf("%d triggers, tags %v; want none", w.triggers(), w.tags("app"))
				}
				if got := w.record(res.BuildID).Status; got != builder.StatusError {
					t.Errorf("the record's status %q; want error", got)
				}
				if left, _ := filepath.Glob(filepath.Join(tmp, "e2bt-upload-*")); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		})
	}
}

// Where promotion fails, the error says which build it was.
func TestPromoteFails(t *testing.T) {
	inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPost && r.URL.Path == "/templates/tags" && refuse(rw, 403, "not yours")
	}), func(w *world) {
		res := w.run(w.runner(), w.plan(simple), builder.StatusError)[0]
		if res.Err == nil || !strings.Contains(res.Err.Error(), "promoting build "+res.BuildID) || !strings.Contains(res.Err.Error(), "not yours") {
			t.Errorf("error %v; want one about promoting", res.Err)
		}
	})
}

// A sandbox that cannot be ended ends by itself: that its checks passed counts.
func TestCheckSandboxStays(t *testing.T) {
	inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/sandboxes/") && refuse(rw, 400, "try later")
	}), func(w *world) { w.run(w.runner(), w.plan(hello, note), builder.StatusReady) })
}

// An endpoint may refuse to take away a tag that is not there, as it is when a
// promoted build is attached to once more.
func TestPromoteAgain(t *testing.T) {
	var w *world
	inWorld(t, instead(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete || r.URL.Path != "/templates/tags" {
			return false
		}
		var req e2b.UntagRequest
		if err := json.Unmarshal([]byte(body(t, r)), &req); err != nil {
			t.Error(err)
		}
		there := w.tags("app")
		return slices.ContainsFunc(req.Tags, func(tag string) bool { return there[tag] == "" }) && refuse(rw, 404, "tag not found")
	}), func(inner *world) {
		w = inner
		p := w.plan(simple)
		res := w.run(w.runner(), p, builder.StatusReady)[0]
		res = w.runner().Attach(w.t.Context(), p.Templates[0], w.record(res.BuildID), true)
		w.ended([]builder.Result{res}, builder.StatusReady)
	})
}

// Tags are taken from older builds only after default has moved.
func TestPromoteMovesTags(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		first := w.plan(simple)
		old := w.run(w.runner(), first, builder.StatusReady)[0]
		second := w.plan(strings.Replace(simple, "echo two", "echo three", 1))
		res := w.run(w.runner(), second, builder.StatusReady)[0]
		want := map[string]string{"default": res.BuildID, second.Templates[0].FingerprintTag(): res.BuildID, builder.Previous: old.BuildID}
		if diff := cmp.Diff(want, w.tags("app")); diff != "" || old.BuildID == res.BuildID {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		tagged := slices.IndexFunc(w.requests, func(r string) bool { return r == "POST /templates/tags" })
		untagged := slices.IndexFunc(w.requests, func(r string) bool { return r == "DELETE /templates/tags" })
		if untagged < tagged {
			t.Errorf("requests %v; want the new tags first", w.requests)
		}
	})
}
