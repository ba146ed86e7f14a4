//go:build linux

// Package bench measures e2bt beside its peers: whole processes, from start to
// end, in the time, the processor time and the memory that they take.
//
// The peers are what is installed: E2B's JavaScript SDK where there is node,
// docker with BuildKit where its daemon runs, buildah. Programs of one case run
// in turn, so that a busy machine troubles all of them alike; only figures of
// one run can be compared. Nothing here fails for being slow.
package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(launching) != "" {
		os.Exit(launch(os.Args[1:]))
	}
	if err := flag.Set("test.benchtime", "1x"); err != nil { // cases repeat by themselves
		panic(err)
	}
	if err := os.Setenv("TMPDIR", workshop()); err != nil { // so that one directory holds all there is to remove
		panic(err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		end(130)
	}()
	code := m.Run()
	printTables(os.Stdout)
	end(code)
}

func end(code int) {
	if err := os.RemoveAll(workshop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// workshop holds what is made once: the program, the SDK, the base image.
var workshop = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "e2bt-bench-")
	if err != nil {
		panic(err)
	}
	return dir
})

// binary is e2bt, compiled as the task "build" does it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop(), "e2bt")
	cmd := exec.Command("go", "build", "-o", path, "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building e2bt: %w\n%s", err, out)
	}
	return path, nil
})

// e2bt is the program, to be run in dir with a home of its own.
func e2bt(t testing.TB, dir, home string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "E2BT_HOME="+home, "E2B_API_KEY="+apiKey, "CI=1")
	return cmd
}

// project makes a directory that holds one configuration.
func project(t testing.TB, config string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "e2bt.hcl"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
