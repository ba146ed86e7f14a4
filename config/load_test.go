package config_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e2bt/e2bt/config"
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
// Each file or directory of testdata/wrong has its expected text beside it.
func TestDiagnostics(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("testdata", "wrong"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, e := range entries {
		name, isFile := strings.CutSuffix(strings.TrimSuffix(e.Name(), ".json"), ".hcl")
		if !isFile && !e.IsDir() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			opts := config.Options{Dir: filepath.Join("testdata", "wrong"), Version: "0.1.0", Now: time.Unix(0, 0)}
			opts.Getenv = func(string) string { return "" }
			cfg, diags := config.Load([]string{e.Name()}, opts)
			var out bytes.Buffer
			config.WriteDiagnostics(&out, cfg.Files, diags, config.RenderOptions{Secrets: cfg.Secrets})
			golden(t, filepath.Join("testdata", "wrong", name+".txt"), out.String())
		})
	}
}

// TestManyDiagnostics writes as many as somebody reads, errors before warnings.
func TestManyDiagnostics(t *testing.T) {
	var diags hcl.Diagnostics
	for i := range 100 {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: fmt.Sprintf("Warning %d", i)})
	}
	diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The error"})
	var out strings.Builder
	config.WriteDiagnostics(&out, nil, diags, config.RenderOptions{})
	for _, want := range []string{"Error: The error\n", "Warning: Warning 38\n", "And 61 more.\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "Warning 39") {
		t.Error("more are shown than are read")
	}
}
