package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/e2bt/e2bt/config"
)

// broken is a template of testdata/broken, and what its second line expects:
// "fixed" by build --fix, fixed where it is "asked N" by fix --apply N and by
// nothing else, or explained in "words" that leave the file alone.
type broken struct {
	name, expect string
	text         []byte
}

// outcome is how one of them went.
type outcome struct {
	broken
	got  string
	why  string // where it is not what was expected
	took time.Duration
}

var expectation = regexp.MustCompile(`(?m)^# expect: (fixed|asked \d+|words)$`)

// TestRepair breaks templates as people do and repairs them, on this machine
// with the real package managers.
func TestRepair(t *testing.T) {
	all := brokenTemplates(t)
	if len(all) < 40 {
		t.Errorf("%d broken templates; want 40 at the least", len(all))
	}
	work, done := make(chan broken), make(chan outcome)
	var group sync.WaitGroup
	for range 3 {
		home := e2eHome(t)
		lists := e2bt(t, t.TempDir(), home, "build", "--local", "--no-lock", brokenFile(t, "files/lists.hcl"))
		if out, err := lists.CombinedOutput(); err != nil {
			t.Fatalf("building what the others are based on: %v\n%s", err, out)
		}
		group.Go(func() {
			for b := range work {
				done <- repairOne(t, home, b)
			}
		})
	}
	go func() {
		for _, b := range all {
			work <- b
		}
		close(work)
		group.Wait()
		close(done)
	}()
	var outcomes []outcome
	for o := range done {
		outcomes = append(outcomes, o)
	}
	judgeRepairs(t, outcomes)
}

func brokenFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "broken", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func brokenTemplates(t *testing.T) (all []broken) {
	t.Helper()
	files, err := filepath.Glob(brokenFile(t, "*.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := expectation.FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s does not say what is expected", file)
		}
		all = append(all, broken{strings.TrimSuffix(filepath.Base(file), ".hcl"), string(m[1]), text})
	}
	return all
}

// TestBrokenTemplates wants every broken template to be one that e2bt takes:
// what is wrong with it shows when it is built.
func TestBrokenTemplates(t *testing.T) {
	for _, b := range brokenTemplates(t) {
		if cfg, diags := config.Load(nil, config.Options{Dir: b.write(t), Version: "dev"}); diags.HasErrors() || len(cfg.Templates) == 0 {
			t.Errorf("%s: %d templates, %v", b.name, len(cfg.Templates), diags)
		}
	}
}

// write makes a directory of a user's own that holds the template and the files
// that it copies.
func (b broken) write(t *testing.T) string {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(brokenFile(t, "files"))); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "lists.hcl")); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "e2bt.hcl"), b.text, 0o644); err != nil {
		t.Error(err)
	}
	return dir
}

// repairOne repairs a template, again where a registry had a bad minute.
func repairOne(t *testing.T, home string, b broken) outcome {
	start := time.Now()
	for try := 1; ; try++ {
		o, trouble := tryRepair(t, home, b)
		if o.why == "" || trouble == "" || try == tries {
			o.took = time.Since(start)
			return o
		}
		t.Logf("%s: once more after: %s", b.name, trouble)
	}
}

func tryRepair(t *testing.T, home string, b broken) (o outcome, trouble string) {
	dir := b.write(t)
	build := func(args ...string) (code int, stderr string) {
		cmd := e2bt(t, dir, home, append([]string{"build", "--local", "--no-lock", "--json"}, args...)...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Errorf("starting e2bt: %v", err)
			return -1, ""
		}
		trouble = cmp.Or(trouble, hiccup(parseEvents(t, out.String())))
		return cmd.ProcessState.ExitCode(), errs.String()
	}
	text := func() []byte {
		now, err := os.ReadFile(filepath.Join(dir, "e2bt.hcl"))
		if err != nil {
			t.Error(err)
		}
		return now
	}
	o.broken, o.got = b, "fixed"
	code, said := build("--fix")
	if code != 0 {
		o.got = "words"
		if !bytes.Equal(text(), b.text) {
			o.why = "the file was edited though the build failed"
		}
	}
	if number, asked := strings.CutPrefix(b.expect, "asked "); asked && code != 0 {
		if out, err := e2bt(t, dir, home, "fix", "--apply", number).CombinedOutput(); err != nil {
			o.why = fmt.Sprintf("fix --apply %s: %s", number, out)
		} else if code, said = build(); code == 0 {
			o.got = b.expect
		}
	}
	if o.got != b.expect && o.why == "" {
		o.why = tailOf(said)
	}
	if o.got != "words" && o.why == "" {
		o.why = lost(dir, b, text(), t)
	}
	return o, trouble
}

