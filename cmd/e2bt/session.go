package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
)

// tailLines is how many lines of a failed step's log are shown.
const tailLines = 20

// session shows one run: it prints events, writes every build's log, and
// diagnoses failures. Its methods are called by one goroutine at a time.
type session struct {
	app     *app
	cfg     *config.Config
	plan    *builder.Plan
	printer printer
	rules   *diagnose.Engine
	builds  map[string]*buildLog // by template name
	pending map[string]found     // by template name: a failure that a retry may still cure
	found   []found
	errs    []error
}

// buildLog is the log of one attempt to build one template.
type buildLog struct {
	path    string
	file    *os.File
	w       *bufio.Writer
	scanner *diagnose.Scanner // of the step that runs
	tail    []string
}

func (a *app) session(cfg *config.Config, plan *builder.Plan, at *endpoint, json bool) *session {
	s := &session{app: a, cfg: cfg, plan: plan, builds: map[string]*buildLog{}, pending: map[string]found{}}
	file, live := a.terminal(a.stdout)
	switch {
	case json:
		s.printer = newJSONPrinter(a.stdout)
	case live:
		s.printer = newBarPrinter(a.stdout, file, plan)
	default:
		s.printer = newPlainPrinter(a.stdout, a.local)
	}
	return s
}

func (s *session) run(ctx context.Context, r *builder.Runner) (results []builder.Result) {
	s.show(func() { results = r.Run(ctx, s.plan) })
	return results
}

// show prints what comes while f runs and, after it, what was found.
func (s *session) show(f func()) {
	f()
	s.printer.close()
	for _, b := range s.builds {
		s.keep(b.close())
	}
	for _, f := range s.found {
		f.print(s.app.stderr, s.cfg.Files, s.app.render(s.app.stderr))
	}
	for _, err := range s.errs {
		fmt.Fprintln(s.app.stderr, "Warning: "+err.Error())
	}
}

// keep remembers the first trouble with a log file; a build goes on without it.
func (s *session) keep(err error) {
	if err != nil && len(s.errs) == 0 {
		s.errs = append(s.errs, err)
	}
}

func (s *session) event(e builder.Event) {
	switch e.Type {
	case builder.EventBuildStart:
		delete(s.pending, e.Template)
		s.open(e)
	case builder.EventStepStart:
		s.fresh(e.Template)
		s.log(e, "step: "+e.Message)
	case builder.EventLog:
		s.log(e, e.Message)
		s.scan(e)
	case builder.EventFailure:
		s.pending[e.Template] = s.diagnose(*e.Failure)
		return
	case builder.EventBuildEnd:
		s.settle(e.Template)
	}
	s.printer.event(e)
}

// open starts the log of a build.
func (s *session) open(e builder.Event) {
	if old := s.builds[e.Template]; old != nil {
		s.keep(old.close())
	}
	dir := filepath.Join(s.app.state(), "logs")
	name := fmt.Sprintf("%s-%s-%.8s.log", fileName(e.Template), e.Time.UTC().Format("20060102-150405"), e.BuildID)
	b := &buildLog{path: filepath.Join(dir, name)}
	s.builds[e.Template] = b
	s.fresh(e.Template)
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		b.file, err = os.Create(b.path)
	}
	if err != nil {
		s.keep(fmt.Errorf("writing the log: %w", err))
		b.path = "lost"
		return
	}
	b.w = bufio.NewWriterSize(s.app.secrets.writer(b.file), 64<<10)
}

func fileName(template string) string {
	return strings.NewReplacer("/", "_", ":", "_").Replace(template)
}

// fresh forgets the lines of the step before: a failure is explained by the
// step that failed.
func (s *session) fresh(template string) {
	if b := s.builds[template]; b != nil {
		b.tail, b.scanner = b.tail[:0], nil
	}
}

func (s *session) log(e builder.Event, message string) {
	b := s.builds[e.Template]
	if b == nil || b.w == nil {
		return
	}
	where := e.Batch
	if where == "" {
		where = e.Phase
	}
	_, err := fmt.Fprintf(b.w, "%s %s | %s\n", e.Time.UTC().Format("15:04:05.000"), where, clean(message))
	s.keep(err)
}

// scan feeds a line to the diagnosis and keeps the last ones.
func (s *session) scan(e builder.Event) {
	b := s.builds[e.Template]
	if b == nil {
		return
	}
	line := clean(e.Message)
	if b.scanner == nil {
		b.scanner = s.engine().Scanner(diagnose.Context{})
	}
	_, _ = b.scanner.Write([]byte(line + "\n")) // never fails
	if e.Level == "debug" || strings.HasPrefix(line, "Build failed: ") {
		return // the finding says the latter better
	}
	if len(b.tail) == tailLines {
		b.tail = append(b.tail[:0], b.tail[1:]...)
	}
	b.tail = append(b.tail, line)
}

// engine loads the rules when the first line comes, not before.
func (s *session) engine() *diagnose.Engine {
	if s.rules == nil {
		rules, err := diagnose.New()
		if err != nil {
			panic(err) // the rules are part of this binary, and tested
		}
		s.rules = rules
	}
	return s.rules
}

// settle shows the failure that no retry has cured.
func (s *session) settle(template string) {
	f, failed := s.pending[template]
	if !failed {
		return
	}
	delete(s.pending, template)
	s.found = append(s.found, f)
	s.printer.finding(f)
}

// retryable says whether trying again may cure the failure that came last.
func (s *session) retryable(f builder.Failure) bool {
	return s.pending[f.Template.Name].Retryable
}

// diagnose says what a failure was and where.
func (s *session) diagnose(f builder.Failure) found {
	b := s.builds[f.Template.Name]
	context := failureContext(f)
	var finding *diagnose.Finding
	if b == nil || b.scanner == nil {
		finding = s.engine().Scanner(context).Finding()
	} else {
		finding = b.scanner.FindingIn(context)
	}
	out := found{Finding: *finding, failure: f, where: place(*finding, f), at: time.Now()}
	if b != nil {
		out.tail, out.log = append([]string(nil), b.tail...), b.path
	}
	return out
}

func failureContext(f builder.Failure) diagnose.Context {
	c := diagnose.Context{ExitCode: f.ExitCode, Reason: f.Reason, Phase: f.Phase, SecondsS: f.Elapsed.Seconds(), Image: f.Template.FromImage}
	if f.Step == nil {
		return c
	}
	c.User, c.TimeoutS, c.Command = builder.DefaultUser, float64(f.Step.TimeoutS), strings.Join(f.Step.Args[:1], "")
	if len(f.Step.Args) > 1 && f.Step.Type == "RUN" {
		c.User = f.Step.Args[1]
	}
	if f.Step.Batch != "" {
		c.Batch = f.Template.Address + ".batch." + f.Step.Batch
	}
	return c
}

func (b *buildLog) close() error {
	if b.file == nil {
		return nil
	}
	flushErr, closeErr := b.w.Flush(), b.file.Close()
	b.file = nil
	if flushErr != nil {
		return fmt.Errorf("writing the log: %w", flushErr)
	}
	if closeErr != nil {
		return fmt.Errorf("writing the log: %w", closeErr)
	}
	return nil
}
