package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestEndIsNotMissed lets a command end before anybody looks for ended ones.
func TestEndIsNotMissed(t *testing.T) {
	here, there := channels(t)
	children := listen()
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	p := &initProcess{control: there, running: map[int]uint32{pid: 7}}
	reaped := make(chan struct{})
	go func() { p.reap(children); close(reaped) }()
	var r reply
	if _, err := here.receive(&r); err != nil || r.ID != 7 || !r.Done {
		t.Errorf("receive = %+v, %v; want the end of command 7", r, err)
	}
	signal.Stop(children)
	close(children)
	<-reaped
}

// channels returns two ends that wait for each other no longer than a moment.
func channels(t testing.TB) (a, b *channel) {
	t.Helper()
	f, g, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	a, err1 := newChannel(f)
	b, err2 := newChannel(g)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.conn.Close(); b.conn.Close() })
	deadline := time.Now().Add(moment)
	if err := errors.Join(a.conn.SetDeadline(deadline), b.conn.SetDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// spareOf starts the init that the next Open will take.
func spareOf(t testing.TB, e *Engine) *initHandle {
	t.Helper()
	h, err := e.startInit()
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	close(ready)
	e.spare = &spareInit{ready: ready, init: h}
	return h
}

// stop stops an init, all its threads.
func stop(t testing.TB, h *initHandle) {
	t.Helper()
	if err := h.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	threads := filepath.Join("/proc", strconv.Itoa(h.cmd.Process.Pid), "task/*/stat")
	until(t, "the init has stopped", func() bool {
		stats, err := filepath.Glob(threads)
		return err == nil && len(stats) > 0 && !slices.ContainsFunc(stats, func(stat string) bool {
			text, err := os.ReadFile(stat)
			return err == nil && !strings.Contains(string(text), ") T ")
		})
	})
}

func TestOpenWithInitThatHangs(t *testing.T) {
	t.Parallel()
	e, l := newEngine(t), newLayer(t)
	e.patience = 200 * time.Millisecond
	h := spareOf(t, e)
	stop(t, h)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Open(soon(t), Spec{Lowers: []string{root}, Upper: l.upper, Work: l.work})
	if err == nil || !strings.Contains(err.Error(), "mounting the root filesystem: no answer") || h.alive() {
		t.Errorf("Open with an init that hangs = %v, alive: %v; want an error that says so", err, h.alive())
	}
}

func TestOpenWithDeadSpare(t *testing.T) {
	t.Parallel()
	e, l := newEngine(t), newLayer(t)
	h := spareOf(t, e)
	h.kill()
	want(t, openWith(t, e, Spec{Upper: l.upper, Work: l.work}), "", "echo hi", "hi\n")
}

func TestInitDies(t *testing.T) {
	t.Parallel()
	for sig, says := range map[syscall.Signal]string{unix.SIGKILL: "the sandbox ended", unix.SIGSEGV: "SIGSEGV"} {
		s := open(t, newLayer(t))
		exit, err := s.Run(soon(t), Command{Args: []string{"sleep", "600"}, Started: func(int) { s.cmd.Process.Signal(sig) }})
		if err == nil || exit.Code != 137 || !strings.Contains(err.Error(), says) {
			t.Errorf("Run while the init gets %v = %+v, %v; want code 137 and an error saying %q", sig, exit, err, says)
		}
		if err := s.Workdir(soon(t), "/x", "root"); err == nil {
			t.Error("Workdir after that = nil; want an error")
		}
	}
}

func TestControlSocketBreaks(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	exit, err := s.Run(soon(t), Command{Args: []string{"sleep", "600"}, Started: func(int) { s.control.conn.CloseRead() }})
	if err == nil || errors.Is(err, context.DeadlineExceeded) || exit.Code != 137 || s.alive() {
		t.Errorf("Run = %+v, %v, alive: %v; want the end of the sandbox", exit, err, s.alive())
	}
}

// TestInitStops has requests that the init does not read.
func TestInitStops(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	stop(t, s.initHandle)
	large := []string{"LARGE=" + strings.Repeat("x", 4<<20)}
	_, err := s.Run(within(t, 100*time.Millisecond), Command{Args: []string{"true"}, Env: large})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run of what is too large to send = %v; want the end of its context", err)
	}
}

