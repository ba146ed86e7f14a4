package local_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

func buildPath(reg e2b.Registration) string {
	return "/v2/templates/" + reg.TemplateID + "/builds/" + reg.BuildID
}

func statusPath(reg e2b.Registration) string {
	return "/templates/" + reg.TemplateID + "/builds/" + reg.BuildID + "/status"
}

func TestTrigger(t *testing.T) {
	t.Parallel()
	a := start(t)
	reg := a.register("web")
	// As the SDKs send it: chunked, with keys that only they know.
	body := io.MultiReader(strings.NewReader(`{"fromImage":"base","force":false,"steps":[{"type":"RUN","args":["echo hi"],"force":false,"forceUpload":true,`),
		strings.NewReader(`"resolveSymlinks":true,"gzip":true}],"readyCmd":null,"later":1}`))
	req, err := http.NewRequest("POST", a.url+buildPath(reg), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-api-key", testKey)
	req.Header.Set("User-Agent", "e2b-js-sdk/2.51.0 e2b-cli/2.19.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusAccepted || len(text) != 0 || resp.Header.Get("Content-Length") != "0" {
		t.Errorf("triggering: %d %q, Content-Length %q; want 202, nothing, 0", resp.StatusCode, text, resp.Header.Get("Content-Length"))
	}
	if f := a.follow(reg); f.Status != e2b.StateReady || f.stdout("1") != "hi" {
		t.Errorf("the build is %s, said %q", f.Status, f.stdout("1"))
	}
}

func TestTriggerRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	web, other := a.register("web"), a.register("other")
	body := e2b.Build{FromImage: "base"}
	at := "/v2/templates/" + web.TemplateID + "/builds/"
	a.refused("POST", at+"no-uuid", body, 400, "Invalid build ID")
	a.refused("POST", at+unknownBuild, body, 400, "Build '"+unknownBuild+"' not found")
	a.refused("POST", at+other.BuildID, body, 400, "Build '"+other.BuildID+"' not found")
	a.refused("POST", "/v2/templates/none/builds/"+web.BuildID, body, 404, "Error when getting template: template 'none' not found")
	if resp := a.request("POST", buildPath(web), body, http.Header{"User-Agent": {"e2b-js-sdk/next"}}); resp.StatusCode != 400 ||
		!strings.Contains(resp.text, "Error when parsing user agent: ") {
		t.Errorf("an SDK of no version: %d %s; want 400", resp.StatusCode, resp.text)
	}
	if got := a.statusOf(web).Status; got != e2b.StateWaiting {
		t.Errorf("after refusals the build is %s; want waiting", got)
	}
	const both = "Error when starting template build: cannot specify both fromImage and fromTemplate"
	a.refused("POST", buildPath(web), e2b.Build{FromImage: "base", FromTemplate: "x"}, 500, both)
	if got := a.statusOf(web); got.Status != e2b.StateError || got.Reason.Message != both {
		t.Errorf("the build is %s, %+v", got.Status, got.Reason)
	}
	const neither = "Error when starting template build: must specify either fromImage or fromTemplate"
	a.refused("POST", buildPath(other), e2b.Build{}, 500, neither)
	a.refused("POST", buildPath(other), body, 400, "build is not in waiting state")
	again := a.register("web")
	a.trigger(again, e2b.Build{})
	a.refused("POST", buildPath(again), body, 400, "build is not in waiting state")
}

func TestStatusRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	web, other := a.register("web"), a.register("other")
	at := "/templates/" + web.TemplateID + "/builds/"
	a.refused("GET", at+"no-uuid/status", nil, 400, "Invalid build id")
	a.refused("GET", at+unknownBuild+"/status", nil, 400, "Build '"+unknownBuild+"' not found")
	a.refused("GET", at+other.BuildID+"/status", nil, 400, "Build '"+other.BuildID+"' not found")
	a.refused("GET", "/templates/none/builds/"+web.BuildID+"/status", nil, 404, "template 'none' not found")
	for query, message := range map[string]string{
		"limit=101":       `validation error: parameter "limit" must be a number from 0 to 100`,
		"limit=-1":        `validation error: parameter "limit" must be a number from 0 to 100`,
		"logsOffset=-1":   `validation error: parameter "logsOffset" must be a number from 0 to 1099511627776`,
		"logsOffset=many": `validation error: parameter "logsOffset" must be a number from 0 to 1099511627776`,
		"level=fatal":     `validation error: parameter "level" must be one of debug, info, warn, error`,
	} {
		a.refused("GET", statusPath(web)+"?"+query, nil, 400, message)
	}
	for query, message := range map[string]string{
		"limit=101":         `validation error: parameter "limit" must be a number from 0 to 100`,
		"cursor=now":        `validation error: parameter "cursor" must be milliseconds`,
		"direction=upwards": `validation error: parameter "direction" must be forward or backward`,
		"level=fatal":       `validation error: parameter "level" must be one of debug, info, warn, error`,
	} {
		a.refused("GET", at+web.BuildID+"/logs?"+query, nil, 400, message)
	}
}

// TestStatus: the fields of a status in every state, as strict clients want them.
func TestStatus(t *testing.T) {
	t.Parallel()
	a := start(t)
	reg := a.register("web")
	_, text := a.call("GET", statusPath(reg), nil)
	want := map[string]any{"templateID": reg.TemplateID, "buildID": reg.BuildID, "status": "waiting", "logs": []any{}, "logEntries": []any{}}
	if diff := cmp.Diff(want, fields(t, text)); diff != "" {
		t.Errorf("a waiting build: %s", diff)
	}
	a.trigger(reg, e2b.Build{Steps: []e2b.Step{run("echo no 1>&2; exit 7")}})
	a.follow(reg)
	_, text = a.call("GET", statusPath(reg), nil)
	got := fields(t, text)
	if got["status"] != "error" || len(got["logs"].([]any)) != 0 {
		t.Errorf("a failed build: %s", text)
	}
	for _, e := range got["logEntries"].([]any) {
		entry := e.(map[string]any)
		if _, err := time.Parse(time.RFC3339Nano, entry["timestamp"].(string)); err != nil {
			t.Errorf("entry %v: %v", entry, err)
		}
		if !strings.Contains("debug info warn error", entry["level"].(string)) {
			t.Errorf("entry %v has an odd level", entry)
		}
	}
	reason := got["reason"].(map[string]any)
	if reason["message"] != "failed to run command 'echo no 1>&2; exit 7': exit status 7" || reason["step"] != "1" {
		t.Errorf("reason: %v", reason)
	}
	entries := reason["logEntries"].([]any)
	if len(entries) != 1 || entries[0].(map[string]any)["level"] != "error" {
		t.Errorf("the reason's entries: %v; want the one error of the page", entries)
	}
	_, text = a.call("GET", statusPath(reg)+"?logsOffset=1000", nil)
	if got := fields(t, text); len(got["logEntries"].([]any)) != 0 || got["reason"].(map[string]any)["logEntries"] != nil {
		t.Errorf("past the end: %s", text)
	}
}

// TestStatusPages: offset and limit, with and without a level, give each entry
// once, and an empty page at the end.
func TestStatusPages(t *testing.T) {
	t.Parallel()
	a := start(t)
	f := a.ready("web", run("seq 250"))
	reg := e2b.Registration{TemplateID: f.TemplateID, BuildID: f.BuildID}
	all := len(f.log)
	if all < 255 {
		t.Fatalf("only %d entries", all)
	}
	for _, limit := range []int{1, 7, 99, 100} {
		var got []e2b.LogEntry
		pages := 0
		for {
			page := get[e2b.BuildStatus](a, fmt.Sprintf("%s?limit=%d&logsOffset=%d", statusPath(reg), limit, len(got)))
			pages++
			if len(page.LogEntries) == 0 {
				break
			}
			got = append(got, page.LogEntries...)
		}
		if diff := cmp.Diff(f.log, got); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
		if want := (all+limit-1)/limit + 1; pages != want {
			t.Errorf("limit %d: %d pages; want %d", limit, pages, want)
		}
	}
	for query, want := range map[string]int{"": 100, "?limit=0": 0, "?logsOffset=" + fmt.Sprint(all-3): 3, "?logsOffset=" + fmt.Sprint(all): 0, "?logsOffset=1099511627776": 0} {
		if page := get[e2b.BuildStatus](a, statusPath(reg)+query); len(page.LogEntries) != want || page.Status != e2b.StateReady {
			t.Errorf("status%s: %d entries, %s; want %d", query, len(page.LogEntries), page.Status, want)
		}
	}
}

