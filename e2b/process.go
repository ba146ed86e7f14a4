package e2b

import (
	"context"
	"errors"
	"io"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/process"
)

const (
	inputChunk  = 32 << 10 // bytes of input that are sent at once
	killTimeout = 5 * time.Second
)

// Command is a process to run in a sandbox.
type Command struct {
	Cmd     string
	Args    []string
	User    string // "" : the template's
	Cwd     string // "" : the template's
	Env     map[string]string
	Timeout time.Duration // 0: none
	Stdin   io.Reader     // nil: empty
	Stdout  io.Writer     // nil: dropped
	Stderr  io.Writer
	Window  <-chan Window // nil: no terminal; else its size, at once and whenever that changes
}

// Window is the size of a terminal, in characters. What runs in one has all its
// output on Stdout.
type Window struct{ Columns, Rows int }

func (w Window) pty() *process.PTY {
	return &process.PTY{Size: &process.PTY_Size{Cols: uint32(max(w.Columns, 1)), Rows: uint32(max(w.Rows, 1))}}
}

// Run runs a command to its end and returns its exit code. One that is over its
// timeout gives a *TimeoutError, a sandbox that is no more an *EndedError. A
// command that is given up, by its timeout or by ctx, is killed.
func (s *Sandbox) Run(ctx context.Context, c Command) (int, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, &TimeoutError{c.Timeout})
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stream, err := s.rpc.Start(ctx, s.startRequest(c))
	if err != nil {
		return -1, s.failed(ctx, c, err)
	}
	defer stream.Close()
	go s.heartbeat(ctx, stop)
	code, err, ended := s.follow(ctx, stream, c)
	if !ended {
		return -1, s.failed(ctx, c, err)
	}
	return code, err
}

func (s *Sandbox) startRequest(c Command) *connect.Request[process.StartRequest] {
	config := &process.ProcessConfig{Cmd: c.Cmd, Args: c.Args, Envs: c.Env}
	if c.Cwd != "" {
		config.Cwd = &c.Cwd
	}
	stdin := c.Stdin != nil
	msg := &process.StartRequest{Process: config, Stdin: &stdin}
	if c.Window != nil {
		msg.Pty = (<-c.Window).pty()
	}
	return request(s, msg, c.User)
}

// request is one of the sandbox's own API, which says who asks.
func request[T any](s *Sandbox, msg *T, user string) *connect.Request[T] {
	req := connect.NewRequest(msg)
	s.address(req.Header(), user)
	return req
}

// follow passes on what a process says and is told, until it ends.
func (s *Sandbox) follow(ctx context.Context, stream *connect.ServerStreamForClient[process.StartResponse], c Command) (code int, err error, ended bool) {
	var pid uint32
	for stream.Receive() {
		switch e := stream.Msg().GetEvent().GetEvent().(type) {
		case *process.ProcessEvent_Start:
			pid = e.Start.GetPid()
			s.feed(ctx, pid, c)
		case *process.ProcessEvent_Data:
			if err := c.output(e.Data); err != nil {
				s.end(ctx, pid)
				return -1, err, true
			}
		case *process.ProcessEvent_End:
			return int(e.End.GetExitCode()), nil, true
		}
	}
	if ctx.Err() != nil {
		s.end(ctx, pid)
	}
	return -1, stream.Err(), false
}

func (c Command) output(d *process.ProcessEvent_DataEvent) error {
	var err error
	if c.Stdout != nil {
		if _, err = c.Stdout.Write(d.GetStdout()); err == nil {
			_, err = c.Stdout.Write(d.GetPty())
		}
	}
	if c.Stderr != nil && err == nil {
		_, err = c.Stderr.Write(d.GetStderr())
	}
	return err
}

// feed sends a process its input and the sizes of its terminal meanwhile. What
// cannot be sent no longer matters: the process, or its stream, has ended.
func (s *Sandbox) feed(ctx context.Context, pid uint32, c Command) {
	selector := &process.ProcessSelector{Selector: &process.ProcessSelector_Pid{Pid: pid}}
	if c.Stdin != nil {
		go s.sendInput(ctx, selector, c.Stdin, c.Window != nil)
	}
	if c.Window != nil {
		go s.sendSizes(ctx, selector, c.Window)
	}
}

func (s *Sandbox) sendInput(ctx context.Context, to *process.ProcessSelector, from io.Reader, pty bool) {
	buf := make([]byte, inputChunk)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			input := &process.ProcessInput{Input: &process.ProcessInput_Stdin{Stdin: buf[:n]}}
			if pty {
				input.Input = &process.ProcessInput_Pty{Pty: buf[:n]}
			}
			if _, err := s.rpc.SendInput(ctx, request(s, &process.SendInputRequest{Process: to, Input: input}, "")); err != nil {
				return
			}
		}
		if err != nil {
			_, _ = s.rpc.CloseStdin(ctx, request(s, &process.CloseStdinRequest{Process: to}, ""))
			return
		}
	}
}

func (s *Sandbox) sendSizes(ctx context.Context, to *process.ProcessSelector, sizes <-chan Window) {
	for {
		select {
		case <-ctx.Done():
			return
		case w, open := <-sizes:
			if !open {
				return
			}
			_, _ = s.rpc.Update(ctx, request(s, &process.UpdateRequest{Process: to, Pty: w.pty()}, ""))
		}
	}
}

// end kills a process that nobody waits for any longer: else it would run on.
func (s *Sandbox) end(ctx context.Context, pid uint32) {
	var gone *EndedError
	if pid == 0 || errors.As(context.Cause(ctx), &gone) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	_, _ = s.rpc.SendSignal(ctx, request(s, &process.SendSignalRequest{
		Process: &process.ProcessSelector{Selector: &process.ProcessSelector_Pid{Pid: pid}}, Signal: process.Signal_SIGNAL_SIGKILL,
	}, "")) // it may have ended by itself
}

// failed says why there is no exit code.
func (s *Sandbox) failed(ctx context.Context, c Command, err error) error {
	if connect.CodeOf(err) == connect.CodeDeadlineExceeded {
		_ = sleep(ctx, time.Second) // the sandbox was quicker than our own clock, which knows whose limit it was
	}
	var late *TimeoutError
	var gone *EndedError
	switch cause := context.Cause(ctx); {
	case errors.As(cause, &late):
		return late
	case errors.As(cause, &gone):
		return gone
	case ctx.Err() != nil:
		return ctx.Err()
	case c.Timeout > 0 && connect.CodeOf(err) == connect.CodeDeadlineExceeded:
		return &TimeoutError{c.Timeout}
	}
	ended := s.ended(ctx, err)
	var refused *connect.Error
	if ended.Why == EndLost && errors.As(err, &refused) && connect.IsWireError(err) {
		return errors.New(s.client.redact(refused.Message())) // the sandbox is well, and said so itself
	}
	return ended
}
