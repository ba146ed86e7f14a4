package main

import (
	"context"
	"fmt"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newCheck(a *app) *cobra.Command {
	var templates []string
	var json bool
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Run the check blocks on templates that exist",
		Long: `Run the check blocks, each template's in a sandbox of what its name serves now.
Nothing is built or promoted. The exit code is 5 where a check failed.`,
		Example: `  e2bt check --local
  e2bt check -t claude-agent`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.check(cmd.Context(), templates, json, args)
		},
	}
	a.templateFlag(cmd, &templates, "check")
	cmd.Flags().BoolVar(&json, "json", false, "print events as JSON, one object a line")
	return cmd
}

func (a *app) check(ctx context.Context, templates []string, json bool, paths []string) (err error) {
	_, plan, err := a.plan(paths, templates)
	if err != nil {
		return err
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	var p printer = newPlainPrinter(a.stdout)
	if json {
		p = newJSONPrinter(a.stdout)
	}
	defer p.close()
	r := &builder.Runner{Client: at.client, Emit: func(e builder.Event) {
		e.Message = a.secrets.hide(clean(e.Message))
		p.event(e)
	}}
	return a.checkAll(ctx, r, plan, at)
}

// checkAll runs the checks of every template; the exit code is that of the
// first that failed.
func (a *app) checkAll(ctx context.Context, r *builder.Runner, plan *builder.Plan, at *endpoint) error {
	code, checks := 0, 0
	for _, t := range plan.Templates {
		if len(t.Config.Checks) == 0 {
			continue
		}
		checks += len(t.Config.Checks)
		failed, err := r.Check(ctx, t)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c := a.sayCheck(t, failed, err, at); code == 0 {
			code = c
		}
	}
	if checks == 0 {
		fmt.Fprintln(a.stderr, "There are no check blocks.")
	}
	if code != 0 {
		return exitWith(code, nil)
	}
	return nil
}

// sayCheck prints why checks could not be run and returns the exit code.
func (a *app) sayCheck(t *builder.Template, failed bool, err error, at *endpoint) int {
	switch {
	case e2b.NotFound(err):
		err = fmt.Errorf("%w\nThere is no such template yet: build it first", err)
	case err == nil && failed:
		return exitCheck
	case err == nil:
		return 0
	}
	err = at.apiError(err)
	fmt.Fprintf(a.stderr, "Error: %s: %s\n", t.Name, clean(err.Error()))
	return codeOf(err)
}
