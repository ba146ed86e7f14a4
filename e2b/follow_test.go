package e2b_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/e2btest"
)

// build is an endpoint's side of a running build: a log that grows by what
// grow gives with every question, and ends at total lines.
type build struct {
	total int
	page  int // entries of a page; 0: 100
	grow  func() int
	end   e2b.BuildState

	mu       sync.Mutex
	lines    int
	requests int
	asked    []time.Time
}

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func entry(i int) e2b.LogEntry {
	return e2b.LogEntry{Timestamp: began.Add(time.Duration(i) * time.Millisecond), Level: "info", Message: fmt.Sprint(i), Step: "1"}
}

func (b *build) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	b.asked = append(b.asked, time.Now())
	offset, err := strconv.Atoi(r.URL.Query().Get("logsOffset"))
	if err != nil {
		answer(400)(w, r)
		return
	}
	b.lines = min(b.total, b.lines+b.grow())
	status := e2b.BuildStatus{Status: e2b.StateBuilding, LogEntries: []e2b.LogEntry{}}
	if b.lines == b.total {
		status.Status = b.end
	}
	size := b.page
	if size == 0 {
		size = 100
	}
	for i := offset; i < min(offset+size, b.lines); i++ {
		status.LogEntries = append(status.LogEntries, entry(i))
	}
	_ = json.NewEncoder(w).Encode(status)
}

// follow follows a build to its end and wants every line once, in order.
func follow(t *testing.T, h http.HandlerFunc, total int, opts e2b.FollowOptions) e2b.BuildStatus {
	t.Helper()
	next := opts.Offset
	opts.OnEntries = func(entries []e2b.LogEntry) {
		for _, e := range entries {
			if e.Message != fmt.Sprint(next) {
				t.Fatalf("line %s came; want line %d", e.Message, next)
			}
			next++
		}
	}
	status, err := client(t, h).Follow(t.Context(), "t", "b", opts)
	if err != nil {
		t.Fatalf("Follow() = %v", err)
	}
	if next != total {
		t.Errorf("%d lines came; want %d", next, total)
	}
	return status
}

// TestFollow has logs of every length around a page, that are there at once
// or grow between any two questions, also those that are asked at once.
func TestFollow(t *testing.T) {
	growths := map[string]func() int{
		"all there":    func() int { return 1 << 20 },
		"line by line": func() int { return 1 },
		"page by page": func() int { return 100 },
		"any":          func() int { return rand.N(350) },
		"in bursts":    func() int { return rand.N(2) * rand.N(2) * 700 },
	}
	for name, grow := range growths {
		for _, total := range []int{0, 1, 99, 100, 101, 200, 201, 399, 400, 401, 777} {
			t.Run(fmt.Sprintf("%s/%d", name, total), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := &build{total: total, grow: grow, end: e2b.StateReady}
					if status := follow(t, b.ServeHTTP, total, e2b.FollowOptions{}); status.Status != e2b.StateReady {
						t.Errorf("status %s; want ready", status.Status)
					}
				})
			})
		}
	}
}

// A long log that is there costs no more questions than it has pages, and a
// few; nothing waits.
func TestFollowIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &build{total: 3000, grow: func() int { return 3000 }, end: e2b.StateError}
		start := time.Now()
		follow(t, b.ServeHTTP, 3000, e2b.FollowOptions{})
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %s; want no wait", took)
		}
		if b.requests > 40 {
			t.Errorf("%d requests; want about 30", b.requests)
		}
	})
}

// An idle build is asked ever more slowly; a line makes it quick again.
func TestFollowPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		b := &build{total: 2, end: e2b.StateReady, grow: func() int {
			if n++; n == 20 || n == 40 {
				return 1
			}
			return 0
		}}
		follow(t, b.ServeHTTP, 2, e2b.FollowOptions{})
		wait := func(i int) time.Duration { return b.asked[i+1].Sub(b.asked[i]) }
		for i, want := range map[int]time.Duration{0: 200 * time.Millisecond, 1: 300 * time.Millisecond, 18: 2 * time.Second, 19: 200 * time.Millisecond, 38: 2 * time.Second} {
			if got := wait(i); got != want {
				t.Errorf("wait %d = %s; want %s", i, got, want)
			}
		}
	})
}

