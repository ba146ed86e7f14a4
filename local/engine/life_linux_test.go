package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// killedVariable makes the test program the victim of TestParentKilled: it
// names the directory of the root filesystem and the layer.
const (
	killedVariable = "E2BT_TEST_OPEN_AND_WAIT"
	napVariable    = "E2BT_TEST_NAP" // how long its commands sleep
)

func openAndWait(dir string) int {
	e, err := New()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	s, err := e.Open(context.Background(), Spec{Lowers: []string{dir + "/base"}, Upper: dir + "/upper", Work: dir + "/work"})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	nap := os.Getenv(napVariable)
	script := "setsid nohup sleep " + nap + " >/dev/null 2>&1 & trap '' TERM HUP; echo ready; sleep " + nap
	_, err = s.Run(context.Background(), Command{Args: []string{"bash", "-c", script}, Stdout: os.Stdout})
	fmt.Println(err)
	return 1
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	needRoot(t)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	l := newLayer(t)
	dir := filepath.Dir(l.upper)
	if err := os.Symlink(root, filepath.Join(dir, "base")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	nap := newNap()
	startVictim(t, cmd, dir, nap)
	until(t, "the commands run", func() bool { return len(sleepers(t, nap)) == 2 })
	cmd.Process.Kill()
	cmd.Wait()
	until(t, "the sandbox ends with its engine", func() bool { return len(sleepers(t, nap)) == 0 })
	until(t, "its mounts go", func() bool { return !mounted(t, dir) })
	if err := os.RemoveAll(dir); err != nil {
		t.Errorf("RemoveAll = %v; want nothing to hold the layer", err)
	}
}

// startVictim starts a program that opens a sandbox in dir and is to be killed.
func startVictim(t testing.TB, cmd *exec.Cmd, dir, nap string) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Env = append(cmd.Environ(), killedVariable+"="+dir, napVariable+"="+nap)
	cmd.Stdout = in
	err = cmd.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() }) // also where the test fails before
	out.SetReadDeadline(time.Now().Add(moment))
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the victim said %q, %v; want ready", line, err)
	}
}

// mounted tells whether any process sees a mount that names dir.
func mounted(t testing.TB, dir string) bool {
	t.Helper()
	tables, err := filepath.Glob("/proc/[0-9]*/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tables {
		if text, err := os.ReadFile(f); err == nil && strings.Contains(string(text), dir) {
			return true
		}
	}
	return false
}

// until polls, for what the kernel does when it comes to it.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(moment); time.Now().Before(end); <-tick.C {
		if is() {
			return
		}
	}
	t.Errorf("after %v it is not so that %s", moment, what)
}

func TestOpenCancelled(t *testing.T) {
	t.Parallel()
	e, l := newEngine(t), newLayer(t)
	ctx, cancel := context.WithCancel(soon(t))
	time.AfterFunc(time.Millisecond, cancel)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(ctx, Spec{Lowers: []string{root}, Upper: l.upper, Work: l.work})
	if err == nil {
		err = s.Close()
	} else if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err != nil || mounted(t, l.upper) {
		t.Errorf("Open = %v, mounted: %v; want nothing left", err, mounted(t, l.upper))
	}
}

