package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/simulated"
	"github.com/google/go-cmp/cmp"
)

func TestCreateSandbox(t *testing.T) {
	t.Parallel()
	a := start(t)
	web := a.ready("web")
	for _, path := range []string{"/sandboxes", "/v2/sandboxes"} {
		before := time.Now()
		status, text := a.call("POST", path, `{"templateID":"web","secure":true,"allow_internet_access":true,"metadata":{"a":"b"},"envVars":{"X":"1"},"autoPause":false}`)
		if status != http.StatusCreated {
			t.Fatalf("POST %s: %d %s; want 201", path, status, text)
		}
		got := fields(t, text)
		id := got["sandboxID"].(string)
		if !regexp.MustCompile(`^i[a-z0-9]{19}$`).MatchString(id) || got["templateID"] != web.TemplateID || got["clientID"] == "" || got["alias"] != "web" || got["envdVersion"] != "0.6.13" {
			t.Errorf("POST %s: %s", path, text)
		}
		show := get[map[string]any](a, "/sandboxes/"+id)
		for _, key := range []string{"templateID", "sandboxID", "clientID", "startedAt", "endAt", "envdVersion", "cpuCount", "memoryMB", "diskSizeMB", "state"} {
			if _, ok := show[key]; !ok {
				t.Errorf("the sandbox has no %s: %v", key, show)
			}
		}
		if show["state"] != "running" || show["envdAccessToken"] != got["envdAccessToken"] || !cmp.Equal(show["metadata"], map[string]any{"a": "b"}) {
			t.Errorf("the sandbox: %v", show)
		}
		end, err := time.Parse(time.RFC3339Nano, show["endAt"].(string))
		want := map[string]time.Duration{"/sandboxes": 15 * time.Second, "/v2/sandboxes": 300 * time.Second}[path]
		if life := end.Sub(before); err != nil || life < want || life > want+20*time.Second {
			t.Errorf("POST %s: it lives %s; want %s", path, life, want)
		}
	}
	if list := get[[]map[string]any](a, "/sandboxes"); len(list) != 2 || list[0]["envdAccessToken"] != nil {
		t.Errorf("the list: %v; want both, without tokens", list)
	}
	for _, name := range []string{"local/web", "web:default", "web:" + web.BuildID, web.TemplateID} {
		if s := a.sandbox(name); s.TemplateID != web.TemplateID {
			t.Errorf("a sandbox of %s is of %s", name, s.TemplateID)
		}
	}
}

func TestCreateSandboxRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	a.register("empty")
	for _, path := range []string{"/sandboxes", "/v2/sandboxes"} {
		for _, c := range []struct {
			body    string
			status  int
			message string
		}{
			{`{}`, 400, "validation error: templateID is required"},
			{`{"templateID":"none"}`, 404, "template 'none' not found"},
			{`{"templateID":"them/web"}`, 404, "template 'them/web' not found"},
			{`{"templateID":"web:v9"}`, 404, "tag 'v9' does not exist for template 'web'"},
			{`{"templateID":"empty"}`, 404, "tag 'default' does not exist for template 'empty'"},
			{`{"templateID":"web:` + unknownBuild + `"}`, 404, "tag '" + unknownBuild + "' does not exist for template 'web'"},
			{`{"templateID":"a b"}`, 400, "Invalid name: invalid template ID: a b"},
			{`{"templateID":"web","timeout":0}`, 400, "Timeout must be greater than 0"},
			{`{"templateID":"web","timeout":-5}`, 400, "Timeout must be greater than 0"},
			{`{"templateID":"web","timeout":86401}`, 400, "Timeout cannot be greater than 24 hours"},
			{`{"templateID":"web","timeout":9223372036854775807}`, 400, "Timeout cannot be greater than 24 hours"},
		} {
			a.refused("POST", path, c.body, c.status, c.message)
		}
	}
	if list := get[[]any](a, "/sandboxes"); len(list) != 0 {
		t.Errorf("after refusals there are %d sandboxes", len(list))
	}
	if left, _ := filepath.Glob(filepath.Join(a.home, "sandboxes", "*")); len(left) != 0 {
		t.Errorf("after refusals there is %s", left)
	}
}

