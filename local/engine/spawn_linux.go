package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// initName is argv[0] of this program when it is the init of a sandbox.
const initName = "e2bt-sandbox-init"

// spareLife is how long an init waits for work: it sees the machine's mounts
// as they were when it was started.
const spareLife = 10 * time.Second

// patience is how long the kernel may take to make a sandbox or to end one.
const patience = time.Minute

// Engine opens sandboxes. Its methods may be called by many at once.
type Engine struct {
	inUserNS bool
	bundle   string
	inherit  []string // variables of the host that every command gets
	patience time.Duration

	mu     sync.Mutex
	spare  *spareInit // being started ahead of the next Open, nil if there is none
	closed bool
}

// spareInit is an init that will be there when ready is closed.
type spareInit struct {
	ready chan struct{}
	init  *initHandle
	err   error
}

// New returns an Engine, or an error that says what this machine lacks. It
// must run as root, or as root of a user namespace: see EnterUserNamespace.
func New() (*Engine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("the local engine needs root or a user namespace: run it through EnterUserNamespace")
	}
	return &Engine{inUserNS: inUserNamespace(), bundle: hostBundle(), inherit: proxyVariables(os.Environ()), patience: patience}, nil
}

// Close ends what the engine keeps ready. The sandboxes are their owners' to close.
func (e *Engine) Close() error {
	e.mu.Lock()
	spare := e.spare
	e.spare, e.closed = nil, true
	e.mu.Unlock()
	spare.end()
	return nil
}

// initHandle is a running init, in new namespaces.
type initHandle struct {
	cmd      *exec.Cmd
	control  *channel
	dead     chan struct{} // closed when no process of the namespace is left
	stderr   *os.File      // in memory: what a crash leaves
	patience time.Duration
	killOnce func() error
}

// startInit runs an init, which then waits to be told what to mount.
func (e *Engine) startInit() (*initHandle, error) {
	here, there, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer there.Close()
	control, err := newChannel(here)
	if err != nil {
		return nil, err
	}
	stderr, err := unix.MemfdCreate("stderr", unix.MFD_CLOEXEC)
	if err != nil {
		control.conn.Close()
		return nil, fmt.Errorf("starting the sandbox: %w", err)
	}
	h := &initHandle{cmd: initCommand(there), control: control, dead: make(chan struct{}), stderr: os.NewFile(uintptr(stderr), "stderr"), patience: e.patience}
	h.killOnce = sync.OnceValue(h.killAndWait)
	h.cmd.Stderr = h.stderr
	if err := onForkThread(h.cmd.Start); err != nil {
		h.close()
		return nil, fmt.Errorf("starting the sandbox: %w", namespaceHint(err))
	}
	go func() { h.cmd.Wait(); close(h.dead) }()
	return h, nil
}

// forkThread does its calls on a thread that never ends. An init dies with the
// thread that made it, and Go ends one whose goroutine was locked to it.
var forkThread = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

func onForkThread(start func() error) error {
	result := make(chan error, 1)
	forkThread() <- func() { result <- start() }
	return <-result
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

// hint adds to a refusal what usually is behind it.
func (e *Engine) hint(err error) error {
	switch {
	case errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("%w: the local engine needs Linux 5.12 or newer", err)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: this kernel has no overlay filesystem: sudo modprobe overlay", err)
	case !errors.Is(err, os.ErrPermission):
		return err
	case e.inUserNS:
		return userNamespaceHint(err)
	}
	return namespaceHint(err)
}

// kill ends every process of the namespaces and waits until they are gone; an
// error means that the kernel does not let one go.
func (h *initHandle) kill() error {
	if err := h.killOnce(); err != nil && h.alive() {
		return err
	}
	return nil
}

func (h *initHandle) killAndWait() error {
	h.cmd.Process.Kill()
	select {
	case <-h.dead:
		return nil
	case <-time.After(h.patience):
		h.control.conn.Close() // so that nobody waits for an answer
		return fmt.Errorf("the sandbox has not ended %v after it was killed: the kernel holds a process of it, as it does on a disk that does not answer", h.patience)
	}
}

func (h *initHandle) alive() bool {
	select {
	case <-h.dead:
		return false
	default:
		return true
	}
}

func (h *initHandle) end() error {
	defer h.close()
	return h.kill()
}

func (h *initHandle) close() {
	h.control.conn.Close()
	h.stderr.Close()
}

// crash returns the beginning of what the init wrote before it died.
func (h *initHandle) crash() string {
	text := make([]byte, 2000)
	n, _ := h.stderr.ReadAt(text, 0)
	return strings.TrimSpace(string(text[:n]))
}

// end ends a spare that nobody will take.
func (s *spareInit) end() {
	if s == nil {
		return
	}
	<-s.ready
	if s.err == nil {
		s.init.end()
	}
}

// takeInit returns the spare init, or a new one.
func (e *Engine) takeInit() (*initHandle, error) {
	e.mu.Lock()
	spare := e.spare
	e.spare = nil
	e.mu.Unlock()
	if spare == nil {
		return e.startInit()
	}
	<-spare.ready
	if spare.err == nil && spare.init.alive() {
		return spare.init, nil
	}
	spare.end()
	return e.startInit()
}

// prepareInit starts an init for the next Open, beside what the caller does now:
// starting a program takes about as long as all the rest of a short step.
func (e *Engine) prepareInit() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.spare != nil {
		return
	}
	spare := &spareInit{ready: make(chan struct{})}
	e.spare = spare
	go func() {
		spare.init, spare.err = e.startInit()
		close(spare.ready)
	}()
	time.AfterFunc(spareLife, func() { e.dropSpare(spare) })
}

// dropSpare ends a spare that nobody has taken.
func (e *Engine) dropSpare(spare *spareInit) {
	e.mu.Lock()
	mine := e.spare == spare
	if mine {
		e.spare = nil
	}
	e.mu.Unlock()
	if mine {
		spare.end()
	}
}
