package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// planned are the steps of the template that a directory declares.
func planned(t testing.TB, dir string) *builder.Template {
	t.Helper()
	cfg, diags := config.Load([]string{dir}, config.Options{})
	if diags.HasErrors() {
		t.Fatalf("%s: %v", dir, diags)
	}
	scan := func(string, *config.Copy) (*archive.Tree, string, error) { return &archive.Tree{}, "key", nil }
	plan, diags := builder.New(cfg, nil, scan)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", dir, diags)
	}
	return plan.Templates[0]
}

// TestImportDockerfile: what import writes has the same plan as a base that
// names the Dockerfile, and is in the canonical style.
func TestImportDockerfile(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "testdata", "dockerfile", "*.Dockerfile"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	files = append(files, filepath.Join("..", "..", "examples", "dockerfile", "Dockerfile"))
	imported := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := importDockerfile("Dockerfile", text)
			if in.diags.HasErrors() {
				t.Skipf("it is wrong: %v", in.diags)
			}
			in.template.Name, in.template.Label = "app", "app"
			written, there := t.TempDir(), t.TempDir()
			out := config.Export(&in.template, in.notes)
			if formatted, diags := config.Format(out, "x"); diags.HasErrors() || !bytes.Equal(formatted, out) {
				t.Errorf("it is not in the canonical style: %v\n%s", diags, out)
			}
			write(t, written, "e2bt.hcl", string(out))
			got := planned(t, written)
			for _, note := range in.notes {
				if !bytes.Contains(out, []byte(note[:20])) {
					t.Errorf("%q is not in\n%s", note, out)
				}
			}
			if len(in.notes) > 0 {
				return // a base would refuse it
			}
			write(t, there, "Dockerfile", string(text))
			write(t, there, "e2bt.hcl", "template \"app\" {\n  base { dockerfile = \"Dockerfile\" }\n}\n")
			want := planned(t, there)
			same := cmpopts.IgnoreFields(builder.Step{}, "Index", "Batch", "Source", "Config", "Tree", "Range")
			if diff := cmp.Diff(want.Steps, got.Steps, same, cmpopts.IgnoreUnexported(builder.Step{})); diff != "" || got.FromImage != want.FromImage || got.StartCmd != want.StartCmd {
				t.Errorf("steps (-base +import):\n%s\n%s", diff, out)
			}
			imported++
		})
	}
	if imported < 3 {
		t.Errorf("%d of %d Dockerfiles were compared", imported, len(files))
	}
}

// FuzzImport reads anything; what it makes of it can be read again.
func FuzzImport(f *testing.F) {
	for _, s := range []string{
		`{"fromImage":"ubuntu:22.04","steps":[{"type":"RUN","args":["apt-get update","root"]},{"type":"COPY","args":["a","b","user","755"]},{"type":"ENV","args":["A","${x}"]},{"type":"WORKDIR","args":["/x"]},{"type":"USER","args":["user"]}],"startCmd":"x","readyCmd":"y","force":true}`,
		"template_id = \"x\"\ndockerfile = \"e2b.Dockerfile\"\nstart_cmd = \"y\"\ncpu_count = 2\n", "FROM a\nRUN echo \"${A}\"\nHEALTHCHECK NONE\n", `{"fromTemplate":"base"}`, "{}", "", "0\xe9",
		`{"fromImage":"a","steps":[{"type":"RUN","args":["%{ if true }"]},{"type":"EXPOSE","args":[]}]}`,
	} {
		f.Add("x", s)
		f.Add("x.toml", s)
	}
	dir := f.TempDir()
	write(f, dir, "e2b.Dockerfile", "FROM a\nRUN x\n")
	a := &app{dir: dir, getenv: os.Getenv}
	f.Fuzz(func(t *testing.T, name, text string) {
		if name != "x" && name != "x.toml" {
			return
		}
		in, err := a.importText(name, []byte(text))
		if err != nil || in.diags.HasErrors() {
			return
		}
		in.template.Name = templateForm(in.template.Name)
		in.template.Label = labelOf(in.template.Name)
		out := config.Export(&in.template, in.notes)
		if _, diags := config.Format(out, "x"); diags.HasErrors() {
			t.Errorf("%q became\n%s\n%v", text, out, diags)
		}
	})
}
