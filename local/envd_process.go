package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
)

// processes is the Process service of whichever sandbox the request is for.
type processes struct {
	processconnect.UnimplementedProcessHandler
}

// Start runs a process and streams what it says. It goes on when the client
// disconnects; the client's deadline ends it.
func (*processes) Start(ctx context.Context, req *connect.Request[process.StartRequest], stream *connect.ServerStream[process.StartResponse]) error {
	x := boxOf(ctx)
	user, err := userOf(req.Header())
	switch {
	case err != nil:
		return err
	case req.Msg.GetProcess().GetCmd() == "":
		return connect.NewError(connect.CodeInvalidArgument, errors.New("no command"))
	}
	l, err := x.start(ctx, req.Msg, user)
	if err != nil {
		return err
	}
	return l.stream(ctx, interval(req.Header()), func(e *process.ProcessEvent) error {
		return stream.Send(&process.StartResponse{Event: e})
	})
}

// Connect listens to a process that runs already; what it said before is gone.
func (*processes) Connect(ctx context.Context, req *connect.Request[process.ConnectRequest], stream *connect.ServerStream[process.ConnectResponse]) error {
	p, err := boxOf(ctx).find(req.Msg.GetProcess())
	if err != nil {
		return err
	}
	l := p.listen(ctx)
	if l == nil {
		return notFound(req.Msg.GetProcess())
	}
	return l.stream(ctx, interval(req.Header()), func(e *process.ProcessEvent) error {
		return stream.Send(&process.ConnectResponse{Event: e})
	})
}

// List lists the processes that clients have started and that still run.
func (*processes) List(ctx context.Context, _ *connect.Request[process.ListRequest]) (*connect.Response[process.ListResponse], error) {
	out := &process.ListResponse{}
	for _, p := range boxOf(ctx).table.all() {
		out.Processes = append(out.Processes, &process.ProcessInfo{Config: p.config, Pid: uint32(p.pid), Tag: p.tag})
	}
	return connect.NewResponse(out), nil
}

// Update resizes a terminal.
func (*processes) Update(ctx context.Context, req *connect.Request[process.UpdateRequest]) (*connect.Response[process.UpdateResponse], error) {
	p, err := boxOf(ctx).find(req.Msg.GetProcess())
	if err != nil {
		return nil, err
	}
	if size := req.Msg.GetPty().GetSize(); size != nil {
		if p.terminal == nil {
			return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("the process has no terminal"))
		}
		if err := p.terminal.Resize(int(size.GetCols()), int(size.GetRows())); err != nil {
			return nil, connect.NewError(connect.CodeInternal, err)
		}
	}
	return connect.NewResponse(&process.UpdateResponse{}), nil
}

// SendInput writes to a process.
func (*processes) SendInput(ctx context.Context, req *connect.Request[process.SendInputRequest]) (*connect.Response[process.SendInputResponse], error) {
	p, err := boxOf(ctx).find(req.Msg.GetProcess())
	if err == nil {
		err = p.write(req.Msg.GetInput())
	}
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&process.SendInputResponse{}), nil
}

// StreamInput writes to the process that the stream names first.
func (*processes) StreamInput(ctx context.Context, stream *connect.ClientStream[process.StreamInputRequest]) (*connect.Response[process.StreamInputResponse], error) {
	var p *proc
	for stream.Receive() {
		var err error
		switch e := stream.Msg().GetEvent().(type) {
		case *process.StreamInputRequest_Start:
			p, err = boxOf(ctx).find(e.Start.GetProcess())
		case *process.StreamInputRequest_Data:
			if p == nil {
				return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("the stream has not named a process"))
			}
			err = p.write(e.Data.GetInput())
		}
		if err != nil {
			return nil, err
		}
	}
	if err := stream.Err(); err != nil {
		return nil, err
	}
	return connect.NewResponse(&process.StreamInputResponse{}), nil
}

