package engine

import (
	"context"
	"syscall"
	"time"
)

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
	defer stdio.finish(s.lastWords)
	start := time.Now()
	id, replies, err := s.call(ctx, request{Run: s.runRequest(c, stdio)}, stdio.passed...)
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
	return &runRequest{Args: toBytes(c.Args), Env: toBytes(merge(c.Env, s.env)), Dir: []byte(c.Dir), User: c.User, Stdio: stdio.index, Terminal: c.Terminal != nil}
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
			return exitOf(syscall.WaitStatus(syscall.SIGKILL)), s.killFor(ctx)
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
