package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/e2bt/e2bt/mirrors"
)

// session shows one run: it prints events, writes every build's log, and
// diagnoses failures. Its methods are called by one goroutine at a time.
type session struct {
	app     *app
	cfg     *config.Config
	printer printer
	seams   seams
	rules   *diagnose.Engine
	builds  map[string]*buildLog // by template name
	pending map[string]found     // by template name: a failure that a retry may still cure
	found   []found
	lost    error // the first trouble with a log file
	locked  bool  // the run builds what the lock file has

	keeps    bool     // failures are kept as snapshots
	paths    []string // of the configuration; for snapshots
	endpoint string   // the same
	runner   *builder.Runner
}

// session begins a run; plan is what it builds, nil where it builds nothing.
func (a *app) session(cfg *config.Config, plan *builder.Plan, json bool) *session {
	s := &session{
		app: a, cfg: cfg, builds: map[string]*buildLog{}, pending: map[string]found{},
		seams: seams{secrets: &a.secrets},
	}
	file, live := a.terminal(a.stdout)
	switch {
	case json:
		s.printer = newJSONPrinter(a.stdout)
	case live && plan != nil:
		s.printer = newBarPrinter(a.stdout, file, plan)
	default:
		s.printer = newPlainPrinter(a.stdout)
	}
	a.shield()
	if plan != nil {
		a.journal.Plan(plan, a.place)
	}
	return s
}

func (s *session) run(ctx context.Context, r *builder.Runner, plan *builder.Plan) (results []builder.Result) {
	s.show(func() { results = r.Run(ctx, plan) })
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
		if s.keeps {
			s.keep(s.snapshot(f))
		}
		f.print(s.app.stderr, s.cfg.Files, s.app.render())
	}
	if s.lost != nil {
		fmt.Fprintf(s.app.stderr, "Warning: logs are not whole: %s\n", s.lost)
	}
}

// keep remembers the first trouble with a log file; a build goes on without it.
func (s *session) keep(err error) {
	if s.lost == nil {
		s.lost = err
	}
}

// event takes what a build says: made harmless, and without secrets, before
// anything else sees it.
func (s *session) event(e builder.Event) {
	e.Message = clean(e.Message)
	s.seams.pass(e, s.shown)
}

func (s *session) shown(e builder.Event) {
	s.app.journal.Event(e)
	switch e.Type {
	case builder.EventBuildStart:
		delete(s.pending, e.Template)
		s.open(e)
	case builder.EventStepStart:
		s.fresh(e.Template)
		s.log(e, "step "+e.Message)
	case builder.EventLog:
		s.log(e, e.Message)
		s.scan(e)
	case builder.EventFailure:
		s.pending[e.Template] = s.diagnose(*e.Failure)
		s.app.journal.Failed(e.Template, s.pending[e.Template].Category)
		return
	case builder.EventBuildEnd:
		s.settle(e.Template)
	}
	s.note(e)
	s.printer.event(e)
	if e.Type == builder.EventCheck && e.Failure != nil {
		s.say(s.diagnoseCheck(*e.Failure))
	}
}

// note keeps an event for a snapshot; what the log has is there.
func (s *session) note(e builder.Event) {
	if b := s.builds[e.Template]; b != nil && e.Type != builder.EventLog && e.Type != builder.EventUpload && len(b.events) < keptEvents {
		b.events = append(b.events, e)
	}
}

// open starts the log of a build.
func (s *session) open(e builder.Event) {
	if old := s.builds[e.Template]; old != nil {
		s.keep(old.close())
	}
	b, err := createLog(s.app.logs(), e)
	s.keep(err)
	b.templateID, b.buildID = e.TemplateID, e.BuildID
	s.builds[e.Template] = b
	s.app.journal.Log(e.Template, b.path)
}

// fresh forgets the lines of the step before: a failure is explained by the
// step that failed.
func (s *session) fresh(template string) {
	if b := s.builds[template]; b != nil {
		b.tail, b.scanner = b.tail[:0], nil
	}
}

func (s *session) log(e builder.Event, message string) {
	if b := s.builds[e.Template]; b != nil {
		s.keep(b.write(e, message))
	}
}

