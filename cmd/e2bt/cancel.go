package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

const cancelTime = time.Minute // by which the build has ended, or else it is told

func newCancel(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel [BUILD]",
		Short: "Stop a build that was started from here",
		Long: `Stop a build that was started from this directory. E2B cannot cancel a build: a newer
one under the same tag takes its place, which fails at once and leaves nothing behind.
BUILD is a build's id or its beginning, or a template's name; without it, the newest.`,
		Example: `  e2bt cancel                          # the newest build
  e2bt cancel claude-agent`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.cancel(cmd.Context(), args) },
	}
	cmd.ValidArgsFunction = names(a.buildNames)
	return cmd
}

func (a *app) cancel(ctx context.Context, args []string) (err error) {
	rec, err := a.started(args)
	if err != nil {
		return err
	}
	if rec.Status != "" {
		return exitWith(exitError, fmt.Errorf("build %s of %s does not run: it has ended (%s)", rec.BuildID, rec.Template, rec.Status))
	}
	if rec.Endpoint == localURL {
		home, err := a.home()
		if err != nil {
			return err
		}
		if _, serving := a.running(ctx, home); !serving {
			return errors.New("a build of --local ends with the e2bt that runs it: stop that, with Ctrl-C")
		}
	}
	at, err := a.connectTo(ctx, rec)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	now, err := at.client.Status(ctx, rec.TemplateID, rec.BuildID, 0)
	switch {
	case err != nil:
		return at.apiError(err)
	case now.Status.Done():
		return exitWith(exitError, fmt.Errorf("build %s of %s does not run: it has ended (%s)", rec.BuildID, rec.Template, now.Status))
	}
	if err := builder.Supersede(ctx, at.client, rec); err != nil {
		return at.apiError(fmt.Errorf("superseding build %s: %w", rec.BuildID, err))
	}
	ctx, stop := context.WithTimeout(ctx, cancelTime)
	defer stop()
	status, err := at.client.Follow(ctx, rec.TemplateID, rec.BuildID, e2b.FollowOptions{})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("build %s of %s still runs, %s after a newer one took its place", rec.BuildID, rec.Template, cancelTime)
	case err != nil:
		return at.apiError(err)
	case status.Status == e2b.StateReady:
		return exitWith(exitError, fmt.Errorf("build %s of %s was ready before it could be stopped; it is not promoted", rec.BuildID, rec.Template))
	}
	fmt.Fprintf(a.stdout, "cancelled build %s of %s: a newer one took its place\n", rec.BuildID, rec.Template)
	return nil
}