func TestKillSandbox(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	s := a.sandbox("web")
	running := a.process(s, startOf("echo on; sleep 600"))
	running.until("on")
	resp := a.request("DELETE", "/sandboxes/"+s.SandboxID, nil, nil)
	if resp.StatusCode != http.StatusNoContent || resp.text != "" {
		t.Errorf("killing: %d %q; want 204", resp.StatusCode, resp.text)
	}
	if got := running.rest(); got != "end -1 signal: killed" && !strings.HasPrefix(got, "error") {
		t.Errorf("the process that ran in it: %q", got)
	}
	gone := fmt.Sprintf("sandbox %q not found", s.SandboxID)
	a.refused("DELETE", "/sandboxes/"+s.SandboxID, nil, 404, gone)
	a.refused("GET", "/sandboxes/"+s.SandboxID, nil, 404, gone)
	a.refused("POST", "/sandboxes/"+s.SandboxID+"/timeout", `{"timeout":5}`, 404, gone)
	resp = a.request("GET", "/health", nil, http.Header{"E2b-Sandbox-Id": {s.SandboxID}})
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("its envd: %d; want 502", resp.StatusCode)
	}
	if left, _ := filepath.Glob(filepath.Join(a.home, "sandboxes", "*")); len(left) != 0 {
		t.Errorf("%s is left", left)
	}
}

func TestSandboxTimeout(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	s := a.sandbox("web")
	at := "/sandboxes/" + s.SandboxID + "/timeout"
	a.refused("POST", at, `{"timeout":-1}`, 400, "Timeout must be greater than 0")
	a.refused("POST", at, `{"timeout":86401}`, 400, "Timeout cannot be greater than 24 hours")
	a.refused("POST", at, `{}`, 400, "validation error: timeout is required")
	running := a.process(s, startOf("echo on; sleep 600"))
	running.until("on")
	if resp := a.request("POST", at, `{"timeout":3600}`, nil); resp.StatusCode != http.StatusNoContent || resp.text != "" {
		t.Errorf("setting the timeout: %d %q; want 204", resp.StatusCode, resp.text)
	}
	end, err := time.Parse(time.RFC3339Nano, get[map[string]any](a, "/sandboxes/"+s.SandboxID)["endAt"].(string))
	if left := time.Until(end); err != nil || left < 3500*time.Second || left > 3600*time.Second {
		t.Errorf("it ends in %s, %v; want an hour", left, err)
	}
	if status, text := a.call("POST", at, `{"timeout":0}`); status != http.StatusNoContent {
		t.Errorf("setting the timeout: %d %s", status, text)
	}
	running.rest()
	await(t, "the sandbox's end", func() bool {
		status, _ := a.call("GET", "/sandboxes/"+s.SandboxID, nil)
		left, _ := filepath.Glob(filepath.Join(a.home, "sandboxes", "*"))
		return status == http.StatusNotFound && len(left) == 0
	})
}

// TestStartCommandRuns: a sandbox runs its template's start command.
func TestStartCommandRuns(t *testing.T) {
	t.Parallel()
	a := start(t)
	f := a.build("web", e2b.Build{StartCmd: "echo again > /tmp/started; sleep 600", ReadyCmd: "[ -e /tmp/started ]"})
	if f.Status != e2b.StateReady {
		t.Fatalf("the build: %+v", f.Reason)
	}
	s := a.sandbox("web")
	a.output(s, "rm /tmp/started; while [ ! -e /tmp/never ]; do break; done")
	again := a.sandbox("web")
	await(t, "the start command", func() bool { return a.output(again, "cat /tmp/started") == "again" })
}

// process is a running process and what of it has come.
type proc struct {
	t      *api
	stream *connect.ServerStreamForClient[process.StartResponse]
	err    error
	stop   context.CancelFunc
}

func startOf(command string) *process.StartRequest {
	return &process.StartRequest{Process: &process.ProcessConfig{Cmd: "/bin/bash", Args: []string{"-l", "-c", command}}}
}

