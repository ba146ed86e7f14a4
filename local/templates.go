package local

import (
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/uuid"
)

// envdVersion is the envd whose protocol the sandboxes speak.
const envdVersion = "0.6.13"

// randomID makes an id of n lower-case letters and digits.
func randomID(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its contract
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

type registration struct {
	Name     string   `json:"name"`
	Alias    string   `json:"alias"`
	Tags     []string `json:"tags"`
	CPUCount *int     `json:"cpuCount"`
	MemoryMB *int     `json:"memoryMB"`
}

// register is POST /v3/templates.
func (s *Server) register(w http.ResponseWriter, r *http.Request) error {
	var req registration
	if err := read(w, r, &req); err != nil {
		return err
	}
	n, tags, err := s.wanted(req)
	if err != nil {
		return err
	}
	cpu, memory, err := resources(req)
	if err != nil {
		return err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, err := s.store.claim(n.alias)
	if err != nil {
		return err
	}
	if err := s.limit(t, tags); err != nil {
		return err
	}
	b := &build{ID: uuid.NewString(), Template: t.ID, State: e2b.StateWaiting, Tags: tags, CPUCount: cpu, MemoryMB: memory, Created: *now()}
	if err := s.supersede(t, tags, e2b.StateWaiting, "The build was canceled because it was superseded by a newer one."); err != nil {
		return err
	}
	if err := s.store.add(t, b); err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, e2b.Registration{
		TemplateID: t.ID, BuildID: b.ID, Public: t.Public, Names: s.names(t), Tags: tags, Aliases: aliases(t),
	})
}

// wanted reads the name and the tags of a registration.
func (s *Server) wanted(req registration) (name, []string, error) {
	text := req.Name
	if text == "" {
		text = req.Alias
	}
	if text == "" {
		return name{}, nil, refuse(http.StatusBadRequest, "Name is required")
	}
	n, err := parseName(text)
	if err != nil {
		return n, nil, err
	}
	if n.namespace != "" && n.namespace != s.opts.Team {
		return n, nil, refuse(http.StatusBadRequest, "namespace '%s' must match your team '%s'", n.namespace, s.opts.Team)
	}
	given := req.Tags
	if n.tag != "" {
		given = append([]string{n.tag}, given...)
	}
	tags, err := parseTags(given)
	if len(tags) == 0 {
		tags = []string{"default"}
	}
	return n, tags, err
}

func resources(req registration) (cpu, memory int, err error) {
	cpu, memory = 2, 1024
	if req.CPUCount != nil {
		cpu = *req.CPUCount
	}
	if req.MemoryMB != nil {
		memory = *req.MemoryMB
	}
	switch {
	case cpu < 1:
		err = refuse(http.StatusBadRequest, "CPU count must be at least 1")
	case cpu > 32:
		err = refuse(http.StatusBadRequest, "CPU count must be at most 32")
	case cpu != 1 && cpu%2 != 0:
		err = refuse(http.StatusBadRequest, "CPU count must be 1 or an even number")
	case memory < 128:
		err = refuse(http.StatusBadRequest, "Memory must be at least 128 MiB")
	case memory%2 != 0:
		err = refuse(http.StatusBadRequest, "Memory must be divisible by 2")
	}
	return cpu, memory, err
}

// claim finds the template of an alias or makes it; it is kept by add.
func (s *store) claim(alias string) (*template, error) {
	if t := s.byAlias(alias); t != nil {
		return t, nil
	}
	if t := s.templates[alias]; t != nil {
		if t.Deleted {
			return nil, refuse(http.StatusNotFound, "Template '%s' has been deleted and cannot be rebuilt", alias)
		}
		return nil, refuse(http.StatusConflict, "Alias '%s' is already used", alias)
	}
	return &template{ID: randomID(20), Alias: alias, Created: *now()}, nil
}

// limit refuses a build beyond what the team may have at once. Builds that
// this one will supersede do not count, and those of deleted templates neither.
func (s *Server) limit(t *template, tags []string) error {
	count := 0
	for _, b := range s.store.builds {
		if err := s.store.expire(b); err != nil {
			return err
		}
		of := s.store.templates[b.Template]
		if !b.State.Done() && !(b.Template == t.ID && overlap(b.Tags, tags)) && of != nil && !of.Deleted {
			count++
		}
	}
	if count < s.opts.MaxBuilds {
		return nil
	}
	return refuse(http.StatusTooManyRequests, "you have reached the maximum number of concurrent template builds (%d). Please wait for existing builds to complete or contact support if you need more concurrent builds.", s.opts.MaxBuilds)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(tag string) bool { return slices.Contains(b, tag) })
}

var errCancelled = errors.New("build was cancelled")

// supersede ends the builds of t in that state whose tags overlap.
func (s *Server) supersede(t *template, tags []string, state e2b.BuildState, why string) error {
	for _, id := range t.Builds {
		b := s.store.builds[id]
		if b == nil || b.State != state || !overlap(b.Tags, tags) {
			continue
		}
		if b.cancel != nil {
			b.cancel(errCancelled) // it ends itself, with that reason
			continue
		}
		if err := s.store.fail(b, why); err != nil {
			return err
		}
	}
	return nil
}

