package engine

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rootless prepares to run this test program as an ordinary user with
// subordinate ids, in a directory that the user can write in.
func rootless(t *testing.T, args ...string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	if os.Geteuid() != 0 || inUserNamespace() {
		t.Skip("needs root, to become a user with subordinate ids")
	}
	for _, tool := range []string{"newuidmap", "newgidmap", "setpriv", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: %v", tool, err)
		}
	}
	for _, f := range []string{"/etc/subuid", "/etc/subgid"} {
		if _, err := os.Stat(f); err != nil {
			t.Skipf("needs a file to mount over: %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "e2bt-rootless-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := filepath.Join(dir, "engine.test")
	if err := errors.Join(os.Chmod(dir, 0o755), copyFile("/proc/self/exe", program)); err != nil {
		t.Fatal(err)
	}
	argv := append([]string{"--mount", "--propagation", "private", "sh", "testdata/rootless.sh", dir, program}, args...)
	cmd = exec.CommandContext(within(t, 3*time.Minute), "unshare", argv...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // a second for each of its processes, otherwise
	cmd.WaitDelay = moment                                     // for those whom it leaves, who hold its output
	return cmd, dir
}

// TestRootless runs the tests of this package again, without root.
func TestRootless(t *testing.T) {
	t.Parallel()
	cmd, _ := rootless(t, "-test.v", "-test.timeout=2m")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestTimeoutKillsEverything") {
		t.Errorf("rootless tests: %v\n%s", err, out)
	}
}

// TestRootlessEnds ends the program that entered the user namespace: its other
// self inside, the sandbox and the commands must go with it.
func TestRootlessEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGKILL, -1}, {syscall.SIGTERM, 143}}
	for _, tt := range tests {
		cmd, dir := rootless(t)
		layer, nap := rootlessLayer(t, dir), newNap()
		startVictim(t, cmd, layer, nap)
		cmd.Process.Signal(tt.signal)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != tt.code {
			t.Errorf("exit code after %v = %d; want %d", tt.signal, code, tt.code)
		}
		until(t, "the commands end", func() bool { return len(sleepers(t, nap)) == 0 })
		until(t, "the mounts go", func() bool { return !mounted(t, layer) })
	}
}

// rootlessLayer makes the directory that openAndWait uses.
func rootlessLayer(t *testing.T, dir string) string {
	t.Helper()
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	layer := filepath.Join(dir, "layer")
	for _, d := range []string{layer, layer + "/upper", layer + "/work"} {
		if err := errors.Join(os.Mkdir(d, 0o755), os.Chown(d, 4242, 4242)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chmod(scratch, 0o755), os.Symlink(root, layer+"/base")); err != nil {
		t.Fatal(err)
	}
	return layer
}

// removedVariable names a directory that the test program is to remove.
const removedVariable = "E2BT_TEST_REMOVE"

func TestRootlessRemoveAll(t *testing.T) {
	t.Parallel()
	cmd, dir := rootless(t)
	layer := filepath.Join(dir, "layer")
	for d, id := range map[string]int{layer: 4242, layer + "/u": 200005} {
		if err := os.MkdirAll(d+"/work", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chown(d, id, id), os.Chown(d+"/work", id, id), os.Chmod(d+"/work", 0)); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append(cmd.Env, removedVariable+"="+layer+"/u")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("RemoveAll: %v: %s", err, out)
	}
	if _, err := os.Lstat(layer + "/u"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Lstat after RemoveAll = %v; want it gone", err)
	}
}

func TestSubordinateRanges(t *testing.T) {
	text := "bob:1:65536\n# no\nann:5:100\n1000:7:65536\nann:100000:200000\n"
	tests := []struct {
		name, uid string
		want      []string
	}{{"ann", "1", []string{"1", "100000", "65536"}}, {"eve", "1000", []string{"1", "7", "65536"}}, {"eve", "1", nil}}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, subordinateRanges(text, tt.name, tt.uid)); d != "" {
			t.Errorf("subordinateRanges(%q, %q): %s", tt.name, tt.uid, d)
		}
	}
}
