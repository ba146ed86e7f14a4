package builder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/e2btest"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/localtest"
	"github.com/google/go-cmp/cmp"
)

const apiKey = "e2b_0123456789abcdef"

// world is an endpoint, a client of it, and what a runner says.
type world struct {
	t      *testing.T
	client *e2b.Client
	http   *http.Client
	state  string
	dir    string // of the configuration

	mu       sync.Mutex
	requests []string // method and path of each
	events   []builder.Event
}

// inWorld runs a test in a bubble, on a server with the simulated engine.
// between, if not nil, stands between client and server.
func inWorld(t *testing.T, between func(w *world, next http.Handler) http.Handler, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		f(newWorld(t, localtest.New(t, local.Options{APIKey: apiKey}), between))
	})
}

func newWorld(t *testing.T, h http.Handler, between func(w *world, next http.Handler) http.Handler) *world {
	w := &world{t: t, state: filepath.Join(t.TempDir(), ".e2bt")}
	if between != nil {
		h = between(w, h)
	}
	w.http = e2btest.Client(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(r)
		h.ServeHTTP(rw, r)
	}))
	w.client = e2b.New(e2b.Options{APIURL: "http://localhost", SandboxURL: "http://localhost", APIKey: apiKey, Version: "test", HTTPClient: w.http})
	return w
}

func (w *world) note(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r.Method+" "+r.URL.Path)
}

// count counts the requests with that method and that end of the path.
func (w *world) count(method, suffix string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.requests {
		if strings.HasPrefix(r, method+" ") && strings.HasSuffix(r, suffix) {
			n++
		}
	}
	return n
}

// isTrigger reports whether a request starts a build.
func isTrigger(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/builds/")
}

func isStatus(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/status") }

func (w *world) triggers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.requests {
		if strings.HasPrefix(r, "POST /v2/templates/") {
			n++
		}
	}
	return n
}

// runner makes a runner of this world.
func (w *world) runner() *builder.Runner {
	return &builder.Runner{
		Client: w.client, StateDir: w.state, Endpoint: "http://localhost",
		Emit: func(e builder.Event) { w.events = append(w.events, e) },
	}
}

// plan writes a configuration and plans it.
func (w *world) plan(text string, more ...files) *builder.Plan {
	w.t.Helper()
	project := files{"e2bt.hcl": text}
	for _, m := range more {
		for name, content := range m {
			project[name] = content
		}
	}
	w.dir = project.write(w.t)
	p, diags := planIn(w.t, w.dir)
	if diags.HasErrors() {
		w.t.Fatalf("the plan: %s", diags)
	}
	return p
}

// run builds a configuration and wants these ends, in the plan's order.
func (w *world) run(r *builder.Runner, p *builder.Plan, want ...builder.Status) []builder.Result {
	w.t.Helper()
	results := r.Run(w.t.Context(), p)
	w.ended(results, want...)
	return results
}

