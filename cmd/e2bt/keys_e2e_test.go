package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

const sdkTrees = 300

// keyCase is a copy of files below a directory.
type keyCase struct {
	Dir  string `json:"dir"`
	Src  string `json:"src"`
	Dest string `json:"dest"`
}

// TestSDKKeys: with files_hash = "sdk", a copy has the key that E2B's own SDKs
// give it: both where they agree, else the JavaScript one.
func TestSDKKeys(t *testing.T) {
	e2eHome(t)
	scripts, err := filepath.Abs(filepath.Join("testdata", "sdk"))
	if err != nil {
		t.Fatal(err)
	}
	dir := copyOf(t, scripts)
	random := rand.New(rand.NewPCG(1, 2))
	var cases []keyCase
	for i := range sdkTrees {
		cases = append(cases, randomTree(t, random, filepath.Join(t.TempDir(), fmt.Sprint("tree", i))))
	}
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "cases.json", string(text))
	install(t, dir, "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "e2b@2.51.0")
	install(t, dir, "python3", "-m", "venv", filepath.Join(dir, "venv"))
	install(t, dir, filepath.Join(dir, "venv/bin/pip"), "install", "-q", "e2b==2.51.0")
	type answer struct {
		Keys     []string
		Template e2b.Build
	}
	ask := func(program, script string) (out answer) {
		cmd := exec.Command(program, script)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		text, err := cmd.Output()
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		if err != nil || len(out.Keys) != len(cases) {
			t.Fatalf("%s %s: %v, %d keys\n%s", program, script, err, len(out.Keys), text)
		}
		return out
	}
	js, python := ask("node", "keys.mjs"), ask(filepath.Join(dir, "venv/bin/python"), "keys.py")
	scan := scanFiles(config.Settings{FilesHash: "sdk"})
	wrong, apart := 0, 0
	for i, c := range cases {
		_, key, err := scan(c.Dir, &config.Copy{From: c.Src, To: c.Dest})
		if err != nil {
			key = "error: " + err.Error()
		}
		if !sameKey(js.Keys[i], python.Keys[i]) {
			apart++
		}
		if !sameKey(key, js.Keys[i]) {
			if wrong++; wrong <= 3 {
				t.Errorf("copy %s of\n%s\ne2bt:   %s\nJS:     %s\nPython: %s", c.Src, listing(c.Dir), key, js.Keys[i], python.Keys[i])
			}
		}
	}
	t.Logf("of %d keys %d are not those of the JavaScript SDK; about %d the two SDKs do not agree", len(cases), wrong, apart)
	t.Run("the steps", func(t *testing.T) { sameSteps(t, dir, js.Template) })
}

// sameKey compares what two have said: no files is an error for all of them.
func sameKey(a, b string) bool {
	return a == b || strings.HasPrefix(a, "error") && strings.HasPrefix(b, "error")
}

// sameSteps imports what the SDK sends for a template, and plans that: it is
// what e2bt sends for the same one.
func sameSteps(t *testing.T, dir string, sent e2b.Build) {
	text, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	in, err := importJSON(text)
	if err != nil || len(in.notes) > 0 {
		t.Fatal(err, in.notes)
	}
	in.template.Name, in.template.Label = "app", "app"
	write(t, dir, "e2bt.hcl", "e2bt {\n  files_hash = \"sdk\"\n}\n"+string(config.Export(&in.template, nil)))
	cfg, diags := config.Load([]string{dir}, config.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	plan, diags := builder.New(cfg, nil, scanFiles(cfg.Settings))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var got []e2b.Step
	for _, s := range plan.Templates[0].Steps {
		got = append(got, e2b.Step{Type: s.Type, Args: s.Args, FilesHash: s.FilesHash})
	}
	if diff := cmp.Diff(sent.Steps, got); diff != "" {
		t.Errorf("steps (-SDK +e2bt):\n%s", diff)
	}
	p := plan.Templates[0]
	if diff := cmp.Diff([]string{sent.FromImage, sent.StartCmd, sent.ReadyCmd}, []string{p.FromImage, p.StartCmd, p.ReadyCmd}); diff != "" {
		t.Errorf("image, start and ready command (-SDK +e2bt):\n%s", diff)
	}
}

// listing shows a tree, and what is left out of it.
func listing(dir string) string {
	out, _ := exec.Command("ls", "-lRa", dir).CombinedOutput()
	ignore, _ := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	return string(out) + "ignored:\n" + string(ignore)
}

// randomTree makes files of all kinds, and says what to copy of them.
func randomTree(t *testing.T, r *rand.Rand, root string) keyCase {
	t.Helper()
	names := []string{"a", "b.txt", ".hidden", "c.log", "with space", "héllo", "日本", "node_modules", "X", "x-1", "z.py", "README.md"}
	var dirs, files []string
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "src"), 0o755))
	dirs = append(dirs, "src")
	for range 3 + r.IntN(12) {
		at := filepath.Join(dirs[r.IntN(len(dirs))], names[r.IntN(len(names))])
		full := filepath.Join(root, at)
		if _, err := os.Lstat(full); err == nil {
			continue
		}
		switch kind := r.IntN(10); {
		case kind < 3 && strings.Count(at, "/") < 4:
			must(os.Mkdir(full, []os.FileMode{0o755, 0o700, 0o775}[r.IntN(3)]))
			dirs = append(dirs, at)
		case kind == 9 && len(files) > 0:
			target, err := filepath.Rel(filepath.Dir(at), files[r.IntN(len(files))])
			must(err)
			must(os.Symlink(target, full))
		default:
			must(os.WriteFile(full, []byte(strings.Repeat(at, r.IntN(40))), 0o644))
			must(os.Chmod(full, []os.FileMode{0o644, 0o755, 0o600, 0o664}[r.IntN(4)]))
			files = append(files, at)
		}
	}
	if r.IntN(2) == 0 {
		patterns := []string{"**/*.log", "src/a", "**/node_modules/**", "# a comment", "src/b.txt", "!src/a", "**/*.py", "", "  **/.hidden"}
		r.Shuffle(len(patterns), func(i, j int) { patterns[i], patterns[j] = patterns[j], patterns[i] })
		must(os.WriteFile(filepath.Join(root, ".dockerignore"), []byte(strings.Join(patterns[:r.IntN(len(patterns))], "\n")), 0o644))
	}
	src := []string{"src", "src", "src", "src/*", "src/**/*.txt", "src/a"}[r.IntN(6)]
	if len(files) > 0 && r.IntN(6) == 0 {
		src = filepath.ToSlash(files[r.IntN(len(files))])
	}
	return keyCase{root, src, []string{"/app", "app/", "."}[r.IntN(3)]}
}
