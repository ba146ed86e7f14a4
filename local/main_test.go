package local_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/simulated"
)

const testKey = "e2b_0123456789abcdef"

func TestMain(m *testing.M) {
	engine.Child() // never returns in a process that the engine started
	if home := os.Getenv(servedHome); home != "" {
		serveUntilKilled(home)
	}
	os.Exit(m.Run())
}

// api is a server, what speaks to it, and where it lives.
type api struct {
	t      testing.TB
	server *local.Server
	client *e2b.Client
	url    string
	home   string
	log    *bytes.Buffer // what the server logs; read it when it is closed
}

// start runs a server over the simulated engine in a home of its own, which has
// the base image "base".
func start(t testing.TB) *api {
	t.Helper()
	return startIn(t, newHome(t), local.Options{})
}

// newHome makes a home with the base image "base".
func newHome(t testing.TB) string {
	t.Helper()
	home := t.TempDir()
	importBase(t, home, "base", nil)
	return home
}

// importBase puts a small image into the store of a home.
func importBase(t testing.TB, home, name string, files map[string]string) {
	t.Helper()
	all := map[string]string{"etc/os-release": "ID=debian\n", "etc/issue": "base\n"}
	for name, text := range files {
		all[name] = text
	}
	file := filepath.Join(t.TempDir(), "base.tar")
	if err := os.WriteFile(file, tarOf(t, all), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := images(t, home).Import(context.Background(), name, file, image.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
}

func images(t testing.TB, home string) *image.Store {
	t.Helper()
	store, err := image.Open(filepath.Join(home, "images"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// tarOf packs files.
func tarOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func startIn(t testing.TB, home string, opts local.Options) *api {
	t.Helper()
	log := new(bytes.Buffer)
	opts.Home, opts.APIKey, opts.Images = home, testKey, images(t, home)
	if opts.Engine == nil {
		opts.Engine = simulated.Engine{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	server, err := local.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	server.Expose()
	web := httptest.NewServer(conforming(t, server))
	a := &api{t: t, server: server, url: web.URL, home: home, log: log}
	a.client = e2b.New(e2b.Options{APIURL: web.URL, SandboxURL: web.URL, APIKey: testKey, HTTPClient: web.Client()})
	t.Cleanup(func() {
		a.close()
		web.CloseClientConnections() // streams of sandboxes may still wait for a client
		web.Close()
	})
	return a
}

// close closes the server; it may be called before the test ends.
func (a *api) close() {
	a.t.Helper()
	if err := a.server.Close(); err != nil {
		a.t.Errorf("Close: %v", err)
	}
}

// call sends a request with the key and returns the answer.
func (a *api) call(method, path string, body any) (status int, text string) {
	a.t.Helper()
	resp := a.request(method, path, body, nil)
	return resp.StatusCode, resp.text
}

type response struct {
	*http.Response
	text string
}

func (a *api) request(method, path string, body any, header http.Header) response {
	a.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			a.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, a.url+path, content)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("X-API-KEY", testKey)
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
		if name == "Host" {
			req.Host = values[0]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return response{resp, string(text)}
}

// refused wants a refusal: that status, also in the body, and that message.
func (a *api) refused(method, path string, body any, status int, message string) {
	a.t.Helper()
	resp := a.request(method, path, body, nil)
	var said struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal([]byte(resp.text), &said); err != nil {
		a.t.Errorf("%s %s: %q is no JSON: %v", method, path, resp.text, err)
	}
	if resp.StatusCode != status || said.Code != status || said.Message != message {
		a.t.Errorf("%s %s: %d %q (code %d); want %d %q", method, path, resp.StatusCode, said.Message, said.Code, status, message)
	}
}

// get decodes the answer to a GET.
func get[T any](a *api, path string) (out T) {
	a.t.Helper()
	status, text := a.call("GET", path, nil)
	if status/100 != 2 {
		a.t.Fatalf("GET %s: %d %s", path, status, text)
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		a.t.Fatalf("GET %s: %q: %v", path, text, err)
	}
	return out
}

func (a *api) register(name string, tags ...string) e2b.Registration {
	a.t.Helper()
	reg, err := a.client.Register(context.Background(), e2b.RegisterRequest{Name: name, Tags: tags})
	if err != nil {
		a.t.Fatalf("Register(%q): %v", name, err)
	}
	return reg
}

func (a *api) trigger(reg e2b.Registration, b e2b.Build) {
	a.t.Helper()
	if b.FromImage == "" && b.FromTemplate == "" {
		b.FromImage = "base"
	}
	if err := a.client.Trigger(context.Background(), reg.TemplateID, reg.BuildID, b); err != nil {
		a.t.Fatalf("Trigger: %v", err)
	}
}

// finished is how a build ended, with its whole log.
type finished struct {
	e2b.BuildStatus
	log []e2b.LogEntry
}

// follow waits for the end of a build.
func (a *api) follow(reg e2b.Registration) finished {
	a.t.Helper()
	var f finished
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	var err error
	f.BuildStatus, err = a.client.Follow(ctx, reg.TemplateID, reg.BuildID, e2b.FollowOptions{
		Poll: time.Millisecond, OnEntries: func(e []e2b.LogEntry) { f.log = append(f.log, e...) },
	})
	if err != nil {
		a.t.Fatalf("Follow: %v", err)
	}
	return f
}

// build makes a build and waits for its end.
func (a *api) build(name string, b e2b.Build) finished {
	a.t.Helper()
	reg := a.register(name)
	a.trigger(reg, b)
	return a.follow(reg)
}

// ready is build for builds that must succeed.
func (a *api) ready(name string, steps ...e2b.Step) finished {
	a.t.Helper()
	f := a.build(name, e2b.Build{Steps: steps})
	if f.Status != e2b.StateReady {
		a.t.Fatalf("build of %s: %s %+v; want ready", name, f.Status, f.Reason)
	}
	return f
}

// failed wants a build to fail in that step for that reason.
func (a *api) failed(b e2b.Build, step, reason string) finished {
	a.t.Helper()
	f := a.build("failing", b)
	if f.Status != e2b.StateError || f.Reason == nil {
		a.t.Fatalf("build: %s; want an error", f.Status)
	}
	if f.Reason.Step != step || f.Reason.Message != reason {
		a.t.Errorf("reason %q in step %q; want %q in %q", f.Reason.Message, f.Reason.Step, reason, step)
	}
	return f
}

// messages are the log's lines, without those of debug.
func (f finished) messages() (out []string) {
	for _, e := range f.log {
		if e.Level != "debug" {
			out = append(out, e.Message)
		}
	}
	return out
}

// stdout is what the commands of a step said.
func (f finished) stdout(step string) string {
	var out []string
	for _, e := range f.log {
		if _, text, ok := strings.Cut(e.Message, "[stdout]: "); ok && e.Step == step {
			out = append(out, text)
		}
	}
	return strings.Join(out, "\n")
}

func run(command string) e2b.Step { return e2b.Step{Type: "RUN", Args: []string{command}} }

func step(kind string, args ...string) e2b.Step { return e2b.Step{Type: kind, Args: args} }

// sandbox makes a sandbox of a template.
func (a *api) sandbox(template string) *e2b.Sandbox {
	a.t.Helper()
	s, err := a.client.CreateSandbox(context.Background(), e2b.NewSandbox{TemplateID: template})
	if err != nil {
		a.t.Fatalf("CreateSandbox(%q): %v", template, err)
	}
	return s
}

// output runs a command in a sandbox and returns what it says.
func (a *api) output(s *e2b.Sandbox, command string) string {
	a.t.Helper()
	var out bytes.Buffer
	code, err := s.Run(context.Background(), e2b.Command{Cmd: "/bin/bash", Args: []string{"-l", "-c", command}, Stdout: &out, Stderr: &out})
	if err != nil || code != 0 {
		a.t.Errorf("%s: exit code %d, %v: %s", command, code, err, out.String())
	}
	return strings.TrimSpace(out.String())
}

// await polls until ok says yes.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited 10 s for %s", what)
}

// statusOf returns the state of a build.
func (a *api) statusOf(reg e2b.Registration) e2b.BuildStatus {
	a.t.Helper()
	status, err := a.client.Status(context.Background(), reg.TemplateID, reg.BuildID, 0)
	if err != nil {
		a.t.Fatalf("Status: %v", err)
	}
	return status
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func code(err error) int {
	var refused *e2b.Error
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	return 0
}

// file returns the content of the files of the home that match.
func (a *api) file(pattern string) string {
	a.t.Helper()
	found, err := filepath.Glob(filepath.Join(a.home, pattern))
	if err != nil || len(found) == 0 {
		a.t.Fatalf("no file matches %s: %v", pattern, err)
	}
	var all strings.Builder
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			a.t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// everything is the content of all files below a directory.
func everything(t testing.TB, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// decode reads a JSON file.
func decode(t testing.TB, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}
