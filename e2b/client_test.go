package e2b_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/e2btest"
	"github.com/google/go-cmp/cmp"
)

const key = "e2b_0123456789abcdef0123456789abcdef01234567"

// client makes a client of h.
func client(t testing.TB, h http.HandlerFunc) *e2b.Client {
	return clientOf(e2btest.Client(t, h))
}

func clientOf(c *http.Client) *e2b.Client {
	return e2b.New(e2b.Options{APIURL: "http://api.test", SandboxURL: "http://sandbox.test", APIKey: key, Version: "1.2", HTTPClient: c})
}

// calls are the requests of the client, and how each may be repeated: safe
// means after anything that may pass, prompt that even a 429 comes back at
// once, guarded that a lost answer is told apart from a failure.
var calls = []struct {
	name                  string
	safe, prompt, guarded bool
	do                    func(context.Context, *e2b.Client) error
}{
	{"register", false, true, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Register(ctx, e2b.RegisterRequest{Name: "t"})
		return err
	}},
	{"trigger", false, false, true, func(ctx context.Context, c *e2b.Client) error {
		return c.Trigger(ctx, "tid", "bid", e2b.Build{FromImage: "x", Steps: []e2b.Step{}})
	}},
	{"status", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Status(ctx, "tid", "bid", 0)
		return err
	}},
	{"file link", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.FileLink(ctx, "tid", "hash")
		return err
	}},
	{"alias", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Alias(ctx, "name")
		return err
	}},
	{"tags", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Tags(ctx, "name")
		return err
	}},
	{"tag", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Tag(ctx, e2b.TagRequest{Target: "name:bid", Tags: []string{"default"}})
		return err
	}},
	{"untag", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		return c.Untag(ctx, "name", []string{"old"})
	}},
	{"templates", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Templates(ctx)
		return err
	}},
	{"template", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.Template(ctx, "name")
		return err
	}},
	{"delete", false, false, false, func(ctx context.Context, c *e2b.Client) error {
		return c.DeleteTemplate(ctx, "name")
	}},
	{"create sandbox", true, false, false, func(ctx context.Context, c *e2b.Client) error {
		_, err := c.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: "name"})
		return err
	}},
}

const attempts = 5

// TestRetries sends every call to a server that answers with every kind of
// failure, and counts.
func TestRetries(t *testing.T) {
	failures := []struct {
		name         string
		handler      http.HandlerFunc
		safe, unsafe int  // requests of a safe call, and of another one
		lost         bool // nobody knows whether it was carried out
	}{
		{"400", answer(400), 1, 1, false},
		{"401", answer(401), 1, 1, false},
		{"403", answer(403), 1, 1, false},
		{"404", answer(404), 1, 1, false},
		{"409", answer(409), 1, 1, false},
		{"501", answer(501), 1, 1, false},
		{"500", answer(500), attempts, 1, false},
		{"502", answer(502), attempts, 1, true},
		{"503", answer(503), attempts, 1, false},
		{"504", answer(504), attempts, 1, true},
		{"429", answer(429), attempts, attempts, false},
		{"cut", e2btest.Cut, attempts, 1, true},
		{"hang", e2btest.Hang, attempts, 1, true},
		{"truncated answer", e2btest.Truncate, attempts, 1, true},
	}
	for _, f := range failures {
		for _, c := range calls {
			t.Run(f.name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					seen := &counter{next: f.handler}
					err := c.do(t.Context(), client(t, seen.ServeHTTP))
					want := f.unsafe
					if c.safe {
						want = f.safe
					}
					if f.name == "429" && c.prompt {
						want = 1
					}
					if got := seen.count(); got != want {
						t.Errorf("%d requests; want %d", got, want)
					}
					var lost *e2b.UnknownOutcomeError
					if got := errors.As(err, &lost); got != (f.lost && c.guarded) {
						t.Errorf("error = %v; is it one of unknown outcome: %v", err, got)
					}
					if err == nil {
						t.Error("no error")
					}
				})
			})
		}
	}
}

