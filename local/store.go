package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// store keeps templates and builds, each in a file of its own that is replaced
// as a whole. Everything in it is guarded by mu.
type store struct {
	dir string
	log *slog.Logger

	mu        sync.Mutex
	closed    bool // nothing is written any more: the directory may be another process's
	templates map[string]*template
	builds    map[string]*build
}

// template is a name with its builds. A deleted one keeps its id for ever.
type template struct {
	ID          string       `json:"id"`
	Alias       string       `json:"alias"`
	Public      bool         `json:"public"`
	Created     time.Time    `json:"created"`
	Updated     time.Time    `json:"updated"`
	LastSpawned *time.Time   `json:"last_spawned,omitempty"`
	Spawned     int64        `json:"spawned"`
	Deleted     bool         `json:"deleted"`
	Builds      []string     `json:"builds"`             // oldest first
	Tags        []assignment `json:"tags"`               // oldest first; the newest of a tag whose build is ready counts
	Snapshot    string       `json:"snapshot,omitempty"` // the sandbox that it is a snapshot of; "" : it is a template
	Pruned      []string     `json:"pruned,omitempty"`   // builds that were deleted and are still on the disk
}

type assignment struct {
	Tag     string    `json:"tag"`
	Build   string    `json:"build"`
	Created time.Time `json:"created"`
}

// build is one build and, once it is ready, what it made.
type build struct {
	ID       string         `json:"id"`
	Template string         `json:"template"`
	State    e2b.BuildState `json:"state"`
	Tags     []string       `json:"tags"` // it was registered with
	CPUCount int            `json:"cpu_count"`
	MemoryMB int            `json:"memory_mb"`
	Created  time.Time      `json:"created"`
	Updated  time.Time      `json:"updated"`
	Finished *time.Time     `json:"finished,omitempty"`
	Reason   *e2b.Reason    `json:"reason,omitempty"`
	Result   *result        `json:"result,omitempty"`
	Files    []string       `json:"files,omitempty"` // hashes of the archives that its steps copy

	log    *buildLog
	cancel func(cause error) // while it builds
}

// result is what a ready build is: directories to stack and how to start.
type result struct {
	Image    string      `json:"image"`  // the base image's digest
	Layers   []string    `json:"layers"` // names in the layer store, lowest first
	Context  stepContext `json:"context"`
	StartCmd string      `json:"start_cmd,omitempty"`
	ReadyCmd string      `json:"ready_cmd,omitempty"`
}

// interrupted is why a build ended that a server left unfinished.
const interrupted = "the build was interrupted: the server that ran it ended"

// waitingLife is how long a build may wait to be triggered, as on E2B.
const waitingLife = 40 * time.Minute

