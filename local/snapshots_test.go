package local_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/e2b"
)

type snapshot struct {
	ID    string   `json:"snapshotID"`
	Names []string `json:"names"`
}

// TestSnapshots: the files of a sandbox become something to start others from.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	checkSnapshots(t, start(t), "; echo one > sub/other")
}

func checkSnapshots(t *testing.T, a *api, more string) {
	t.Helper()
	a.ready("web")
	s := a.sandbox("web")
	a.output(s, "mkdir sub; echo one > sub/file; rm -f /etc/issue"+more)
	at := "/sandboxes/" + s.SandboxID
	status, text := a.call("POST", at+"/snapshots", map[string]string{"name": "kept"})
	if status != http.StatusCreated {
		t.Fatalf("POST snapshots: %d %s", status, text)
	}
	a.output(s, "echo two > sub/file")
	if got := a.output(a.sandbox("local/kept:default"), "cat sub/file sub/other; test -e /etc/issue || echo gone"); got != "one\none\ngone" {
		t.Errorf("a sandbox of the snapshot has %q", got)
	}
	list := get[[]snapshot](a, "/snapshots?sandboxID="+s.SandboxID)
	if len(list) != 1 || list[0].ID != "local/kept:default" || len(get[[]snapshot](a, "/snapshots?name=other")) != 0 || len(get[[]snapshot](a, "/snapshots?name=kept")) != 1 {
		t.Errorf("the list holds %+v", list)
	}
	for _, template := range get[[]e2b.Template](a, "/v2/templates") {
		if template.Names[0] != "local/web" {
			t.Errorf("the templates have %s", template.Names)
		}
	}
	a.refused("POST", at+"/snapshots", map[string]string{"name": "web"}, 409, "there is a template of the name 'web'")
	a.refused("POST", "/sandboxes/inone/snapshots", map[string]string{}, 404, `sandbox "inone" not found`)
	if status, text := a.call("POST", at+"/snapshots", map[string]string{}); status != http.StatusCreated || !strings.Contains(text, "local/snapshot-") {
		t.Errorf("without a name: %d %s", status, text)
	}

	var forks []struct{ Sandbox *e2b.SandboxInfo }
	status, text = a.call("POST", at+"/fork", map[string]int{"count": 2, "timeout": 60})
	if err := json.Unmarshal([]byte(text), &forks); err != nil || status != http.StatusCreated {
		t.Fatalf("forking: %d %s", status, text)
	}
	if len(forks) != 2 || forks[0].Sandbox == nil || forks[1].Sandbox == nil {
		t.Fatalf("the forks: %s\n%s", text, a.log)
	}
	first, err := a.client.FindSandbox(t.Context(), forks[0].Sandbox.SandboxID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.output(first, "cat sub/file; echo three > sub/file"); got != "two" {
		t.Errorf("a fork has %q", got)
	}
	if got := a.output(s, "cat sub/file"); got != "two" {
		t.Errorf("a fork has changed the sandbox: %q", got)
	}
	a.refused("POST", at+"/fork", map[string]int{"count": 0}, 400, "validation error: count must be a number from 1 to 100")

	if _, err := a.client.KillSandbox(t.Context(), s.SandboxID); err != nil {
		t.Fatal(err)
	}
	left, err := a.client.Sandboxes(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range left {
		if _, err := a.client.KillSandbox(t.Context(), one.SandboxID); err != nil {
			t.Fatal(err)
		}
	}
	if status, text := a.call("DELETE", "/templates/local%2Fkept:default", nil); status != http.StatusNoContent {
		t.Errorf("deleting: %d %s", status, text)
	}
	a.refused("DELETE", "/templates/local%2Fkept:default", nil, 404, "template 'local/kept' not found")
}
