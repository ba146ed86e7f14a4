package main

import (
	"fmt"
	"io"
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
				if !samePackage(p.Name, f.Subject) {
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

// samePackage compares names as Python does: case and -_. do not count. An
// extra such as httpx[http2] belongs to httpx.
func samePackage(a, b string) bool {
	normal := strings.NewReplacer("_", "-", ".", "-")
	a, _, _ = strings.Cut(a, "[")
	return strings.EqualFold(normal.Replace(a), normal.Replace(b))
}

// print writes a finding with the writer that the author's other mistakes are
// written with, then the end of the log.
func (f found) print(w io.Writer, files map[string]*hcl.File, opts config.RenderOptions) {
	var detail strings.Builder
	detail.WriteString(f.Summary)
	if f.Detail != "" {
		detail.WriteString("\n" + f.Detail)
	}
	for _, fix := range f.Fixes {
		detail.WriteString("\n\nFix: " + fix.Title)
		if fix.Detail != "" {
			detail.WriteString("\n" + fix.Detail)
		}
	}
	d := &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: fmt.Sprintf("Build of %s failed: %s", f.failure.Template.Name, f.Category),
		Detail: clean(detail.String()), Subject: &f.where,
	}
	config.WriteDiagnostics(w, files, hcl.Diagnostics{d}, opts)
	if f.failure.Reason != "" && len(f.tail) == 0 {
		fmt.Fprintf(w, "The endpoint said: %s\n", clean(f.failure.Reason))
	}
	if len(f.tail) > 0 {
		fmt.Fprintf(w, "The last lines of the log (all of it is in %s):\n", f.log)
		for _, line := range f.tail {
			fmt.Fprintln(w, "  "+line)
		}
	}
	fmt.Fprintln(w)
}
