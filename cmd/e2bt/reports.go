package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/cmd/e2bt/report"
	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"
)

// reports are the files that a command leaves for other programs and for
// people, beside what it prints.
type reports struct {
	junit, summary, codeQuality, page, trace string
}

func (r *reports) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.junit, "junit", "", "write a JUnit report to `FILE`")
	f.StringVar(&r.summary, "summary", "", "write a summary in Markdown to `FILE`; on GitHub it is one of the job by itself")
	f.StringVar(&r.page, "report", "", "write a report for people to `FILE`, one HTML page: timeline, findings, log")
	f.StringVar(&r.trace, "trace", "", "write OpenTelemetry spans of the run, its templates and batches to `FILE`, as OTLP's JSON")
	f.StringVar(&r.codeQuality, "codequality", "", "write a Code Quality report of GitLab to `FILE`")
}

// document is one file and what writes it.
type document struct {
	path  string
	write func(io.Writer) error
}

func (a *app) documents(r reports) []document {
	j := &a.journal
	var out []document
	for _, d := range []document{{r.junit, j.JUnit}, {r.summary, j.Markdown}, {r.codeQuality, j.CodeQuality}, {r.page, j.Page}, {r.trace, j.Trace}} {
		if d.path != "" {
			d.path = a.resolve(d.path)
			out = append(out, d)
		}
	}
	return out
}

// recorded runs a command whose course is told in reports and remembered in the
// history. The reports are written once before, saying that the run did not come
// to an end: so it stays where it is killed, and a file that cannot be written
// is noticed before the hours of a build.
func (a *app) recorded(command string, r reports, run func() error) error {
	a.journal.Command, a.journal.ID, a.journal.Version, a.journal.Started = command, randomHex(8), version(), time.Now()
	a.journal.Parent, a.journal.Hide = a.getenv("TRACEPARENT"), a.harmless
	if r.page != "" || r.summary != "" || a.getenv("GITHUB_STEP_SUMMARY") != "" {
		a.journal.Past, _ = a.history().Read() // without it nothing can be compared
	}
	if err := a.writeReports(r); err != nil {
		return exitWith(exitConfig, err)
	}
	err := run()
	a.recordEnd(err)
	for _, lost := range []error{a.remember(), a.writeReports(r), a.stepSummary()} {
		if lost != nil {
			fmt.Fprintln(a.stderr, "Warning: "+clean(lost.Error()))
		}
	}
	return err
}

func (a *app) writeReports(r reports) (err error) {
	for _, d := range a.documents(r) {
		err = errors.Join(err, a.writeReport(d))
	}
	return err
}

func (a *app) writeReport(d document) error {
	var text bytes.Buffer
	err := d.write(&text)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(d.path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(d.path, text.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.path, cause(err))
	}
	return nil
}

// stepSummary adds the summary to what GitHub shows of a job.
func (a *app) stepSummary() error {
	path := a.getenv("GITHUB_STEP_SUMMARY")
	if path == "" || len(a.journal.Templates)+len(a.journal.Problems) == 0 {
		return nil
	}
	var text bytes.Buffer
	if err := a.journal.Markdown(&text); err != nil {
		return err
	}
	text.WriteByte('\n')
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err == nil {
		_, err = file.Write(text.Bytes())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("writing $GITHUB_STEP_SUMMARY: %w", cause(err))
	}
	return nil
}

// remember adds the run to the history.
func (a *app) remember() error {
	entries := a.journal.Entries()
	if len(entries) == 0 {
		return nil
	}
	err := os.MkdirAll(a.state(), 0o755)
	if err == nil {
		err = a.ignoreState()
	}
	if err == nil {
		err = a.history().Append(entries)
	}
	if err != nil {
		return fmt.Errorf("the history is not whole: %w", cause(err))
	}
	return nil
}

func (a *app) history() report.History { return report.History{Path: report.HistoryPath(a.state())} }

