package local

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

const (
	layerLife  = 7 * 24 * time.Hour // of a layer that no template needs but a next build may find
	uploadLife = time.Hour          // of an archive that no template needs but a build that is to come may
	trashName  = "trash-"
)

// garbage says when something may be thrown away: when nothing is being built
// and no sandbox is being made. The store's lock guards it.
type garbage struct {
	busy   int  // builds and sandboxes in the making
	wanted bool // a template was deleted
}

// leave is the end of what enter began. The last one out clears away what a
// deleted template has left.
func (s *Server) leave() {
	defer s.running.Done()
	s.store.mu.Lock()
	s.garbage.busy--
	var trash []string
	if s.garbage.busy == 0 && s.garbage.wanted && s.ctx.Err() == nil {
		s.garbage.wanted = false
		trash = s.sort()
	}
	s.store.mu.Unlock()
	s.throwAway(trash)
}

// sort puts aside what nothing needs any more: builds of deleted templates, and
// layers and archives that no build of another one has. From then on nobody
// finds them. It is called under the lock, while nothing is being made; what a
// process that is killed has put aside is thrown away at the next start.
func (s *Server) sort() (trash []string) {
	kept := s.needed()
	aside := func(path string) bool {
		to := filepath.Join(filepath.Dir(path), trashName+randomID(20))
		if err := os.Rename(path, to); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				s.log.Warn("clearing away", "error", err)
			}
			return false
		}
		trash = append(trash, to)
		return true
	}
	dead := map[string]bool{} // layers that only deleted templates had
	for id, b := range s.store.builds {
		if !s.deleted(b) || !b.State.Done() {
			continue
		}
		if b.Result != nil {
			for _, name := range b.Result.Layers {
				dead[name] = true
			}
		}
		if aside(s.store.buildDir(b)) {
			delete(s.store.builds, id)
			s.forget(b)
		}
	}
	for _, e := range s.list(s.layers.dir) {
		if name := e.Name(); !kept[name] && (dead[name] || layerAge(e) > layerLife) && !strings.HasPrefix(name, trashName) {
			s.layers.drop(name, aside)
		}
	}
	for _, e := range s.list(s.uploads.dir) {
		info, err := e.Info()
		if hash, ok := strings.CutSuffix(e.Name(), ".tar.gz"); ok && err == nil && !kept[hash] && time.Since(info.ModTime()) > uploadLife {
			aside(filepath.Join(s.uploads.dir, e.Name()))
		}
	}
	for _, dir := range []string{filepath.Join(s.opts.Home, "builds"), s.layers.dir, s.uploads.dir} {
		for _, e := range s.list(dir) {
			if path := filepath.Join(dir, e.Name()); strings.HasPrefix(e.Name(), trashName) && !slices.Contains(trash, path) {
				trash = append(trash, path)
			}
		}
	}
	return trash
}

// needed are the layers and archives of the builds of templates that are there,
// and of sandboxes.
func (s *Server) needed() map[string]bool {
	kept := map[string]bool{}
	keep := func(b *build) {
		for _, hash := range b.Files {
			kept[hash] = true
		}
		if b.Result != nil {
			for _, name := range b.Result.Layers {
				kept[name] = true
			}
		}
	}
	for _, b := range s.store.builds {
		if !s.deleted(b) || b.State == e2b.StateBuilding {
			keep(b)
		}
	}
	for _, x := range s.boxes.list() {
		keep(x.build)
	}
	return kept
}

// deleted reports whether a build was deleted, or its template. One whose file
// is damaged was not: what was built of it is still of use.
func (s *Server) deleted(b *build) bool {
	t := s.store.templates[b.Template]
	return t != nil && (t.Deleted || slices.Contains(t.Pruned, b.ID))
}

// deleteBuild is DELETE /_e2bt/templates/{id}/builds/{build}, which E2B does not
// have: it keeps all builds. One that a tag points to stays.
func (s *Server) deleteBuild(w http.ResponseWriter, r *http.Request) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, err := s.named(r.PathValue("id"))
	if err != nil {
		return err
	}
	id := r.PathValue("build")
	b := s.store.builds[id]
	switch {
	case b == nil || b.Template != t.ID || !slices.Contains(t.Builds, id):
		return refuse(http.StatusNotFound, "build '%s' not found", id)
	case !b.State.Done():
		return refuse(http.StatusConflict, "build '%s' has not ended", id)
	}
	for _, a := range s.store.current(t) {
		if a.Build == id {
			return refuse(http.StatusConflict, "build '%s' has the tag '%s'", id, a.Tag)
		}
	}
	err = s.store.change(t, func(t *template) {
		t.Builds = slices.DeleteFunc(slices.Clone(t.Builds), func(one string) bool { return one == id })
		t.Tags = slices.DeleteFunc(slices.Clone(t.Tags), func(a assignment) bool { return a.Build == id })
		t.Pruned = append(slices.Clone(t.Pruned), id)
	})
	if err != nil {
		return err
	}
	s.garbage.wanted = true
	if leave, err := s.enter(); err == nil {
		leave() // whoever leaves last clears away
	}
	return reply(w, http.StatusNoContent, nil)
}

func (s *Server) list(dir string) []os.DirEntry {
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.log.Warn("clearing away", "error", err)
	}
	return entries
}

// layerAge is how long ago a layer was made or last found by a build.
func layerAge(e os.DirEntry) time.Duration {
	info, err := e.Info()
	if err != nil {
		return 0
	}
	return time.Since(info.ModTime())
}

// drop takes a layer out of the store, where aside can put it aside.
func (l *layers) drop(name string, aside func(path string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !aside(filepath.Join(l.dir, name)) {
		return
	}
	key, count, _ := strings.Cut(name, "-")
	if n, err := strconv.ParseInt(count, 10, 64); err == nil && l.newest[key] == n {
		delete(l.newest, key)
	}
	l.fresh = slices.DeleteFunc(l.fresh, func(one layer) bool { return one.Name == name })
}

// throwAway removes what was put aside.
func (s *Server) throwAway(trash []string) {
	for _, path := range trash {
		if err := s.opts.Engine.RemoveAll(path); err != nil {
			s.log.Warn("clearing away", "error", err)
		}
	}
}

// forget takes a build that is thrown away out of its template's list of those
// that are to be.
func (s *Server) forget(b *build) {
	t := s.store.templates[b.Template]
	if t.Deleted {
		return
	}
	err := s.store.change(t, func(t *template) {
		t.Pruned = slices.DeleteFunc(slices.Clone(t.Pruned), func(id string) bool { return id == b.ID })
	})
	if err != nil {
		s.log.Warn("clearing away", "error", err) // the list names a build that is not there: no harm
	}
}
