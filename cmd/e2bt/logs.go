package main

import (
	"context"
	"fmt"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newLogs(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "logs [BUILD]",
		Short: "Print the log of a build that runs or ran",
		Long: `Print the log of a build, as far as it is there. BUILD is a build's id or its
beginning, or a template's name; without it, the newest build started from here.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.logs(cmd.Context(), args) },
	}
}

// started finds the record of a build that was started from this directory.
func (a *app) started(args []string) (builder.Record, error) {
	records, err := builder.Records(a.state())
	if err != nil {
		return builder.Record{}, err
	}
	want := ""
	if len(args) > 0 {
		want = args[0]
	}
	rec, ok := builder.FindRecord(records, want)
	if !ok {
		return rec, exitWith(exitConfig, fmt.Errorf("no build %s was started from %s; what is on the endpoint shows: e2bt templates list", want, a.dir))
	}
	return rec, nil
}

func (a *app) logs(ctx context.Context, args []string) error {
	rec, err := a.started(args)
	if err != nil {
		return err
	}
	return a.with(ctx, func(at *endpoint) error {
		return at.client.Logs(ctx, rec.TemplateID, rec.BuildID, func(entries []e2b.LogEntry) {
			for _, e := range entries {
				fmt.Fprintf(a.stdout, "%s %s\n", e.Timestamp.UTC().Format("15:04:05.000"), clean(e.Message))
			}
		})
	})
}

func newAttach(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "attach [BUILD]",
		Short: "Follow a build that was started from here and finish it",
		Long: `Follow a build that was started from this directory: print its log, wait for its
end, run its checks and promote it, as build would have. BUILD is a build's id or
its beginning, or a template's name; without it, the newest build.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.attach(cmd.Context(), args, json) },
	}
	cmd.Flags().BoolVar(&json, "json", false, "print events as JSON, one object a line")
	return cmd
}

func (a *app) attach(ctx context.Context, args []string, json bool) (err error) {
	rec, err := a.started(args)
	if err != nil {
		return err
	}
	cfg, plan, same := a.planned(rec)
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	s := a.session(cfg, plan, at, json)
	var res builder.Result
	s.show(func() { res = a.runner(cfg, buildFlags{}, at, s).Attach(ctx, plan.Templates[0], rec, same) })
	if !same && res.OK() {
		fmt.Fprintln(a.stderr, "The definition of "+rec.Template+" has changed since: the build was neither checked nor promoted. Build it again.")
	}
	return a.verdict(ctx, []builder.Result{res}, json)
}

// planned finds the plan of a record's template. Where the definition has
// changed since, or cannot be read any more, same is false and the plan knows
// the name alone.
func (a *app) planned(rec builder.Record) (cfg *config.Config, plan *builder.Plan, same bool) {
	cfg, diags, err := a.read(nil)
	if err == nil && !diags.HasErrors() {
		plan, diags := builder.New(cfg, nil, scanFiles)
		for _, t := range plan.Templates {
			if !diags.HasErrors() && t.Address == rec.Address && rec.Has(t.FingerprintTag()) {
				return cfg, &builder.Plan{Version: 1, Templates: []*builder.Template{t}}, true
			}
		}
	}
	bare := &builder.Template{Name: rec.Template, Address: rec.Address, Config: &config.Template{Name: rec.Template, Address: rec.Address}}
	return &config.Config{Dir: a.dir}, &builder.Plan{Version: 1, Templates: []*builder.Template{bare}}, false
}