// place is where a range is, seen from the root of what a CI job has checked
// out, else from here.
func (a *app) place(at hcl.Range) report.Place {
	if at.Filename == "" {
		return report.Place{}
	}
	path := a.resolve(at.Filename)
	root := a.getenv("GITHUB_WORKSPACE")
	if root == "" {
		root = a.getenv("CI_PROJECT_DIR")
	}
	if whole, err := filepath.Abs(path); err == nil && root != "" {
		if inside, err := filepath.Rel(root, whole); err == nil && filepath.IsLocal(inside) {
			path = inside
		}
	}
	return report.Place{File: filepath.ToSlash(path), Line: at.Start.Line, Col: at.Start.Column, EndLine: at.End.Line, EndCol: at.End.Column}
}

// problem is a finding as reports have it, without secrets.
func (a *app) problem(f found) report.Problem {
	p := report.Problem{
		Kind: report.KindBuild, Template: f.failure.Template.Name, Batch: f.batch(), Phase: f.failure.Phase,
		Title: f.title(), Advice: a.harmless(f.advice()), Finding: f.Finding, Place: a.place(f.where),
	}
	p.Finding.Summary, p.Finding.Subject = a.harmless(f.Summary), a.harmless(f.Subject)
	if f.failure.Check != nil {
		p.Kind, p.Check = report.KindCheck, f.failure.Check.Name
	}
	for _, line := range f.logEnd() {
		p.Log = append(p.Log, a.harmless(line))
	}
	return p
}

func (a *app) harmless(text string) string { return a.secrets.hide(clean(text)) }

// recordMistakes takes what is wrong with the configuration.
func (a *app) recordMistakes(diags hcl.Diagnostics) {
	for _, d := range diags {
		p := report.Problem{Kind: report.KindMistake, Warning: d.Severity == hcl.DiagWarning, Title: a.harmless(d.Summary), Advice: a.harmless(d.Detail)}
		if d.Subject != nil {
			p.Place = a.place(*d.Subject)
		}
		a.journal.Problem(p)
	}
}

// recordErrors takes what went wrong beside the builds themselves.
func (a *app) recordErrors(results []builder.Result, at *endpoint) {
	for _, res := range results {
		if res.Err != nil && !res.OK() {
			a.recordError(res.Template, at.apiError(res.Err))
		}
	}
}

func (a *app) recordError(t *builder.Template, err error) {
	a.journal.Problem(report.Problem{
		Kind: report.KindError, Template: t.Name, Title: "Error: " + t.Name, Advice: a.harmless(err.Error()), Place: a.place(t.Config.Range),
	})
}

// recordEnd takes why a command ended before it was done.
func (a *app) recordEnd(err error) {
	if text := errorText(err); text != "" {
		a.journal.Problem(report.Problem{Kind: report.KindError, Title: "Error", Advice: a.harmless(text)})
	}
	a.journal.End(time.Now())
}

func errorText(err error) string {
	if err == nil || errors.Is(err, context.Canceled) {
		return ""
	}
	return err.Error()
}

// shield keeps GitHub from taking what a log says for commands of the job,
// until what e2bt itself has to say.
func (a *app) shield() {
	if a.onGitHub() && a.token == "" {
		a.token = randomHex(16)
		fmt.Fprintln(a.stderr, "::stop-commands::"+a.token)
	}
}

func (a *app) onGitHub() bool { return a.getenv("GITHUB_ACTIONS") == "true" }

// close prints what is left to print, shows problems on GitHub, and returns the
// process's exit code.
func (a *app) close(ctx context.Context, err error) int {
	if a.journal.Command == "" {
		a.recordEnd(err)
	}
	code := a.exit(ctx, err)
	if a.onGitHub() {
		if a.token != "" {
			fmt.Fprintln(a.stderr, "::"+a.token+"::")
		}
		_ = a.journal.Annotate(a.stderr) // the output remembers its own errors
	}
	return code
}
