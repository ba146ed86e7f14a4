package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/e2bt/e2bt/diagnose"
	"github.com/spf13/cobra"
)

// applySafe is --apply without a number.
const applySafe = "safe"

func newFix(a *app) *cobra.Command {
	var templates []string
	var apply string
	cmd := &cobra.Command{
		Use:   "fix [PATH...]",
		Short: "Show or make the edits that the last failed build suggested",
		Long: `Show what the last failed build said, and as a diff every edit that may cure it.
--apply makes the first safe one; --apply N makes the one with that number, also
one that is not safe because it installs a package under another name: look
first whether that is the package you mean. Comments and layout stay. A value
that has no certain place in the files, such as a computed one, is left alone.`,
		Example: `  e2bt fix                # what would be edited
  e2bt fix --apply        # make the first safe edit
  e2bt fix --apply 2      # make the second one
  e2bt build --fix        # build, edit, and build again`,
		RunE: func(_ *cobra.Command, args []string) error {
			if n := len(args); apply == applySafe && n > 0 && isNumber(args[0]) {
				apply, args = args[0], args[1:]
			}
			return a.fix(templates, apply, args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&templates, "template", "t", nil, "the last failure of templates that match `GLOB` (repeatable)")
	f.StringVar(&apply, "apply", "", "make the edit with number `N`, or the first safe one")
	f.Lookup("apply").NoOptDefVal = applySafe
	return cmd
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func (a *app) fix(globs []string, apply string, paths []string) error {
	rec, err := a.lastFailure(globs)
	if err != nil {
		return err
	}
	if rec == nil {
		fmt.Fprintln(a.stderr, a.tr("No failed build is known here."))
		return nil
	}
	if len(paths) == 0 {
		paths = rec.Paths
	}
	if apply == "" {
		return a.showFixes(rec, paths)
	}
	number, err := choose(rec.Finding.Fixes, apply)
	if err != nil {
		return err
	}
	m := a.amendment(paths)
	changed, err := m.make(rec.Finding.Fixes[number-1])
	switch {
	case err != nil:
		return err
	case !changed:
		fmt.Fprintln(a.stderr, a.tr("The files have this edit already."))
		return nil
	}
	if err := m.write(); err != nil {
		return err
	}
	fmt.Fprint(a.stdout, m.diff())
	return nil
}

// choose finds the fix that --apply names, counted from 1.
func choose(fixes []diagnose.Fix, apply string) (int, error) {
	if apply != applySafe {
		n, err := strconv.Atoi(apply)
		switch {
		case err != nil || n < 1 || n > len(fixes):
			return 0, exitWith(exitConfig, fmt.Errorf("--apply %s: there are %d fixes", apply, len(fixes)))
		case len(fixes[n-1].Edits) == 0:
			return 0, exitWith(exitConfig, fmt.Errorf("--apply %s: that fix is for you to make: %s", apply, fixes[n-1].Title))
		}
		return n, nil
	}
	for i, fix := range fixes {
		if fix.Safe && len(fix.Edits) > 0 {
			return i + 1, nil
		}
	}
	return 0, errors.New("there is no edit that is safe to make without being chosen: see e2bt fix, and name one with --apply N")
}

// showFixes prints every fix with the diff of its edits.
func (a *app) showFixes(rec *failureRecord, paths []string) error {
	fmt.Fprintf(a.stdout, "%s, %s: %s\n%s\n", rec.Template, rec.Range, rec.Finding.Category, clean(rec.Finding.Summary))
	if rec.Before != "" {
		fmt.Fprintf(a.stdout, "%s %s\n", a.tr("The state before the failed step is kept as"), rec.Before)
	}
	for i, fix := range rec.Finding.Fixes {
		fmt.Fprintf(a.stdout, "\n%d. %s\n", i+1, clean(fix.Title))
		if fix.Detail != "" {
			fmt.Fprintf(a.stdout, "   %s\n", oneLine(clean(fix.Detail)))
		}
		if len(fix.Edits) == 0 {
			continue
		}
		if !fix.Safe {
			fmt.Fprintf(a.stdout, "   %s\n", a.tr("Made only when asked for by its number: --apply %d.", i+1))
		}
		m := a.amendment(paths)
		changed, err := m.make(fix)
		a.edited = nil
		switch {
		case err != nil:
			fmt.Fprintf(a.stdout, "   %s\n", clean(err.Error()))
		case !changed:
			fmt.Fprintf(a.stdout, "   %s\n", a.tr("The files have this edit already."))
		default:
			fmt.Fprint(a.stdout, m.diff())
		}
	}
	return nil
}
