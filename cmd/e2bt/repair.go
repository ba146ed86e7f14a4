package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

// maxRounds is how often a build is edited and tried again.
const maxRounds = 5

// repair is a build that edits what fails and builds again.
type repair struct {
	*amendment
	flags buildFlags
	seen  map[string]bool // edits that were made
	made  []madeFix
}

// madeFix is a fix that was made, as JSON tells it.
type madeFix struct {
	Template string          `json:"template"`
	Round    int             `json:"round"`
	Title    string          `json:"title"`
	Edits    []diagnose.Edit `json:"edits"`
}

// repair goes on after a build that failed: each round makes the first safe edit
// of every failure and builds again, with earlier layers from the cache. Files
// are written when everything has passed, or with --keep-edits.
func (a *app) repair(ctx context.Context, at *endpoint, flags buildFlags, paths []string, results []builder.Result, s *session) ([]builder.Result, error) {
	m := &repair{amendment: a.amendment(paths), flags: flags, seen: map[string]bool{}}
	m.flags.changed, m.flags.noCache = true, false // what has passed is there, and so are layers
	for round := 1; round <= maxRounds && ctx.Err() == nil && !allOK(results); round++ {
		if !m.edit(round, s.found) {
			break
		}
		next, now, err := m.again(ctx, at, results, s.runner)
		if err != nil {
			return results, err
		}
		results, s = merge(results, next), now
	}
	return results, m.finish(ctx, results)
}

func allOK(results []builder.Result) bool {
	for _, res := range results {
		if !res.OK() {
			return false
		}
	}
	return true
}

// edit makes one edit for every failure that has one. It reports whether there
// was any.
func (m *repair) edit(round int, findings []found) bool {
	any := false
	for _, f := range findings {
		for _, fix := range f.Fixes {
			key := editKey(fix.Edits)
			if !fix.Safe || len(fix.Edits) == 0 || m.seen[key] {
				continue
			}
			m.seen[key] = true
			changed, err := m.make(fix)
			if err != nil {
				fmt.Fprintln(m.app.stderr, clean(err.Error()))
			}
			if changed {
				any = true
				m.made = append(m.made, madeFix{f.failure.Template.Name, round, fix.Title, fix.Edits})
				fmt.Fprintln(m.app.stderr, m.app.tr("Edit %d of at most %d, then building again: %s", round, maxRounds, clean(fix.Title)))
				break
			}
		}
	}
	return any
}

// again builds what has not passed.
func (m *repair) again(ctx context.Context, at *endpoint, results []builder.Result, after *builder.Runner) ([]builder.Result, *session, error) {
	a := m.app
	cfg, plan, lock, err := a.planToBuild(m.paths, m.flags)
	if err != nil {
		return nil, nil, err
	}
	open := map[string]bool{}
	for _, res := range results {
		open[res.Template.Name] = !res.OK()
	}
	plan = plan.Only(func(t *builder.Template) bool { return open[t.Name] })
	if err := a.comparer(at, lock, false).Compare(ctx, plan); err != nil {
		return nil, nil, at.apiError(err)
	}
	return a.runPlan(ctx, buildRun{cfg, plan, lock, m.flags, m.paths, after}, at)
}

// merge takes the later result of every template.
func merge(results, next []builder.Result) []builder.Result {
	later := map[string]builder.Result{}
	for _, res := range next {
		later[res.Template.Name] = res
	}
	out := make([]builder.Result, len(results))
	for i, res := range results {
		if now, ok := later[res.Template.Name]; ok && !res.OK() {
			res = now
		}
		out[i] = res
	}
	return out
}

// finish prints what was edited, and writes it where the build has passed.
func (m *repair) finish(ctx context.Context, results []builder.Result) error {
	a := m.app
	if len(m.texts) == 0 {
		if !allOK(results) && ctx.Err() == nil {
			fmt.Fprintln(a.stderr, a.tr("There is no edit that is safe to make by itself; see e2bt fix."))
		}
		return nil
	}
	write := m.flags.keepEdits || allOK(results)
	var err error
	if write {
		err = m.write()
	}
	m.tell(write && err == nil)
	return err
}

func (m *repair) tell(written bool) {
	a, text := m.app, m.diff()
	if m.flags.json {
		_ = json.NewEncoder(a.stdout).Encode(struct {
			Type     string    `json:"type"`
			Time     time.Time `json:"time"`
			Template string    `json:"template"`
			Written  bool      `json:"written"`
			Fixes    []madeFix `json:"fixes"`
			Diff     string    `json:"diff"`
		}{"fix", time.Now(), "", written, m.made, text})
	} else {
		fmt.Fprint(a.stdout, text)
	}
	if written {
		fmt.Fprintln(a.stderr, a.tr("The files were edited as the diff shows."))
	} else {
		fmt.Fprintln(a.stderr, a.tr("The build does not pass with these edits, so nothing was written; --keep-edits writes them all the same."))
	}
}