// SendSignal signals a process and what it has started in its group.
func (*processes) SendSignal(ctx context.Context, req *connect.Request[process.SendSignalRequest]) (*connect.Response[process.SendSignalResponse], error) {
	x := boxOf(ctx)
	p, err := x.find(req.Msg.GetProcess())
	if err != nil {
		return nil, err
	}
	var sig syscall.Signal
	switch req.Msg.GetSignal() {
	case process.Signal_SIGNAL_SIGKILL:
		sig = syscall.SIGKILL
	case process.Signal_SIGNAL_SIGTERM:
		sig = syscall.SIGTERM
	default:
		return nil, connect.NewError(connect.CodeUnimplemented, fmt.Errorf("invalid signal: %s", req.Msg.GetSignal()))
	}
	if err := x.sandbox.Signal(-p.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	if sig == syscall.SIGKILL { // it is gone when the client hears that it was killed
		select {
		case <-p.done:
		case <-ctx.Done():
		case <-time.After(killPatience):
		}
	}
	return connect.NewResponse(&process.SendSignalResponse{}), nil
}

// killPatience is how long a client waits for the end of what it kills; the
// kernel may hold a process in a call.
const killPatience = time.Second

// CloseStdin ends a process's input.
func (*processes) CloseStdin(ctx context.Context, req *connect.Request[process.CloseStdinRequest]) (*connect.Response[process.CloseStdinResponse], error) {
	p, err := boxOf(ctx).find(req.Msg.GetProcess())
	if err != nil {
		return nil, err
	}
	switch {
	case p.terminal != nil:
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("cannot close stdin of a process with a terminal: send Ctrl-D"))
	case p.stdin == nil:
		return nil, errNoStdin
	}
	if err := p.stdin.Close(); err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	return connect.NewResponse(&process.CloseStdinResponse{}), nil
}

var errNoStdin = connect.NewError(connect.CodeFailedPrecondition, errors.New("stdin not enabled or closed"))

// write gives input to a process, which may take its time to read it.
func (p *proc) write(in *process.ProcessInput) error {
	var data []byte
	switch i := in.GetInput().(type) {
	case *process.ProcessInput_Stdin:
		if p.terminal != nil {
			return connect.NewError(connect.CodeFailedPrecondition, errors.New("the process has a terminal: send it pty input"))
		}
		data = i.Stdin
	case *process.ProcessInput_Pty:
		if p.terminal == nil {
			return connect.NewError(connect.CodeFailedPrecondition, errors.New("tty not assigned to process"))
		}
		data = i.Pty
	default:
		return connect.NewError(connect.CodeUnimplemented, errors.New("invalid input type"))
	}
	if p.stdin == nil {
		return errNoStdin
	}
	if _, err := p.stdin.Write(data); err != nil {
		return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf("error writing to stdin: %w", err))
	}
	return nil
}

// stream passes events on until the end, or the deadline.
func (l *listener) stream(ctx context.Context, ping time.Duration, send func(*process.ProcessEvent) error) error {
	ticker := time.NewTicker(ping)
	defer ticker.Stop()
	for {
		select {
		case e, more := <-l.events:
			if !more {
				return nil
			}
			if end, ok := ctx.Deadline(); ok && e.GetEnd() != nil && !time.Now().Before(end) {
				return errLate // it was killed
			}
			ticker.Reset(ping)
			if err := send(e); err != nil {
				return err
			}
		case err := <-l.failed:
			if errors.Is(err, errGone) {
				select { // a sandbox takes its connections with it, and clients then ask whether it is there
				case <-boxOf(ctx).ctx.Done():
				case <-time.After(killPatience):
				}
				panic(http.ErrAbortHandler)
			}
			return err
		case <-ticker.C:
			if err := send(&process.ProcessEvent{Event: &process.ProcessEvent_Keepalive{Keepalive: &process.ProcessEvent_KeepAlive{}}}); err != nil {
				return err
			}
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return errLate
			}
			return ctx.Err()
		}
	}
}

var errLate = connect.NewError(connect.CodeDeadlineExceeded, errors.New("the command did not end within its timeout"))
