package local_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
	"github.com/e2bt/e2bt/local"
)

// endpoints are all of the API that want a key.
var endpoints = []string{
	"POST /v3/templates", "GET /templates", "GET /v2/templates", "GET /templates/web", "DELETE /templates/web", "PATCH /templates/web",
	"PATCH /v2/templates/web", "GET /templates/web/tags", "POST /templates/tags", "DELETE /templates/tags", "GET /templates/aliases/web",
	"GET /templates/web/files/" + zeros, "POST /v2/templates/web/builds/" + unknownBuild, "GET /templates/web/builds/" + unknownBuild + "/status",
	"GET /templates/web/builds/" + unknownBuild + "/logs", "POST /sandboxes", "POST /v2/sandboxes", "GET /sandboxes", "GET /v2/sandboxes",
	"GET /sandboxes/x", "DELETE /sandboxes/x", "POST /sandboxes/x/timeout", "POST /_e2bt/cache",
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestKey(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	for _, endpoint := range endpoints {
		method, path, _ := strings.Cut(endpoint, " ")
		for _, key := range []string{"", "wrong", testKey + "0", testKey[:len(testKey)-1], strings.ToUpper(testKey)} {
			resp := a.request(method, path, "{}", http.Header{"X-API-KEY": {key}})
			if want := `{"code":401,"message":"Invalid API key"}`; resp.StatusCode != 401 || resp.text != want {
				t.Errorf("%s with key %q: %d %s; want %s", endpoint, key, resp.StatusCode, resp.text, want)
			}
		}
		if resp := a.request(method, path, "{}", http.Header{"X-API-KEY": nil, "Authorization": {"Bearer " + testKey}}); resp.StatusCode != 401 {
			t.Errorf("%s with the key elsewhere: %d; want 401", endpoint, resp.StatusCode)
		}
	}
	if resp := a.request("GET", "/health", nil, http.Header{"X-API-KEY": nil}); resp.StatusCode != http.StatusOK {
		t.Errorf("health without a key: %d; want 200", resp.StatusCode)
	}
	if got := len(get[[]e2b.Template](a, "/templates")); got != 1 {
		t.Errorf("%d templates afterwards; want 1", got)
	}
}

// TestHostAndOrigin: only requests for this machine, from no web page of elsewhere.
func TestHostAndOrigin(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	s := a.sandbox("web")
	for _, path := range []string{"/health", "/templates", "/_upload/x", "/process.Process/Start"} {
		for _, c := range []struct {
			host, origin string
			ok           bool
		}{
			{"localhost", "", true},
			{"localhost:80", "", true},
			{"LocalHost:80", "", true},
			{"127.0.0.1:80", "", true},
			{"127.9.9.9", "", true},
			{"[::1]:80", "", true},
			{"[::1]", "", true},
			{"localhost", "http://localhost:3000", true},
			{"localhost", "http://[::1]:3000", true},
			{"evil.example", "", false},
			{"evil.example:80", "", false},
			{"localhost.evil.example", "", false},
			{"127.0.0.1.evil.example", "", false},
			{"evil.localhost", "", false},
			{"0.0.0.0:80", "", false},
			{"[::]:80", "", false},
			{"10.0.0.1", "", false},
			{"localhost", "http://evil.example", false},
			{"localhost", "https://localhost.evil.example", false},
			{"localhost", "http://localhost@evil.example", false},
			{"localhost", "null", false},
			{"localhost", "file://", false},
			{"localhost", "localhost", false},
		} {
			header := http.Header{"Host": {c.host}}
			if c.origin != "" {
				header.Set("Origin", c.origin)
			}
			if strings.HasPrefix(path, "/process") {
				header.Set("E2b-Sandbox-Id", s.SandboxID)
			}
			resp := a.request("GET", path, nil, header)
			refused := strings.Contains(resp.text, "this server answers to requests for localhost alone")
			if refused == c.ok || refused && resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s for %q from %q: %d %s; want it let through: %v", path, c.host, c.origin, resp.StatusCode, resp.text, c.ok)
			}
		}
	}
	if resp := a.request("GET", "/health", nil, nil); resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("web pages are let in")
	}
}

func TestSandboxToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	one, two := a.sandbox("web"), a.sandbox("web")
	if one.EnvdAccessToken == two.EnvdAccessToken || len(one.EnvdAccessToken) < 32 {
		t.Fatalf("the tokens: %q, %q", one.EnvdAccessToken, two.EnvdAccessToken)
	}
	for token, want := range map[string]int{"": 401, "wrong": 401, testKey: 401, two.EnvdAccessToken: 401, one.EnvdAccessToken: 200} {
		resp := a.request("POST", "/process.Process/List", "{}", http.Header{"E2b-Sandbox-Id": {one.SandboxID}, "X-Access-Token": {token}, "Content-Type": {"application/json"}})
		if want == 200 && resp.StatusCode == 401 || want == 401 && resp.StatusCode != 401 {
			t.Errorf("token %q: %d %s; want %d", token, resp.StatusCode, resp.text, want)
		}
	}
	for _, c := range []struct {
		id, path string
		want     int
	}{
		{one.SandboxID, "/health", 204},
		{"inone", "/health", 502},
		{"inone", "/process.Process/List", 502},
		{one.SandboxID, "/files?path=/etc/passwd", 401},
		{one.SandboxID, "/../health", 401},
	} {
		resp := a.request("GET", c.path, nil, http.Header{"E2b-Sandbox-Id": {c.id}})
		if resp.StatusCode != c.want {
			t.Errorf("%s of %s without a token: %d; want %d", c.path, c.id, resp.StatusCode, c.want)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	big := `{"name":"` + strings.Repeat("x", 16<<20) + `"}`
	a.refused("POST", "/v3/templates", big, 413, "request body is larger than 16777216 bytes")
	s := a.sandbox("web")
	rpc := processconnect.NewProcessClient(http.DefaultClient, a.url, connect.WithProtoJSON())
	req := connect.NewRequest(&process.StartRequest{Process: &process.ProcessConfig{Cmd: "/bin/bash", Args: []string{"-l", "-c", big}}})
	req.Header().Set("E2b-Sandbox-Id", s.SandboxID)
	req.Header().Set("X-Access-Token", s.EnvdAccessToken)
	stream, err := rpc.Start(context.Background(), req)
	if err == nil {
		for stream.Receive() {
		}
		err = stream.Err()
	}
	if connect.CodeOf(err) != connect.CodeResourceExhausted {
		t.Errorf("a process of 16 MiB: %v; want resource_exhausted", err)
	}
}

// TestUpload: what may come through a link.
func TestUpload(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.register("web")
	at := "/templates/web/files/"
	for _, hash := range []string{"x", zeros[1:], zeros + "0", strings.ToUpper("a" + zeros[1:]), url.PathEscape("../" + zeros[3:])} {
		a.refused("GET", at+hash, nil, 400, "Invalid files hash")
	}
	a.refused("GET", "/templates/none/files/"+zeros, nil, 404, "template 'none' not found")
	if resp := a.request("GET", at+zeros, nil, nil); resp.StatusCode != http.StatusCreated {
		t.Errorf("asking for a link: %d; want 201", resp.StatusCode)
	}
	link := get[e2b.FileLink](a, at+zeros)
	if link.Present || !strings.HasPrefix(link.URL, a.url+"/_upload/") {
		t.Fatalf("the link: %+v", link)
	}
	put := func(body io.Reader, length int64) (int, string) {
		t.Helper()
		req, err := http.NewRequest("PUT", link.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	present := func() bool { return get[e2b.FileLink](a, at+zeros).Present }

	if status, text := put(io.MultiReader(strings.NewReader("abc")), -1); status != 501 || !strings.Contains(text, "Content-Length") || present() {
		t.Errorf("a chunked upload: %d %s; want 501", status, text)
	}
	if status, text := put(io.MultiReader(strings.NewReader("abc"), failing{}), 10); status == 200 || present() {
		t.Errorf("half an upload: %d %s", status, text)
	}
	await(t, "the half upload to be removed", func() bool {
		left, _ := filepath.Glob(filepath.Join(a.home, "files", "upload-*"))
		return len(left) == 0
	})
	if status, text := put(strings.NewReader("abc"), 3); status != 200 || text != "" || !present() {
		t.Errorf("an upload: %d %q, present %v; want 200", status, text, present())
	}
	if status, _ := put(strings.NewReader("defg"), 4); status != 200 {
		t.Errorf("the same again: %d; want 200", status)
	}
	if got, err := os.ReadFile(filepath.Join(a.home, "files", zeros+".tar.gz")); err != nil || string(got) != "defg" {
		t.Errorf("what is kept: %q, %v", got, err)
	}
	link.URL = a.url + "/_upload/" + strings.Repeat("a", 40)
	if status, text := put(strings.NewReader("abc"), 3); status != 403 || !strings.Contains(text, "the upload link is unknown or has expired") {
		t.Errorf("another link: %d %s; want 403", status, text)
	}
	link.URL = a.url + "/_upload/..%2f..%2fx"
	if status, text := put(strings.NewReader("abc"), 3); status != 403 {
		t.Errorf("an odd link: %d %s; want 403", status, text)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cut off") }

// TestOddPaths: names that try to leave the store.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	a := start(t)
	secret := filepath.Join(a.home, "secret.json")
	if err := os.WriteFile(secret, []byte(`{"id":"secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/templates/..%2Fsecret", "/templates/%2e%2e%2fsecret", "/templates/a%00b", "/templates/aliases/..%2F..%2Fsecret",
		"/templates/..%2Fx/builds/" + unknownBuild + "/status", "/templates/web/builds/..%2F..%2Fsecret/status", "/sandboxes/..%2F..%2Fsecret", "/templates/" + strings.Repeat("a", 5000)} {
		status, text := a.call("GET", path, nil)
		if status != 400 && status != 404 || strings.Contains(text, a.home) {
			t.Errorf("GET %.60s: %d %.200s; want 400 or 404", path, status, text)
		}
		if status, text := a.call("DELETE", path, nil); status != 400 && status != 404 {
			t.Errorf("DELETE %.60s: %d %.200s; want 400 or 404", path, status, text)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

// TestFilePermissions: other users of the machine see nothing of a home.
func TestFilePermissions(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	importBase(t, home, "base", nil)
	a := startIn(t, home, local.Options{})
	a.uploaded(gzipped(t, map[string]string{"a": "1"}))
	a.ready("web")
	info, err := os.Stat(home)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the home has mode %v", info.Mode())
	}
}
