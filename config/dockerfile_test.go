package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
)

// golden compares a text with a file, or rewrites that.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDockerfile compares what becomes of Dockerfiles with what should: the
// image, the steps with their lines, the start command, and what is said.
func TestDockerfile(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "dockerfile", "*.Dockerfile"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".Dockerfile")
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "Dockerfile"), string(src))
			args := ""
			if bytes.Contains(src, []byte("GIVEN")) {
				args = "    args       = { GIVEN = \"from the base block\", PROXY = null }\n"
			}
			write(t, filepath.Join(dir, "e2bt.hcl"), "template \"t\" {\n  base {\n    dockerfile = \"Dockerfile\"\n"+args+"  }\n}\n")
			cfg, diags := config.Load(nil, config.Options{Dir: dir})
			var out bytes.Buffer
			for _, tpl := range cfg.Templates {
				describe(&out, tpl)
			}
			config.WriteDiagnostics(&out, cfg.Files, diags, config.RenderOptions{})
			golden(t, name+".txt", out.String())
		})
	}
}

func describe(out *bytes.Buffer, t *config.Template) {
	fmt.Fprintf(out, "from %s\n", t.Base.Image)
	for _, s := range append(slices.Clone(t.Base.Steps), t.Steps...) {
		switch {
		case s.Set != nil:
			fmt.Fprintf(out, "%s: set env=%v user=%s workdir=%s\n", lines(s.Set.Range.String()), s.Set.Env, s.Set.User, s.Set.Workdir)
		case s.Copy != nil:
			fmt.Fprintf(out, "%s: copy %s to %s user=%s mode=%s\n", lines(s.Copy.Range.String()), s.Copy.From, s.Copy.To, s.Copy.User, s.Copy.Mode)
		case s.Batch != nil:
			fmt.Fprintf(out, "%s: batch %q user=%s env=%v\n", lines(s.Batch.Range.String()), s.Batch.Name, s.Batch.User, s.Batch.Env)
			for _, line := range s.Batch.Run {
				fmt.Fprintf(out, "\t%s\n", strings.ReplaceAll(line.Text, "\n", "\n\t"))
			}
		}
	}
	if t.Start != nil {
		fmt.Fprintf(out, "%s: start %s\n", lines(t.Start.Range.String()), t.Start.Command)
	}
	out.WriteString("\n")
}

// lines leaves the file name out, which is the test's.
func lines(at string) string { return strings.TrimPrefix(at, "Dockerfile:") }
