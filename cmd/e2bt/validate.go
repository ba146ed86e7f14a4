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
		Use:   "validate [--json] [PATH...]",
		Short: "Report every mistake that can be known without an API",
		RunE:  func(_ *cobra.Command, args []string) error { return a.validate(args, json) },
	}
	cmd.Flags().BoolVar(&json, "json", false, "print the diagnostics as JSON, in Terraform's shape")
	return cmd
}

func (a *app) validate(paths []string, json bool) error {
	cfg, diags, err := a.read(paths)
	if err != nil {
		return err
	}
	if !diags.HasErrors() {
		var planned hcl.Diagnostics
		_, planned = builder.New(cfg, nil, scanFiles)
		diags = append(diags, planned...)
	}
	if json {
		text, err := config.DiagnosticsJSON(diags, cfg.Files)
		if err != nil {
			return fmt.Errorf("encoding the diagnostics: %w", err)
		}
		fmt.Fprintln(a.stdout, string(text))
		if diags.HasErrors() {
			return exitWith(exitConfig, nil)
		}
		return nil
	}
	if err := a.report(cfg, diags); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Valid: %s.\n", count(len(cfg.Templates), "template"))
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
