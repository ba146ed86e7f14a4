package builder

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

// corp is a profile with two indexes of Python and one mirror of Debian.
var corp = mirrors.Declared{Name: "corp", Entries: map[string][]string{
	"pip": {"https://one.example/simple", "https://two.example/simple"}, "npm": {"https://npm.example/"}, "debian": {"https://one.example/debian"},
}, Images: map[string][]string{"docker.io": {"images.example/hub"}}}

func batch(name string, installs []config.Install, run ...string) config.Step {
	b := &config.Batch{Name: name, Installs: installs, Range: hcl.Range{Filename: "e2bt.hcl", Start: hcl.Pos{Line: 7}}}
	for _, text := range run {
		b.Run = append(b.Run, config.Line{Text: text})
	}
	return config.Step{Batch: b}
}

func install(manager, name string) []config.Install {
	return []config.Install{{Manager: manager, Packages: []config.Package{{Name: name, Text: name}}}}
}

func planned(t *testing.T, template config.Template, own ...mirrors.Declared) (*Template, hcl.Diagnostics) {
	t.Helper()
	template.Address, template.Name = "template.x", "x"
	plan, diags := New(&config.Config{Templates: []*config.Template{&template}, Mirrors: own}, nil, func(dir string, c *config.Copy) (*archive.Tree, string, error) {
		tree, err := archive.Scan(dir, c.From, archive.Options{})
		return tree, "key", err
	})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return plan.Templates[0], diags
}

func types(t *Template) (out []string) {
	for _, s := range t.Steps {
		out = append(out, strings.TrimSpace(s.Type+" "+s.Batch))
	}
	return out
}

func TestMirrorSteps(t *testing.T) {
	template := config.Template{
		Mirror: "corp", Base: config.Base{Image: "python:3.12"}, Env: map[string]string{"A": "b"}, User: "root",
		Steps: []config.Step{batch("tools", install("apt", "git")), batch("app", nil, "true")}, Cleanup: &config.Cleanup{Managers: []string{"pip"}},
	}
	got, diags := planned(t, template, corp)
	want := []string{"ENV", "USER", "RUN mirror", "RUN tools", "RUN app", "RUN cleanup", "RUN mirror restore"}
	if diff := cmp.Diff(want, types(got)); diff != "" || len(diags) > 0 {
		t.Errorf("steps (-want +got):\n%s%v", diff, diags)
	}
	for i, s := range got.Steps {
		if s.Index != i+1 || s.Cache != "unknown" {
			t.Errorf("step %d = %+v", i+1, s)
		}
		if strings.HasPrefix(s.Batch, "mirror") && (s.Reason == "" || len(s.Args) != 2 || s.Args[1] != "root") {
			t.Errorf("step %s: reason %q, args %q", s.Batch, s.Reason, s.Args[1:])
		}
	}
	if got.FromImage != "python:3.12" || got.PullImage != "images.example/hub/library/python:3.12" {
		t.Errorf("from %q, pulled as %q", got.FromImage, got.PullImage)
	}
	again, _ := planned(t, template, corp)
	if got.Fingerprint != again.Fingerprint {
		t.Errorf("two plans have two fingerprints")
	}
	r := Runner{}
	if b := r.request(got, nil); b.FromImage != got.PullImage {
		t.Errorf("the endpoint is asked for %q; want %q", b.FromImage, got.PullImage)
	}
	template.Base.Registry = &config.Registry{Type: "registry"}
	if got, _ := planned(t, template, corp); got.PullImage != "" {
		t.Errorf("a private image is looked for on the mirror, as %q", got.PullImage)
	}
}

// TestMirrorNone: no profile, none, and one that says nothing are the same, to
// the byte, and a profile of images alone changes no step and no fingerprint.
func TestMirrorNone(t *testing.T) {
	template := config.Template{Steps: []config.Step{batch("a", install("pip", "six")), batch("b", nil, "npm ci")}}
	text := func(mirror string) string {
		template.Mirror = mirror
		got, _ := planned(t, template, mirrors.Declared{Name: "empty"}, mirrors.Declared{Name: "images", Images: corp.Images})
		got.Mirror, got.PullImage = "", ""
		out, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	want := text("")
	for _, mirror := range []string{"none", "empty", "images"} {
		if diff := cmp.Diff(want, text(mirror)); diff != "" {
			t.Errorf("%s changes the plan (-without +with):\n%s", mirror, diff)
		}
	}
	template = config.Template{Mirror: "cn", Env: map[string]string{"A": "b"}}
	if got, _ := planned(t, template); len(got.Steps) != 1 {
		t.Errorf("a template that installs nothing has steps %v", types(got))
	}
}

func TestMirrorOwn(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"app/docs/README.md": "see https://one.example/simple", "app/other.md": "x", "uv.lock": "\nurl = \"https://files.example/a.whl\"\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, diags := planned(t, config.Template{Mirror: "corp", Dir: dir, Steps: []config.Step{
		{Copy: &config.Copy{From: "app/", To: "/srv"}}, {Copy: &config.Copy{From: "uv.lock", To: "/srv/"}}, batch("own", nil, "curl https://npm.example/x"),
	}}, corp)
	restore := got.Steps[len(got.Steps)-1].Args[0]
	if !strings.HasSuffix(restore, " restore --own-host npm.example --own-file docs/README.md") {
		t.Errorf("the last step is\n%s", restore)
	}
	if len(diags) != 1 || diags[0].Summary != "A lock file goes around the mirror" || diags[0].Subject.String() != "uv.lock:2,1-1" {
		t.Errorf("diagnostics = %v; want one, at uv.lock:2", diags)
	}
}

