package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/hashicorp/hcl/v2"
)

// found is a finding with its place in the author's files.
type found struct {
	diagnose.Finding
	failure builder.Failure
	where   hcl.Range
	tail    []string // the last lines of the failing step's log
	log     string   // the file that holds the whole log
	at      time.Time
}

func (f found) index() int {
	if f.failure.Step == nil {
		return 0
	}
	return f.failure.Step.Index
}

func (f found) batch() string {
	if f.failure.Step == nil {
		return ""
	}
	return f.failure.Step.Batch
}

// place finds the author's own line that a finding is about: the list entry or
// command that names its subject, else the whole block.
func place(f diagnose.Finding, failure builder.Failure) hcl.Range {
	t := failure.Template.Config
	switch {
	case failure.Step == nil && failure.Phase == "base" && t.Base.Range.Filename != "":
		return t.Base.Range
	case failure.Step == nil && failure.Phase == "start" && t.Start != nil:
		return t.Start.Range
	case failure.Step == nil:
		return t.Range
	case failure.Step.Config.Batch != nil:
		return placeInBatch(f, failure.Step.Config.Batch)
	}
	return failure.Step.Source
}

func placeInBatch(f diagnose.Finding, b *config.Batch) hcl.Range {
	if f.Subject != "" {
		for _, in := range b.Installs {
			for _, p := range in.Packages {
				if !config.SamePackage(p.Name, f.Subject) {
					continue
				}
				if f.Category == diagnose.VersionNotFound && p.Pin.Filename != "" {
					return p.Pin
				}
				return p.Range
			}
		}
		for _, line := range b.Run {
			if strings.Contains(line.Text, f.Subject) {
				return line.Range
			}
		}
	}
	if f.Category == diagnose.Timeout {
		return b.Header
	}
	if len(b.Run) == 1 && len(b.Installs) == 0 {
		return b.Run[0].Range
	}
	if len(b.Run) == 0 && len(b.Installs) == 1 {
		return b.Installs[0].Range
	}
	return b.Header
}

// print writes a finding with the writer that the author's other mistakes are
// written with, then the end of the log.
func (f found) print(w io.Writer, files map[string]*hcl.File, opts config.RenderOptions) {
	d := &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: f.title(),
		Detail: clean(f.advice()), Subject: &f.where,
	}
	config.WriteDiagnostics(w, files, hcl.Diagnostics{d}, opts)
	if d := f.failure.Drift; !d.Empty() && d.Suspect {
		printSuspects(w, d)
	}
	for _, line := range f.logEnd() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
}

func (f found) title() string {
	name, check := f.failure.Template.Name, f.failure.Check
	switch {
	case check != nil && f.Category == diagnose.Unknown:
		return fmt.Sprintf("Check %s of %s failed", check.Name, name)
	case check != nil:
		return fmt.Sprintf("Check %s of %s failed: %s", check.Name, name, f.Category)
	}
	return fmt.Sprintf("Build of %s failed: %s", name, f.Category)
}

// advice is what happened and what to do.
func (f found) advice() string {
	var text strings.Builder
	if f.failure.Check != nil && f.Summary != f.failure.Reason {
		text.WriteString(f.failure.Reason + "\n\n")
	}
	text.WriteString(f.Summary)
	if f.Detail != "" {
		text.WriteString("\n" + f.Detail)
	}
	for _, fix := range f.Fixes {
		text.WriteString("\n\nFix: " + fix.Title)
		if fix.Detail != "" {
			text.WriteString("\n" + fix.Detail)
		}
	}
	return text.String()
}

// logEnd is the end of the log: the endpoint's own reason where no command of
// the author's failed, the lines that the finding rests on, the last lines, and
// where the rest is.
func (f found) logEnd() []string {
	var lines []string
	if f.failure.Check != nil {
		return nil // it is all in what it complains of
	}
	if f.failure.Reason != "" && (f.failure.Step == nil || len(f.tail) == 0) {
		lines = append(lines, "The endpoint said: "+f.failure.Reason)
	}
	if early := f.early(); len(early) > 0 {
		lines = append(lines, "The log says:")
		lines = append(lines, early...)
	}
	if len(f.tail) > 0 {
		lines = append(lines, "The last lines of the log"+f.exit()+":")
		for _, line := range f.tail {
			lines = append(lines, "  "+clip(line, longestTail))
		}
	}
	if f.log != "" {
		lines = append(lines, "The whole log is in "+f.log)
	}
	if slices.ContainsFunc(f.Fixes, func(fix diagnose.Fix) bool { return len(fix.Edits) > 0 }) {
		lines = append(lines, "e2bt fix shows the edits that may cure it; build --fix makes the safe ones and builds again.")
	}
	return lines
}

// longestTail is how many columns of a log line are shown.
const longestTail = 500

// early is the evidence that the last lines do not show.
func (f found) early() []string {
	var lines []string
	for _, e := range f.Evidence {
		if !slices.Contains(f.tail, e.Text) && !strings.HasPrefix(e.Text, "Build failed: ") {
			lines = append(lines, "  "+clip(clean(e.Text), longestTail))
		}
	}
	return lines
}

func (f found) exit() string {
	if f.failure.Step == nil || f.failure.ExitCode <= 0 {
		return ""
	}
	return fmt.Sprintf(" (exit code %d after %s)", f.failure.ExitCode, duration(f.failure.Elapsed))
}
