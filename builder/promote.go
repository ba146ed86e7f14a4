package builder

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"golang.org/x/sync/errgroup"
)

// promote moves default, the template's own tags and its fingerprint's tag to
// a build, then takes away the run's tag and fingerprints of older builds: a
// fingerprint that is there means that it is what default served last. Half of
// it would leave fingerprints that say what is not so: an interrupt waits.
func (r *Runner) promote(ctx context.Context, t *Template, buildID string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	tags := t.promotedTags()
	if _, err := r.Client.Tag(ctx, e2b.TagRequest{Target: t.Name + ":" + buildID, Tags: tags}); err != nil {
		return err
	}
	all, err := r.Client.Tags(ctx, t.Name)
	if err != nil {
		return err
	}
	var stale []string // only what is there: an endpoint may refuse the rest
	for _, tag := range all {
		if tag.Tag == r.runTag || strings.HasPrefix(tag.Tag, "fp-") && !slices.Contains(tags, tag.Tag) {
			stale = append(stale, tag.Tag)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	return r.Client.Untag(ctx, t.Name, stale)
}

// promotedTags are the tags that a promoted build of t gets. What was built
// with a lock is what the definition says, too.
func (t *Template) promotedTags() []string {
	tags := []string{"default", t.FingerprintTag()}
	if t.definition != "" && t.definition != tags[1] {
		tags = append(tags, t.definition)
	}
	return append(tags, t.Config.Tags...)
}

// forget takes the run's tag away from a build that is not promoted. The run
// may be over because of an interrupt, so it has a moment of its own; a tag
// that stays is untidy and no more.
func (r *Runner) forget(t *Template) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = r.Client.Untag(ctx, t.Name, []string{r.runTag})
}

// Compare asks the endpoint which templates of the plan are up to date: those
// that have a build with the plan's fingerprint, and whose base has one too.
func Compare(ctx context.Context, client *e2b.Client, plan *Plan) error {
	tags := make([][]e2b.Tag, len(plan.Templates))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, t := range plan.Templates {
		group.Go(func() error {
			found, err := client.Tags(ctx, t.Name)
			if err != nil && !e2b.NotFound(err) {
				return err
			}
			tags[i] = found
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, t := range plan.Templates {
		t.compare(tags[i])
	}
	return nil
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
