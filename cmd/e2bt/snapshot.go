package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

const (
	keptFailures = 10   // snapshots
	keptEvents   = 2000 // of one attempt, beside its log
)

// failureRecord is the finding.json of a snapshot: what failed, where, why, and
// what the failed step began with.
type failureRecord struct {
	Template   string           `json:"template"` // its name
	Address    string           `json:"address"`
	TemplateID string           `json:"template_id,omitempty"`
	BuildID    string           `json:"build_id,omitempty"`
	Endpoint   string           `json:"endpoint"`
	Time       time.Time        `json:"time"`
	Paths      []string         `json:"paths"` // of the configuration
	Phase      string           `json:"phase"`
	Index      int              `json:"index"`
	Batch      string           `json:"batch"`
	Range      string           `json:"range"`
	ExitCode   int              `json:"exit_code"`
	Reason     string           `json:"reason"`
	Check      string           `json:"check,omitempty"`
	Before     string           `json:"before,omitempty"` // the template and build that the failed step began with: e2bt sandbox opens it
	Finding    diagnose.Finding `json:"finding"`
}

// failures is the directory of the snapshots of failures.
func (a *app) failures() string { return filepath.Join(a.state(), "failures") }

// snapshot keeps what is known of a failure in a directory of its own.
func (s *session) snapshot(f found) error {
	a := s.app
	base := filepath.Join(a.failures(), fileName(f.failure.Template.Name)+"-"+f.at.UTC().Format("20060102-150405"))
	dir, err := base, os.MkdirAll(a.failures(), 0o755)
	if err == nil {
		err = os.Mkdir(dir, 0o755)
	}
	for n := 2; errors.Is(err, fs.ErrExist); n++ {
		dir = fmt.Sprintf("%s-%d", base, n)
		err = os.Mkdir(dir, 0o755)
	}
	if err != nil {
		return err
	}
	plan, events := new(bytes.Buffer), new(bytes.Buffer)
	t := *f.failure.Template
	if err := (&builder.Plan{Version: 1, Templates: []*builder.Template{&t}}).WriteJSON(plan); err != nil {
		return err
	}
	if b := s.builds[t.Name]; b != nil {
		for _, e := range b.events {
			line, err := e.MarshalJSON()
			if err != nil {
				return err
			}
			events.Write(line)
		}
	}
	return errors.Join(
		a.keepText(dir, "plan.json", plan.Bytes()),
		a.keepText(dir, "events.jsonl", events.Bytes()),
		a.keepJSON(dir, "finding.json", s.failureRecord(f)),
		a.keepJSON(dir, "environment.json", a.surroundings()),
		keepLog(f.log, filepath.Join(dir, "build.log")),
		pruneFailures(a.failures(), keptFailures),
	)
}

func (s *session) failureRecord(f found) failureRecord {
	t := f.failure.Template
	rec := failureRecord{
		Template: t.Name, Address: t.Address, Endpoint: s.endpoint, Time: f.at.UTC(), Paths: s.paths,
		Phase: f.failure.Phase, Index: f.index(), Batch: f.batch(), Range: f.where.String(),
		ExitCode: f.failure.ExitCode, Reason: f.failure.Reason, Finding: f.Finding,
	}
	if f.failure.Check != nil {
		rec.Check = f.failure.Check.Name
	}
	if f.failure.Before != "" {
		rec.Before = t.Name + ":" + f.failure.Before
	}
	if b := s.builds[t.Name]; b != nil {
		rec.TemplateID, rec.BuildID = b.templateID, b.buildID
	}
	return rec
}

// keepText writes a file of a snapshot, without secrets.
func (a *app) keepText(dir, name string, text []byte) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(a.secrets.hide(string(text))), 0o644)
}

func (a *app) keepJSON(dir, name string, v any) error {
	var text bytes.Buffer
	if err := printJSON(&text, v); err != nil {
		return err
	}
	return a.keepText(dir, name, text.Bytes())
}

// keepLog gives a log, which may be large, a second name, or copies it.
func keepLog(log, to string) (err error) {
	if log == "" || os.Link(log, to) == nil {
		return nil
	}
	in, err := os.Open(log)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// surroundings are the platform and the variables that decide how e2bt works.
// A value that may be secret is not told.
func (a *app) surroundings() any {
	values := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case value == "" || !told.MatchString(name):
		case secretive.MatchString(name) || strings.HasPrefix(name, "E2BT_VAR_") || strings.Contains(value, "@"):
			values[name] = hidden
		default:
			values[name] = value
		}
	}
	return struct {
		E2bt        string            `json:"e2bt"`
		OS          string            `json:"os"`
		Arch        string            `json:"arch"`
		Local       bool              `json:"local"`
		Mirror      string            `json:"mirror"`
		Environment map[string]string `json:"environment"`
	}{version(), runtime.GOOS, runtime.GOARCH, a.local, a.mirror, values}
}

// pruneFailures keeps the newest snapshots.
func pruneFailures(dir string, keep int) (err error) {
	all := snapshots(dir)
	for _, old := range all[min(keep, len(all)):] {
		err = errors.Join(err, os.RemoveAll(old))
	}
	return err
}

// snapshots lists the snapshots of dir, newest first.
func snapshots(dir string) []string {
	entries, _ := os.ReadDir(dir) // none is as good as empty
	type kept struct {
		path string
		at   time.Time
	}
	var all []kept
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			all = append(all, kept{filepath.Join(dir, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b kept) int {
		if c := b.at.Compare(a.at); c != 0 {
			return c
		}
		return strings.Compare(b.path, a.path)
	})
	out := make([]string, len(all))
	for i, k := range all {
		out[i] = k.path
	}
	return out
}

// lastFailure reads the newest snapshot, of one of the templates that globs
// name where there are any; nil where there is none.
func (a *app) lastFailure(globs []string) (*failureRecord, error) {
	for _, dir := range snapshots(a.failures()) {
		text, err := os.ReadFile(filepath.Join(dir, "finding.json"))
		if err != nil {
			continue // not whole
		}
		rec := new(failureRecord)
		if err := json.Unmarshal(text, rec); err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, "finding.json"), err)
		}
		if len(globs) == 0 || slices.ContainsFunc(globs, func(glob string) bool { return matches(glob, rec.Template) || matches(glob, rec.Address) }) {
			return rec, nil
		}
	}
	return nil, nil
}

func matches(glob, name string) bool {
	ok, _ := filepath.Match(glob, name)
	return ok || glob == name
}
