package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// strict makes a command and all below it refuse what they do not know, with
// the nearest name that they do, and say things in e2bt's own words.
func strict(root *cobra.Command) {
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return exitWith(exitConfig, flagError(cmd, err)) })
	root.SetUsageTemplate(usageWords.Replace(root.UsageTemplate()))
	root.SetVersionTemplate("e2bt {{.Version}}\n")
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Show the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(about, rest)
			}
			return about.Help()
		},
	})
	for _, cmd := range append(root.Commands(), root) {
		if cmd.HasSubCommands() {
			cmd.Args = unknownCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// usageWords are what cobra's usage says, and what ours says instead: a command
// that only has others below it does nothing by itself.
var usageWords = strings.NewReplacer(
	"Global Flags:", "Common flags:", "Available Commands:", "Commands:",
	"{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}",
)

// unknownCommand is the Args of a command that has only commands below it.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return unknownWord(cmd, "command", args[0], names)
}

// unknownWord says that a command does not know a word, and which it does.
func unknownWord(cmd *cobra.Command, what, given string, known []string) error {
	return exitWith(exitConfig, fmt.Errorf("unknown %s %q for %s.%s\nIt has %s. See: %[3]s --help", what, given, cmd.CommandPath(), didYouMean(given, "", known), strings.Join(known, ", ")))
}

// arguments is the Args of a command that takes from low to high of them; a
// negative high is no limit.
func arguments(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && (high < 0 || len(args) <= high) {
			return nil
		}
		return exitWith(exitConfig, fmt.Errorf("%s was given %s.\nUsage: %s", cmd.CommandPath(), count(len(args), "argument"), cmd.UseLine()))
	}
}

// kinds says in words what a flag wants, by pflag's name for its type.
var kinds = map[string]string{
	"int":      "a whole number",
	"bool":     "true or false",
	"duration": "a length of time with its unit, such as 90s or 10m",
}

func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name, near := "-"+unknown.GetSpecifiedName(), ""
		if unknown.GetSpecifiedShortnames() == "" {
			name, near = "-"+name, didYouMean(unknown.GetSpecifiedName(), "--", flagNames(cmd))
		}
		return fmt.Errorf("unknown flag %s for %s.%s\nSee: %[2]s --help", name, cmd.CommandPath(), near)
	case errors.As(err, &empty):
		kind, _ := pflag.UnquoteUsage(empty.GetFlag())
		return fmt.Errorf("--%s wants a value: --%[1]s %s", empty.GetFlag().Name, kind)
	case errors.As(err, &wrong):
		if kind, ok := kinds[wrong.GetFlag().Value.Type()]; ok {
			return fmt.Errorf("--%s wants %s, not %q", wrong.GetFlag().Name, kind, wrong.GetValue())
		}
	}
	return err
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// didYouMean names the nearest of names, if there is a near one.
func didYouMean(given, prefix string, names []string) string {
	best, distance := "", min(3, len(given)/2+1)
	for _, name := range names {
		if d := levenshtein.Distance(given, name, nil); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s%s?", prefix, best)
}
