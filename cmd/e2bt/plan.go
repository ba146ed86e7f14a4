package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/spf13/cobra"
)

// planFlags are the flags of plan.
type planFlags struct {
	templates []string
	json      bool
	detailed  bool
	offline   bool
	noCache   bool
	out       string
	selection
}

func newPlan(a *app) *cobra.Command {
	var p planFlags
	cmd := &cobra.Command{
		Use:   "plan [PATH...]",
		Short: "Show what would be built, and why",
		Long: `Show what would be built, step by step, and why. A template is up to date where
the endpoint has a build with its fingerprint, which covers everything that
decides the result. --offline asks no endpoint and needs no key.`,
		Example: `  e2bt plan --offline                # the steps alone
  e2bt plan --local                  # compared with what this machine has
  e2bt plan --detailed-exitcode      # 0: up to date, 2: there are changes
  e2bt plan --since origin/main      # what this branch changes
  e2bt plan --out night.plan         # then: e2bt build night.plan`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.showPlan(cmd.Context(), p, args) },
	}
	a.templateFlag(cmd, &p.templates, "plan")
	f := cmd.Flags()
	f.BoolVar(&p.json, "json", false, "print the plan as JSON")
	f.BoolVar(&p.detailed, "detailed-exitcode", false, "exit with 2 where there are changes")
	f.BoolVar(&p.offline, "offline", false, "ask no endpoint")
	f.BoolVar(&p.noCache, "no-cache", false, "plan a build with --no-cache")
	f.StringVar(&p.out, "out", "", "write the plan to `FILE`, for e2bt build FILE")
	p.selection.flags(cmd)
	return cmd
}

func (a *app) showPlan(ctx context.Context, flags planFlags, paths []string) (err error) {
	a.mayTest = !flags.offline
	cfg, plan, err := a.plan(paths, flags.templates)
	if err != nil {
		return err
	}
	if plan, err = a.narrow(ctx, plan, paths, flags.selection); err != nil {
		return err
	}
	if !flags.offline {
		lock, err := a.readLock(cfg)
		if err != nil {
			return err
		}
		if err := a.with(ctx, func(at *endpoint) error { return a.comparer(at, lock, flags.noCache).Compare(ctx, plan) }); err != nil {
			return err
		}
	}
	if flags.out != "" {
		if err := a.savePlan(flags, paths, plan); err != nil {
			return err
		}
	}
	if flags.json {
		err = plan.WriteJSON(a.stdout)
	} else {
		printPlan(a.stdout, plan, flags.offline)
	}
	if err == nil && flags.detailed && !upToDate(plan) {
		return exitWith(exitChanges, nil)
	}
	return err
}

func upToDate(plan *builder.Plan) bool {
	for _, t := range plan.Templates {
		if t.Action != builder.ActionUpToDate {
			return false
		}
	}
	return true
}

// signs mark what would happen to a template.
var signs = map[builder.Action]string{
	builder.ActionCreate: "+ create", builder.ActionRebuild: "~ rebuild", builder.ActionUpToDate: "= up to date", builder.ActionUnknown: "? unknown",
}

func printPlan(w io.Writer, plan *builder.Plan, offline bool) {
	counts := map[builder.Action]int{}
	for _, t := range plan.Templates {
		counts[t.Action]++
		fmt.Fprintf(w, "%s  %s (%s)", signs[t.Action], t.Name, t.Address)
		if t.Reason != "" {
			fmt.Fprintf(w, ": %s", t.Reason)
		}
		fmt.Fprintln(w)
		printTemplate(w, t)
		fmt.Fprintln(w)
	}
	if offline {
		fmt.Fprintf(w, "%s; offline, so whether anything is up to date is unknown.\n", count(len(plan.Templates), "template"))
		return
	}
	fmt.Fprintf(w, "%s: %d to create, %d to rebuild, %d up to date.\n", count(len(plan.Templates), "template"),
		counts[builder.ActionCreate], counts[builder.ActionRebuild], counts[builder.ActionUpToDate])
}

func printTemplate(w io.Writer, t *builder.Template) {
	from := t.FromImage
	if from == "" {
		from = "template " + t.FromTemplate
	}
	if t.PullImage != "" {
		from += " (pulled as " + t.PullImage + ")"
	}
	fmt.Fprintf(w, "    from %s, %d CPU, %d MiB", clean(from), t.CPUCount, t.MemoryMB)
	if t.Mirror != mirrors.None {
		fmt.Fprintf(w, ", mirror %s", clean(t.Mirror))
	}
	if t.EstimatedS > 0 {
		fmt.Fprintf(w, ", about %s as built before", duration(time.Duration(t.EstimatedS*float64(time.Second))))
	}
	fmt.Fprintln(w)
	for _, s := range t.Steps {
		fmt.Fprintf(w, "  %s %2d. %s", cacheSigns[s.Cache], s.Index, oneLine(clean(stepText(t, s))))
		if s.TimeoutS > 0 {
			fmt.Fprintf(w, "  (at most %s)", limit(time.Duration(s.TimeoutS)*time.Second))
		}
		fmt.Fprintln(w)
		if s.Reason != "" && !s.Mirror() {
			fmt.Fprintf(w, "          because %s\n", clean(s.Reason))
		}
	}
	if t.StartCmd != "" {
		fmt.Fprintf(w, "    start: %s\n", oneLine(clean(t.StartCmd)))
	}
	if n := len(t.Config.Checks); n > 0 {
		fmt.Fprintf(w, "    then %s\n", count(n, "check"))
	}
}

// cacheSigns mark whether a step is taken from the cache, built, or unknown.
var cacheSigns = map[string]string{"hit": "=", "miss": "+", "unknown": " "}

// stepText says in the author's words what a step does.
func stepText(t *builder.Template, s builder.Step) string {
	switch {
	case s.Config.Batch != nil:
		return batchText(s.Config.Batch)
	case s.Mirror():
		return s.Batch + ": " + s.Reason
	case s.Type == "RUN" && t.Config.Cleanup != nil:
		return cleanupText(t.Config.Cleanup)
	case s.Type == "COPY":
		text := "copy " + s.Args[0] + " to " + s.Args[1]
		if s.Tree != nil {
			text += fmt.Sprintf(" (%s)", bytesText(s.Tree.Size()))
		}
		return text
	case s.Type == "ENV":
		var names []string
		for i := 0; i < len(s.Args); i += 2 {
			names = append(names, s.Args[i])
		}
		return "env " + strings.Join(names, ", ")
	}
	return strings.ToLower(s.Type) + " " + strings.Join(s.Args, " ")
}

func batchText(b *config.Batch) string {
	var parts []string
	for _, in := range b.Installs {
		var names []string
		for _, p := range in.Packages {
			names = append(names, p.Text)
		}
		parts = append(parts, in.Manager+" "+strings.Join(names, " "))
	}
	for _, line := range b.Run {
		parts = append(parts, "run "+line.Text)
	}
	return "batch " + b.Name + ": " + strings.Join(parts, "; ")
}

func cleanupText(c *config.Cleanup) string {
	parts := append([]string{}, c.Managers...)
	parts = append(parts, c.Paths...)
	for _, line := range c.Run {
		parts = append(parts, "run "+line.Text)
	}
	return "cleanup: " + strings.Join(parts, ", ")
}