func TestManyLayers(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := t.TempDir()
	var lowers []string
	for i := range 450 {
		lower := filepath.Join(dir, fmt.Sprintf("layer-%0200d", i))
		if err := os.Mkdir(lower, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(lower, fmt.Sprintf("file-%d", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		lowers = append(lowers, lower)
	}
	want(t, open(t, newLayer(t), lowers...), "", "cd /; echo file-* | wc -w", "450\n")
	l := newLayer(t)
	e := newEngine(t)
	_, err := e.Open(soon(t), Spec{Lowers: append(lowers, lowers...), Upper: l.upper, Work: l.work})
	if err == nil || !strings.Contains(err.Error(), "900 layers") {
		t.Errorf("Open of 900 layers = %v; want an error that says so", err)
	}
}

// TestOddImages opens images that have something else where the engine puts things.
func TestOddImages(t *testing.T) {
	t.Parallel()
	needRoot(t)
	canary := t.TempDir()
	tests := []struct{ name, path, target string }{
		{"run elsewhere", "run", "/var"}, {"etc elsewhere", "etc", canary}, {"ssl elsewhere", "etc/ssl", canary}, {"resolv.conf elsewhere", "etc/resolv.conf", canary + "/resolv.conf"},
		{"dev elsewhere", "dev", canary}, {"proc elsewhere", "proc", canary}, {"sys elsewhere", "sys", "/bin"},
	}
	for _, tt := range tests {
		top := t.TempDir()
		if err := os.MkdirAll(filepath.Join(top, filepath.Dir(tt.path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(tt.target, filepath.Join(top, tt.path)); err != nil {
			t.Fatal(err)
		}
		s := open(t, newLayer(t), top)
		want(t, s, "", "echo ok > /dev/null; ls -d /proc/1 /sys/class; [ -z \"$SSL_CERT_FILE\" ] || [ -s $SSL_CERT_FILE ] || echo missing", "/proc/1\n/sys/class\n")
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if entries, err := os.ReadDir(canary); err != nil || len(entries) > 0 {
		t.Errorf("the host's directory = %v, %v; want it empty", entries, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	e, l := newEngine(t), newLayer(t)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, says string
		spec       Spec
	}{
		{"no lower", "no lower directory", Spec{Upper: l.upper, Work: l.work}},
		{"missing lower", "no such file", Spec{Lowers: []string{root, "/no/where"}, Upper: l.upper, Work: l.work}},
		{"missing upper", "no such file", Spec{Lowers: []string{root}, Upper: "/no/where", Work: l.work}},
		{"work elsewhere", "on different filesystems", Spec{Lowers: []string{root}, Upper: l.upper, Work: "/sys"}},
	}
	for _, tt := range tests {
		s, err := e.Open(soon(t), tt.spec)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("Open(%s) = %v; want an error saying %q", tt.name, err, tt.says)
		}
	}
}

func TestHint(t *testing.T) {
	for errno, says := range map[syscall.Errno]string{unix.ENOSYS: "Linux 5.12", unix.ENODEV: "modprobe overlay", unix.EPERM: "--privileged"} {
		if err := (&Engine{}).hint(fmt.Errorf("mounting: %w", errno)); !errors.Is(err, errno) || !strings.Contains(err.Error(), says) {
			t.Errorf("hint(%v) = %v; want it to say %q", errno, err, says)
		}
	}
}

func TestOldMount(t *testing.T) {
	t.Parallel()
	lowers := []string{"/a,b:c\\d"}
	for range 449 {
		lowers = append(lowers, strings.Repeat("/long", 50))
	}
	o := overlay{lowers: lowers, upper: "/u", work: "/w", options: overlayOptions(false, true)}
	got, err := o.oldOptions(t.TempDir())
	if err != nil || len(got) >= 4096 || strings.Contains(got, "/") {
		t.Errorf("oldOptions = %d bytes, %v; want less than a page, without paths: %s", len(got), err, got)
	}
}

// TestMountOld mounts as a kernel before 6.8 needs it, on a thread of its own
// mount namespace.
func TestMountOld(t *testing.T) {
	t.Parallel()
	needRoot(t)
	o := overlay{options: overlayOptions(inUserNamespace(), true), upper: t.TempDir(), work: t.TempDir()}
	for i := range 100 {
		o.lowers = append(o.lowers, image(t, map[string]string{fmt.Sprint("file-", i): ""}))
	}
	found := make(chan error, 1)
	go onEndingThread(func() { found <- mountedOld(o) })
	if err := <-found; err != nil {
		t.Error(err)
	}
}

// mountedOld looks whether the lowest layer is seen and the upper one written.
func mountedOld(o overlay) error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return err
	}
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", anchor, "tmpfs", 0, ""))
	if err != nil {
		return err
	}
	root, err := o.mountOld("root")
	if err != nil {
		return err
	}
	defer unix.Close(root)
	made, err := unix.Openat(root, "made", unix.O_CREAT|unix.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	unix.Close(made)
	_, err = os.Stat(o.upper + "/made")
	return errors.Join(err, unix.Faccessat(root, "file-99", 0, 0))
}

func TestDescriptorsDoNotLeak(t *testing.T) {
	var leak [2]int
	if err := unix.Pipe2(leak[:], 0); err != nil { // not close-on-exec, as if inherited
		t.Fatal(err)
	}
	defer unix.Close(leak[0])
	defer unix.Close(leak[1])
	e, l := newEngine(t), newLayer(t)
	s := openWith(t, e, Spec{Upper: l.upper, Work: l.work})
	// 3 is the directory that ls reads.
	want(t, s, "", "ls /proc/self/fd | tr '\\n' ' '", "0 1 2 3 ")
	before := descriptors(t)
	for range 4 {
		want(t, s, "", "echo x; sleep 600 & :", "x\n")
		e2, l := newEngine(t), newLayer(t)
		s2 := openWith(t, e2, Spec{Upper: l.upper, Work: l.work})
		want(t, s2, "", "echo x", "x\n")
		if err := errors.Join(s2.Close(), e2.Close()); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s, "", "kill -9 -1; :", "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "descriptors are back to "+strconv.Itoa(before), func() bool { return descriptors(t) <= before })
}

func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestConcurrentRuns(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	want(t, s, "", "mkdir /tmp/d", "")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			var out bytes.Buffer
			script := fmt.Sprintf("while [ ! -e /tmp/d/15 ]; do [ %d = 15 ] && touch /tmp/d/15; done; echo %d; exit %d", i, i, i)
			exit, err := s.Run(soon(t), Command{Args: []string{"bash", "-c", script}, Stdout: &out})
			if err != nil || exit.Code != i || out.String() != fmt.Sprintln(i) {
				t.Errorf("Run %d = %+v, %v, %q", i, exit, err, out.String())
			}
		})
	}
	wg.Wait()
}

func TestManySandboxes(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 2 {
				l := newLayer(t)
				s, err := e.Open(soon(t), Spec{Lowers: []string{root}, Upper: l.upper, Work: l.work})
				if err != nil {
					t.Error(err)
					return
				}
				want(t, s, "", "echo a > /a; cat /a", "a\n")
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCloseEndsRun(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	r, w := io.Pipe()
	go func() { r.Read(make([]byte, 1)); s.Close(); io.Copy(io.Discard, r) }()
	exit, err := s.Run(soon(t), Command{Args: []string{"bash", "-c", "echo; sleep 600"}, Stdout: w})
	if err == nil || errors.Is(err, context.DeadlineExceeded) || exit.Code != 137 {
		t.Errorf("Run = %+v, %v; want code 137 and an error", exit, err)
	}
	if _, err := s.Run(soon(t), Command{Args: []string{"true"}}); err == nil {
		t.Error("Run after Close = nil; want an error")
	}
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	s := openSpec(t, Spec{Upper: l.upper, Work: l.work, MemoryMB: 48})
	if s.limit == nil {
		t.Skip("needs a memory cgroup: none can be made here")
	}
	want(t, s, "", "true", "")
	out, exit := bash(t, s, "", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo survived")
	if !exit.OOMKilled || exit.Code == 0 {
		t.Errorf("Run = %q, %+v; want it killed for its memory", out, exit)
	}
	dir := s.limit.dir
	s.Close()
	// Not even the init has room in so little.
	l = newLayer(t)
	small, err := newEngine(t).Open(soon(t), Spec{Lowers: s.spec.Lowers, Upper: l.upper, Work: l.work, MemoryMB: 1})
	if err == nil {
		small.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("Open with 1 MB = %v; want an error that says what lacks", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Stat(%q) = %v; want the cgroup gone", dir, err)
	}
}

func TestMemoryCandidates(t *testing.T) {
	tests := []struct {
		membership string
		dirs       []string
	}{
		{"4:memory:/a/b\n1:cpu:/\n", []string{"/sys/fs/cgroup/memory/a/b/n"}},
		{"0::/user.slice/x\n", []string{"/sys/fs/cgroup/user.slice/x/n", "/sys/fs/cgroup/n"}},
		{"4:memory:/\n0::/\n", []string{"/sys/fs/cgroup/memory/n", "/sys/fs/cgroup/n", "/sys/fs/cgroup/n"}},
		{"", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, l := range memoryCandidates(tt.membership, "n") {
			got = append(got, l.dir)
		}
		if d := cmp.Diff(tt.dirs, got); d != "" {
			t.Errorf("memoryCandidates(%q): %s", tt.membership, d)
		}
	}
}
