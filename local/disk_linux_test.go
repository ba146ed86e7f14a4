package local_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"golang.org/x/sys/unix"
)

// TestDiskFull builds on a disk that is full at another moment each time. The
// build says so, the server goes on, and once there is room everything works.
func TestDiskFull(t *testing.T) {
	const inside = "E2BT_TEST_SMALL_DISK"
	if os.Getenv("E2BT_E2E") != "local" || os.Geteuid() != 0 {
		t.Skip("set E2BT_E2E=local, as root: mounts a small disk in a namespace of its own")
	}
	if os.Getenv(inside) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, "-test.run=^TestDiskFull$", "-test.v")
		cmd.Env = append(os.Environ(), inside+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
		return
	}
	disk := t.TempDir()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	home := filepath.Join(disk, "home")
	importBase(t, home, "base", nil)
	a := startIn(t, home, local.Options{})
	for i, free := range []int{0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 28, 40, 100, 300} { // pages of 4 KiB
		filler := fill(t, disk, free)
		why := fullBuild(a, fmt.Sprint("web", i))
		t.Logf("%d pages free: %s", free, why)
		if !strings.Contains(why, "no space left on device") || strings.Contains(why, home) {
			t.Errorf("with %d pages free: %q; want it to say that no space is left", free, why)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		clean(t, home)
		f := a.build("small", e2b.Build{Steps: []e2b.Step{run("echo small > small")}})
		if f.Status != e2b.StateReady {
			t.Fatalf("with room again: %+v", f.Reason)
		}
	}
	filler := fill(t, disk, 8)
	link := get[e2b.FileLink](a, "/templates/small/files/"+zeros)
	resp := a.request("PUT", strings.TrimPrefix(link.URL, a.url), strings.Repeat("x", 1<<20), nil)
	if want := `{"code":507,"message":"no space left on device for the archive"}`; resp.StatusCode != 507 || resp.text != want {
		t.Errorf("an upload: %d %s; want %s", resp.StatusCode, resp.text, want)
	}
	clean(t, home)
	filler = fill(t, disk, 0)
	a.close()
	b := startIn(t, home, local.Options{}) // a full disk keeps nothing from starting
	if _, err := b.client.Templates(context.Background()); err != nil {
		t.Errorf("listing: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if got := b.output(b.sandbox("small"), "cat small"); got != "small" {
		t.Errorf("in the sandbox: %q", got)
	}
	b.close()
	if strings.Contains(b.log.String(), "damaged") {
		t.Errorf("something is damaged:\n%s", b.log)
	}
}

// fullBuild returns why a build of 2 MiB did not work.
func fullBuild(a *api, name string) string {
	a.t.Helper()
	reg, err := a.client.Register(context.Background(), e2b.RegisterRequest{Name: name})
	if err != nil {
		return err.Error()
	}
	err = a.client.Trigger(context.Background(), reg.TemplateID, reg.BuildID, e2b.Build{FromImage: "base", Steps: []e2b.Step{run("seq 300000 > /tmp/big")}})
	if err != nil {
		return err.Error()
	}
	f := a.follow(reg)
	if f.Status != e2b.StateError {
		return string(f.Status)
	}
	return f.Reason.Message
}

// fill writes a file that leaves so many pages free.
func fill(t *testing.T, disk string, pages int) string {
	t.Helper()
	path := filepath.Join(disk, "filler")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for page := make([]byte, 4096); ; {
		if _, err := file.Write(page); err != nil {
			break
		}
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(max(0, info.Size()-int64(pages)*4096)); err != nil {
		t.Fatal(err)
	}
	return path
}

// clean wants nothing half-made in a home.
func clean(t *testing.T, home string) {
	t.Helper()
	for _, pattern := range []string{"layers/making-*", "files/upload-*", "templates/*.tmp", "builds/*/*.tmp"} {
		if left, _ := filepath.Glob(filepath.Join(home, pattern)); len(left) != 0 {
			t.Errorf("%s is left", left)
		}
	}
}