func (w *world) ended(results []builder.Result, want ...builder.Status) {
	w.t.Helper()
	var got []builder.Status
	for _, res := range results {
		got = append(got, res.Status)
		if res.Err != nil {
			w.t.Logf("%s: %v", res.Template.Name, res.Err)
		}
		if res.Failure != nil {
			w.t.Logf("%s: %s", res.Template.Name, res.Failure.Reason)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("ends (-want +got):\n%s", diff)
	}
}

// tags are the tags of a template and the builds that they point at.
func (w *world) tags(name string) map[string]string {
	w.t.Helper()
	all, err := w.client.Tags(context.Background(), name)
	if err != nil && !e2b.NotFound(err) {
		w.t.Fatal(err)
	}
	found := map[string]string{}
	for _, tag := range all {
		found[tag.Tag] = tag.BuildID
	}
	return found
}

// story is what the events say, a line each, without times and ids.
func (w *world) story() string {
	var b strings.Builder
	for _, e := range w.events {
		fmt.Fprintf(&b, "%s", e.Type)
		for _, part := range []string{e.Template, step(e), e.Stream, string(e.Status), e.Name, yes(e.Cached, "cached", "made"), yes(e.OK, "ok", "failed"), e.Message} {
			if part != "" {
				fmt.Fprintf(&b, " %s", strings.ReplaceAll(part, "\n", "\\n"))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func step(e builder.Event) string {
	if e.Index == 0 {
		return e.Phase
	}
	return fmt.Sprintf("%d:%s", e.Index, e.Batch)
}

func yes(b *bool, yes, no string) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return yes
	}
	return no
}

// record reads the one record that there is of a build.
func (w *world) record(buildID string) builder.Record {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.state, "builds", buildID+".json"))
	if err != nil {
		w.t.Fatal(err)
	}
	var rec builder.Record
	if err := json.Unmarshal(text, &rec); err != nil {
		w.t.Fatal(err)
	}
	return rec
}

const hello = `
template "app" {
  tags = ["nightly"]
  batch "one" { run = ["echo hello", "echo trouble >&2"] }
  copy {
    from = "data/"
    to   = "/home/user/data"
  }
  batch "two" { run = ["cat data/note"] }
  check "greets" {
    command  = "cat /home/user/data/note"
    contains = "a note"
  }
}
`

var note = files{"data/note": "a note\n"}

// TestRun tells the whole story of a build: what is said, what is asked of the
// endpoint in which order, and what is left.
func TestRun(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.plan(hello, note)
		res := w.run(w.runner(), p, builder.StatusReady)[0]
		story := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(w.story(), "HASH")
		story = strings.NewReplacer(res.TemplateID, "TID", res.BuildID, "BID").Replace(story)
		golden(t, "testdata/run.txt", []byte(story+"\n"+strings.Join(w.protocol(res), "\n")+"\n"))
		fp := p.Templates[0].FingerprintTag()
		want := map[string]string{"default": res.BuildID, "nightly": res.BuildID, fp: res.BuildID}
		if diff := cmp.Diff(want, w.tags("app")); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		rec := w.record(res.BuildID)
		if rec.Status != builder.StatusReady || rec.TemplateID != res.TemplateID || rec.Template != "app" || !rec.Has(fp) || !rec.Has("nightly") {
			t.Errorf("record = %+v", rec)
		}
	})
}

// protocol is what was asked, polls left out.
func (w *world) protocol(res builder.Result) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, r := range w.requests {
		r = strings.NewReplacer(res.TemplateID, "TID", res.BuildID, "BID").Replace(r)
		r = regexp.MustCompile(`(files|_upload|sandboxes)/\w+`).ReplaceAllString(r, "$1/ID")
		if !strings.HasSuffix(r, "/status") {
			out = append(out, r)
		}
	}
	return out
}

// TestEvents has the JSON form of every type of event.
func TestEvents(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.run(w.runner(), w.plan(hello, note), builder.StatusReady)
		seen := map[string]string{}
		for _, e := range w.events {
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var fields map[string]any
			if err := json.Unmarshal(text, &fields); err != nil {
				t.Fatal(err)
			}
			if at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(fields["time"])); err != nil || at.Location() != time.UTC {
				t.Errorf("%s: time %v; want RFC 3339, in UTC", e.Type, fields["time"])
			}
			seen[e.Type] = strings.Join(slices.Sorted(maps.Keys(fields)), " ")
		}
		want := map[string]string{
			"build_start": "attempt build_id template template_id time total type",
			"upload":      "index message sent template time total type",
			"step_start":  "batch cached index message seconds template time type",
			"log":         "batch index level message phase stream template time type",
			"step_end":    "batch cached index message seconds template time type",
			"check":       "name ok range seconds template time timings type",
			"build_end":   "build_id seconds status template template_id time type",
			"summary":     "counts template time type",
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
	})
}

// A second run takes the layers that are there; --no-cache does not.
func TestRunCached(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.plan(hello, note)
		ends := func(r *builder.Runner) string {
			w.events = nil
			w.run(r, p, builder.StatusReady)
			var out []string
			for _, e := range w.events {
				if e.Type == builder.EventStepEnd {
					out = append(out, yes(e.Cached, "cached", "made"))
				}
			}
			return strings.Join(out, " ")
		}
		forced := w.runner()
		forced.NoCache = true
		for _, tt := range []struct {
			r    *builder.Runner
			want string
		}{{w.runner(), "made made made"}, {w.runner(), "cached cached cached"}, {forced, "made made made"}} {
			if got := ends(tt.r); got != tt.want {
				t.Errorf("steps: %s; want %s", got, tt.want)
			}
		}
		if got := w.count("PUT", ""); got != 1 {
			t.Errorf("%d uploads; want 1: the files are there", got)
		}
	})
}