// TestFollowTrouble puts every kind of trouble between the pages: nothing is
// lost, nothing doubled, and the caller hears of each.
func TestFollowTrouble(t *testing.T) {
	troubles := map[string]http.HandlerFunc{
		"429": answer(429), "500": answer(500), "502": answer(502), "503": answer(503), "504": answer(504),
		"cut": e2btest.Cut, "truncated": e2btest.Truncate, "hang": e2btest.Hang,
		"a portal's page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in first") },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"building","logEntries":[{"message":"0"`)
		},
	}
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &build{total: 1200, grow: func() int { return rand.N(300) }, end: e2b.StateReady}
				var mu sync.Mutex
				n, heard := 0, 0
				follow(t, func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					n++
					fails := n%3 != 0 && n < 40
					mu.Unlock()
					if fails {
						trouble(w, r)
						return
					}
					b.ServeHTTP(w, r)
				}, 1200, e2b.FollowOptions{OnRetry: func(err error, wait time.Duration) {
					if heard++; err == nil || wait <= 0 {
						t.Errorf("OnRetry(%v, %s)", err, wait)
					}
				}})
				if heard == 0 {
					t.Error("the caller heard of no trouble")
				}
			})
		})
	}
}

// A server that minds being asked several things at once is asked one by one
// from then on.
func TestFollowGoesEasy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &build{total: 2000, grow: func() int { return 2000 }, end: e2b.StateReady}
		var mu sync.Mutex
		now, refused := 0, 0
		follow(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			now++
			tooMany := now > 1
			if tooMany {
				refused++
			}
			mu.Unlock()
			time.Sleep(time.Millisecond) // on the fake clock
			mu.Lock()
			now--
			mu.Unlock()
			if tooMany {
				answer(429)(w, r)
				return
			}
			b.ServeHTTP(w, r)
		}, 2000, e2b.FollowOptions{})
		if refused > 3 {
			t.Errorf("refused %d times; want it to learn from the first", refused)
		}
	})
}

// Only a refusal ends the waiting.
func TestFollowRefused(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 302} {
		synctest.Test(t, func(t *testing.T) {
			_, err := client(t, answer(status)).Follow(t.Context(), "t", "b", e2b.FollowOptions{})
			var refused *e2b.Error
			if !errors.As(err, &refused) || refused.StatusCode != status {
				t.Errorf("Follow() = %v; want a %d", err, status)
			}
		})
	}
}

func TestFollowCancel(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"in a request": e2btest.Hang, "after trouble": answer(503),
		"while idle": (&build{total: 5, grow: func() int { return 0 }}).ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
				defer cancel()
				start := time.Now()
				_, err := client(t, h).Follow(ctx, "t", "b", e2b.FollowOptions{})
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 700*time.Millisecond {
					t.Errorf("Follow() = %v after %s; want the context's error at its end", err, time.Since(start))
				}
			})
		})
	}
}

// Following goes on where an earlier run was.
func TestFollowOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &build{total: 350, grow: func() int { return 350 }, end: e2b.StateReady}
		follow(t, b.ServeHTTP, 350, e2b.FollowOptions{Offset: 120})
	})
}

// Servers that speak the API only in part: pages of another size, and an
// offset that is ignored, which must not go on for ever.
func TestFollowOddServers(t *testing.T) {
	for _, size := range []int{7, 100, 250, 5000} {
		t.Run(fmt.Sprint("pages of ", size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &build{total: 1234, page: size, grow: func() int { return rand.N(500) }, end: e2b.StateReady}
				follow(t, b.ServeHTTP, 1234, e2b.FollowOptions{})
			})
		})
	}
	t.Run("no offset", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &build{total: 321, page: 5000, grow: func() int { return rand.N(50) }, end: e2b.StateReady}
			follow(t, withoutOffset(b), 321, e2b.FollowOptions{})
		})
	})
	t.Run("no offset, one page", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &build{total: 321, grow: func() int { return 1000 }, end: e2b.StateReady}
			follow(t, withoutOffset(b), 100, e2b.FollowOptions{}) // it has no way to give the rest
		})
	})
	t.Run("no log", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			follow(t, func(w http.ResponseWriter, _ *http.Request) {
				if n++; n < 5 {
					fmt.Fprint(w, `{"status":"building","logs":[],"logEntries":null}`)
					return
				}
				fmt.Fprint(w, `{"status":"ready"}`)
			}, 0, e2b.FollowOptions{})
		})
	})
}

func withoutOffset(b *build) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = "logsOffset=0"
		b.ServeHTTP(w, r)
	}
}

func TestLogs(t *testing.T) {
	for name, h := range map[string]func(*build) http.HandlerFunc{
		"as it should": func(b *build) http.HandlerFunc { return b.ServeHTTP }, "no offset": withoutOffset,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &build{total: 90, grow: func() int { return 1000 }, end: e2b.StateReady}
				var got []string
				err := client(t, h(b)).Logs(t.Context(), "t", "b", func(entries []e2b.LogEntry) {
					for _, e := range entries {
						got = append(got, e.Message)
					}
				})
				if err != nil || len(got) != 90 || !strings.HasSuffix(strings.Join(got, " "), " 88 89") {
					t.Errorf("Logs() = %v, %d lines; want 90", err, len(got))
				}
			})
		})
	}
}