// scan feeds a line to the diagnosis and keeps the last ones.
func (s *session) scan(e builder.Event) {
	b := s.builds[e.Template]
	if b == nil {
		return
	}
	if b.scanner == nil {
		b.scanner = s.engine().Scanner(diagnose.Context{})
	}
	if e.Index == 0 || e.Stream != "" || !quiet(e) { // else the builder quotes the command: failureContext has it all
		_, _ = b.scanner.Write([]byte(e.Message + "\n")) // never fails
	}
	if quiet(e) {
		return
	}
	if len(b.tail) == tailLines {
		b.tail = append(b.tail[:0], b.tail[1:]...)
	}
	b.tail = append(b.tail, e.Message)
}

// engine loads the rules when the first line comes, not before.
func (s *session) engine() *diagnose.Engine {
	if s.rules == nil {
		s.rules, _ = ruleEngine(s.cfg.Rules) // what is wrong with a rule was said
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
	s.say(f)
}

func (s *session) say(f found) {
	s.found = append(s.found, f)
	s.app.journal.Problem(s.app.problem(f))
	s.printer.finding(f)
}

// retryable says whether trying again may cure the failure that came last.
func (s *session) retryable(f builder.Failure) bool {
	return s.pending[f.Template.Name].Retryable
}

// question is what a package manager is asked about the failure that came last:
// which versions there are, where the log does not say.
func (s *session) question(f builder.Failure) string {
	finding := s.pending[f.Template.Name].Finding
	m, ok := mirrors.LookupManager(finding.Tool)
	if finding.Category != diagnose.VersionNotFound || !ok || m.Versions == nil || !packageName.MatchString(finding.Subject) {
		return ""
	}
	for _, fix := range finding.Fixes {
		if fix.Safe && strings.Contains(editKey(fix.Edits), ".pins.") {
			return ""
		}
	}
	return strings.ReplaceAll(m.Versions.Command, "${package}", finding.Subject)
}

// packageName is a name that a shell takes as it is.
var packageName = regexp.MustCompile(`^@?[A-Za-z0-9][A-Za-z0-9._/+-]*$`)

// versions are what the package manager said there is of the package that a
// failure is about.
func (s *session) versions(f builder.Failure) []string {
	m, ok := mirrors.LookupManager(s.pending[f.Template.Name].Tool)
	if !ok || m.Versions == nil || len(f.Answer) == 0 {
		return nil
	}
	return m.Versions.ReadVersions(f.Answer)
}

// diagnose says what a failure was and where.
func (s *session) diagnose(f builder.Failure) found {
	f.Reason = s.app.secrets.hide(clean(f.Reason))
	if f.Phase == "lock" {
		return s.lockMismatch(f)
	}
	b := s.builds[f.Template.Name]
	context := failureContext(f)
	context.Language, context.Versions = s.app.lang, strings.Join(s.versions(f), " ")
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
	if s.locked {
		out.goneFromSource()
	}
	out.bringFile()
	return out
}

// diagnoseCheck says what a check's complaint means, where a rule knows it.
func (s *session) diagnoseCheck(f builder.Failure) found {
	f.Reason = s.app.secrets.hide(clean(f.Reason))
	scanner := s.engine().Scanner(diagnose.Context{Phase: f.Phase, ExitCode: f.ExitCode, Language: s.app.lang})
	_, _ = scanner.Write([]byte(f.Reason + "\n")) // never fails
	finding := scanner.Finding()
	if finding.Category == diagnose.Unknown {
		finding.Summary, finding.Detail, finding.Fixes = f.Reason, "", []diagnose.Fix{}
	}
	return found{Finding: *finding, failure: f, where: f.Check.Range, at: time.Now()}
}

func failureContext(f builder.Failure) diagnose.Context {
	c := diagnose.Context{ExitCode: f.ExitCode, Reason: f.Reason, Phase: f.Phase, SecondsS: f.Elapsed.Seconds(), Image: f.Template.FromImage,
		Template: f.Template.Address, MemoryMB: f.Template.MemoryMB}
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
