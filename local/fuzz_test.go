package local_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/simulated"
)

const slowest = time.Minute // of one request; more is a hang

// fuzzed is a server with a sandbox, whose home holds nothing but what it should.
type fuzzed struct {
	server  *local.Server
	box     e2b.SandboxInfo
	home    string
	outside string // a file beside the home
	said    string // the last answer
}

func newFuzzed(f *testing.F) *fuzzed {
	f.Helper()
	home := newHome(f)
	server, err := local.New(local.Options{Home: home, APIKey: testKey, Images: images(f, home), Engine: simulated.Engine{}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		f.Fatal(err)
	}
	web := httptest.NewServer(server)
	a := &api{t: f, server: server, url: web.URL, home: home}
	a.client = e2b.New(e2b.Options{APIURL: web.URL, SandboxURL: web.URL, APIKey: testKey, HTTPClient: web.Client()})
	f.Cleanup(func() {
		a.close()
		web.Close()
	})
	a.ready("web")
	outside := filepath.Join(filepath.Dir(home), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		f.Fatal(err)
	}
	return &fuzzed{server: server, box: a.sandbox("web").SandboxInfo, home: home, outside: outside}
}

// ask sends a request to the sandbox; a panic of the server's is an error, and
// so is a request that takes for ever.
func (z *fuzzed) ask(t *testing.T, method, target, kind string, body string) int {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+target, strings.NewReader(body))
	if err != nil {
		return 0 // no request at all
	}
	r.RequestURI = target
	r.Header.Set("E2b-Sandbox-Id", z.box.SandboxID)
	r.Header.Set("X-Access-Token", z.box.EnvdAccessToken)
	r.Header.Set("Content-Type", kind)
	said := httptest.NewRecorder()
	began := time.Now()
	func() {
		defer func() {
			if p := recover(); p != nil && !errors.Is(asError(p), http.ErrAbortHandler) {
				t.Errorf("%s %s: %v", method, target, p)
			}
		}()
		z.server.ServeHTTP(said, r)
	}()
	if took := time.Since(began); took > slowest {
		t.Errorf("%s %s took %s", method, target, took)
	}
	if ctx.Err() != nil {
		return 0 // given up
	}
	z.said = said.Body.String()
	return said.Code
}

func asError(p any) error {
	err, _ := p.(error)
	return err
}

// contained checks that nothing got out of the sandbox.
func (z *fuzzed) contained(t *testing.T) {
	t.Helper()
	if text, err := os.ReadFile(z.outside); err != nil || string(text) != "mine" {
		t.Errorf("the file beside the home: %q, %v", text, err)
	}
	entries, err := os.ReadDir(z.home)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch e.Name() {
		case "builds", "files", "images", "layers", "lock", "sandboxes", "templates":
		default:
			t.Errorf("the home has %q", e.Name())
		}
	}
	if boxes, _ := os.ReadDir(filepath.Join(z.home, "sandboxes")); len(boxes) != 1 {
		t.Errorf("there are %d sandboxes on the disk", len(boxes))
	}
}

// FuzzFiles writes and reads files of a sandbox, by any name and form.
func FuzzFiles(f *testing.F) {
	z := newFuzzed(f)
	const boundary = "multipart/form-data; boundary=x"
	part := func(name string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\ntext\r\n--x--\r\n"
	}
	for _, s := range []struct{ path, user, kind, body string }{
		{"/home/user/a", "user", boundary, part("a")},
		{"", "root", boundary, part("../../../../outside")},
		{"", "", boundary, part("/etc/passwd") + part("..")},
		{"../../outside", "root", "application/octet-stream", "text"},
		{"/proc/self/root/x", "root", "application/octet-stream", "text"},
		{"~/x", "user", "application/octet-stream", ""},
		{"a\x00b", "root", "application/octet-stream", "text"},
		{strings.Repeat("a/", 3000), "root", "application/octet-stream", "text"},
		{"x", "../root", boundary, "--x\r\n\r\n"},
		{"x", "root", "multipart/form-data", "--"},
		{"x", "root", "text/plain; charset", "x"},
	} {
		f.Add(s.path, s.user, s.kind, s.body)
	}
	f.Fuzz(func(t *testing.T, path, user, kind, body string) {
		target := "/files?" + url.Values{"path": {path}, "username": {user}}.Encode()
		if z.ask(t, http.MethodPost, target, kind, body) == http.StatusInternalServerError {
			t.Errorf("writing %q as %q: 500: %s", path, user, z.said)
		}
		if z.ask(t, http.MethodGet, target, "", "") == http.StatusInternalServerError {
			t.Errorf("reading %q as %q: 500: %s", path, user, z.said)
		}
		z.contained(t)
	})
}

// FuzzConnect sends any frames to the calls of a sandbox.
func FuzzConnect(f *testing.F) {
	z := newFuzzed(f)
	frame := func(text string) string {
		n := len(text)
		return string([]byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + text
	}
	calls := []string{
		"/process.Process/Start", "/process.Process/Connect", "/process.Process/List", "/process.Process/Update", "/process.Process/SendInput",
		"/process.Process/StreamInput", "/process.Process/SendSignal", "/process.Process/CloseStdin", "/filesystem.Filesystem/Stat", "/filesystem.Filesystem/MakeDir",
		"/filesystem.Filesystem/Move", "/filesystem.Filesystem/ListDir", "/filesystem.Filesystem/Remove", "/filesystem.Filesystem/WatchDir",
		"/filesystem.Filesystem/CreateWatcher", "/filesystem.Filesystem/GetWatcherEvents", "/filesystem.Filesystem/RemoveWatcher", "/nothing/here",
	}
	for i, body := range []string{
		`{"process":{"cmd":"/bin/bash","args":["-c","true"]}}`, `{"process":{"pid":1}}`, `{}`, `{"process":{"pid":4294967295},"pty":{"size":{"cols":4294967295}}}`,
		`{"path":"../../../outside"}`, `{"source":"/etc","destination":"/../../outside"}`, `{"path":"/","depth":4294967295}`, `{"path":"/proc"}`, `{"watcherId":"x"}`, "\xff", "",
	} {
		f.Add(uint(i), "application/connect+json", frame(body))
		f.Add(uint(i+7), "application/json", body)
		f.Add(uint(i), "application/connect+proto", frame("\x0a\x02ab"))
		f.Add(uint(i), "application/grpc", body)
	}
	f.Add(uint(0), "application/connect+json", "\x00\xff\xff\xff\xff{}")
	f.Add(uint(0), "application/connect+json", "\x01\x00\x00\x00\x02{}")
	f.Fuzz(func(t *testing.T, call uint, kind, body string) {
		z.ask(t, http.MethodPost, calls[call%uint(len(calls))], kind, body)
		z.contained(t)
	})
}
