// Package mirrortest serves mirrors on loopback for tests with real package
// managers. They pass requests on to the registries that the package managers
// of this machine use by themselves, which are asked for it, count them, and
// fail when told to.
package mirrortest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Mirror is a server with one route for every kind of registry, each below a
// path of its own.
type Mirror struct {
	URL string

	upstream map[string]string // by route
	client   *http.Client      // goes where it is sent, whatever proxy a test sets
	mu       sync.Mutex
	requests []Request
	fail     func(http.ResponseWriter, *http.Request) bool
}

// Request is one that a Mirror got.
type Request struct{ Route, Path, Agent string }

// Start starts a Mirror. Routes are debian, debian-security, simple, npm, go
// and crates; aptSources is the text of the package sources of the image.
func Start(t testing.TB, aptSources string) *Mirror {
	m := &Mirror{upstream: map[string]string{}, client: &http.Client{Transport: &http.Transport{}}}
	for route, find := range map[string]func() (string, error){
		"debian":          func() (string, error) { return aptURL(aptSources, "/debian") },
		"debian-security": func() (string, error) { return aptURL(aptSources, "/debian-security") },
		"simple":          pipURL, "npm": npmURL, "go": goURL, "crates": cratesURL,
	} {
		url, err := find()
		if err != nil {
			t.Logf("no route %s: %v", route, err)
			continue
		}
		m.upstream[route] = strings.TrimRight(url, "/")
	}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	m.URL = server.URL
	return m
}

// Has reports whether there is that route on this machine.
func (m *Mirror) Has(route string) bool { return m.upstream[route] != "" }

// Fail makes f answer requests from now on, where it returns true; nil ends it.
func (m *Mirror) Fail(f func(http.ResponseWriter, *http.Request) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = f
}

// Take returns the requests since the last time, and forgets them.
func (m *Mirror) Take() []Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.requests
	m.requests = nil
	return taken
}

// Count says how many of the requests have that route.
func Count(requests []Request, route string) int {
	n := 0
	for _, r := range requests {
		if r.Route == route {
			n++
		}
	}
	return n
}

// far is where a route sends its clients for files on another host.
const far = "/far/"

func (m *Mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	target := m.upstream[route] + "/" + rest
	if host, path, ok := strings.Cut(rest, "/"); ok && "/"+route+"/" == far {
		from, host, _ := strings.Cut(host, "@")
		route, target = from, "https://"+host+"/"+path
	}
	m.mu.Lock()
	m.requests = append(m.requests, Request{route, r.URL.Path, r.UserAgent()})
	fail := m.fail
	m.mu.Unlock()
	if fail != nil && fail(w, r) {
		return
	}
	if m.upstream[route] == "" {
		http.NotFound(w, r)
		return
	}
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	m.pass(w, r, route, target)
}

func (m *Mirror) pass(w http.ResponseWriter, r *http.Request, route, target string) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, target, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for _, name := range []string{"Accept", "User-Agent", "Range", "If-Modified-Since", "If-None-Match"} {
		if v := r.Header.Get(name); v != "" {
			req.Header.Set(name, v)
		}
	}
	req.Header.Set("Accept-Encoding", "identity")
	res, err := m.client.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	for _, name := range []string{"Content-Type", "Last-Modified", "Etag", "Content-Range", "Accept-Ranges", "Cache-Control"} {
		if v := res.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	if rewritten[route] == nil || !isIndex(res) {
		if res.ContentLength >= 0 {
			w.Header().Set("Content-Length", fmt.Sprint(res.ContentLength))
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body) // a client that goes away is no matter
		return
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Del("Etag")
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(rewritten[route].ReplaceAllFunc(body, func(match []byte) []byte {
		before, host, _ := bytes.Cut(match, []byte("https://"))
		if base := m.upstream[route]; base+"/" == "https://"+string(host) {
			return fmt.Appendf(nil, "%s%s/%s/", before, m.URL, route)
		}
		return fmt.Appendf(nil, "%s%s%s%s@%s", before, m.URL, far, route, host)
	}))
}

// rewritten finds, in what an index says, the URLs of files.
var rewritten = map[string]*regexp.Regexp{
	"simple": regexp.MustCompile(`(?:href="|"url": ?")https://[^/"]+/`),
	"npm":    regexp.MustCompile(`"tarball": ?"https://[^/"]+/`),
	"crates": regexp.MustCompile(`"dl": ?"https://[^/"]+/`),
}

func isIndex(res *http.Response) bool {
	kind := res.Header.Get("Content-Type")
	return res.StatusCode == http.StatusOK && (strings.Contains(kind, "json") || strings.Contains(kind, "html") || strings.HasSuffix(res.Request.URL.Path, "config.json"))
}

// aptURL finds the source whose path ends in that.
func aptURL(sources, path string) (string, error) {
	found := regexp.MustCompile(`(?m)\b(https?://\S+` + path + `)/?(\s|$)`).FindStringSubmatch(sources)
	if found == nil {
		return "", fmt.Errorf("the image has no source %s", path)
	}
	return found[1], nil
}

func pipURL() (string, error) {
	out, err := clean("python3", "-m", "pip", "install", "--help")
	found := regexp.MustCompile(`\(default\s+(https://[^\s)]+)\)`).FindStringSubmatch(out)
	if err != nil || found == nil {
		return "", fmt.Errorf("asking pip: %v", err)
	}
	return found[1], nil
}

func npmURL() (string, error) {
	out, err := clean("npm", "config", "get", "registry")
	return strings.TrimSpace(out), err
}

func goURL() (string, error) {
	out, err := clean("go", "env", "GOPROXY")
	first, _, _ := strings.Cut(strings.TrimSpace(out), ",")
	return first, err
}

// cratesURL lets cargo fetch something small and looks where its index lies.
func cratesURL() (string, error) {
	dir, err := os.MkdirTemp("", "e2bt-crates-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	manifest := "[package]\nname = \"x\"\nversion = \"0.1.0\"\n[lib]\npath = \"x.rs\"\n[dependencies]\ncfg-if = \"1\"\n"
	for name, text := range map[string]string{"Cargo.toml": manifest, "x.rs": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("cargo", "fetch")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CARGO_HOME="+filepath.Join(dir, "home"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cargo fetch: %v: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "home/registry/index/*"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("cargo's index: %v %v", found, err)
	}
	name := filepath.Base(found[0])
	return "https://" + name[:strings.LastIndex(name, "-")], nil
}

// clean runs a package manager without this user's own settings.
func clean(name string, args ...string) (string, error) {
	dir, err := os.MkdirTemp("", "e2bt-clean-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	for _, v := range os.Environ() {
		upper := strings.ToUpper(v)
		if !strings.HasPrefix(upper, "PIP_INDEX") && !strings.HasPrefix(upper, "NPM_CONFIG_") && !strings.HasPrefix(upper, "GO") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "NPM_CONFIG_USERCONFIG="+filepath.Join(dir, "none"))
	out, err := cmd.Output()
	return string(out), err
}
