package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const (
	resizeLook = 250 * time.Millisecond // between two looks at the terminal's size: not every system tells of changes
	killedExit = 137
)

// place is where a command runs: in a sandbox that is there, or in a new one.
type placeFlags struct {
	template string
	user     string
	cwd      string
	env      []string
}

func (p *placeFlags) flags(a *app, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&p.template, "template", "t", "", "in a new sandbox of the template `NAME`, which ends afterwards")
	f.StringVarP(&p.user, "user", "u", "", "as this `USER` (default: the template's)")
	f.StringVarP(&p.cwd, "workdir", "w", "", "in this `DIR` (default: the template's)")
	a.envFlag(cmd, &p.env)
	f.SetInterspersed(false) // what follows the first argument is the command's
}

// split takes the sandbox's id from the arguments, where there is one.
func (p *placeFlags) split(cmd *cobra.Command, args []string) (id string, rest []string, err error) {
	if p.template != "" {
		return "", args, nil
	}
	if len(args) == 0 {
		return "", nil, exitWith(exitConfig, fmt.Errorf("say in which sandbox: its id, or -t TEMPLATE for a new one.\nUsage: %s", cmd.UseLine()))
	}
	return args[0], args[1:], nil
}

func newSandboxExec(a *app) *cobra.Command {
	var p placeFlags
	var stdin bool
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "exec [flags] (ID | -t TEMPLATE) COMMAND...",
		Short: "Run a command in a sandbox",
		Long: `Run a command in a sandbox. Its output comes as it is, stdout and stderr apart,
and its exit code is that of e2bt. One argument is a command line for bash;
several are a program and its arguments, as they are.`,
		Example: `  e2bt sandbox exec i4zvq0x1b8h6w2k9d3ms 'ls -la | head'
  e2bt sandbox exec -t claude-agent -e ANTHROPIC_API_KEY -- claude -p hello
  e2bt sandbox exec -i -t base -- tar -xz < files.tar.gz`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, command, err := p.split(cmd, args)
			if err != nil {
				return err
			}
			if len(command) == 0 {
				return exitWith(exitConfig, fmt.Errorf("say what to run.\nUsage: %s", cmd.UseLine()))
			}
			c := e2b.Command{Cmd: "/bin/bash", Args: commandLine(command), Timeout: limit, Stdout: a.stdout.w, Stderr: a.stderr.w}
			if stdin {
				c.Stdin = a.stdin
			}
			return a.exec(cmd.Context(), p, id, c)
		},
	}
	p.flags(a, cmd)
	cmd.Flags().BoolVarP(&stdin, "stdin", "i", false, "pass the standard input on to the command")
	cmd.Flags().DurationVar(&limit, "timeout", 0, "kill the command after this `TIME` (default: none)")
	return cmd
}

// commandLine are the arguments with which bash, as a login shell, runs a command.
func commandLine(args []string) []string {
	if len(args) == 1 {
		return []string{"-l", "-c", args[0]}
	}
	return append([]string{"-l", "-c", `exec "$@"`, "e2bt"}, args...)
}

func newSandboxShell(a *app) *cobra.Command {
	var p placeFlags
	cmd := &cobra.Command{
		Use:   "shell [flags] (ID | -t TEMPLATE)",
		Short: "Open a shell in a sandbox",
		Long: `Open a shell in a sandbox, in this terminal. e2bt ends with the exit code of the
shell. A sandbox that is paused wakes up.`,
		Example: `  e2bt sandbox shell -t claude-agent
  e2bt sandbox shell i4zvq0x1b8h6w2k9d3ms -u root`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, rest, err := p.split(cmd, args)
			if err == nil && len(rest) > 0 {
				err = exitWith(exitConfig, fmt.Errorf("a shell takes no command: use e2bt sandbox exec.\nUsage: %s", cmd.UseLine()))
			}
			if err != nil {
				return err
			}
			return a.shell(cmd.Context(), p, id)
		},
	}
	p.flags(a, cmd)
	cmd.Flags().SetInterspersed(true)
	return cmd
}

