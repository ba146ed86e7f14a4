package main

import (
	"os"
	"path"
	"path/filepath"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

// bringFile adds a fix where a command misses a file that lies beside the
// configuration: what an ignore file keeps back is taken in, and what no block
// copies gets one.
func (f *found) bringFile() {
	name, step := f.Subject, f.failure.Step
	if f.Category != diagnose.MissingFile || step == nil || step.Config.Batch == nil || !filepath.IsLocal(filepath.FromSlash(name)) || path.Base(name) == ".env" {
		return
	}
	t := f.failure.Template
	if info, err := os.Stat(filepath.Join(t.Config.Dir, filepath.FromSlash(name))); err != nil || !info.Mode().IsRegular() {
		return
	}
	fix := diagnose.Fix{
		Title: "Copy " + name + ", which lies beside the configuration, before this batch.", Safe: true,
		Edits: []diagnose.Edit{{
			Address: t.Address + ".batch." + step.Batch + ".before.copy",
			Set:     map[string]any{"from": name, "to": path.Join(workdir(t, step), name)},
		}},
	}
	for _, s := range t.Steps[:step.Index-1] {
		if s.Config.Copy == nil || !holdsPath(s.Config.Copy.From, name) {
			continue
		}
		if _, there := s.Tree.Named(path.Base(name)); there {
			return // it is there, but elsewhere
		}
		fix.Title = "Take " + name + " in, which .dockerignore leaves out."
		fix.Edits = []diagnose.Edit{{Address: t.Address + `.copy["` + s.Config.Copy.From + `"].ignore[+]`, Set: "!" + name}}
	}
	f.Fixes = append([]diagnose.Fix{fix}, f.Fixes...)
}

// holdsPath reports whether a copy's from is a directory that holds a path.
func holdsPath(from, name string) bool {
	rel, err := filepath.Rel(filepath.FromSlash(from), filepath.FromSlash(name))
	return err == nil && filepath.IsLocal(rel)
}

// workdir is where a batch's commands begin.
func workdir(t *builder.Template, step *builder.Step) string {
	if dir := step.Config.Batch.Workdir; dir != "" {
		return dir
	}
	dir, user := "", builder.DefaultUser
	for _, s := range t.Steps[:step.Index-1] {
		switch s.Type {
		case "WORKDIR":
			dir = path.Join(dir, s.Args[0])
			if path.IsAbs(s.Args[0]) {
				dir = s.Args[0]
			}
		case "USER":
			user = s.Args[0]
		}
	}
	if len(step.Args) > 1 {
		user = step.Args[1]
	}
	switch {
	case dir != "":
		return dir
	case user == "root":
		return "/root"
	}
	return "/home/" + user
}
