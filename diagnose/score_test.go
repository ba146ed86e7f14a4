package diagnose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// labelled is a real log and what a person found in it.
type labelled struct {
	ID          string     `json:"id"`
	Label       Category   `json:"label"`
	Alt         []Category `json:"alt"`
	ExitCode    int        `json:"exit_code"`
	Log         string     `json:"log"`
	Package     string     `json:"package"`
	Version     string     `json:"version"`
	Undecidable bool       `json:"undecidable"`
}

// readLogs reads the labelled logs of a directory: of E2BT_FAILURES, else of
// the one beside the repository.
func readLogs(t *testing.T) []labelled {
	t.Helper()
	dir := cmp.Or(os.Getenv("E2BT_FAILURES"), filepath.Join("..", "..", "shared", "failures"))
	names, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	if len(names) == 0 {
		t.Skipf("no labelled logs in %s", dir)
	}
	var all []labelled
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var l labelled
		if err := json.Unmarshal(data, &l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !l.Undecidable {
			all = append(all, l)
		}
	}
	return all
}

// score counts the answers for one label.
type score struct{ right, unknown, wrong, high, subjects, named int }

// TestScore measures the rules on real logs and prints a table; it fails where
// fewer are right, or more are wrong, than the rules once reached.
func TestScore(t *testing.T) {
	logs := readLogs(t)
	e := newEngine(t)
	scores := map[Category]*score{}
	total := &score{}
	for _, l := range logs {
		if scores[l.Label] == nil {
			scores[l.Label] = &score{}
		}
		got := e.DiagnoseText([]byte(l.Log), Context{ExitCode: l.ExitCode})
		for _, s := range []*score{scores[l.Label], total} {
			s.count(l, got)
		}
		if got.Category != l.Label && !slices.Contains(l.Alt, got.Category) {
			t.Logf("%s: %s (%s); want %s: %s", l.ID, got.Category, got.Confidence, l.Label, got.Summary)
		} else if l.Package != "" && !sameSubject(got.Subject, l.Package) {
			t.Logf("%s: %s: subject %q; want %q", l.ID, l.Label, got.Subject, l.Package)
		}
	}
	t.Log("\n" + table(scores, total))
	if n := len(logs); total.right*100 < n*95 || total.wrong*100 > n*3 {
		t.Errorf("%d of %d right, %d wrong; want 95 %% right and at most 3 %% wrong", total.right, n, total.wrong)
	}
}

func (s *score) count(l labelled, f *Finding) {
	switch {
	case f.Category == l.Label || slices.Contains(l.Alt, f.Category):
		s.right++
	case f.Category == Unknown:
		s.unknown++
	default:
		s.wrong++
		if f.Confidence == "high" {
			s.high++
		}
	}
	if l.Package != "" {
		s.named++
		if sameSubject(f.Subject, l.Package) {
			s.subjects++
		}
	}
}

func sameSubject(got, want string) bool {
	normal := strings.NewReplacer("_", "-", ".", "-")
	return strings.EqualFold(normal.Replace(got), normal.Replace(want))
}

func table(scores map[Category]*score, total *score) string {
	var b strings.Builder
	row := func(name Category, s *score) {
		n := s.right + s.unknown + s.wrong
		fmt.Fprintf(&b, "%-22s %5d %7d %8d %6d %6d %9d/%d\n", name, n, s.right, s.unknown, s.wrong, s.high, s.subjects, s.named)
	}
	fmt.Fprintf(&b, "%-22s %5s %7s %8s %6s %6s %11s\n", "label", "logs", "right", "unknown", "wrong", "high", "subject")
	for _, c := range categories {
		if s := scores[c]; s != nil {
			row(c, s)
		}
	}
	row("all", total)
	return b.String()
}
