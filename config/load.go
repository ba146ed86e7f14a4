package config

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Options say where files are and what variables are set to.
type Options struct {
	Dir       string              // paths are relative to it
	Vars      map[string]string   // from the command line
	VarFiles  []string            // from the command line, weakest first
	Getenv    func(string) string // for env(); nil: nothing is set
	Environ   []string            // NAME=VALUE, for E2BT_VAR_NAME
	Version   string              // of e2bt, for required_version; "dev" fits all
	Now       time.Time           // for timestamp(); zero: there is none
	Templates []string            // globs; others are not read, but for what these are based on. None: all
	Files     map[string][]byte   // texts that stand for those on disk, by name
}

// Load reads what the paths name, files or directories; none means the
// directory itself. It returns all that is wrong with all of it; the Config is
// whole only where nothing is an error, but its Files always serve to render.
func Load(paths []string, opts Options) (*Config, hcl.Diagnostics) {
	l := newLoader(opts)
	l.paths(paths)
	cfg := &Config{Dir: opts.Dir, Files: l.files}
	l.decode(cfg)
	cfg.Secrets = slices.Sorted(maps.Keys(l.secrets))
	return cfg, once(l.diags)
}

// loader is one Load on its way.
type loader struct {
	opts    Options
	files   map[string]*hcl.File
	inputs  []*input
	diags   hcl.Diagnostics
	secrets map[string]bool
	trees   map[string][]*hclsyntax.Body // by file: what is being read of it
	schemas map[string]*hcl.BodySchema   // by kind of block
	work    int                          // steps that the loops of this expression take
	weights map[string]int               // of variables and locals that hold long texts
}

func newLoader(opts Options) *loader {
	return &loader{opts: opts, files: map[string]*hcl.File{}, secrets: map[string]bool{}, trees: map[string][]*hclsyntax.Body{}, schemas: map[string]*hcl.BodySchema{}, weights: map[string]int{}}
}

// paths finds and parses the files.
func (l *loader) paths(paths []string) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		info, err := os.Stat(l.host(p))
		switch {
		case err != nil:
			l.diags = append(l.diags, noFile(p, err))
		case !info.IsDir():
			l.file(p)
		default:
			names, diags := Files(p, l.opts.Dir)
			l.diags = append(l.diags, diags...)
			for _, name := range names {
				l.file(name)
			}
		}
	}
}

func (l *loader) host(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(l.opts.Dir, p)
}

// decode turns the parsed files into cfg.
func (l *loader) decode(cfg *Config) {
	root := l.roots()
	s := newScope(l, root)
	declared := s.declareTemplates()
	s.readVariables(root.of("variable"))
	for _, b := range root.of("e2bt") {
		s.settings(&cfg.Settings, b)
	}
	s.validateVariables()
	s.everyLocal()
	s.declared = s.profiles(root.of("mirror"))
	cfg.Mirrors = s.declared
	cfg.Rules = s.rules(root.of("rule"))
	cfg.Templates = s.readTemplates(declared)
	slices.SortFunc(cfg.Templates, func(a, b *Template) int { return cmp.Compare(a.Address, b.Address) })
	cfg.Variables = s.listVariables()
}

// wrong reports an error. The summary is fixed words; the rest says what, why
// and what to do. A secret among the arguments is not written.
func (l *loader) wrong(at hcl.Range, summary, detail string, args ...any) {
	for i, arg := range args {
		args[i] = l.public(arg)
	}
	l.diags = append(l.diags, problem(at, summary, detail, args...))
}

// public replaces what must not be shown.
func (l *loader) public(arg any) any {
	switch v := arg.(type) {
	case string:
		if l.secrets[v] {
			return hidden
		}
	case error:
		text := v.Error()
		for s := range l.secrets {
			if strings.Contains(text, s) {
				return hidden
			}
		}
	}
	return arg
}

// problem makes an error.
func problem(at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at}
}

// twice says that something is declared a second time.
func twice(what string, first, second hcl.Range) *hcl.Diagnostic {
	return problem(second, "Declared twice", "%s is declared already, at %s. Give one of them another name.", what, first)
}

// again says that something is given a second time that has no name to change.
func again(what string, first, second hcl.Range) *hcl.Diagnostic {
	return problem(second, "Declared twice", "%s is given already, at %s. Leave one of them out.", what, first)
}

// once leaves every message once: the instances of a template repeat the
// mistakes of its block.
func once(diags hcl.Diagnostics) hcl.Diagnostics {
	type what struct {
		at              hcl.Range
		summary, detail string
	}
	seen := map[what]bool{}
	return slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool {
		key := what{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			key.at = *d.Subject
		}
		defer func() { seen[key] = true }()
		return seen[key]
	})
}
