package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/spf13/cobra"
)

// lockFile is the lock file of a configuration.
func (a *app) lockFile(cfg *config.Config) builder.LockFile {
	return builder.LockFile{Path: filepath.Join(cfg.Dir, builder.LockName), Guard: a.state()}
}

// readLock reads the lock file; one that cannot be used ends the command.
func (a *app) readLock(cfg *config.Config) (*builder.Lock, error) {
	lock, err := a.lockFile(cfg).Read()
	if err != nil {
		return nil, exitWith(exitConfig, err)
	}
	return lock, nil
}

// planToBuild plans a build, with what the lock file has where that is wanted.
func (a *app) planToBuild(paths []string, flags buildFlags) (*config.Config, *builder.Plan, *builder.Lock, error) {
	cfg, plan, err := a.plan(paths, flags.templates)
	if err != nil {
		return nil, nil, nil, err
	}
	lock, err := a.readLock(cfg)
	if err != nil || !flags.locked {
		return cfg, plan, lock, err
	}
	path := a.lockFile(cfg).Path
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil, exitWith(exitConfig, fmt.Errorf("--locked: there is no lock file %s: build without --locked, which writes it, and commit it", path))
	}
	plan, diags := builder.NewLocked(cfg, plan, flags.templates, scanFiles(cfg.Settings), lock)
	return cfg, plan, lock, a.report(cfg, diags)
}

// lockWith makes a run compare with the lock file and write it.
func (a *app) lockWith(r *builder.Runner, cfg *config.Config, flags buildFlags, lock *builder.Lock) {
	if !flags.noLock && !flags.locked {
		file := a.lockFile(cfg)
		r.Lock = &file
	}
	r.Before, r.Locked, r.Secrets = lock, flags.locked, cfg.Secrets
}

// maxChanges is how many packages a report names.
const maxChanges = 20

// driftText lists what changed in a template since the lock file was written.
func driftText(d *builder.Drift) string {
	lines := []string{"changed since the lock file was written:"}
	if d.Suspect {
		lines[0] = "changed since the last good build, nearest suspects first:"
	}
	if d.BaseWas != "" {
		lines = append(lines, fmt.Sprintf("  base image %.19s -> %.19s", d.BaseWas, d.BaseNow))
	}
	for i, c := range d.Changes {
		if i == maxChanges {
			lines = append(lines, fmt.Sprintf("  and %d more", len(d.Changes)-i))
			break
		}
		lines = append(lines, "  "+cell(c.String()))
	}
	return strings.Join(lines, "\n")
}

// printSuspects names what changed between the last good build and one that
// failed.
func printSuspects(w io.Writer, d *builder.Drift) {
	fmt.Fprintln(w, "Since the last good build, which the lock file describes, these packages changed, nearest suspects first:")
	if d.BaseWas != "" {
		fmt.Fprintf(w, "  the base image: %.19s -> %.19s\n", d.BaseWas, d.BaseNow)
	}
	for i, c := range d.Changes {
		if i == maxChanges {
			fmt.Fprintf(w, "  and %d more\n", len(d.Changes)-i)
			break
		}
		fmt.Fprintf(w, "  %s, %s\n", cell(c.String()), why(c))
	}
	fmt.Fprintln(w, "To build with what was there then: e2bt build --locked")
}

// why says what makes a package a suspect.
func why(c builder.Change) string {
	switch {
	case c.Named && c.Direct:
		return "named in the failing output and in the configuration"
	case c.Named:
		return "named in the failing output"
	case c.Direct:
		return "named in the configuration"
	}
	return "came along"
}

// sayDrift counts what changed, at the end of a run.
func sayDrift(w io.Writer, results []builder.Result) {
	packages, templates := 0, 0
	for _, res := range results {
		if !res.OK() || res.Drift.Empty() {
			continue
		}
		templates++
		packages += len(res.Drift.Changes)
	}
	if templates > 0 {
		fmt.Fprintf(w, "Since the lock file was written %s changed in %s.\n", count(packages, "package"), count(templates, "template"))
	}
}

// lockMismatch is the finding of a build that is not what the lock file has.
func (s *session) lockMismatch(f builder.Failure) found {
	finding := diagnose.Finding{
		Category: diagnose.LockMismatch, Tool: "e2bt", Confidence: "high",
		Summary:  fmt.Sprintf("What was built differs from the lock file: %s.", f.Drift),
		Detail:   "The build was not promoted. A manager that cannot hold what packages bring along, or a source that no longer has a version, leads to this.",
		Evidence: []diagnose.Evidence{},
		Fixes: []diagnose.Fix{{
			Title:  "Take what is there now into the lock file.",
			Detail: "Build without --locked, look at what changed, and commit " + builder.LockName + ".", Edits: []diagnose.Edit{},
		}},
	}
	if len(f.Drift.Changes) > 0 {
		finding.Tool, finding.Subject, finding.Version = f.Drift.Changes[0].Manager, f.Drift.Changes[0].Name, f.Drift.Changes[0].Was
	}
	return found{Finding: finding, failure: f, where: place(finding, f), at: time.Now()}
}

