package diagnose

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const licence = `
rule "license" {
  match    = "LICENSE CHECK FAILED: (?P<package>\\S+)"
  category = "permission"
  priority = 100
  subject  = package
  summary  = "The licence check refused ${package}."
  fix      = "Ask for ${package} to be allowed, or remove it."
}
`

func TestExtraRule(t *testing.T) {
	rules, err := ParseRules([]byte(licence), "e2bt.hcl")
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(rules...)
	if err != nil {
		t.Fatal(err)
	}
	got := e.DiagnoseText([]byte("ok\nLICENSE CHECK FAILED: left-pad\n"), Context{User: "root"})
	if got.Category != Permission || got.Summary != "The licence check refused left-pad." || got.Fixes[0].Title != "Ask for left-pad to be allowed, or remove it." {
		t.Errorf("Diagnose() = %+v; want the licence rule's finding", got)
	}
	if want := []Evidence{{2, "LICENSE CHECK FAILED: left-pad"}}; !cmp.Equal(got.Evidence, want) {
		t.Errorf("evidence: %s", cmp.Diff(want, got.Evidence))
	}
}

func TestBadExtraRule(t *testing.T) {
	tests := []struct{ old, new, want string }{
		{"${package}.", "${pakage}.", `nothing is called "pakage"`},
		{"${package}.", "${upper(package)}.", `no function "upper"`},
		{`"permission"`, `"permissions"`, `no category "permissions"`},
		{`(?P<package>\\S+)`, `(?P<package>\\S+`, "missing closing )"},
		{"LICENSE CHECK FAILED: (?P<package>", `\\d (?P<package>`, "of a few texts"},
	}
	for _, tt := range tests {
		rules, err := ParseRules([]byte(strings.Replace(licence, tt.old, tt.new, 1)), "e2bt.hcl")
		if err == nil {
			_, err = New(rules...)
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(rule with %q) = %v; want an error that holds %q", tt.new, err, tt.want)
		}
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ in, want string }{
		{"fatal: unable to access 'https://bob:hunter22@git.example/a.git'", "fatal: unable to access 'https://***@git.example/a.git'"},
		{"GET https://r.example/x?token=abcdef123456&a=1", "GET https://r.example/x?token=***&a=1"},
		{"//registry.example/:_authToken=abcdef123456", "//registry.example/:_authToken=***"},
		{"Authorization: Bearer abcdef", "Authorization: Bearer ***"},
		{"key e2b_0123456789abcdef0123 refused", "key *** refused"},
		{"using sk-ant-api03-AAAAAAAAAAAAAAAAAAAA now", "using *** now"},
		{"a\x1b[31mb\x00c\u202ed", "a[31mbcd"},
		{"npm error 404 Not Found - GET https://registry.example/x", "npm error 404 Not Found - GET https://registry.example/x"},
	}
	for _, tt := range tests {
		if got := evidence(tt.in); got != tt.want {
			t.Errorf("evidence(%q) = %q; want %q", tt.in, got, tt.want)
		}
	}
}

func TestSecretsStayOut(t *testing.T) {
	log := "fatal: Authentication failed for 'https://bob:hunter22@git.example/a.git/'\n"
	if got := fmt.Sprintf("%+v", newEngine(t).DiagnoseText([]byte(log), Context{})); strings.Contains(got, "hunter22") {
		t.Errorf("Diagnose() = %s; want no password", got)
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ asked, list, want string }{
		{"==9.9.9", "0.0.23, 0.1.0, 0.1.3", "0.1.3"},
		{"==0.1.2", "0.0.23, 0.1.0, 0.1.3", "0.1.0"},
		{"==0.0.1", "0.0.23, 0.1.0", "0.0.23"},
		{"==2.0", "1.9, 2.1rc1, 1.10", "1.10"},
		{"^9", "1.0.219, 1.0.218, ...", "1.0.219"},
		{"==1", "2.0rc1", "2.0rc1"},
		{"==1", "", ""},
		{"==1", "none", ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.asked, tt.list); got != tt.want {
			t.Errorf("nearest(%q, %q) = %q; want %q", tt.asked, tt.list, got, tt.want)
		}
	}
}

func TestKnown(t *testing.T) {
	tests := []struct{ manager, name, want string }{
		{"pip", "sklearn", "scikit-learn"},
		{"pip", "reqeusts", "requests"},
		{"pip", "requests", ""},
		{"pip", "company-internal-tool", ""},
		{"npm", "claude-code", "@anthropic-ai/claude-code"},
		{"apt", "pip", "python3-pip"},
	}
	for _, tt := range tests {
		if got := known(tt.manager, tt.name); got != tt.want {
			t.Errorf("known(%q, %q) = %q; want %q", tt.manager, tt.name, got, tt.want)
		}
	}
}

// TestFilter compares the filter with a plain search for each literal.
func TestFilter(t *testing.T) {
	e := newEngine(t).loaded()
	for _, l := range append(strings.Split(licence, "\n"), "E: Unable to LOCATE package foo", "CERTIFICATE_VERIFY_FAILED", "无法定位软件包 x") {
		got, want := map[string]bool{}, map[string]bool{}
		e.literals.find([]byte(l), func(_ int32, start, end int) { got[lower(l[start:end])] = true })
		for _, entry := range e.literals.entries {
			if strings.Contains(lower(l), entry.literal) {
				want[entry.literal] = true
			}
		}
		if !cmp.Equal(got, want) {
			t.Errorf("find(%q): %s", l, cmp.Diff(want, got))
		}
	}
}

func TestHostileLogs(t *testing.T) {
	e := newEngine(t)
	tests := map[string][]byte{
		"one line":   bytes.Repeat([]byte("error: connection refused "), 400_000),
		"no newline": bytes.Repeat([]byte{'a'}, 5<<20),
		"NULs":       make([]byte, 1<<20),
		"escapes":    bytes.Repeat([]byte("\x1b[31m\x1b]0;"), 100_000),
		"returns":    bytes.Repeat([]byte("50%\r"), 200_000),
		"hits":       bytes.Repeat([]byte("E: Unable to locate package x\n"), 100_000),
	}
	for name, log := range tests {
		if got := e.DiagnoseText(log, Context{}); got == nil || len(got.Evidence) > 3 {
			t.Errorf("%s: Diagnose() = %+v; want a finding with little evidence", name, got)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	e := newEngine(t)
	s := e.Scanner(Context{})
	line := []byte("npm error network request to https://registry.example/x failed, reason: read ECONNRESET\n")
	var before, after runtime.MemStats
	for range 1_000 {
		_, _ = s.Write(line)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 10_000 {
		_, _ = s.Write(line)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("10,000 lines more keep %d bytes more", grown)
	}
	if got := s.Finding(); got.Category != Network {
		t.Errorf("Finding() = %s; want network", got.Category)
	}
}
