package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/e2bt/e2bt/diagnose"
	"github.com/spf13/cobra"
)

func newDiagnose(a *app) *cobra.Command {
	var asJSON bool
	var exitCode int
	cmd := &cobra.Command{
		Use:   "diagnose [FILE|-] [--json] [--exit-code N]",
		Short: "Say what went wrong in any build log",
		Long: `Read a build log, from a file or from stdin, and say what went wrong: the root
cause, the lines that show it, and what to do.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.diagnose(args, diagnose.Context{ExitCode: exitCode}, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the finding as JSON")
	cmd.Flags().IntVar(&exitCode, "exit-code", 0, "the exit code of the command that failed")
	return cmd
}

func (a *app) diagnose(args []string, about diagnose.Context, asJSON bool) error {
	in, err := a.open(args)
	if err != nil {
		return err
	}
	defer in.Close()
	rules, err := diagnose.New()
	if err != nil {
		return err
	}
	scanner := rules.Scanner(about)
	if _, err := io.Copy(scanner, in); err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	finding := scanner.Finding()
	if asJSON {
		enc := json.NewEncoder(a.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(finding)
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
	if err != nil {
		return nil, exitWith(exitConfig, fmt.Errorf("opening the log: %w", err))
	}
	return file, nil
}

func printFinding(w io.Writer, f diagnose.Finding) {
	fmt.Fprintf(w, "%s: %s\n", f.Category, clean(f.Summary))
	if f.Detail != "" {
		fmt.Fprintln(w, clean(f.Detail))
	}
	for _, e := range f.Evidence {
		fmt.Fprintf(w, "  line %d: %s\n", e.Line, clean(e.Text))
	}
	for _, fix := range f.Fixes {
		fmt.Fprintln(w, "Fix: "+clean(fix.Title))
		if fix.Detail != "" {
			fmt.Fprintln(w, "  "+clean(fix.Detail))
		}
	}
}
