package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

// The exit codes are a contract.
const (
	exitError       = 1
	exitChanges     = 2
	exitConfig      = 3
	exitBuild       = 4
	exitCheck       = 5
	exitAPI         = 6
	exitInterrupted = 130
)

// app is what every command works with: the surroundings and the common flags.
type app struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer

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

	secrets secrets
}

// failure is an error with an exit code of its own. A silent one has been
// printed already.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// exitWith gives err an exit code; a nil err says that all was printed.
func exitWith(code int, err error) error { return &failure{code, err} }

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "e2bt",
		Short: "Build E2B sandbox templates from HCL files",
		Long: `e2bt builds E2B sandbox templates from HCL files: it says what would be built
and why, builds it with a timeout for every batch, and when something fails
says what, on your own line, with a fix.

Exit codes: 0 done, 1 other error, 2 plan --detailed-exitcode: there are changes,
3 the configuration or the command line is wrong, 4 a build failed, 5 a check
failed, 6 the API refused or could not be reached, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.stdout, a.stderr = a.secrets.writer(a.stdout), a.secrets.writer(a.stderr)
			return a.checkFlags()
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exitWith(exitConfig, err) })
	a.commonFlags(root)
	root.AddCommand(
		newFmt(a), newValidate(a), newPlan(a), newBuild(a), newCheck(a), newDiagnose(a),
		newTemplates(a), newLogs(a), newAttach(a), newImage(a), newVersion(a),
	)
	return root
}

func (a *app) commonFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&a.dir, "chdir", "C", ".", "work as if started in `DIR`")
	f.StringArrayVar(&a.vars, "var", nil, "set a variable, as `NAME=VALUE`")
	f.StringArrayVar(&a.varFiles, "var-file", nil, "read variables from `FILE`")
	f.StringVar(&a.mirror, "mirror", "", "install through the mirror profile `NAME`")
	f.BoolVar(&a.local, "local", false, "build on this machine; needs no account")
	f.StringVar(&a.endpoint, "endpoint", "", "the API's `URL` (default: E2B_API_URL, or E2B_DOMAIN)")
	f.StringVar(&a.envFile, "env-file", "", "read environment variables from `FILE` (default: .env if there)")
	f.BoolVar(&a.noColor, "no-color", false, "print without colour")
	f.StringVar(&a.logLevel, "log-level", "error", "`LEVEL` of e2bt's own log on stderr: debug, info, warn, error")
	f.StringVar(&a.lang, "lang", "en", "`LANGUAGE` of findings: en, zh")
}

func (a *app) checkFlags() error {
	if a.mirror != "" && a.mirror != "none" {
		return exitWith(exitConfig, fmt.Errorf("--mirror %s: mirror profiles are not there yet; leave the flag out, or say none", a.mirror))
	}
	if a.lang != "en" && a.lang != "zh" {
		return exitWith(exitConfig, fmt.Errorf("--lang %s: e2bt speaks en and zh", a.lang))
	}
	if a.local && a.endpoint != "" {
		return exitWith(exitConfig, errors.New("--local and --endpoint exclude each other: say where to build"))
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
		return exitWith(exitConfig, fmt.Errorf("--log-level %s: want debug, info, warn or error", a.logLevel))
	}
	return nil
}

func (a *app) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(a.logLevel)) // checkFlags has read it
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}

// exit prints what is left to print and returns the process's exit code.
func (a *app) exit(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	code := exitError
	var known *failure
	switch {
	case errors.As(err, &known):
		code = known.code
	case ctx.Err() != nil:
		code = exitInterrupted
	case isCommandLine(err):
		code = exitConfig
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(a.secrets.writer(a.stderr), "Error: "+clean(text))
	}
	return code
}

// isCommandLine recognises cobra's complaints, which have no type.
func isCommandLine(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "unknown command") || strings.Contains(text, "arg(s)") || strings.HasPrefix(text, "required flag")
}

// apiError gives an error of the client the exit code of the API and says what
// to do about the commonest ones.
func (a *app) apiError(err error) error {
	if err == nil {
		return nil
	}
	var refused *e2b.Error
	if errors.As(err, &refused) && refused.StatusCode == 401 {
		err = fmt.Errorf("%w\nThe endpoint refused the API key. Check E2B_API_KEY, in the environment or in .env; --local needs none", err)
	}
	return exitWith(exitAPI, err)
}
