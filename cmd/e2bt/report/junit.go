package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	File      string      `xml:"file,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string    `xml:"classname,attr"`
	Name    string    `xml:"name,attr"`
	Time    string    `xml:"time,attr"`
	File    string    `xml:"file,attr,omitempty"`
	Line    int       `xml:"line,attr,omitempty"`
	Skipped *junitWhy `xml:"skipped"`
	Failure *junitWhy `xml:"failure"`
	Error   *junitWhy `xml:"error"`
	Out     string    `xml:"system-out,omitempty"`
}

type junitWhy struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes a suite for every template, with a case for every batch and
// check, and one of its own for what is of no template.
func (r *Run) JUnit(w io.Writer) error {
	out := junitSuites{Name: "e2bt " + r.Command, Time: seconds(r.Ended.Sub(r.Started).Seconds())}
	if r.Ended.IsZero() {
		out.Time = seconds(0)
	}
	for _, t := range r.Templates {
		if cases := r.Cases(t); len(cases) > 0 {
			out.add(suite(t.Name, t.Started, t.Seconds(), t.Place, cases))
		}
	}
	if cases := r.ownCases(); len(cases) > 0 {
		out.add(suite("e2bt", r.Started, 0, Place{}, cases))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// ownCases are the problems of no template.
func (r *Run) ownCases() []Case {
	var out []Case
	for i := range r.Problems {
		if p := &r.Problems[i]; !p.Warning {
			out = append(out, Case{Name: p.Title, Place: p.Place, State: Errored, Why: p.Title, Problem: p})
		}
	}
	if r.Ended.IsZero() {
		out = append(out, Case{Name: r.Command, State: Errored, Why: "the run did not come to an end"})
	}
	return out
}

func (s *junitSuites) add(one junitSuite) {
	s.Tests, s.Failures, s.Errors, s.Skipped = s.Tests+one.Tests, s.Failures+one.Failures, s.Errors+one.Errors, s.Skipped+one.Skipped
	s.Suites = append(s.Suites, one)
}

func suite(name string, at time.Time, took float64, place Place, cases []Case) junitSuite {
	s := junitSuite{Name: name, Tests: len(cases), Time: seconds(took), File: place.File}
	if !at.IsZero() {
		s.Timestamp = at.UTC().Format("2006-01-02T15:04:05")
	}
	for _, c := range cases {
		one := junitCase{Class: name, Name: c.Name, Time: seconds(c.Seconds), File: c.Place.File, Line: c.Place.Line}
		switch c.State {
		case Failed:
			s.Failures, one.Failure = s.Failures+1, why(c)
		case Errored:
			s.Errors, one.Error = s.Errors+1, why(c)
		case Skipped:
			s.Skipped, one.Skipped = s.Skipped+1, &junitWhy{Message: c.Why}
		default:
			one.Out = c.Why
		}
		s.Cases = append(s.Cases, one)
	}
	return s
}

// why is the finding of a case that did not pass.
func why(c Case) *junitWhy {
	if c.Problem == nil {
		return &junitWhy{Message: c.Why}
	}
	out := &junitWhy{Message: c.Problem.Title, Type: string(c.Problem.Finding.Category), Text: c.Problem.Text()}
	if c.Problem.Finding.Summary != "" {
		out.Message = c.Problem.Finding.Summary
	} else if c.Problem.Kind == KindError {
		out.Message, _, _ = strings.Cut(c.Problem.Advice, "\n")
	}
	return out
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