// exec runs a command where p says, and ends with its exit code.
func (a *app) exec(ctx context.Context, p placeFlags, id string, c e2b.Command) error {
	env, err := a.environ(p.env)
	if err != nil {
		return err
	}
	if c.Env == nil {
		c.Env = map[string]string{}
	}
	for name, value := range env {
		c.Env[name] = value
	}
	c.User, c.Cwd = p.user, p.cwd
	code := 0
	a.tidies.Store(true)
	err = a.inSandbox(ctx, p.template, id, func(box *e2b.Sandbox) error {
		code, err = box.Run(ctx, c)
		var late *e2b.TimeoutError
		var gone *e2b.EndedError
		switch {
		case errors.As(err, &late), errors.As(err, &gone):
			return exitWith(exitError, err)
		case code == killedExit && box.MemoryTight():
			fmt.Fprintln(a.stderr, a.tr("Exit code 137: it was killed, and the sandbox was short of memory. Give the template more with memory_mb."))
		}
		return err
	})
	if err == nil && code != 0 {
		return exitWith(code, nil)
	}
	return err
}

// inSandbox runs f with the sandbox of that id, or with a new one of a template,
// which lives as long as f runs.
func (a *app) inSandbox(ctx context.Context, template, id string, f func(*e2b.Sandbox) error) (err error) {
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	if template == "" {
		box, err := at.client.FindSandbox(ctx, id, sandboxLife)
		if err != nil {
			return at.apiError(err)
		}
		return at.sandboxError(f(box))
	}
	box, err := at.client.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: template, Timeout: int(sandboxLife.Seconds())})
	if err != nil {
		return at.apiError(fmt.Errorf("creating a sandbox of %s: %w", template, err))
	}
	used, done := context.WithCancel(ctx)
	go prolong(used, box)
	err = at.sandboxError(f(box))
	done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = box.Kill(last) // else it ends by itself when its time is over
	return err
}

// sandboxError is the error of what runs in a sandbox; one that has an exit code
// keeps it.
func (at *endpoint) sandboxError(err error) error {
	var known *failure
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return at.apiError(err)
}

// prolong puts off the end of a sandbox for as long as it is used.
func prolong(ctx context.Context, box *e2b.Sandbox) {
	for tick := time.Tick(sandboxLife / 5); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			_ = box.SetTimeout(ctx, sandboxLife) // where this is refused, it ends, and that is told
		}
	}
}

// shell runs a shell in this terminal.
func (a *app) shell(ctx context.Context, p placeFlags, id string) error {
	in, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return exitWith(exitConfig, errors.New("a shell needs a terminal: for commands from elsewhere use e2bt sandbox exec"))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("preparing the terminal: %w", err)
	}
	restore := func() { _ = term.Restore(int(in.Fd()), before) } // nobody could be told more
	defer restore()
	env := map[string]string{"TERM": a.getenv("TERM")}
	if env["TERM"] == "" {
		env["TERM"] = "xterm"
	}
	return a.exec(ctx, p, id, e2b.Command{
		Cmd: "/bin/bash", Args: []string{"-i", "-l"}, Env: env, Stdin: struct{ io.Reader }{in}, Stdout: a.stdout.w, Window: windows(ctx, in),
	})
}

// windows tells the size of a terminal, and whenever it changes.
func windows(ctx context.Context, terminal *os.File) <-chan e2b.Window {
	sizes := make(chan e2b.Window, 1)
	look := func() e2b.Window {
		columns, rows, err := term.GetSize(int(terminal.Fd()))
		if err != nil || columns == 0 {
			return e2b.Window{Columns: 80, Rows: 24}
		}
		return e2b.Window{Columns: columns, Rows: rows}
	}
	now := look()
	sizes <- now
	go func() {
		for tick := time.Tick(resizeLook); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick:
			}
			if next := look(); next != now {
				now = next
				select {
				case sizes <- now:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return sizes
}
