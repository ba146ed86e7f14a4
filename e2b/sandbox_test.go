package e2b_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/e2btest"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
	"github.com/google/go-cmp/cmp"
)

// envd is a sandbox's side: run is what a started process does.
type envd struct {
	processconnect.UnimplementedProcessHandler
	run func(context.Context, *connect.Request[process.StartRequest], func(stdout, stderr string)) (int32, error)
}

func (e envd) Start(ctx context.Context, req *connect.Request[process.StartRequest], stream *connect.ServerStream[process.StartResponse]) error {
	send := func(ev *process.ProcessEvent) { _ = stream.Send(&process.StartResponse{Event: ev}) } // the client may be gone
	send(&process.ProcessEvent{Event: &process.ProcessEvent_Start{Start: &process.ProcessEvent_StartEvent{Pid: 1}}})
	code, err := e.run(ctx, req, func(stdout, stderr string) {
		if stdout != "" {
			send(&process.ProcessEvent{Event: &process.ProcessEvent_Data{Data: &process.ProcessEvent_DataEvent{Output: &process.ProcessEvent_DataEvent_Stdout{Stdout: []byte(stdout)}}}})
		}
		if stderr != "" {
			send(&process.ProcessEvent{Event: &process.ProcessEvent_Data{Data: &process.ProcessEvent_DataEvent{Output: &process.ProcessEvent_DataEvent_Stderr{Stderr: []byte(stderr)}}}})
		}
	})
	if err == nil && code >= 0 {
		send(&process.ProcessEvent{Event: &process.ProcessEvent_End{End: &process.ProcessEvent_EndEvent{ExitCode: code, Exited: true}}})
	}
	return err
}