// add keeps a new build: the build first, so that no template names one that
// is not there.
func (s *store) add(t *template, b *build) error {
	if err := s.changeBuild(b, func(*build) {}); err != nil {
		return err
	}
	err := s.change(t, func(t *template) {
		t.Builds = append(t.Builds, b.ID)
		for _, tag := range b.Tags {
			t.Tags = append(t.Tags, assignment{tag, b.ID, *now()})
		}
	})
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.buildDir(b)))
	}
	s.builds[b.ID], s.templates[t.ID] = b, t
	return nil
}

func (s *Server) names(t *template) []string { return []string{s.opts.Team + "/" + t.Alias} }

func aliases(t *template) []string { return []string{t.Alias} }

// named finds the template of a path's {id}: an id or a name.
func (s *Server) named(text string) (*template, error) {
	n, err := parseName(text)
	if err != nil {
		return nil, err
	}
	t := s.store.find(s.opts.Team, n)
	if t == nil {
		return nil, refuse(http.StatusNotFound, "template '%s' not found", text)
	}
	return t, nil
}

func (s *Server) describe(t *template) e2b.Template {
	out := e2b.Template{
		TemplateID: t.ID, Public: t.Public, Aliases: aliases(t), Names: s.names(t), CreatedAt: t.Created, UpdatedAt: t.Updated,
		LastSpawnedAt: t.LastSpawned, SpawnCount: t.Spawned, BuildCount: int32(len(t.Builds)), EnvdVersion: envdVersion,
	}
	b := s.store.ready(t, "default")
	if b == nil && len(t.Builds) > 0 {
		b = s.store.builds[t.Builds[len(t.Builds)-1]]
	}
	if b != nil {
		out.BuildID, out.CPUCount, out.MemoryMB, out.BuildStatus = b.ID, b.CPUCount, b.MemoryMB, b.State
	}
	return out
}

// alive lists the templates that are not deleted, in any order.
func (s *Server) alive() []e2b.Template {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	list := []e2b.Template{}
	for _, t := range s.store.templates {
		if !t.Deleted && t.Snapshot == "" {
			list = append(list, s.describe(t))
		}
	}
	return list
}

func (s *Server) listTemplates(w http.ResponseWriter, _ *http.Request) error {
	list := s.alive()
	newestFirst(list, func(t e2b.Template) place { return place{t.CreatedAt, t.TemplateID} })
	return reply(w, http.StatusOK, list)
}

func (s *Server) pageTemplates(w http.ResponseWriter, r *http.Request) error {
	page, err := paged(w, r, s.alive(), func(t e2b.Template) place { return place{t.CreatedAt, t.TemplateID} })
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, page)
}

func (s *Server) showTemplate(w http.ResponseWriter, r *http.Request) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, err := s.named(r.PathValue("id"))
	if err != nil {
		return err
	}
	builds := make([]e2b.TemplateBuild, 0, len(t.Builds))
	for _, id := range t.Builds {
		if b := s.store.builds[id]; b != nil {
			builds = append(builds, e2b.TemplateBuild{
				BuildID: b.ID, Status: b.State, CreatedAt: b.Created, UpdatedAt: b.Updated, FinishedAt: b.Finished,
				CPUCount: b.CPUCount, MemoryMB: b.MemoryMB, EnvdVersion: envdVersion,
			})
		}
	}
	if builds, err = paged(w, r, builds, func(b e2b.TemplateBuild) place { return place{b.CreatedAt, b.BuildID} }); err != nil {
		return err
	}
	return reply(w, http.StatusOK, e2b.TemplateWithBuilds{
		TemplateID: t.ID, Public: t.Public, Aliases: aliases(t), Names: s.names(t), CreatedAt: t.Created, UpdatedAt: t.Updated,
		LastSpawnedAt: t.LastSpawned, SpawnCount: t.Spawned, Builds: builds,
	})
}

func (s *Server) patchTemplate(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Public *bool `json:"public"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, err := s.named(r.PathValue("id"))
	if err != nil {
		return err
	}
	err = s.store.change(t, func(t *template) {
		if req.Public != nil {
			t.Public = *req.Public
		}
	})
	switch {
	case err != nil:
		return err
	case !strings.HasPrefix(r.URL.Path, "/v2/"):
		return reply(w, http.StatusOK, nil)
	}
	return reply(w, http.StatusOK, map[string]any{"names": s.names(t)})
}

// deleteTemplate frees the name; the id is dead for ever.
func (s *Server) deleteTemplate(w http.ResponseWriter, r *http.Request) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	id := s.untagged(r.PathValue("id"))
	if n, err := parseName(id); err == nil && n.tag != "" {
		return refuse(http.StatusBadRequest, "The name must not contain a tag")
	}
	t, err := s.named(id)
	if err != nil {
		return err
	}
	if s.boxes.uses(t.ID) {
		return refuse(http.StatusBadRequest, "cannot delete template '%s' because there are running sandboxes using it", t.ID)
	}
	if err := s.store.change(t, func(t *template) { t.Deleted = true }); err != nil {
		return err
	}
	s.garbage.wanted = true
	if leave, err := s.enter(); err == nil {
		leave() // whoever leaves last clears away
	}
	return reply(w, http.StatusNoContent, nil)
}
