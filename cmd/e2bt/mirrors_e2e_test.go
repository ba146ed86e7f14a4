package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/mirrors/mirrortest"
)

// mirrored is a directory with a configuration, and mirrors on loopback.
type mirrored struct {
	t         *testing.T
	home, dir string
}

func newMirrored(t *testing.T) *mirrored {
	return &mirrored{t, e2eHome(t), t.TempDir()}
}

// sources are the package sources of the base image.
func (m *mirrored) sources() string {
	m.t.Helper()
	store, err := image.Open(filepath.Join(m.home, "images"))
	if err != nil {
		m.t.Fatal(err)
	}
	list, err := store.List()
	if err != nil {
		m.t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(list[0].Rootfs, "etc/apt/sources.list*"))
	if err != nil {
		m.t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(list[0].Rootfs, "etc/apt/sources.list.d/*"))
	if err != nil {
		m.t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range append(files, more...) {
		if text, err := os.ReadFile(file); err == nil {
			all.Write(text)
		}
	}
	return all.String()
}

// build builds a configuration and returns its events.
func (m *mirrored) build(text string, args ...string) (events []builder.Event, stderr string, code int) {
	m.t.Helper()
	write(m.t, m.dir, "e2bt.hcl", text)
	cmd := e2bt(m.t, m.dir, m.home, append([]string{"build", "--local", "--json"}, args...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	return parseEvents(m.t, string(out)), errs.String(), cmd.ProcessState.ExitCode()
}

// messages lists what events of a type say.
func messages(events []builder.Event, kind string) (out []string) {
	for _, e := range events {
		if e.Type == kind {
			out = append(out, strings.TrimSpace(e.Batch+" "+e.Name+" "+e.Message))
		}
	}
	return out
}

const throughMirrors = `
mirror "loop" {
  pip = ["%[1]s/simple", "%[2]s/simple"]
  npm = ["%[1]s/npm", "%[2]s/npm"]
  apt = "%[1]s"
}

template "x" {
  mirror = "loop"
  batch "system" {
    timeout = "5m"
    apt     = ["bc"]
  }
  batch "python" {
    timeout = "%[3]s"
    pip     = ["idna"]
  }
  batch "js" {
    timeout = "5m"
    npm     = ["is-odd"]
    run     = ["mkdir app && cd app && npm init -y && npm install is-even"]
    user    = "user"
    install "npm" {
      packages = ["is-number"]
      user     = "root"
    }
  }
  check "clean" {
    command = "! grep -rqsF 127.0.0.1: /etc /root /home /var/lib/apt /usr/local/lib/node_modules/.package-lock.json && ! ls /var/lib/e2bt-mirror && bc --version && python3 -c 'import idna'"
  }
}
`

// TestMirroredBuild builds a template through a mirror: every batch from it,
// and nothing of it in the finished template. A second build is cached.
func TestMirroredBuild(t *testing.T) {
	m := newMirrored(t)
	one := mirrortest.Start(t, m.sources())
	text := fmt.Sprintf(strings.Replace(throughMirrors, `    npm     = ["is-odd"]
`, "", 1), one.URL, one.URL, "5m")
	events, stderr, code := m.build(text)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	requests := one.Take()
	for _, route := range []string{"debian", "simple", "npm"} {
		if mirrortest.Count(requests, route) == 0 {
			t.Errorf("no request for %s went to the mirror", route)
		}
	}
	host := strings.TrimPrefix(one.URL, "http://")
	want := []string{"system apt came from " + host, "python pip " + host}
	if got := messages(events, builder.EventSource); len(got) < 3 || got[1] != want[1] {
		t.Errorf("sources = %q", got)
	}
	if _, stderr, code := m.build(text); code != 0 || len(one.Take()) != 0 {
		t.Errorf("a second build: exit code %d, and requests\n%s", code, stderr)
	}
}

// TestMirrorFails: whatever a mirror does wrong, the batch ends on the next
// candidate, and the build says why.
func TestMirrorFails(t *testing.T) {
	m := newMirrored(t)
	one, two := mirrortest.Start(t, m.sources()), mirrortest.Start(t, m.sources())
	isFile := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".whl") }
	faults := []struct {
		name  string
		f     func(http.ResponseWriter, *http.Request) bool
		limit string
	}{
		{"not found", func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "idna") {
				http.NotFound(w, r)
				return true
			}
			return false
		}, "5m"},
		{"403", func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "<html>Access denied</html>", http.StatusForbidden)
			return true
		}, "5m"},
		{"503", func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return true
		}, "5m"},
		{"truncated", func(w http.ResponseWriter, r *http.Request) bool {
			if !isFile(r) {
				return false
			}
			w.Header().Set("Content-Length", "60000")
			fmt.Fprint(w, "PK")
			return true
		}, "5m"},
		{"another file", func(w http.ResponseWriter, r *http.Request) bool {
			if !isFile(r) {
				return false
			}
			fmt.Fprint(w, strings.Repeat("x", 60000))
			return true
		}, "5m"},
		{"hanging", func(w http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return true
		}, "30s"},
		{"refused", nil, "5m"},
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			m.t = t
			url := one.URL
			one.Fail(func(w http.ResponseWriter, r *http.Request) bool {
				return strings.Contains(r.URL.Path, "simple") && fault.f != nil && fault.f(w, r)
			})
			if fault.f == nil {
				url = "http://127.0.0.1:9"
			}
			text := fmt.Sprintf(`
mirror "loop" { pip = ["%s/simple", "%s/simple"] }
template "x" {
  mirror = "loop"
  batch "first" { run = ["true"] }
  batch "python" {
    timeout = "%s"
    env     = { PIP_DEFAULT_TIMEOUT = "5" }
    pip     = ["idna"]
  }
}`, url, two.URL, fault.limit)
			two.Take()
			events, stderr, code := m.build(text, "--no-cache")
			retries, sources := messages(events, builder.EventRetry), messages(events, builder.EventSource)
			t.Logf("retries %q\nsources %q", retries, sources)
			if code != 0 || len(retries) != 1 || len(sources) == 0 {
				t.Fatalf("exit code %d; want 0, with one retry\n%s", code, stderr)
			}
			if want := strings.TrimPrefix(two.URL, "http://"); !strings.HasSuffix(sources[0], want) || mirrortest.Count(two.Take(), "simple") == 0 {
				t.Errorf("the batch came from %q; want %s", sources[0], want)
			}
		})
	}
}

