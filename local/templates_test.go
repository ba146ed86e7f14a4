package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/google/go-cmp/cmp"
)

const (
	unknownBuild = "7b3c5a52-8b1c-4b6e-9d57-0d8f6f1c2e3a"
	superseded   = "The build was canceled because it was superseded by a newer one."
)

// fields returns the keys and values of a JSON object.
func fields(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%q is no object: %v", text, err)
	}
	return out
}

func TestRegister(t *testing.T) {
	t.Parallel()
	a := start(t)
	status, text := a.call("POST", "/v3/templates", `{"name":" Local/Web:V1 ","tags":["b","v1","B"],"cpuCount":4,"memoryMB":512,"minFreeDiskMb":5,"later":{"x":1}}`)
	if status != http.StatusAccepted {
		t.Fatalf("registering: %d %s; want 202", status, text)
	}
	got := fields(t, text)
	first := got["templateID"].(string)
	if !regexp.MustCompile(`^[a-z0-9]{20}$`).MatchString(first) {
		t.Errorf("templateID %q; want 20 letters and digits", first)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(got["buildID"].(string)) {
		t.Errorf("buildID %q; want a lower-case UUID", got["buildID"])
	}
	delete(got, "templateID")
	delete(got, "buildID")
	want := map[string]any{"public": false, "names": []any{"local/web"}, "aliases": []any{"web"}, "tags": []any{"v1", "b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}

	status, text = a.call("POST", "/v3/templates", `{"alias":"web"}`)
	if got := fields(t, text); status != http.StatusAccepted || got["templateID"] != first || !slices.Equal(got["tags"].([]any), []any{"default"}) {
		t.Errorf("registering again by alias: %d %s; want template %s, tag default", status, text, first)
	}
	other := a.register("other")
	if other.TemplateID == first {
		t.Error("another name has the same template")
	}
	show := get[e2b.TemplateWithBuilds](a, "/templates/web")
	if len(show.Builds) != 2 || show.Builds[1].CPUCount != 4 || show.Builds[1].MemoryMB != 512 || show.Builds[0].CPUCount != 2 || show.Builds[0].MemoryMB != 1024 {
		t.Errorf("builds %+v; want the newest first, with resources as asked and by default", show.Builds)
	}
}

func TestRegisterRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	live, dead := a.register("live"), a.register("dead")
	if status, text := a.call("DELETE", "/templates/dead", nil); status != http.StatusNoContent || text != "" {
		t.Fatalf("deleting: %d %q", status, text)
	}
	for _, c := range []struct {
		body    string
		status  int
		message string
	}{
		{`{}`, 400, "Name is required"},
		{`{"name":""}`, 400, "Name is required"},
		{`{"name":"a b"}`, 400, "Invalid name: invalid template ID: a b"},
		{`{"name":"x:"}`, 400, "Invalid tag: "},
		{`{"name":"x","tags":["a:b"]}`, 400, "Invalid tag: a:b"},
		{`{"name":"x","tags":["` + unknownBuild + `"]}`, 400, "Invalid tag: " + unknownBuild},
		{`{"name":"x:` + unknownBuild + `"}`, 400, "Invalid tag: " + unknownBuild},
		{`{"name":"them/x"}`, 400, "namespace 'them' must match your team 'local'"},
		{`{"name":"x","cpuCount":0}`, 400, "CPU count must be at least 1"},
		{`{"name":"x","cpuCount":3}`, 400, "CPU count must be 1 or an even number"},
		{`{"name":"x","cpuCount":34}`, 400, "CPU count must be at most 32"},
		{`{"name":"x","memoryMB":127}`, 400, "Memory must be at least 128 MiB"},
		{`{"name":"x","memoryMB":1023}`, 400, "Memory must be divisible by 2"},
		{`{"name":"` + live.TemplateID + `"}`, 409, "Alias '" + live.TemplateID + "' is already used"},
		{`{"name":"` + dead.TemplateID + `"}`, 404, "Template '" + dead.TemplateID + "' has been deleted and cannot be rebuilt"},
	} {
		a.refused("POST", "/v3/templates", c.body, c.status, c.message)
	}
	for _, body := range []string{"", "{", `[]`, `{"name":7}`, `{"name":"x","cpuCount":1.5}`, `{"name":"x","cpuCount":"2"}`, `{"name":"x"} trailing`} {
		if status, text := a.call("POST", "/v3/templates", body); status != 400 || !strings.Contains(text, `"message":"validation error: `) {
			t.Errorf("registering with body %q: %d %s; want 400 and a validation error", body, status, text)
		}
	}
	if list := get[[]e2b.Template](a, "/templates"); len(list) != 1 {
		t.Errorf("%d templates after refusals; want 1: %+v", len(list), list)
	}
}

// TestSupersededWaiting: a registration ends the waiting builds of the same
// template whose tags overlap, and no others.
func TestSupersededWaiting(t *testing.T) {
	t.Parallel()
	a := start(t)
	old, apart, other := a.register("web"), a.register("web", "nightly"), a.register("other")
	a.register("web")
	status := a.statusOf(old)
	if status.Status != e2b.StateError || status.Reason == nil || status.Reason.Message != superseded || status.Reason.Step != "" {
		t.Errorf("the older build: %s %+v; want an error %q", status.Status, status.Reason, superseded)
	}
	for _, reg := range []e2b.Registration{apart, other} {
		if got := a.statusOf(reg).Status; got != e2b.StateWaiting {
			t.Errorf("a build of %v with tags %v is %s; want waiting", reg.Names, reg.Tags, got)
		}
	}
	a.refused("POST", "/v2/templates/"+old.TemplateID+"/builds/"+old.BuildID, e2b.Build{FromImage: "base"}, 400, "build is not in waiting state")
}

// TestSupersededBuilding: a trigger ends the running builds of the same
// template whose tags overlap.
func TestSupersededBuilding(t *testing.T) {
	t.Parallel()
	a := start(t)
	slow := e2b.Build{Steps: []e2b.Step{run("echo on; sleep 600")}}
	old, apart := a.register("web"), a.register("web", "nightly")
	a.trigger(old, slow)
	a.trigger(apart, slow)
	a.build("web", e2b.Build{})
	f := a.follow(old)
	if f.Status != e2b.StateError || f.Reason.Message != "build was cancelled" || f.Reason.Step != "1" {
		t.Errorf("the older build: %s %+v; want an error in step 1: build was cancelled", f.Status, f.Reason)
	}
	if got := a.statusOf(apart).Status; got != e2b.StateBuilding {
		t.Errorf("the build with another tag is %s; want building", got)
	}
}

func TestBuildLimit(t *testing.T) {
	t.Parallel()
	a := start(t)
	for i := range local.DefaultMaxBuilds {
		a.register(fmt.Sprint("t", i))
	}
	const full = "you have reached the maximum number of concurrent template builds (20). Please wait for existing builds to complete or contact support if you need more concurrent builds."
	a.refused("POST", "/v3/templates", `{"name":"one-more"}`, 429, full)
	a.refused("POST", "/v3/templates", `{"name":"t1","tags":["apart"]}`, 429, full)
	if status, _ := a.call("GET", "/templates/aliases/one-more", nil); status != http.StatusNotFound {
		t.Errorf("the refused name: %d; want 404", status)
	}
	a.register("t1") // it supersedes the one that counts
	if status, _ := a.call("DELETE", "/templates/t2", nil); status != http.StatusNoContent {
		t.Fatalf("deleting: %d", status)
	}
	a.register("one-more") // the deleted template's build does not count
}

func TestAlias(t *testing.T) {
	t.Parallel()
	a := start(t)
	web := a.ready("web")
	a.register("empty")
	for _, alias := range []string{"web", "local/web", "web:default", "local/web:default", "web:" + web.BuildID, web.TemplateID, "WEB"} {
		got := get[map[string]any](a, "/templates/aliases/"+url.PathEscape(alias))
		if got["templateID"] != web.TemplateID || got["public"] != false || len(got) != 2 {
			t.Errorf("alias %q: %v", alias, got)
		}
	}
	get[e2b.Alias](a, "/templates/aliases/empty") // a name without a ready build exists, too
	for _, c := range []struct {
		alias   string
		status  int
		message string
	}{
		{"none", 404, "template 'none' not found"},
		{"them/web", 404, "template 'them/web' not found"},
		{"web:v2", 404, "tag 'v2' does not exist for template 'web'"},
		{"empty:default", 404, "tag 'default' does not exist for template 'empty'"},
		{"web:" + unknownBuild, 404, "tag '" + unknownBuild + "' does not exist for template 'web'"},
		{"a b", 400, "Invalid name: invalid template ID: a b"},
		{"web:", 400, "Invalid tag: "},
	} {
		a.refused("GET", "/templates/aliases/"+url.PathEscape(c.alias), nil, c.status, c.message)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	a := start(t)
	one := a.ready("web").BuildID
	failed := a.build("web", e2b.Build{Steps: []e2b.Step{run("exit 3")}})
	if failed.Status != e2b.StateError {
		t.Fatalf("the broken build is %s", failed.Status)
	}
	tags := func() map[string]string {
		out := map[string]string{}
		for _, tag := range get[[]e2b.Tag](a, "/templates/web/tags") {
			out[tag.Tag] = tag.BuildID
			if time.Since(tag.CreatedAt) > time.Hour {
				t.Errorf("tag %s is of %s", tag.Tag, tag.CreatedAt)
			}
		}
		return out
	}
	if diff := cmp.Diff(map[string]string{"default": one}, tags()); diff != "" {
		t.Errorf("a build that failed has taken the tag: %s", diff)
	}
	status, text := a.call("POST", "/templates/tags", `{"target":"web","tags":["stable","V1","v1"]}`)
	if want := fmt.Sprintf(`{"buildID":"%s","tags":["stable","v1"]}`, one); status != http.StatusCreated || text != want {
		t.Errorf("tagging: %d %s; want 201 %s", status, text, want)
	}
	two := a.ready("web").BuildID
	if diff := cmp.Diff(map[string]string{"default": two, "stable": one, "v1": one}, tags()); diff != "" {
		t.Errorf("after the second build: %s", diff)
	}
	// Back again, by the build's id, through the team's name.
	if status, text := a.call("POST", "/templates/tags", `{"target":"local/web:`+one+`","tags":["default"]}`); status != http.StatusCreated {
		t.Errorf("tagging: %d %s", status, text)
	}
	resp := a.request("DELETE", "/templates/tags", `{"name":"web","tags":["v1","never-there"]}`, nil)
	if resp.StatusCode != http.StatusNoContent || resp.text != "" {
		t.Errorf("untagging: %d %q; want 204", resp.StatusCode, resp.text)
	}
	if diff := cmp.Diff(map[string]string{"default": one, "stable": one}, tags()); diff != "" {
		t.Errorf("at the end: %s", diff)
	}
}

func TestTagsRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	a.register("empty")
	for _, c := range []struct {
		method, body string
		status       int
		message      string
	}{
		{"POST", `{"target":"web","tags":[":x"]}`, 400, "Invalid tag: :x"},
		{"POST", `{"target":"web","tags":["` + unknownBuild + `"]}`, 400, "Invalid tag: " + unknownBuild},
		{"POST", `{"target":"web","tags":[]}`, 400, "At least one tag is required"},
		{"POST", `{"target":"web:","tags":["x"]}`, 400, "Invalid tag: "},
		{"POST", `{"target":"none","tags":["x"]}`, 404, "template 'none' not found"},
		{"POST", `{"target":"web:none","tags":["x"]}`, 404, "tag 'none' does not exist for template 'web'"},
		{"POST", `{"target":"web:` + unknownBuild + `","tags":["x"]}`, 404, "tag '" + unknownBuild + "' does not exist for template 'web'"},
		{"POST", `{"target":"empty","tags":["x"]}`, 404, "tag 'default' does not exist for template 'empty'"},
		{"DELETE", `{"name":"web","tags":["default","x"]}`, 400, "Cannot delete the 'default' tag"},
		{"DELETE", `{"name":"web:x","tags":["x"]}`, 400, "The name must not contain a tag"},
		{"DELETE", `{"name":"none","tags":["x"]}`, 404, "template 'none' not found"},
	} {
		a.refused(c.method, "/templates/tags", c.body, c.status, c.message)
	}
}

// TestTagBuildOfAnother: a build's id is a tag of its own template alone.
func TestTagBuildOfAnother(t *testing.T) {
	t.Parallel()
	a := start(t)
	web := a.ready("web")
	a.ready("other")
	a.refused("POST", "/templates/tags", `{"target":"other:`+web.BuildID+`","tags":["x"]}`, 404,
		"tag '"+web.BuildID+"' does not exist for template 'other'")
}

// TestTagsStayBounded: tags that move with every build leave nothing behind.
func TestTagsStayBounded(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	for range 5 {
		if status, text := a.call("POST", "/templates/tags", `{"target":"web","tags":["nightly"]}`); status != http.StatusCreated {
			t.Fatalf("tagging: %d %s", status, text)
		}
	}
	if got := strings.Count(a.file("templates/*.json"), `"nightly"`); got != 1 {
		t.Errorf("the template holds %d assignments of one tag; want 1", got)
	}
}

func TestDeleteTemplate(t *testing.T) {
	t.Parallel()
	a := start(t)
	web := a.ready("web")
	waiting := a.register("web", "waiting")
	s := a.sandbox("web")
	busy := "cannot delete template '" + web.TemplateID + "' because there are running sandboxes using it"
	a.refused("DELETE", "/templates/web", nil, 400, busy)
	if err := s.Kill(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.refused("DELETE", "/templates/web:default", nil, 400, "The name must not contain a tag")
	if resp := a.request("DELETE", "/templates/local%2Fweb", nil, nil); resp.StatusCode != http.StatusNoContent || resp.text != "" {
		t.Errorf("deleting: %d %q; want 204", resp.StatusCode, resp.text)
	}
	id := web.TemplateID
	for _, path := range []string{"/templates/web", "/templates/" + id, "/templates/web/tags", "/templates/aliases/web"} {
		if status, text := a.call("GET", path, nil); status != http.StatusNotFound {
			t.Errorf("GET %s of a deleted template: %d %s; want 404", path, status, text)
		}
	}
	a.refused("DELETE", "/templates/"+id, nil, 404, "template '"+id+"' not found")
	a.refused("POST", "/v2/templates/"+id+"/builds/"+waiting.BuildID, e2b.Build{FromImage: "base"}, 404, "Error when getting template: template '"+id+"' not found")
	if f := a.build("child", e2b.Build{FromTemplate: "web"}); f.Reason == nil || f.Reason.Message != "template 'web' not found" {
		t.Errorf("building from it: %+v", f.Reason)
	}
	if list := get[[]e2b.Template](a, "/v2/templates"); len(list) != 1 || list[0].Names[0] != "local/child" {
		t.Errorf("the list still holds %+v", list)
	}
	again := a.ready("web")
	if again.TemplateID == id {
		t.Error("the freed name got the dead id")
	}
	if show := get[e2b.TemplateWithBuilds](a, "/templates/web"); len(show.Builds) != 1 {
		t.Errorf("the new template has the old builds: %+v", show.Builds)
	}
}

// TestDeleteBuild is about e2bt's own addition: a build that no tag points to
// goes, with what only it needs.
func TestDeleteBuild(t *testing.T) {
	t.Parallel()
	a := start(t)
	old := a.ready("web", run("echo old > old"))
	served := a.ready("web")
	at := "/_e2bt/templates/web/builds/"
	a.refused("DELETE", at+served.BuildID, nil, 409, "build '"+served.BuildID+"' has the tag 'default'")
	a.refused("DELETE", at+"nope", nil, 404, "build 'nope' not found")
	running := a.register("web", "later")
	a.refused("DELETE", at+running.BuildID, nil, 409, "build '"+running.BuildID+"' has not ended")
	if status, text := a.call("DELETE", at+old.BuildID, nil); status != http.StatusNoContent {
		t.Fatalf("deleting: %d %s", status, text)
	}
	a.refused("DELETE", at+old.BuildID, nil, 404, "build '"+old.BuildID+"' not found")
	show := get[e2b.TemplateWithBuilds](a, "/templates/web")
	for _, b := range show.Builds {
		if b.BuildID == old.BuildID {
			t.Error("it is listed")
		}
	}
	a.refused("POST", "/v2/sandboxes", e2b.NewSandbox{TemplateID: "web:" + old.BuildID}, 404, "tag '"+old.BuildID+"' does not exist for template 'web'")
	a.close()
	a = startIn(t, a.home, local.Options{})
	if show := get[e2b.TemplateWithBuilds](a, "/templates/web"); len(show.Builds) != 2 {
		t.Errorf("after a restart: %+v", show.Builds)
	}
}

func TestShowAndList(t *testing.T) {
	t.Parallel()
	a := start(t)
	web := a.ready("web")
	a.register("fresh")
	got := get[[]map[string]any](a, "/templates")
	if len(got) != 2 || got[0]["names"].([]any)[0] != "local/fresh" {
		t.Fatalf("the list: %v; want the newest first", got)
	}
	for _, entry := range got {
		for _, key := range []string{"templateID", "buildID", "cpuCount", "memoryMB", "diskSizeMB", "public", "aliases", "names", "createdAt", "updatedAt",
			"createdBy", "lastSpawnedAt", "spawnCount", "buildCount", "envdVersion", "buildStatus"} {
			if _, ok := entry[key]; !ok {
				t.Errorf("an entry of the list has no %s: %v", key, entry)
			}
		}
	}
	if got[0]["buildStatus"] != "waiting" || got[1]["buildStatus"] != "ready" || got[1]["buildID"] != web.BuildID {
		t.Errorf("the builds of the list: %v", got)
	}
	a.sandbox("web")
	show := get[map[string]any](a, "/templates/"+web.TemplateID)
	if show["spawnCount"] != 1.0 || show["lastSpawnedAt"] == nil {
		t.Errorf("after a sandbox: %v", show)
	}
	build := show["builds"].([]any)[0].(map[string]any)
	for _, key := range []string{"buildID", "status", "createdAt", "updatedAt", "finishedAt", "cpuCount", "memoryMB"} {
		if _, ok := build[key]; !ok {
			t.Errorf("a build has no %s: %v", key, build)
		}
	}
	a.refused("GET", "/templates/none", nil, 404, "template 'none' not found")
}

// TestPages walks a list page by page, while what the last page ended with is
// deleted.
func TestPages(t *testing.T) {
	t.Parallel()
	a := start(t)
	var want []string
	for i := range 7 {
		want = append(want, a.register(fmt.Sprint("t", i)).TemplateID)
	}
	slices.Reverse(want)
	var got []string
	for next := ""; ; {
		resp := a.request("GET", "/v2/templates?limit=3&nextToken="+url.QueryEscape(next), nil, nil)
		var page []e2b.Template
		if err := json.Unmarshal([]byte(resp.text), &page); err != nil {
			t.Fatalf("%s: %v", resp.text, err)
		}
		for _, tpl := range page {
			got = append(got, tpl.TemplateID)
		}
		if next = resp.Header.Get("X-Next-Token"); next == "" || len(got) > 20 {
			break
		}
		if status, text := a.call("DELETE", "/templates/"+got[len(got)-1], nil); status != http.StatusNoContent {
			t.Fatalf("deleting: %d %s", status, text)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages together (-want +got):\n%s", diff)
	}
	if resp := a.request("GET", "/v2/templates", nil, nil); resp.Header.Get("X-Next-Token") != "" {
		t.Error("the only page names a next one")
	}
	a.refused("GET", "/v2/templates?nextToken=!!", nil, 400, "Invalid next token")
	a.refused("GET", "/v2/templates?nextToken=AAAA", nil, 400, "Invalid next token")
	for _, limit := range []string{"0", "101", "-1", "x", "1e2"} {
		a.refused("GET", "/v2/templates?limit="+limit, nil, 400, `validation error: parameter "limit" must be a number from 1 to 100`)
	}
}

func TestBuildPages(t *testing.T) {
	t.Parallel()
	a := start(t)
	var want []string
	for range 5 {
		want = append(want, a.register("web").BuildID)
	}
	slices.Reverse(want)
	var got []string
	for next := ""; ; {
		resp := a.request("GET", "/templates/web?limit=2&nextToken="+url.QueryEscape(next), nil, nil)
		var page e2b.TemplateWithBuilds
		if err := json.Unmarshal([]byte(resp.text), &page); err != nil {
			t.Fatalf("%s: %v", resp.text, err)
		}
		for _, b := range page.Builds {
			got = append(got, b.BuildID)
		}
		if next = resp.Header.Get("X-Next-Token"); next == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages together (-want +got):\n%s", diff)
	}
}

func TestPatchTemplate(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.register("web")
	status, text := a.call("PATCH", "/v2/templates/web", `{"public":true}`)
	if status != http.StatusOK || text != `{"names":["local/web"]}` {
		t.Errorf("publishing: %d %s", status, text)
	}
	if !get[e2b.TemplateWithBuilds](a, "/templates/web").Public {
		t.Error("it is not public")
	}
	resp := a.request("PATCH", "/templates/web", `{"public":false}`, nil)
	if resp.StatusCode != http.StatusOK || resp.text != "" || resp.Header.Get("Content-Length") != "0" {
		t.Errorf("the older way: %d %q; want 200 and nothing, with its length", resp.StatusCode, resp.text)
	}
	if get[e2b.TemplateWithBuilds](a, "/templates/web").Public {
		t.Error("it is still public")
	}
	a.refused("PATCH", "/v2/templates/none", `{"public":true}`, 404, "template 'none' not found")
}

// TestNowhere: what is no endpoint answers in JSON, too, whatever the method.
func TestNowhere(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, c := range [][2]string{
		{"GET", "/"}, {"GET", "/v3/templates"}, {"POST", "/templates"}, {"PUT", "/v2/templates"}, {"GET", "/templates/aliases/a/b"},
		{"POST", "/templates/aliases/x"}, {"GET", "/teams"}, {"DELETE", "/health"}, {"GET", "/_upload/x"},
	} {
		a.refused(c[0], c[1], nil, 404, fmt.Sprintf("no such endpoint: %s %s", c[0], c[1]))
	}
}
