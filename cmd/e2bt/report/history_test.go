package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/google/go-cmp/cmp"
)

func entry(day int, status builder.Status, batches ...BatchEntry) Entry {
	return Entry{Version: 1, Time: time.Date(2026, 1, day, 3, 0, 0, 0, time.UTC), Command: "build", Template: "app", Status: status, Seconds: float64(day), Batches: batches}
}

func TestHistoryAppend(t *testing.T) {
	h := History{filepath.Join(t.TempDir(), "history.jsonl")}
	if got, err := h.Read(); got != nil || err != nil {
		t.Fatalf("Read() of no file = %v, %v; want nothing", got, err)
	}
	var group sync.WaitGroup
	failed := make([]error, 20)
	for i := range failed {
		group.Go(func() { failed[i] = h.Append([]Entry{entry(1+i, builder.StatusReady)}) })
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Read(); len(got) != 20 || err != nil {
		t.Errorf("Read() after 20 at once = %d lines, %v; want 20", len(got), err)
	}
	text, err := os.ReadFile(h.Path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range 200 { // killed while it wrote the last line
		torn := History{filepath.Join(t.TempDir(), "torn.jsonl")}
		if err := os.WriteFile(torn.Path, text[:len(text)-cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := torn.Append([]Entry{entry(30, builder.StatusError)}); err != nil {
			t.Fatal(err)
		}
		got, err := torn.Read()
		if err != nil || len(got) < 19 || got[len(got)-1].Status != builder.StatusError {
			t.Fatalf("%d bytes short: Read() = %d lines, %v; want 20 or so, the last one whole", cut, len(got), err)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := History{filepath.Join(t.TempDir(), "history.jsonl")}
	e := entry(1, builder.StatusReady)
	e.Run = strings.Repeat("x", 100_000)
	for i := range 60 {
		e.Template = fmt.Sprint("t", i)
		if err := h.Append([]Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(h.Path)
	if err != nil || info.Size() > maxHistory {
		t.Errorf("the file has %d bytes, %v; want at most %d", info.Size(), err, maxHistory)
	}
	got, err := h.Read()
	if err != nil || len(got) < 15 || got[len(got)-1].Template != "t59" {
		t.Errorf("Read() = %d lines, %v; want the newest", len(got), err)
	}
}

func TestCount(t *testing.T) {
	bad := BatchEntry{Name: "x", Digest: "d1", Attempts: 1, Category: diagnose.Network}
	good := BatchEntry{Name: "x", Digest: "d1", Attempts: 1, OK: true}
	other := BatchEntry{Name: "x", Digest: "d2", Attempts: 1, OK: true}
	retried := BatchEntry{Name: "x", Digest: "d1", Attempts: 3, OK: true, Category: diagnose.RateLimited}
	cached := BatchEntry{Name: "x", Digest: "d1", Cached: true, OK: true}
	tests := []struct {
		name    string
		entries []Entry
		want    string // failed/ran of the flaky batch
	}{
		{"it never failed", []Entry{entry(1, builder.StatusReady, good), entry(2, builder.StatusReady, good)}, ""},
		{"it always failed", []Entry{entry(1, builder.StatusError, bad), entry(2, builder.StatusError, bad)}, ""},
		{"it failed and then passed", []Entry{entry(1, builder.StatusError, bad), entry(2, builder.StatusReady, good)}, "1/2"},
		{"it passed and then failed", []Entry{entry(1, builder.StatusReady, good), entry(2, builder.StatusError, bad)}, ""},
		{"it was changed in between", []Entry{entry(1, builder.StatusError, bad), entry(2, builder.StatusReady, other)}, ""},
		{"a retry cured it", []Entry{entry(1, builder.StatusReady, retried)}, "2/3"},
		{"another template's build made the layer", []Entry{entry(1, builder.StatusError, bad), entry(2, builder.StatusReady, cached)}, ""},
	}
	for _, tt := range tests {
		got := ""
		for _, b := range Count(tt.entries).Batches {
			got += fmt.Sprintf("%d/%d", b.Failed, b.Ran)
		}
		if got != tt.want {
			t.Errorf("%s: flaky batches %q; want %q", tt.name, got, tt.want)
		}
	}
}

func TestCountTemplates(t *testing.T) {
	entries := []Entry{
		entry(1, builder.StatusReady), entry(2, builder.StatusUpToDate), entry(4, builder.StatusReady), entry(6, builder.StatusTimeout),
		entry(7, builder.StatusCancelled), {Version: 1, Template: "app", Command: "check", Status: builder.StatusReady, Time: entry(8, "").Time},
	}
	want := []TemplateStats{{Template: "app", Builds: 3, Ready: 2, Rate: 2. / 3, MedianS: 2.5, CheckRuns: 1, CheckOK: 1, LastStatus: builder.StatusReady, LastTime: entry(8, "").Time}}
	if diff := cmp.Diff(want, Count(entries).Templates); diff != "" {
		t.Errorf("templates differ (-want +got):\n%s", diff)
	}
}

func TestFlakyMirrors(t *testing.T) {
	from := func(host string, ok bool, category diagnose.Category) BatchEntry {
		return BatchEntry{Name: "x", OK: ok, Category: category, Attempts: 1, Sources: []Source{{"x", "pip", host}}}
	}
	switched := entry(3, builder.StatusReady, from("two.example", true, ""))
	switched.GivenUp = []builder.Switch{{Ecosystem: "pip", From: "one.example", To: "two.example"}}
	got := Count([]Entry{
		entry(1, builder.StatusReady, from("one.example", true, "")),
		entry(2, builder.StatusError, from("three.example", false, diagnose.Network)), // it never served
		switched,
		entry(4, builder.StatusError, from("two.example", false, diagnose.Syntax)), // not its fault
	}).Mirrors
	want := []MirrorStats{{Ecosystem: "pip", From: "one.example", Served: 1, Failed: 1, Last: switched.Time}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mirrors differ (-want +got):\n%s", diff)
	}
}
