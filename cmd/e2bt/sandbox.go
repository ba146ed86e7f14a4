package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

const sandboxLife = 5 * time.Minute // unless somebody says otherwise; what e2bt itself uses lives on as long as it is used

func newSandbox(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Start sandboxes of templates and look inside",
		Example: `  e2bt sandbox shell -t claude-agent            # in a new sandbox, which ends with the shell
  e2bt sandbox exec -t claude-agent -- python -V
  e2bt sandbox create claude-agent --timeout 1h
  e2bt sandbox cp report.pdf i4zvq0x1b8h6w2k9d3ms:/home/user/`,
	}
	cmd.AddCommand(newSandboxCreate(a), newSandboxList(a), newSandboxExec(a), newSandboxShell(a), newSandboxCopy(a), newSandboxKill(a))
	return cmd
}

func newSandboxCreate(a *app) *cobra.Command {
	var life time.Duration
	var env, metadata []string
	var json bool
	cmd := &cobra.Command{
		Use:   "create TEMPLATE",
		Short: "Start a sandbox and print its id",
		Long: `Start a sandbox of a template and print its id. TEMPLATE is its name on the
endpoint, name:tag, or name:BUILD. With --local a server has to run: e2bt serve.`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.createSandbox(cmd.Context(), args[0], life, env, metadata, json)
		},
	}
	f := cmd.Flags()
	f.DurationVar(&life, "timeout", sandboxLife, "end the sandbox after this `TIME`")
	a.envFlag(cmd, &env)
	f.StringArrayVar(&metadata, "metadata", nil, "keep `NAME=VALUE` with the sandbox (repeatable)")
	f.BoolVar(&json, "json", false, "print JSON")
	return cmd
}

func newSandboxList(a *app) *cobra.Command {
	var metadata []string
	var json bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sandboxes that run or are paused",
		Args:  arguments(0, 0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.listSandboxes(cmd.Context(), metadata, json) },
	}
	cmd.Flags().StringArrayVar(&metadata, "metadata", nil, "only those with `NAME=VALUE` (repeatable)")
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	return cmd
}

func newSandboxKill(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "kill ID...",
		Short: "End sandboxes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return exitWith(exitConfig, errors.New("say which sandboxes to end: their ids, or --all"))
			}
			return a.killSandboxes(cmd.Context(), args, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "end all sandboxes that the key can see")
	return cmd
}

// envFlag is -e of the commands that pass variables to a sandbox.
func (a *app) envFlag(cmd *cobra.Command, env *[]string) {
	cmd.Flags().StringArrayVarP(env, "env", "e", nil, "set a variable in the sandbox, as `NAME=VALUE`; NAME alone takes the one from here (repeatable)")
}

// environ reads what -e was given.
func (a *app) environ(given []string) (map[string]string, error) {
	if len(given) == 0 {
		return nil, nil
	}
	lookup, err := a.environment()
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			value = lookup(name)
			a.secrets.add(value)
		}
		if name == "" || !ok && value == "" {
			return nil, exitWith(exitConfig, fmt.Errorf("--env %s: want NAME=VALUE, or the NAME of a variable that is set here", name))
		}
		env[name] = value
	}
	return env, nil
}

func pairs(flag string, given []string) (map[string]string, error) {
	out := map[string]string{}
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, exitWith(exitConfig, fmt.Errorf("%s %s: want NAME=VALUE", flag, text))
		}
		out[name] = value
	}
	return out, nil
}

func (a *app) createSandbox(ctx context.Context, name string, life time.Duration, env, metadata []string, json bool) error {
	if life < time.Second {
		return exitWith(exitConfig, fmt.Errorf("--timeout %s: want a second or more", life))
	}
	req := e2b.NewSandbox{TemplateID: name, Timeout: int(life.Seconds())}
	var err error
	if req.EnvVars, err = a.environ(env); err != nil {
		return err
	}
	if req.Metadata, err = pairs("--metadata", metadata); err != nil {
		return err
	}
	return a.with(ctx, func(at *endpoint) error {
		if at.embedded {
			return errors.New("a sandbox of --local ends with the server that runs it: start `e2bt serve` first, or use `e2bt sandbox shell` and `exec` with -t")
		}
		box, err := at.client.CreateSandbox(ctx, req)
		if err != nil {
			return fmt.Errorf("creating a sandbox of %s: %w", name, err)
		}
		if json {
			return printJSON(a.stdout, map[string]any{"sandbox_id": box.SandboxID, "template_id": box.TemplateID, "ends": time.Now().Add(life).UTC().Truncate(time.Second)})
		}
		fmt.Fprintln(a.stdout, box.SandboxID)
		return nil
	})
}

func (a *app) listSandboxes(ctx context.Context, metadata []string, json bool) error {
	wanted, err := pairs("--metadata", metadata)
	if err != nil {
		return err
	}
	list := []e2b.SandboxDetail{}
	err = a.with(ctx, func(at *endpoint) error {
		found, err := at.client.Sandboxes(ctx, wanted)
		list = append(list, found...)
		return err
	})
	if err != nil {
		return err
	}
	for i := range list {
		list[i].EnvdAccessToken = "" // a key to what runs inside
	}
	if json {
		return printJSON(a.stdout, list)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stderr, "There are no sandboxes.")
	}
	w := table(a.stdout, "SANDBOX", "TEMPLATE", "STATE", "CPU", "MIB", "STARTED", "ENDS IN", "METADATA")
	for _, s := range list {
		w.row(s.SandboxID, orName(s.Alias, s.TemplateID), s.State, s.CPUCount, s.MemoryMB, stamp(s.StartedAt), endsIn(s), metadataText(s.Metadata))
	}
	return w.Flush()
}

func orName(alias, id string) string {
	if alias != "" {
		return alias
	}
	return id
}

func endsIn(s e2b.SandboxDetail) string {
	if s.State == e2b.SandboxPaused {
		return ""
	}
	return max(time.Until(s.EndAt), 0).Round(time.Second).String()
}

func metadataText(m map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, name+"="+m[name])
	}
	return strings.Join(parts, " ")
}

func (a *app) killSandboxes(ctx context.Context, ids []string, all bool) error {
	return a.with(ctx, func(at *endpoint) error {
		if all {
			list, err := at.client.Sandboxes(ctx, nil)
			if err != nil {
				return err
			}
			for _, s := range list {
				ids = append(ids, s.SandboxID)
			}
		}
		missing := 0
		for _, id := range ids {
			there, err := at.client.KillSandbox(ctx, id)
			switch {
			case err != nil:
				return fmt.Errorf("ending %s: %w", id, err)
			case !there:
				fmt.Fprintf(a.stderr, "There is no sandbox %s.\n", id)
				missing++
			default:
				fmt.Fprintln(a.stdout, "ended "+id)
			}
		}
		if missing > 0 {
			return exitWith(exitError, nil)
		}
		return nil
	})
}
