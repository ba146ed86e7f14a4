// Command score measures the diagnosis on a directory of labelled logs and
// prints, beside the score, which labels it takes for which:
//
//	go run ./diagnose/internal/score [-v] DIR
//
// A log is a JSON file with the fields id, label, alt, exit_code, log, package,
// version and undecidable.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/diagnose"
)

// labelled is a real log and what a person found in it.
type labelled struct {
	ID          string              `json:"id"`
	Label       diagnose.Category   `json:"label"`
	Alt         []diagnose.Category `json:"alt"` // would be right, too
	ExitCode    int                 `json:"exit_code"`
	Log         string              `json:"log"`
	Package     string              `json:"package"`
	Version     string              `json:"version"`
	Undecidable bool                `json:"undecidable"`
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	verbose := flags.Bool("v", false, "list what is not right")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the command line: %w", err)
	}
	if flags.NArg() != 1 {
		return errors.New("name the directory of labelled logs")
	}
	logs, err := read(flags.Arg(0))
	if err != nil {
		return err
	}
	r, err := measure(logs)
	if err != nil {
		return err
	}
	if *verbose {
		fmt.Fprintln(out, strings.Join(r.misses, "\n"))
	}
	_, err = fmt.Fprint(out, r.table(), "\n", r.confusion())
	return err
}

// read reads the logs of a directory, but for the undecidable ones.
func read(dir string) ([]labelled, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no labelled logs (*.json) in %s", dir)
	}
	var all []labelled
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading a log: %w", err)
		}
		var l labelled
		if err := json.Unmarshal(data, &l); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if !l.Undecidable {
			all = append(all, l)
		}
	}
	return all, nil
}

// score counts the answers for one label.
type score struct{ right, unknown, wrong, high, subjects, named int }

// result is what came of all logs.
type result struct {
	scores map[diagnose.Category]*score
	total  score
	taken  map[diagnose.Category]map[diagnose.Category]int // label -> answer, where it is not right
	misses []string
}

func measure(logs []labelled) (*result, error) {
	e, err := diagnose.New()
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	r := &result{scores: map[diagnose.Category]*score{}, taken: map[diagnose.Category]map[diagnose.Category]int{}}
	for _, l := range logs {
		r.add(l, e.DiagnoseText([]byte(l.Log), diagnose.Context{ExitCode: l.ExitCode}))
	}
	return r, nil
}

func (r *result) add(l labelled, f *diagnose.Finding) {
	if r.scores[l.Label] == nil {
		r.scores[l.Label], r.taken[l.Label] = &score{}, map[diagnose.Category]int{}
	}
	r.scores[l.Label].count(l, f)
	r.total.count(l, f)
	if !l.accepts(f.Category) {
		r.taken[l.Label][f.Category]++
		r.misses = append(r.misses, fmt.Sprintf("%s: %s (%s); want %s: %s", l.ID, f.Category, f.Confidence, l.Label, f.Summary))
	} else if l.Package != "" && !same(f.Subject, l.Package) {
		r.misses = append(r.misses, fmt.Sprintf("%s: %s: subject %q; want %q", l.ID, l.Label, f.Subject, l.Package))
	}
}

func (l labelled) accepts(c diagnose.Category) bool {
	return c == l.Label || slices.Contains(l.Alt, c)
}

func (s *score) count(l labelled, f *diagnose.Finding) {
	switch {
	case l.accepts(f.Category):
		s.right++
	case f.Category == diagnose.Unknown:
		s.unknown++
	default:
		s.wrong++
		if f.Confidence == "high" {
			s.high++
		}
	}
	if l.Package != "" {
		s.named++
		if same(f.Subject, l.Package) {
			s.subjects++
		}
	}
}

// same compares names as package managers do.
func same(got, want string) bool {
	normal := strings.NewReplacer("_", "-", ".", "-")
	return strings.EqualFold(normal.Replace(got), normal.Replace(want))
}

func (r *result) table() string {
	var b strings.Builder
	row := func(name diagnose.Category, s *score) {
		n := s.right + s.unknown + s.wrong
		fmt.Fprintf(&b, "%-22s %5d %5d %5.1f%% %8d %6d %6d %7d/%-4d %5.1f%%\n", name, n, s.right, percent(s.right, n), s.unknown, s.wrong, s.high, s.subjects, s.named, percent(s.subjects, s.named))
	}
	fmt.Fprintf(&b, "%-22s %5s %5s %6s %8s %6s %6s %12s %6s\n", "label", "logs", "right", "", "unknown", "wrong", "high", "subject", "")
	for _, c := range slices.Sorted(maps.Keys(r.scores)) {
		row(c, r.scores[c])
	}
	row("all", &r.total)
	return b.String()
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// confusion lists which label was taken for which.
func (r *result) confusion() string {
	var b strings.Builder
	for _, label := range slices.Sorted(maps.Keys(r.taken)) {
		for _, answer := range slices.Sorted(maps.Keys(r.taken[label])) {
			fmt.Fprintf(&b, "%-22s taken for %-22s %d\n", label, answer, r.taken[label][answer])
		}
	}
	if b.Len() == 0 {
		return "no label was taken for another\n"
	}
	return b.String()
}
