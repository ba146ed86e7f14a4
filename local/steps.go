package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local/engine"
)

// stepKinds is what a build can be told to do.
var stepKinds = map[string]func(*executor, context.Context, Sandbox, e2b.Step, string) (stepContext, error){
	"RUN":     (*executor).runStep,
	"COPY":    (*executor).copyStep,
	"ADD":     (*executor).copyStep,
	"ENV":     (*executor).envStep,
	"ARG":     (*executor).envStep,
	"WORKDIR": (*executor).workdirStep,
	"USER":    (*executor).userStep,
}

// one carries out step i, or takes it from the cache.
func (x *executor) one(ctx context.Context, i int, step e2b.Step) error {
	kind, ok := stepKinds[strings.ToUpper(step.Type)]
	if !ok {
		return fmt.Errorf("failed to get command for step %s: command type %s is not implemented", step.Type, step.Type)
	}
	if slices.ContainsFunc(step.Args, func(a string) bool { return strings.Contains(a, "\x00") }) {
		return fmt.Errorf("%s: an argument holds a NUL byte", strings.ToUpper(step.Type))
	}
	prefix := fmt.Sprintf("[builder %d/%d]", i+1, len(x.req.Steps))
	x.chain(stepKey(step)...)
	x.forced = x.forced || step.Force
	return x.layer(ctx, prefix+" "+describe(step), func(box Sandbox) (stepContext, error) {
		return kind(x, ctx, box, step, prefix)
	})
}

func describe(step e2b.Step) string {
	args := step.Args
	if strings.EqualFold(step.Type, "RUN") && len(args) > 1 {
		args = args[:1]
	}
	return strings.TrimSpace(strings.ToUpper(step.Type) + " " + strings.TrimSpace(strings.Join(args, " ")))
}

func arg(step e2b.Step, i int) string {
	if i < len(step.Args) {
		return step.Args[i]
	}
	return ""
}

func (x *executor) runStep(ctx context.Context, box Sandbox, step e2b.Step, prefix string) (stepContext, error) {
	if len(step.Args) == 0 {
		return stepContext{}, errors.New("RUN requires a command argument")
	}
	command, user := arg(step, 0), arg(step, 1)
	if user == "" {
		user = x.res.Context.User
	}
	if err := x.shell(ctx, box, command, user, "info", prefix); err != nil {
		return stepContext{}, fmt.Errorf("failed to run command '%s': %w", command, err)
	}
	return x.res.Context, nil
}

// envStep sets variables; the values are expanded by a root login shell.
func (x *executor) envStep(ctx context.Context, box Sandbox, step e2b.Step, _ string) (stepContext, error) {
	if len(step.Args) == 0 || len(step.Args)%2 != 0 {
		return stepContext{}, fmt.Errorf("%s requires both a key and value arguments", strings.ToUpper(step.Type))
	}
	env := map[string]string{}
	for i := 0; i < len(step.Args); i += 2 {
		key, value := step.Args[i], step.Args[i+1]
		if key == "" || strings.Contains(key, "=") {
			return stepContext{}, fmt.Errorf("%s: '%s' is no name of a variable", strings.ToUpper(step.Type), key)
		}
		if strings.Contains(value, "$") || strings.Contains(value, `\`) {
			var err error
			if value, err = box.Expand(ctx, value); err != nil {
				return stepContext{}, fmt.Errorf("failed to expand the value of %s: %w", key, err)
			}
		}
		env[key] = value
	}
	return x.res.Context.with(env), nil
}

func (x *executor) workdirStep(ctx context.Context, box Sandbox, step e2b.Step, _ string) (stepContext, error) {
	dir := arg(step, 0)
	if dir == "" {
		return stepContext{}, errors.New("WORKDIR requires a path argument")
	}
	if !path.IsAbs(dir) {
		dir = path.Join("/", x.res.Context.Workdir, dir)
	}
	if err := box.Workdir(ctx, dir, x.res.Context.User); err != nil {
		return stepContext{}, fmt.Errorf("failed to make the working directory %s: %w", dir, commandError(err))
	}
	next := x.res.Context
	next.Workdir = dir
	return next, nil
}

func (x *executor) userStep(_ context.Context, box Sandbox, step e2b.Step, _ string) (stepContext, error) {
	user := arg(step, 0)
	if user == "" {
		return stepContext{}, errors.New("USER requires a name argument")
	}
	if err := box.AddUser(user, arg(step, 1) == "true"); err != nil {
		return stepContext{}, fmt.Errorf("failed to create the user %s: %w", user, err)
	}
	next := x.res.Context
	next.User = user
	return next, nil
}

func (x *executor) copyStep(ctx context.Context, box Sandbox, step e2b.Step, _ string) (stepContext, error) {
	if len(step.Args) < 2 {
		return stepContext{}, fmt.Errorf("%s requires a source and a destination argument", strings.ToUpper(step.Type))
	}
	if !hashForm.MatchString(step.FilesHash) {
		return stepContext{}, fmt.Errorf("%s requires a files hash", strings.ToUpper(step.Type))
	}
	archive, err := os.Open(x.s.uploads.path(step.FilesHash))
	if err != nil {
		return stepContext{}, fmt.Errorf("failed to move files in sandbox: the files of %s were not uploaded", step.FilesHash)
	}
	defer archive.Close()
	owner := arg(step, 2)
	if owner == "" {
		owner = x.res.Context.User
	}
	err = box.Copy(ctx, engine.CopySpec{
		Archive: archive, Source: step.Args[0], Dest: step.Args[1], Dir: x.res.Context.Workdir, Owner: owner, Mode: arg(step, 3),
	})
	var bad *engine.CopyError
	if errors.As(err, &bad) {
		x.s.uploads.forget(step.FilesHash) // it may be damaged: the next build uploads it again
	}
	if err != nil {
		return stepContext{}, fmt.Errorf("failed to move files in sandbox: %w", commandError(err))
	}
	return x.res.Context, nil
}