// sandbox creates a sandbox whose envd runs e.
func sandbox(t *testing.T, e envd) *e2b.Sandbox {
	t.Helper()
	_, rpc := processconnect.NewProcessHandler(e)
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "sandbox.test":
			rpc.ServeHTTP(w, r)
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"sandboxID":"i123","envdAccessToken":"envd-token"}`)
		case r.Method == http.MethodGet:
			fmt.Fprint(w, `{"sandboxID":"i123","state":"running"}`)
		default:
			answer(404)(w, r) // it is gone already
		}
	})
	box, err := c.CreateSandbox(t.Context(), e2b.NewSandbox{TemplateID: "n"})
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestSandboxRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := sandbox(t, envd{run: func(_ context.Context, req *connect.Request[process.StartRequest], out func(string, string)) (int32, error) {
			for name, want := range map[string]string{
				"E2b-Sandbox-Id": "i123", "E2b-Sandbox-Port": "49983", "X-Access-Token": "envd-token",
				"Authorization": "Basic cm9vdDo=", "User-Agent": "e2bt/1.2", "X-Api-Key": "",
			} {
				if got := req.Header().Get(name); got != want {
					t.Errorf("%s = %q; want %q", name, got, want)
				}
			}
			p := req.Msg.GetProcess()
			if diff := cmp.Diff([]any{"/bin/bash", []string{"-c", "x"}, "/srv", map[string]string{"A": "1"}}, []any{p.GetCmd(), p.GetArgs(), p.GetCwd(), p.GetEnvs()}); diff != "" {
				t.Errorf("the process (-want +got):\n%s", diff)
			}
			out("one ", "err")
			out("two", "")
			return 3, nil
		}})
		var stdout, stderr bytes.Buffer
		code, err := box.Run(t.Context(), e2b.Command{
			Cmd: "/bin/bash", Args: []string{"-c", "x"}, Cwd: "/srv", Env: map[string]string{"A": "1"}, User: "root", Stdout: &stdout, Stderr: &stderr,
		})
		if code != 3 || err != nil || stdout.String() != "one two" || stderr.String() != "err" {
			t.Errorf("Run() = %d, %v, %q, %q; want 3, no error, %q, %q", code, err, &stdout, &stderr, "one two", "err")
		}
		if err := box.Kill(t.Context()); err != nil {
			t.Errorf("Kill() of a sandbox that is gone = %v", err)
		}
	})
}

func TestSandboxRunTrouble(t *testing.T) {
	tests := []struct {
		name string
		run  func(context.Context, *connect.Request[process.StartRequest], func(string, string)) (int32, error)
		want string
	}{
		{"no exit code", func(context.Context, *connect.Request[process.StartRequest], func(string, string)) (int32, error) {
			return -1, nil
		}, "connection to the sandbox i123 was lost"},
		{"an unknown user", func(context.Context, *connect.Request[process.StartRequest], func(string, string)) (int32, error) {
			return 0, connect.NewError(connect.CodeUnauthenticated, errors.New("invalid username: 'x', key "+key))
		}, "invalid username: 'x', key (sensitive)"},
		{"a lost connection", func(context.Context, *connect.Request[process.StartRequest], func(string, string)) (int32, error) {
			panic(http.ErrAbortHandler)
		}, "connection to the sandbox i123 was lost; it may still be running: internal: protocol error"},
		{"hangs", func(ctx context.Context, _ *connect.Request[process.StartRequest], _ func(string, string)) (int32, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, "did not end within 30s"},
		{"talks for ever", func(ctx context.Context, _ *connect.Request[process.StartRequest], out func(string, string)) (int32, error) {
			for ctx.Err() == nil {
				out("tick", "")
				time.Sleep(time.Second)
			}
			return 0, ctx.Err()
		}, "did not end within 30s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := sandbox(t, envd{run: tt.run})
				_, err := box.Run(t.Context(), e2b.Command{Cmd: "x", Timeout: 30 * time.Second})
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), key) {
					t.Errorf("Run() = %v; want %q", err, tt.want)
				}
				var late *e2b.TimeoutError
				if errors.As(err, &late) != strings.HasPrefix(tt.want, "did not end") {
					t.Errorf("Run() = %#v", err)
				}
			})
		})
	}
}

func TestSandboxRunCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := sandbox(t, envd{run: func(ctx context.Context, _ *connect.Request[process.StartRequest], _ func(string, string)) (int32, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := box.Run(ctx, e2b.Command{Cmd: "x", Timeout: time.Hour}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run() = %v; want the context's error", err)
		}
	})
}

// Where a sandbox answers, as the SDKs have it.
func TestSandboxHost(t *testing.T) {
	tests := []struct{ url, domain, answered, want string }{
		{"", "e2b.app", "", "sandbox.e2b.app"},
		{"", "e2b.dev", "", "sandbox.e2b.dev"},
		{"", "corp.example", "", "49983-i123.corp.example"},
		{"", "e2b.app", "corp.example", "49983-i123.corp.example"},
		{"http://all.test", "corp.example", "other.example", "all.test"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var hosts []string
			http := e2btest.Client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				hosts = append(hosts, r.Host)
				fmt.Fprintf(w, `{"sandboxID":"i123","domain":%q}`, tt.answered)
			}))
			http.Transport = plain{http.Transport}
			c := e2b.New(e2b.Options{APIURL: "http://api.test", SandboxURL: tt.url, Domain: tt.domain, APIKey: key, HTTPClient: http})
			box, err := c.CreateSandbox(t.Context(), e2b.NewSandbox{TemplateID: "n"})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = box.Run(t.Context(), e2b.Command{Cmd: "x"}) // the answer is none
			if diff := cmp.Diff([]string{"api.test", tt.want}, hosts[:min(2, len(hosts))]); diff != "" {
				t.Errorf("%+v: hosts (-want +got):\n%s", tt, diff)
			}
		})
	}
}

// plain takes the encryption from a request: the server here has none.
type plain struct{ http.RoundTripper }

func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	return p.RoundTripper.RoundTrip(r)
}
