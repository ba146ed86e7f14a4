package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// Record is what attach needs of a build; it is on disk before the build is
// triggered.
type Record struct {
	Template   string    `json:"template"` // its name
	Address    string    `json:"address"`
	TemplateID string    `json:"template_id"`
	BuildID    string    `json:"build_id"`
	RunTag     string    `json:"run_tag"`
	Tags       []string  `json:"tags"` // what a promoted build gets
	Endpoint   string    `json:"endpoint"`
	Paths      []string  `json:"paths,omitempty"`  // of the configuration
	Mirror     string    `json:"mirror,omitempty"` // the profile that it is built through
	Started    time.Time `json:"started"`
	Status     Status    `json:"status,omitempty"` // empty while it may be attached to
}

func (r *Runner) record(t *Template, reg e2b.Registration) *Record {
	return &Record{
		Template: t.Name, Address: t.Address, TemplateID: reg.TemplateID, BuildID: reg.BuildID, RunTag: r.runTag,
		Tags: t.promotedTags(), Endpoint: r.Endpoint, Paths: r.Paths, Mirror: t.Mirror, Started: time.Now().UTC(),
	}
}

// write replaces the record's file as a whole, so that a crash leaves the old
// one or the new one.
func (rec *Record) write(dir string) error {
	if rec.BuildID == "" || rec.BuildID != fileName(rec.BuildID) {
		return fmt.Errorf("the endpoint gave a build the id %q, which is none", rec.BuildID)
	}
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		panic(err) // strings and times alone
	}
	if err := writeFile(filepath.Join(dir, "builds", rec.BuildID+".json"), append(text, '\n')); err != nil {
		return fmt.Errorf("writing the build's record: %w", err)
	}
	return nil
}

// fileName is what of an id from elsewhere may be the name of a file.
func fileName(id string) string { return strings.TrimLeft(filepath.Base(id), ".") }

// Records reads the records of dir, newest first. A file that cannot be read
// as one is passed over.
func Records(dir string) ([]Record, error) {
	files, err := filepath.Glob(filepath.Join(dir, "builds", "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, file := range files {
		text, err := os.ReadFile(file)
		var rec Record
		if err == nil && json.Unmarshal(text, &rec) == nil && rec.BuildID+".json" == filepath.Base(file) {
			all = append(all, rec)
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return b.Started.Compare(a.Started) })
	return all, nil
}

// PruneRecords removes all but the newest records of dir.
func PruneRecords(dir string, keep int) error {
	all, err := Records(dir)
	for _, old := range all[min(keep, len(all)):] {
		err = errors.Join(err, os.Remove(filepath.Join(dir, "builds", old.BuildID+".json")))
	}
	return err
}

// FindRecord returns the newest record that want names: the beginning of a
// build's id, or a template's name. An empty want is the newest of all.
func FindRecord(records []Record, want string) (Record, bool) {
	for _, rec := range records {
		if want == "" || rec.Template == want || rec.Address == want || strings.HasPrefix(rec.BuildID, want) {
			return rec, true
		}
	}
	return Record{}, false
}

// Has reports whether a promoted build gets that tag.
func (rec Record) Has(tag string) bool { return slices.Contains(rec.Tags, tag) }

// Attach follows a build that an earlier run started and did not finish. With
// promote it goes on as that run would have: checks, then promotion.
func (r *Runner) Attach(ctx context.Context, t *Template, rec Record, promote bool) Result {
	r.runTag = rec.RunTag
	start := time.Now()
	res := Result{Template: t, Status: StatusError, TemplateID: rec.TemplateID, BuildID: rec.BuildID, started: start, took: map[int]float64{}}
	r.emit(Event{Type: EventBuildStart, Template: t.Name, TemplateID: rec.TemplateID, BuildID: rec.BuildID, Total: len(t.Steps)})
	if promote {
		res = r.finish(ctx, t, res)
	} else {
		res.Open = true
		res = r.follow(ctx, t, res)
	}
	if res.Failure != nil {
		r.emit(Event{Type: EventFailure, Template: t.Name, Failure: res.Failure})
	}
	res = r.settle(&rec, res)
	res.Elapsed = time.Since(start)
	r.emit(Event{Type: EventBuildEnd, Template: t.Name, TemplateID: res.TemplateID, BuildID: res.BuildID, Status: res.Status, Seconds: secs(res.Elapsed), Message: errorText(res.Err)})
	return res
}
