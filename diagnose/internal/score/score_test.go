package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestScore measures the rules on the real logs beside the repository, or in
// E2BT_FAILURES; it fails where fewer are right than the rules once reached.
func TestScore(t *testing.T) {
	dir := cmp.Or(os.Getenv("E2BT_FAILURES"), filepath.Join("..", "..", "..", "..", "shared", "failures"))
	logs, err := read(dir)
	if err != nil {
		t.Skipf("%v", err)
	}
	r, err := measure(logs)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(strings.Join(r.misses, "\n"), "\n"+r.table())
	if n := len(logs); r.total.right*100 < n*98 || r.total.high*100 > n {
		t.Errorf("%d of %d right, %d wrong with confidence; want 98 %% right and at most 1 %% so wrong", r.total.right, n, r.total.high)
	}
	if r.total.subjects*100 < r.total.named*85 {
		t.Errorf("%d of %d subjects right; want 85 %%", r.total.subjects, r.total.named)
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	for name, log := range map[string]string{
		"a.json": `{"id":"a","label":"missing_package","log":"E: Unable to locate package nodjs","exit_code":100,"package":"nodjs"}`,
		"b.json": `{"id":"b","label":"network","log":"E: Unable to locate package jq","exit_code":100,"package":"deb.example"}`,
		"c.json": `{"id":"c","label":"auth","log":"?","undecidable":true}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := run([]string{"-v", dir}, &out); err != nil {
		t.Fatalf("run() = %v", err)
	}
	for _, want := range []string{"b: missing_package (high); want network", "network                taken for missing_package        1\n", "all                        2     1  50.0%        0      1      1       1/2     50.0%"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("run() prints\n%s\nwithout %q", &out, want)
		}
	}
	if err := run([]string{t.TempDir()}, &out); err == nil {
		t.Error("run(empty directory) = nil; want an error")
	}
}
