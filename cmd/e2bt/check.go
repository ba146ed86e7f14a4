package main

import (
	"context"
	"fmt"

	"github.com/e2bt/e2bt/builder"
	"github.com/spf13/cobra"
)

func newCheck(a *app) *cobra.Command {
	var templates []string
	var json bool
	cmd := &cobra.Command{
		Use:   "check [-t GLOB] [--json] [PATH...]",
		Short: "Run the check blocks on templates that exist",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.check(cmd.Context(), templates, json, args)
		},
	}
	cmd.Flags().StringArrayVarP(&templates, "template", "t", nil, "check templates that match `GLOB` (repeatable)")
	cmd.Flags().BoolVar(&json, "json", false, "print events as JSON, one object a line")
	return cmd
}

func (a *app) check(ctx context.Context, templates []string, json bool, paths []string) (err error) {
	cfg, err := a.load(paths, templates...)
	if err != nil {
		return err
	}
	plan, err := a.plan(cfg, templates)
	if err != nil {
		return err
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	var p printer = newPlainPrinter(a.stdout, a.local)
	if json {
		p = newJSONPrinter(a.stdout)
	}
	defer p.close()
	r := &builder.Runner{Client: at.client, Emit: p.event}
	code, checks := 0, 0
	for _, t := range plan.Templates {
		checks += len(t.Config.Checks)
		failed, err := r.Check(ctx, t)
		if err != nil {
			return a.apiError(fmt.Errorf("%s: %w", t.Name, err))
		}
		if failed {
			code = exitCheck
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
