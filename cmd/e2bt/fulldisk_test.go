package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onFullDisk is e2bt in mounts of its own, where dir is a disk of that size.
func onFullDisk(t *testing.T, work, home, dir, size string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skipf("needs mounts of its own: %v", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := e2bt(t, work, home, args...)
	script := `mount -t tmpfs -o size=` + size + ` none "$1" && shift && exec "$@"`
	inside := exec.Command("unshare", append([]string{"--mount", "--propagation", "private", "sh", "-c", script, "sh", dir, cmd.Path}, args...)...)
	inside.Dir, inside.Env = cmd.Dir, cmd.Env
	return inside
}

// TestFullDisk builds what does not fit, then again where it does: the failure
// is explained, and nothing half-written is taken for a whole.
func TestFullDisk(t *testing.T) {
	home, work := realEngine(t), t.TempDir()
	write(t, work, "e2bt.hcl", `template "big" {
  batch "small" { run = ["echo one > /home/user/one"] }
  batch "fill" {
    run = ["head -c 9000000 /dev/zero > /home/user/blob", "wc -c /home/user/blob"]
  }
}`)
	cmd := onFullDisk(t, work, home, filepath.Join(home, "layers"), "2m", "build", "--local")
	out, _ := cmd.CombinedOutput() // its exit code counts
	if got := cmd.ProcessState.ExitCode(); got != exitBuild {
		t.Fatalf("exit code %d; want %d\n%s", got, exitBuild, out)
	}
	for _, want := range []string{"Build of big failed: disk_full", "on e2bt.hcl line 3", "No space left on device"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
	out, err := e2bt(t, work, home, "build", "--local").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "9000000 /home/user/blob") {
		t.Errorf("building with space: %v\n%s", err, out)
	}
}

// TestFullStateDisk has no room for the ids of builds: nothing is registered.
func TestFullStateDisk(t *testing.T) {
	home, work := realEngine(t), t.TempDir()
	write(t, work, "e2bt.hcl", `template "app" { 
  batch "x" { run = ["true"] } 
}`)
	cmd := onFullDisk(t, work, home, filepath.Join(work, ".e2bt"), "4k,nr_inodes=2", "build", "--local")
	out, _ := cmd.CombinedOutput() // its exit code counts
	if got := cmd.ProcessState.ExitCode(); got != exitError || !strings.Contains(string(out), "no space left on device") {
		t.Errorf("exit code %d; want %d and why\n%s", got, exitError, out)
	}
	list, err := e2bt(t, work, home, "templates", "list", "--local", "--json").Output()
	if err != nil || string(list) != "[]\n" {
		t.Errorf("templates = %q, %v; want none", list, err)
	}
}
