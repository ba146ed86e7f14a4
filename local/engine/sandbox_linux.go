package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// initName is argv[0] of this program when it is the init of a sandbox.
const initName = "e2bt-sandbox-init"

// Engine opens sandboxes. Its methods may be called by many at once.
type Engine struct {
	inUserNS bool
	bundle   string
	inherit  []string // variables of the host that every command gets
}

// New returns an Engine, or an error that says what this machine lacks. It
// must run as root, or as root of a user namespace: see EnterUserNamespace.
func New() (*Engine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("the local engine needs root or a user namespace: run it through EnterUserNamespace")
	}
	return &Engine{inUserNS: inUserNamespace(), bundle: hostBundle(), inherit: proxyVariables(os.Environ())}, nil
}

// Close releases what the engine holds; sandboxes are closed by their owners.
func (e *Engine) Close() error { return nil }

// Sandbox is a root filesystem with namespaces of its own and an init in them
// that starts commands. All of it ends when the Sandbox is closed, or when the
// program that opened it ends in whatever way.
type Sandbox struct {
	spec    Spec
	cmd     *exec.Cmd
	control *channel
	limit   *memoryLimit
	inject  *os.File // the injected lower directory, kept for comparing
	env     []string
	dead    chan struct{} // closed when no process is left
	close   func() error

	mu    sync.Mutex
	next  uint32
	calls map[uint32]chan reply
}

// Open mounts the root filesystem of spec in new namespaces. Once the Sandbox
// is closed, spec.Upper holds every change and nothing else; spec.Work must
// then be deleted, and never be used again.
func (e *Engine) Open(ctx context.Context, spec Spec) (*Sandbox, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := e.start(spec)
	if err != nil {
		return nil, err
	}
	if err := s.setUp(ctx, e); err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the sandbox: %w", err)
	}
	return s, nil
}

// start runs the init and reads its replies; nothing is mounted yet.
func (e *Engine) start(spec Spec) (*Sandbox, error) {
	here, there, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer there.Close()
	control, err := newChannel(here)
	if err != nil {
		return nil, err
	}
	cmd := initCommand(there)
	if err := cmd.Start(); err != nil {
		control.conn.Close()
		return nil, fmt.Errorf("starting the sandbox: %w", namespaceHint(err))
	}
	s := &Sandbox{spec: spec, cmd: cmd, control: control, calls: map[uint32]chan reply{}, dead: make(chan struct{})}
	s.close = sync.OnceValue(s.shutDown)
	go func() { cmd.Wait(); close(s.dead) }()
	return s, nil
}

func initCommand(control *os.File) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{initName}
	cmd.Env = []string{"GOMAXPROCS=2", "GODEBUG="}
	cmd.ExtraFiles = []*os.File{control}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
	}
	return cmd
}

func namespaceHint(err error) error {
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%w: namespaces are refused here; in a container, run it with --privileged (or --cap-add SYS_ADMIN and no seccomp profile)", err)
	}
	return err
}

