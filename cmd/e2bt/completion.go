package main

import (
	"io"

	"github.com/e2bt/e2bt/builder"
	"github.com/spf13/cobra"
)

// shells write their own scripts.
var shells = map[string]func(*app, *cobra.Command) error{
	"bash": func(a *app, root *cobra.Command) error {
		if err := root.GenBashCompletionV2(a.stdout, true); err != nil {
			return err
		}
		_, err := io.WriteString(a.stdout, plainBash)
		return err
	},
	"zsh":        func(a *app, root *cobra.Command) error { return root.GenZshCompletion(a.stdout) },
	"fish":       func(a *app, root *cobra.Command) error { return root.GenFishCompletion(a.stdout, true) },
	"powershell": func(a *app, root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(a.stdout) },
}

// plainBash replaces what of the script needs the package bash-completion where
// that is not there.
const plainBash = `
__e2bt_init_completion()
{
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    cword=$COMP_CWORD words=("${COMP_WORDS[@]}")
    cur=${words[cword]} prev=${words[cword-1]}
}
`

func newCompletion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands in a shell",
		Long: `Print a script with which a shell completes e2bt's commands, flags, templates and
builds.`,
		Example: `  source <(e2bt completion bash)                                     # in this shell
  e2bt completion bash > ~/.local/share/bash-completion/completions/e2bt   # in every shell
  e2bt completion zsh > "${fpath[1]}/_e2bt"
  e2bt completion fish > ~/.config/fish/completions/e2bt.fish`,
		Args:      arguments(1, 1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if write, ok := shells[args[0]]; ok {
				return write(a, cmd.Root())
			}
			return unknownWord(cmd, "shell", args[0], cmd.ValidArgs)
		},
	}
}

// names completes arguments with what list finds. Files are no answer.
func names(list func() []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return list(), cobra.ShellCompDirectiveNoFileComp
	}
}

// complete completes a flag with what list finds; it is given the arguments.
func complete(cmd *cobra.Command, flag string, list func(args []string) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return list(args), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag
	}
}

func (a *app) templateNames(paths []string) []string {
	cfg, _, err := a.read(paths)
	if err != nil {
		return nil
	}
	var names []string
	for _, t := range cfg.Templates {
		names = append(names, t.Name)
	}
	return names
}

// buildNames lists the builds that were started from here.
func (a *app) buildNames() []string {
	records, err := builder.Records(a.state())
	if err != nil {
		return nil
	}
	var names []string
	for _, rec := range records {
		names = append(names, rec.BuildID+"\t"+rec.Template+" "+string(rec.Status))
	}
	return names
}

func (a *app) imageNames() []string {
	store, err := a.images()
	if err != nil {
		return nil
	}
	list, err := store.List()
	if err != nil {
		return nil
	}
	var names []string
	for _, img := range list {
		names = append(names, img.Name)
	}
	return names
}
