package diagnose

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"testing"
)

// engine is shared by the tests, as it may be by logs.
var engine = sync.OnceValues(func() (*Engine, error) { return New() })

func newEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	return e
}

// builtinFile reads a built-in rule file with its samples.
func builtinFile(name string) (*ruleFile, error) {
	src, err := builtin.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading rules: %w", err)
	}
	return parseFile(src, name)
}

func TestRulesAreSound(t *testing.T) {
	if err := newEngine(t).Check(); err != nil {
		t.Error(err)
	}
}

// TestSamples runs the samples of every rule file against all rules.
func TestSamples(t *testing.T) {
	e := newEngine(t)
	names, err := fs.Glob(builtin, "rules/*.hcl")
	if err != nil || len(names) == 0 {
		t.Fatalf("no rule files: %v", err)
	}
	for _, name := range names {
		file, err := builtinFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if rules, err := builtinRules(name); err != nil || len(rules.Rules) != len(file.Rules) || len(rules.Facts) != len(file.Facts) || len(rules.Samples) != 0 {
			t.Errorf("%s: without samples it is another file (%v)", name, err)
		}
		if len(file.Rules) > 0 && len(file.Samples) == 0 {
			t.Errorf("%s: rules without a sample", name)
		}
		for _, s := range file.Samples {
			t.Run(path.Base(name)+"/"+s.Name, func(t *testing.T) { s.check(t, e) })
		}
	}
}

// TestOverlaps shows (-v) which rules explain a sample beside the one that wins,
// and wants every category to have a sample.
func TestOverlaps(t *testing.T) {
	e := newEngine(t)
	names, err := fs.Glob(builtin, "rules/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		file, err := builtinFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range file.Samples {
			seen[s.Want["category"]] = true
			if rules := e.explaining(s); len(rules) > 1 {
				t.Logf("%s: %s: %s, before %s", path.Base(name), s.Name, rules[0], strings.Join(rules[1:], ", "))
			}
		}
	}
	for _, c := range categories {
		if !seen[string(c)] {
			t.Errorf("no sample of category %q", c)
		}
	}
}

// explaining names the rules that explain a sample, the chosen one first.
func (e *Engine) explaining(s sample) []string {
	c := s.context()
	scanner := e.Scanner(c)
	_, _ = scanner.Write([]byte(s.Log))
	scanner.FindingIn(c)
	var names []string
	for _, found := range e.candidates(scanner, c) {
		names = append(names, found.rule.Name)
	}
	return names
}

func (s sample) context() Context {
	return Context{
		ExitCode: s.ExitCode, User: s.User, Reason: s.Reason, Phase: s.Phase, Batch: s.Batch, Template: s.Template,
		Command: s.Command, TimeoutS: s.TimeoutS, SecondsS: s.SecondsS, Language: s.Language, MemoryMB: s.MemoryMB, Versions: s.Versions,
	}
}

func (s sample) check(t *testing.T, e *Engine) {
	got := e.DiagnoseText([]byte(s.Log), s.context())
	fields := map[string]string{
		"category": string(got.Category), "tool": got.Tool, "subject": got.Subject, "version": got.Version,
		"retryable": fmt.Sprint(got.Retryable), "confidence": got.Confidence,
	}
	if _, ok := s.Want["category"]; !ok {
		t.Error("the sample wants no category")
	}
	for key, want := range s.Want {
		if exact, ok := fields[key]; ok {
			if exact != want {
				t.Errorf("%s = %q; want %q (summary: %s)", key, exact, want, got.Summary)
			}
			continue
		}
		if text := textOf(got, key); !strings.Contains(text, want) {
			t.Errorf("%s = %q; want it to hold %q", key, text, want)
		}
	}
	if got.Summary == "" || len(got.Fixes) == 0 {
		t.Errorf("summary %q with %d fixes; want both", got.Summary, len(got.Fixes))
	}
}

// TestChinese wants every rule and every fix to speak Chinese.
func TestChinese(t *testing.T) {
	e := newEngine(t).loaded()
	for _, r := range e.rules {
		if null(r.SummaryZH) || null(r.DetailZH) != null(r.Detail) {
			t.Errorf("rule %q: no summary_zh, or no detail_zh", r.Name)
		}
		for _, f := range r.Fixes {
			if null(f.TitleZH) {
				t.Errorf("rule %q: %s: a fix without title_zh", r.Name, f.Title.Range())
			}
		}
	}
	for name, c := range e.categories {
		for _, f := range c.Fixes {
			if null(f.TitleZH) {
				t.Errorf("category %q: a fix without title_zh", name)
			}
		}
	}
}

// textOf joins what a sample can ask for in parts.
func textOf(f *Finding, key string) string {
	var all []string
	switch key {
	case "summary":
		return f.Summary
	case "detail":
		return f.Detail
	}
	for _, fix := range f.Fixes {
		if key == "fix" {
			all = append(all, fix.Title)
		}
		for _, e := range fix.Edits {
			if key == "edit" {
				all = append(all, fmt.Sprintf("%s=%v", e.Address, e.Set))
			}
		}
	}
	return strings.Join(all, "\n")
}