func (s *Sandbox) setUp(ctx context.Context, e *Engine) error {
	if s.spec.MemoryMB > 0 {
		s.limit = newMemoryLimit(s.cmd.Process.Pid, int64(s.spec.MemoryMB)<<20)
	}
	setup := &setupRequest{Lowers: s.spec.Lowers, Upper: s.spec.Upper, Work: s.spec.Work,
		Hostname: s.spec.Hostname, Bundle: e.bundle, Keep: names(e.inherit), InUserNS: e.inUserNS}
	if err := s.control.send(request{ID: 0, Setup: setup}); err != nil {
		return fmt.Errorf("speaking to the init: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- s.readSetup(e) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		s.kill()
		<-done
		return context.Cause(ctx)
	}
}

// readSetup takes the first reply, which carries the injected directory when
// there is one, and then leaves the socket to dispatch.
func (s *Sandbox) readSetup(e *Engine) error {
	var r reply
	files, err := s.control.receive(&r)
	if err != nil {
		return fmt.Errorf("the init ended before it was ready: %w", err)
	}
	if r.Err != nil {
		closeAll(files)
		return r.Err.err()
	}
	s.env = append(s.env, e.inherit...)
	if len(files) > 0 {
		s.inject = files[0]
		closeAll(files[1:])
	}
	if r.Status == setupWithBundle {
		s.env = append(s.env, bundleVariables()...)
	}
	go s.dispatch()
	return nil
}

func (s *Sandbox) dispatch() {
	for {
		var r reply
		files, err := s.control.receive(&r)
		closeAll(files)
		if err != nil {
			return
		}
		s.mu.Lock()
		if c := s.calls[r.ID]; c != nil {
			c <- r
		}
		s.mu.Unlock()
	}
}

// call sends a request; the channel has room for both replies to it.
func (s *Sandbox) call(req request, files ...*os.File) (uint32, chan reply, error) {
	replies := make(chan reply, 2)
	s.mu.Lock()
	s.next++
	req.ID = s.next
	s.calls[req.ID] = replies
	s.mu.Unlock()
	if err := s.control.send(req, files...); err != nil {
		s.forget(req.ID)
		return 0, nil, fmt.Errorf("speaking to the sandbox: %w", err)
	}
	return req.ID, replies, nil
}

func (s *Sandbox) forget(id uint32) {
	s.mu.Lock()
	delete(s.calls, id)
	s.mu.Unlock()
}

// ask sends a request and waits for its one reply. When ctx ends first, the
// whole sandbox is killed: the request would go on otherwise.
func (s *Sandbox) ask(ctx context.Context, req request, files ...*os.File) error {
	id, replies, err := s.call(req, files...)
	if err != nil {
		return err
	}
	defer s.forget(id)
	select {
	case r := <-replies:
		return r.Err.err()
	case <-ctx.Done():
		s.kill()
		return context.Cause(ctx)
	case <-s.dead:
		return s.deathError()
	}
}

// kill ends every process of the sandbox and waits until they are gone.
func (s *Sandbox) kill() {
	s.cmd.Process.Kill()
	<-s.dead
}

func (s *Sandbox) deathError() error {
	if s.limit.killed() {
		return errors.New("the sandbox ended: out of memory")
	}
	return errors.New("the sandbox ended")
}

// Signal sends sig to the process with that id, as seen inside; a negative id
// means the process group, and every command leads one.
func (s *Sandbox) Signal(pid int, sig syscall.Signal) error {
	return s.ask(context.Background(), request{Signal: &signalRequest{pid, int(sig)}})
}

// Close kills what still runs in the sandbox, waits until it is gone and
// unmounts everything. It may be called more than once, and by several.
func (s *Sandbox) Close() error { return s.close() }

func (s *Sandbox) shutDown() error {
	s.kill()
	s.control.conn.Close()
	s.limit.remove()
	if s.inject == nil {
		return nil
	}
	defer s.inject.Close()
	return scrub(s.spec.Upper, s.inject)
}

// Sync writes everything of the filesystem that holds dir to the disk. A
// sandbox does not: call it before a layer counts as finished.
func Sync(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}

// Run starts one command, waits for it and returns how it ended; an error
// means that it did not start, or that ctx or the sandbox ended first. When
// ctx ends, every process of the sandbox is killed. What a command leaves in
// the background goes on, its output unread, until the Sandbox is closed.
func (s *Sandbox) Run(ctx context.Context, c Command) (Exit, error) {
	if err := ctx.Err(); err != nil {
		return Exit{}, err
	}
	stdio, err := newStdio(c)
	if err != nil {
		return Exit{}, err
	}
	defer stdio.finish()
	start := time.Now()
	id, replies, err := s.call(request{Run: s.runRequest(c, stdio)}, stdio.passed...)
	stdio.start()
	if err != nil {
		return Exit{}, err
	}
	defer s.forget(id)
	exit, err := s.await(ctx, replies, c.Started)
	exit.Elapsed = time.Since(start)
	exit.OOMKilled = s.limit.killed()
	return exit, err
}

func (s *Sandbox) runRequest(c Command, stdio *stdio) *runRequest {
	return &runRequest{Args: toBytes(c.Args), Env: toBytes(merge(c.Env, s.env)), Dir: []byte(c.Dir), User: c.User, Stdio: stdio.index}
}

func (s *Sandbox) await(ctx context.Context, replies chan reply, started func(int)) (Exit, error) {
	for {
		select {
		case r := <-replies:
			if r.Err != nil || r.Done {
				return exitOf(syscall.WaitStatus(r.Status)), r.Err.err()
			}
			if started != nil {
				started(r.Pid)
			}
		case <-ctx.Done():
			s.kill()
			return exitOf(syscall.WaitStatus(syscall.SIGKILL)), context.Cause(ctx)
		case <-s.dead:
			return exitOf(syscall.WaitStatus(syscall.SIGKILL)), s.deathError()
		}
	}
}

func exitOf(ws syscall.WaitStatus) Exit {
	if ws.Signaled() {
		return Exit{Code: 128 + int(ws.Signal()), Signal: ws.Signal().String()}
	}
	return Exit{Code: ws.ExitStatus()}
}

func toBytes(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i, t := range texts {
		out[i] = []byte(t)
	}
	return out
}
