package simulated

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/interp"
)

// commands are the few programs that exist in a simulated sandbox.
type commands struct{ *sandbox }

// programs lists them; a variable would refer to itself, since bash runs scripts.
func programs() map[string]func(commands, context.Context, []string) error {
	return map[string]func(commands, context.Context, []string) error{
		"bash": commands.bash, "/bin/bash": commands.bash, "cat": commands.cat, "mkdir": commands.mkdir, "/bin/pwd": commands.pwd,
		"seq": commands.seq, "sleep": commands.sleep, "su": commands.su, "timeout": commands.timeout, "whoami": commands.whoami, "rm": commands.rm,
		"apt-get": commands.manager, "npm": commands.manager, "pip": commands.manager,
	}
}

// manager stands for a package manager that has nothing to do: that packages
// are there is what the real engine's tests show.
func (c commands) manager(ctx context.Context, args []string) error {
	_, err := fmt.Fprintln(interp.HandlerCtx(ctx).Stdout, "not simulated:", strings.Join(args, " "))
	return err
}

// needsArgument are the programs that do nothing without one.
var needsArgument = map[string]bool{"bash": true, "seq": true, "sleep": true, "su": true, "timeout": true}

// call keeps the interpreter's own pwd from telling where the files really lie.
func (c commands) call(_ context.Context, args []string) ([]string, error) {
	if args[0] == "pwd" {
		args = append([]string{"/bin/pwd"}, args[1:]...)
	}
	return args, nil
}

func (c commands) exec(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	return func(ctx context.Context, args []string) error {
		if text, err := os.ReadFile(c.host("/usr/local/bin/" + filepath.Base(args[0]))); err == nil {
			return c.script(ctx, string(text)) // what a build put there; its arguments do not count
		}
		if program, ok := programs()[args[0]]; ok {
			if len(args) < 2 && needsArgument[path.Base(args[0])] {
				return fail(ctx, 1, "%s: missing operand", args[0])
			}
			return program(c, ctx, args[1:])
		}
		fmt.Fprintf(interp.HandlerCtx(ctx).Stderr, "/bin/bash: line 1: %s: command not found\n", args[0])
		return interp.ExitStatus(127)
	}
}

// at maps a path of the script to where it lies.
func (c commands) at(ctx context.Context, path string) string {
	if strings.HasPrefix(path, c.root) || path == os.DevNull {
		return path
	}
	if filepath.IsAbs(path) {
		return c.host(path)
	}
	return filepath.Join(interp.HandlerCtx(ctx).Dir, path)
}

func (c commands) open(ctx context.Context, path string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
	return os.OpenFile(c.at(ctx, path), flag, perm)
}

func (c commands) stat(ctx context.Context, path string, follow bool) (fs.FileInfo, error) {
	if follow {
		return os.Stat(c.at(ctx, path))
	}
	return os.Lstat(c.at(ctx, path))
}

func fail(ctx context.Context, code uint8, format string, args ...any) error {
	fmt.Fprintf(interp.HandlerCtx(ctx).Stderr, format+"\n", args...)
	return interp.ExitStatus(code)
}

// script runs a script as a child would be run.
func (c commands) script(ctx context.Context, text string) error {
	h := interp.HandlerCtx(ctx)
	var env []string
	for name, v := range h.Env.Each {
		if v.Exported {
			env = append(env, name+"="+v.String())
		}
	}
	code, err := c.interpret(ctx, text, env, h.Dir, h.Stdin, h.Stdout, h.Stderr)
	if err == nil && code != 0 {
		err = interp.ExitStatus(uint8(code))
	}
	return err
}

// bash runs its last argument, as in bash -l -c SCRIPT.
func (c commands) bash(ctx context.Context, args []string) error {
	return c.script(ctx, args[len(args)-1])
}

// su runs the script of -c.
func (c commands) su(ctx context.Context, args []string) error {
	for i, arg := range args[:len(args)-1] {
		if arg == "-c" {
			return c.script(ctx, args[i+1])
		}
	}
	return fail(ctx, 1, "su: no command")
}

func (c commands) cat(ctx context.Context, args []string) error {
	for _, name := range args {
		text, err := os.ReadFile(c.at(ctx, name))
		if err != nil {
			return fail(ctx, 1, "cat: %s: No such file or directory", name)
		}
		if _, err := interp.HandlerCtx(ctx).Stdout.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (c commands) mkdir(ctx context.Context, args []string) error {
	for _, name := range args {
		if strings.HasPrefix(name, "-") {
			continue
		}
		if err := os.MkdirAll(c.at(ctx, name), 0o755); err != nil {
			return fail(ctx, 1, "mkdir: cannot create directory '%s'", name)
		}
	}
	return nil
}

func (c commands) rm(ctx context.Context, args []string) error {
	for _, name := range args {
		if strings.HasPrefix(name, "-") {
			continue
		}
		if err := os.RemoveAll(c.at(ctx, name)); err != nil {
			return fail(ctx, 1, "rm: cannot remove '%s'", name)
		}
	}
	return nil
}

func (c commands) pwd(ctx context.Context, _ []string) error {
	h := interp.HandlerCtx(ctx)
	_, err := fmt.Fprintln(h.Stdout, rel(c.root, h.Dir))
	return err
}

func (c commands) whoami(ctx context.Context, _ []string) error {
	h := interp.HandlerCtx(ctx)
	_, err := fmt.Fprintln(h.Stdout, h.Env.Get("USER").String())
	return err
}

func (c commands) seq(ctx context.Context, args []string) error {
	n, err := strconv.Atoi(args[len(args)-1])
	if err != nil {
		return fail(ctx, 1, "seq: invalid argument")
	}
	for i := 1; i <= n; i++ {
		if _, err := fmt.Fprintln(interp.HandlerCtx(ctx).Stdout, i); err != nil {
			return err
		}
	}
	return nil
}

func (c commands) sleep(ctx context.Context, args []string) error {
	n, err := parseSeconds(args[0])
	if err != nil {
		return fail(ctx, 1, "sleep: invalid time interval '%s'", args[0])
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(n * float64(time.Second))):
		return nil
	}
}

// timeout runs timeout [-k N] LIMIT bash -c SCRIPT.
func (c commands) timeout(ctx context.Context, args []string) error {
	if len(args) > 2 && args[0] == "-k" {
		args = args[2:]
	}
	limit, err := parseSeconds(args[0])
	if err != nil {
		return fail(ctx, 125, "timeout: invalid time interval '%s'", args[0])
	}
	limited, stop := context.WithTimeout(ctx, time.Duration(limit*float64(time.Second)))
	defer stop()
	err = c.script(limited, args[len(args)-1])
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return interp.ExitStatus(124)
	}
	return err
}