func tailOf(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[max(len(lines)-60, 0):], "\n")
}

// lost says what a repaired template lacks that the author asked for.
func lost(dir string, b broken, text []byte, t *testing.T) string {
	if bytes.Equal(text, b.text) {
		return "the build passes, but nothing was edited"
	}
	before, diags := config.Load(nil, config.Options{Dir: b.write(t), Version: "dev"})
	after, more := config.Load(nil, config.Options{Dir: dir, Version: "dev"})
	if len(append(diags, more...)) > 0 || len(after.Templates) != len(before.Templates) {
		return fmt.Sprintf("the templates cannot be compared: %v", append(diags, more...))
	}
	renamed := strings.HasPrefix(b.expect, "asked")
	for i := range before.Templates {
		was, is := wanted(before.Templates[i], renamed), wanted(after.Templates[i], renamed)
		for _, want := range was {
			at := slices.Index(is, want)
			if at < 0 {
				return fmt.Sprintf("%q is gone; there is %q", want, is)
			}
			is = slices.Delete(is, at, at+1)
		}
	}
	return ""
}

var versions = regexp.MustCompile(`(==?|@)[0-9][\w.+~:-]*`)

// wanted lists what an author asked for: packages, where they have a version
// that they have one, commands, files, what is started and checked. Where a
// package is renamed its name does not count.
func wanted(t *config.Template, renamed bool) (all []string) {
	for _, s := range t.Steps {
		switch {
		case s.Copy != nil:
			all = append(all, "copy "+s.Copy.From+" to "+s.Copy.To)
		case s.Batch != nil:
			for _, in := range s.Batch.Installs {
				for _, p := range in.Packages {
					if renamed {
						all = append(all, "package")
						continue
					}
					all = append(all, in.Manager+" "+p.Name+" versioned:"+fmt.Sprint(p.Version != ""))
				}
			}
			for _, line := range s.Batch.Run {
				all = append(all, "run "+versions.ReplaceAllString(line.Text, "$1"))
			}
		}
	}
	if t.Start != nil {
		all = append(all, "start "+t.Start.Command)
	}
	for _, c := range t.Checks {
		all = append(all, "check "+c.Command)
	}
	return all
}

// judgeRepairs prints the score and wants four of five of what an edit can cure
// to be cured, and nothing else to be touched.
func judgeRepairs(t *testing.T, outcomes []outcome) {
	slices.SortFunc(outcomes, func(a, b outcome) int { return strings.Compare(a.name, b.name) })
	curable, cured := 0, 0
	var table strings.Builder
	for _, o := range outcomes {
		verdict := "ok"
		if o.why != "" {
			verdict = "FAILED"
		}
		fmt.Fprintf(&table, "%-24s %-8s %-8s %6.1fs %s\n", o.name, o.expect, o.got, o.took.Seconds(), verdict)
		if o.expect != "words" {
			curable++
			if o.why == "" {
				cured++
			}
		}
		switch {
		case o.why == "":
		case o.expect == "words" || strings.Contains(o.why, " is gone;") || o.got == "fixed":
			t.Errorf("%s: %s", o.name, o.why)
		default:
			t.Logf("%s: %s", o.name, o.why)
		}
	}
	t.Logf("broken templates repaired:\n%s%d of %d that an edit can cure (%.0f %%), of %d in all", table.String(), cured, curable, 100*float64(cured)/float64(curable), len(outcomes))
	if cured*5 < curable*4 {
		t.Errorf("%d of %d were cured; want 80 %%", cured, curable)
	}
}
