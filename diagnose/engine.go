package diagnose

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
)

//go:embed rules/*.hcl
var builtin embed.FS

// purpose is what a match of a pattern does.
type purpose uint8

const (
	matches purpose = iota // the rule may be the cause
	silences
	takesBack
	tells      // a fact
	translates // a message in another language
)

// pattern is one regexp of a rule or fact, compiled when it is first needed.
type pattern struct {
	owner   int // index into rules or facts
	purpose purpose
	join    int
	source  string
	compile func() *regexp.Regexp
}

// Engine holds the rules, ready to scan any number of logs, also at once. The
// built-in ones are read when a log is long, or has failed: most builds need
// them never.
type Engine struct {
	extra      []Rule
	once       sync.Once
	err        error
	rules      []Rule
	facts      []fact
	categories map[Category]category
	patterns   []pattern
	except     []func() []*regexp.Regexp // by rule
	catalog    []translation
	literals   *filter
	names      []string // of all facts
}

// New returns an engine with the built-in rules and the extra ones. An extra
// rule that cannot work is an error that names it.
func New(extra ...Rule) (*Engine, error) {
	e := &Engine{extra: extra}
	if len(extra) == 0 {
		return e, nil
	}
	return e, e.load()
}

// load reads the rules, once.
func (e *Engine) load() error {
	e.once.Do(func() { e.err = e.read() })
	return e.err
}

// loaded is the engine with its rules; that the built-in ones cannot be read is
// a mistake in this package, which its tests show.
func (e *Engine) loaded() *Engine {
	if err := e.load(); err != nil {
		panic(err)
	}
	return e
}

func (e *Engine) read() error {
	e.categories = map[Category]category{}
	names, err := fs.Glob(builtin, "rules/*.hcl")
	if err != nil {
		return fmt.Errorf("listing rules: %w", err)
	}
	for _, name := range names {
		file, err := builtinRules(name)
		if err != nil {
			return err
		}
		if err := e.add(file); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
	for _, r := range e.extra {
		if err := r.check(e.known()); err != nil {
			return err
		}
		e.rules = append(e.rules, r)
	}
	return e.prepare()
}

// sampled are the sample blocks of a rule file, which tests alone read.
var sampled = regexp.MustCompile(`(?ms)^sample "[^"\n]*" \{\n.*?^\}\n`)

// builtinRules reads a built-in rule file without its samples.
func builtinRules(name string) (*ruleFile, error) {
	src, err := builtin.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading rules: %w", err)
	}
	return parseFile(sampled.ReplaceAll(src, nil), name)
}

func (e *Engine) add(file *ruleFile) error {
	for _, b := range file.Rules {
		r, err := b.rule()
		if err != nil {
			return err
		}
		e.rules = append(e.rules, r)
	}
	for _, f := range file.Facts {
		e.facts = append(e.facts, f)
		e.names = append(e.names, f.Name)
	}
	for _, c := range file.Categories {
		e.categories[Category(c.Name)] = c
	}
	return nil
}

// known lists the names that every rule may use beside its own captures.
func (e *Engine) known() []string { return slices.Concat(e.names, Variables) }

// Check compiles every rule at once, where New leaves the built-in ones until
// they are needed.
func (e *Engine) Check() error {
	if err := e.load(); err != nil {
		return err
	}
	var errs []error
	for i := range e.rules {
		errs = append(errs, e.rules[i].check(e.known()))
	}
	return errors.Join(errs...)
}

func (e *Engine) prepare() error {
	for i, r := range e.rules {
		e.except = append(e.except, sync.OnceValue(func() []*regexp.Regexp { return compileAll(r.Except) }))
		for _, group := range []struct {
			list    []string
			purpose purpose
			join    int
		}{{r.Match, matches, r.Join}, {r.Unless, silences, r.Join}, {r.Until, takesBack, 0}} {
			for _, source := range group.list {
				e.patterns = append(e.patterns, pattern{owner: i, purpose: group.purpose, join: group.join, source: source})
			}
		}
	}
	for i, f := range e.facts {
		list, err := patternsOf(f.Match)
		if err != nil {
			return fmt.Errorf("fact %q: %w", f.Name, err)
		}
		for _, source := range list {
			e.patterns = append(e.patterns, pattern{owner: i, purpose: tells, source: source})
		}
	}
	e.catalog = translations()
	for i, t := range e.catalog {
		e.patterns = append(e.patterns, pattern{owner: i, purpose: translates, source: t.source})
	}
	return e.index()
}

func compileAll(sources []string) []*regexp.Regexp {
	all := make([]*regexp.Regexp, len(sources))
	for i, s := range sources {
		all[i] = regexp.MustCompile(s)
	}
	return all
}

func (e *Engine) index() error {
	var errs []error
	all := make([][]string, len(e.patterns))
	for i := range e.patterns {
		p := &e.patterns[i]
		source := p.source
		if p.purpose == translates {
			all[i] = []string{e.catalog[p.owner].literal}
			continue
		}
		p.compile = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(source) })
		parsed, err := syntax.Parse(source, syntax.Perl)
		if err != nil {
			errs = append(errs, fmt.Errorf("pattern %q: %w", source, err))
			continue
		}
		if all[i] = literals(parsed); p.join > 0 && usable(leading(parsed)) {
			all[i] = leading(parsed) // which the first of several lines holds
		}
		if !usable(all[i]) {
			errs = append(errs, fmt.Errorf("pattern %q: every line that it matches must hold one of a few texts of %d characters or more, not just %q", source, minLength, all[i]))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	e.literals = newFilter(all)
	return nil
}

// Diagnose reads a whole log and returns its finding, never nil. The error is
// the reader's.
func (e *Engine) Diagnose(log io.Reader, c Context) (*Finding, error) {
	s := e.Scanner(c)
	if _, err := io.Copy(s, log); err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return s.Finding(), nil
}

// DiagnoseText is Diagnose for a log in memory.
func (e *Engine) DiagnoseText(log []byte, c Context) *Finding {
	f, _ := e.Diagnose(bytes.NewReader(log), c) // a bytes.Reader never fails
	return f
}

func null(e hcl.Expression) bool {
	if e == nil {
		return true
	}
	v, diags := e.Value(nil)
	return !diags.HasErrors() && v.IsNull()
}
