package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
)

// TestMirrorAuto: what answers is chosen, the choice is kept without naming any
// host, and plans stay the same until the mirrors are tested again.
func TestMirrorAuto(t *testing.T) {
	fresh := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Origin: Debian\nDate: %s\n", time.Now().UTC().Format(time.RFC1123))
	})
	var silent atomic.Bool
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if silent.Load() {
			http.NotFound(w, r)
			return
		}
		fresh(w, r)
	}))
	defer first.Close()
	second := httptest.NewServer(fresh)
	defer second.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"code":404,"message":"none"}`, http.StatusNotFound)
	}))
	defer api.Close()

	p := project{t, t.TempDir(), t.TempDir()}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	write(t, p.dir, "e2bt.hcl", fmt.Sprintf(`
mirror "m" { debian = [%q, %q] }
template "x" {
  mirror = "auto:m"
  batch "b" { apt = ["bc"] }
}
`, first.URL, second.URL))
	plan := func(args ...string) string {
		cmd := e2bt(t, p.dir, p.home, append([]string{"plan", "--json"}, args...)...)
		cmd.Env = append(cmd.Env, "E2B_API_KEY=e2b_0123", "E2B_API_URL="+api.URL)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("plan %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	uses := func(out string, want, not string) {
		t.Helper()
		if !strings.Contains(out, want) || strings.Contains(out, not) {
			t.Errorf("want %s in the plan, and not %s:\n%s", want, not, out)
		}
	}

	// Nothing is tested offline: all are there, in the order of the profile.
	out := plan("--offline")
	if !strings.Contains(out, first.URL) || !strings.Contains(out, second.URL) {
		t.Errorf("offline, without a choice:\n%s", out)
	}
	silent.Store(true)
	out = plan()
	uses(out, second.URL, first.URL)
	uses(out, "tested in", "#2")
	if _, err := os.Stat(filepath.Join(p.dir, builder.LockName)); err == nil {
		t.Error("a plan wrote the lock file")
	}

	p.run(0, "mirrors", "test", "auto:m", "--pin")
	lock := p.lock()
	wantText(t, "the lock file", lock, `mirror "auto:m" {`, `debian = ["#2", "official"]`)
	if strings.Contains(lock, "127.0.0.1") {
		t.Errorf("the lock file names a host:\n%s", lock)
	}
	silent.Store(false)
	for _, args := range [][]string{{"--offline"}, nil} {
		out := plan(args...)
		uses(out, second.URL, first.URL)
		uses(out, "auto:m", "tested in")
	}
	_, stderr := p.run(exitConfig, "mirrors", "test", "m", "--pin")
	wantText(t, "stderr", stderr, "the profile that chooses is auto")
}

// TestMirrorAutoAbroad: for E2B's own endpoint nothing is tested, and nothing
// comes from a mirror.
func TestMirrorAutoAbroad(t *testing.T) {
	p := project{t, t.TempDir(), t.TempDir()}
	write(t, p.dir, "e2bt.hcl", "template \"x\" {\n  batch \"b\" { apt = [\"bc\"] }\n}\n")
	cmd := e2bt(t, p.dir, p.home, "plan", "--offline", "--json", "--mirror", "auto")
	cmd.Env = append(cmd.Env, "E2B_API_KEY=e2b_0123")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantText(t, "the plan", string(out), "E2B's own builders are outside of China", `"batch": "b"`)
	if strings.Contains(string(out), `"batch": "mirror"`) {
		t.Errorf("a mirror is used all the same:\n%s", out)
	}
}