// process starts one in a sandbox, with headers "Name: value".
func (a *api) process(s *e2b.Sandbox, msg *process.StartRequest, headers ...string) *proc {
	a.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a.t.Cleanup(stop)
	req := connect.NewRequest(msg)
	req.Header().Set("E2b-Sandbox-Id", s.SandboxID)
	req.Header().Set("E2b-Sandbox-Port", "49983")
	req.Header().Set("X-Access-Token", s.EnvdAccessToken)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header().Set(name, value)
	}
	rpc := processconnect.NewProcessClient(http.DefaultClient, a.url, connect.WithProtoJSON())
	stream, err := rpc.Start(ctx, req)
	return &proc{a, stream, err, stop}
}

// next returns the next event as text; "" at the end.
func (p *proc) next() string {
	if p.err != nil {
		text := p.err.Error()
		if refused := new(connect.Error); errors.As(p.err, &refused) {
			text = refused.Message()
		}
		return "error " + connect.CodeOf(p.err).String() + ": " + text
	}
	if !p.stream.Receive() {
		if p.err = p.stream.Err(); p.err != nil {
			return p.next()
		}
		return ""
	}
	switch e := p.stream.Msg().GetEvent().GetEvent().(type) {
	case *process.ProcessEvent_Start:
		return fmt.Sprintf("start %v", e.Start.GetPid() > 0)
	case *process.ProcessEvent_Data:
		if out := e.Data.GetStdout(); out != nil {
			return "stdout " + string(out)
		}
		return "stderr " + string(e.Data.GetStderr())
	case *process.ProcessEvent_End:
		if e.End.GetExited() == (e.End.Error != nil) {
			return fmt.Sprintf("odd end %v", e.End)
		}
		return fmt.Sprintf("end %d %s", e.End.GetExitCode(), e.End.GetStatus())
	case *process.ProcessEvent_Keepalive:
		return "keepalive"
	}
	return "odd event"
}

// until reads on until stdout says a text.
func (p *proc) until(text string) {
	p.t.t.Helper()
	for {
		switch got := p.next(); {
		case strings.HasPrefix(got, "stdout ") && strings.Contains(got, text):
			return
		case got == "" || strings.HasPrefix(got, "error"):
			p.t.t.Fatalf("the process ended, %q, before it said %q", got, text)
		}
	}
}

// all returns all events, those of one kind that follow each other as one.
func (p *proc) all() (out []string) {
	for got := p.next(); got != ""; got = p.next() {
		kind, rest, _ := strings.Cut(got, " ")
		if n := len(out); n > 0 && strings.HasPrefix(kind, "std") && strings.HasPrefix(out[n-1], kind+" ") {
			out[n-1] += rest
			continue
		}
		out = append(out, got)
		if kind == "error" {
			return out
		}
	}
	return out
}

