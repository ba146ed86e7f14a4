package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
)

const (
	defaultCheckTimeout = time.Minute
	maxCheckOutput      = 1 << 20 // bytes of each stream that a check can match against
)

// Check runs the checks of t in a sandbox of what its name serves now and
// reports whether one of them failed.
func (r *Runner) Check(ctx context.Context, t *Template) (failed bool, err error) {
	if r.now == nil {
		r.now = time.Now
	}
	return r.check(ctx, t, "")
}

// check runs the checks in a sandbox of exactly that build, or of the default
// one where build is empty.
func (r *Runner) check(ctx context.Context, t *Template, build string) (failed bool, err error) {
	err = inSandbox(ctx, r.Client, reference(t.Name, build), checkBudget(t.Config.Checks), func(box *e2b.Sandbox) error {
		complaints, err := r.checks(ctx, t, box)
		failed = len(complaints) > 0
		return err
	})
	return failed, err
}

// reference names a build of a template, or its default one.
func reference(name, build string) string {
	if build == "" {
		return name
	}
	return name + ":" + build
}

// checks runs the checks of t and returns what those that failed complain of.
func (r *Runner) checks(ctx context.Context, t *Template, box *e2b.Sandbox) (complaints []string, err error) {
	for _, c := range t.Config.Checks {
		start := r.now()
		complaint, err := r.runCheck(ctx, box, c)
		if err != nil {
			return complaints, fmt.Errorf("check %s: %w", c.Name, err)
		}
		if complaint != "" {
			complaints = append(complaints, complaint)
		}
		r.emit(Event{Type: EventCheck, Template: t.Name, Name: c.Name, OK: ptr(complaint == ""), Seconds: secs(r.now().Sub(start)), Message: complaint, Range: c.Range.String()})
	}
	return complaints, nil
}

// checkBudget is how long a sandbox has to live for these checks.
func checkBudget(checks []config.Check) time.Duration {
	sum := time.Duration(0)
	for _, c := range checks {
		sum += orDefault(c.Timeout, defaultCheckTimeout)
	}
	return sum
}

// runCheck runs one check; the complaint is empty where it passed.
func (r *Runner) runCheck(ctx context.Context, sandbox *e2b.Sandbox, c config.Check) (complaint string, err error) {
	limit := orDefault(c.Timeout, defaultCheckTimeout)
	var stdout, stderr tail
	code, err := sandbox.Run(ctx, e2b.Command{
		Cmd: "/bin/bash", Args: []string{"-l", "-c", c.Command}, User: c.User, Timeout: limit, Stdout: &stdout, Stderr: &stderr,
	})
	var late *e2b.TimeoutError
	switch {
	case errors.As(err, &late):
		return fmt.Sprintf("did not end within %s%s", limit, quoteOutput(&stdout, &stderr)), nil
	case err != nil:
		return "", err
	}
	return judge(c, code, &stdout, &stderr), nil
}

// judge compares what a check did with what its author wants.
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
