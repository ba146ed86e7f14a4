package builder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/e2bt/e2bt/mirrors"
)

// installed is what the logs of a template's steps said was installed, by the
// step's digest. A step that is cached says nothing in its log, so what it said
// when it was built is kept.
type installed map[string][]mirrors.Installed

func (r *Runner) installedPath(t *Template) string {
	return filepath.Join(r.StateDir, "installed", strings.NewReplacer("/", "_", ":", "_").Replace(t.Name)+".json")
}

// recall reads what is kept; what cannot be read is not there.
func (r *Runner) recall(t *Template) installed {
	out := installed{}
	text, err := os.ReadFile(r.installedPath(t))
	if err != nil || json.Unmarshal(text, &out) != nil || out == nil {
		return installed{}
	}
	return out
}

// keep writes down what the steps of t that ran, or were cached, installed.
func (r *Runner) keep(t *Template) {
	r.seeing.Lock()
	defer r.seeing.Unlock()
	s := r.seen[t.Name]
	if s == nil || r.StateDir == "" {
		return
	}
	kept := installed{}
	for step := range s.begun {
		if list := s.steps[step]; len(list) > 0 {
			kept[step] = list
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		panic(err) // strings alone
	}
	if err := writeFile(r.installedPath(t), text); err != nil {
		r.emit(Event{Type: EventWarning, Template: t.Name, Message: fmt.Sprintf("writing down what was installed: %s", err)})
	}
}

// seeStep notes that a step begins; one that is cached installed what it did
// when it was built.
func (r *Runner) seeStep(t *Template, step Step, cached bool) {
	r.seeing.Lock()
	defer r.seeing.Unlock()
	s := r.seenOf(t)
	if s == nil {
		return
	}
	s.step, s.tail = step.digest(), nil
	s.begun[s.step] = true
	if !cached {
		delete(s.steps, s.step)
		return
	}
	for _, p := range s.steps[s.step] {
		s.note(p)
	}
}

// seenOf is what is seen of t, or nil where there is no good build to compare
// with.
func (r *Runner) seenOf(t *Template) *seen {
	if r.before(t) == nil {
		return nil
	}
	if r.seen == nil {
		r.seen = map[string]*seen{}
	}
	if r.seen[t.Name] == nil {
		r.seen[t.Name] = &seen{index: map[string]int{}, begun: map[string]bool{}, steps: r.recall(t)}
	}
	return r.seen[t.Name]
}
