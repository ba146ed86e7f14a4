package builder_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// files are the files of a project by path; those whose text begins with #!
// may be executed.
type files map[string]string

func (f files) write(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// scan reads what a copy sends, as the program does.
func scan(dir string, c *config.Copy) (*archive.Tree, string, error) {
	tree, err := archive.Scan(dir, c.From, archive.Options{Ignore: c.Ignore})
	if err != nil {
		return nil, "", err
	}
	key, err := tree.Key()
	return tree, key, err
}

// load reads the configuration of a directory; it has no mistakes.
func load(t testing.TB, dir string) *config.Config {
	t.Helper()
	cfg, diags := config.Load(nil, config.Options{Dir: dir})
	if diags.HasErrors() {
		t.Fatalf("the configuration: %s", diags)
	}
	return cfg
}

// planIn plans the templates of a directory.
func planIn(t testing.TB, dir string, globs ...string) (*builder.Plan, hcl.Diagnostics) {
	t.Helper()
	return builder.New(load(t, dir), globs, scan)
}

// plan plans one configuration without files.
func plan(t testing.TB, text string) *builder.Plan {
	t.Helper()
	p, diags := planIn(t, files{"e2bt.hcl": text}.write(t))
	if diags.HasErrors() {
		t.Fatalf("the plan: %s", diags)
	}
	return p
}

func indented(t testing.TB, v any) []byte {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// golden compares with a file, which -update rewrites.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestPlan compares whole plans, byte by byte.
func TestPlan(t *testing.T) {
	cases, err := filepath.Glob("testdata/plan/*.hcl")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".hcl"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			project := files{"e2bt.hcl": string(text), "app/a.py": "print(1)\n", "app/b.py": "print(2)\n", "app/run.sh": "#!/bin/sh\n"}
			p, diags := planIn(t, project.write(t))
			if len(diags) > 0 {
				t.Fatalf("the plan: %s", diags)
			}
			got := indented(t, p)
			golden(t, strings.TrimSuffix(path, ".hcl")+".json", got)
			if bytes.Contains(got, []byte("do-not-show")) {
				t.Error("the plan shows a password")
			}
			again, _ := planIn(t, project.write(t)) // another directory, other times
			if diff := cmp.Diff(string(got), string(indented(t, again))); diff != "" {
				t.Errorf("the same input once more (-first +second):\n%s", diff)
			}
		})
	}
}

// TestManagers has one line for everything that a package manager is told.
func TestManagers(t *testing.T) {
	var got bytes.Buffer
	for _, m := range mirrors.Managers() {
		version := "1.0"
		text := fmt.Sprintf(`
template "t" {
  pins { %[1]s = { pinned = %[2]q } }
  batch "short" { %[1]s = ["plain", "pinned", %[3]q] }
  batch "long" {
    install %[1]q {
      packages = ["it's one"]
      flags    = ["--flag", "a b"]
      user     = "user"
    }
  }
  cleanup { %[1]s = true }
}`, m.Name, version, m.Join("given", version))
		fmt.Fprintf(&got, "== %s\n", m.Name)
		for _, s := range plan(t, text).Templates[0].Steps {
			fmt.Fprintf(&got, "%s %q\n", s.Batch, s.Args)
		}
	}
	golden(t, "testdata/managers.txt", got.Bytes())
}

// TestReady has every kind of probe.
func TestReady(t *testing.T) {
	for ready, want := range map[string]string{
		`port = 8000`:                              "(: </dev/tcp/127.0.0.1/8000) 2>/dev/null || (: </dev/tcp/::1/8000) 2>/dev/null",
		`url = "http://localhost/"`:                `[ "$(curl -s -o /dev/null -m 10 -w '%{http_code}' http://localhost/)" = 200 ]`,
		"url = \"http://x/?a=b&c\"\n status = 404": `[ "$(curl -s -o /dev/null -m 10 -w '%{http_code}' 'http://x/?a=b&c')" = 404 ]`,
		`process = "my server"`:                    `pgrep 'my server' >/dev/null`,
		`file = "/tmp/it is ready"`:                `[ -e '/tmp/it is ready' ]`,
		`command = "a && b"`:                       "a && b",
		`delay = "90s"`:                            "sleep 90",
		`delay = "1500ms"`:                         "sleep 1.5",
	} {
		p := plan(t, `template "t" { 
  start {
    command = "run me"
    ready {
      `+ready+`
    }
  }
}`)
		if got := p.Templates[0]; got.ReadyCmd != want || got.StartCmd != "run me" {
			t.Errorf("%s: start %q, ready %q; want %q", ready, got.StartCmd, got.ReadyCmd, want)
		}
	}
	if got := plan(t, `template "t" {
  start { command = "run me" }
}`).Templates[0]; got.ReadyCmd != "" {
		t.Errorf("without ready: %q; want the endpoint's own", got.ReadyCmd)
	}
}

