package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// setupWithBundle is the Status of the answer to a setup whose commands need
// variables that name the injected CA bundle.
const setupWithBundle = 1

// Child must be the first thing that main does: where this program was started
// as part of the engine it does that part and never returns.
func Child() {
	switch os.Args[0] {
	case initName:
		runtime.LockOSThread() // the thread that gives up capabilities and forks
		os.Exit(runInit())
	case userNSName:
		os.Exit(enterUserNamespace())
	case removeName:
		os.Exit(removeInside())
	}
	keepParentDeath()
}

// initProcess is process 1 of a sandbox.
type initProcess struct {
	control *channel
	forks   chan forkRequest

	mu      sync.Mutex
	running map[int]uint32 // process id to the request that started it
}

type forkRequest struct {
	id    uint32
	run   *runRequest
	files []*os.File
}

func runInit() int {
	// The engine may have ended before this process asked to die with it;
	// then the socket is at its end, which comes to the same.
	unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	// Commands begin with no signal blocked, whoever started the engine.
	unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil)
	unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
	unix.Umask(0o022)
	debug.SetGCPercent(400)
	control, err := newChannel(os.NewFile(3, "control"))
	if err != nil {
		return 1
	}
	p := &initProcess{control: control, forks: make(chan forkRequest), running: map[int]uint32{}}
	// Before the first command: an end that nobody listens for is never told.
	children := listen()
	if !p.setUp() {
		return 1
	}
	go p.reap(children)
	go p.serve()
	for f := range p.forks {
		p.fork(f)
	}
	return 0
}

// setUp does the first request, on the main thread.
func (p *initProcess) setUp() bool {
	var req request
	files, err := p.control.receive(&req)
	closeAll(files)
	if err != nil || req.Setup == nil {
		return false
	}
	inject, err := mountRoot(req.Setup)
	if err == nil {
		err = confine()
	}
	if err != nil {
		p.control.send(reply{ID: req.ID, Done: true, Err: toRemote(err)})
		return false
	}
	defer inject.dir.Close()
	answer := reply{ID: req.ID, Done: true}
	if inject.bundle {
		answer.Status = setupWithBundle
	}
	return p.control.send(answer, inject.dir) == nil
}

// serve reads requests until the engine is gone, and then ends everything:
// the kernel kills what is left in a pid namespace whose process 1 ends.
func (p *initProcess) serve() {
	for {
		var req request
		files, err := p.control.receive(&req)
		if err != nil {
			os.Exit(0)
		}
		if req.Run != nil {
			p.forks <- forkRequest{req.ID, req.Run, files}
			continue
		}
		go p.answer(req, files)
	}
}

func (p *initProcess) answer(req request, files []*os.File) {
	defer closeAll(files)
	err := p.perform(req, files)
	p.tell(reply{ID: req.ID, Done: true, Err: toRemote(err)})
}

// tell sends a reply. Where that fails all ends, because the engine waits for it.
func (p *initProcess) tell(r reply) {
	if p.control.send(r) != nil {
		os.Exit(1)
	}
}

func (p *initProcess) perform(req request, files []*os.File) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bug in the sandbox: %v\n%s", r, debug.Stack())
		}
	}()
	switch {
	case req.Signal != nil:
		return signalProcess(req.Signal.Pid, syscall.Signal(req.Signal.Signal))
	case req.Workdir != nil:
		return makeWorkdir(req.Workdir.Path, req.Workdir.User)
	case req.AddUser != nil:
		return addUser(req.AddUser.Name, req.AddUser.Sudo)
	case req.Copy != nil && len(files) == 1:
		return copyArchive(req.Copy, files[0])
	case req.Finalize != nil:
		return finalize(req.Finalize)
	}
	return errors.New("unknown request")
}

// signalProcess refuses what would reach this process or everything.
func signalProcess(pid int, sig syscall.Signal) error {
	if pid == 1 || pid == 0 || pid == -1 {
		return fmt.Errorf("signalling process %d: not allowed", pid)
	}
	if err := unix.Kill(pid, sig); err != nil {
		return fmt.Errorf("signalling process %d: %w", pid, err)
	}
	return nil
}

// fork starts a command on the calling thread, the one without capabilities.
func (p *initProcess) fork(f forkRequest) {
	defer closeAll(f.files)
	// Held over the start, so that a command that ends at once is known to reap.
	p.mu.Lock()
	pid, err := startCommand(f.run, f.files)
	if err == nil {
		p.running[pid] = f.id
		p.tell(reply{ID: f.id, Pid: pid})
	}
	p.mu.Unlock()
	if err != nil {
		p.tell(reply{ID: f.id, Done: true, Err: toRemote(err)})
	}
}

// listen takes the signals of ended children. The others are taken so that
// nothing inside can end process 1 with them.
func listen() chan os.Signal {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGCHLD, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGPIPE,
		unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGABRT, unix.SIGTTIN, unix.SIGTTOU, unix.SIGTSTP)
	return signals
}

// reap waits for every child, its own and the orphans, for ever.
func (p *initProcess) reap(signals <-chan os.Signal) {
	for range signals {
		p.reapAll()
	}
}

func (p *initProcess) reapAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if id, ok := p.running[pid]; ok {
			delete(p.running, pid)
			p.tell(reply{ID: id, Done: true, Status: uint32(ws)})
		}
	}
}

// startCommand forks and execs, as the user and in the directory asked for.
func startCommand(r *runRequest, files []*os.File) (int, error) {
	who, err := lookUpUser(r.User)
	if err != nil {
		return 0, err
	}
	env := who.environment(fromBytes(r.Env))
	dir := string(r.Dir)
	if dir == "" {
		dir = who.homeOrRoot()
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return 0, &DirError{Path: dir}
	}
	stdio, err := commandFiles(r.Stdio, files, who)
	if err != nil {
		return 0, err
	}
	defer closeAll(stdio.opened)
	args := fromBytes(r.Args)
	if len(args) == 0 {
		return 0, errors.New("starting a command: it is empty")
	}
	path, err := lookPath(args[0], variable(env, "PATH"), dir)
	if err != nil {
		return 0, err
	}
	pid, err := syscall.ForkExec(path, args, &syscall.ProcAttr{Dir: dir, Env: env, Files: stdio.fds,
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: r.Terminal, Credential: who.credential()}})
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", args[0], err)
	}
	return pid, nil
}

type commandStdio struct {
	fds    []uintptr
	opened []*os.File
}

// commandFiles gives the pipes to the user: "echo > /dev/stdout" opens them
// anew, which only their owner may.
func commandFiles(index [3]int, files []*os.File, who *account) (commandStdio, error) {
	var s commandStdio
	for _, i := range index {
		if i < 0 || i >= len(files) {
			null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
			if err != nil {
				closeAll(s.opened)
				return s, err
			}
			s.opened = append(s.opened, null)
			s.fds = append(s.fds, null.Fd())
			continue
		}
		fd := int(files[i].Fd())
		if err := unix.Fchown(fd, int(who.uid), int(who.gid)); err != nil {
			closeAll(s.opened)
			return s, fmt.Errorf("giving a pipe to %s: %w", who.name, err)
		}
		unix.SetNonblock(fd, false)
		s.fds = append(s.fds, uintptr(fd))
	}
	return s, nil
}

func fromBytes(raw [][]byte) []string {
	out := make([]string, len(raw))
	for i, b := range raw {
		out[i] = string(b)
	}
	return out
}

// readLimited reads a regular file of the root filesystem, which may be hostile.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRegular(f, limit)
}

func readRegular(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("reading %s: not a regular file of at most %d bytes", f.Name(), limit)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
