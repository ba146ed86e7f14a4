package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed starter.hcl
var starter []byte

const starterFile = "e2bt.hcl"

// unversioned are what a repository must not have: state, and keys.
var unversioned = []string{".e2bt/", ".env"}

func newInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a first configuration to start from",
		Long: `Write e2bt.hcl, a small template that builds as it is, and keep .e2bt/ and .env
out of the repository. Nothing that is there is overwritten.`,
		Example: `  e2bt init && e2bt plan --offline
  e2bt -C templates init`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.init() },
	}
}

func (a *app) init() error {
	there, err := filepath.Glob(filepath.Join(a.dir, "*e2bt.hcl*"))
	if err != nil {
		return fmt.Errorf("looking for a configuration: %w", err)
	}
	if len(there) > 0 {
		return exitWith(exitConfig, fmt.Errorf("there is a configuration already: %s", clean(there[0])))
	}
	path := filepath.Join(a.dir, starterFile)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	_, err = file.Write(starter)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path) // half of it is worse than none
		return fmt.Errorf("writing %s: %w", path, err)
	}
	added, err := a.ignore(unversioned)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Wrote %s.\n", clean(path))
	if len(added) > 0 {
		fmt.Fprintf(a.stdout, "Added to .gitignore: %s.\n", strings.Join(added, ", "))
	}
	fmt.Fprintln(a.stdout, "Next: e2bt plan --offline, then e2bt build --local, or e2bt build with E2B_API_KEY in .env.")
	return nil
}

// ignore adds what is missing to .gitignore.
func (a *app) ignore(patterns []string) (added []string, err error) {
	path := filepath.Join(a.dir, ".gitignore")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.Trim(strings.TrimSpace(line), "/"))
	}
	more := ""
	for _, p := range patterns {
		if !slices.Contains(lines, strings.Trim(p, "/")) {
			more += p + "\n"
			added = append(added, p)
		}
	}
	if more == "" {
		return nil, nil
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		more = "\n" + more
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = file.WriteString(more)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return added, nil
}
