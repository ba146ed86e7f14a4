package main

import (
	"fmt"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"
)

func newValidate(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "validate [PATH...]",
		Short: "Report every mistake that can be known without an API",
		Long: `Report every mistake that can be known without an API, of all files at once,
each with its line and what to do. The exit code is 3 where there is one.
With --json it also says which value each variable has, and where from.`,
		Example: `  e2bt validate
  e2bt validate --json agent.hcl       # in the shape of Terraform's validate -json`,
		RunE: func(_ *cobra.Command, args []string) error { return a.validate(args, json) },
	}
	cmd.Flags().BoolVar(&json, "json", false, "print the diagnostics as JSON, in Terraform's shape")
	return cmd
}

func (a *app) validate(paths []string, json bool) error {
	cfg, diags, err := a.read(paths)
	if err != nil {
		return err
	}
	_, planned := a.planned(cfg, diags, nil)
	diags = append(diags, planned...)
	if json {
		return a.diagnosticsJSON(cfg, diags)
	}
	if err := a.report(cfg, diags); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Valid: %s.\n", count(len(cfg.Templates), "template"))
	return nil
}

// planned makes the plan of a configuration. One with mistakes has none, but
// its files can be looked for all the same.
func (a *app) planned(cfg *config.Config, diags hcl.Diagnostics, globs []string) (*builder.Plan, hcl.Diagnostics) {
	if diags.HasErrors() {
		return nil, builder.CheckFiles(cfg, scanFiles(cfg.Settings))
	}
	a.chooseMirror(cfg)
	if err := a.chooseAuto(cfg); err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No mirrors chosen", Detail: err.Error()}}
	}
	plan, planned := builder.New(cfg, globs, scanFiles(cfg.Settings))
	_, wrong := ruleEngine(cfg.Rules)
	return plan, append(planned, wrong...)
}

func (a *app) diagnosticsJSON(cfg *config.Config, diags hcl.Diagnostics) error {
	text, err := config.DiagnosticsJSON(diags, cfg.Files, cfg.Variables...)
	if err != nil {
		return fmt.Errorf("encoding the diagnostics: %w", err)
	}
	fmt.Fprintln(a.stdout, string(escape(text)))
	if diags.HasErrors() {
		return exitWith(exitConfig, nil)
	}
	return nil
}
