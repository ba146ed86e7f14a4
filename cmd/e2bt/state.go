package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/e2bt/e2bt/builder"
)

// keptBuilds is how many builds' logs and records are kept beside the
// configuration. What a run adds is tidied by the next one.
const keptBuilds = 100

// state is the directory of what e2bt keeps beside the configuration.
func (a *app) state() string { return filepath.Join(a.dir, ".e2bt") }

// openState makes sure, before anything is asked of an endpoint, that the ids
// of builds can be written down, and drops what is old.
func (a *app) openState() error {
	err := os.MkdirAll(filepath.Join(a.state(), "builds"), 0o755)
	if err == nil {
		err = a.ignoreState()
	}
	if err == nil {
		err = errors.Join(builder.PruneRecords(a.state(), keptBuilds), pruneLogs(a.logs(), keptBuilds))
	}
	if err != nil {
		return fmt.Errorf("cannot write to %s, where the ids and logs of builds are kept: %w", a.state(), cause(err))
	}
	return nil
}

// ignoreState keeps the directory out of version control. It is written each
// time, so that a directory or disk that takes nothing more is noticed.
func (a *app) ignoreState() error {
	file, err := os.CreateTemp(a.state(), ".gitignore-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString("*\n")
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(a.state(), ".gitignore"))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// logs is the directory of the logs of builds.
func (a *app) logs() string { return filepath.Join(a.state(), "logs") }

// pruneLogs keeps the newest logs.
func pruneLogs(dir string, keep int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // there are none, or opening one will say what is wrong
	}
	var logs []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && filepath.Ext(e.Name()) == ".log" {
			logs = append(logs, info)
		}
	}
	slices.SortFunc(logs, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, old := range logs[min(keep, len(logs)):] {
		err = errors.Join(err, os.Remove(filepath.Join(dir, old.Name())))
	}
	return err
}
