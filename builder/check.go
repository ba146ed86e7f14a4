package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"golang.org/x/sync/errgroup"
)

const maxCheckOutput = 1 << 20 // bytes of each stream that a check can match against

// Check runs the checks of t, each in a sandbox of what its name serves now,
// and reports whether one of them failed.
func (r *Runner) Check(ctx context.Context, t *Template) (failed bool, err error) {
	complaints, err := r.checks(ctx, t, "")
	return len(complaints) > 0, err
}

// checks runs the checks of t side by side, each in a sandbox of its own of
// exactly that build, or of the default one where build is empty. It returns
// what those that failed complain of, in the order of the file.
func (r *Runner) checks(ctx context.Context, t *Template, build string) (complaints []string, err error) {
	all := make([]string, len(t.Config.Checks))
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range t.Config.Checks {
		group.Go(func() error {
			out, times, err := r.check(ctx, c, reference(t.Name, build))
			if err != nil {
				return fmt.Errorf("check %s: %w", c.Name, err)
			}
			all[i] = out.complaint
			e := Event{
				Type: EventCheck, Template: t.Name, Name: c.Name, OK: ptr(out.complaint == "" && !out.skipped), Skipped: out.skipped,
				Seconds: secs(times.use), Timings: times.event(), Message: out.complaint + out.detail, Range: c.Range.String(),
			}
			if out.complaint != "" {
				e.Failure = &Failure{Template: t, Check: &c, Phase: "check", Reason: out.complaint, ExitCode: -1, Elapsed: times.use}
			}
			r.emit(e)
			return nil
		})
	}
	err = group.Wait()
	for _, c := range all {
		if c != "" {
			complaints = append(complaints, c)
		}
	}
	return complaints, err
}

// reference names a build of a template, or its default one.
func reference(name, build string) string {
	if build == "" {
		return name
	}
	return name + ":" + build
}

// check runs one check in a sandbox of ref.
func (r *Runner) check(ctx context.Context, c config.Check, ref string) (out outcome, times useTimes, err error) {
	r.pool.open(r.Checks)
	p := r.probe(c)
	times, err = r.pool.use(ctx, r.Client, ref, p.limit, func(box *e2b.Sandbox) error {
		out, err = p.run(ctx, box, c.User)
		return err
	})
	return out, times, err
}

// run tries a check in a sandbox.
func (p probe) run(ctx context.Context, box *e2b.Sandbox, user string) (outcome, error) {
	var stdout, stderr tail
	code, err := box.Run(ctx, e2b.Command{
		Cmd: "/bin/bash", Args: []string{"-l", "-c", p.script},
		User: user, Env: p.env, Timeout: p.limit, Stdout: &stdout, Stderr: &stderr,
	})
	var late *e2b.TimeoutError
	switch {
	case errors.As(err, &late):
		return outcome{complaint: fmt.Sprintf("did not end within %s%s", p.limit, quoteOutput(&stdout, &stderr))}, nil
	case err != nil:
		return outcome{}, err
	}
	return p.judge(code, &stdout, &stderr), nil
}

// judge compares what a command did with what its author wants.
func judge(c config.Check, code int, stdout, stderr *tail) string {
	out := stdout.String() + stderr.String()
	switch {
	case code != c.ExitCode:
		return fmt.Sprintf("exit code %d, want %d%s", code, c.ExitCode, quoteOutput(stdout, stderr))
	case c.Contains != "" && !strings.Contains(out, c.Contains):
		return fmt.Sprintf("the output does not contain %q%s", c.Contains, quoteOutput(stdout, stderr))
	case c.Matches != "" && !matches(c.Matches, out):
		return fmt.Sprintf("the output does not match %q%s", c.Matches, quoteOutput(stdout, stderr))
	}
	return ""
}

// matches reports whether a pattern matches an output. As in other languages,
// $ is also before the last line end.
func matches(pattern, out string) bool {
	re := regexp.MustCompile(pattern)
	return re.MatchString(out) || re.MatchString(strings.TrimSuffix(out, "\n"))
}

// quoteOutput shows the last lines of what a failed check printed.
func quoteOutput(stdout, stderr *tail) string {
	text := strings.TrimSpace(stdout.String() + stderr.String())
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	if len(lines) > 10 {
		lines = lines[len(lines)-10:]
	}
	return ":\n" + strings.Join(lines, "\n")
}

// tail keeps the last maxCheckOutput bytes of a stream.
type tail struct{ buf bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	t.buf.Write(p)
	if over := t.buf.Len() - maxCheckOutput; over > 0 {
		t.buf.Next(over)
	}
	return n, nil
}

func (t *tail) String() string { return t.buf.String() }
