package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/e2bt/e2bt/local/image"
)

// e2eHome is a home of its own that shares the base images of the real one,
// which `e2bt image bootstrap` has made.
func e2eHome(t testing.TB) string {
	t.Helper()
	if os.Getenv("E2BT_E2E") != "local" {
		t.Skip("set E2BT_E2E=local for real builds, with packages from their registries")
	}
	real, err := (&app{getenv: os.Getenv}).home()
	if err != nil {
		t.Fatal(err)
	}
	images, err := image.Open(filepath.Join(real, "images"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := images.List()
	if err != nil || len(list) == 0 {
		t.Fatalf("no base image (%v): run `e2bt image bootstrap` first", err)
	}
	home := t.TempDir()
	if err := os.Symlink(filepath.Join(real, "images"), filepath.Join(home, "images")); err != nil {
		t.Fatal(err)
	}
	return home
}

// tries is how often an example is built where a registry has a bad minute.
const tries = 4

// buildExample builds an example with its events as JSON. Where the log says
// that something could not be fetched it is built again: what is asserted is
// asserted of a build whose downloads worked.
func buildExample(t *testing.T, home, file string) (events []builder.Event, stderr string, code int) {
	t.Helper()
	for try := 1; ; try++ {
		cmd := e2bt(t, t.TempDir(), home, "build", "--local", "--no-lock", "--json", file)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if _, exited := err.(*exec.ExitError); err != nil && !exited {
			t.Fatal(err)
		}
		events = parseEvents(t, string(out))
		trouble := hiccup(events)
		if err == nil || trouble == "" || try == tries {
			return events, errs.String(), cmd.ProcessState.ExitCode()
		}
		t.Logf("%s: building again after: %s", filepath.Base(file), trouble)
	}
}

// badMinute is how package managers say that a registry or the way to it has
// trouble, which they may do before they end with some other complaint.
var badMinute = regexp.MustCompile(`(?i)retrying|timed? ?out|temporary failure|could not resolve|connection (reset|refused|broken|aborted)|` +
	`50[0234] (internal|bad|service|gateway)|bad gateway|service unavailable|too many requests|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|socket hang up|incomplete read|IncompleteRead|hash sum mismatch`)

// hiccup is the first sign of a download that failed for no fault of the
// example: in the output of a batch that installs something.
func hiccup(events []builder.Event) string {
	if f := finding(events); f != nil && f.Retryable && f.Category != diagnose.Timeout {
		return f.Summary
	}
	for _, e := range events {
		if e.Type == builder.EventLog && e.Stream != "" && badMinute.MatchString(e.Message) {
			return e.Message
		}
	}
	return ""
}

func parseEvents(t *testing.T, out string) (events []builder.Event) {
	t.Helper()
	for line := range strings.Lines(out) {
		var e builder.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q is no event: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

func finding(events []builder.Event) *diagnose.Finding {
	for _, e := range events {
		var f diagnose.Finding
		if e.Type == builder.EventFinding && json.Unmarshal(e.Finding, &f) == nil {
			return &f
		}
	}
	return nil
}

func example(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExamplesBuild builds every example that should build; their own checks
// say that what they install is there.
func TestExamplesBuild(t *testing.T) {
	home := e2eHome(t)
	for _, name := range []string{"claude-agent.hcl", "python-data.hcl", "node-service.hcl", "matrix.hcl"} {
		events, stderr, code := buildExample(t, home, example(t, name))
		if code != 0 {
			t.Errorf("building %s: exit code %d; want 0\n%s", name, code, stderr)
			continue
		}
		checks := 0
		for _, e := range events {
			if e.Type == builder.EventCheck && *e.OK {
				checks++
			}
		}
		if checks == 0 {
			t.Errorf("building %s: no check was run", name)
		}
	}
	t.Run("agent", func(t *testing.T) { testAgentCheck(t, home) })
}

// TestBrokenExamples builds what fails on purpose: the exit code, the category
// and the author's line must be right.
func TestBrokenExamples(t *testing.T) {
	home := e2eHome(t)
	for _, c := range []struct {
		file     string
		category diagnose.Category
		line     string
	}{
		{"timeout.hcl", diagnose.Timeout, `batch "slow" {`},
		{"missing-package.hcl", diagnose.MissingPackage, `pip     = ["python-dotenvv-e2bt"]`},
		{"version-not-found.hcl", diagnose.VersionNotFound, `pip = { python-dotenv = "99.9.9" }`},
		{"permission.hcl", diagnose.Permission, `run     = ["apt-get install -y jq"]`},
		{"command-not-found.hcl", diagnose.CommandNotFound, `run     = ["cmake --version"]`},
	} {
		events, stderr, code := buildExample(t, home, example(t, filepath.Join("broken", c.file)))
		if code != exitBuild {
			t.Errorf("%s: exit code %d; want %d\n%s", c.file, code, exitBuild, stderr)
		}
		f := finding(events)
		if f == nil || f.Category != c.category {
			t.Errorf("%s: finding %+v; want category %s", c.file, f, c.category)
		}
		if f != nil && len(f.Fixes) == 0 {
			t.Errorf("%s: the finding has no fix", c.file)
		}
		if !strings.Contains(stderr, c.line) {
			t.Errorf("%s: stderr does not show the line %q:\n%s", c.file, c.line, stderr)
		}
	}
}

func TestHiccup(t *testing.T) {
	for text, want := range map[string]bool{
		"WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'ReadTimeoutError'": true,
		"npm ERR! code ECONNRESET": true,
		"Err:1 http://deb.example bookworm InRelease  Temporary failure resolving 'deb.example'":     true,
		"ERROR: HTTP error 503 Service Unavailable while getting https://pypi.example/simple/httpx/": true,
		"ERROR: No matching distribution found for python-dotenvv-e2bt":                              false,
		"/bin/bash: line 1: cmake: command not found":                                                false,
		"E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)":     false,
		"Downloading python_dotenv-1.2.4-py3-none-any.whl (23 kB), 502 kB/s":                         false,
	} {
		event := builder.Event{Type: builder.EventLog, Stream: "stderr", Message: text}
		if got := hiccup([]builder.Event{event}) != ""; got != want {
			t.Errorf("hiccup(%q) = %v; want %v", text, got, want)
		}
	}
}
