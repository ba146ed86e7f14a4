package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"
)

// load reads the configuration that paths name and prints what is wrong with it.
func (a *app) load(paths []string, templates ...string) (*config.Config, error) {
	cfg, diags, err := a.read(paths, templates...)
	if err != nil {
		return nil, err
	}
	if err := a.report(cfg, diags); err != nil {
		return nil, err
	}
	return cfg, nil
}

func (a *app) read(paths []string, templates ...string) (*config.Config, hcl.Diagnostics, error) {
	vars, err := a.variables()
	if err != nil {
		return nil, nil, err
	}
	cfg, diags := config.Load(paths, config.Options{
		Dir: a.dir, Vars: vars, VarFiles: a.varFiles, Getenv: a.getenv, Environ: os.Environ(), Version: version(),
		Now: time.Now(), Templates: templates,
	})
	if cfg == nil {
		cfg = &config.Config{Dir: a.dir}
	}
	a.secrets.add(cfg.Secrets...)
	return cfg, diags, nil
}

// report prints diagnostics; errors among them end the command.
func (a *app) report(cfg *config.Config, diags hcl.Diagnostics) error {
	if len(diags) == 0 {
		return nil
	}
	config.WriteDiagnostics(a.stderr, cfg.Files, diags, a.render(a.stderr))
	if diags.HasErrors() {
		return exitWith(exitConfig, nil)
	}
	return nil
}

func (a *app) render(w io.Writer) config.RenderOptions {
	return config.RenderOptions{Color: a.color(w), Secrets: a.secrets.known}
}

func (a *app) variables() (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range a.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, exitWith(exitConfig, fmt.Errorf("--var %s: want NAME=VALUE", name))
		}
		vars[name] = value
	}
	return vars, nil
}

// plan makes the plan of the configuration and prints what is wrong with it.
func (a *app) plan(cfg *config.Config, globs []string) (*builder.Plan, error) {
	plan, diags := builder.New(cfg, globs, scanFiles)
	return plan, a.report(cfg, diags)
}

// scanFiles reads what a copy block sends.
func scanFiles(dir string, c *config.Copy) (*archive.Tree, string, error) {
	tree, err := archive.Scan(dir, c.From, archive.Options{Ignore: c.Ignore})
	if err != nil {
		return nil, "", err
	}
	key, err := tree.Key()
	return tree, key, err
}

// state is the directory of what e2bt keeps beside the configuration.
func (a *app) state() string { return filepath.Join(a.dir, ".e2bt") }

// terminal returns w's file if w is a terminal on which live output is wanted.
func (a *app) terminal(w io.Writer) (*os.File, bool) {
	if h, ok := w.(*hidingWriter); ok {
		w = h.w
	}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, false
	}
	return file, a.getenv("CI") == "" && a.getenv("TERM") != "dumb"
}

func (a *app) color(w io.Writer) bool {
	_, live := a.terminal(w)
	return live && !a.noColor && a.getenv("NO_COLOR") == ""
}
