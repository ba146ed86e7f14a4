package local

import (
	"net/http"
	"slices"

	"github.com/e2bt/e2bt/e2b"
)

// alias is GET /templates/aliases/{alias}.
func (s *Server) alias(w http.ResponseWriter, r *http.Request) error {
	text := r.PathValue("alias")
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	n, err := parseName(text)
	if err != nil {
		return err
	}
	t, err := s.named(text)
	if err != nil {
		return err
	}
	if n.tag != "" && s.store.ready(t, n.tag) == nil {
		return refuse(http.StatusNotFound, "tag '%s' does not exist for template '%s'", n.tag, n.alias)
	}
	return reply(w, http.StatusOK, e2b.Alias{TemplateID: t.ID, Public: t.Public})
}

// tags is GET /templates/{id}/tags.
func (s *Server) tags(w http.ResponseWriter, r *http.Request) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, err := s.named(r.PathValue("id"))
	if err != nil {
		return err
	}
	list := []e2b.Tag{}
	for _, a := range s.store.current(t) {
		list = append(list, e2b.Tag{Tag: a.Tag, BuildID: a.Build, CreatedAt: a.Created})
	}
	return reply(w, http.StatusOK, list)
}

// tag is POST /templates/tags.
func (s *Server) tag(w http.ResponseWriter, r *http.Request) error {
	var req e2b.TagRequest
	if err := read(w, r, &req); err != nil {
		return err
	}
	tags, err := parseTags(req.Tags)
	if err != nil {
		return err
	}
	if len(tags) == 0 {
		return refuse(http.StatusBadRequest, "At least one tag is required")
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, b, err := s.store.resolve(s.opts.Team, req.Target)
	if err != nil {
		return err
	}
	err = s.store.change(t, func(t *template) {
		// The build is ready, so what a tag was given before never counts again.
		t.Tags = without(t.Tags, tags)
		for _, tag := range tags {
			t.Tags = append(t.Tags, assignment{tag, b.ID, *now()})
		}
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, e2b.TagAssignment{BuildID: b.ID, Tags: tags})
}

// untag is DELETE /templates/tags.
func (s *Server) untag(w http.ResponseWriter, r *http.Request) error {
	var req e2b.UntagRequest
	if err := read(w, r, &req); err != nil {
		return err
	}
	n, err := parseName(req.Name)
	if err != nil {
		return err
	}
	if n.tag != "" {
		return refuse(http.StatusBadRequest, "The name must not contain a tag")
	}
	tags, err := parseTags(req.Tags)
	if err != nil {
		return err
	}
	if slices.Contains(tags, "default") {
		return refuse(http.StatusBadRequest, "Cannot delete the 'default' tag")
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, err := s.named(req.Name)
	if err != nil {
		return err
	}
	if err := s.store.change(t, func(t *template) { t.Tags = without(t.Tags, tags) }); err != nil {
		return err
	}
	return reply(w, http.StatusNoContent, nil)
}

func without(all []assignment, tags []string) []assignment {
	return slices.DeleteFunc(all, func(a assignment) bool { return slices.Contains(tags, a.Tag) })
}