// A build whose check fails is never promoted; the one before stays.
func TestRunCheckFails(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		good := w.run(w.runner(), w.plan(hello, note), builder.StatusReady)[0]
		before := w.tags("app")
		w.events = nil
		bad := w.run(w.runner(), w.plan(hello, files{"data/note": "something else\n"}), builder.StatusError)[0]
		if !bad.CheckFailed || bad.Err != nil || bad.Failure != nil || bad.BuildID == good.BuildID {
			t.Errorf("result %+v; want a failed check alone", bad)
		}
		if diff := cmp.Diff(before, w.tags("app")); diff != "" {
			t.Errorf("tags (-before +after):\n%s", diff)
		}
		if !strings.Contains(w.story(), "check app greets failed the output does not contain \"a note\":\\nsomething else\n") {
			t.Errorf("the story:\n%s", w.story())
		}
		if got := w.record(bad.BuildID).Status; got != builder.StatusError {
			t.Errorf("the record's status: %q; want error", got)
		}
		if left := len(w.sandboxes()); left != 0 {
			t.Errorf("%d sandboxes are left", left)
		}
	})
}

// sandboxes lists what runs.
func (w *world) sandboxes() []json.RawMessage {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://localhost/sandboxes", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-API-KEY", apiKey)
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var all []json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestChecks has every way in which a check can end.
func TestChecks(t *testing.T) {
	tests := []struct{ check, complaint string }{
		{`command = "true"`, ""},
		{`command = "exit 3"`, "exit code 3, want 0"},
		{"command = \"exit 3\"\n exit_code = 3", ""},
		{"command = \"echo one; echo two >&2; exit 1\"", "exit code 1, want 0:\none\ntwo"},
		{"command = \"echo hello\"\n contains = \"ell\"", ""},
		{"command = \"echo hello >&2\"\n contains = \"ell\"", ""},
		{"command = \"echo hello\"\n contains = \"x\"", "the output does not contain \"x\":\nhello"},
		{"command = \"echo hello\"\n matches = \"^h.*o$\"", ""}, // the last line end does not count
		{"command = \"echo hello\"\n matches = \"o\\n$\"", ""},  // but where it is asked for
		{"command = \"echo hello; echo\"\n matches = \"^h.*o$\"", "the output does not match \"^h.*o$\":\nhello"},
		{"command = \"echo hello\"\n matches = \"(?m)^h.*o$\"", ""},
		{"command = \"seq 30\"\n contains = \"x\"", "the output does not contain \"x\":\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30"},
		{"command = \"sleep 60\"\n timeout = \"5s\"", "did not end within 5s"},
		{"command = \"echo begun; sleep 60\"\n timeout = \"5s\"", "did not end within 5s:\nbegun"},
		{"command = \"whoami\"\n contains = \"user\"", ""},
		{"command = \"whoami\"\n user = \"root\"\n contains = \"root\"", ""},
	}
	var text strings.Builder
	text.WriteString("template \"app\" {\n")
	for i, tt := range tests {
		fmt.Fprintf(&text, "check \"c%d\" {\n %s\n}\n", i, tt.check)
	}
	text.WriteString("}")
	inWorld(t, nil, func(w *world) {
		w.run(w.runner(), w.plan(text.String()), builder.StatusError)
		done := map[string]bool{}
		for _, e := range w.events {
			if e.Type != builder.EventCheck {
				continue
			}
			i, _ := strconv.Atoi(e.Name[1:])
			if want := tests[i].complaint; e.Message != want || *e.OK != (want == "") || !strings.HasPrefix(e.Range, "e2bt.hcl:") {
				t.Errorf("%s: ok %v, %q, at %s; want %q", tests[i].check, *e.OK, e.Message, e.Range, want)
			}
			done[e.Name] = true
		}
		if len(done) != len(tests) {
			t.Errorf("%d checks; want %d", len(done), len(tests))
		}
	})
}

// Checks run side by side, each in a sandbox of its own, and only the first
// ones wait for a sandbox to be made.
func TestCheckPool(t *testing.T) {
	const create, check = 3 * time.Second, 10 * time.Second
	text := "template \"app\" {\n"
	for i := range 10 {
		text += fmt.Sprintf("check \"c%d\" {\n command = \"sleep 10\"\n}\n", i)
	}
	var counting sync.Mutex
	alive, most := 0, 0
	count := func(change int) {
		counting.Lock()
		defer counting.Unlock()
		alive += change
		most = max(most, alive)
	}
	between := instead(func(rw http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/v2/sandboxes":
			time.Sleep(create)
			count(1)
		case r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/sandboxes/"):
			count(-1)
		}
		return false
	})
	inWorld(t, between, func(w *world) {
		p := w.plan(text + "}")
		build := w.runner()
		build.NoCheck = true
		w.run(build, p, builder.StatusReady)
		w.events = nil
		r := w.runner()
		r.Checks = 2
		start := time.Now()
		if failed, err := r.Check(w.t.Context(), p.Templates[0]); failed || err != nil {
			t.Fatalf("Check() = %v, %v", failed, err)
		}
		if took := time.Since(start); took < create+5*check || took > create+5*check+time.Second {
			t.Errorf("took %s; want a creation and five rounds of checks", took)
		}
		if most != 4 {
			t.Errorf("%d sandboxes at once; want 4: two in use and two ahead", most)
		}
		if len(w.events) != 10 {
			t.Errorf("%d events; want 10", len(w.events))
		}
		for _, e := range w.events {
			if at := e.Timings; at["create"] != create.Seconds() || at["check"] < check.Seconds() || at["check"] > check.Seconds()+1 {
				t.Errorf("timings %v", at)
			}
		}
	})
}

