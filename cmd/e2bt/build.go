package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/spf13/cobra"
)

// localPoll is how soon a build of this process's own server is asked again.
const localPoll = 5 * time.Millisecond

// buildFlags are the flags of build.
type buildFlags struct {
	templates []string
	parallel  int
	stall     time.Duration
	changed   bool
	noCache   bool
	failFast  bool
	noCheck   bool
	json      bool
}

func newBuild(a *app) *cobra.Command {
	var b buildFlags
	cmd := &cobra.Command{
		Use:   "build [flags] [PATH...]",
		Short: "Build templates, check them, and promote them",
		Long: `Build templates: each is built under a tag of this run alone, then its checks run
in a sandbox of exactly that build, and only then do "default" and the template's
tags move to it. PATH is a file or a directory, the current one by default.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.build(cmd.Context(), b, args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&b.templates, "template", "t", nil, "build templates that match `GLOB`, with what they are based on (repeatable)")
	f.IntVar(&b.parallel, "parallel", 0, "build at most `N` templates at once (default: the e2bt block's, or 4)")
	f.DurationVar(&b.stall, "stall-timeout", 0, "give up on a build without a log line for so long (default 10m)")
	f.BoolVar(&b.changed, "changed", false, "leave out what is up to date")
	f.BoolVar(&b.noCache, "no-cache", false, "build every step again")
	f.BoolVar(&b.failFast, "fail-fast", false, "stop the other builds when one fails")
	f.BoolVar(&b.noCheck, "no-check", false, "promote without running the checks")
	f.BoolVar(&b.json, "json", false, "print events as JSON, one object a line")
	return cmd
}

func (a *app) build(ctx context.Context, flags buildFlags, paths []string) (err error) {
	if flags.parallel < 0 {
		return exitWith(exitConfig, fmt.Errorf("--parallel %d: want 1 or more", flags.parallel))
	}
	cfg, err := a.load(paths, flags.templates...)
	if err != nil {
		return err
	}
	plan, err := a.plan(cfg, flags.templates)
	if err != nil {
		return err
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	if flags.changed {
		if err := builder.Compare(ctx, at.client, plan); err != nil {
			return a.apiError(err)
		}
	}
	s := a.session(cfg, plan, at, flags.json)
	results := s.run(ctx, a.runner(cfg, flags, at, s))
	return a.verdict(ctx, results, flags.json)
}

// closing ends an endpoint; an error of that counts only when all else went well.
func closing(at *endpoint, err *error) {
	if closeErr := at.close(); closeErr != nil && *err == nil {
		*err = fmt.Errorf("closing the local engine: %w", closeErr)
	}
}

func (a *app) runner(cfg *config.Config, flags buildFlags, at *endpoint, s *session) *builder.Runner {
	parallel := flags.parallel
	if parallel == 0 {
		parallel = cfg.Settings.Parallel
	}
	var poll time.Duration
	if a.local {
		poll = localPoll
	}
	return &builder.Runner{
		Poll: poll, Client: at.client, StateDir: a.state(), Endpoint: at.url, Parallel: parallel,
		NoCache: flags.noCache, Changed: flags.changed, FailFast: flags.failFast, NoCheck: flags.noCheck, Stall: flags.stall,
		Emit: s.event, Retryable: s.retryable,
	}
}

// verdict prints what a run came to and turns it into an exit code: that of
// the first template by name that failed.
func (a *app) verdict(ctx context.Context, results []builder.Result, json bool) error {
	byName := slices.Clone(results)
	slices.SortFunc(byName, func(x, y builder.Result) int { return strings.Compare(x.Template.Name, y.Template.Name) })
	code := 0
	for _, res := range byName {
		if c := exitCode(res); c != 0 && (code == 0 || code == exitInterrupted) {
			code = c
		}
		if res.Err != nil {
			fmt.Fprintf(a.stderr, "Error: %s: %s\n", res.Template.Name, clean(a.apiError(res.Err).Error()))
		}
	}
	a.sayInterrupted(results)
	if !json && len(results) > 1 {
		fmt.Fprintln(a.stdout, tally(results))
	}
	switch {
	case ctx.Err() != nil:
		return exitWith(exitInterrupted, nil)
	case code != 0:
		return exitWith(code, nil)
	}
	return nil
}

func exitCode(res builder.Result) int {
	switch {
	case res.OK(), res.Status == builder.StatusNotStarted:
		return 0
	case res.Status == builder.StatusCancelled:
		return exitInterrupted
	case res.CheckFailed:
		return exitCheck
	case res.Err != nil:
		return exitAPI
	}
	return exitBuild
}

// sayInterrupted tells how to go on with builds that were left alone.
func (a *app) sayInterrupted(results []builder.Result) {
	for _, res := range results {
		leftAlone := res.Status == builder.StatusCancelled || res.Failure != nil && res.Failure.GaveUp
		if !leftAlone || !res.Open {
			continue
		}
		if a.local {
			fmt.Fprintf(a.stderr, "%s: stopped. Finished batches are kept: build again to go on from there.\n", res.Template.Name)
			continue
		}
		fmt.Fprintf(a.stderr, "%s: the endpoint goes on building. To follow it again: e2bt attach %s\n", res.Template.Name, res.BuildID)
	}
}

// tally counts results in words: 2 succeeded, 1 failed, 1 not started.
func tally(results []builder.Result) string {
	words := []struct {
		status builder.Status
		word   string
	}{
		{builder.StatusReady, "succeeded"}, {builder.StatusUpToDate, "up to date"}, {builder.StatusError, "failed"},
		{builder.StatusTimeout, "timed out"}, {builder.StatusCancelled, "interrupted"}, {builder.StatusNotStarted, "not started"},
	}
	var parts []string
	for _, w := range words {
		n := 0
		for _, res := range results {
			if res.Status == w.status {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, w.word))
		}
	}
	return strings.Join(parts, ", ")
}