func openStore(dir string, log *slog.Logger) (*store, error) {
	s := &store{dir: dir, log: log, templates: map[string]*template{}, builds: map[string]*build{}}
	err := s.each("templates", func(name string) error {
		id, ok := strings.CutSuffix(name, ".json")
		if !ok {
			return nil
		}
		t, err := load(s, filepath.Join(dir, "templates", name), func(t *template) bool { return t.ID == id && aliasForm.MatchString(t.Alias) })
		if t != nil {
			s.templates[id] = t
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.each("builds", func(id string) error {
		if strings.HasPrefix(id, trashName) {
			return nil
		}
		b, err := load(s, filepath.Join(dir, "builds", id, "build.json"), func(b *build) bool { return b.ID == id && b.sound() })
		if b != nil {
			s.builds[id] = b
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.recover()
	return s, nil
}

// each calls do for what is in a directory of the store, which is made.
func (s *store) each(kind string, do func(name string) error) error {
	if err := os.MkdirAll(filepath.Join(s.dir, kind), 0o700); err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, kind))
	if err != nil {
		return fmt.Errorf("reading the store: %w", err)
	}
	for _, e := range entries {
		if err := do(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// load reads a file of the store. One that is damaged, as by a loss of power,
// is put aside and told of: without it everything else still works.
func load[T any](s *store, path string, sound func(*T) bool) (*T, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	v := new(T)
	if json.Unmarshal(text, v) == nil && sound(v) {
		return v, nil
	}
	s.log.Warn("a file of the store is damaged and was left out", "file", path, "kept as", path+".damaged", "error", os.Rename(path, path+".damaged"))
	return nil, nil
}

// sound reports whether a build is one that a store has written.
func (b *build) sound() bool {
	switch b.State {
	case e2b.StateReady:
		return b.Result != nil
	case e2b.StateWaiting, e2b.StateBuilding, e2b.StateError:
		return true
	}
	return false
}

// recover ends the builds that an earlier process left unfinished. That counts
// even where it cannot be written down: the next start finds it out as well.
func (s *store) recover() {
	for _, b := range s.builds {
		if b.State.Done() {
			continue
		}
		if err := s.fail(b, interrupted); err != nil {
			s.log.Error("keeping a build", "build", b.ID, "error", err)
			b.State, b.Reason, b.Finished = e2b.StateError, &e2b.Reason{Message: interrupted}, now()
		}
	}
}

func now() *time.Time {
	t := time.Now().UTC()
	return &t
}

// change edits a template and keeps it. Where that fails, nothing has changed.
func (s *store) change(t *template, edit func(*template)) error {
	next := *t
	next.Builds, next.Tags = slices.Clone(t.Builds), slices.Clone(t.Tags)
	edit(&next)
	next.Updated = *now()
	if s.closed {
		return errClosing
	}
	if err := writeJSON(filepath.Join(s.dir, "templates", t.ID+".json"), next); err != nil {
		return err
	}
	*t = next
	return nil
}

// changeBuild edits a build and keeps it. Where that fails, nothing has changed.
func (s *store) changeBuild(b *build, edit func(*build)) error {
	next := *b
	edit(&next)
	next.Updated = *now()
	if s.closed {
		return errClosing
	}
	if err := os.MkdirAll(s.buildDir(b), 0o700); err != nil {
		return fmt.Errorf("making a build's directory: %w", err)
	}
	if err := writeJSON(filepath.Join(s.buildDir(b), "build.json"), next); err != nil {
		return err
	}
	*b = next
	return nil
}

// fail ends a build that does not run.
func (s *store) fail(b *build, why string) error {
	return s.changeBuild(b, func(b *build) {
		b.State, b.Reason, b.Finished = e2b.StateError, &e2b.Reason{Message: why}, now()
	})
}

// expire ends a build that nobody has triggered in time.
func (s *store) expire(b *build) error {
	if b.State != e2b.StateWaiting || time.Since(b.Created) < waitingLife {
		return nil
	}
	return s.fail(b, "build is in waiting state for too long")
}

func (s *store) buildDir(b *build) string { return filepath.Join(s.dir, "builds", b.ID) }

// logOf is the log of b, which is read when somebody asks for it.
func (s *store) logOf(b *build) *buildLog {
	if b.log == nil {
		b.log = &buildLog{path: filepath.Join(s.buildDir(b), "log.jsonl")}
	}
	return b.log
}

// writeJSON replaces a file as a whole.
func writeJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing the store: %w", err)
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		_ = os.Remove(tmp) // the next write replaces it as well
		return fmt.Errorf("writing the store: %w", err)
	}
	return os.Rename(tmp, path)
}

// byAlias finds the template of a name that is in use.
func (s *store) byAlias(alias string) *template {
	for _, t := range s.templates {
		if !t.Deleted && t.Alias == alias {
			return t
		}
	}
	return nil
}

// find resolves an alias or a template's id.
func (s *store) find(team string, n name) *template {
	if n.namespace != "" && n.namespace != team {
		return nil
	}
	if t := s.byAlias(n.alias); t != nil {
		return t
	}
	if t := s.templates[n.alias]; n.namespace == "" && t != nil && !t.Deleted {
		return t
	}
	return nil
}

// current returns the newest ready assignment of every tag.
func (s *store) current(t *template) []assignment {
	newest := map[string]assignment{}
	for _, a := range t.Tags {
		if b := s.builds[a.Build]; b != nil && b.State == e2b.StateReady {
			newest[a.Tag] = a
		}
	}
	tags := slices.Collect(maps.Values(newest))
	slices.SortFunc(tags, func(a, b assignment) int { return strings.Compare(a.Tag, b.Tag) })
	return tags
}

// ready finds the ready build that a tag, or a build's id, stands for.
func (s *store) ready(t *template, tag string) *build {
	if tag == "" {
		tag = "default"
	}
	if b := s.builds[tag]; b != nil && b.Template == t.ID && b.State == e2b.StateReady {
		return b
	}
	for _, a := range s.current(t) {
		if a.Tag == tag {
			return s.builds[a.Build]
		}
	}
	return nil
}

// resolve finds the ready build of a name, with the errors of E2B.
func (s *store) resolve(team, text string) (*template, *build, error) {
	n, err := parseName(text)
	if err != nil {
		return nil, nil, err
	}
	t := s.find(team, n)
	if t == nil {
		return nil, nil, refuse(404, "template '%s' not found", strings.SplitN(text, ":", 2)[0])
	}
	b := s.ready(t, n.tag)
	if b == nil {
		tag := n.tag
		if tag == "" {
			tag = "default"
		}
		return nil, nil, refuse(404, "tag '%s' does not exist for template '%s'", tag, n.alias)
	}
	return t, b, nil
}