// TestNativeFallback: apt goes on to the official source by itself, within one
// build, whatever the mirror does.
func TestNativeFallback(t *testing.T) {
	m := newMirrored(t)
	one := mirrortest.Start(t, m.sources())
	one.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, ".deb"):
			fmt.Fprint(w, "not what it should be")
		case strings.Contains(r.URL.Path, "bookworm-updates"), strings.Contains(r.URL.Path, "-updates/"):
			http.Error(w, "Access denied", http.StatusForbidden)
		default:
			return false
		}
		return true
	})
	events, stderr, code := m.build(fmt.Sprintf(`
mirror "loop" { debian = "%s/debian" }
template "x" {
  mirror = "loop"
  batch "system" { apt = ["bc"] }
  check "there" { command = "bc --version" }
}`, one.URL))
	if retries := messages(events, builder.EventRetry); code != 0 || len(retries) != 0 {
		t.Errorf("exit code %d, retries %q; want 0, and none\n%s", code, retries, stderr)
	}
	if mirrortest.Count(one.Take(), "debian") == 0 {
		t.Errorf("the mirror was not asked")
	}
}

// TestMissingOnMirrors: what does not exist anywhere is reported as missing
// once the official source has said so, and not as trouble with a mirror.
func TestMissingOnMirrors(t *testing.T) {
	m := newMirrored(t)
	one, two, three := mirrortest.Start(t, m.sources()), mirrortest.Start(t, m.sources()), mirrortest.Start(t, m.sources())
	events, _, code := m.build(fmt.Sprintf(`
mirror "loop" { pip = ["%s/simple", "%s/simple", "%s/simple"] }
template "x" {
  mirror = "loop"
  batch "python" { pip = ["e2bt-no-such-package-anywhere"] }
}`, one.URL, two.URL, three.URL))
	f := finding(events)
	retries := messages(events, builder.EventRetry)
	if code != exitBuild || f == nil || f.Category != "missing_package" || len(retries) != 2 || !strings.Contains(retries[1], "the official source") {
		t.Errorf("exit code %d, finding %+v, retries %q; want 4, missing_package, and two, the last on the official source", code, f, retries)
	}
	if len(three.Take()) != 0 {
		t.Errorf("a third mirror was asked, though the official source has said that there is none")
	}
}
