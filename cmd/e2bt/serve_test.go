package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// serving is an `e2bt serve` of a test.
type serving struct {
	t    *testing.T
	cmd  *exec.Cmd
	env  map[string]string // what it says that clients have to set
	log  *lockedText
	done chan error
}

// startServe starts one and waits until it has said everything.
func startServe(t *testing.T, home string, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, cmd: e2bt(t, t.TempDir(), home, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), env: map[string]string{}, log: &lockedText{}, done: make(chan error, 1)}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for s.env["E2B_DOMAIN"] == "" && lines.Scan() {
		for _, word := range strings.Fields(strings.TrimPrefix(lines.Text(), "export ")) {
			if name, value, ok := strings.Cut(word, "="); ok {
				s.env[name] = value
			}
		}
	}
	if s.env["E2B_DOMAIN"] == "" {
		t.Fatalf("it said %v\n%s", s.env, s.log)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		s.done <- s.cmd.Wait()
	}()
	return s
}

// stop stops it as Ctrl-C does.
func (s *serving) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("it ended with %v\n%s", err, s.log)
		}
	case <-time.After(30 * time.Second):
		s.t.Fatalf("it does not stop\n%s", s.log)
	}
}

// in gives a command the environment that the server asks for.
func (s *serving) in(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// TestServe: it prints what clients need, keeps key and templates, holds its
// store, and --local works beside it.
func TestServe(t *testing.T) {
	home := realEngine(t)
	s := startServe(t, home)
	client := e2b.New(e2b.Options{APIURL: s.env["E2B_API_URL"], SandboxURL: s.env["E2B_SANDBOX_URL"], APIKey: s.env["E2B_API_KEY"], Version: "test"})
	box, err := client.CreateSandbox(t.Context(), e2b.NewSandbox{TemplateID: "base"})
	if err != nil {
		t.Fatalf("a sandbox of the first template: %v", err)
	}
	var out strings.Builder
	if code, err := box.Run(t.Context(), e2b.Command{Cmd: "/bin/bash", Args: []string{"-c", "echo hello"}, Stdout: &out}); code != 0 || err != nil || out.String() != "hello\n" {
		t.Errorf("a command: %d, %v, %q", code, err, &out)
	}

	p := project{t, home, t.TempDir()}
	write(t, p.dir, "e2bt.hcl", "template \"mine\" {\n  batch \"x\" { run = [\"echo made > /home/user/made\"] }\n}\n")
	p.run(0, "build", "--local", "--no-lock")
	_, stderr := p.run(exitError, "serve", "--listen", "127.0.0.1:0")
	wantText(t, "stderr", stderr, home+" is used by another e2bt (process "+fmt.Sprint(s.cmd.Process.Pid))
	resp, err := http.Get(s.env["E2B_API_URL"] + "/templates")
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %v, %v", resp, err)
	}
	resp.Body.Close()
	s.stop()
	wantText(t, "the log", s.log.String(), "POST /v2/sandboxes 201", "GET /templates 401", "Stopping")

	again := startServe(t, home, "--quiet", "--fault", "latency=1ms")
	if again.env["E2B_API_KEY"] != s.env["E2B_API_KEY"] {
		t.Error("the key is another one after a restart")
	}
	client = e2b.New(e2b.Options{APIURL: again.env["E2B_API_URL"], SandboxURL: again.env["E2B_SANDBOX_URL"], APIKey: again.env["E2B_API_KEY"], Version: "test"})
	if _, err := client.Alias(t.Context(), "mine"); err != nil {
		t.Errorf("what was built is gone after a restart: %v", err)
	}
	again.stop()
	if text := again.log.String(); strings.Contains(text, "GET /") {
		t.Errorf("--quiet printed requests:\n%s", text)
	}
	p.run(exitConfig, "serve", "--fault", "gremlins")
	p.run(exitConfig, "serve", "--listen", "nowhere")
	p.run(exitConfig, "serve", "--domain", "e2b.test")
}

// TestServeTLS: clients that know a domain and trust the authority reach the
// API and the sandboxes by their names.
func TestServeTLS(t *testing.T) {
	home := realEngine(t)
	s := startServe(t, home, "--tls", "--domain", "e2b.test")
	at := strings.TrimPrefix(s.env["E2B_API_URL"], "https://")
	pem, err := os.ReadFile(filepath.Join(home, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	var dialer net.Dialer
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, at)
		},
	}
	defer transport.CloseIdleConnections()
	domain := s.env["E2B_DOMAIN"]
	client := e2b.New(e2b.Options{APIURL: "https://api." + domain, Domain: domain, APIKey: s.env["E2B_API_KEY"], Version: "test", HTTPClient: &http.Client{Transport: transport}})
	box, err := client.CreateSandbox(t.Context(), e2b.NewSandbox{TemplateID: "base"})
	if err != nil {
		t.Fatal(err)
	}
	if code, err := box.Run(t.Context(), e2b.Command{Cmd: "/bin/bash", Args: []string{"-c", "exit 4"}}); code != 4 || err != nil {
		t.Errorf("a command: %d, %v", code, err)
	}
	p := project{t, home, t.TempDir()}
	write(t, p.dir, "e2bt.hcl", "template \"x\" {}\n")
	p.run(0, "plan", "--local")
	s.stop()
}

// TestSDKs lets the published clients do what they can, each in a generation
// before the second version of the sandbox endpoints and in one after it.
func TestSDKs(t *testing.T) {
	home := e2eHome(t)
	s := startServe(t, home, "--quiet")
	defer s.stop()
	scripts, err := filepath.Abs(filepath.Join("testdata", "sdk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"2.45.0", "2.51.0"} {
		t.Run("npm e2b "+version, func(t *testing.T) {
			dir := copyOf(t, scripts)
			install(t, dir, "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "e2b@"+version)
			script(t, s, dir, "node", "sdk.mjs")
		})
	}
	t.Run("python e2b", func(t *testing.T) {
		dir := copyOf(t, scripts)
		install(t, dir, "python3", "-m", "venv", filepath.Join(dir, "venv"))
		install(t, dir, filepath.Join(dir, "venv/bin/pip"), "install", "-q", "e2b==2.63.0")
		script(t, s, dir, filepath.Join(dir, "venv/bin/python"), "sdk.py")
	})
	t.Run("cli", func(t *testing.T) {
		dir := t.TempDir()
		install(t, dir, "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "@e2b/cli@2.19.0")
		cli := func(args ...string) string {
			cmd := s.in(exec.Command(filepath.Join(dir, "node_modules/.bin/e2b"), args...))
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "HOME="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("e2b %v: %v\n%s", args, err, out)
			}
			return string(out)
		}
		wantText(t, "template list", cli("template", "list"), "base", "sdk-py")
		wantText(t, "sandbox list", cli("sandbox", "list"), "No sandboxes found")
		cli("template", "delete", "-y", "sdk-py-async")
		if strings.Contains(cli("template", "list"), "sdk-py-async") {
			t.Error("a template that was deleted is listed")
		}
	})
}

func copyOf(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// install fetches a client; where a registry has a bad minute it tries again.
func install(t *testing.T, dir string, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("there is no %s", name)
	}
	for try := 1; ; try++ {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if try == tries {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
}

// script runs a script that says of each case that it is ok.
func script(t *testing.T, s *serving, dir, program, name string) {
	t.Helper()
	cmd := s.in(exec.Command(program, name))
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "ok ") || strings.Contains(string(out), "FAIL ") {
		t.Errorf("%s: %v", name, err)
	}
}

// lockedText is text that a process writes while a test reads it.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
