package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Sandbox is a root filesystem with namespaces of its own and an init in them
// that starts commands. All of it ends when the Sandbox is closed, or when the
// program that opened it ends in whatever way.
type Sandbox struct {
	*initHandle
	spec   Spec
	limit  *memoryLimit
	inject *os.File // the injected lower directory, kept for comparing
	env    []string
	close  func() error

	lastWords time.Duration // see there; longer in a test

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
	h, err := e.takeInit()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{initHandle: h, spec: spec, lastWords: lastWords, calls: map[uint32]chan reply{}}
	s.close = sync.OnceValue(s.shutDown)
	if err := s.setUp(ctx, e); err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the sandbox: %w", e.hint(err))
	}
	e.prepareInit()
	return s, nil
}

func (s *Sandbox) setUp(ctx context.Context, e *Engine) error {
	ctx, stop := s.limited(ctx, "mounting the root filesystem")
	defer stop()
	if s.spec.MemoryMB > 0 {
		s.limit = newMemoryLimit(s.cmd.Process.Pid, int64(s.spec.MemoryMB)<<20)
	}
	done := make(chan error, 1)
	go func() { done <- s.askSetup(e) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		err := s.killFor(ctx)
		<-done
		return err
	}
}

// limited bounds what only an init that hangs does not do soon.
func (s *Sandbox) limited(ctx context.Context, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.patience, fmt.Errorf("%s: no answer from the sandbox in %v", what, s.patience))
}

// askSetup sends the first request and takes its reply, which carries the
// injected directory, and then leaves the socket to dispatch.
func (s *Sandbox) askSetup(e *Engine) error {
	setup := &setupRequest{Lowers: s.spec.Lowers, Upper: s.spec.Upper, Work: s.spec.Work,
		Hostname: s.spec.Hostname, Bundle: e.bundle, Keep: names(e.inherit), InUserNS: e.inUserNS}
	var r reply
	var files []*os.File
	err := s.control.send(request{ID: 0, Setup: setup})
	if err == nil {
		files, err = s.control.receive(&r)
	}
	if err != nil {
		s.kill()
		return fmt.Errorf("the init ended before it was ready (%w): %w", err, s.deathError())
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

// dispatch takes the replies to those who wait for them. A socket that fails
// is the end of the sandbox: no reply would come any more.
func (s *Sandbox) dispatch() {
	for {
		var r reply
		files, err := s.control.receive(&r)
		closeAll(files)
		if err != nil {
			s.kill()
			return
		}
		s.mu.Lock()
		if c := s.calls[r.ID]; c != nil {
			c <- r
		}
		s.mu.Unlock()
	}
}

// call sends a request; the channel has room for both replies to it. When ctx
// ends, the whole sandbox is killed: the request would go on otherwise.
func (s *Sandbox) call(ctx context.Context, req request, files ...*os.File) (uint32, chan reply, error) {
	// Also the sending may hang.
	defer context.AfterFunc(ctx, func() { s.kill() })()
	replies := make(chan reply, 2)
	s.mu.Lock()
	s.next++
	req.ID = s.next
	s.calls[req.ID] = replies
	s.mu.Unlock()
	if err := s.control.send(req, files...); err != nil {
		s.forget(req.ID)
		if ctx.Err() != nil {
			return 0, nil, s.killFor(ctx)
		}
		return 0, nil, fmt.Errorf("speaking to the sandbox: %w", err)
	}
	return req.ID, replies, nil
}

func (s *Sandbox) forget(id uint32) {
	s.mu.Lock()
	delete(s.calls, id)
	s.mu.Unlock()
}

// ask sends a request and waits for its one reply.
func (s *Sandbox) ask(ctx context.Context, req request, files ...*os.File) error {
	id, replies, err := s.call(ctx, req, files...)
	if err != nil {
		return err
	}
	defer s.forget(id)
	select {
	case r := <-replies:
		return r.Err.err()
	case <-ctx.Done():
		return s.killFor(ctx)
	case <-s.dead:
		return s.deathError()
	}
}

// killFor ends the sandbox because ctx has ended, and returns why it has.
func (s *Sandbox) killFor(ctx context.Context) error {
	if err := s.kill(); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return context.Cause(ctx)
}

func (s *Sandbox) deathError() error {
	if s.limit.killed() {
		return errors.New("the sandbox ended: out of memory")
	}
	if crash := s.crash(); crash != "" {
		return fmt.Errorf("the sandbox ended: %s", crash)
	}
	return errors.New("the sandbox ended")
}

// Dead is closed when no process of the sandbox is left, its init included.
func (s *Sandbox) Dead() <-chan struct{} { return s.dead }

// OutOfMemory reports whether the memory limit has killed something of it.
func (s *Sandbox) OutOfMemory() bool { return s.limit.killed() }

// Signal sends sig to the process with that id, as seen inside; a negative id
// means the process group, and every command leads one.
func (s *Sandbox) Signal(pid int, sig syscall.Signal) error {
	ctx, stop := s.limited(context.Background(), "sending a signal")
	defer stop()
	return s.ask(ctx, request{Signal: &signalRequest{pid, int(sig)}})
}

// Close kills what still runs in the sandbox, waits until it is gone and
// unmounts everything. It may be called more than once, and by several. After
// an error spec.Upper must not be used.
func (s *Sandbox) Close() error { return s.close() }

func (s *Sandbox) shutDown() error {
	err := s.end()
	s.limit.remove()
	if s.inject == nil {
		return err
	}
	defer s.inject.Close()
	if err != nil {
		return err // what is left may still change the layer
	}
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
