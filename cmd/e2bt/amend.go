package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/rogpeppe/go-internal/diff"
)

// amendment is what edits make of a configuration; on disk nothing changes
// until it is written.
type amendment struct {
	app    *app
	paths  []string
	before map[string][]byte // the files that are changed, as they were read
	texts  map[string][]byte // what they become
}

func (a *app) amendment(paths []string) *amendment {
	return &amendment{app: a, paths: paths, before: map[string][]byte{}, texts: map[string][]byte{}}
}

// read reads the configuration with what has been changed so far.
func (m *amendment) read(texts map[string][]byte) (*config.Config, error) {
	m.app.edited = texts
	cfg, diags, err := m.app.read(m.paths)
	switch {
	case err != nil:
		return nil, err
	case diags.HasErrors():
		return nil, errors.New(diags.Error())
	}
	return cfg, nil
}

// make makes the edits of a fix. It reports false where they change nothing;
// where they cannot be made, or would leave a configuration that is wrong, the
// amendment stays as it was.
func (m *amendment) make(fix diagnose.Fix) (bool, error) {
	defer func() { m.app.edited = m.texts }()
	cfg, err := m.read(m.texts)
	if err != nil {
		return false, err
	}
	edits := make([]config.Edit, len(fix.Edits))
	for i, e := range fix.Edits {
		edits[i] = config.Edit(e)
	}
	changed, err := cfg.Apply(edits)
	if err != nil || len(changed) == 0 {
		return false, err
	}
	texts := maps.Clone(m.texts)
	maps.Copy(texts, changed)
	if _, err := m.read(texts); err != nil {
		return false, fmt.Errorf("the configuration would be wrong: %w", err)
	}
	for name := range changed {
		if m.before[name] == nil {
			m.before[name] = cfg.Files[name].Bytes
		}
	}
	m.texts = texts
	return true, nil
}

// diff is what changes, as diff -u tells it.
func (m *amendment) diff() string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m.texts)) {
		out.Write(diff.Diff(name, m.before[name], name+" (fixed)", m.texts[name]))
	}
	return clean(out.String())
}

// write puts the changed texts in the place of the files, unless one is not
// what it was when it was read.
func (m *amendment) write() error {
	names := slices.Sorted(maps.Keys(m.texts))
	for _, name := range names {
		now, err := os.ReadFile(m.app.resolve(name))
		if err != nil {
			return fmt.Errorf("writing %s: %w", name, cause(err))
		}
		if !bytes.Equal(now, m.before[name]) {
			return fmt.Errorf("%s has changed meanwhile, so nothing was written", name)
		}
	}
	for _, name := range names {
		if err := replaceFile(m.app.resolve(name), m.texts[name]); err != nil {
			return err
		}
	}
	return nil
}

// editKey tells whether edits are the same.
func editKey(edits []diagnose.Edit) string {
	text, err := json.Marshal(edits)
	if err != nil {
		panic(err) // they came from JSON values
	}
	return string(text)
}
