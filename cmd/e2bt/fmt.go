package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

func newFmt(a *app) *cobra.Command {
	var check, diff bool
	cmd := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Write files in the canonical style",
		Long: `Write files in the canonical style, comments kept, and print the names of those
that changed. PATH is a file, a directory, or - for stdin to stdout. With --check
nothing is written, and the exit code is 3 where something is not formatted.`,
		Example: `  e2bt fmt
  e2bt fmt --check --diff examples/node-service.hcl
  e2bt fmt - < draft.hcl`,
		RunE: func(_ *cobra.Command, args []string) error {
			f := formatter{app: a, check: check, diff: diff}
			return f.run(args)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit 3 where something is not formatted")
	cmd.Flags().BoolVar(&diff, "diff", false, "print what would change")
	return cmd
}

type formatter struct {
	*app
	check, diff bool
	changed     bool
	failed      bool
}

func (f *formatter) run(args []string) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		if err := f.path(arg); err != nil {
			return err
		}
	}
	if f.failed || f.check && f.changed {
		return exitWith(exitConfig, nil)
	}
	return nil
}

func (f *formatter) path(arg string) error {
	if arg == "-" {
		return f.stdinToStdout()
	}
	for _, name := range f.files(arg) {
		if err := f.file(name); err != nil {
			return err
		}
	}
	return nil
}

// files lists the HCL files of a directory, or the file itself; names are as
// the user would type them.
func (f *formatter) files(arg string) []string {
	if info, err := os.Stat(f.resolve(arg)); err != nil || !info.IsDir() {
		return []string{arg} // reading it will say what is wrong
	}
	names, diags := config.Files(arg, f.dir)
	f.report(nil, diags)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, ".json") })
}

// report prints what is wrong with a file, and lets the others be formatted.
func (f *formatter) report(files map[string]*hcl.File, diags hcl.Diagnostics) {
	f.failed = f.failed || diags.HasErrors()
	config.WriteDiagnostics(f.stderr, files, diags, f.render())
}

func (a *app) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.dir, path)
}

func (f *formatter) stdinToStdout() error {
	src, err := io.ReadAll(f.stdin)
	if err != nil {
		return fmt.Errorf("reading stdin: %w", err)
	}
	out, ok := f.format("<stdin>", src)
	if !ok {
		return nil
	}
	f.changed = f.changed || !bytes.Equal(src, out)
	if f.check {
		return nil
	}
	_, err = f.stdout.Write(out)
	return err
}

func (f *formatter) file(name string) error {
	path := f.resolve(name)
	src, err := os.ReadFile(path)
	if err != nil {
		return exitWith(exitConfig, fmt.Errorf("formatting %s: %w", name, cause(err)))
	}
	out, ok := f.format(name, src)
	if !ok || bytes.Equal(src, out) {
		return nil
	}
	f.changed = true
	if !f.check {
		if err := replaceFile(path, out); err != nil {
			return err
		}
	}
	fmt.Fprintln(f.stdout, name)
	if f.diff {
		fmt.Fprint(f.stdout, clean(string(diff.Diff(name, src, name+" (formatted)", out))))
	}
	return nil
}

// format reports syntax errors and goes on with the other files.
func (f *formatter) format(name string, src []byte) ([]byte, bool) {
	out, diags := config.Format(src, name)
	if diags.HasErrors() {
		f.report(map[string]*hcl.File{name: {Bytes: src}}, diags)
		return nil, false
	}
	return out, true
}

// replaceFile writes a file as a whole, keeping its mode and links to it: a
// crash leaves the old text or the new one.
func replaceFile(path string, text []byte) (err error) {
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("writing %s: it is no file that can be replaced; fmt - writes to stdout", path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+strings.TrimPrefix(filepath.Base(path), ".")+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(tmp.Name())))
		}
	}()
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Chmod(info.Mode().Perm()), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
