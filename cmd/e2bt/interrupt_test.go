package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/localtest"
)

// gated is an endpoint that says nothing more of a build whose batch has begun,
// until it is opened. It tells of the first command that is started in a
// sandbox and, if slow, of the first sandbox that is to be ended, which then
// takes for ever.
type gated struct {
	http.Handler
	begun           atomic.Bool
	open            chan struct{}
	slow            bool
	started, ending chan struct{}
	once            [2]sync.Once
}

func (g *gated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/status"):
		g.status(w, r)
		return
	case strings.HasSuffix(r.URL.Path, "/Start"):
		g.once[0].Do(func() { close(g.started) })
	case g.slow && r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/sandboxes/"):
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the client goes away
		g.once[1].Do(func() { close(g.ending) })
		<-r.Context().Done()
		return
	}
	g.Handler.ServeHTTP(w, r)
}

func (g *gated) status(w http.ResponseWriter, r *http.Request) {
	if g.begun.Load() {
		select {
		case <-g.open:
		case <-r.Context().Done():
			return
		}
	}
	answer := httptest.NewRecorder()
	g.Handler.ServeHTTP(answer, r)
	if strings.Contains(answer.Body.String(), "[stdout]: begins") {
		g.begun.Store(true)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
}

// gatedServer starts one and returns the environment that leads to it.
func gatedServer(t *testing.T) (*gated, []string) {
	t.Helper()
	api, err := localtest.Open(local.Options{Home: t.TempDir(), APIKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	g := &gated{Handler: api, open: make(chan struct{}), started: make(chan struct{}), ending: make(chan struct{})}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := api.Close(); err != nil {
			t.Error(err)
		}
	})
	return g, []string{"E2B_API_URL=" + server.URL, "E2B_SANDBOX_URL=" + server.URL, "E2B_API_KEY=" + testKey}
}

const waiting = `template "waiting" {
  batch "x" { run = ["echo begins"] }
  check "done" { command = "true" }
}`

// begun starts a build that cannot end and returns when its batch has printed.
func begun(t *testing.T, dir string, env []string, flags ...string) (cmd *exec.Cmd, stdout *bufio.Reader, stderr *bytes.Buffer) {
	t.Helper()
	write(t, dir, "e2bt.hcl", waiting)
	cmd = e2bt(t, dir, t.TempDir(), append([]string{"build"}, flags...)...)
	cmd.Env = append(cmd.Env, env...)
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test fails before
	stdout = bufio.NewReader(out)
	for {
		line, err := stdout.ReadString('\n')
		if err != nil {
			t.Fatalf("the build ended early: %v\n%s", err, stderr)
		}
		if strings.Contains(line, "| begins") {
			return cmd, stdout, stderr
		}
	}
}

// TestInterruptAndAttach stops a build with either signal: exit code 130, how
// to go on, and going on works.
func TestInterruptAndAttach(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		gate, env := gatedServer(t)
		dir := t.TempDir()
		cmd, stdout, stderr := begun(t, dir, env)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(stdout)
		_ = cmd.Wait() // its exit code counts
		if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
			t.Errorf("%v: exit code %d; want %d\n%s", sig, got, exitInterrupted, stderr)
		}
		if !strings.Contains(string(rest), "waiting | interrupted after") {
			t.Errorf("%v: stdout ends with %q; want a word on the interrupt", sig, rest)
		}
		_, id, ok := strings.Cut(strings.TrimSpace(stderr.String()), "e2bt attach ")
		if !ok {
			t.Fatalf("%v: stderr = %q; want how to attach", sig, stderr)
		}
		close(gate.open)
		attach := e2bt(t, dir, t.TempDir(), "attach", id)
		attach.Env = append(attach.Env, env...)
		out, err := attach.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "check done: ok") || !strings.Contains(string(out), "waiting | ready in") {
			t.Errorf("%v: attach: %v; want the check and a ready template\n%s", sig, err, out)
		}
		history, err := os.ReadFile(filepath.Join(dir, ".e2bt", "history.jsonl"))
		if lines := strings.Split(string(history), "\n"); err != nil || len(lines) != 3 || !strings.Contains(lines[0], `"status":"cancelled"`) || !strings.Contains(lines[1], `"command":"attach"`) {
			t.Errorf("%v: the history is %v\n%s\nwant a build that was interrupted, and the attach", sig, err, history)
		}
	}
}

