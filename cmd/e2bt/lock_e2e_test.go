package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

// pipIndex is a package index on loopback that real pip installs from.
type pipIndex struct {
	mu     sync.Mutex
	wheels map[string][]byte // by file name
}

func (x *pipIndex) put(name, version, requires, code string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wheels[fmt.Sprintf("%s-%s-py3-none-any.whl", name, version)] = wheel(name, version, requires, code)
}

func (x *pipIndex) remove(name, version string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.wheels, fmt.Sprintf("%s-%s-py3-none-any.whl", name, version))
}

func (x *pipIndex) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if file, ok := strings.CutPrefix(r.URL.Path, "/wheels/"); ok && x.wheels[file] != nil {
		_, _ = w.Write(x.wheels[file]) // pip went away
		return
	}
	name := strings.ReplaceAll(strings.Trim(strings.TrimPrefix(r.URL.Path, "/simple/"), "/"), "-", "_")
	found := false
	for file := range x.wheels {
		if strings.HasPrefix(file, name+"-") {
			found = true
			fmt.Fprintf(w, "<a href=\"/wheels/%s\">%s</a>\n", file, file)
		}
	}
	if !found {
		http.NotFound(w, r)
	}
}

// wheel makes the smallest package that pip installs.
func wheel(name, version, requires, code string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	info := name + "-" + version + ".dist-info/"
	meta := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version)
	if requires != "" {
		meta += "Requires-Dist: " + requires + "\n"
	}
	for _, f := range [][2]string{
		{name + ".py", code},
		{info + "METADATA", meta},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", fmt.Sprintf("%s.py,,\n%sMETADATA,,\n%sWHEEL,,\n%sRECORD,,\n", name, info, info, info)},
	} {
		file, err := z.Create(f[0])
		if err == nil {
			_, err = file.Write([]byte(f[1]))
		}
		if err != nil {
			panic(err) // in memory
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// project is a directory in which e2bt is run.
type project struct {
	t         *testing.T
	home, dir string
}

// run runs e2bt and wants that exit code.
func (p project) run(want int, args ...string) (stdout, stderr string) {
	p.t.Helper()
	cmd := e2bt(p.t, p.dir, p.home, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		p.t.Fatalf("e2bt %q: exit code %d; want %d\n%s\n%s", args, got, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

func (p project) lock() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, builder.LockName))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func wantText(t *testing.T, where, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s has no %q:\n%s", where, part, text)
		}
	}
}

// TestDriftOnAnIndex builds from a package index in which a package that comes
// along moves: the move is named, --locked builds what was there before, and
// where that is gone says so.
func TestDriftOnAnIndex(t *testing.T) {
	home := e2eHome(t)
	index := &pipIndex{wheels: map[string][]byte{}}
	server := httptest.NewServer(index)
	defer server.Close()
	index.put("demo_kit", "1.0", "demo-deep", "import demo_deep\n")
	index.put("demo_deep", "1.0", "", "")

	p := project{t, home, t.TempDir()}
	write(t, p.dir, "e2bt.hcl", fmt.Sprintf(`
template "app" {
  env = { PIP_INDEX_URL = "%s/simple", PIP_NO_CACHE_DIR = "1" }
  batch "py" {
    timeout = "5m"
    pip     = ["demo-kit"]
  }
  batch "uses" { run = ["python3 -c 'import demo_kit'"] }
}`, server.URL))

	p.run(0, "build", "--local")
	good := p.lock()
	wantText(t, "the lock file", good, `"demo_kit 1.0"`, `"demo_deep 1.0"`, `digest = "sha256:`)
	if strings.Contains(good, "127.0.0.1") {
		t.Errorf("the lock file names the host that packages came from:\n%s", good)
	}

	out, _ := p.run(0, "build", "--local", "--changed", "--json")
	wantText(t, "a build with nothing to do", out, `"status":"up_to_date"`)
	if strings.Contains(out, builder.EventBuildStart) {
		t.Errorf("nothing has changed, and yet something is built:\n%s", out)
	}

	index.put("demo_deep", "1.1", "", "")
	out, _ = p.run(0, "outdated", "--local")
	wantText(t, "outdated", out, "demo_deep", "1.1", "another package brings it along")
	out, _ = p.run(0, "build", "--local", "--no-cache", "--json")
	var drift *builder.Drift
	for _, e := range parseEvents(t, out) {
		if e.Type == builder.EventDrift {
			drift = e.Drift
		}
	}
	if drift == nil || drift.String() != "pip demo_deep 1.0 -> 1.1" || drift.Changes[0].Direct {
		t.Errorf("drift = %v; want that demo_deep moved, and nothing else", drift)
	}
	wantText(t, "the lock file", p.lock(), `"demo_deep 1.1"`)

	write(t, p.dir, builder.LockName, good)
	p.run(0, "build", "--local", "--locked", "--no-cache")
	out, _ = p.run(0, "inventory", "app", "--local", "--format", "json")
	wantText(t, "the inventory", out, "\"name\": \"demo_deep\",\n      \"version\": \"1.0\"")

	index.put("demo_deep", "2.0", "", "raise ImportError('demo_deep 2.0 wants another world')\n")
	_, stderr := p.run(exitBuild, "build", "--local", "--no-cache")
	wantText(t, "stderr", stderr, "nearest suspects first:\n  pip demo_deep 1.0 -> 2.0, named in the failing output")
	if p.lock() != good {
		t.Error("a build that failed changed the lock file")
	}

	index.remove("demo_deep", "1.0")
	out, stderr = p.run(exitBuild, "build", "--local", "--locked", "--no-cache", "--json")
	f := finding(parseEvents(t, out))
	if f == nil || f.Category != diagnose.VersionNotFound || f.Subject != "demo-deep" || f.Version != "==1.0" {
		t.Errorf("finding = %+v; want the version that is gone\n%s", f, stderr)
	}
}