// The check command alone: what default serves, and nothing is built.
func TestCheckAlone(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.plan(hello, note)
		w.run(w.runner(), p, builder.StatusReady)
		before := w.triggers()
		if failed, err := w.runner().Check(w.t.Context(), p.Templates[0]); failed || err != nil {
			t.Errorf("Check() = %v, %v; want neither", failed, err)
		}
		p = w.plan(strings.Replace(hello, "a note", "another", 1), note)
		if failed, err := w.runner().Check(w.t.Context(), p.Templates[0]); !failed || err != nil {
			t.Errorf("Check() = %v, %v; want a failed check", failed, err)
		}
		p.Templates[0].Name = "unknown"
		if _, err := w.runner().Check(w.t.Context(), p.Templates[0]); !e2b.NotFound(err) {
			t.Errorf("Check() of nothing = %v; want not found", err)
		}
		if w.triggers() != before || len(w.sandboxes()) != 0 {
			t.Errorf("%d builds, %d sandboxes; want none", w.triggers()-before, len(w.sandboxes()))
		}
	})
}

// With --no-check there is no sandbox, and the build is promoted.
func TestRunNoCheck(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		r := w.runner()
		r.NoCheck = true
		res := w.run(r, w.plan(hello, files{"data/note": "wrong"}), builder.StatusReady)[0]
		if w.tags("app")["default"] != res.BuildID || w.count("POST", "/v2/sandboxes") != 0 {
			t.Errorf("tags %v, requests %v", w.tags("app"), w.requests)
		}
	})
}

// TestRunFailures has a failure in every part of a build.
func TestRunFailures(t *testing.T) {
	tests := []struct {
		name, body string
		phase      string
		step, code int
		reason     string
	}{
		{"the base", `base { image = "127.0.0.1:1/none:1" }`, "base", 0, -1, "127.0.0.1:1"},
		{"a missing template", `base { template = "none" }`, "base", 0, -1, "none"},
		{"a command", `batch "b" { run = ["echo before", "exit 42", "echo after"] }`, "step", 1, 42, "exit status 42"},
		{"the second batch", "batch \"a\" { run = [\"true\"] }\n batch \"b\" { run = [\"no-such-command\"] }", "step", 2, 127, "exit status 127"},
		{"an exit status in the text", `batch "b" { run = ["echo exit status 9; exit 3"] }`, "step", 1, 3, "exit status 3"},
		{"an unknown user", "batch \"b\" {\n run = [\"true\"]\n user = \"nobody-here\"\n}", "step", 1, -1, "nobody-here"},
		{"the start command", "start {\n command = \"exit 5\"\n ready { command = \"false\" }\n}", "start", 0, 5, "exit status 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				res := w.run(w.runner(), w.plan("template \"t\" {\n"+tt.body+"\n}"), builder.StatusError)[0]
				f := res.Failure
				if f == nil || res.Err != nil || res.CheckFailed {
					t.Fatalf("result %+v; want a failure", res)
				}
				index := 0
				if f.Step != nil {
					index = f.Step.Index
				}
				if f.Phase != tt.phase || index != tt.step || f.ExitCode != tt.code || !strings.Contains(f.Reason, tt.reason) || f.GaveUp || f.Template != res.Template {
					t.Errorf("failure in %s, step %d, exit code %d: %s; want %s, %d, %d, %s", f.Phase, index, f.ExitCode, f.Reason, tt.phase, tt.step, tt.code, tt.reason)
				}
				if got := len(w.tags("t")); got != 0 {
					t.Errorf("tags %v; want none", w.tags("t"))
				}
				w.paired(tt.step)
			})
		})
	}
}