func TestSignalUnanswered(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	s.patience = 2 * time.Second
	stop(t, s.initHandle)
	if err := s.Signal(2, unix.SIGTERM); err == nil || !strings.Contains(err.Error(), "sending a signal: no answer") {
		t.Errorf("Signal = %v; want an error that says that nobody answers", err)
	}
}

// TestCloseOfWhatTheKernelHolds freezes a sandbox, as a disk that hangs does.
func TestCloseOfWhatTheKernelHolds(t *testing.T) {
	t.Parallel()
	freezer := "/sys/fs/cgroup/freezer/e2bt-test-" + strconv.Itoa(os.Getpid())
	if err := os.Mkdir(freezer, 0o755); err != nil {
		t.Skipf("needs a freezer of cgroups v1, whose processes cannot be killed: %v", err)
	}
	t.Cleanup(func() { os.Remove(freezer) })
	e, l := newEngine(t), newLayer(t)
	s := openWith(t, e, Spec{Upper: l.upper, Work: l.work})
	s.patience = 100 * time.Millisecond
	err := errors.Join(writeCgroup(freezer, "cgroup.procs", strconv.Itoa(s.cmd.Process.Pid)), writeCgroup(freezer, "freezer.state", "FROZEN"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(within(t, 50*time.Millisecond), Command{Args: []string{"true"}})
	if err == nil || !strings.Contains(err.Error(), "the kernel holds a process") {
		t.Errorf("Run = %v; want it to say that the end was not reached", err)
	}
	if err := s.kill(); err == nil {
		t.Error("kill = nil; want an error")
	}
	if err := writeCgroup(freezer, "freezer.state", "THAWED"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.dead:
	case <-time.After(moment):
		t.Fatal("the sandbox did not end after it was thawed")
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v; want nil once all is gone", err)
	}
}

// TestThreadEnds opens a sandbox on a thread that ends.
func TestThreadEnds(t *testing.T) {
	t.Parallel()
	e, l := newEngine(t), newLayer(t)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	var s *Sandbox
	thread := make(chan int, 1)
	opened := make(chan struct{})
	go onEndingThread(func() {
		defer close(opened)
		thread <- unix.Gettid()
		s, err = e.Open(soon(t), Spec{Lowers: []string{root}, Upper: l.upper, Work: l.work})
	})
	<-opened
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	task := filepath.Join("/proc/self/task", strconv.Itoa(<-thread))
	until(t, "the thread has ended", func() bool { _, err := os.Stat(task); return errors.Is(err, os.ErrNotExist) })
	want(t, s, "", "echo alive", "alive\n")
}

// onEndingThread calls do on a thread that ends with its goroutine, as any but
// the first one does when it is left locked.
func onEndingThread(do func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		do()
		return
	}
	done := make(chan struct{})
	go func() { onEndingThread(do); close(done) }()
	<-done
	runtime.UnlockOSThread()
}

// TestSignalsAreUnblocked starts an init on a thread that blocks signals, as
// those of a program may that was itself started so.
func TestSignalsAreUnblocked(t *testing.T) {
	e, l := newEngine(t), newLayer(t)
	block := func(how int) func() error {
		return func() error { return unix.PthreadSigmask(how, &unix.Sigset_t{Val: [16]uint64{^uint64(0)}}, nil) }
	}
	if err := onForkThread(block(unix.SIG_BLOCK)); err != nil {
		t.Fatal(err)
	}
	spareOf(t, e)
	if err := onForkThread(block(unix.SIG_UNBLOCK)); err != nil {
		t.Fatal(err)
	}
	s := openWith(t, e, Spec{Upper: l.upper, Work: l.work})
	want(t, s, "", "grep -E 'Sig(Blk|Ign)' /proc/self/status", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
}

// endless is a reader of which nothing comes, ever.
type endless struct{}

func (endless) Read([]byte) (int, error) { select {} }

func TestCopyFromReaderThatHangs(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	hangs := io.MultiReader(strings.NewReader(strings.Repeat("garbage", 1000)), endless{})
	err := s.Copy(soon(t), CopySpec{Archive: hangs, Source: ".", Dest: "/app"})
	if !errors.As(err, new(*CopyError)) {
		t.Errorf("Copy of garbage = %v; want a CopyError", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { s.Close() })
	err = s.Copy(soon(t), CopySpec{Archive: endless{}, Source: ".", Dest: "/app"})
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Copy while the sandbox is closed = %v; want its end", err)
	}
}
