package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/diagnose"
)

// Kind says what a problem is of.
type Kind string

// The kinds of problems, the most important first.
const (
	KindMistake Kind = "mistake" // in the configuration
	KindBuild   Kind = "build"
	KindError   Kind = "error" // the endpoint, or something on this side
	KindCheck   Kind = "check"
)

var ranks = map[Kind]int{KindMistake: 0, KindBuild: 1, KindError: 2, KindCheck: 3}

// Place is where the author wrote something; the zero value is nowhere. File is
// relative to the repository, with slashes.
type Place struct {
	File            string
	Line, Col       int
	EndLine, EndCol int
}

func (p Place) String() string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s line %d", p.File, p.Line)
}

// Problem is something that went wrong.
type Problem struct {
	Kind     Kind
	Warning  bool
	Template string // "": of none
	Batch    string
	Check    string
	Phase    string
	Title    string
	Advice   string   // what happened and what to do
	Log      []string // the end of the log, with headings
	Finding  diagnose.Finding
	Place    Place
}

// Text is the problem in full, for readers without formatting.
func (p Problem) Text() string {
	var out strings.Builder
	out.WriteString(p.Title + "\n")
	if at := p.Place.String(); at != "" {
		out.WriteString("on " + at + "\n")
	}
	if p.Advice != "" {
		out.WriteString("\n" + p.Advice + "\n")
	}
	if len(p.Log) > 0 {
		out.WriteString("\n" + strings.Join(p.Log, "\n") + "\n")
	}
	return out.String()
}

// Ranked are all problems, the most important first: errors before warnings, a
// build before what is only checked.
func (r *Run) Ranked() []Problem {
	all := slices.Clone(r.Problems)
	for _, t := range r.Templates {
		all = append(all, t.Problems...)
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(order(a.Warning, b.Warning), cmp.Compare(ranks[a.Kind], ranks[b.Kind]), strings.Compare(a.Template, b.Template))
	})
	return all
}

// order puts what is not before what is.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
