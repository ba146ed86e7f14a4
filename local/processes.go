package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/local/engine"
)

// procTable holds the processes of a sandbox that clients can name.
type procTable struct {
	mu    sync.Mutex
	procs []*proc // in the order of their starts
}

func (t *procTable) add(p *proc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.procs = append(t.procs, p)
}

func (t *procTable) remove(p *proc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.procs = slices.DeleteFunc(t.procs, func(q *proc) bool { return p == q })
}

func (t *procTable) all() []*proc {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.procs)
}

// find finds a running process by its id or its tag.
func (x *box) find(s *process.ProcessSelector) (*proc, error) {
	for _, p := range x.table.all() {
		switch by := s.GetSelector().(type) {
		case *process.ProcessSelector_Pid:
			if uint32(p.pid) == by.Pid {
				return p, nil
			}
		case *process.ProcessSelector_Tag:
			if p.tag != nil && *p.tag == by.Tag {
				return p, nil
			}
		}
	}
	return nil, notFound(s)
}

func notFound(s *process.ProcessSelector) error {
	if by, ok := s.GetSelector().(*process.ProcessSelector_Tag); ok {
		return connect.NewError(connect.CodeNotFound, fmt.Errorf("process with tag %s not found", by.Tag))
	}
	return connect.NewError(connect.CodeNotFound, fmt.Errorf("process with pid %d not found", s.GetPid()))
}

// proc is a process that a client started, and the streams that listen to it.
type proc struct {
	config   *process.ProcessConfig
	tag      *string
	stdin    *io.PipeWriter   // nil where it has none
	terminal *engine.Terminal // nil where it has none
	done     chan struct{}    // closed when it has ended

	mu        sync.Mutex
	pid       int // 0 until it runs
	over      bool
	early     []*process.ProcessEvent // output that came before the start was known
	listeners []*listener
}

// listener is a stream to one client. Its events wait for it; once it is gone
// they are dropped.
type listener struct {
	events chan *process.ProcessEvent
	failed chan error // it did not start
	gone   <-chan struct{}
}

func newListener(ctx context.Context) *listener {
	return &listener{events: make(chan *process.ProcessEvent, 16), failed: make(chan error, 1), gone: ctx.Done()}
}

func (l *listener) send(e *process.ProcessEvent) {
	select {
	case l.events <- e:
	case <-l.gone:
	}
}

// start begins a process, which goes on until its deadline, that of ctx.
func (x *box) start(ctx context.Context, req *process.StartRequest, user string) (*listener, error) {
	if user == "" {
		user = x.context.User
	}
	c, l := req.GetProcess(), newListener(ctx)
	p := &proc{config: c, tag: req.Tag, done: make(chan struct{}), listeners: []*listener{l}}
	dir := x.context.Workdir
	if cwd := c.GetCwd(); path.IsAbs(cwd) {
		dir = cwd
	} else if cwd != "" {
		at, err := x.locate(cwd, user)
		if err != nil {
			return nil, err
		}
		dir = at.path
	}
	env := c.GetEnvs()
	if req.GetPty() != nil && env["TERM"] == "" {
		env = x.context.with(env).with(map[string]string{"TERM": "xterm-256color"}).Env
	}
	command := engine.Command{Args: append([]string{c.GetCmd()}, c.GetArgs()...), Env: x.context.environ(env), Dir: dir, User: user,
		Stdout: p.writer(stdoutEvent), Stderr: p.writer(stderrEvent)}
	input, err := x.connect(p, req, &command)
	if err != nil {
		return nil, err
	}
	var killer *time.Timer
	command.Started = func(id int) {
		if end, ok := ctx.Deadline(); ok {
			killer = time.AfterFunc(time.Until(end), func() { _ = x.sandbox.Signal(-id, syscall.SIGKILL) }) // it may have ended by itself
		}
		x.note("info", "process %d started: %s", id, c.GetCmd())
		p.begin(id, func() { x.table.add(p) })
	}
	begun := x.begin(func() {
		exit, err := x.sandbox.Run(x.ctx, command)
		if killer != nil {
			killer.Stop()
		}
		x.table.remove(p)
		if input != nil {
			_ = input.Close()
		}
		if err == nil {
			x.note("info", "process %d ended: %s", p.id(), exitText(exit))
		}
		if err != nil {
			err = x.lost(err)
		}
		p.end(exit, err)
	})
	if !begun {
		if p.terminal != nil {
			_ = p.terminal.Close()
		}
		return nil, errGone
	}
	return l, nil
}