// TestStepTimeout rounds up: a limit below a second is one.
func TestStepTimeout(t *testing.T) {
	for limit, want := range map[string]int{"1ms": 1, "999ms": 1, "1s": 1, "1001ms": 2, "5m": 300} {
		s := plan(t, `template "t" {
  batch "b" {
    timeout = "`+limit+`"
    run     = ["true"]
  }
}`).Templates[0].Steps[0]
		if s.TimeoutS != want {
			t.Errorf("timeout %s: timeout_s %d; want %d", limit, s.TimeoutS, want)
		}
	}
}

// A checkout with the line ends of Windows gives the same plan.
func TestLineEnds(t *testing.T) {
	text := "template \"t\" {\n  batch \"b\" {\n    run = [<<-EOT\n      one\n      two\n    EOT\n    ]\n  }\n}\n"
	want := plan(t, text).Templates[0]
	got := plan(t, strings.ReplaceAll(text, "\n", "\r\n")).Templates[0]
	if diff := cmp.Diff(want.Steps[0].Args, got.Steps[0].Args); diff != "" || got.Fingerprint != want.Fingerprint {
		t.Errorf("with CRLF (-want +got):\n%s", diff)
	}
}

const project = `
variable "password" {
  default   = "first-password"
  sensitive = true
}
template "t" {
  description   = "one"
  tags          = ["a"]
  timeout       = "10m"
  stall_timeout = "5m"
  cpu_count     = 2
  memory_mb     = 1024
  base {
    image = "registry.example/x:1"
    registry {
      username = "me"
      password = var.password
    }
  }
  env     = { A = "1" }
  workdir = "/srv"
  batch "one" {
    timeout = "1m"
    retries = 1
    pip     = ["httpx==1"]
    run     = ["true"]
  }
  copy {
    from = "app/"
    to   = "/app"
  }
  batch "two" { run = ["make"] }
  start { command = "serve" }
  check "c" { command = "true" }
}
`

// TestFingerprint changes one thing at a time: what decides the result moves
// the fingerprint, and the keys of the steps that it is part of, and of no
// others; nothing else moves anything.
func TestFingerprint(t *testing.T) {
	base := files{"e2bt.hcl": project, "app/a.txt": "a", "app/sub/run": "#!/bin/sh\n", "app/ignored.log": "x", ".dockerignore": "**/*.log\n"}
	first := planned(t, base.write(t))
	tests := []struct {
		name   string
		change func(files)
		moves  bool
		steps  []int // whose key moves
	}{
		{"nothing", func(files) {}, false, nil},
		{"a comment", edit("# hello\ntemplate", "template"), false, nil},
		{"the password", edit("another-password", "first-password"), false, nil},
		{"the user name", edit(`username = "you"`, `username = "me"`), false, nil},
		{"the description", edit(`"two"`, `"one"`), false, nil},
		{"the tags", edit(`["b"]`, `["a"]`), false, nil},
		{"the build's timeout", edit(`"11m"`, `"10m"`), false, nil},
		{"the stall timeout", edit(`"6m"`, `"5m"`), false, nil},
		{"retries", edit("retries = 2", "retries = 1"), false, nil},
		{"a check", edit(`command = "false"`, `command = "true"`), false, nil},
		{"a batch's name", edit(`batch "other"`, `batch "one"`), false, nil},
		{"CPUs", edit("cpu_count     = 4", "cpu_count     = 2"), true, nil},
		{"memory", edit("memory_mb     = 2048", "memory_mb     = 1024"), true, nil},
		{"the image", edit("x:2", "x:1"), true, nil},
		{"the start command", edit(`"serve --now"`, `"serve"`), true, nil},
		{"env", edit(`A = "2"`, `A = "1"`), true, []int{1}},
		{"workdir", edit(`"/srv2"`, `"/srv"`), true, []int{2}},
		{"a version", edit("httpx==2", "httpx==1"), true, []int{3}},
		{"a batch's timeout", edit(`timeout = "2m"`, `timeout = "1m"`), true, []int{3}},
		{"a command", edit(`"make all"`, `"make"`), true, []int{5}},
		{"a destination", edit(`"/app2"`, `"/app"`), true, []int{4}},
		{"a file's text", func(f files) { f["app/a.txt"] = "b" }, true, []int{4}},
		{"a file's name", func(f files) { f["app/b.txt"] = f["app/a.txt"]; delete(f, "app/a.txt") }, true, []int{4}},
		{"a new file", func(f files) { f["app/new"] = "" }, true, []int{4}},
		{"an executable file", func(f files) { f["app/a.txt"] = "#!a" }, true, []int{4}},
		{"an ignored file", func(f files) { f["app/ignored.log"] = "y"; f["app/sub/other.log"] = "z" }, false, nil},
		{"a file elsewhere", func(f files) { f["elsewhere"] = "y" }, false, nil},
		{"our own state", func(f files) { f[".e2bt/logs/t.log"] = "y"; f["app/.e2bt/logs/t.log"] = "y" }, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed := files{}
			for name, text := range base {
				changed[name] = text
			}
			tt.change(changed)
			got := planned(t, changed.write(t))
			if moved := got.Fingerprint != first.Fingerprint; moved != tt.moves || (got.FingerprintTag() != first.FingerprintTag()) != tt.moves {
				t.Errorf("the fingerprint moved: %v; want %v", moved, tt.moves)
			}
			var moved []int
			for i := range first.Steps {
				a, b := first.Steps[i], got.Steps[i]
				if a.FilesHash != b.FilesHash || !cmp.Equal(a.Args, b.Args) {
					moved = append(moved, a.Index)
				}
			}
			if diff := cmp.Diff(tt.steps, moved); diff != "" {
				t.Errorf("steps that moved (-want +got):\n%s", diff)
			}
		})
	}
}