// rest returns the last event.
func (p *proc) rest() string {
	all := p.all()
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func TestProcess(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web", step("ENV", "FROM_TEMPLATE", "t", "BOTH", "t"), step("WORKDIR", "/srv"))
	s, err := a.client.CreateSandbox(context.Background(), e2b.NewSandbox{TemplateID: "web", EnvVars: map[string]string{"FROM_SANDBOX": "s", "BOTH": "s"}})
	if err != nil {
		t.Fatal(err)
	}
	home := "/home/user"
	nowhere := "/no/where"
	basic := func(user string) string { return "Authorization: Basic " + encode(user+":") }
	for _, c := range []struct {
		name    string
		msg     *process.StartRequest
		headers []string
		want    []string
	}{
		{"output", startOf("echo out; echo err 1>&2; exit 3"), nil, []string{"start true", "stdout out\n", "stderr err\n", "end 3 exit status 3"}},
		{"success", startOf("true"), nil, []string{"start true", "end 0 exit status 0"}},
		{"not found", startOf("nosuch"), nil, []string{"start true", "stderr /bin/bash: line 1: nosuch: command not found\n", "end 127 exit status 127"}},
		{"context", startOf("whoami; pwd; echo $FROM_TEMPLATE $FROM_SANDBOX $BOTH"), nil, []string{"start true", "stdout user\n/srv\nt s s\n", "end 0 exit status 0"}},
		{"envs", &process.StartRequest{Process: &process.ProcessConfig{Cmd: "/bin/bash", Args: []string{"-l", "-c", "echo $BOTH $ONE"}, Envs: map[string]string{"BOTH": "p", "ONE": "1"}}}, nil,
			[]string{"start true", "stdout p 1\n", "end 0 exit status 0"}},
		{"cwd", &process.StartRequest{Process: &process.ProcessConfig{Cmd: "/bin/bash", Args: []string{"-l", "-c", "pwd"}, Cwd: &home}}, nil, []string{"start true", "stdout /home/user\n", "end 0 exit status 0"}},
		{"missing cwd", &process.StartRequest{Process: &process.ProcessConfig{Cmd: "/bin/bash", Args: []string{"-l", "-c", "pwd"}, Cwd: &nowhere}}, nil, []string{"error invalid_argument: cwd '/no/where' does not exist"}},
		{"user", startOf("whoami"), []string{basic("root")}, []string{"start true", "stdout root\n", "end 0 exit status 0"}},
		{"no user named", startOf("whoami"), []string{basic("")}, []string{"start true", "stdout user\n", "end 0 exit status 0"}},
		{"unknown user", startOf("whoami"), []string{basic("root123")}, []string{"error unauthenticated: invalid username: 'root123'"}},
		{"odd user", startOf("whoami"), []string{"Authorization: Basic !!"}, []string{"error unauthenticated: invalid authorization header"}},
		{"deadline", startOf("echo on; sleep 600"), []string{"Connect-Timeout-Ms: 200"}, []string{"start true", "stdout on\n", "error deadline_exceeded: the command did not end within its timeout"}},
		{"terminal", &process.StartRequest{Process: &process.ProcessConfig{Cmd: "/bin/bash"}, Pty: &process.PTY{}}, nil, []string{"error internal: the simulated engine has no terminals"}},
		{"nothing", &process.StartRequest{}, nil, []string{"error invalid_argument: no command"}},
		{"huge interval", startOf("true"), []string{"Keepalive-Ping-Interval: 9223372036854775807"}, []string{"start true", "end 0 exit status 0"}},
		{"odd interval", startOf("true"), []string{"Keepalive-Ping-Interval: -1"}, []string{"start true", "end 0 exit status 0"}},
	} {
		got := a.process(s, c.msg, c.headers...).all()
		if c.name == "output" && len(got) == 4 && got[1] > got[2] { // the two streams may overtake each other
			got[1], got[2] = got[2], got[1]
			c.want[1], c.want[2] = c.want[2], c.want[1]
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestKeepalive(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	got := a.process(a.sandbox("web"), startOf("sleep 1.2; echo on"), "Keepalive-Ping-Interval: 1").all()
	want := []string{"start true", "keepalive", "stdout on\n", "end 0 exit status 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestMuchOutput: nothing of a long output is lost, and a slow reader slows it down.
func TestMuchOutput(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	var out bytes.Buffer
	code, err := a.sandbox("web").Run(context.Background(), e2b.Command{Cmd: "/bin/bash", Args: []string{"-l", "-c", "seq 700"}, Stdout: &out})
	if err != nil || code != 0 {
		t.Fatalf("Run = %d, %v", code, err)
	}
	if got := strings.Count(out.String(), "\n"); got != 700 || !strings.HasSuffix(out.String(), "\n700\n") {
		t.Errorf("%d lines; want 700", got)
	}
}

// TestDisconnect: a process goes on when its client goes away.
func TestDisconnect(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	s := a.sandbox("web")
	p := a.process(s, startOf("echo on; while [ ! -e /tmp/go ]; do echo more; sleep 0.01; done; echo done > /tmp/done"))
	p.until("on")
	p.stop()
	a.output(s, "echo > /tmp/go")
	await(t, "the process to go on", func() bool { return a.output(s, "[ -e /tmp/done ] && echo done || echo no") == "done" })
}

// watched is the simulated engine, and counts the commands that run.
type watched struct {
	simulated.Engine
	running *atomic.Int32
}

func (w watched) Open(ctx context.Context, spec engine.Spec) (local.Sandbox, error) {
	box, err := w.Engine.Open(ctx, spec)
	return watchedBox{box, w.running}, err
}

type watchedBox struct {
	local.Sandbox
	running *atomic.Int32
}

func (w watchedBox) Run(ctx context.Context, c engine.Command) (engine.Exit, error) {
	w.running.Add(1)
	defer w.running.Add(-1)
	return w.Sandbox.Run(ctx, c)
}

// TestDisconnectDeadline: also a process whose client went away ends at its deadline.
func TestDisconnectDeadline(t *testing.T) {
	t.Parallel()
	var running atomic.Int32
	a := startIn(t, newHome(t), local.Options{Engine: watched{running: &running}})
	a.ready("web")
	p := a.process(a.sandbox("web"), startOf("echo on; sleep 600"), "Connect-Timeout-Ms: 300")
	p.until("on")
	p.stop()
	await(t, "the process to end", func() bool { return running.Load() == 0 })
}

// TestCloseEndsSandboxes: Close ends processes, streams and sandboxes.
func TestCloseEndsSandboxes(t *testing.T) {
	t.Parallel()
	var running atomic.Int32
	a := startIn(t, newHome(t), local.Options{Engine: watched{running: &running}})
	a.ready("web")
	var procs []*proc
	for range 3 {
		p := a.process(a.sandbox("web"), startOf("echo on; sleep 600"))
		p.until("on")
		procs = append(procs, p)
	}
	a.close()
	for _, p := range procs {
		p.rest()
	}
	if n := running.Load(); n != 0 {
		t.Errorf("%d processes still run", n)
	}
	if left, _ := filepath.Glob(filepath.Join(a.home, "sandboxes", "*")); len(left) != 0 {
		t.Errorf("%s is left", left)
	}
}

// broken is an engine whose sandboxes cannot be opened, or closed.
type broken struct {
	simulated.Engine
	open *atomic.Bool
}

func (b broken) Open(ctx context.Context, spec engine.Spec) (local.Sandbox, error) {
	if b.open.Load() {
		return b.Engine.Open(ctx, spec)
	}
	return nil, fmt.Errorf("mounting an overlay on %s: %w", spec.Upper, syscall.EPERM)
}

// TestEngineFails: what the engine cannot do is told, without the host's paths,
// and leaves nothing.
func TestEngineFails(t *testing.T) {
	t.Parallel()
	var open atomic.Bool
	open.Store(true)
	a := startIn(t, newHome(t), local.Options{Engine: broken{open: &open}})
	a.ready("web")
	open.Store(false)
	f := a.build("web", e2b.Build{Steps: []e2b.Step{run("true")}})
	if f.Status != e2b.StateError || !strings.Contains(f.Reason.Message, "operation not permitted") || strings.Contains(f.Reason.Message, a.home) {
		t.Errorf("the build: %+v", f.Reason)
	}
	status, text := a.call("POST", "/sandboxes", `{"templateID":"web"}`)
	if status != 500 || !strings.Contains(text, "operation not permitted") || strings.Contains(text, a.home) {
		t.Errorf("the sandbox: %d %s", status, text)
	}
	for _, pattern := range []string{"layers/making-*", "sandboxes/*"} {
		if left, _ := filepath.Glob(filepath.Join(a.home, pattern)); len(left) != 0 {
			t.Errorf("%s is left", left)
		}
	}
}

// hasty is an engine whose commands speak before it is known that they run.
type hasty struct{ simulated.Engine }

func (h hasty) Open(ctx context.Context, spec engine.Spec) (local.Sandbox, error) {
	box, err := h.Engine.Open(ctx, spec)
	return hastyBox{box}, err
}

type hastyBox struct{ local.Sandbox }

func (h hastyBox) Run(ctx context.Context, c engine.Command) (engine.Exit, error) {
	for range 100 {
		if _, err := fmt.Fprint(c.Stdout, "early "); err != nil {
			return engine.Exit{}, err
		}
	}
	return h.Sandbox.Run(ctx, c)
}

// TestStartComesFirst: clients wait for the start before anything else.
func TestStartComesFirst(t *testing.T) {
	t.Parallel()
	a := startIn(t, newHome(t), local.Options{Engine: hasty{}})
	a.ready("web")
	got := a.process(a.sandbox("web"), startOf("echo on")).all()
	want := []string{"start true", "stdout " + strings.Repeat("early ", 100) + "on\n", "end 0 exit status 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
}