// answer answers with a status and the API's body.
func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%d,"message":"said the API"}`, status)
	}
}

// counter counts the requests to a handler.
type counter struct {
	next http.HandlerFunc
	mu   sync.Mutex
	n    int
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	c.next(w, r)
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// A connection that was never made has surely carried nothing out.
func TestRetriesRefusedConnection(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refusing, dialled := e2btest.Refusing()
				err := c.do(t.Context(), clientOf(refusing))
				if got := dialled(); got != attempts {
					t.Errorf("%d connections; want %d", got, attempts)
				}
				var lost *e2b.UnknownOutcomeError
				if err == nil || errors.As(err, &lost) || !strings.Contains(err.Error(), "connection refused") {
					t.Errorf("error = %v; want one that says that the connection was refused", err)
				}
			})
		})
	}
}

// TestRecovers wants the answer that comes after failures, and no more requests
// than that took.
func TestRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			switch n++; n {
			case 1:
				answer(503)(w, r)
			case 2:
				e2btest.Cut(w, r)
			case 3:
				e2btest.Truncate(w, r)
			default:
				fmt.Fprint(w, `{"templateID":"abc","public":true}`)
			}
		})
		got, err := c.Alias(t.Context(), "x")
		if want := (e2b.Alias{TemplateID: "abc", Public: true}); err != nil || got != want {
			t.Errorf("Alias() = %v, %v; want %v", got, err, want)
		}
		if n != 4 {
			t.Errorf("%d requests; want 4", n)
		}
	})
}

// TestRetryAfter measures the waits on the fake clock.
func TestRetryAfter(t *testing.T) {
	tests := []struct {
		header    string
		low, high time.Duration // of all waits together
	}{
		{"", 1500 * time.Millisecond, 3 * time.Second}, // 0.2 s, doubled four times, each at least half
		{"7", 28 * time.Second, 28 * time.Second},
		{"0", 1500 * time.Millisecond, 3 * time.Second},
		{"3600", 4 * time.Minute, 4 * time.Minute}, // nobody waits for more than a minute
		{"-5", 1500 * time.Millisecond, 3 * time.Second},
		{"soon", 1500 * time.Millisecond, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client(t, func(w http.ResponseWriter, r *http.Request) {
					if tt.header != "" {
						w.Header().Set("Retry-After", tt.header)
					}
					answer(429)(w, r)
				})
				start := time.Now()
				_, err := c.Alias(t.Context(), "x")
				var refused *e2b.Error
				if !errors.As(err, &refused) || refused.StatusCode != 429 {
					t.Errorf("error = %v; want a 429", err)
				}
				if took := time.Since(start); took < tt.low || took > tt.high {
					t.Errorf("took %s; want %s to %s", took, tt.low, tt.high)
				}
			})
		})
	}
}

// A server that never answers ends: each attempt after a minute.
func TestHangingServerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, e2btest.Hang)
		start := time.Now()
		err := c.Trigger(t.Context(), "t", "b", e2b.Build{})
		if took := time.Since(start); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Trigger() = %v after %s; want a deadline after 1m0s", err, took)
		}
	})
}

// A context that ends is obeyed at once, in a request and between two.
func TestCancel(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{"in a request": e2btest.Hang, "between two": answer(503)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client(t, h)
				ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
				defer cancel()
				start := time.Now()
				_, err := c.Tags(ctx, "x")
				if took := time.Since(start); took != 250*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Tags() = %v after %s; want the context's error at its end", err, took)
				}
			})
		})
	}
}

// TestRequests wants method, path and body of every call exactly as the API
// has them, names escaped as one segment.
func TestRequests(t *testing.T) {
	tests := []struct {
		do   func(context.Context, *e2b.Client) error
		want string
	}{
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.Register(ctx, e2b.RegisterRequest{Name: "n", Tags: []string{"run-1"}, CPUCount: 2, MemoryMB: 512})
			return err
		}, `POST /v3/templates {"name":"n","tags":["run-1"],"cpuCount":2,"memoryMB":512}`},
		{func(ctx context.Context, c *e2b.Client) error {
			return c.Trigger(ctx, "tid", "bid", e2b.Build{FromTemplate: "p:b", Steps: []e2b.Step{{Type: "COPY", Args: []string{"a", "b", "", ""}, FilesHash: "h"}}, StartCmd: "s", ReadyCmd: "r"})
		}, `POST /v2/templates/tid/builds/bid {"fromTemplate":"p:b","force":false,"steps":[{"type":"COPY","args":["a","b","",""],"filesHash":"h"}],"startCmd":"s","readyCmd":"r"}`},
		{func(ctx context.Context, c *e2b.Client) error {
			return c.Trigger(ctx, "tid", "bid", e2b.Build{FromImage: "i", Force: true, Steps: []e2b.Step{}, FromImageRegistry: &e2b.Registry{Type: "registry", Username: "u", Password: "p"}})
		}, `POST /v2/templates/tid/builds/bid {"fromImage":"i","fromImageRegistry":{"type":"registry","username":"u","password":"p"},"force":true,"steps":[]}`},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.Status(ctx, "tid", "bid", 300)
			return err
		}, `GET /templates/tid/builds/bid/status?logsOffset=300 `},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.Alias(ctx, "team/name:v1.0")
			return err
		}, `GET /templates/aliases/team%2Fname:v1.0 `},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.Alias(ctx, "a b?c#d%2e/../x")
			return err
		}, `GET /templates/aliases/a%20b%3Fc%23d%252e%2F..%2Fx `},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.Tags(ctx, "team/name")
			return err
		}, `GET /templates/team%2Fname/tags `},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.FileLink(ctx, "tid", "00ff")
			return err
		}, `GET /templates/tid/files/00ff `},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.Tag(ctx, e2b.TagRequest{Target: "n:b", Tags: []string{"default", "x"}})
			return err
		}, `POST /templates/tags {"target":"n:b","tags":["default","x"]}`},
		{func(ctx context.Context, c *e2b.Client) error { return c.Untag(ctx, "n", []string{"x"}) },
			`DELETE /templates/tags {"name":"n","tags":["x"]}`},
		{func(ctx context.Context, c *e2b.Client) error { return c.DeleteTemplate(ctx, "team/n") },
			`DELETE /templates/team%2Fn `},
		{func(ctx context.Context, c *e2b.Client) error {
			_, err := c.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: "n:b", Timeout: 90})
			return err
		}, `POST /v2/sandboxes {"templateID":"n:b","timeout":90}`},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var got string
			c := client(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.Method + " " + r.RequestURI + " " + readAll(t, r)
				for name, want := range map[string]string{"X-Api-Key": key, "User-Agent": "e2bt/1.2", "Authorization": ""} {
					if value := r.Header.Get(name); value != want {
						t.Errorf("%s: %s = %q; want %q", r.RequestURI, name, value, want)
					}
				}
				fmt.Fprint(w, emptyAnswer(r))
			})
			if err := tt.do(t.Context(), c); err != nil {
				t.Errorf("%s: %v", tt.want, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the request (-want +got):\n%s", diff)
			}
		})
	}
}

func emptyAnswer(r *http.Request) string {
	if strings.HasSuffix(r.URL.Path, "/tags") && r.Method == http.MethodGet {
		return "[]"
	}
	return "{}"
}

// TestTemplates reads all pages, and ends where a server repeats itself.
func TestTemplates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("nextToken") {
			case "":
				w.Header().Set("X-Next-Token", "two&=")
				fmt.Fprint(w, `[{"templateID":"a"},{"templateID":"b"}]`)
			case "two&=":
				w.Header().Set("X-Next-Token", "three")
				fmt.Fprint(w, `[{"templateID":"c"}]`)
			default:
				w.Header().Set("X-Next-Token", "three")
				fmt.Fprint(w, `[]`)
			}
		})
		all, err := c.Templates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, x := range all {
			ids = append(ids, x.TemplateID)
		}
		if diff := cmp.Diff([]string{"a", "b", "c"}, ids); diff != "" {
			t.Errorf("Templates() (-want +got):\n%s", diff)
		}
	})
}

// A certificate that nobody vouches for is no passing trouble, and nothing was
// sent.
func TestBadCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(answer(200))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	dials := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	c := e2b.New(e2b.Options{APIURL: server.URL, APIKey: key, HTTPClient: &http.Client{Transport: transport}})
	for _, call := range calls {
		dials = 0
		err := call.do(t.Context(), c)
		var lost *e2b.UnknownOutcomeError
		if err == nil || errors.As(err, &lost) || !strings.Contains(err.Error(), "certificate") || dials != 1 {
			t.Errorf("%s: error %v after %d connections; want one about the certificate after 1", call.name, err, dials)
		}
	}
}
