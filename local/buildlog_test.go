package local

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

func newLog(t testing.TB) *buildLog {
	t.Helper()
	l := &buildLog{path: filepath.Join(t.TempDir(), "log.jsonl")}
	if err := l.create(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.close() })
	return l
}

func entryAt(level int, message string) e2b.LogEntry {
	return e2b.LogEntry{Timestamp: time.Unix(1e9, 0).UTC(), Level: levels[level], Message: message, Step: "1"}
}

func add(t testing.TB, l *buildLog, e e2b.LogEntry) {
	t.Helper()
	if err := l.append(e); err != nil {
		t.Fatal(err)
	}
}

// messagesOf reads a page and returns what its entries say.
func messagesOf(t testing.TB, l *buildLog, offset, limit, level int) []string {
	t.Helper()
	page, err := l.page(offset, limit, level)
	if err != nil {
		t.Fatalf("page(%d, %d, %d): %v", offset, limit, level, err)
	}
	out := []string{}
	for _, raw := range page {
		var e e2b.LogEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatalf("entry %q: %v", raw, err)
		}
		out = append(out, e.Message)
	}
	return out
}

// again is the same log as the next process opens it.
func again(l *buildLog) *buildLog { return &buildLog{path: l.path} }

// FuzzLogPages compares pages with what a simple list gives, while the log is
// written, when it is closed, and when it is opened again.
func FuzzLogPages(f *testing.F) {
	for seed := range 8 {
		f.Add(uint64(seed), uint16(seed*97), uint16(seed*31), uint8(seed), uint8(seed*29))
	}
	f.Fuzz(func(t *testing.T, seed uint64, count, offset uint16, level, limit uint8) {
		count, offset, limit = count%1000, offset%1100, limit%101
		minimum := int(level % 4)
		random := rand.New(rand.NewPCG(seed, 1))
		l := newLog(t)
		want := []string{}
		for i := range int(count) {
			at := random.IntN(4)
			message := fmt.Sprintf(`%d "level":"error" %s`, i, strings.Repeat("x", random.IntN(200)))
			add(t, l, entryAt(at, message))
			if at >= minimum {
				want = append(want, message)
			}
			if random.IntN(50) == 0 {
				messagesOf(t, l, 0, 1, 0) // writes what is pending
			}
		}
		want = want[min(int(offset), len(want)):]
		want = want[:min(int(limit), len(want))]
		check := func(what string, l *buildLog) {
			if diff := cmp.Diff(want, messagesOf(t, l, int(offset), int(limit), minimum)); diff != "" {
				t.Errorf("%s, page(%d, %d, %d) of %d (-want +got):\n%s", what, offset, limit, minimum, count, diff)
			}
		}
		check("open", l)
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		check("closed", l)
		check("opened again", again(l))
	})
}

// TestLogTorn: the last line of a process that was killed does not count.
func TestLogTorn(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	add(t, l, entryAt(1, "one"))
	add(t, l, entryAt(1, "two"))
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(l.path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := []string{"one", "two"}[:strings.Count(string(whole[:cut]), "\n")]
		if diff := cmp.Diff(want, messagesOf(t, again(l), 0, 100, 0)); diff != "" {
			t.Errorf("cut at %d: %s", cut, diff)
		}
	}
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	if got := messagesOf(t, again(l), 0, 100, 0); len(got) != 0 {
		t.Errorf("a log that is gone: %q", got)
	}
}

// TestLogUnwritable: what could not be written is lost, and nothing else is.
func TestLogUnwritable(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	add(t, l, entryAt(1, "before"))
	messagesOf(t, l, 0, 100, 0)
	good := l.file
	broken, err := os.Open(l.path) // it cannot be written to, like a full disk
	if err != nil {
		t.Fatal(err)
	}
	l.file = broken
	add(t, l, entryAt(1, "lost"))
	if got := messagesOf(t, l, 0, 100, 0); !cmp.Equal(got, []string{"before"}) {
		t.Errorf("while it cannot be written: %q", got)
	}
	failures := 0
	for range 3000 {
		if l.append(entryAt(1, strings.Repeat("lost ", 10))) != nil {
			failures++
		}
	}
	if failures == 0 {
		t.Error("append never said that it could not write")
	}
	l.file = good
	broken.Close()
	add(t, l, entryAt(1, "after"))
	for _, log := range []*buildLog{l, again(l)} {
		got := messagesOf(t, log, 0, 5000, 0)
		if len(got) < 2 || len(got) > 3000 || got[0] != "before" || got[len(got)-1] != "after" {
			t.Errorf("afterwards there are %d lines; want the first, the last and some between", len(got))
		}
	}
}

// TestLogMemory: a long log takes next to no memory, and any page of it comes
// without reading what is before it.
func TestLogMemory(t *testing.T) {
	lines := 50_000
	if os.Getenv("E2BT_E2E") == "local" {
		lines = 1_000_000
	}
	l := newLog(t)
	before := heap()
	e := entryAt(1, "[builder 1/3] [stdout]: Get:12 some/package and what one says about it [123 kB]")
	for range lines {
		add(t, l, e)
	}
	for _, log := range []*buildLog{l, again(l)} {
		start := time.Now()
		if got := messagesOf(t, log, lines-1, 100, 1); len(got) != 1 {
			t.Errorf("the last page has %d entries; want 1", len(got))
		}
		t.Logf("the last page: %s", time.Since(start))
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("the log keeps %d KiB in memory; want less than 1 MiB", grown>>10)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLogFiles: logs that are over hold no file open.
func TestLogFiles(t *testing.T) {
	var logs []*buildLog
	before := openFiles(t)
	for range 20 {
		l := newLog(t)
		add(t, l, entryAt(1, "x"))
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		logs = append(logs, l, again(l))
	}
	for _, l := range logs {
		messagesOf(t, l, 0, 100, 0)
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d files are open; %d were before", after, before)
	}
}

func openFiles(t testing.TB) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("needs /proc: %v", err)
	}
	return len(open)
}

// TestDamagedLine: a line that is no JSON is shown as damaged, and the rest is
// shown as it is.
func TestDamagedLine(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	s := serve(t, home)
	ask(s, "POST", "/v3/templates", `{"name":"web"}`)
	b := only(t, s.store.builds)
	if err := s.store.fail(b, "why"); err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(entryAt(1, "good"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(good) + "\n" + `{"timestamp":"2026-01-0` + strings.Repeat("\x00", 50) + "\n" + string(good) + "\n"
	if err := os.WriteFile(filepath.Join(s.store.buildDir(b), "log.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := ask(s, "GET", "/templates/web/builds/"+b.ID+"/status", "")
	var page e2b.BuildStatus
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
		t.Fatalf("status: %d %s: %v", w.Code, w.Body, err)
	}
	var got []string
	for _, e := range page.LogEntries {
		got = append(got, e.Level+" "+e.Message)
	}
	if diff := cmp.Diff([]string{"info good", "warn (this line of the log is damaged)", "info good"}, got); diff != "" {
		t.Error(diff)
	}
	if w := ask(s, "GET", "/templates/web/builds/"+b.ID+"/logs", ""); w.Code != 200 || strings.Count(w.Body.String(), "good") != 2 {
		t.Errorf("logs: %d %s", w.Code, w.Body)
	}
}
