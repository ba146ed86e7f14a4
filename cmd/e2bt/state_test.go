package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
)

// TestStateIsBounded keeps the newest logs and records, and files of others.
func TestStateIsBounded(t *testing.T) {
	a := &app{dir: t.TempDir()}
	if err := a.openState(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(a.logs(), 0o755); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range keptBuilds + 20 {
		at := start.Add(time.Duration(i) * time.Minute)
		id := fmt.Sprintf("build-%03d", i)
		record, err := json.Marshal(builder.Record{BuildID: id, Started: at})
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(a.state(), "builds"), id+".json", string(record))
		write(t, a.logs(), id+".log", "text")
		if err := os.Chtimes(filepath.Join(a.logs(), id+".log"), at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(t, a.logs(), "notes.txt", "mine")
	if err := a.openState(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pattern string
		want    int
	}{
		{"logs/*.log", keptBuilds}, {"builds/*.json", keptBuilds}, {"logs/notes.txt", 1},
		{"logs/build-019.log", 0}, {"logs/build-020.log", 1}, {"builds/build-019.json", 0}, {"builds/build-020.json", 1}, {".gitignore", 1},
	} {
		got, err := filepath.Glob(filepath.Join(a.state(), filepath.FromSlash(c.pattern)))
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d files, %v; want %d", c.pattern, len(got), err, c.want)
		}
	}
}
