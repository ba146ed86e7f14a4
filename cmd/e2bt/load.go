package main

import (
	"errors"
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
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// read reads the configuration that paths name, of templates only those that
// globs name, where there are any.
func (a *app) read(paths []string, globs ...string) (*config.Config, hcl.Diagnostics, error) {
	vars, err := a.variables()
	if err != nil {
		return nil, nil, err
	}
	cfg, diags := config.Load(paths, a.options(vars, globs...))
	a.secrets.add(cfg.Secrets...)
	a.secrets.add(a.getenv("E2B_API_KEY"))
	return cfg, diags, nil
}

func (a *app) options(vars map[string]string, globs ...string) config.Options {
	return config.Options{
		Dir: a.dir, Vars: vars, VarFiles: a.varFiles, Getenv: a.getenv, Environ: os.Environ(), Version: version(),
		Now: time.Now(), Templates: globs, Files: a.edited,
	}
}

// plan reads the configuration, makes the plan of the templates that globs
// name, and prints what is wrong with either.
func (a *app) plan(paths, globs []string) (*config.Config, *builder.Plan, error) {
	cfg, diags, err := a.read(paths, globs...)
	if err != nil {
		return nil, nil, err
	}
	plan, planned := a.planned(cfg, diags, globs)
	if err := a.report(cfg, append(diags, planned...)); err != nil {
		return nil, nil, err
	}
	if len(plan.Templates) == 0 {
		return nil, nil, exitWith(exitConfig, errors.New("the configuration declares no template"))
	}
	return cfg, plan, a.keepImages(plan)
}

// report prints diagnostics; errors among them end the command.
func (a *app) report(cfg *config.Config, diags hcl.Diagnostics) error {
	if len(diags) == 0 {
		return nil
	}
	config.WriteDiagnostics(a.stderr, cfg.Files, diags, a.render())
	a.recordMistakes(diags)
	if diags.HasErrors() {
		return exitWith(exitConfig, nil)
	}
	return nil
}

// render says how diagnostics look on stderr.
func (a *app) render() config.RenderOptions {
	opts := config.RenderOptions{Secrets: a.secrets.list()}
	if file, live := a.terminal(a.stderr); live {
		opts.Color = true
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			opts.Width = uint(min(max(width, 40), 120))
		}
	}
	return opts
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

// scanFiles reads what a copy block sends; of what has not changed since the
// last time only the names. The settings say how its key is made.
func scanFiles(settings config.Settings) builder.Scan {
	sdk := settings.FilesHash == "sdk"
	opts := archive.Options{SDK: sdk}
	if caches, err := os.UserCacheDir(); err == nil {
		opts.Cache = filepath.Join(caches, "e2bt", "files")
	}
	return func(dir string, c *config.Copy) (*archive.Tree, string, error) {
		opts := opts
		opts.Ignore = c.Ignore
		tree, err := archive.Scan(dir, c.From, opts)
		if err != nil {
			return nil, "", err
		}
		key, err := tree.Key()
		if err == nil && sdk {
			key, err = tree.SDKHash(c.From, c.To)
		}
		return tree, key, err
	}
}

// terminal returns w's file if w is a terminal on which more than plain lines
// is wanted.
func (a *app) terminal(w io.Writer) (*os.File, bool) {
	if h, ok := w.(*hidingWriter); ok {
		w = h.w
	}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, false
	}
	plain := a.noColor || a.getenv("NO_COLOR") != "" || a.getenv("CI") != "" || a.getenv("TERM") == "dumb"
	return file, !plain
}

// templateFlag is -t of the commands that have it.
func (a *app) templateFlag(cmd *cobra.Command, globs *[]string, usage string) {
	cmd.Flags().StringArrayVarP(globs, "template", "t", nil, usage+" templates that match `GLOB`, with what they are based on (repeatable)")
	complete(cmd, "template", func(args []string) []string { return a.templateNames(args) })
}
