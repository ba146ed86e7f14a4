package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/spf13/cobra"
)

func newDiagnose(a *app) *cobra.Command {
	var asJSON bool
	var exitCode int
	cmd := &cobra.Command{
		Use:   "diagnose [FILE|-]",
		Short: "Say what went wrong in any build log",
		Long: `Read a build log, from a file or from stdin, and say what went wrong: the root
cause, the lines that show it, and what to do. The exit code is 0 whatever it is.`,
		Example: `  e2bt diagnose build.log
  docker build . 2>&1 | e2bt diagnose --json`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.diagnose(args, diagnose.Context{ExitCode: exitCode, Language: a.lang}, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the finding as JSON")
	cmd.Flags().IntVar(&exitCode, "exit-code", 0, "the exit code `N` of the command that failed")
	return cmd
}

func (a *app) diagnose(args []string, about diagnose.Context, asJSON bool) error {
	in, err := a.open(args)
	if err != nil {
		return err
	}
	defer in.Close()
	rules, _ := ruleEngine(config.LoadRules(nil, a.dir)) // those of the configuration here, where there is one
	scanner := rules.Scanner(about)
	if _, err := io.Copy(scanner, in); err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	finding := scanner.Finding()
	if asJSON {
		return encoder(a.stdout).Encode(finding)
	}
	printFinding(a.stdout, *finding)
	return nil
}

// open opens the file of the only argument, or stdin.
func (a *app) open(args []string) (io.ReadCloser, error) {
	if len(args) == 0 || args[0] == "-" {
		return io.NopCloser(a.stdin), nil
	}
	file, err := os.Open(a.resolve(args[0]))
	if err == nil {
		var info os.FileInfo
		if info, err = file.Stat(); err == nil && info.IsDir() {
			err = errors.New("it is a directory")
		}
	}
	if err != nil {
		return nil, exitWith(exitConfig, fmt.Errorf("reading the log %s: %w", args[0], cause(err)))
	}
	return file, nil
}

func printFinding(w io.Writer, f diagnose.Finding) {
	fmt.Fprintf(w, "%s: %s\n", f.Category, clean(f.Summary))
	if f.Detail != "" {
		fmt.Fprintln(w, clean(f.Detail))
	}
	for _, e := range f.Evidence {
		fmt.Fprintf(w, "  line %d: %s\n", e.Line, clip(clean(e.Text), longestTail))
	}
	for _, fix := range f.Fixes {
		fmt.Fprintln(w, "Fix: "+clean(fix.Title))
		if fix.Detail != "" {
			fmt.Fprintln(w, "  "+clean(fix.Detail))
		}
	}
}
