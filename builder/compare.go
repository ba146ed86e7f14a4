package builder

import (
	"context"

	"github.com/e2bt/e2bt/e2b"
	"golang.org/x/sync/errgroup"
)

// Comparer finds out how plans stand to what an endpoint has.
type Comparer struct {
	Client   *e2b.Client
	StateDir string // holds what was built last; "" : nothing is known of that
	Endpoint string // as in Runner: what was built elsewhere says nothing
	NoCache  bool   // of the build that would follow
	Lock     *Lock  // tells what was built, where StateDir does not; may be nil
}

// asking is how many requests are on their way at once.
const asking = 16

// Compare asks the endpoint which templates of the plan are up to date: those
// that have a build with the plan's fingerprint, and whose base has one too. It
// then says which steps of the others come from a cache, and why not.
func (c Comparer) Compare(ctx context.Context, plan *Plan) error {
	tags := make([][]e2b.Tag, len(plan.Templates))
	err := each(ctx, plan, func(ctx context.Context, i int, t *Template) error {
		found, err := c.Client.Tags(ctx, t.Name)
		if err != nil && !e2b.NotFound(err) {
			return err
		}
		tags[i] = found
		return nil
	})
	if err != nil {
		return err
	}
	for i, t := range plan.Templates {
		t.compare(tags[i])
	}
	return each(ctx, plan, func(ctx context.Context, i int, t *Template) error { return c.explain(ctx, t, tags[i]) })
}

func each(ctx context.Context, plan *Plan, f func(context.Context, int, *Template) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asking)
	for i, t := range plan.Templates {
		group.Go(func() error { return f(ctx, i, t) })
	}
	return group.Wait()
}

func (c Comparer) explain(ctx context.Context, t *Template, tags []e2b.Tag) error {
	past, err := c.past(t, tags)
	if err != nil {
		return err
	}
	known := Known{Past: past, Force: c.NoCache}
	if t.Action != ActionUpToDate && !c.NoCache {
		cache, ok, err := c.Client.Cache(ctx, (&Runner{}).request(t, t.Parent.result()))
		if err != nil {
			return err
		}
		if ok {
			known.Cached, known.Base = cache.Steps, cache.Base
		}
	}
	t.explain(known)
	return nil
}

// past is what t is compared with: what this machine has built last or, where
// that is not what the endpoint serves now, what the lock file says was built.
func (c Comparer) past(t *Template, tags []e2b.Tag) (past *Past, err error) {
	if c.StateDir != "" {
		if past, err = ReadPast(c.StateDir, t.Name); err != nil {
			return nil, err
		}
	}
	if past != nil && past.Endpoint != c.Endpoint {
		past = nil
	}
	served := ""
	for _, tag := range tags {
		if tag.Tag == "default" {
			served = tag.BuildID
		}
	}
	if c.Lock == nil || served == "" || past != nil && past.BuildID == served {
		return past, nil
	}
	if entry := c.Lock.Templates[t.Name]; entry != nil && entry.BuildID == served {
		return t.lockedPast(entry), nil
	}
	return past, nil
}

// result is t as the base of another template, where it is not built again.
func (t *Template) result() *Result {
	if t == nil || t.live == "" {
		return nil
	}
	return &Result{Template: t, BuildID: t.live}
}

// compare decides what has to be done to t, from the tags that its name has.
func (t *Template) compare(tags []e2b.Tag) {
	t.Action, t.Reason = ActionCreate, "there is no template of this name"
	for _, tag := range tags {
		switch tag.Tag {
		case "default":
			if t.Action == ActionCreate {
				t.Action, t.Reason = ActionRebuild, "its definition or its files changed since the last build"
			}
		case t.FingerprintTag():
			t.Action, t.Reason, t.live = ActionUpToDate, "", tag.BuildID
		}
	}
	if t.Action == ActionUpToDate && t.Parent != nil && t.Parent.Action != ActionUpToDate {
		t.Action, t.Reason = ActionRebuild, "what it is based on, "+t.Parent.Address+", is built again"
	}
}
