package builder

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
)

// probeHost runs the scripts of checks with this machine's bash.
type probeHost struct {
	t    *testing.T
	dir  string
	path string
}

func newProbeHost(t *testing.T) *probeHost {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	h := &probeHost{t: t, dir: t.TempDir(), path: filepath.Join(t.TempDir(), "bin")}
	if err := os.Mkdir(h.path, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cat", "cut", "env", "grep", "id", "mktemp", "printenv", "readlink", "sleep", "sort", "tail", "timeout", "tr"} {
		at, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("there is no %s", name)
		}
		if err := os.Symlink(at, filepath.Join(h.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(bash, filepath.Join(h.path, "bash")); err != nil {
		t.Fatal(err)
	}
	return h
}

// program puts a shell script in the PATH of the checks.
func (h *probeHost) program(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.path, name), []byte("#!"+h.path+"/bash\n"+text), 0o755); err != nil {
		h.t.Fatal(err)
	}
}

// check does with p what a sandbox does.
func (h *probeHost) check(p probe) outcome {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr tail
	cmd := exec.CommandContext(ctx, "bash", "-c", p.script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = h.dir, &stdout, &stderr
	cmd.Env = []string{"PATH=" + h.path, "HOME=" + h.dir}
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return p.judge(cmd.ProcessState.ExitCode(), &stdout, &stderr)
}

func (h *probeHost) wants(name string, p probe, want outcome) {
	h.t.Helper()
	got := h.check(p)
	got.complaint = strings.ReplaceAll(got.complaint, h.dir, "DIR")
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestToolsProbe(t *testing.T) {
	h := newProbeHost(t)
	h.program("new", `[ "$1" = --version ] && echo "new, version 1.2.3-rc1 (today)"`)
	h.program("old", `[ "$1" = -version ] && echo 'old "17.0.2"' >&2`)
	h.program("mute", "exit 1")
	h.program("liar", `echo 'flag 1.2 is not known'; exit 2`)
	h.program("unlinked", "echo 'error while loading shared libraries: libx.so.1: cannot open shared object file' >&2; exit 127")
	h.program("broken", "echo 'Traceback (most recent call last):'; echo 'ImportError: no module'; exit 1")
	h.program("crash", "kill -SEGV $$")
	h.program("forger", "echo fine; echo 'e2bt:wrong forged'")
	var r Runner
	for _, tt := range []struct {
		tools string
		want  outcome
	}{
		{"new old", outcome{detail: "new 1.2.3-rc1, old 17.0.2"}},
		{"mute liar forger", outcome{detail: "mute (no version), liar (no version), forger (no version)"}},
		{"new nothing", outcome{complaint: "nothing is not there"}},
		{"unlinked broken", outcome{complaint: "unlinked does not start, exit code 127: error while loading shared libraries: libx.so.1: cannot open shared object file\n" +
			"broken does not start, exit code 1: ImportError: no module"}},
		{"crash", outcome{complaint: "crash does not start, exit code 139:"}},
	} {
		h.wants(tt.tools, r.probe(config.Check{Tools: strings.Fields(tt.tools)}), tt.want)
	}
}

func TestFileProbe(t *testing.T) {
	h := newProbeHost(t)
	for _, err := range []error{
		os.WriteFile(filepath.Join(h.dir, "it's there"), nil, 0o644),
		os.Symlink("gone", filepath.Join(h.dir, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var r Runner
	for path, want := range map[string]outcome{
		"it's there":       {},
		"~/it's there":     {},
		"/":                {},
		"~/link":           {complaint: "~/link is a link to gone, which is not there"},
		h.dir + "/a/b":     {complaint: "DIR/a/b is not there: DIR has no a/b"},
		"/$(exit)/nowhere": {complaint: "/$(exit)/nowhere is not there: / has no $(exit)/nowhere"},
	} {
		h.wants(path, r.probe(config.Check{File: path}), want)
	}
}

func TestPortProbe(t *testing.T) {
	h := newProbeHost(t)
	var r Runner
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("no %s here: %v", address, err)
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		h.wants(address, r.probe(config.Check{Port: port}), outcome{})
		_ = l.Close()
		got := h.check(r.probe(config.Check{Port: port, Timeout: 2 * time.Second})).complaint
		if !strings.HasPrefix(got, fmt.Sprintf("nothing answers on port %d after 1 s; open ports: ", port)) {
			t.Errorf("complaint %q", got)
		}
	}
}

// claude is a stand-in for the program; the real one is in the tests with real
// sandboxes.
const claude = `
if [[ $1 == --version ]]; then echo '2.1.0 (Claude Code)'; exit; fi
echo "$*; $ANTHROPIC_BASE_URL; $ANTHROPIC_API_KEY" > "$HOME/asked"
case $ANTHROPIC_API_KEY in
good) echo hello ;;
silent) ;;
slow) sleep 30 ;;
*) echo 'Invalid API key'; exit 1 ;;
esac
`

func TestClaudeProbe(t *testing.T) {
	h := newProbeHost(t)
	agent := config.Check{Agent: &config.Agent{Name: "claude"}}
	given := func(pairs ...string) probe {
		r := Runner{Variable: func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}}
		return r.probe(agent)
	}
	h.wants("nothing there", given(), outcome{complaint: "there is neither an Agent SDK nor a claude program"})
	h.program("python3", "exit 3")
	h.program("claude", claude)
	h.wants("no key", given("ANTHROPIC_BASE_URL", "http://gate.example"), outcome{skipped: true, detail: "claude 2.1.0, no key to ask it something with: set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN here or in .env"})
	h.wants("a key", given("ANTHROPIC_BASE_URL", "http://gate.example", "ANTHROPIC_API_KEY", "good"), outcome{detail: "claude 2.1.0, it answers"})
	if asked, _ := os.ReadFile(filepath.Join(h.dir, "asked")); string(asked) != "-p Answer with one word: ready --max-turns 1; http://gate.example; good\n" {
		t.Errorf("asked: %s", asked)
	}
	h.wants("a bad key", given("ANTHROPIC_BASE_URL", "http://gate.example", "ANTHROPIC_API_KEY", "bad"),
		outcome{complaint: "a request was not answered by http://gate.example, with ANTHROPIC_API_KEY ANTHROPIC_BASE_URL, exit code 1: Invalid API key"})
	h.wants("no answer", given("ANTHROPIC_API_KEY", "silent"), outcome{complaint: "a request was not answered, with ANTHROPIC_API_KEY, exit code 0:"})

	agent.Env = map[string]string{"ANTHROPIC_API_KEY": "good"}
	agent.Agent.Model, agent.Agent.Prompt = "haiku", "it's me"
	h.wants("its own key", given("ANTHROPIC_API_KEY", "bad"), outcome{detail: "claude 2.1.0, it answers"})
	if asked, _ := os.ReadFile(filepath.Join(h.dir, "asked")); string(asked) != "-p it's me --max-turns 1 --model haiku; ; good\n" {
		t.Errorf("asked: %s", asked)
	}
	agent.Env, agent.Timeout = nil, 3*time.Second
	h.wants("too slow", given("ANTHROPIC_API_KEY", "slow"), outcome{complaint: "a request was not answered in time, with ANTHROPIC_API_KEY"})

	h.program("python3", "echo \"ModuleNotFoundError: No module named 'anyio'\"; exit 1")
	h.wants("an SDK that cannot be imported", given(), outcome{complaint: "the Python SDK cannot be imported: ModuleNotFoundError: No module named 'anyio'"})
}

// What a profile of the template makes of a variable is what the agent gets.
func TestClaudeProbeProfile(t *testing.T) {
	h := newProbeHost(t)
	h.program("python3", "exit 3")
	h.program("claude", claude)
	r := Runner{Variable: func(name string) string { return map[string]string{"ANTHROPIC_BASE_URL": "http://mine.example"}[name] }}
	p := r.probe(config.Check{Agent: &config.Agent{Name: "claude"}})
	p.script = "export ANTHROPIC_BASE_URL=http://theirs.example\n" + p.script
	h.wants("a profile", p, outcome{complaint: "ANTHROPIC_BASE_URL does not reach the process as it was given: the template's profile changes it"})
}

func TestAgentVariables(t *testing.T) {
	env := map[string]string{"ANTHROPIC_MODEL": "m", "AWS_REGION": "r", "AWS_SECRET_ACCESS_KEY": "s", "CLAUDE_CODE_ENTRYPOINT": "cli", "PATH": "/"}
	get := func(name string) string { return env[name] }
	if diff := cmp.Diff(map[string]string{"ANTHROPIC_MODEL": "m"}, AgentVariables(get)); diff != "" || hasKey(AgentVariables(get)) {
		t.Errorf("without a provider (-want +got):\n%s", diff)
	}
	env["CLAUDE_CODE_USE_BEDROCK"] = "1"
	want := map[string]string{"ANTHROPIC_MODEL": "m", "AWS_REGION": "r", "AWS_SECRET_ACCESS_KEY": "s", "CLAUDE_CODE_USE_BEDROCK": "1"}
	if diff := cmp.Diff(want, AgentVariables(get)); diff != "" || !hasKey(AgentVariables(get)) {
		t.Errorf("with one (-want +got):\n%s", diff)
	}
}

// A check that fails to run is not one that passed.
func TestReported(t *testing.T) {
	var out, err tail
	_, _ = out.Write([]byte("e2bt:found git 2.1\nnoise\n"))
	_, _ = err.Write([]byte("bash: no memory\n"))
	if got := reported(2, &out, &err); !strings.HasPrefix(got.complaint, "the check itself failed, exit code 2:\n") {
		t.Errorf("complaint %q", got.complaint)
	}
}