// paired wants an end for every step that was started, the last one failed
// where failed is its index.
func (w *world) paired(failed int) {
	w.t.Helper()
	open := 0
	for _, e := range w.events {
		switch e.Type {
		case builder.EventStepStart:
			if open != 0 || e.Index == 0 {
				w.t.Errorf("step %d starts while %d runs", e.Index, open)
			}
			open = e.Index
		case builder.EventStepEnd:
			if e.Index != open {
				w.t.Errorf("step %d ends while %d runs", e.Index, open)
			}
			if isOK := e.OK == nil || *e.OK; isOK == (e.Index == failed) {
				w.t.Errorf("step %d ends, ok: %v", e.Index, isOK)
			}
			open = 0
		}
	}
	if open != 0 {
		w.t.Errorf("step %d has no end", open)
	}
}

const chained = `
template "child" {
  base { template = template.parent }
  batch "b" { run = ["cat /home/user/from-parent"] }
}
template "parent" {
  batch "a" { run = ["echo text > /home/user/from-parent"] }
}
`

// A child is built on exactly the build that was made of its parent, after it.
func TestRunParents(t *testing.T) {
	var bodies []string
	spy := func(w *world, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isTrigger(r) {
				text := body(t, r)
				w.mu.Lock()
				bodies = append(bodies, text)
				w.mu.Unlock()
			}
			next.ServeHTTP(rw, r)
		})
	}
	inWorld(t, spy, func(w *world) {
		p := w.plan(chained)
		results := w.run(w.runner(), p, builder.StatusReady, builder.StatusReady)
		want := fmt.Sprintf(`"fromTemplate":"parent:%s"`, results[0].BuildID)
		if len(bodies) != 2 || !strings.Contains(bodies[1], want) || strings.Contains(bodies[1], "fromImage") {
			t.Errorf("triggers %s; want the second with %s", bodies, want)
		}
		// Left out, since it is up to date, it is still that build.
		bodies = nil
		if err := (builder.Comparer{Client: w.client}).Compare(w.t.Context(), p); err != nil {
			t.Fatal(err)
		}
		p.Templates[1].Action = builder.ActionRebuild
		r := w.runner()
		r.Changed = true
		results = w.run(r, p, builder.StatusUpToDate, builder.StatusReady)
		if len(bodies) != 1 || !strings.Contains(bodies[0], want) {
			t.Errorf("triggers %s; want one with %s", bodies, want)
		}
		if results[0].BuildID == "" || !results[0].OK() {
			t.Errorf("the parent's result: %+v", results[0])
		}
	})
}

// body reads a request's body and leaves it to be read again.
func body(t *testing.T, r *http.Request) string {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("reading a request: %v", err)
	}
	setBody(r, string(text))
	return string(text)
}

func setBody(r *http.Request, text string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
}

// Where a parent fails, its children are not started, and others go on.
func TestRunParentFails(t *testing.T) {
	text := strings.Replace(chained, "echo text", "exit 3; echo text", 1) + `
template "alone" {
  batch "b" { run = ["sleep 1"] }
}
template "grandchild" {
  base { template = template.child }
}`
	inWorld(t, nil, func(w *world) {
		p := w.plan(text)
		results := w.runner().Run(w.t.Context(), p)
		for _, res := range results {
			want := map[string]builder.Status{"parent": builder.StatusError, "child": builder.StatusNotStarted, "grandchild": builder.StatusNotStarted, "alone": builder.StatusReady}[res.Template.Name]
			if res.Status != want {
				t.Errorf("%s: %s; want %s", res.Template.Name, res.Status, want)
			}
		}
		if got := w.count("POST", "/v3/templates"); got != 2 {
			t.Errorf("%d registered; want 2", got)
		}
	})
}

