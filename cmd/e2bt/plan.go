package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/spf13/cobra"
)

// planFlags are the flags of plan.
type planFlags struct {
	templates []string
	json      bool
	detailed  bool
	offline   bool
}

func newPlan(a *app) *cobra.Command {
	var p planFlags
	cmd := &cobra.Command{
		Use:   "plan [flags] [PATH...]",
		Short: "Show what would be built, and why",
		Long: `Show what would be built, step by step, and why. A template is up to date where
the endpoint has a build with its fingerprint, which covers everything that
decides the result. --offline asks no endpoint and needs no key.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.showPlan(cmd.Context(), p, args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&p.templates, "template", "t", nil, "plan templates that match `GLOB`, with what they are based on (repeatable)")
	f.BoolVar(&p.json, "json", false, "print the plan as JSON")
	f.BoolVar(&p.detailed, "detailed-exitcode", false, "exit with 2 where there are changes")
	f.BoolVar(&p.offline, "offline", false, "ask no endpoint")
	return cmd
}

func (a *app) showPlan(ctx context.Context, flags planFlags, paths []string) (err error) {
	cfg, err := a.load(paths, flags.templates...)
	if err != nil {
		return err
	}
	plan, err := a.plan(cfg, flags.templates)
	if err != nil {
		return err
	}
	if !flags.offline {
		at, err := a.connect(ctx)
		if err != nil {
			return err
		}
		defer closing(at, &err)
		if err := builder.Compare(ctx, at.client, plan); err != nil {
			return a.apiError(err)
		}
	}
	if flags.json {
		err = plan.WriteJSON(a.stdout)
	} else {
		printPlan(a.stdout, plan)
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

func printPlan(w io.Writer, plan *builder.Plan) {
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
	fmt.Fprintf(w, "%s: %d to create, %d to rebuild, %d up to date", count(len(plan.Templates), "template"),
		counts[builder.ActionCreate], counts[builder.ActionRebuild], counts[builder.ActionUpToDate])
	if n := counts[builder.ActionUnknown]; n > 0 {
		fmt.Fprintf(w, ", %d unknown (offline)", n)
	}
	fmt.Fprintln(w, ".")
}

func printTemplate(w io.Writer, t *builder.Template) {
	from := t.FromImage
	if from == "" {
		from = "template " + t.FromTemplate
	}
	fmt.Fprintf(w, "    from %s, %d CPU, %d MiB\n", from, t.CPUCount, t.MemoryMB)
	for _, s := range t.Steps {
		fmt.Fprintf(w, "    %2d. %s", s.Index, stepText(s))
		if s.TimeoutS > 0 {
			fmt.Fprintf(w, "  (at most %s)", time.Duration(s.TimeoutS)*time.Second)
		}
		fmt.Fprintln(w)
	}
	if t.StartCmd != "" {
		fmt.Fprintf(w, "    start: %s\n", oneLine(t.StartCmd))
	}
	if n := len(t.Config.Checks); n > 0 {
		fmt.Fprintf(w, "    then %s\n", count(n, "check"))
	}
}

// stepText says in the author's words what a step does.
func stepText(s builder.Step) string {
	if b := s.Config.Batch; b != nil {
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
		return "batch " + b.Name + ": " + oneLine(strings.Join(parts, "; "))
	}
	switch s.Type {
	case "COPY":
		text := "copy " + s.Args[0] + " to " + s.Args[1]
		if s.Tree != nil {
			text += fmt.Sprintf(" (%.12s)", s.FilesHash)
		}
		return text
	case "RUN":
		return "cleanup: " + oneLine(s.Args[0])
	case "ENV":
		var names []string
		for i := 0; i < len(s.Args); i += 2 {
			names = append(names, s.Args[i])
		}
		return "env " + strings.Join(names, ", ")
	}
	return strings.ToLower(s.Type) + " " + strings.Join(s.Args, " ")
}
