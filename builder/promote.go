package builder

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// promote moves default, the template's own tags and its fingerprint's tag to
// a build, then takes away the run's tag and fingerprints of older builds: a
// fingerprint that is there means that it is what default served last. What
// default served until then is the previous one, for a rollback. Half of it
// would leave fingerprints that say what is not so: an interrupt waits.
func (r *Runner) promote(ctx context.Context, t *Template, buildID string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	tags := t.promotedTags()
	all, err := r.Client.Tags(ctx, t.Name)
	if err != nil {
		return err
	}
	if _, err := r.Client.Tag(ctx, e2b.TagRequest{Target: t.Name + ":" + buildID, Tags: tags}); err != nil {
		return err
	}
	var stale []string // only what is there: an endpoint may refuse the rest
	for _, tag := range all {
		if tag.Tag == "default" && tag.BuildID != buildID && !slices.Contains(tags, Previous) {
			if _, err := r.Client.Tag(ctx, e2b.TagRequest{Target: t.Name + ":" + tag.BuildID, Tags: []string{Previous}}); err != nil {
				return err
			}
		}
		if tag.Tag == r.runTag || isFingerprint(tag.Tag) && !slices.Contains(tags, tag.Tag) {
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

// remember keeps what a promoted build was made of, for plans to come.
func (r *Runner) remember(t *Template, res Result) error {
	before, err := ReadPast(r.StateDir, t.Name)
	if err != nil {
		return err
	}
	p := t.past(before, res.BuildID, res.took)
	p.Endpoint, p.Base, p.Built = r.Endpoint, res.base, time.Now().UTC()
	p.Seconds = time.Since(res.started).Seconds()
	for _, seconds := range res.took {
		p.Seconds -= seconds
	}
	if r.Hide != nil {
		p.hide(r.Hide)
	}
	if err := p.write(r.StateDir); err != nil {
		return fmt.Errorf("keeping what was built: %w", err)
	}
	return nil
}
