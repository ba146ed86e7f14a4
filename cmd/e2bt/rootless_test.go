package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/image/imagetest"
)

// TestRootless imports an image and builds as an ordinary user who has
// subordinate ids: e2bt enters a user namespace by itself.
func TestRootless(t *testing.T) {
	realEngine(t) // skips where it cannot run
	for _, tool := range []string{"newuidmap", "newgidmap", "setpriv", "unshare", "tar"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: %v", tool, err)
		}
	}
	dir, err := os.MkdirTemp("", "e2bt-rootless-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program, work := filepath.Join(dir, "e2bt"), filepath.Join(dir, "work")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.WriteFile(program, self, 0o755), os.Mkdir(work, 0o777), os.Chmod(work, 0o777),
		tinyArchive(t, filepath.Join(dir, "tiny.tar")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(t, work, "e2bt.hcl", `template "mine" {
  batch "who" { run = ["id -un; echo written > /home/user/file; stat -c %U /home/user/file /etc/passwd"] }
  check "there" {
    command  = "cat /home/user/file"
    contains = "written"
  }
}`)
	script := program + " image import e2bdev/base ../tiny.tar && " + program + " -C " + work + " build --local"
	rules, err := filepath.Abs(filepath.Join("..", "..", "local", "engine", "testdata", "rootless.sh"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", rules, dir, "sh", "-c", script)
	cmd.Env = append(os.Environ(), "E2BT_HOME="+filepath.Join(dir, "home", "e2bt"), "E2BT_TEST_MAIN=1", "CI=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("building without root: %v\n%s", err, out)
	}
	for _, want := range []string{"mine who | user\n", "mine who | root\n", "check there: ok", "mine | ready in"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
}

// tinyArchive writes the tiny base image as a tar.
func tinyArchive(t *testing.T, path string) error {
	t.Helper()
	store, err := image.Open(filepath.Join(t.TempDir(), "images"))
	if err != nil {
		return err
	}
	img := imagetest.Tiny(t, store, "tiny")
	return exec.Command("tar", "-C", img.Rootfs, "-cf", path, ".").Run()
}
