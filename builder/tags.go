package builder

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// Previous is the tag of the build that default pointed to before.
const Previous = "previous"

// passing reports whether a tag is of e2bt's own and says nothing to anybody
// once its build is over.
func passing(tag string) bool {
	return strings.HasPrefix(tag, "run-") || tag == BeforeFailure
}

func isFingerprint(tag string) bool { return strings.HasPrefix(tag, "fp-") }

// NoBuildError says that there is no build to go back to.
type NoBuildError struct{ text string }

func (e *NoBuildError) Error() string { return e.text }

func noBuild(format string, args ...any) error { return &NoBuildError{fmt.Sprintf(format, args...)} }

// Rollback is what it takes to serve an earlier build of a template again.
type Rollback struct {
	Name     string
	From, To string   // builds
	Tags     []string // that move
	stale    []string // fingerprints, which would say that From is served
}

// NewRollback looks for the build to go back to: the one that default pointed
// to before, or to, an id or its beginning.
func NewRollback(ctx context.Context, client *e2b.Client, name, to string) (Rollback, error) {
	r := Rollback{Name: name}
	tags, err := client.Tags(ctx, name)
	if err != nil {
		return r, err
	}
	for _, tag := range tags {
		switch {
		case tag.Tag == "default":
			r.From = tag.BuildID
		case tag.Tag == Previous && to == "":
			r.To = tag.BuildID
		}
	}
	if to != "" {
		if r.To, err = findBuild(ctx, client, name, to); err != nil {
			return r, err
		}
	}
	switch {
	case r.To == "":
		return r, noBuild("%s has no build tagged %s: nothing was promoted before the one that is served. Choose one with --to; e2bt templates show %[1]s lists them", name, Previous)
	case r.From == r.To:
		return r, noBuild("%s is served from build %s already", name, r.To)
	}
	r.Tags = []string{"default"}
	for _, tag := range tags {
		switch {
		case isFingerprint(tag.Tag):
			r.stale = append(r.stale, tag.Tag)
		case tag.BuildID == r.From && tag.Tag != "default" && tag.Tag != Previous && !passing(tag.Tag):
			r.Tags = append(r.Tags, tag.Tag)
		}
	}
	return r, nil
}

// findBuild finds the ready build of a template whose id begins so.
func findBuild(ctx context.Context, client *e2b.Client, name, prefix string) (string, error) {
	t, err := client.Template(ctx, name)
	if err != nil {
		return "", err
	}
	var found []e2b.TemplateBuild
	for _, b := range t.Builds {
		if strings.HasPrefix(b.BuildID, prefix) {
			found = append(found, b)
		}
	}
	switch {
	case len(found) == 0:
		return "", noBuild("%s has no build %s", name, prefix)
	case len(found) > 1:
		return "", noBuild("%s has %d builds whose ids begin with %s", name, len(found), prefix)
	case found[0].Status != e2b.StateReady:
		return "", noBuild("build %s of %s is not ready: %s", found[0].BuildID, name, found[0].Status)
	}
	return found[0].BuildID, nil
}

// Do moves the tags; doing it again goes back.
func (r Rollback) Do(ctx context.Context, client *e2b.Client) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute) // half of it would be worse than none
	defer cancel()
	if _, err := client.Tag(ctx, e2b.TagRequest{Target: r.Name + ":" + r.To, Tags: r.Tags}); err != nil {
		return err
	}
	if r.From != "" {
		if _, err := client.Tag(ctx, e2b.TagRequest{Target: r.Name + ":" + r.From, Tags: []string{Previous}}); err != nil {
			return err
		}
	}
	if len(r.stale) == 0 {
		return nil
	}
	return client.Untag(ctx, r.Name, r.stale)
}

const (
	freshBuild   = time.Hour // a build that young may be about to be tagged
	freshPassing = 24 * time.Hour
)

// Pruned is a build that Prune takes away.
type Pruned struct {
	e2b.TemplateBuild
	Tags []string // that it has, all of them passing
}

// Prunable are the builds of a template that nobody needs: those that have no
// tag that lasts, without the newest keep ready ones.
func Prunable(t e2b.TemplateWithBuilds, tags []e2b.Tag, keep int, now time.Time) []Pruned {
	of := map[string][]string{}
	for _, tag := range tags {
		of[tag.BuildID] = append(of[tag.BuildID], tag.Tag)
	}
	builds := slices.SortedFunc(slices.Values(t.Builds), func(a, b e2b.TemplateBuild) int { return b.CreatedAt.Compare(a.CreatedAt) })
	var out []Pruned
	for _, b := range builds {
		age := now.Sub(b.CreatedAt)
		lasting := slices.ContainsFunc(of[b.BuildID], func(tag string) bool { return !passing(tag) })
		switch {
		case b.Status == e2b.StateReady && keep > 0:
			keep--
		case lasting, b.Status == e2b.StateBuilding, age < freshBuild, len(of[b.BuildID]) > 0 && age < freshPassing:
		default:
			out = append(out, Pruned{b, of[b.BuildID]})
		}
	}
	return out
}

// Prune takes the tags of builds away, and the builds where the endpoint can
// delete them, which E2B cannot; it reports whether this one could.
func Prune(ctx context.Context, client *e2b.Client, t e2b.TemplateWithBuilds, builds []Pruned) (deleted bool, err error) {
	var tags []string
	for _, b := range builds {
		tags = append(tags, b.Tags...)
	}
	if len(tags) > 0 {
		if err := client.Untag(ctx, t.TemplateID, tags); err != nil {
			return false, err
		}
	}
	for _, b := range builds {
		if deleted, err = client.DeleteBuild(ctx, t.TemplateID, b.BuildID); err != nil || !deleted {
			return deleted, err
		}
	}
	return deleted, nil
}
