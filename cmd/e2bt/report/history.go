package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/rogpeppe/go-internal/lockedfile"
)

const (
	maxHistory  = 4 << 20 // bytes of the file; then the older half goes
	longestLine = 1 << 20 // bytes; a longer one is none of ours
)

// Entry is one line of the history: one template in one run.
type Entry struct {
	Version    int               `json:"version"`
	Time       time.Time         `json:"time"` // when it ended
	Run        string            `json:"run"`
	Command    string            `json:"command"`
	Template   string            `json:"template"`
	Definition string            `json:"definition,omitempty"`
	Endpoint   string            `json:"endpoint,omitempty"`
	Mirror     string            `json:"mirror,omitempty"`
	BuildID    string            `json:"build_id,omitempty"`
	Status     builder.Status    `json:"status"`
	Seconds    float64           `json:"seconds"`
	Category   diagnose.Category `json:"category,omitempty"` // of the failure
	Batches    []BatchEntry      `json:"batches,omitempty"`
	Checks     []CheckEntry      `json:"checks,omitempty"`
	GivenUp    []builder.Switch  `json:"given_up,omitempty"` // sources that failed and were replaced
}

// BatchEntry is a batch that began.
type BatchEntry struct {
	Name     string            `json:"name"`
	Digest   string            `json:"digest,omitempty"` // over all that decides its result
	Seconds  float64           `json:"seconds"`
	Cached   bool              `json:"cached"`
	OK       bool              `json:"ok"`
	Attempts int               `json:"attempts"`           // in which it ran
	Category diagnose.Category `json:"category,omitempty"` // of its last failure, also of one that a retry has cured
	Sources  []Source          `json:"sources,omitempty"`
}

// CheckEntry is a check that was tried.
type CheckEntry struct {
	Name    string  `json:"name"`
	OK      bool    `json:"ok"`
	Skipped bool    `json:"skipped,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Entries are the lines that a run that has ended adds to the history. A
// template that no check block names is no part of a run of checks.
func (r *Run) Entries() []Entry {
	var out []Entry
	for _, t := range r.Templates {
		if t.Status == "" || r.Command == "check" && len(t.Wanted) == 0 {
			continue
		}
		e := Entry{
			Version: 1, Time: t.Ended.UTC(), Run: r.ID, Command: r.Command, Template: t.Name, Definition: t.Definition, Endpoint: r.Endpoint,
			Mirror: t.Mirror, BuildID: t.BuildID, Status: t.Status, Seconds: round(t.Seconds()), Batches: t.batchEntries(),
		}
		for _, p := range slices.Backward(t.Problems) {
			e.Category = p.Finding.Category
		}
		for _, c := range t.Checks {
			e.Checks = append(e.Checks, CheckEntry{c.Name, *c.OK, c.Skipped, *c.Seconds})
		}
		for _, a := range t.Attempts {
			e.GivenUp = append(e.GivenUp, a.Switched...)
		}
		out = append(out, e)
	}
	return out
}

func round(s float64) float64 { return float64(int64(s*1000)) / 1000 }

func (t *Template) batchEntries() []BatchEntry {
	var out []BatchEntry
	for _, p := range t.Planned {
		s, ran := t.step(p.Name)
		if !p.Batch || s == nil {
			continue
		}
		b := BatchEntry{Name: p.Name, Digest: p.Digest, Seconds: s.Seconds, Cached: s.Cached, OK: !s.Failed && !s.Ended.IsZero(), Attempts: ran}
		for _, a := range t.Attempts[t.earlier:] {
			if slices.ContainsFunc(a.Steps, func(s *Step) bool { return s.Batch == p.Name && s.Failed }) {
				b.Category = a.Category
			}
		}
		for _, from := range t.Sources {
			if from.Batch == p.Name {
				b.Sources = append(b.Sources, from)
			}
		}
		out = append(out, b)
	}
	return out
}

// History is the file that remembers runs.
type History struct{ Path string }

// Append adds lines, whole, whatever else is appending. A line that a killed
// process has left torn is closed first. A file that has become too large loses
// its older half.
func (h History) Append(entries []Entry) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	if text.Len() == 0 {
		return nil
	}
	unlock, err := lockedfile.MutexAt(h.Path + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	file, err := os.OpenFile(h.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	size, torn, err := tail(file)
	if err == nil && torn {
		_, err = file.WriteString("\n")
	}
	if err == nil {
		_, err = file.Write(text.Bytes())
	}
	if err = errors.Join(err, file.Close()); err == nil && size+int64(text.Len()) > maxHistory {
		err = h.halve()
	}
	return err
}

// tail tells the size of a file, and whether its last line has no end.
func tail(file *os.File) (size int64, torn bool, err error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return 0, false, err
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return info.Size(), last[0] != '\n', err
}

// halve keeps the newer half of the lines. The lock is held.
func (h History) halve() error {
	text, err := os.ReadFile(h.Path)
	if err != nil {
		return err
	}
	text = text[len(text)-min(len(text), maxHistory/2):]
	_, text, _ = bytes.Cut(text, []byte("\n"))
	if err := os.WriteFile(h.Path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(h.Path+".new", h.Path)
}

// Read returns the lines, oldest first. What is no line of a history, such as
// one that was torn, is passed over; so is a file that is not there.
func (h History) Read() ([]Entry, error) {
	file, err := os.Open(h.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var out []Entry
	in := bufio.NewReaderSize(file, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		var e Entry
		if len(line) <= longestLine && json.Unmarshal(line, &e) == nil && e.Version == 1 && e.Template != "" {
			out = append(out, e)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return out, fmt.Errorf("reading %s: %w", h.Path, err)
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	return out, nil
}

// HistoryPath is the file of a directory that holds what e2bt keeps.
func HistoryPath(state string) string { return filepath.Join(state, "history.jsonl") }
