package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// trouble is a case of docs/troubleshooting.md, provoked: what is run, and what
// its user sees, which the document says, too.
type trouble struct {
	section string
	files   map[string]string
	first   [][]string // run before, whatever comes of it
	args    []string   // ID stands for a sandbox that runs
	stdin   string
	code    int
	want    []string
}

var troubles = []trouble{
	{section: "1.2", files: map[string]string{"e2bt.hcl": "template \"slow\" {\n  batch \"big\" {\n    timeout = \"1s\"\n    run     = [\"sleep 60\"]\n  }\n}\n"},
		args: []string{"build", "--no-lock"}, code: 4, want: []string{"Build of slow failed: timeout", "The step ran into its time limit of 1s", `timeout = "1m"`}},
	{section: "1.3", files: map[string]string{"e2bt.hcl": "template \"agent\" {\n  batch \"small\" {\n    pip = [\"idna==99.0\"]\n  }\n}\n"},
		args: []string{"build", "--no-lock"}, code: 4, want: []string{"Build of agent failed: version_not_found", "pip = [\"idna==99.0\"]"}},
	{section: "1.4", stdin: "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n",
		args: []string{"diagnose", "-"}, want: []string{"permission"}},
	{section: "2.1", args: []string{"sandbox", "exec", "-t", "nope", "true"}, code: 6, want: []string{"404 template 'nope' not found"}},
	{section: "2.2", args: []string{"bench", "base", "-n", "3", "-c", "1"}, want: []string{"first command", "P95", "/usr"}},
	{section: "2.3", args: []string{"sandbox", "exec", "SHORT", "sleep", "60"}, code: 1, want: []string{"has reached its time limit"}},
	{section: "2.4", args: []string{"sandbox", "cp", "ID:/home/user/workspace/file.txt", "."}, code: 1, want: []string{"/home/user/workspace/file.txt: file does not exist"}},
	{section: "3.1", stdin: "Invalid API key · Please run /login\n", args: []string{"diagnose", "-"}, want: []string{"auth", "ANTHROPIC_"}},
	{section: "3.2", args: []string{"sandbox", "exec", "--timeout", "1s", "ID", "sleep", "60"}, code: 1, want: []string{"did not end within 1s"}},
	{section: "3.3", files: map[string]string{"e2bt.hcl": "template \"tools\" {\n  batch \"x\" { run = [\"true\"] }\n  check \"tools\" {\n    tools = [\"bash\", \"no-such-tool\"]\n  }\n}\n"},
		args: []string{"build", "--no-lock"}, code: 5, want: []string{"no-such-tool"}},
	{section: "3.4", args: []string{"sandbox", "exec", "ID", "seq 100000; echo to stderr >&2; exit 3"}, code: 3, want: []string{"\n100000\n", "to stderr\n"}},
	{section: "4.1", files: map[string]string{"e2bt.hcl": "template \"tools\" {\n  batch \"x\" { run = [\"true\"] }\n  check \"ok\" { command = \"true\" }\n}\n"},
		first: [][]string{{"build", "--no-lock"}}, args: []string{"check", "--json"}, want: []string{`"first_command"`, `"cleanup"`}},
	{section: "4.2", args: []string{"sandbox", "list"}, want: []string{"ENDS IN", "running"}},
	{section: "5.1", args: []string{"templates", "list", "--log-level", "debug"}, want: []string{"/v2/templates status=200"}},
	{section: "5.2", args: []string{"sandbox", "shell", "ID"}, code: 3, want: []string{"a shell needs a terminal"}},
	{section: "5.3", files: map[string]string{"e2bt.hcl": "template \"slow\" {\n  batch \"big\" { run = [\"no-such-command\"] }\n}\n"},
		first: [][]string{{"build", "--no-lock"}}, args: []string{"fix"}, want: []string{"command_not_found"}},
	{section: "6.3", args: []string{"doctor", "--bundle", "bundle.tar.gz"}, want: []string{"bundle.tar.gz"}},
}

// TestTroubleshooting provokes every case of the document and looks for what the
// document says that its reader sees.
func TestTroubleshooting(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(document), "\n## ")[1:] {
		number, text, _ := strings.Cut(part, " ")
		sections[number] = text
	}
	t.Run("1.1", func(t *testing.T) {
		cmd := e2bt(t, t.TempDir(), "", "build")
		cmd.Env = append(cmd.Env, "E2B_API_KEY=")
		write(t, cmd.Dir, "e2bt.hcl", "template \"a\" {\n  batch \"x\" { run = [\"true\"] }\n}\n")
		out, _ := cmd.CombinedOutput()
		checkTrouble(t, sections["1.1"], trouble{code: 6, want: []string{"E2B_API_KEY is not set", "--local"}}, string(out), cmd.ProcessState.ExitCode())
	})
	s := startServe(t, e2eHome(t), "--quiet")
	defer s.stop()
	here := t.TempDir()
	id, _, _ := s.run(here, nil, "sandbox", "create", "base")
	for _, tt := range troubles {
		t.Run(tt.section, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				write(t, dir, name, text)
			}
			for _, args := range tt.first {
				s.run(dir, nil, args...)
			}
			args := append([]string{}, tt.args...)
			for i, arg := range args {
				if arg == "SHORT" {
					short, _, _ := s.run(dir, nil, "sandbox", "create", "base", "--timeout", "6s")
					arg = short
				}
				args[i] = strings.TrimSpace(strings.Replace(arg, "ID", strings.TrimSpace(id), 1))
			}
			stdout, stderr, code := s.run(dir, strings.NewReader(tt.stdin), args...)
			checkTrouble(t, sections[tt.section], tt, stdout+stderr, code)
			if tt.section == "5.3" {
				kept, _ := filepath.Glob(filepath.Join(dir, ".e2bt/failures/slow-*/*"))
				if len(kept) < 4 {
					t.Errorf("the snapshot holds %v", kept)
				}
			}
		})
	}
	for number := range sections {
		if !regexp.MustCompile(`^\d\.\d$`).MatchString(number) {
			t.Errorf("section %q has no number", number)
		}
	}
	if len(sections) != len(troubles)+1 {
		t.Errorf("the document has %d cases, and %d are provoked", len(sections), len(troubles)+1)
	}
}

// checkTrouble compares what is seen with what is wanted, and that with the
// document.
func checkTrouble(t *testing.T, section string, tt trouble, out string, code int) {
	t.Helper()
	if code != tt.code {
		t.Errorf("exit code %d; want %d", code, tt.code)
	}
	for _, want := range tt.want {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
		if !strings.Contains(section, strings.TrimSpace(want)) {
			t.Errorf("the document does not say %q:\n%s", want, section)
		}
	}
}