// TestInterruptedReports stops builds: reports are there, and say so. Of one that
// is killed they say what was known when it began, and the history says nothing.
func TestInterruptedReports(t *testing.T) {
	for _, tt := range []struct {
		signal         os.Signal
		junit, history string
	}{
		{os.Interrupt, `<error message="interrupted`, `"template":"waiting",`},
		{os.Kill, `<error message="the run did not come to an end"`, ""},
	} {
		_, env := gatedServer(t)
		dir := t.TempDir()
		cmd, stdout, stderr := begun(t, dir, env, "--junit", "junit.xml", "--report", "report.html")
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, stdout) // until it has ended
		_ = cmd.Wait()                     // the files count
		junit, err := os.ReadFile(filepath.Join(dir, "junit.xml"))
		if err != nil || !strings.Contains(string(junit), tt.junit) {
			t.Errorf("%v: JUnit has no %q: %v\n%s\n%s", tt.signal, tt.junit, err, junit, stderr)
		}
		if page, err := os.ReadFile(filepath.Join(dir, "report.html")); err != nil || !strings.HasSuffix(string(page), "</html>\n") {
			t.Errorf("%v: the page is not whole: %v", tt.signal, err)
		}
		history, _ := os.ReadFile(filepath.Join(dir, ".e2bt", "history.jsonl")) // none is as good as empty
		if !strings.Contains(string(history), tt.history) || tt.history == "" && len(history) > 0 {
			t.Errorf("%v: the history is %q; want %q in it", tt.signal, history, tt.history)
		}
	}
}

// TestInterruptTwice sends a second signal while the first one is still
// tidying up: the end comes at once.
func TestInterruptTwice(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		gate, env := gatedServer(t)
		gate.slow = true
		close(gate.open)
		dir := t.TempDir()
		write(t, dir, "e2bt.hcl", `template "checked" {
  batch "x" { run = ["true"] }
  check "endless" { command = "sleep 600" }
}`)
		cmd := e2bt(t, dir, t.TempDir(), "build")
		cmd.Env = append(cmd.Env, env...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for _, sign := range []chan struct{}{gate.started, gate.ending} {
			select {
			case <-sign:
			case <-ended:
				t.Fatalf("%v: the build ended early\n%s", sig, &stderr)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
		<-ended
		if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
			t.Errorf("%v twice: exit code %d; want %d", sig, got, exitInterrupted)
		}
		if stderr.Len() > 0 {
			t.Errorf("%v twice: stderr = %q; want no more words", sig, &stderr)
		}
	}
}

// TestInterruptReading interrupts a command that waits for a pipe which nobody
// writes to.
func TestInterruptReading(t *testing.T) {
	for _, verb := range []string{"validate", "plan", "build", "diagnose"} {
		dir := t.TempDir()
		pipe := filepath.Join(dir, "pipe.hcl")
		if err := makePipe(pipe); err != nil {
			t.Skipf("needs named pipes: %v", err)
		}
		cmd := e2bt(t, dir, t.TempDir(), verb, "pipe.hcl")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when it is read
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its exit code counts
		_ = writer.Close()
		if got := cmd.ProcessState.ExitCode(); got != exitInterrupted || stderr.String() != "Interrupted.\n" {
			t.Errorf("%s: exit code %d, stderr %q; want %d and a word", verb, got, stderr.String(), exitInterrupted)
		}
	}
}
