package builder_test

import (
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

// TestRollback goes back to the build before, forth again, and to one by its id.
func TestRollback(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ctx := w.t.Context()
		var builds []string
		for _, text := range []string{"two", "three", "four"} {
			plan := w.plan(strings.Replace(simple, "echo two", "echo "+text, 1))
			builds = append(builds, w.run(w.runner(), plan, builder.StatusReady)[0].BuildID)
		}
		if _, err := w.client.Tag(ctx, e2b.TagRequest{Target: "app:" + builds[2], Tags: []string{"stable"}}); err != nil {
			t.Fatal(err)
		}
		back := func(to string, want map[string]string) {
			t.Helper()
			r, err := builder.NewRollback(ctx, w.client, "app", to)
			if err == nil {
				err = r.Do(ctx, w.client)
			}
			if diff := cmp.Diff(want, w.tags("app")); diff != "" || err != nil {
				t.Errorf("to %q: %v, tags (-want +got):\n%s", to, err, diff)
			}
		}
		back("", map[string]string{"default": builds[1], "stable": builds[1], "previous": builds[2]})
		back("", map[string]string{"default": builds[2], "stable": builds[2], "previous": builds[1]})
		back(builds[0][:8], map[string]string{"default": builds[0], "stable": builds[0], "previous": builds[2]})
		for to, want := range map[string]string{builds[0]: "is served from build", "nope": "has no build nope"} {
			if _, err := builder.NewRollback(ctx, w.client, "app", to); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("to %s: %v; want %q", to, err, want)
			}
		}
	})
}

func TestPrunable(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var builds []e2b.TemplateBuild
	add := func(id string, status e2b.BuildState, age time.Duration) {
		builds = append(builds, e2b.TemplateBuild{BuildID: id, Status: status, CreatedAt: now.Add(-age)})
	}
	const day = 24 * time.Hour
	add("oldest", e2b.StateReady, 9*day)
	add("stable", e2b.StateReady, 8*day)
	add("failed", e2b.StateError, 7*day)
	add("asked", e2b.StateReady, 6*day)
	add("candidate", e2b.StateReady, 5*day)
	add("served", e2b.StateReady, 4*day)
	add("long", e2b.StateBuilding, 3*day)
	add("checked", e2b.StateReady, 2*time.Hour)
	add("new", e2b.StateError, time.Minute)
	tags := []e2b.Tag{
		{Tag: "stable", BuildID: "stable"}, {Tag: "default", BuildID: "served"}, {Tag: "fp-1", BuildID: "served"},
		{Tag: "run-1", BuildID: "candidate"}, {Tag: builder.BeforeFailure, BuildID: "asked"}, {Tag: "run-2", BuildID: "checked"},
	}
	for keep, want := range map[int][]string{
		0: {"candidate run-1", "asked before-failure", "failed ", "oldest "},
		2: {"candidate run-1", "asked before-failure", "failed ", "oldest "},
		3: {"asked before-failure", "failed ", "oldest "},
		9: {"failed "},
	} {
		var got []string
		for _, b := range builder.Prunable(e2b.TemplateWithBuilds{Builds: builds}, tags, keep, now) {
			got = append(got, b.BuildID+" "+strings.Join(b.Tags, " "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keep %d (-want +got):\n%s", keep, diff)
		}
	}
}
