package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPruneFailures keeps the newest snapshots, and only directories count.
func TestPruneFailures(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for i, name := range []string{"c", "a", "d", "b"} { // newest first
		if err := os.MkdirAll(filepath.Join(dir, name, "files"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), now, now.Add(-time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "note"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := pruneFailures(dir, 2); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	if len(names) != 3 || names[0] != "a" || names[1] != "c" || names[2] != "note" {
		t.Errorf("pruneFailures(2) leaves %q; want a, c and note", names)
	}
}
