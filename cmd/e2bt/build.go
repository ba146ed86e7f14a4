package main

import (
	"context"
	"errors"
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
	locked    bool
	noLock    bool
	json      bool
	fix       bool
	keepEdits bool
	selection
	reports
}

func newBuild(a *app) *cobra.Command {
	var b buildFlags
	cmd := &cobra.Command{
		Use:   "build [PATH...]",
		Short: "Build templates, check them, and promote them",
		Long: `Build templates: each is built under a tag of this run alone, then its checks run
in a sandbox of exactly that build, and only then do "default" and the template's
tags move to it. PATH is a file or a directory, the current one by default, or a
file of e2bt plan --out, which is refused when what it was made from has changed.

The log of every build is kept in .e2bt/logs, the newest ` + fmt.Sprint(keptBuilds) + ` of them. Exit codes:
4 a build failed, 5 a check failed, 6 the API refused or could not be reached;
when several fail, the code is that of the first by name.`,
		Example: `  e2bt build --local                   # on this machine; needs no account
  e2bt build                           # on E2B
  e2bt build -t 'python-*' --changed   # some templates, unless they are up to date
  e2bt build --json agent.hcl          # events for programs, one a line`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.check(); err != nil {
				return err
			}
			return a.recorded("build", b.reports, func() error { return a.build(cmd.Context(), b, args) })
		},
	}
	a.templateFlag(cmd, &b.templates, "build")
	f := cmd.Flags()
	f.IntVar(&b.parallel, "parallel", 0, "build at most `N` templates at once (default: the e2bt block's, or "+fmt.Sprint(builder.DefaultParallel)+")")
	f.DurationVar(&b.stall, "stall-timeout", 0, "give up on a build without a log line for that `TIME` (default 10m)")
	f.BoolVar(&b.changed, "changed", false, "leave out what is up to date")
	f.BoolVar(&b.noCache, "no-cache", false, "build every step again")
	f.BoolVar(&b.failFast, "fail-fast", false, "stop the other builds when one fails")
	f.BoolVar(&b.noCheck, "no-check", false, "promote without running the checks")
	f.BoolVar(&b.locked, "locked", false, "build exactly what the lock file has, or fail and say what differs")
	f.BoolVar(&b.noLock, "no-lock", false, "leave the lock file alone")
	f.BoolVar(&b.json, "json", false, "print events as JSON, one object a line")
	f.BoolVar(&b.fix, "fix", false, "make the safe edits that failures suggest and build again; the files are written when all pass")
	f.BoolVar(&b.keepEdits, "keep-edits", false, "with --fix: write the edits even where the build fails")
	b.selection.flags(cmd)
	b.reports.flags(cmd)
	return cmd
}

func (b buildFlags) check() error {
	switch {
	case b.parallel < 0:
		return exitWith(exitConfig, fmt.Errorf("--parallel %d: want 1 or more", b.parallel))
	case b.stall < 0:
		return exitWith(exitConfig, fmt.Errorf("--stall-timeout %s: want more than nothing", b.stall))
	case b.fix && b.locked:
		return exitWith(exitConfig, errors.New("--fix and --locked exclude each other: an edit is not what the lock file has"))
	case b.keepEdits && !b.fix:
		return exitWith(exitConfig, errors.New("--keep-edits goes with --fix"))
	}
	return nil
}