// planned plans the one template of a directory.
func planned(t testing.TB, dir string) *builder.Template {
	t.Helper()
	p, diags := planIn(t, dir)
	if diags.HasErrors() || len(p.Templates) != 1 {
		t.Fatalf("%d templates, %s", len(p.Templates), diags)
	}
	return p.Templates[0]
}

// edit replaces a text of the configuration.
func edit(with, what string) func(files) {
	return func(f files) {
		before := f["e2bt.hcl"]
		if f["e2bt.hcl"] = strings.Replace(before, what, with, 1); f["e2bt.hcl"] == before {
			panic("nothing to replace: " + what)
		}
	}
}

// Times, owners and what the umask left of the modes do not count.
func TestFingerprintOfTouchedFiles(t *testing.T) {
	dir := files{"e2bt.hcl": project, "app/a.txt": "a", "app/sub/run": "#!/bin/sh\n"}.write(t)
	first := planned(t, dir)
	for name, mode := range map[string]os.FileMode{"app": 0o700, "app/a.txt": 0o600, "app/sub": 0o777, "app/sub/run": 0o711} {
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if got := planned(t, dir); got.Fingerprint != first.Fingerprint {
		t.Error("the fingerprint moved")
	}
}

// A template's fingerprint moves with that of what it is based on.
func TestFingerprintOfParent(t *testing.T) {
	text := `
template "parent" {
  batch "b" { run = ["echo 1"] }
}
template "child" {
  base { template = template.parent }
  batch "b" { run = ["true"] }
}
template "other" {
  batch "b" { run = ["true"] }
}`
	a, b := plan(t, text), plan(t, strings.Replace(text, "echo 1", "echo 2", 1))
	for _, name := range []string{"parent", "child", "other"} {
		moved := byName(t, a, name).Fingerprint != byName(t, b, name).Fingerprint
		if want := name != "other"; moved != want {
			t.Errorf("%s: moved %v; want %v", name, moved, want)
		}
	}
	if byName(t, a, "child").Fingerprint == byName(t, a, "other").Fingerprint {
		t.Error("child and other have one fingerprint")
	}
}

func byName(t testing.TB, p *builder.Plan, name string) *builder.Template {
	t.Helper()
	for _, x := range p.Templates {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("no template %s in the plan", name)
	return nil
}

const family = `
template "a-child" {
  base { template = template.m-parent }
}
template "m-parent" {
  base { template = template.z-root }
}
template "z-root" {}
template "alone" {
  name = "by-itself"
}
template "each" {
  for_each = toset(["x", "y"])
}
`

// TestSelect picks templates, with what they are based on, parents first.
func TestSelect(t *testing.T) {
	dir := files{"e2bt.hcl": family}.write(t)
	tests := []struct {
		globs []string
		want  string
		err   string
	}{
		{nil, "z-root m-parent a-child by-itself each-x each-y", ""},
		{[]string{"a-child"}, "z-root m-parent a-child", ""},
		{[]string{"m-*"}, "z-root m-parent", ""},
		{[]string{"template.z-root"}, "z-root", ""},
		{[]string{"alone"}, "by-itself", ""},
		{[]string{"by-itself", "z-root"}, "by-itself z-root", ""},
		{[]string{"each"}, "each-x each-y", ""},
		{[]string{"each-x"}, "each-x", ""},
		{[]string{`template.each["y"]`}, "each-y", ""},
		{[]string{"none"}, "", "none"},
		{[]string{"alone", "alnoe"}, "by-itself", "alnoe"},
		{[]string{"[x"}, "", "[x"},
	}
	for _, tt := range tests {
		p, diags := planIn(t, dir, tt.globs...)
		var names []string
		for _, x := range p.Templates {
			names = append(names, x.Name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("-t %q: %s; want %s", tt.globs, got, tt.want)
		}
		if diags.HasErrors() != (tt.err != "") || tt.err != "" && !strings.Contains(diags.Error(), tt.err) {
			t.Errorf("-t %q: %v; want an error about %q", tt.globs, diags, tt.err)
		}
	}
}

// TestPlanMistakes wants all that is wrong at once, on the author's lines.
func TestPlanMistakes(t *testing.T) {
	dir := files{"app/a": "", "e2bt.hcl": `
template "t" {
  copy {
    from = "missing/"
    to   = "/a"
  }
  copy {
    from = "app/*.none"
    to   = "/b"
  }
  batch "b" { run = ["true"] }
}`}.write(t)
	p, diags := planIn(t, dir)
	var got []string
	for _, d := range diags {
		got = append(got, fmt.Sprintf("%s:%d %s %s", d.Subject.Filename, d.Subject.Start.Line, d.Summary, d.Detail))
	}
	want := []string{
		"e2bt.hcl:4 Files to copy cannot be read There is no missing/; there are: app, e2bt.hcl.",
		"e2bt.hcl:8 Files to copy cannot be read No files found in app/*.none.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	if len(p.Templates[0].Steps) != 3 {
		t.Errorf("%d steps; want 3", len(p.Templates[0].Steps))
	}
}

// The file that holds the API key lies beside the configuration: copying it
// along is hardly ever meant.
func TestSecretFile(t *testing.T) {
	tests := []struct {
		from, ignored string
		want          int // warnings
	}{{".", "", 1}, {"app/", "", 1}, {"*", "", 1}, {".", "**/.env\n", 0}, {".env", "", 0}, {"app/.env", "", 0}, {"app/other", "", 0}}
	for _, tt := range tests {
		dir := files{
			".env": "E2B_API_KEY=x\n", "app/.env": "A=1\n", "app/other": "", ".dockerignore": tt.ignored,
			"e2bt.hcl": fmt.Sprintf("template \"t\" {\n copy {\n from = %q\n to = \"/app\"\n }\n}", tt.from),
		}.write(t)
		_, diags := planIn(t, dir)
		if len(diags) != tt.want || diags.HasErrors() || tt.want > 0 && (diags[0].Subject.Start.Line != 3 || !strings.Contains(diags[0].Detail, ".env")) {
			t.Errorf("copy from %s without %q: %v; want %d warnings", tt.from, tt.ignored, diags, tt.want)
		}
	}
}

// TestPlanWarnings adds the timeouts up before the endpoint does.
func TestPlanWarnings(t *testing.T) {
	text := `
template "t" {
  batch "a" {
    timeout = "40m"
    run     = ["true"]
  }
  batch "b" {
    timeout = "%s"
    run     = ["true"]
  }
}`
	for limit, want := range map[string]int{"20m": 0, "21m": 1} {
		_, diags := planIn(t, files{"e2bt.hcl": fmt.Sprintf(text, limit)}.write(t))
		if len(diags) != want || diags.HasErrors() {
			t.Errorf("40m and %s: %v; want %d warnings", limit, diags, want)
		}
	}
}

// TestExamples plans every example.
func TestExamples(t *testing.T) {
	paths, err := filepath.Glob("../examples/*.hcl")
	broken, _ := filepath.Glob("../examples/broken/*.hcl")
	paths = append(paths, broken...)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range paths {
		cfg, diags := config.Load([]string{path}, config.Options{})
		p, more := builder.New(cfg, nil, scan)
		if diags = append(diags, more...); len(diags) > 0 {
			t.Errorf("%s: %s", path, diags)
		}
		for _, x := range p.Templates {
			if x.Action != builder.ActionUnknown || !strings.HasPrefix(x.Fingerprint, "sha256:") || len(x.FingerprintTag()) != len("fp-")+16 {
				t.Errorf("%s: action %s, fingerprint %s, tag %s", path, x.Action, x.Fingerprint, x.FingerprintTag())
			}
		}
	}
}
