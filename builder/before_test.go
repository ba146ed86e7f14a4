package builder_test

import (
	"slices"
	"testing"

	"github.com/e2bt/e2bt/builder"
)

// TestInquire asks in the state before a failed step, and keeps that state.
func TestInquire(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		plan := w.plan(`template "x" {
  batch "first" { run = ["echo left > /home/user/mark"] }
  batch "second" { run = ["exit 3"] }
  start {
    command = "sleep 1000"
    ready { delay = "1s" }
  }
}`)
		r := w.runner()
		asked := 0
		r.KeepState, r.Question = true, func(f builder.Failure) string {
			asked++
			return "cat /home/user/mark; echo two"
		}
		f := w.run(r, plan, builder.StatusError)[0].Failure
		if want := []string{"left", "two"}; !slices.Equal(f.Answer, want) || asked != 1 {
			w.t.Errorf("the answer to %d questions: %q; want one, %q", asked, f.Answer, want)
		}
		tags, err := w.client.Tags(w.t.Context(), "x")
		if err != nil {
			w.t.Fatal(err)
		}
		var names []string
		for _, tag := range tags {
			names = append(names, tag.Tag)
		}
		if !slices.Equal(names, []string{builder.BeforeFailure}) || f.Before == "" {
			w.t.Errorf("the tags are %q, the state is build %q; want %s alone", names, f.Before, builder.BeforeFailure)
		}
		failures := 0
		for _, e := range w.events {
			if e.Type == builder.EventFailure {
				failures++
			}
		}
		if failures != 2 {
			w.t.Errorf("the failure was told %d times; want twice, the second time with the answer", failures)
		}
	})
}