func (a *app) build(ctx context.Context, flags buildFlags, paths []string) (err error) {
	saved, err := a.readPlan(paths)
	if err != nil {
		return err
	}
	if saved != nil && len(saved.Templates) == 0 {
		fmt.Fprintln(a.stderr, "The plan has nothing to build.")
		return nil
	}
	if saved != nil && flags.fix {
		return exitWith(exitConfig, errors.New("--fix edits the configuration, so it cannot build a plan that was written down"))
	}
	if saved != nil {
		paths, flags.templates, flags.changed = saved.Paths, saved.addresses(), true
	}
	a.mayTest = true
	cfg, plan, lock, err := a.planToBuild(paths, flags)
	if err != nil {
		return err
	}
	if plan, err = a.narrow(ctx, plan, paths, flags.selection); err != nil {
		return err
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	if flags.changed {
		if err := a.comparer(at, lock, flags.noCache).Compare(ctx, plan); err != nil {
			return at.apiError(err)
		}
	}
	if err := saved.holds(plan, at); err != nil {
		return err
	}
	if err := at.carries(ctx, plan); err != nil {
		return err
	}
	results, s, err := a.runPlan(ctx, buildRun{cfg: cfg, plan: plan, lock: lock, flags: flags, paths: paths}, at)
	if err == nil && flags.fix {
		results, err = a.repair(ctx, at, flags, paths, results, s)
	}
	if err != nil {
		return err
	}
	return a.verdict(ctx, results, at, flags.json)
}

// buildRun is what a run builds, and how.
type buildRun struct {
	cfg   *config.Config
	plan  *builder.Plan
	lock  *builder.Lock
	flags buildFlags
	paths []string
	after *builder.Runner // the run that this one goes on with, if any
}

// runPlan builds a plan that is ready to be built.
func (a *app) runPlan(ctx context.Context, b buildRun, at *endpoint) ([]builder.Result, *session, error) {
	if err := a.openState(); err != nil {
		return nil, nil, err
	}
	if !b.flags.noLock && !b.flags.locked {
		if err := a.pinChoices(b.cfg); err != nil {
			return nil, nil, err
		}
	}
	a.warnMirror(b.plan, at)
	a.pinImages(ctx, b.plan)
	s := a.session(b.cfg, b.plan, b.flags.json)
	s.locked, s.keeps, s.paths, s.endpoint = b.flags.locked, true, b.paths, at.url
	a.journal.Endpoint = at.url
	r, err := a.runner(b.cfg, b.flags, at, s)
	if err != nil {
		return nil, nil, err
	}
	r.Paths, r.KeepState = b.paths, a.local
	if a.local || b.flags.fix {
		r.Question = s.question
	}
	if b.after != nil {
		r.GoOn(b.after)
	}
	a.lockWith(r, b.cfg, b.flags, b.lock)
	s.runner = r
	return s.run(ctx, r, b.plan), s, nil
}

// closing ends an endpoint; an error of that counts only when all else went well.
func closing(at *endpoint, err *error) {
	if closeErr := at.close(); closeErr != nil && *err == nil {
		*err = fmt.Errorf("closing the local engine: %w", closeErr)
	}
}

func (a *app) comparer(at *endpoint, lock *builder.Lock, noCache bool) builder.Comparer {
	return builder.Comparer{Client: at.client, StateDir: a.state(), Endpoint: at.url, NoCache: noCache, Lock: lock}
}

func (a *app) runner(cfg *config.Config, flags buildFlags, at *endpoint, s *session) (*builder.Runner, error) {
	parallel := flags.parallel
	if parallel == 0 {
		parallel = cfg.Settings.Parallel
	}
	var poll time.Duration
	if a.local {
		poll = localPoll
	}
	keys, err := a.agentKeys()
	if err != nil {
		return nil, err
	}
	return &builder.Runner{
		Poll: poll, Client: at.client, StateDir: a.state(), Endpoint: at.url, Parallel: parallel,
		NoCache: flags.noCache, Changed: flags.changed, FailFast: flags.failFast, NoCheck: flags.noCheck, Stall: flags.stall,
		Emit: s.event, Retryable: s.retryable, Elsewhere: s.elsewhere, Hide: a.secrets.hide, Variable: keys,
	}, nil
}

// verdict prints what a run came to and turns it into an exit code: that of
// the first template by name that failed.
func (a *app) verdict(ctx context.Context, results []builder.Result, at *endpoint, json bool) error {
	byName := slices.Clone(results)
	slices.SortFunc(byName, func(x, y builder.Result) int { return strings.Compare(x.Template.Name, y.Template.Name) })
	code := 0
	for _, res := range byName {
		if c := exitCode(res, at); c != 0 && (code == 0 || code == exitInterrupted) {
			code = c
		}
	}
	a.sayErrors(byName, at)
	a.recordErrors(byName, at)
	a.sayInterrupted(results)
	if !json && len(results) > 1 {
		fmt.Fprintln(a.stdout, tally(results))
	}
	if !json {
		sayDrift(a.stdout, results)
	}
	switch {
	case ctx.Err() != nil:
		return exitWith(exitInterrupted, nil)
	case code != 0:
		return exitWith(code, nil)
	}
	return nil
}

// sayErrors prints what went wrong beside the builds themselves, each error
// once with the templates that had it. Of one that is ready it is a warning.
func (a *app) sayErrors(results []builder.Result, at *endpoint) {
	type said struct{ kind, text string }
	var all []said
	names := map[said][]string{}
	for _, res := range results {
		if res.Err == nil {
			continue
		}
		one := said{"Error", clean(at.apiError(res.Err).Error())}
		if res.OK() {
			one.kind = "Warning"
		}
		if names[one] == nil {
			all = append(all, one)
		}
		names[one] = append(names[one], res.Template.Name)
	}
	for _, one := range all {
		fmt.Fprintf(a.stderr, "%s: %s: %s\n", one.kind, strings.Join(names[one], ", "), one.text)
	}
}

func exitCode(res builder.Result, at *endpoint) int {
	switch {
	case res.OK(), res.Status == builder.StatusNotStarted:
		return 0
	case res.Status == builder.StatusCancelled:
		return exitInterrupted
	case res.CheckFailed:
		return exitCheck
	case res.Err != nil:
		return codeOf(at.apiError(res.Err))
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

// endings are the words for how builds ended, in the order in which they are said.
var endings = []struct {
	status builder.Status
	word   string
}{
	{builder.StatusReady, "succeeded"}, {builder.StatusUpToDate, "up to date"}, {builder.StatusError, "failed"},
	{builder.StatusTimeout, "timed out"}, {builder.StatusCancelled, "interrupted"}, {builder.StatusNotStarted, "not started"},
}

// tally counts results in words: 2 succeeded, 1 failed, 1 not started.
func tally(results []builder.Result) string {
	counts := map[builder.Status]int{}
	for _, res := range results {
		counts[res.Status]++
	}
	var parts []string
	for _, e := range endings {
		if n := counts[e.status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, e.word))
		}
	}
	return strings.Join(parts, ", ")
}