// TestStatusLevels: the offset counts entries of the level or above.
func TestStatusLevels(t *testing.T) {
	t.Parallel()
	a := start(t)
	f := a.build("web", e2b.Build{Steps: []e2b.Step{run(`echo '"level":"error"'`)}, StartCmd: "sleep 600", ReadyCmd: "[ -e /tmp/ready ] || { echo > /tmp/ready; echo almost; exit 1; }"})
	reg := e2b.Registration{TemplateID: f.TemplateID, BuildID: f.BuildID}
	var info []e2b.LogEntry
	debug := 0
	for _, e := range f.log {
		if e.Level == "debug" {
			debug++
		} else {
			info = append(info, e)
		}
	}
	if debug < 2 {
		t.Fatalf("%d entries of level debug; want 2 of the ready command: %v", debug, f.log)
	}
	for offset := range len(info) + 2 {
		page := get[e2b.BuildStatus](a, fmt.Sprintf("%s?level=info&logsOffset=%d", statusPath(reg), offset))
		want := info[min(offset, len(info)):]
		if diff := cmp.Diff(append([]e2b.LogEntry{}, want...), page.LogEntries); diff != "" {
			t.Errorf("from %d: %s", offset, diff)
		}
	}
	if page := get[e2b.BuildStatus](a, statusPath(reg)+"?level=error"); len(page.LogEntries) != 0 {
		t.Errorf("level error: %v; want nothing: the text of a line is no level", page.LogEntries)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	a := start(t)
	f := a.ready("web", run("seq 150"))
	at := "/templates/web/builds/" + f.BuildID + "/logs"
	type logs struct {
		Logs []e2b.LogEntry `json:"logs"`
	}
	if got := get[logs](a, at).Logs; len(got) != 100 || cmp.Diff(f.log[:100], got) != "" {
		t.Errorf("%d entries; want the first 100", len(got))
	}
	got := get[logs](a, at+"?direction=backward&limit=5").Logs
	last := len(f.log) - 1
	if len(got) != 5 || got[0] != f.log[last] || got[4] != f.log[last-4] {
		t.Errorf("backward: %v; want the last 5, newest first", got)
	}
	cursor := f.log[120].Timestamp.UnixMilli()
	for _, e := range get[logs](a, fmt.Sprintf("%s?cursor=%d", at, cursor)).Logs {
		if e.Timestamp.UnixMilli() < cursor {
			t.Errorf("from a cursor on: %v is older", e)
		}
	}
	if got := get[logs](a, at+"?limit=0").Logs; got == nil || len(got) != 0 {
		t.Errorf("limit 0: %v", got)
	}
	waiting := a.register("web")
	if got := get[logs](a, "/templates/web/builds/"+waiting.BuildID+"/logs").Logs; got == nil || len(got) != 0 {
		t.Errorf("a waiting build: %v; want an empty list", got)
	}
}

var (
	hashes = regexp.MustCompile(`\[[0-9a-f]{64}\]$`)
	digest = regexp.MustCompile(`^\[base\] digest sha256:[0-9a-f]{64}$`)
	took   = regexp.MustCompile(`took [0-9.ms]+$`)
)

// shape is a log with hashes and times taken out.
func shape(f finished) string {
	var out strings.Builder
	for _, e := range f.log {
		text := took.ReplaceAllString(hashes.ReplaceAllString(e.Message, "[HASH]"), "took TIME")
		text = digest.ReplaceAllString(text, "[base] digest sha256:HASH")
		fmt.Fprintf(&out, "%s %s: %s\n", e.Level, e.Step, strings.ReplaceAll(text, f.TemplateID+"/"+f.BuildID, "TEMPLATE/BUILD"))
	}
	return out.String()
}

// TestLogShapes: the lines of a build are E2B's, the first time and from the cache.
func TestLogShapes(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := e2b.Build{
		Steps:    []e2b.Step{run("echo out; echo err 1>&2; printf 'bar 1\\rbar 2\\r\\n\\n  last'"), step("ENV", "A", "1"), {Type: "RUN", Args: []string{"whoami", "root"}}},
		StartCmd: "echo starting; sleep 600", ReadyCmd: "[ -e /tmp/ready ] || { echo > /tmp/ready; exit 1; }",
	}
	const start = `info : Building template TEMPLATE/BUILD
info base: CACHED [base] FROM base [HASH]
debug base: [base] digest sha256:HASH
`
	const end = `info finalize: [finalize] Finalizing template build [HASH]
info finalize: Running start command: echo starting; sleep 600
info finalize: Waiting for template to be ready: [ -e /tmp/ready ] || { echo > /tmp/ready; exit 1; }
info finalize: [start] [stdout]: starting
debug finalize: Template is not ready: exit status 1
info finalize: Template is ready
info : Build finished, took TIME
`
	want := start + `info base: [base] DEFAULT USER user [HASH]
info 1: [builder 1/3] RUN echo out; echo err 1>&2; printf 'bar 1\rbar 2\r\n\n  last' [HASH]
info 1: [builder 1/3] [stdout]: out
info 1: [builder 1/3] [stderr]: err
info 1: [builder 1/3] [stdout]: bar 1
info 1: [builder 1/3] [stdout]: bar 2
info 1: [builder 1/3] [stdout]: last
info 2: [builder 2/3] ENV A 1 [HASH]
info 3: [builder 3/3] RUN whoami [HASH]
info 3: [builder 3/3] [stdout]: root
` + end
	// What the start command says comes at any time after it was started.
	starting := "info finalize: [start] [stdout]: starting\n"
	compare := func(f finished, want string) {
		t.Helper()
		got := shape(f)
		if !strings.Contains(got, starting) {
			t.Errorf("the start command's line is missing:\n%s", got)
		}
		if diff := cmp.Diff(strings.Replace(want, starting, "", 1), strings.Replace(got, starting, "", 1)); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
	}
	compare(a.build("web", b), want)
	compare(a.build("other", b), start+`info base: CACHED [base] DEFAULT USER user [HASH]
info 1: CACHED [builder 1/3] RUN echo out; echo err 1>&2; printf 'bar 1\rbar 2\r\n\n  last' [HASH]
info 2: CACHED [builder 2/3] ENV A 1 [HASH]
info 3: CACHED [builder 3/3] RUN whoami [HASH]
`+end)
}

// TestFailureShape: a failed build ends with the reason.
func TestFailureShape(t *testing.T) {
	t.Parallel()
	a := start(t)
	f := a.build("web", e2b.Build{Steps: []e2b.Step{run("echo fine"), run("nosuch"), run("echo never")}})
	got := shape(f)
	const want = `info 2: [builder 2/3] RUN nosuch [HASH]
info 2: [builder 2/3] [stderr]: /bin/bash: line 1: nosuch: command not found
error 2: Build failed: failed to run command 'nosuch': exit status 127
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("the log: %s\nwant it to end in %s", got, want)
	}
	if again := a.build("web", e2b.Build{Steps: []e2b.Step{run("echo fine"), run("nosuch")}}); !strings.Contains(shape(again), "CACHED [builder 1/2] RUN echo fine") {
		t.Errorf("the step before the failure is not cached:\n%s", shape(again))
	}
}

// TestForce: a step's force makes it and all after it anew; a build's the base too.
func TestForce(t *testing.T) {
	t.Parallel()
	a := start(t)
	cached := func(b e2b.Build) (out []string) {
		for _, line := range a.build("web", b).messages() {
			if m := regexp.MustCompile(`^CACHED \[(?:builder )?([^\]/]+).*\] (\w+)`).FindStringSubmatch(line); m != nil {
				out = append(out, m[1]+" "+m[2])
			}
		}
		return out
	}
	steps := func(force int) (out []e2b.Step) {
		for i := range 3 {
			s := run(fmt.Sprintf("echo %d > /tmp/%d", i, i))
			s.Force = i == force
			out = append(out, s)
		}
		return out
	}
	a.ready("web", steps(-1)...)
	for _, c := range []struct {
		build e2b.Build
		want  []string
	}{
		{e2b.Build{Steps: steps(-1)}, []string{"base FROM", "base DEFAULT", "1 RUN", "2 RUN", "3 RUN"}},
		{e2b.Build{Steps: steps(1)}, []string{"base FROM", "base DEFAULT", "1 RUN"}},
		{e2b.Build{Steps: steps(-1)}, []string{"base FROM", "base DEFAULT", "1 RUN", "2 RUN", "3 RUN"}},
		{e2b.Build{Steps: steps(-1), Force: true}, []string{"base FROM"}}, // imported: no registry has it
		{e2b.Build{Steps: steps(-1)}, []string{"base FROM", "base DEFAULT", "1 RUN", "2 RUN", "3 RUN"}},
	} {
		if diff := cmp.Diff(c.want, cached(c.build)); diff != "" {
			t.Errorf("%+v (-want +got): %s", c.build, diff)
		}
	}
}

// TestForcedHalf: a forced build that fails after its first new layer leaves no
// mixture: later layers are never put on a layer that they were not made on.
func TestForcedHalf(t *testing.T) {
	t.Parallel()
	a := start(t)
	stamp := func(force bool) e2b.Step {
		return e2b.Step{Type: "RUN", Args: []string{"echo $RANDOM$RANDOM$RANDOM > /tmp/stamp"}, Force: force}
	}
	keep, show := run("cat /tmp/stamp > /tmp/kept"), run("cat /tmp/stamp /tmp/kept")
	a.ready("web", stamp(false), keep)
	if f := a.build("web", e2b.Build{Steps: []e2b.Step{stamp(true), run("false")}}); f.Status != e2b.StateError {
		t.Fatalf("the forced build is %s", f.Status)
	}
	f := a.ready("web", stamp(false), keep, show)
	if got := shape(f); !strings.Contains(got, "CACHED [builder 1/3]") || strings.Contains(got, "CACHED [builder 2/3]") {
		t.Errorf("want the new first layer from the cache, and the second made on it:\n%s", got)
	}
	if got := strings.Fields(f.stdout("3")); len(got) != 2 || got[0] != got[1] {
		t.Errorf("a step sees %q from the layer below and from the one on it; want twice the same", got)
	}
}

// TestSecretsStayInMemory: a registry's password is in no file and no answer.
func TestSecretsStayInMemory(t *testing.T) {
	t.Parallel()
	a := start(t)
	const password = "correct-horse-battery"
	f := a.build("web", e2b.Build{FromImage: "base", FromImageRegistry: &e2b.Registry{Type: "registry", Username: "me", Password: password}})
	if f.Status != e2b.StateReady {
		t.Fatalf("the build is %s: %+v", f.Status, f.Reason)
	}
	a.failed(e2b.Build{FromImage: "127.0.0.1:1/none", FromImageRegistry: &e2b.Registry{Type: "aws", AWSSecretAccessKey: password}}, "base",
		`the local engine cannot log in to a registry of type "aws": give a user name and a password, or import the image`)
	a.close()
	if all := everything(t, a.home) + a.log.String(); strings.Contains(all, password) || strings.Contains(all, testKey) {
		t.Error("a file of the home, or the server's log, holds a secret")
	}
}

// TestFromTemplate: by name, tag and build, with what it inherits.
func TestFromTemplate(t *testing.T) {
	t.Parallel()
	a := start(t)
	first := a.ready("parent", run("echo first > /tmp/who"), step("ENV", "A", "1"), step("WORKDIR", "/srv"), step("USER", "ann"))
	second := a.build("parent", e2b.Build{Steps: []e2b.Step{run("echo second > /tmp/who")}, StartCmd: "sleep 600", ReadyCmd: "[ -d /tmp ]"})
	if second.Status != e2b.StateReady {
		t.Fatalf("the second parent: %+v", second.Reason)
	}
	for from, want := range map[string]string{
		"parent": "second", "local/parent": "second", "parent:default": "second", "parent:" + second.BuildID: "second",
		"parent:" + first.BuildID: "first", first.TemplateID: "second", "PARENT": "second",
	} {
		f := a.build("child", e2b.Build{FromTemplate: from, Steps: []e2b.Step{run("cat /tmp/who # " + from)}})
		if got := f.stdout("1"); got != want {
			t.Errorf("from %s: %q; want %q (%+v)", from, got, want, f.Reason)
		}
		if want := "CACHED [base] FROM TEMPLATE parent [HASH]"; !strings.Contains(shape(f), want) {
			t.Errorf("the log has no %q:\n%s", want, shape(f))
		}
	}
	f := a.build("child", e2b.Build{FromTemplate: "parent:" + first.BuildID, Steps: []e2b.Step{run("echo $A $(whoami) $(pwd)")}})
	if got := f.stdout("1"); got != "1 ann /srv" {
		t.Errorf("the child's context: %q; want %q", got, "1 ann /srv")
	}
	waits := "Waiting for template to be ready: "
	f = a.build("child", e2b.Build{FromTemplate: "parent"})
	if log := shape(f); !strings.Contains(log, "Running start command: sleep 600") || !strings.Contains(log, waits+"[ -d /tmp ]") {
		t.Errorf("start and ready are not inherited:\n%s", log)
	}
	f = a.build("child", e2b.Build{FromTemplate: "parent", ReadyCmd: "true"})
	if log := shape(f); strings.Contains(log, "Running start command") || !strings.Contains(log, waits+"true") {
		t.Errorf("with a ready command of its own the child inherits nothing:\n%s", log)
	}
	for from, message := range map[string]string{
		"none":                   "template 'none' not found",
		"them/parent":            "template 'them/parent' not found",
		"parent:v9":              "tag 'v9' does not exist for template 'parent'",
		"parent:" + unknownBuild: "tag '" + unknownBuild + "' does not exist for template 'parent'",
		"a b":                    "Invalid name: invalid template ID: a b",
	} {
		a.failed(e2b.Build{FromTemplate: from}, "base", message)
	}
}

// TestBaseImages: what is wrong with a base image, in E2B's words.
func TestBaseImages(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.failed(e2b.Build{FromImage: "Base:x"}, "base", "invalid image reference 'Base:x': could not parse reference: Base:x")
	f := a.build("web", e2b.Build{FromImage: "127.0.0.1:1/none"})
	want := "failed to pull image '127.0.0.1:1/none': dial tcp 127.0.0.1:1: connect: connection refused."
	if f.Status != e2b.StateError || f.Reason.Step != "base" || !strings.HasPrefix(f.Reason.Message, want) {
		t.Errorf("a registry that is down: %+v; want %s", f.Reason, want)
	}
}

func TestBuildJSON(t *testing.T) {
	t.Parallel()
	a := start(t)
	f := a.ready("web")
	var kept map[string]any
	if err := json.Unmarshal([]byte(a.file("builds/"+f.BuildID+"/build.json")), &kept); err != nil {
		t.Fatal(err)
	}
	if kept["state"] != "ready" {
		t.Errorf("on disk the build is %v", kept["state"])
	}
}