// held matches what pip says of a version that a constraint asks for.
var held = regexp.MustCompile(`^ *The user requested \(constraint\) ([^ =]+)==([^ ]+)$`)

// goneFromSource reads a failure as that of a build with a lock: what the lock
// has was installed together once, so a conflict means that a version is gone.
func (f *found) goneFromSource() {
	for _, line := range f.tail {
		m := held.FindStringSubmatch(line)
		if m == nil || f.Category != diagnose.DependencyConflict {
			continue
		}
		f.Category, f.Subject, f.Version, f.Fixes = diagnose.VersionNotFound, m[1], "=="+m[2], nil
		f.Summary = fmt.Sprintf("%s %s, which the lock file has, is not to be had any more.", m[1], m[2])
		f.Detail = "The lock file's packages were installed together, so they do not exclude each other: the package index no longer has this one."
		break
	}
	if f.Category == diagnose.VersionNotFound {
		f.Fixes = append(f.Fixes, diagnose.Fix{
			Title: "Take the newest packages into the lock file.", Detail: "Build without --locked, look at what changed, and commit " + builder.LockName + ".", Edits: []diagnose.Edit{},
		})
	}
}

func newLock(a *app) *cobra.Command {
	var flags buildFlags
	var upgrade, prune bool
	cmd := &cobra.Command{
		Use:   "lock [PATH...]",
		Short: "Write the lock file from what is built",
		Long: `Write the lock file from the templates that are on the endpoint: digests, and
every package that is installed in them, read in a sandbox of each. --upgrade
builds them first without the cache, so that newer packages are taken where the
configuration allows it, and tells what changed. --prune takes out templates
that the configuration no longer has; that asks nobody.`,
		Example: `  e2bt lock                            # what is built now
  e2bt lock --prune                    # nothing but what the configuration has
  e2bt lock --upgrade -t agent         # newer packages, for one template`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if prune && (upgrade || len(flags.templates) > 0) {
				return exitWith(exitConfig, errors.New("--prune goes with neither --upgrade nor --template"))
			}
			if prune {
				return a.pruneLock(flags.templates, args)
			}
			if upgrade {
				flags.noCache = true
				return a.build(cmd.Context(), flags, args)
			}
			return a.lock(cmd.Context(), flags, args)
		},
	}
	a.templateFlag(cmd, &flags.templates, "lock")
	f := cmd.Flags()
	f.BoolVar(&upgrade, "upgrade", false, "build again with the newest packages that are allowed")
	f.BoolVar(&flags.json, "json", false, "print events as JSON, one object a line")
	f.BoolVar(&prune, "prune", false, "take out the templates that the configuration does not have")
	return cmd
}

// pruneLock takes templates out of the lock file that are not configured.
func (a *app) pruneLock(templates, paths []string) error {
	cfg, plan, err := a.plan(paths, templates)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, t := range plan.Templates {
		names[t.Name] = true
	}
	gone, err := a.lockFile(cfg).Prune(func(name string) bool { return names[name] })
	for _, name := range gone {
		fmt.Fprintf(a.stdout, "%s is taken out.\n", clean(name))
	}
	if err == nil && len(gone) == 0 {
		fmt.Fprintln(a.stdout, "There is nothing to take out.")
	}
	return err
}

func (a *app) lock(ctx context.Context, flags buildFlags, paths []string) (err error) {
	cfg, plan, lock, err := a.planToBuild(paths, flags)
	if err != nil {
		return err
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	if err := a.comparer(at, lock, false).Compare(ctx, plan); err != nil {
		return at.apiError(err)
	}
	if err := a.openState(); err != nil {
		return err
	}
	for _, t := range plan.Templates {
		if t.Action != builder.ActionUpToDate {
			return fmt.Errorf("%s: %s; e2bt build builds it and writes the lock file, e2bt lock --upgrade does so with the newest packages", t.Name, t.Reason)
		}
	}
	var p printer = newPlainPrinter(a.stdout)
	if flags.json {
		p = newJSONPrinter(a.stdout)
	}
	defer p.close()
	r := &builder.Runner{Client: at.client, StateDir: a.state(), Emit: func(e builder.Event) {
		e.Message = a.secrets.hide(clean(e.Message))
		p.event(e)
	}}
	a.lockWith(r, cfg, flags, lock)
	for _, t := range plan.Templates {
		locked, err := r.LockNow(ctx, t)
		if err != nil {
			return at.apiError(fmt.Errorf("%s: %w", t.Name, err))
		}
		if !flags.json {
			fmt.Fprintf(a.stdout, "%s: %s in %s\n", t.Name, count(locked.Inventory.Count(), "package"), r.Lock.Path)
		}
	}
	return nil
}
