package e2b

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
)

// envdPort is the port of a sandbox on which envd answers.
const envdPort = 49983

// Sandbox is a running sandbox.
type Sandbox struct {
	SandboxInfo
	client *Client
	rpc    processconnect.ProcessClient
}

// CreateSandbox starts a sandbox of a template.
func (c *Client) CreateSandbox(ctx context.Context, req NewSandbox) (*Sandbox, error) {
	s := &Sandbox{client: c}
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/v2/sandboxes", body: req, out: &s.SandboxInfo})
	if err != nil {
		return nil, known(err)
	}
	at := c.endpoint()
	if s.Domain != nil && *s.Domain != "" {
		at.Domain = *s.Domain
	}
	s.rpc = processconnect.NewProcessClient(envdHTTP{c}, at.sandboxURL(s.SandboxID), connect.WithProtoJSON())
	return s, nil
}

// envdHTTP sends the requests of the RPC library, which would name itself.
type envdHTTP struct{ *Client }

func (c envdHTTP) Do(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", c.userAgent())
	return c.http.Do(req)
}

// Kill ends the sandbox. One that is gone already is no error.
func (s *Sandbox) Kill(ctx context.Context) error {
	_, err := s.client.do(ctx, call{method: http.MethodDelete, path: "/sandboxes/" + url.PathEscape(s.SandboxID), repeat: true})
	if NotFound(err) {
		return nil
	}
	return err
}

// Command is a process to run in a sandbox.
type Command struct {
	Cmd     string
	Args    []string
	User    string // "" : the template's
	Cwd     string // "" : the template's
	Env     map[string]string
	Timeout time.Duration // 0: none
	Stdout  io.Writer     // nil: dropped
	Stderr  io.Writer
}

// Run runs a command to its end and returns its exit code. One that is over its
// timeout is killed and gives a *TimeoutError.
func (s *Sandbox) Run(ctx context.Context, c Command) (int, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, &TimeoutError{c.Timeout})
		defer cancel()
	}
	config := &process.ProcessConfig{Cmd: c.Cmd, Args: c.Args, Envs: c.Env}
	if c.Cwd != "" {
		config.Cwd = &c.Cwd
	}
	req := connect.NewRequest(&process.StartRequest{Process: config})
	s.address(req.Header(), c.User)
	stream, err := s.rpc.Start(ctx, req)
	if err != nil {
		return -1, s.failed(ctx, c, err)
	}
	defer stream.Close()
	for stream.Receive() {
		switch e := stream.Msg().GetEvent().GetEvent().(type) {
		case *process.ProcessEvent_Data:
			if err := c.output(e.Data); err != nil {
				return -1, err
			}
		case *process.ProcessEvent_End:
			return int(e.End.GetExitCode()), nil
		}
	}
	return -1, s.failed(ctx, c, stream.Err())
}

// address says which sandbox is meant, and who asks.
func (s *Sandbox) address(h http.Header, user string) {
	h.Set("E2b-Sandbox-Id", s.SandboxID)
	h.Set("E2b-Sandbox-Port", fmt.Sprint(envdPort))
	h.Set("Keepalive-Ping-Interval", "50")
	if s.EnvdAccessToken != "" {
		h.Set("X-Access-Token", s.EnvdAccessToken)
	}
	if user != "" {
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":")))
	}
}

func (c Command) output(d *process.ProcessEvent_DataEvent) error {
	var err error
	if c.Stdout != nil {
		_, err = c.Stdout.Write(d.GetStdout())
	}
	if c.Stderr != nil && err == nil {
		_, err = c.Stderr.Write(d.GetStderr())
	}
	return err
}

// failed says why there is no exit code.
func (s *Sandbox) failed(ctx context.Context, c Command, err error) error {
	if connect.CodeOf(err) == connect.CodeDeadlineExceeded {
		_ = sleep(ctx, time.Second) // the sandbox was quicker than our own clock, which knows whose limit it was
	}
	var late *TimeoutError
	switch {
	case errors.As(context.Cause(ctx), &late):
		return late
	case ctx.Err() != nil:
		return ctx.Err()
	case c.Timeout > 0 && connect.CodeOf(err) == connect.CodeDeadlineExceeded:
		return &TimeoutError{c.Timeout}
	case err == nil:
		return errors.New("the sandbox ended the stream without an exit code")
	}
	var refused *connect.Error
	if errors.As(err, &refused) {
		return errors.New(s.client.redact(refused.Message()))
	}
	return errors.New(s.client.redact(err.Error()))
}
