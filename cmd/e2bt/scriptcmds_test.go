package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// bytesFile writes a file that a script cannot hold: bytes FILE 'GO STRING'.
func bytesFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE 'TEXT WITH \\\\xff'")
	}
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// nothingHolds wants a text in no output of the last command and in no file
// below a directory: nothing-holds DIR TEXT...
func nothingHolds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nothing-holds DIR TEXT...")
	}
	texts := map[string]string{"stdout": ts.ReadFile("stdout"), "stderr": ts.ReadFile("stderr")}
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	ts.Check(err)
	for where, text := range texts {
		for _, secret := range args[1:] {
			if strings.Contains(text, secret) {
				ts.Fatalf("%s holds %q:\n%s", where, secret, text)
			}
		}
	}
}

// standIns are endpoints that are not what they should be, by what they answer.
var standIns = map[string]http.HandlerFunc{
	"web-page": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><html><head><title>Welcome</title></head><body>\x1b[31mhello</body></html>")
	},
	"web-page-404": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html><head><title>404 Not Found</title></head><body><h1>404</h1></body></html>")
	},
	"no-files": func(w http.ResponseWriter, r *http.Request) { // and nothing else, as far as it is asked
		switch {
		case strings.Contains(r.URL.Path, "/files/"):
			http.NotFound(w, r)
			return
		case r.URL.Path == "/health", r.URL.Path == "/v2/templates":
			fmt.Fprint(w, "[]")
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 404, "message": "template not found"})
	},
	"refuses": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 401, "message": "no such key: " + r.Header.Get("X-API-KEY")})
	},
	"forbids": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"code":403,"message":"not your team"}`)
	},
	"nothing": func(http.ResponseWriter, *http.Request) {},
	"hostile": func(w http.ResponseWriter, r *http.Request) {
		const bad = `\u001b[31mred\u001b[0m\u009b2J\u202e\u007f\ttab\nline`
		switch {
		case strings.HasSuffix(r.URL.Path, "/tags"):
			fmt.Fprintf(w, `[{"tag":"%s","buildID":"b1%[1]s"}]`, bad)
		case r.URL.Path == "/v2/templates":
			fmt.Fprintf(w, `[{"templateID":"id%s","aliases":["name%[1]s"],"buildStatus":"ready%[1]s"}]`, bad)
		default:
			fmt.Fprintf(w, `{"templateID":"id%s","names":["name%[1]s"],"builds":[{"buildID":"b1%[1]s","status":"ready%[1]s"}]}`, bad)
		}
	},
}

// standIn sets the environment to an endpoint that is none: stand-in WHAT. The
// words "down", "banner" and "elsewhere" are ports without HTTP, with another
// protocol, and a server that sends on to one that must not be asked.
func standIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stand-in WHAT")
	}
	ts.Setenv("E2B_API_KEY", testKey)
	switch args[0] {
	case "down":
		ts.Setenv("E2B_API_URL", "http://"+freeAddress(ts))
	case "banner":
		ts.Setenv("E2B_API_URL", "http://"+bannerServer(ts))
	case "elsewhere":
		var asked atomic.Int32
		thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			asked.Add(1)
		}))
		ts.Defer(func() {
			thief.Close()
			if n := asked.Load(); n > 0 {
				ts.Fatalf("the server that was sent on to was asked %d times", n)
			}
		})
		serve(ts, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, http.StatusFound) })
	default:
		handler, ok := standIns[args[0]]
		if !ok {
			ts.Fatalf("no such stand-in: %s", args[0])
		}
		serve(ts, handler)
	}
}

func serve(ts *testscript.TestScript, handler http.HandlerFunc) {
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	ts.Setenv("E2B_API_URL", server.URL)
}

// freeAddress is one on which nothing listens.
func freeAddress(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(l.Close())
	return l.Addr().String()
}

// bannerServer greets as a mail or SSH server does.
func bannerServer(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "SSH-2.0-OpenSSH\r\n")
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// shapes are the JSON documents of the contract: field by field, an example of
// the kind of value. A list's only element is the shape of all its elements.
var (
	stepShape = map[string]any{
		"index": 1.0, "type": "", "args": []any{""}, "batch": "", "timeout_s": 1.0, "files_hash": "", "cache": "", "reason": "", "range": "",
	}
	planShape = map[string]any{
		"version": 1.0, "templates": []any{map[string]any{
			"address": "", "name": "", "action": "", "fingerprint": "", "from_image": "", "from_template": "", "cpu_count": 1.0, "memory_mb": 1.0,
			"mirror": "", "steps": []any{stepShape}, "start_cmd": "", "ready_cmd": "",
		}},
	}
	findingShape = map[string]any{
		"category": "", "tool": "", "subject": "", "version": "", "retryable": true, "confidence": "", "summary": "", "detail": "",
		"evidence": []any{map[string]any{"line": 1.0, "text": ""}},
		"fixes":    []any{map[string]any{"title": "", "detail": "", "safe": true, "edits": []any{map[string]any{"address": ""}}}},
	}
	eventShapes = map[string]map[string]any{
		"build_start": {"template_id": "", "build_id": ""},
		"step_start":  {"index": 1.0, "batch": "", "cached": true, "seconds": 1.0},
		"step_end":    {"index": 1.0, "batch": "", "cached": true, "seconds": 1.0},
		"log":         {"index": 1.0, "batch": "", "level": "", "stream": "", "message": ""},
		"retry":       {},
		"finding":     findingShape,
		"check":       {"name": "", "ok": true, "seconds": 1.0},
		"build_end":   {"status": "", "seconds": 1.0},
		"summary":     {"counts": map[string]any{}},
	}
	words = map[string][]string{
		"action":     {"create", "rebuild", "up_to_date", "unknown"},
		"cache":      {"hit", "miss", "unknown"},
		"status":     {"ready", "error", "timeout", "cancelled", "up_to_date"},
		"confidence": {"high", "medium", "low"},
	}
)

// shape checks the last command's stdout: shape plan, shape finding, or
// shape events TYPE..., where each type must have come.
func shape(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: shape plan|finding|events [TYPE...]")
	}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	if args[0] == "events" {
		checkEvents(ts, dec, args[1:])
		return
	}
	var doc any
	ts.Check(dec.Decode(&doc))
	fits(ts, args[0], doc, map[string]any{"plan": planShape, "finding": findingShape}[args[0]])
	if dec.More() {
		ts.Fatalf("there is more than one document")
	}
}

// checkEvents wants one event a line, and the summary last.
func checkEvents(ts *testscript.TestScript, dec *json.Decoder, types []string) {
	came := map[string]int{}
	last := ""
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("%q is no event: %v", line, err)
		}
		fits(ts, line, e, map[string]any{"type": "", "time": "", "template": ""})
		last = e["type"].(string)
		want, ok := eventShapes[last]
		if !ok {
			ts.Fatalf("the contract knows no event %q", last)
		}
		fits(ts, line, e, want)
		came[last]++
	}
	for _, t := range types {
		if came[t] == 0 {
			ts.Fatalf("no event %s came, only %v", t, came)
		}
	}
	if last != "summary" {
		ts.Fatalf("the last event is %s; want summary", last)
	}
}

// fits wants every field of want in got, with a value of its kind; got may
// have more.
func fits(ts *testscript.TestScript, where string, got, want any) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			ts.Fatalf("%s: %v is no object", where, got)
		}
		for name, value := range want {
			field, there := object[name]
			if !there {
				ts.Fatalf("%s: no field %q", where, name)
			}
			fits(ts, where+"."+name, field, value)
			if allowed := words[name]; allowed != nil && !strings.Contains(" "+strings.Join(allowed, " ")+" ", fmt.Sprintf(" %v ", field)) {
				ts.Fatalf("%s: %s is %v; want one of %v", where, name, field, allowed)
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok {
			ts.Fatalf("%s: %v is no list", where, got)
		}
		for i, item := range list {
			fits(ts, fmt.Sprintf("%s[%d]", where, i), item, want[0])
		}
	default:
		if g, w := fmt.Sprintf("%T", got), fmt.Sprintf("%T", want); g != w {
			ts.Fatalf("%s: %v is a %s; want a %s", where, got, g, w)
		}
	}
}
