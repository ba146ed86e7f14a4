package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// planOf plans one template from an image through a profile.
func planOf(t *testing.T, from string, profile mirrors.Declared) *builder.Plan {
	t.Helper()
	template := &config.Template{Address: "template.x", Name: "x", Mirror: profile.Name, Base: config.Base{Image: from}}
	plan, diags := builder.New(&config.Config{Templates: []*config.Template{template}, Mirrors: []mirrors.Declared{profile}}, nil, scanFiles)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return plan
}

func testApp() (*app, *bytes.Buffer) {
	var stderr bytes.Buffer
	a := &app{getenv: func(string) string { return "" }, logLevel: "error"}
	a.stdout, a.stderr = a.secrets.writer(io.Discard), a.secrets.writer(&stderr)
	return a, &stderr
}

// TestPinImages: a mirror is asked for what the official registry has, by its
// digest, where that can be asked.
func TestPinImages(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	ref, err := name.ParseReference(host + "/a/b:c")
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ official, from, want string }{
		{host, host + "/a/b:c", "mirror.example/hub/a/b@" + digest.String()},
		{host, host + "/a/none:c", "mirror.example/hub/a/none:c"},
		{"127.0.0.1:9", "127.0.0.1:9/a/b:c", "mirror.example/hub/a/b:c"},
	} {
		plan := planOf(t, tt.from, mirrors.Declared{Name: "m", Images: map[string][]string{tt.official: {"mirror.example/hub"}}})
		before := plan.Templates[0].Fingerprint
		a, _ := testApp()
		a.pinImages(t.Context(), plan)
		if got := plan.Templates[0]; got.PullImage != tt.want || got.FromImage != tt.from || got.Fingerprint != before {
			t.Errorf("%s is pulled as %q; want %q, and the plan the same", tt.from, got.PullImage, tt.want)
		}
	}
}

func TestWarnMirror(t *testing.T) {
	cn := planOf(t, "", mirrors.Declared{Name: "x", Extends: "cn"})
	corp := planOf(t, "", mirrors.Declared{Name: "x", Entries: map[string][]string{"pip": {"https://pypi.corp.example/simple"}}})
	for _, tt := range []struct {
		plan *builder.Plan
		at   endpoint
		says string
	}{
		{cn, endpoint{url: "https://api.e2b.app"}, "Warning: --mirror x: E2B's own builders are outside of China"},
		{cn, endpoint{url: "https://e2b.corp.example"}, "Note: before the first step the endpoint itself installs"},
		{corp, endpoint{url: "https://api.e2b.app"}, ""},
	} {
		a, stderr := testApp()
		a.warnMirror(tt.plan, &tt.at)
		if got := stderr.String(); !strings.HasPrefix(got, tt.says) || tt.says == "" && got != "" {
			t.Errorf("at %s: %q; want %q", tt.at.url, got, tt.says)
		}
	}
}

// TestMirrorsTest runs the command against a mirror of this test, and one that
// refuses.
func TestMirrorsTest(t *testing.T) {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Origin: Debian\nDate: %s\n", time.Now().UTC().Format(time.RFC1123))
	}))
	defer good.Close()
	bad := httptest.NewServer(http.NotFoundHandler())
	defer bad.Close()
	dir := t.TempDir()
	write(t, dir, "e2bt.hcl", fmt.Sprintf("mirror \"m\" { debian = [%q, %q] }\ntemplate \"x\" {}\n", bad.URL, good.URL))
	cmd := e2bt(t, dir, t.TempDir(), "mirrors", "test", "m", "--only", "debian", "--json")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var report mirrors.TestReport
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	results := report.Ecosystems[0].Results
	if len(results) != 2 || results[0].URL != good.URL || !results[0].OK || results[1].OK || results[1].Status != 404 {
		t.Errorf("results = %+v; want the good one first", results)
	}
}
