package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/spf13/cobra"
)

func newOutdated(a *app) *cobra.Command {
	var templates []string
	var json bool
	cmd := &cobra.Command{
		Use:   "outdated [PATH...]",
		Short: "Show which packages are newer than those in the templates, and why they are not taken",
		Long: `Show which packages are newer than those in the templates, and why they are not
taken. The package managers themselves are asked, in a sandbox of every template.`,
		Example: `  e2bt outdated
  e2bt outdated -t agent --local --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.outdated(cmd.Context(), templates, json, args)
		},
	}
	a.templateFlag(cmd, &templates, "look into")
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	return cmd
}

func (a *app) outdated(ctx context.Context, templates []string, json bool, paths []string) error {
	_, plan, err := a.plan(paths, templates)
	if err != nil {
		return err
	}
	all := []builder.Newer{}
	err = a.with(ctx, func(at *endpoint) error {
		for _, t := range plan.Templates {
			newer, silent, err := builder.Outdated(ctx, at.client, t)
			if err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
			if len(silent) > 0 {
				fmt.Fprintf(a.stderr, "%s: %s cannot say what is newer.\n", t.Name, strings.Join(silent, ", "))
			}
			all = append(all, newer...)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case json:
		return printJSON(a.stdout, struct {
			Version  int             `json:"version"`
			Packages []builder.Newer `json:"packages"`
		}{1, all})
	case len(all) == 0:
		fmt.Fprintln(a.stdout, "Nothing is newer.")
		return nil
	}
	w := table(a.stdout, "TEMPLATE", "MANAGER", "PACKAGE", "VERSION", "LATEST", "WHY")
	for _, n := range all {
		w.row(n.Template, n.Manager, n.Name, n.Version, n.Latest, n.Reason)
	}
	return w.Flush()
}
