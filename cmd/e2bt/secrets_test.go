package main

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/google/go-cmp/cmp"
)

const (
	plainSecret   = "hunter2-simple-value"
	strangeSecret = `s3cret/to ken'x"y+zz`
	keySecret     = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo\n-----END KEY-----\n"
)

func testSecrets() *secrets {
	var s secrets
	s.add(plainSecret, strangeSecret, keySecret, "abc", "", "1234")
	return &s
}

// TestHide looks for what is left of secrets after hiding.
func TestHide(t *testing.T) {
	s := testSecrets()
	inJSON, err := json.Marshal(strangeSecret)
	if err != nil {
		t.Fatal(err)
	}
	quoted := "'" + strings.ReplaceAll(strangeSecret, "'", `'\''`) + "'"
	for name, text := range map[string]string{
		"as it is":            "a " + plainSecret + " b",
		"twice":               plainSecret + plainSecret,
		"strange":             "echo " + strangeSecret,
		"in JSON":             string(inJSON),
		"quoted":              "export T=" + quoted,
		"quoted twice":        "bash -c '" + strings.ReplaceAll(quoted, "'", `'\''`) + "'",
		"in a query":          "?t=" + url.QueryEscape(strangeSecret),
		"in a path":           "/" + url.PathEscape(strangeSecret),
		"as Python quotes it": "s3cret/to%20ken%27x%22y%2Bzz",
		"as a browser does":   "s3cret%2Fto%20ken'x%22y%2Bzz",
		"in small digits":     "s3cret%2fto%20ken%27x%22y%2bzz",
		"a line of a key":     "  MIIEvQIBADANBgkqhkiG9w0",
		"a short one":         "pin 1234",
	} {
		got := s.hide(text)
		for _, secret := range []string{plainSecret, "s3cret", "ken", "MIIE", "1234"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: hide(%q) = %q, which shows %q", name, text, got, secret)
			}
		}
	}
	for _, text := range []string{"abc", "nothing here", "(sensitive)"} {
		if got := s.hide(text); got != text {
			t.Errorf("hide(%q) = %q; want it unchanged", text, got)
		}
	}
}

// TestHideBase64 encodes secrets behind texts of every length, as in a header
// user:password, and decodes what is left.
func TestHideBase64(t *testing.T) {
	s := testSecrets()
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for n := range 7 {
			text := enc.EncodeToString([]byte("robot:"[:n%6] + strangeSecret + "rest"))
			got := s.hide(text)
			left := strings.ReplaceAll(got, hidden, "")
			if !strings.Contains(got, hidden) || len(left) > len(text)-base64.RawStdEncoding.EncodedLen(len(strangeSecret))+3 {
				t.Errorf("hide(%q) = %q; want the secret's part hidden", text, got)
			}
		}
	}
}

// TestSeams hands in logs whose lines cut secrets.
func TestSeams(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want []string
	}{
		{"whole lines", []string{"one", "two"}, []string{"one", "two"}},
		{"cut in two", []string{"a hunter2-sim", "ple-value b"}, []string{"a (sensitive)", " b"}},
		{"cut in many", []string{"hunter", "2-simp", "le-val", "ue"}, []string{"(sensitive)"}},
		{"a beginning alone", []string{"hunt", "er is a word"}, []string{"hunt", "er is a word"}},
		{"a beginning at the end", []string{"hunter2"}, []string{"hunter2"}},
		{"two secrets", []string{"hunter2-sim", "ple-value hunter2-simple", "-value."}, []string{"(sensitive)", " (sensitive)", "."}},
		{"many beginnings", strings.Split(strings.Repeat("hunt ", 20), " ")[:20], strings.Split(strings.Repeat("hunt ", 20), " ")[:20]},
	} {
		s := seams{secrets: testSecrets()}
		var got []string
		on := func(e builder.Event) {
			if e.Type == builder.EventLog {
				got = append(got, e.Message)
			}
		}
		for _, line := range c.in {
			s.pass(builder.Event{Type: builder.EventLog, Template: "t", Message: line}, on)
		}
		s.pass(builder.Event{Type: builder.EventBuildEnd, Template: "t"}, on)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: lines (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestSeamsKeepOrder does not let lines of another stream or template wait.
func TestSeamsKeepOrder(t *testing.T) {
	s := seams{secrets: testSecrets()}
	var got []string
	on := func(e builder.Event) { got = append(got, e.Template+" "+e.Stream+" "+e.Message) }
	log := func(template, stream, message string) {
		s.pass(builder.Event{Type: builder.EventLog, Template: template, Stream: stream, Message: message}, on)
	}
	log("a", "stdout", "hunter2-sim")
	log("b", "stdout", "ple-value")
	log("a", "stderr", "other")
	log("a", "stdout", "ple-value")
	want := []string{"b stdout ple-value", "a stdout hunter2-sim", "a stderr other", "a stdout ple-value"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                         "plain",
		"\x1b[31mred\x1b[0m":            "red",
		"\x1b]0;title\x07text":          "text",
		"\u009b2Jgone":                  "gone",
		"bell\a back\b del\x7f":         "bell back del",
		"tab\tkept":                     "tab\tkept",
		"\u202eright to left":           "right to left",
		"bad \xff byte":                 "bad \uFFFD byte",
		"漢字":                            "漢字",
		"\x1bPdevice control\x1b\\done": "done",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q; want %q", in, got, want)
		}
	}
}

// TestEscape keeps the value of a JSON document and nothing that a terminal
// would act on.
func TestEscape(t *testing.T) {
	in := "a\x1b[31m\x7f\u009b2J\u202e漢\n\"<>&"
	var out strings.Builder
	if err := encoder(&out).Encode(in); err != nil {
		t.Fatal(err)
	}
	if got := clean(out.String()); got != out.String() {
		t.Errorf("the document %q is not harmless: %q", out.String(), got)
	}
	var back string
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back != in {
		t.Errorf("the document %q means %q, %v; want %q", out.String(), back, err, in)
	}
}
