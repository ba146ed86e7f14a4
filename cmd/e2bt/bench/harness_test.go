//go:build linux

package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLogArrives checks what the measurements of logs rest upon: every line is
// printed once and in order.
func TestLogArrives(t *testing.T) {
	const lines = 1234
	for _, hold := range []bool{false, true} {
		j := job{Count: 1, Runs: 1}
		dir, s := project(t, j.config()), newServer(t, lines, hold)
		cmd := e2bt(t, dir, dir, "build")
		cmd.Env = append(cmd.Env, s.env()...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("building: %v\n%s", err, out)
		}
		var got, want []string
		for line := range strings.Lines(string(out)) {
			if text, ok := strings.CutPrefix(line, "bench-0 b0 | "); ok && !strings.HasPrefix(text, "step ") {
				got = append(got, strings.TrimSpace(text))
			}
		}
		for i := range lines {
			want = append(want, strings.TrimSpace(fmt.Sprintf(logTexts[i%len(logTexts)], i)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with hold %t: log (-want +got):\n%s", hold, diff)
		}
	}
}

// TestJob checks that what is measured is work: builds are made and files sent.
func TestJob(t *testing.T) {
	dir, j := t.TempDir(), job{Count: 3, Runs: 2, Copy: "data"}
	writeFile(t, filepath.Join(dir, "e2bt.hcl"), []byte(j.config()))
	writeFile(t, filepath.Join(dir, "data", "text"), newText().bytes(1<<20))
	s := newServer(t, 0, false)
	got, err := j.ours(t, dir, s, 1).run(0)
	if err != nil {
		t.Fatal(err)
	}
	if s.builds.Load() != 3 || s.uploaded.Load() == 0 {
		t.Errorf("%d builds and %d bytes; want 3 and some", s.builds.Load(), s.uploaded.Load())
	}
	if got.Wall <= 0 || got.CPU <= 0 || got.RSS < 1<<20 {
		t.Errorf("measured %+v; want time and memory", got)
	}
}
