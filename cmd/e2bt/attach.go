package main

import (
	"context"
	"fmt"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/spf13/cobra"
)

func newAttach(a *app) *cobra.Command {
	var json bool
	var out reports
	cmd := &cobra.Command{
		Use:   "attach [BUILD]",
		Short: "Follow a build that was started from here and finish it",
		Long: `Follow a build that was started from this directory: print its log, wait for its
end, run its checks and promote it, as build would have. BUILD is a build's id or
its beginning, or a template's name; without it, the newest build. Variables that
were set on the command line then have to be set again.`,
		Example: `  e2bt attach                          # to the newest build
  e2bt attach 3e63c366 --var version=1.2`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.recorded("attach", out, func() error { return a.attach(cmd.Context(), args, json) })
		},
	}
	cmd.ValidArgsFunction = names(a.buildNames)
	cmd.Flags().BoolVar(&json, "json", false, "print events as JSON, one object a line")
	out.flags(cmd)
	return cmd
}

func (a *app) attach(ctx context.Context, args []string, json bool) (err error) {
	rec, err := a.started(args)
	if err != nil {
		return err
	}
	cfg, plan, same := a.definition(rec)
	at, err := a.connectTo(ctx, rec)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	s := a.session(cfg, plan, json)
	s.keeps, s.paths, s.endpoint = true, rec.Paths, at.url
	a.journal.Endpoint = at.url
	done := rec.Status == builder.StatusReady
	r, err := a.runner(cfg, buildFlags{}, at, s)
	if err != nil {
		return err
	}
	if lock, err := a.readLock(cfg); err == nil {
		a.lockWith(r, cfg, buildFlags{}, lock)
	}
	var res builder.Result
	s.show(func() {
		res = r.Attach(ctx, plan.Templates[0], rec, same && !done)
	})
	if err := a.verdict(ctx, []builder.Result{res}, at, json); err != nil || same || done {
		return err
	}
	return exitWith(exitError, fmt.Errorf("%s is ready, but neither checked nor promoted: its definition is not the one that it was built from. Build it again, or set the variables that were set then", rec.Template))
}

// definition finds the plan of a record's template. Where the definition has
// changed since, or cannot be read any more, same is false and the plan knows
// the name alone.
func (a *app) definition(rec builder.Record) (cfg *config.Config, plan *builder.Plan, same bool) {
	cfg, diags, err := a.read(rec.Paths)
	if err == nil && !diags.HasErrors() {
		for _, t := range cfg.Templates {
			t.Mirror = rec.Mirror
		}
		_ = a.chooseAuto(cfg) // a choice that cannot be had makes another plan than the one that was built
		plan, diags := builder.New(cfg, nil, scanFiles(cfg.Settings))
		for _, t := range plan.Templates {
			if !diags.HasErrors() && t.Address == rec.Address && rec.Has(t.FingerprintTag()) {
				return cfg, &builder.Plan{Version: 1, Templates: []*builder.Template{t}}, true
			}
		}
	}
	bare := &builder.Template{Name: rec.Template, Address: rec.Address, Config: &config.Template{Name: rec.Template, Address: rec.Address}}
	return &config.Config{Dir: a.dir}, &builder.Plan{Version: 1, Templates: []*builder.Template{bare}}, false
}
