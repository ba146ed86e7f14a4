package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// planOf plans one template from an image through a profile.
func planOf(t *testing.T, from string, profile mirrors.Declared) *builder.Plan {
	t.Helper()
	template := &config.Template{Address: "template.x", Name: "x", Mirror: profile.Name, Base: config.Base{Image: from}}
	plan, diags := builder.New(&config.Config{Templates: []*config.Template{template}, Mirrors: []mirrors.Declared{profile}}, nil, scanFiles(config.Settings{}))
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

// TestMirroredImage pulls base images from a mirror, and from the official
// registry where the mirror does not have them.
func TestMirroredImage(t *testing.T) {
	home := realEngine(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	push(t, home, host+"/hub/tiny:1", host+"/hub/tiny:2")
	nowhere := "127.0.0.1:9"
	for _, tt := range []struct{ official, mirror, image, retry string }{
		{nowhere, host + "/hub", nowhere + "/tiny:1", ""},
		{host, nowhere, host + "/hub/tiny:2", " cannot be pulled: building again from " + host + "/hub/tiny:2"},
	} {
		dir := t.TempDir()
		write(t, dir, "e2bt.hcl", fmt.Sprintf(`
mirror "m" { images = { %q = %q } }
template "x" {
  mirror = "m"
  base { image = %q }
  batch "a" { run = ["true"] }
}`, tt.official, tt.mirror, tt.image))
		cmd := e2bt(t, dir, home, "build", "--local", "--json")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("building from %s: %v\n%s", tt.image, err, &stderr)
			continue
		}
		retry := ""
		for _, e := range parseEvents(t, string(out)) {
			if e.Type == builder.EventRetry {
				retry += e.Message
			}
		}
		if !strings.HasSuffix(retry, tt.retry) || tt.retry != "" && !strings.HasPrefix(retry, nowhere+"/hub/tiny@sha256:") {
			t.Errorf("building from %s: retry %q; want %q", tt.image, retry, tt.retry)
		}
	}
}

// push puts the tiny image of a home into a registry.
func push(t *testing.T, home string, to ...string) {
	t.Helper()
	store, err := image.Open(filepath.Join(home, "images"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := store.List()
	if err != nil || len(list) != 1 {
		t.Fatalf("images: %v, %v", list, err)
	}
	file := filepath.Join(t.TempDir(), "rootfs.tar")
	if out, err := exec.Command("tar", "-C", list[0].Rootfs, "-cf", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	layer, err := tarball.LayerFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, RootFS: rootFS(t, img)}); err != nil {
		t.Fatal(err)
	}
	for _, text := range to {
		ref, err := name.ParseReference(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, img); err != nil {
			t.Fatal(err)
		}
	}
}

func rootFS(t *testing.T, img v1.Image) v1.RootFS {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return file.RootFS
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