// connect gives a process the input, and the terminal, that was asked for.
func (x *box) connect(p *proc, req *process.StartRequest, command *engine.Command) (input *io.PipeReader, err error) {
	if pty := req.GetPty(); pty != nil {
		if p.terminal, err = x.sandbox.NewTerminal(int(pty.GetSize().GetCols()), int(pty.GetSize().GetRows())); err != nil {
			return nil, connect.NewError(connect.CodeInternal, err)
		}
		command.Terminal, command.Stdout = p.terminal, p.writer(ptyEvent)
	}
	if req.GetPty() != nil || req.Stdin == nil || req.GetStdin() { // clients from before the flag write as they like
		input, p.stdin = io.Pipe()
		command.Stdin = input
	}
	return input, nil
}

// refusal words why a process did not start as envd does.
func refusal(err error) error {
	var user *engine.UserError
	var dir *engine.DirError
	switch {
	case errors.As(err, &user):
		return connect.NewError(connect.CodeUnauthenticated, err)
	case errors.As(err, &dir):
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
	return connect.NewError(connect.CodeInternal, err)
}

// errGone is the answer of a sandbox that is no more.
var errGone = connect.NewError(connect.CodeUnavailable, errors.New("the sandbox has ended"))

// lost is the error of a stream whose process ended with its sandbox, or else
// the reason why it did not start.
func (x *box) lost(err error) error {
	if x.ended() {
		return errGone
	}
	return refusal(err)
}

// ended reports whether the sandbox is no more.
func (x *box) ended() bool {
	select {
	case <-x.ctx.Done():
	case <-x.sandbox.Dead():
	default:
		return false
	}
	return true
}

// begin gives the listener the start, which is the first event of all, and what
// the process has said by then.
func (p *proc) begin(pid int, known func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid = pid
	known()
	for _, l := range p.listeners {
		l.send(startEvent(pid))
		for _, e := range p.early {
			l.send(e)
		}
	}
	p.early = nil
}

func (p *proc) id() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// listen adds a stream; it gets the start first. Nil where the process has ended.
func (p *proc) listen(ctx context.Context) *listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return nil
	}
	l := newListener(ctx)
	l.send(startEvent(p.pid)) // there is room
	p.listeners = append(p.listeners, l)
	return l
}

// output gives output to the listeners, once the process is known to run.
func (p *proc) output(e *process.ProcessEvent) {
	p.mu.Lock()
	if p.pid == 0 {
		p.early = append(p.early, e)
		p.mu.Unlock()
		return
	}
	p.listeners = slices.DeleteFunc(p.listeners, func(l *listener) bool {
		select {
		case <-l.gone:
			return true
		default:
			return false
		}
	})
	to := slices.Clone(p.listeners)
	p.mu.Unlock()
	for _, l := range to {
		l.send(e)
	}
}

// end tells how the process ended, or why it did not start.
func (p *proc) end(exit engine.Exit, err error) {
	p.mu.Lock()
	p.over = true
	to := p.listeners
	p.mu.Unlock()
	close(p.done)
	for _, l := range to {
		if err != nil {
			l.failed <- err
			continue
		}
		l.send(&process.ProcessEvent{Event: &process.ProcessEvent_End{End: ended(exit)}})
		close(l.events)
	}
}

func ended(e engine.Exit) *process.ProcessEvent_EndEvent {
	out := &process.ProcessEvent_EndEvent{ExitCode: int32(e.Code), Exited: e.Signal == "", Status: exitText(e)}
	if e.Signal != "" {
		out.ExitCode, out.Error = -1, &out.Status
	}
	return out
}

func startEvent(pid int) *process.ProcessEvent {
	return &process.ProcessEvent{Event: &process.ProcessEvent_Start{Start: &process.ProcessEvent_StartEvent{Pid: uint32(pid)}}}
}

func stdoutEvent(b []byte) *process.ProcessEvent_DataEvent {
	return &process.ProcessEvent_DataEvent{Output: &process.ProcessEvent_DataEvent_Stdout{Stdout: b}}
}

func stderrEvent(b []byte) *process.ProcessEvent_DataEvent {
	return &process.ProcessEvent_DataEvent{Output: &process.ProcessEvent_DataEvent_Stderr{Stderr: b}}
}

func ptyEvent(b []byte) *process.ProcessEvent_DataEvent {
	return &process.ProcessEvent_DataEvent{Output: &process.ProcessEvent_DataEvent_Pty{Pty: b}}
}

// writer makes data events of output.
func (p *proc) writer(data func([]byte) *process.ProcessEvent_DataEvent) writerFunc {
	return func(b []byte) (int, error) {
		p.output(&process.ProcessEvent{Event: &process.ProcessEvent_Data{Data: data(append([]byte(nil), b...))}})
		return len(b), nil
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
