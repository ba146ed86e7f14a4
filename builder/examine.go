package builder

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/mirrors"
)

// inventoryState is what a run knows of packages.
type inventoryState struct {
	seeing sync.Mutex
	seen   map[string]*seen // by template: what the log of a build says
	unread sync.Once        // inventories cannot be read: said once
	queue  lockQueue
}

// examine looks at a build that is ready, in sandboxes of it: what is in it,
// how that differs from the lock file, and whether the checks pass. ok reports
// whether it may be promoted.
func (r *Runner) examine(ctx context.Context, t *Template, res Result) (found *Inventory, _ Result, ok bool) {
	checks := !r.NoCheck && len(t.Config.Checks) > 0
	inventory := r.Lock != nil || r.before(t) != nil
	if !checks && !inventory {
		return nil, res, true
	}
	var complaints []string
	var side sync.WaitGroup
	if inventory {
		side.Go(func() { found = r.inventory(ctx, t, reference(t.Name, res.BuildID)) })
	}
	var err error
	if checks {
		complaints, err = r.checks(ctx, t, res.BuildID)
	}
	side.Wait()
	if err != nil || ctx.Err() != nil {
		return found, r.stopped(ctx, res, err), false
	}
	if found != nil {
		res.Drift = r.drift(t, res.digest, *found)
	}
	res = r.judgeBuild(t, res, complaints)
	return found, res, res.OK()
}

// judgeBuild says what the checks and the lock make of a build.
func (r *Runner) judgeBuild(t *Template, res Result, complaints []string) Result {
	switch {
	case len(complaints) > 0:
		res.Status, res.CheckFailed, res.Open = StatusError, true, false
		res.Drift.suspects(strings.Join(complaints, "\n"))
	case r.Locked && !res.Drift.Empty():
		res.Status, res.Open = StatusError, false
		res.Failure = &Failure{
			Template: t, Phase: "lock", ExitCode: -1, Drift: res.Drift,
			Reason: fmt.Sprintf("what was built differs from the lock file: %s", res.Drift),
		}
	}
	return res
}

// inventory reads what is installed. A build goes on without it.
func (r *Runner) inventory(ctx context.Context, t *Template, ref string) *Inventory {
	in, err := ReadInventory(ctx, r.Client, ref)
	if err != nil {
		if ctx.Err() == nil {
			r.cannotRead(t, err)
		}
		return nil
	}
	return &in
}

func (r *Runner) cannotRead(t *Template, err error) {
	r.unread.Do(func() {
		text := "what is installed cannot be read, so it is neither compared with the lock file nor written to it: " + err.Error()
		r.emit(Event{Type: EventWarning, Template: t.Name, Message: text})
	})
}

// before is what the lock file has of t, or nil where it says nothing of use.
func (r *Runner) before(t *Template) *Locked {
	if r.Before == nil {
		return nil
	}
	entry := r.Before.Templates[t.Name]
	if entry == nil || entry.Unread {
		return nil
	}
	return entry
}

// drift compares a build with the lock file; nil where that has nothing of it.
func (r *Runner) drift(t *Template, digest string, now Inventory) *Drift {
	entry := r.before(t)
	if entry == nil {
		return nil
	}
	d := &Drift{Changes: entry.Inventory.Compare(now, t.direct())}
	if digest != "" && entry.Base.Digest != "" && digest != entry.Base.Digest {
		d.BaseWas, d.BaseNow = entry.Base.Digest, digest
	}
	return d
}

// tellDrift reports what changed since the lock file was written.
func (r *Runner) tellDrift(t *Template, res Result) {
	d := res.Drift
	if d == nil && res.Failure != nil {
		d = res.Failure.Drift
	}
	if !d.Empty() {
		r.emit(Event{Type: EventDrift, Template: t.Name, BuildID: res.BuildID, Drift: d})
	}
}

// see notes what a line of a build's log says of packages, where there is a
// good build to compare with.
func (r *Runner) see(t *Template, line string) {
	r.seeing.Lock()
	defer r.seeing.Unlock()
	if s := r.seenOf(t); s != nil {
		s.line(line)
	}
}

// suspect says which packages changed between the last good build and one that
// failed, as far as its log names them: there is no template to look into.
func (r *Runner) suspect(t *Template, f *Failure) {
	entry := r.before(t)
	r.seeing.Lock()
	defer r.seeing.Unlock()
	s := r.seen[t.Name]
	if entry == nil || s == nil || f.Phase == "lock" {
		return
	}
	if d := s.suspects(entry.Inventory, t.direct()); !d.Empty() {
		f.Drift = d
	}
}

// writeLock writes down what was promoted. The build stands all the same where
// that fails.
func (r *Runner) writeLock(t *Template, res Result, found *Inventory) {
	if r.Lock == nil || r.Locked {
		return
	}
	entry := t.locked(res.TemplateID, res.BuildID, res.digest, r.Secrets)
	entry.Unread = found == nil
	if found != nil {
		entry.Inventory = *found
	}
	if err := r.queue.put(r.Lock, entry); err != nil {
		r.emit(Event{Type: EventWarning, Template: t.Name, Message: err.Error()})
	}
}

// direct holds the packages that the batches of t, and of what it is based on,
// name.
func (t *Template) direct() map[string]bool {
	out := map[string]bool{}
	for in := range t.installs() {
		for _, p := range in.Packages {
			out[packageKey(in.Manager, p.Name)] = true
		}
	}
	return out
}

// installs runs through the package lists of t and of what it is based on.
func (t *Template) installs() iter.Seq[config.Install] {
	return func(yield func(config.Install) bool) {
		for at := t; at != nil; at = at.Parent {
			for _, s := range at.Config.Steps {
				if s.Batch == nil {
					continue
				}
				for _, in := range s.Batch.Installs {
					if !yield(in) {
						return
					}
				}
			}
		}
	}
}

// packageKey is one word for a package, however it is written.
func packageKey(manager, name string) string {
	m, _ := mirrors.LookupManager(manager)
	if m.Inventory == nil {
		return manager + " " + name
	}
	return m.Site() + " " + m.Key(name)
}

// LockNow writes down what a template's promoted build holds. The plan was
// compared, and t is up to date.
func (r *Runner) LockNow(ctx context.Context, t *Template) (*Locked, error) {
	base := ""
	about, err := r.Client.Template(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	err = r.Client.Logs(ctx, about.TemplateID, t.live, func(entries []e2b.LogEntry) {
		for _, e := range entries {
			if m := imageDigest.FindStringSubmatch(e.Message); m != nil && e.Step == "base" {
				base = m[1]
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reading the build's log: %w", err)
	}
	in, err := ReadInventory(ctx, r.Client, reference(t.Name, t.live))
	if err != nil {
		return nil, err
	}
	res := Result{Template: t, BuildID: t.live, Drift: r.drift(t, base, in)}
	r.tellDrift(t, res)
	entry := t.locked(about.TemplateID, t.live, base, r.Secrets)
	entry.Inventory = in
	return entry, r.Lock.Put(entry)
}
