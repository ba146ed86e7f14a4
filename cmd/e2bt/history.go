package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/e2bt/e2bt/cmd/e2bt/report"
	"github.com/spf13/cobra"
)

func newHistory(a *app) *cobra.Command {
	var templates []string
	var json bool
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show how often builds succeed, how long they take, and what is flaky",
		Long: `Show what came of the builds and checks that were run in this directory: per
template how many were ready, the median time of those, and the last one; batches
that failed and then passed with nothing changed; and mirrors that failed some
batches and served others. It is read from .e2bt/history.jsonl, which holds one
line for every template and run.`,
		Example: `  e2bt history
  e2bt history -t 'python-*' --json`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.showHistory(templates, json) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&templates, "template", "t", nil, "show templates that match `GLOB` (repeatable)")
	f.BoolVar(&json, "json", false, "print JSON")
	complete(cmd, "template", func(args []string) []string { return a.templateNames(args) })
	return cmd
}

func (a *app) showHistory(globs []string, json bool) error {
	entries, err := a.history().Read()
	if err != nil {
		return err
	}
	var picked []report.Entry
	for _, e := range entries {
		if len(globs) == 0 || matchesAny(globs, e.Template) {
			picked = append(picked, e)
		}
	}
	stats := report.Count(picked)
	if json {
		return a.printJSON(stats)
	}
	if len(picked) == 0 {
		fmt.Fprintln(a.stderr, a.tr("No build or check was run here yet."))
		return nil
	}
	return a.printHistory(stats)
}

func matchesAny(globs []string, name string) bool {
	for _, glob := range globs {
		if matches(glob, name) {
			return true
		}
	}
	return false
}

func (a *app) printHistory(s report.Stats) error {
	w := table(a.stdout, "TEMPLATE", "READY", "MEDIAN", "CHECKS", "LAST", "WHEN", "")
	for _, t := range s.Templates {
		w.row(t.Template, ratio(t.Ready, t.Builds), median(t.MedianS), ratio(t.CheckOK, t.CheckRuns), t.LastStatus, stamp(t.LastTime), t.LastCause)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(s.Batches) > 0 {
		fmt.Fprintln(a.stdout, "\n"+a.tr("Batches that failed and then passed, with nothing changed:"))
		w := table(a.stdout, "TEMPLATE", "BATCH", "FAILED", "WHY", "LAST")
		for _, b := range s.Batches {
			var why []string
			for _, c := range b.Categories {
				why = append(why, string(c))
			}
			w.row(b.Template, b.Batch, fmt.Sprintf("%d/%d", b.Failed, b.Ran), strings.Join(why, ", "), stamp(b.Last))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if len(s.Mirrors) == 0 {
		return nil
	}
	fmt.Fprintln(a.stdout, "\n"+a.tr("Mirrors that failed some batches and served others:"))
	w = table(a.stdout, "ECOSYSTEM", "MIRROR", "FAILED", "LAST")
	for _, m := range s.Mirrors {
		w.row(m.Ecosystem, m.From, fmt.Sprintf("%d/%d", m.Failed, m.Failed+m.Served), stamp(m.Last))
	}
	return w.Flush()
}

// ratio writes how many of all, and what part that is.
func ratio(some, all int) string {
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d (%d%%)", some, all, 100*some/all)
}

func median(s float64) string {
	if s == 0 {
		return ""
	}
	return duration(time.Duration(s * float64(time.Second)))
}
