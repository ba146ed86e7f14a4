package local

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
	"github.com/e2bt/e2bt/local/engine"
)

// keepalive is how often a silent stream says that it is alive, unless the
// client asks for another interval.
const keepalive = 90 * time.Second

// envd serves what runs inside a sandbox: processes.
func (s *Server) envd() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(processconnect.NewProcessHandler(&processes{}, connect.WithReadMaxBytes(maxBody)))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", handler(notThere))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.boxes.get(r.Header.Get("E2b-Sandbox-Id"))
		switch {
		case x == nil:
			// What E2B's proxy says of a sandbox that is gone.
			writeError(w, &apiError{http.StatusBadGateway, fmt.Sprintf("the sandbox %s was not found", r.Header.Get("E2b-Sandbox-Id"))})
		case r.URL.Path != "/health" && !same(r.Header.Get("X-Access-Token"), x.token):
			writeError(w, &apiError{http.StatusUnauthorized, "unauthorized access, please provide a valid access token"})
		default:
			mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), boxKey{}, x)))
		}
	})
}

type boxKey struct{}

// processes is the Process service of whichever sandbox the request is for.
type processes struct {
	processconnect.UnimplementedProcessHandler
}

func boxOf(ctx context.Context) *box { return ctx.Value(boxKey{}).(*box) }

// Start runs a process and streams what it says. It goes on when the client
// disconnects; the client's deadline ends it.
func (*processes) Start(ctx context.Context, req *connect.Request[process.StartRequest], stream *connect.ServerStream[process.StartResponse]) error {
	x := boxOf(ctx)
	user, err := userOf(req.Header())
	switch {
	case err != nil:
		return err
	case req.Msg.GetPty() != nil:
		return connect.NewError(connect.CodeUnimplemented, errors.New("terminals are not implemented by the local engine"))
	case req.Msg.GetProcess().GetCmd() == "":
		return connect.NewError(connect.CodeInvalidArgument, errors.New("no command"))
	}
	p := x.start(ctx, req.Msg.GetProcess(), user)
	return p.stream(ctx, interval(req.Header()), func(e *process.ProcessEvent) error {
		return stream.Send(&process.StartResponse{Event: e})
	})
}

func interval(h http.Header) time.Duration {
	if n, err := strconv.Atoi(h.Get("Keepalive-Ping-Interval")); err == nil && n > 0 && n <= int(longestLife/time.Second) {
		return time.Duration(n) * time.Second
	}
	return keepalive
}

// userOf reads the user that the client names, in the place of a login.
func userOf(h http.Header) (string, error) {
	login, ok := strings.CutPrefix(h.Get("Authorization"), "Basic ")
	if !ok {
		return "", nil
	}
	text, err := base64.StdEncoding.DecodeString(login)
	if err != nil {
		return "", connect.NewError(connect.CodeUnauthenticated, errors.New("invalid authorization header"))
	}
	user, _, _ := strings.Cut(string(text), ":")
	return user, nil
}

// proc is a running process and the one stream that listens to it.
type proc struct {
	events chan *process.ProcessEvent
	failed chan error      // it did not start
	gone   <-chan struct{} // closed when nobody listens any more

	mu    sync.Mutex
	begun bool
	early []*process.ProcessEvent // output that came before the start was known
}

// start begins a process. Its events wait for the listener; when that is gone
// they are dropped, and the process goes on until its deadline, that of ctx.
func (x *box) start(ctx context.Context, c *process.ProcessConfig, user string) *proc {
	if user == "" {
		user = x.context.User
	}
	p := &proc{events: make(chan *process.ProcessEvent, 16), failed: make(chan error, 1), gone: ctx.Done()}
	dir := x.context.Workdir
	if c.Cwd != nil && c.GetCwd() != "" {
		dir = c.GetCwd()
	}
	var killer *time.Timer
	command := engine.Command{
		Args: append([]string{c.GetCmd()}, c.GetArgs()...), Env: x.context.environ(c.GetEnvs()), Dir: dir, User: user,
		Stdout: p.writer(false), Stderr: p.writer(true),
		Started: func(id int) {
			if end, ok := ctx.Deadline(); ok {
				killer = time.AfterFunc(time.Until(end), func() { _ = x.sandbox.Signal(-id, syscall.SIGKILL) }) // it may have ended by itself
			}
			p.begin(id)
		},
	}
	begun := x.begin(func() {
		exit, err := x.sandbox.Run(x.ctx, command)
		if killer != nil {
			killer.Stop()
		}
		if err != nil {
			p.failed <- refusal(err)
			return
		}
		p.send(&process.ProcessEvent{Event: &process.ProcessEvent_End{End: ended(exit)}})
		close(p.events)
	})
	if !begun {
		p.failed <- connect.NewError(connect.CodeUnavailable, errors.New("the sandbox has ended"))
	}
	return p
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

func ended(e engine.Exit) *process.ProcessEvent_EndEvent {
	out := &process.ProcessEvent_EndEvent{ExitCode: int32(e.Code), Exited: e.Signal == "", Status: exitText(e)}
	if e.Signal != "" {
		out.ExitCode, out.Error = -1, &out.Status
	}
	return out
}

// send gives an event to the listener, or drops it when that is gone.
func (p *proc) send(e *process.ProcessEvent) {
	select {
	case p.events <- e:
	case <-p.gone:
	}
}

// begin gives the listener the start, which is the first event of all, and what
// the process has said by then.
func (p *proc) begin(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.send(&process.ProcessEvent{Event: &process.ProcessEvent_Start{Start: &process.ProcessEvent_StartEvent{Pid: uint32(pid)}}})
	for _, e := range p.early {
		p.send(e)
	}
	p.begun, p.early = true, nil
}

// output gives output to the listener, once the process is known to run.
func (p *proc) output(e *process.ProcessEvent) {
	p.mu.Lock()
	if !p.begun {
		p.early = append(p.early, e)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.send(e)
}

// writer makes data events of output.
func (p *proc) writer(stderr bool) writerFunc {
	return func(b []byte) (int, error) {
		data := &process.ProcessEvent_DataEvent{Output: &process.ProcessEvent_DataEvent_Stdout{Stdout: append([]byte(nil), b...)}}
		if stderr {
			data.Output = &process.ProcessEvent_DataEvent_Stderr{Stderr: append([]byte(nil), b...)}
		}
		p.output(&process.ProcessEvent{Event: &process.ProcessEvent_Data{Data: data}})
		return len(b), nil
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

var errLate = connect.NewError(connect.CodeDeadlineExceeded, errors.New("the command did not end within its timeout"))

// stream passes events on until the end, or the deadline.
func (p *proc) stream(ctx context.Context, ping time.Duration, send func(*process.ProcessEvent) error) error {
	ticker := time.NewTicker(ping)
	defer ticker.Stop()
	for {
		select {
		case e, more := <-p.events:
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
		case err := <-p.failed:
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