func failed(s *sources, batch string) Failure {
	t := s.template()
	i := slices.IndexFunc(t.Steps, func(s Step) bool { return s.Batch == batch })
	return Failure{Template: t, Step: &t.Steps[i]}
}

func TestFallback(t *testing.T) {
	template := config.Template{Mirror: "corp", Steps: []config.Step{
		batch("tools", install("apt", "git")), batch("python", install("pip", "six")), batch("js", nil, "npm ci && pip install x"),
	}}
	tests := []struct {
		name, batch string
		causes      []Cause
		want        []string // what each of them leads to
	}{
		{"an outage, twice", "python", []Cause{{Tool: "pip"}, {Tool: "pip"}, {Tool: "pip"}},
			[]string{"pip from two.example instead of one.example", "pip from the official source instead of two.example", ""}},
		{"missing on two mirrors is asked of the official source", "python", []Cause{{Tool: "pip", Missing: true}, {Tool: "pip", Missing: true}, {Tool: "pip", Missing: true}},
			[]string{"pip from two.example instead of one.example", "pip from the official source instead of two.example", ""}},
		{"missing, but the official source cannot be reached", "many", []Cause{{Tool: "pip", Missing: true}, {Tool: "pip", Missing: true}, {Tool: "pip"}, {Tool: "pip", Missing: true}},
			[]string{"pip from two.example instead of one.example", "pip from the official source instead of two.example", "pip from three.example instead of the official source", ""}},
		{"apt has tried all others itself", "tools", []Cause{{Tool: "apt"}, {Tool: "apt"}}, []string{"apt from the official source instead of one.example", ""}},
		{"no tool, but one in the batch", "python", []Cause{{}}, []string{"pip from two.example instead of one.example"}},
		{"no tool, and two in the batch", "js", []Cause{{}}, []string{""}},
		{"no tool, but the log names the mirror", "js", []Cause{{Evidence: "GET https://npm.example/x 503"}}, []string{"npm from the official source instead of npm.example"}},
		{"a timeout", "python", []Cause{{Vague: true}, {Tool: "pip", Vague: true}}, []string{"", ""}},
		{"a timeout of the mirror", "python", []Cause{{Vague: true, Evidence: "one.example: Read timed out."}}, []string{"pip from two.example instead of one.example"}},
		{"another tool", "python", []Cause{{Tool: "cargo"}}, []string{""}},
	}
	many := mirrors.Declared{Name: "corp", Entries: map[string][]string{"pip": {"https://one.example/simple", "https://two.example/simple", "https://three.example/simple"}}}
	for _, tt := range tests {
		own := corp
		if tt.batch == "many" {
			own, tt.batch = many, "python"
		}
		got, _ := planned(t, template, own)
		s := newSources(got)
		for i, cause := range tt.causes {
			if said := switchText(s.elsewhere(failed(s, tt.batch), cause)); said != tt.want[i] {
				t.Errorf("%s, %d: %q; want %q", tt.name, i+1, said, tt.want[i])
			}
		}
	}
}

// TestFallbackSteps: the switch is a step before the batch that failed; what
// is before it stays as it was, so that it is cached.
func TestFallbackSteps(t *testing.T) {
	planned, _ := planned(t, config.Template{Mirror: "corp", Steps: []config.Step{
		batch("a", install("pip", "six")), batch("b", install("pip", "h11")), batch("c", install("npm", "x")),
	}}, corp)
	s := newSources(planned)
	if s.template() != planned {
		t.Errorf("without a switch the template is another one than the plan's")
	}
	s.elsewhere(failed(s, "b"), Cause{Tool: "pip"})
	s.elsewhere(failed(s, "b"), Cause{Tool: "pip"})
	s.elsewhere(failed(s, "c"), Cause{Tool: "npm"})
	got := s.template()
	want := []string{"RUN mirror", "RUN a", "RUN mirror", "RUN b", "RUN mirror", "RUN c", "RUN mirror restore"}
	if diff := cmp.Diff(want, types(got)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if got.Fingerprint != planned.Fingerprint || got.FingerprintTag() != planned.FingerprintTag() {
		t.Errorf("the switch changes the fingerprint")
	}
	if diff := cmp.Diff(planned.Steps[1].Args, got.Steps[1].Args); diff != "" || got.Steps[3].Index != 4 {
		t.Errorf("the steps before the switch changed, or are not counted: %s", diff)
	}
	if last := got.Steps[4].Args[0]; strings.Contains(last, "edit /etc/pip.conf") || strings.Contains(last, "edit '~/.npmrc'") || !strings.Contains(last, "rewrite apt /debian") {
		t.Errorf("the last switch is not to the official sources of Python and JavaScript, and no others")
	}
	wantFrom := []Source{{"a", "pip", "one.example"}, {"b", "pip", official}, {"c", "npm", official}}
	if diff := cmp.Diff(wantFrom, s.served()); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}
