// Package simulated is an engine that needs no rights and no Linux: commands
// are run by a shell interpreter inside this process, in which only builtins
// and a few small commands exist, and a layer is a full copy of the files below
// it. It serves tests of everything above the engine; it keeps no user from
// anything.
package simulated

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// Engine is the simulated engine; its zero value works.
type Engine struct{}

// Open implements local.Engine.
func (Engine) Open(_ context.Context, spec engine.Spec) (local.Sandbox, error) {
	// The topmost layer holds all that lies below it.
	before, err := os.ReadDir(spec.Upper)
	if err == nil && len(before) == 0 { // else an earlier sandbox has left its files
		err = os.CopyFS(spec.Upper, os.DirFS(spec.Lowers[0]))
	}
	if err != nil {
		return nil, fmt.Errorf("copying a layer: %w", err)
	}
	for _, dir := range []string{"etc", "root", "home", "tmp"} {
		if err := os.MkdirAll(filepath.Join(spec.Upper, dir), 0o755); err != nil {
			return nil, fmt.Errorf("making a root filesystem: %w", err)
		}
	}
	return &sandbox{root: spec.Upper, running: map[int]context.CancelCauseFunc{}}, nil
}

// RemoveAll implements local.Engine.
func (Engine) CopyTree(_ context.Context, from, to string) error {
	return os.CopyFS(to, os.DirFS(from))
}

func (Engine) RemoveAll(path string) error { return os.RemoveAll(path) }

// Sync implements local.Engine; it does nothing.
func (Engine) Sync(string) error { return nil }

type sandbox struct {
	root string

	mu      sync.Mutex
	last    int
	running map[int]context.CancelCauseFunc
	ending  sync.WaitGroup
}

type killed struct{ signal syscall.Signal }

func (k killed) Error() string { return fmt.Sprintf("signal %d", k.signal) }

// Run interprets a command; of its arguments the last one is the script.
func (s *sandbox) Run(ctx context.Context, c engine.Command) (engine.Exit, error) {
	home, err := s.home(c.User)
	if err != nil {
		return engine.Exit{}, err
	}
	dir := c.Dir
	if dir == "" {
		dir = home
	}
	if info, err := os.Stat(s.host(dir)); err != nil || !info.IsDir() {
		return engine.Exit{}, &engine.DirError{Path: dir}
	}
	ctx, end := s.begin(ctx, c.Started)
	defer end()
	start := time.Now()
	env := append([]string{"HOME=" + home, "USER=" + c.User}, c.Env...)
	code, err := s.interpret(ctx, c.Args[len(c.Args)-1], env, s.host(dir), c.Stdin, orDiscard(c.Stdout), orDiscard(c.Stderr))
	exit := engine.Exit{Code: code, Elapsed: time.Since(start)}
	var sig killed
	switch {
	case errors.As(context.Cause(ctx), &sig):
		return engine.Exit{Code: 128 + int(sig.signal), Signal: "killed", Elapsed: exit.Elapsed}, nil
	case ctx.Err() != nil:
		return engine.Exit{Code: 137, Signal: "killed", Elapsed: exit.Elapsed}, nil
	}
	return exit, err
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// begin gives a command a process id.
func (s *sandbox) begin(ctx context.Context, started func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	s.last++
	pid := s.last
	s.running[pid] = cancel
	s.ending.Add(1)
	s.mu.Unlock()
	if started != nil {
		started(pid)
	}
	return ctx, func() {
		s.mu.Lock()
		delete(s.running, pid)
		s.mu.Unlock()
		cancel(nil)
		s.ending.Done()
	}
}

// interpret runs a script and returns its exit code.
func (s *sandbox) interpret(ctx context.Context, script string, env []string, dir string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		fmt.Fprintln(stderr, "bash: "+err.Error())
		return 2, nil
	}
	c := commands{s}
	runner, err := interp.New(
		interp.Env(expand.ListEnviron(env...)), interp.Dir(dir), interp.StdIO(stdin, stdout, stderr),
		interp.CallHandler(c.call), interp.ExecHandlers(c.exec), interp.OpenHandler(c.open), interp.StatHandler(c.stat),
	)
	if err != nil {
		return 0, fmt.Errorf("making an interpreter: %w", err)
	}
	var status interp.ExitStatus
	err = runner.Run(ctx, file)
	if errors.As(err, &status) {
		return int(status), nil
	}
	return 0, err
}

// Signal ends a command whatever the signal is; a command is a group of its own.
func (s *sandbox) Signal(pid int, sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pid = max(pid, -pid)
	cancel, ok := s.running[pid]
	if !ok {
		return fmt.Errorf("process with pid %d not found", pid)
	}
	cancel(killed{sig})
	return nil
}

// Root opens the files.
func (s *sandbox) Root() (*engine.Root, error) { return engine.OpenRoot(s.root) }

// NewTerminal returns an error: the interpreter has none.
func (s *sandbox) NewTerminal(int, int) (*engine.Terminal, error) {
	return nil, errors.New("the simulated engine has no terminals")
}

// Usage is nothing: the commands are part of this process.
func (s *sandbox) Usage() (engine.Usage, error) { return engine.Usage{}, nil }

// Dead is nil: the interpreter ends with this process.
func (s *sandbox) Dead() <-chan struct{} { return nil }

// OutOfMemory is false: the interpreter has no limit.
func (s *sandbox) OutOfMemory() bool { return false }

// Close ends every command.
func (s *sandbox) Close() error {
	s.mu.Lock()
	for _, cancel := range s.running {
		cancel(killed{syscall.SIGKILL})
	}
	s.mu.Unlock()
	s.ending.Wait()
	return nil
}

// host is where a path of the sandbox lies.
func (s *sandbox) host(path string) string { return filepath.Join(s.root, filepath.Clean("/"+path)) }
