package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/uuid"
)

const mostForks = 100

// snapshotInfo is what the API says of a snapshot.
type snapshotInfo struct {
	ID    string   `json:"snapshotID"`
	Names []string `json:"names"`
}

// snapshotSandbox is POST /sandboxes/{id}/snapshots. E2B keeps the memory as
// well; here the files are all: a sandbox of a snapshot starts its start command
// anew.
func (s *Server) snapshotSandbox(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Name string `json:"name"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	name, err := parseName(orDefault(req.Name, "snapshot-"+randomID(12)))
	if err != nil {
		return err
	}
	s.store.mu.Lock()
	leave, err := s.enter()
	s.store.mu.Unlock()
	if err != nil {
		return err
	}
	defer leave()
	made, err := s.layers.copyOf(r.Context(), filepath.Join(x.dir, "fs"), x.context)
	if err != nil {
		return err
	}
	t, err := s.keepSnapshot(x, name, made)
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, s.snapshotInfo(t, orDefault(name.tag, "default")))
}

func orDefault(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// keepSnapshot makes a template of what a sandbox was made of and the layer of
// what changed in it.
func (s *Server) keepSnapshot(x *box, n name, made layer) (*template, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if old := s.store.byAlias(n.alias); old != nil && old.Snapshot == "" {
		return nil, refuse(http.StatusConflict, "there is a template of the name '%s'", n.alias)
	}
	t, err := s.store.claim(n.alias)
	if err != nil {
		return nil, err
	}
	of := x.build.Result
	b := &build{
		ID: uuid.NewString(), Template: t.ID, State: e2b.StateReady, Tags: []string{orDefault(n.tag, "default")}, CPUCount: x.build.CPUCount, MemoryMB: x.build.MemoryMB,
		Created: *now(), Finished: now(),
		Result: &result{Image: of.Image, Layers: append(slices.Clone(of.Layers), made.Name), Context: x.context, StartCmd: of.StartCmd, ReadyCmd: of.ReadyCmd},
	}
	if err := s.store.add(t, b); err != nil {
		return nil, err
	}
	return t, s.store.change(t, func(t *template) { t.Snapshot = x.id })
}

func (s *Server) snapshotInfo(t *template, tag string) snapshotInfo {
	full := s.names(t)[0] + ":" + tag
	return snapshotInfo{full, []string{full}}
}

// listSnapshots is GET /snapshots.
func (s *Server) listSnapshots(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	of := query.Get("sandboxID")
	var wanted name
	if text := query.Get("name"); text != "" {
		var err error
		if wanted, err = parseName(text); err != nil {
			return err
		}
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	type one struct {
		snapshotInfo
		at place
	}
	list := []one{}
	for _, t := range s.store.templates {
		if t.Deleted || t.Snapshot == "" || of != "" && t.Snapshot != of || wanted.alias != "" && wanted.alias != t.Alias && wanted.alias != t.ID {
			continue
		}
		for _, a := range s.store.current(t) {
			if wanted.tag == "" || wanted.tag == a.Tag {
				list = append(list, one{s.snapshotInfo(t, a.Tag), place{a.Created, t.ID + a.Tag}})
			}
		}
	}
	page, err := paged(w, r, list, func(v one) place { return v.at })
	if err != nil {
		return err
	}
	out := []snapshotInfo{}
	for _, v := range page {
		out = append(out, v.snapshotInfo)
	}
	return reply(w, http.StatusOK, out)
}

// copyOf makes a layer of the changes of a sandbox that goes on.
func (l *layers) copyOf(ctx context.Context, upper string, next stepContext) (layer, error) {
	tmp, err := os.MkdirTemp(l.dir, halfMade)
	if err != nil {
		return layer{}, fmt.Errorf("making a layer: %w", err)
	}
	made := layer{Context: next}
	if err = l.engine.CopyTree(ctx, upper, filepath.Join(tmp, "fs")); err == nil {
		if err = l.engine.Sync(tmp); err == nil {
			made, err = l.commit(tmp, "snapshot"+randomID(16), made)
		}
	}
	if err != nil {
		return layer{}, errors.Join(err, l.engine.RemoveAll(tmp))
	}
	return made, nil
}

// forkResult is what came of one fork.
type forkResult struct {
	Sandbox *e2b.SandboxInfo `json:"sandbox,omitempty"`
	Error   map[string]any   `json:"error,omitempty"`
}

// forkSandbox is POST /sandboxes/{id}/fork: new sandboxes with the files that
// the sandbox has now.
func (s *Server) forkSandbox(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Timeout *int `json:"timeout"`
		Count   *int `json:"count"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	life, count := sandboxTimeoutV1, 1
	if req.Timeout != nil {
		var err error
		if life, err = lifeOf(*req.Timeout, 0); err != nil {
			return err
		}
	}
	if req.Count != nil {
		count = *req.Count
	}
	if count < 1 || count > mostForks {
		return refuse(http.StatusBadRequest, "validation error: count must be a number from 1 to %d", mostForks)
	}
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	out := make([]forkResult, count)
	for i := range out {
		fork, err := s.fork(r.Context(), x, life)
		if err != nil {
			s.log.Warn("forking a sandbox", "error", err)
			out[i].Error = map[string]any{"code": http.StatusInternalServerError, "message": "the fork did not start"}
			continue
		}
		info := fork.info()
		out[i].Sandbox = &info
	}
	return reply(w, http.StatusCreated, out)
}

func (s *Server) fork(ctx context.Context, x *box, life time.Duration) (*box, error) {
	s.store.mu.Lock()
	leave, err := s.enter()
	s.store.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer leave()
	lowers, err := s.lowers(x.build.Result)
	if err != nil {
		return nil, err
	}
	fork := s.blankBox(x.build)
	fork.template, fork.alias, fork.metadata, fork.context, fork.autoPause = x.template, x.alias, x.metadata, x.context, x.autoPause
	return fork, s.launch(ctx, fork, lowers, life, func() error {
		return s.opts.Engine.CopyTree(ctx, filepath.Join(x.dir, "fs"), filepath.Join(fork.dir, "fs"))
	})
}

// untagged takes the tag from the name of a snapshot, with which its id is
// written.
func (s *Server) untagged(text string) string {
	bare, tag, ok := strings.Cut(text, ":")
	if !ok || tag == "" {
		return text
	}
	n, err := parseName(bare)
	if err != nil {
		return text
	}
	if t := s.store.find(s.opts.Team, n); t != nil && t.Snapshot == "" {
		return text
	}
	return bare // of a snapshot, or of nothing
}
