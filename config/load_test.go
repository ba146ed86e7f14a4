package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected diagnostics")

// examples are the files and directories that show the language.
func examples(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.hcl", "broken/*.hcl", "*/e2bt.hcl*"} {
		files, err := filepath.Glob(filepath.Join("..", "examples", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("Glob(%q) = %v, %v", pattern, files, err)
		}
		for _, file := range files {
			if strings.HasPrefix(filepath.Base(file), "e2bt.hcl") {
				file = filepath.Dir(file)
			}
			all = append(all, file)
		}
	}
	return all
}

// TestExamples loads every example; they have no mistakes.
func TestExamples(t *testing.T) {
	for _, path := range examples(t) {
		cfg, diags := config.Load([]string{path}, config.Options{Version: "dev"})
		if len(diags) > 0 {
			var out bytes.Buffer
			config.WriteDiagnostics(&out, cfg.Files, diags, config.RenderOptions{})
			t.Errorf("Load(%q):\n%s", path, &out)
		}
	}
}

// TestDiagnostics compares what is said of wrong files with what it should be.
// Each file of testdata/wrong has its expected text beside it.
func TestDiagnostics(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "wrong", "*.hcl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".hcl"), func(t *testing.T) {
			dir, name := filepath.Split(file)
			cfg, diags := config.Load([]string{name}, config.Options{Dir: dir, Version: "0.1.0", Getenv: func(string) string { return "" }})
			var out bytes.Buffer
			config.WriteDiagnostics(&out, cfg.Files, diags, config.RenderOptions{Secrets: cfg.Secrets})
			golden := strings.TrimSuffix(file, ".hcl") + ".txt"
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("diagnostics of %s (-want +got):\n%s", file, diff)
			}
		})
	}
}
