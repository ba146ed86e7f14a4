package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newCheck(a *app) *cobra.Command {
	var templates []string
	var json bool
	var parallel int
	var out reports
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Run the check blocks on templates that exist",
		Long: `Run the check blocks, each in a sandbox of its own of what the template's name
serves now. Nothing is built or promoted. The exit code is 5 where a check failed.`,
		Example: `  e2bt check --local
  e2bt check -t claude-agent`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if parallel < 1 {
				return exitWith(exitConfig, fmt.Errorf("--parallel %d: want 1 or more", parallel))
			}
			return a.recorded("check", out, func() error { return a.check(cmd.Context(), templates, parallel, json, args) })
		},
	}
	a.templateFlag(cmd, &templates, "check")
	cmd.Flags().IntVar(&parallel, "parallel", builder.DefaultChecks, "check in `N` sandboxes at once; as many more are made ahead")
	cmd.Flags().BoolVar(&json, "json", false, "print events as JSON, one object a line")
	out.flags(cmd)
	return cmd
}

func (a *app) check(ctx context.Context, templates []string, parallel int, json bool, paths []string) (err error) {
	cfg, plan, err := a.plan(paths, templates)
	if err != nil {
		return err
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	keys, err := a.agentKeys()
	if err != nil {
		return err
	}
	s := a.session(cfg, nil, json)
	a.journal.Plan(plan, a.place)
	a.journal.Endpoint = at.url
	r := &builder.Runner{Client: at.client, Checks: parallel, Variable: keys, Emit: s.event}
	s.show(func() { err = a.checkAll(ctx, r, plan, at) })
	return err
}

// checkAll runs the checks of every template; the exit code is that of the
// first that failed.
func (a *app) checkAll(ctx context.Context, r *builder.Runner, plan *builder.Plan, at *endpoint) error {
	type verdict struct {
		failed bool
		err    error
	}
	verdicts := make([]verdict, len(plan.Templates))
	checks := 0
	var group sync.WaitGroup
	for i, t := range plan.Templates {
		if n := len(t.Config.Checks); n > 0 {
			checks += n
			group.Go(func() { verdicts[i].failed, verdicts[i].err = r.Check(ctx, t) })
		}
	}
	group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := 0
	for i, t := range plan.Templates {
		if c := a.sayCheck(t, verdicts[i].failed, verdicts[i].err, at); code == 0 {
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

// agentKeys looks up the variables that checks of agents pass to their
// sandboxes; what may be a key is never shown.
func (a *app) agentKeys() (func(string) string, error) {
	env, err := a.environment()
	if err != nil {
		return nil, err
	}
	for name, value := range builder.AgentVariables(env) {
		if strings.Contains(name, "KEY") || strings.Contains(name, "TOKEN") || strings.Contains(name, "HEADERS") {
			a.secrets.add(value)
		}
	}
	return env, nil
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
	a.recordError(t, err)
	return codeOf(err)
}
