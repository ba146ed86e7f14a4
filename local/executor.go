package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local/engine"
)

// stepContext is what E2B carries from step to step.
type stepContext struct {
	Env     map[string]string `json:"env,omitempty"`
	User    string            `json:"user"`
	Workdir string            `json:"workdir,omitempty"` // "" : the home of whoever runs
}

// with returns a copy with more environment.
func (c stepContext) with(env map[string]string) stepContext {
	merged := maps.Clone(c.Env)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, env)
	c.Env = merged
	return c
}

// systemPath is appended to a PATH that a template sets.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environ is the environment of a command.
func (c stepContext) environ(more map[string]string) []string {
	env := map[string]string{"PATH": systemPath}
	maps.Copy(env, c.Env)
	if path, ok := c.Env["PATH"]; ok {
		env["PATH"] = path + ":" + systemPath
	}
	maps.Copy(env, more)
	out := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		out = append(out, key+"="+env[key])
	}
	return out
}

// executor carries out one build.
type executor struct {
	s        *Server
	template string
	build    string
	memory   int
	req      e2b.Build
	log      *buildLog
	fault    string // the kind of its failure, where one was asked for

	key    string // the chain's, up to here
	forced bool   // a step said force: it and all after it are made anew
	step   string // where the build is: base, 1..N, finalize
	res    result
}

// run builds and returns what it made, or why not.
func (x *executor) run(ctx context.Context) (*result, *e2b.Reason) {
	x.info("Building template %s/%s", x.template, x.build)
	err := x.all(ctx)
	if err == nil {
		return &x.res, nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		if !errors.Is(err, errCancelled) {
			err = errors.New(interrupted)
		}
	}
	return nil, &e2b.Reason{Message: x.s.public(err), Step: x.step}
}

func (x *executor) all(ctx context.Context) error {
	x.step, x.forced = "base", x.req.Force
	if err := x.goWrong(ctx); err != nil {
		return err
	}
	if err := x.base(ctx); err != nil {
		return err
	}
	for i, step := range x.req.Steps {
		x.step = fmt.Sprint(i + 1)
		if err := x.goWrong(ctx); err != nil {
			return err
		}
		if err := x.one(ctx, i, step); err != nil {
			return err
		}
	}
	x.step = "finalize"
	if err := x.goWrong(ctx); err != nil {
		return err
	}
	return x.finalize(ctx)
}

// chain moves the key on, as E2B does: over the step's type, arguments and
// files.
func (x *executor) chain(parts ...string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d:%s", len(x.key), x.key)
	for _, p := range parts {
		fmt.Fprintf(h, "|%d:%s", len(p), p)
	}
	x.key = hex.EncodeToString(h.Sum(nil))
	return x.key
}

// layer finds the layer of the chain's key or makes it, saying which.
func (x *executor) layer(ctx context.Context, title string, make func(Sandbox) (stepContext, error)) error {
	release, err := x.s.layers.making.take(ctx, x.key)
	if err != nil {
		return err
	}
	defer release()
	line := fmt.Sprintf("%s [%s]", title, x.key)
	if found, ok := x.s.layers.get(x.key); ok && !x.forced {
		x.info("CACHED %s", line)
		x.s.layers.remember(found)
		x.push(found)
		return nil
	}
	x.info("%s", line)
	made, err := x.put(ctx, make)
	if err != nil {
		return err
	}
	x.s.layers.remember(made)
	x.push(made)
	return nil
}

// put makes the layer of the chain's key on what there is up to here.
func (x *executor) put(ctx context.Context, make func(Sandbox) (stepContext, error)) (layer, error) {
	lowers, err := x.s.lowers(&x.res)
	if err != nil {
		return layer{}, err
	}
	return x.s.layers.put(ctx, x.key, lowers, x.memory, make)
}

// lowers lists the directories of what a build made, topmost first.
func (s *Server) lowers(r *result) ([]string, error) {
	return s.layers.stack(s.opts.Images.Rootfs(r.Image), r.Layers)
}

// push goes on from a layer. Its name goes into the next key, not its key: a
// layer counts only on that very one that it was made on.
func (x *executor) push(l layer) {
	x.res.Layers, x.res.Context, x.key = append(x.res.Layers, l.Name), l.Context, l.Name
}

func (x *executor) info(format string, args ...any) { x.say("info", fmt.Sprintf(format, args...)) }

func (x *executor) say(level, message string) {
	err := x.log.append(e2b.LogEntry{Timestamp: time.Now().UTC(), Level: level, Message: message, Step: x.step})
	if err != nil {
		x.s.log.Error("writing a build's log", slog.String("build", x.build), slog.Any("error", err))
	}
}

// lines gives a writer whose lines become log entries behind a prefix.
func (x *executor) lines(level, prefix string) *lineWriter {
	return &lineWriter{emit: func(line string) { x.say(level, prefix+line) }}
}

// shell runs a command as E2B does: a login shell with the context's
// environment, output to the log.
func (x *executor) shell(ctx context.Context, box Sandbox, command, user, level, prefix string) error {
	stdout, stderr := x.lines(level, prefix+" [stdout]: "), x.lines(level, prefix+" [stderr]: ")
	exit, err := box.Run(ctx, engine.Command{
		Args: []string{"/bin/bash", "-l", "-c", command}, Env: x.res.Context.environ(nil),
		Dir: x.res.Context.Workdir, User: user, Stdout: stdout, Stderr: stderr,
	})
	stdout.flush()
	stderr.flush()
	if err != nil {
		return commandError(err)
	}
	return exitError(exit)
}

// commandError words an error of the engine as envd does.
func commandError(err error) error {
	var user *engine.UserError
	var dir *engine.DirError
	switch {
	case errors.As(err, &user):
		return fmt.Errorf("command failed: unauthenticated: %w", err)
	case errors.As(err, &dir):
		return fmt.Errorf("command failed: invalid_argument: %w", err)
	}
	return err
}

// exitError words how a command ended as Go's os.ProcessState does; nil where
// it succeeded.
func exitError(e engine.Exit) error {
	if e.Code == 0 && e.Signal == "" {
		return nil
	}
	return errors.New(exitText(e))
}

func exitText(e engine.Exit) string {
	if e.Signal != "" {
		return "signal: " + e.Signal
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
