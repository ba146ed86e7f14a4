package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/image/imagetest"
)

// e2bt is this test binary as the program itself.
func e2bt(t testing.TB, dir, home string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "E2BT_HOME="+home, "E2BT_TEST_MAIN=1", "E2B_API_KEY=", "E2B_API_URL=", "CI=1")
	return cmd
}

// realEngine skips a test where the engine cannot run, and makes a home that
// has a tiny base image.
func realEngine(t testing.TB) (home string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: builds on the real engine")
	}
	if _, err := engine.New(); err != nil {
		t.Skipf("needs the local engine: %v", err)
	}
	home = t.TempDir()
	images, err := image.Open(filepath.Join(home, "images"))
	if err != nil {
		t.Fatal(err)
	}
	imagetest.Tiny(t, images, "e2bdev/base")
	return home
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestKilledBuild kills e2bt in the middle of a batch: nothing of the batch is
// left running, and the next build goes on from the batch before.
func TestKilledBuild(t *testing.T) {
	home, dir := realEngine(t), t.TempDir()
	config := `
template "killed" {
  batch "first" { run = ["date +%N > /home/user/first; cat /home/user/first"] }
  batch "second" { run = ["echo second begins; [ -e /home/user/go ] || sleep 612.25"] }
}
`
	write(t, dir, "e2bt.hcl", config)
	cmd := e2bt(t, dir, home, "build", "--local")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var first string
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "second begins") {
		if text, ok := strings.CutPrefix(lines.Text(), "killed first | "); ok && !strings.Contains(text, "step") {
			first = text
		}
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if first == "" {
		t.Fatal("the first batch printed nothing")
	}
	awaitNone(t, "sleep\x00612.25")

	config = strings.Replace(config, "sleep 612.25", "true", 1)
	write(t, dir, "e2bt.hcl", config+"\n")
	again, err := e2bt(t, dir, home, "build", "--local").CombinedOutput()
	if err != nil {
		t.Fatalf("building again: %v\n%s", err, again)
	}
	if !strings.Contains(string(again), "first | step 1/2 cached") {
		t.Errorf("the first batch was not cached:\n%s", again)
	}
}

// awaitNone waits until no process has that in its command line.
func awaitNone(t *testing.T, command string) {
	t.Helper()
	for range 500 {
		if !running(command) {
			return
		}
		_ = exec.Command("sleep", "0.01").Run()
	}
	t.Errorf("%q still runs", command)
}

func running(command string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil && bytes.Contains(text, []byte(command)) {
			return true
		}
	}
	return false
}

// TestInterruptedBuild sends one SIGINT: exit code 130, a word on how to go on,
// and nothing left running.
func TestInterruptedBuild(t *testing.T) {
	home, dir := realEngine(t), t.TempDir()
	write(t, dir, "e2bt.hcl", `template "stopped" {
  batch "long" { run = ["echo begins; sleep 611.75"] }
}`)
	cmd := e2bt(t, dir, home, "build", "--local")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "begins") {
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	_ = cmd.Wait() // its exit code counts
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("exit code %d; want %d", got, exitInterrupted)
	}
	if !strings.Contains(stderr.String(), "build again to go on") {
		t.Errorf("stderr = %q; want a word on how to go on", stderr.String())
	}
	awaitNone(t, "sleep\x00611.75")
}
