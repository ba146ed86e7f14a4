package config_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var updateEdits = flag.Bool("update-edits", false, "rewrite what the edits in testdata/edit make")

// TestEdit makes the edits of every archive in testdata/edit: the lines of its
// file "edits" are an address and a value in JSON; want/NAME is what a file
// becomes, and "error" why an edit is refused.
func TestEdit(t *testing.T) {
	names, err := filepath.Glob("testdata/edit/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no tests (%v)", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { testEdit(t, name) })
	}
}

func testEdit(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir, edits, want := t.TempDir(), []config.Edit(nil), map[string]string{}
	var kept []txtar.File
	for _, f := range archive.Files {
		wanted, isWanted := strings.CutPrefix(f.Name, "want/")
		switch {
		case f.Name == "edits":
			edits = parseEdits(t, string(f.Data))
		case f.Name == "error":
			want["error"] = strings.TrimSpace(string(f.Data))
			continue
		case isWanted:
			want[wanted] = string(f.Data)
			continue
		default:
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept = append(kept, f)
	}
	got := edited(t, dir, edits)
	if *updateEdits {
		for file, text := range got {
			if file != "error" {
				file = "want/" + file
			}
			kept = append(kept, txtar.File{Name: file, Data: []byte(strings.TrimRight(text, "\n") + "\n")})
		}
		if err := os.WriteFile(name, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: kept}), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Apply(%v): (-want +got)\n%s", edits, diff)
	}
}

func parseEdits(t *testing.T, text string) (edits []config.Edit) {
	t.Helper()
	for line := range strings.Lines(text) {
		address, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		var set any
		if err := json.Unmarshal([]byte(value), &set); !ok || err != nil {
			t.Fatalf("%q is no edit: %v", line, err)
		}
		edits = append(edits, config.Edit{Address: address, Set: set})
	}
	return edits
}

// edited makes the edits twice: what they make must be right, and making them
// again must change nothing.
func edited(t *testing.T, dir string, edits []config.Edit) map[string]string {
	t.Helper()
	opts := config.Options{Dir: dir, Version: "dev"}
	cfg, diags := config.Load(nil, opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	files, err := cfg.Apply(edits)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	out := map[string]string{}
	for name, text := range files {
		out[name] = string(text)
	}
	opts.Files = files
	after, diags := config.Load(nil, opts)
	if diags.HasErrors() {
		t.Errorf("after the edits: %v", diags)
		return out
	}
	for _, edit := range edits {
		if strings.HasSuffix(edit.Address, ".split") || edit.Set == nil || strings.Contains(edit.Address, ".run[") {
			return out
		}
	}
	again, err := after.Apply(edits)
	if err != nil || len(again) > 0 {
		t.Errorf("the same edits again: %v, %q; want no change", err, again)
	}
	return out
}

// TestEditKeepsLineEnds edits a file of Windows'.
func TestEditKeepsLineEnds(t *testing.T) {
	dir := t.TempDir()
	text := "template \"x\" {\r\n  batch \"a\" {\r\n    run = [\"true\"] # fast\r\n  }\r\n}\r\n"
	if err := os.WriteFile(filepath.Join(dir, "e2bt.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got := edited(t, dir, []config.Edit{
		{Address: "template.x.batch.a.timeout", Set: "1m"},
		{Address: "template.x.batch.a.apt[+]", Set: "jq"},
		{Address: "template.x.batch.a.before.copy", Set: map[string]any{"from": "a", "to": "/a"}},
	})["e2bt.hcl"]
	if bare := strings.ReplaceAll(got, "\r\n", ""); got == "" || strings.Contains(bare, "\n") {
		t.Errorf("the line ends are mixed: %q", got)
	}
}