// TestRunParallel counts the builds that run at once.
func TestRunParallel(t *testing.T) {
	var text strings.Builder
	for i := range 6 {
		fmt.Fprintf(&text, "template \"t%d\" {\n batch \"b\" { run = [\"sleep %d\"] }\n}\n", i, 10+i)
	}
	for _, limit := range []int{1, 3, 0} {
		inWorld(t, nil, func(w *world) {
			r := w.runner()
			r.Parallel = limit
			now, most := 0, 0
			r.Emit = func(e builder.Event) {
				switch e.Type {
				case builder.EventBuildStart:
					now++
				case builder.EventBuildEnd:
					now--
				}
				most = max(most, now)
			}
			ready := builder.StatusReady
			w.run(r, w.plan(text.String()), ready, ready, ready, ready, ready, ready)
			want := limit
			if want == 0 {
				want = builder.DefaultParallel
			}
			if most != want {
				t.Errorf("--parallel %d: %d at once; want %d", limit, most, want)
			}
		})
	}
}

// The first failure stops the builds that run, and no other is begun.
func TestRunFailFast(t *testing.T) {
	text := `
template "a-fails" {
  batch "b" { run = ["sleep 5", "exit 3"] }
}
template "b-runs" {
  batch "b" { run = ["sleep 500"] }
}
template "c-waits" {
  base { template = template.b-runs }
}
`
	for _, failFast := range []bool{true, false} {
		inWorld(t, nil, func(w *world) {
			r := w.runner()
			r.Parallel, r.FailFast = 2, failFast
			start := time.Now()
			want := []builder.Status{builder.StatusError, builder.StatusReady, builder.StatusReady}
			if failFast {
				want = []builder.Status{builder.StatusError, builder.StatusCancelled, builder.StatusNotStarted}
			}
			results := w.run(r, w.plan(text), want...)
			if quick := time.Since(start) < 20*time.Second; quick != failFast {
				t.Errorf("--fail-fast %v: took %s", failFast, time.Since(start))
			}
			if results[1].Err != nil {
				t.Errorf("what was stopped has an error: %v", results[1].Err)
			}
			if last := w.events[len(w.events)-1]; last.Type != builder.EventSummary {
				t.Errorf("the last event is %s; want the summary", last.Type)
			}
		})
	}
}

// TestRunLog wants every line of a long log, in order, whatever its stream.
func TestRunLog(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.run(w.runner(), w.plan(`template "t" {
  batch "b" { run = ["seq 1234", "seq 5 >&2", "sleep 3", "seq 301"] }
}`), builder.StatusReady)
		var got, want []string
		for _, e := range w.events {
			if e.Type == builder.EventLog && e.Batch == "b" && e.Level != "debug" {
				got = append(got, e.Stream+" "+e.Message)
			}
		}
		for _, part := range []struct {
			stream string
			n      int
		}{{"stdout", 1234}, {"stderr", 5}, {"stdout", 301}} {
			for i := range part.n {
				want = append(want, fmt.Sprint(part.stream, " ", i+1))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

// TestCompare follows a family through changes.
func TestCompare(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		actions := func(text string) string {
			p := w.plan(text)
			if err := (builder.Comparer{Client: w.client}).Compare(w.t.Context(), p); err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, x := range p.Templates {
				out = append(out, string(x.Action))
				if (x.Reason == "") != (x.Action == builder.ActionUpToDate) {
					t.Errorf("%s %s: reason %q", x.Name, x.Action, x.Reason)
				}
			}
			return strings.Join(out, " ")
		}
		child := strings.Replace(chained, "cat /home", "cat -- /home", 1)
		parent := strings.Replace(chained, "echo text", "echo other text", 1)
		want := func(text, want string) {
			t.Helper()
			if got := actions(text); got != want {
				t.Errorf("actions %s; want %s", got, want)
			}
		}
		want(chained, "create create")
		w.run(w.runner(), w.plan(chained), builder.StatusReady, builder.StatusReady)
		want(chained, "up_to_date up_to_date")
		want(child, "up_to_date rebuild")
		want(parent, "rebuild rebuild")
		w.run(w.runner(), w.plan(parent), builder.StatusReady, builder.StatusReady)
		want(chained, "rebuild rebuild") // an old fingerprint says nothing of what default serves
		want(parent, "up_to_date up_to_date")
	})
}
