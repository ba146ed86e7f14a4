package main

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/mirrors/mirrortest"
	"github.com/google/go-containerregistry/pkg/registry"
)

// TestPullFromMirror: an image comes from the first mirror that has it, by the
// digest of its own registry, and is here under its own name.
func TestPullFromMirror(t *testing.T) {
	home := realEngine(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	push(t, home, host+"/hub/tiny:1", host+"/own/tiny:1")
	p := project{t, home, t.TempDir()}
	write(t, p.dir, "e2bt.hcl", fmt.Sprintf("mirror \"m\" { images = { %q = [\"127.0.0.1:9/none\", %q] } }\ntemplate \"x\" {}\n", host, host+"/hub"))
	out, stderr := p.run(0, "image", "pull", "--mirror", "m", host+"/own/tiny:1")
	wantText(t, "stderr", stderr, "127.0.0.1:9/none/own/tiny@sha256:", "cannot be had")
	wantText(t, "stdout", out, host+"/own/tiny:1 sha256:")
	if strings.Contains(stderr, "Pulling from") {
		t.Errorf("a mirror that has no such image served it:\n%s", stderr)
	}

	p.run(0, "image", "rm", host+"/own/tiny:1")
	push(t, home, host+"/hub/own/tiny:1")
	_, stderr = p.run(0, "image", "pull", "--mirror", "m", host+"/own/tiny:1")
	wantText(t, "stderr", stderr, "Pulling from "+host+"/hub/own/tiny@sha256:")

	// What answers as a registry, and what does not.
	out, _ = p.run(0, "mirrors", "test", "m")
	wantText(t, "stdout", out, host, "FAILED", "ok")
}

// TestBootstrapFromMirror makes a base image from a mirror; nothing of the
// mirror is left in it.
func TestBootstrapFromMirror(t *testing.T) {
	e2eHome(t)
	var sources strings.Builder
	for _, pattern := range []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/*"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
			sources.WriteString("\n")
		}
	}
	m := mirrortest.Start(t, sources.String())
	if !m.Has("debian") {
		t.Skip("this machine installs no Debian packages")
	}
	p := project{t, t.TempDir(), t.TempDir()}
	write(t, p.dir, "e2bt.hcl", fmt.Sprintf("mirror \"m\" { debian = [\"http://127.0.0.1:9/debian\", %q] }\ntemplate \"x\" {}\n", m.URL+"/debian"))
	_, stderr := p.run(0, "image", "bootstrap", "small", "--include", "ca-certificates", "--mirror", "m")
	wantText(t, "stderr", stderr, "http://127.0.0.1:9/debian failed, trying the next source")
	if n := mirrortest.Count(m.Take(), "debian"); n == 0 {
		t.Error("no request went to the mirror")
	}
	store, err := image.Open(filepath.Join(p.home, "images"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := store.Lookup("small")
	if err != nil || img == nil {
		t.Fatalf("the image: %v, %v", img, err)
	}
	text, err := os.ReadFile(filepath.Join(img.Rootfs, "etc/apt/sources.list"))
	if err != nil || !strings.HasPrefix(string(text), "deb ") || strings.Contains(string(text), "127.0.0.1") {
		t.Errorf("the image's sources: %q, %v", text, err)
	}
}
