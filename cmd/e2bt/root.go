package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/e2bt/e2bt/cmd/e2bt/report"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/spf13/cobra"
)

// app is what every command works with: the surroundings and the common flags.
type app struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr *hidingWriter

	dir      string
	vars     []string
	varFiles []string
	mirror   string
	local    bool
	endpoint string
	envFile  string
	noColor  bool
	logLevel string
	lang     string
	edited   map[string][]byte // texts that stand for configuration files until they are written

	mayTest bool                      // mirrors may be asked, where a profile chooses among them
	choices map[string]mirrors.Choice // made in this run, by the profile's name

	journal report.Run // what came of the command, for the forms that --junit and others ask for
	token   string     // that ends the time in which GitHub looks for no commands in what is printed

	secrets secrets
	endless atomic.Bool // an interrupt is how the command ends
	tidies  atomic.Bool // an interrupt is waited for: there is something to leave in order
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{getenv: getenv, stdin: stdin}
	a.stdout, a.stderr = a.secrets.writer(stdout), a.secrets.writer(stderr)
	root := newRoot(a)
	root.SetArgs(args)
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	select {
	case err := <-ended:
		return a.close(ctx, err)
	case <-ctx.Done():
	}
	if a.tidies.Load() {
		return a.close(ctx, <-ended)
	}
	return a.exit(ctx, ctx.Err()) // it may wait for a pipe or read gigabytes: nothing is lost without it
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "e2bt",
		Short: "Build E2B sandbox templates from HCL files",
		Long: `e2bt builds E2B sandbox templates from HCL files: it says what would be built
and why, builds it with a timeout for every batch, and when something fails
says what, on your own line, with a fix.

Exit codes: 0 done, 1 other error, 2 plan --detailed-exitcode: there are changes,
3 the configuration or the command line is wrong, 4 a build failed, 5 a check
failed, 6 the API refused, could not be reached, or the key is wrong,
130 interrupted.`,
		Example: `  e2bt validate                  # is what I wrote right?
  e2bt plan                      # what would be built, and why?
  e2bt build --local             # build on this machine; needs no account
  e2bt build                     # build on E2B; needs E2B_API_KEY, here or in .env`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.prepare() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	a.commonFlags(root)
	root.AddCommand(
		newInit(a), newFmt(a), newValidate(a), newGraph(a), newPlan(a), newBuild(a), newCheck(a), newDiagnose(a), newFix(a), newHistory(a), newBench(a), newDoctor(a), newLock(a), newOutdated(a), newInventory(a),
		newImport(a), newTemplates(a), newSandbox(a), newMirrors(a), newServe(a), newLogs(a), newAttach(a), newCancel(a), newImage(a), newCompletion(a), newVersion(a),
	)
	strict(root)
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		a.translate(root)
		help(cmd, args)
	})
	return root
}

func (a *app) commonFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&a.dir, "chdir", "C", ".", "work as if started in `DIR`")
	f.StringArrayVar(&a.vars, "var", nil, "set a variable, as `NAME=VALUE` (repeatable)")
	f.StringArrayVar(&a.varFiles, "var-file", nil, "read variables from `FILE` (repeatable)")
	f.StringVar(&a.mirror, "mirror", "", "install through the mirror profile `NAME`; auto: through those that answer best")
	f.BoolVar(&a.local, "local", false, "build on this machine; needs no account")
	f.StringVar(&a.endpoint, "endpoint", "", "the API's `URL` (default: E2B_API_URL, or E2B_DOMAIN)")
	f.StringVar(&a.envFile, "env-file", "", "read environment variables from `FILE` (default: .env if there)")
	f.BoolVar(&a.noColor, "no-color", false, "print plain lines, without colour")
	f.StringVar(&a.logLevel, "log-level", "error", "`LEVEL` of e2bt's own log on stderr: debug, info, warn, error")
	f.StringVar(&a.lang, "lang", systemLanguage(a.getenv), "`LANGUAGE` of findings, doctor and help: en, zh")
}

// prepare checks the common flags before any command runs.
func (a *app) prepare() error {
	if err := a.checkFlags(); err != nil {
		return exitWith(exitConfig, err)
	}
	if a.local {
		return a.becomeRoot()
	}
	return nil
}

func (a *app) checkFlags() error {
	var level slog.Level
	switch info, err := os.Stat(a.dir); {
	case err != nil:
		return fmt.Errorf("-C %s: %w", a.dir, cause(err))
	case !info.IsDir():
		return fmt.Errorf("-C %s: it is no directory", a.dir)
	case a.lang != "en" && a.lang != "zh":
		return fmt.Errorf("--lang %s: findings are in en and zh", a.lang)
	case a.local && a.endpoint != "":
		return errors.New("--local and --endpoint exclude each other: say where to build")
	case level.UnmarshalText([]byte(a.logLevel)) != nil:
		return fmt.Errorf("--log-level %s: want debug, info, warn or error", a.logLevel)
	}
	return nil
}

func (a *app) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(a.logLevel)) // checkFlags has read it
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}
