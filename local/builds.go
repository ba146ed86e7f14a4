package local

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/uuid"
)

// findBuild finds the build of a path, with E2B's odd status codes.
func (s *Server) findBuild(r *http.Request) (*template, *build, error) {
	id := r.PathValue("build")
	if _, err := uuid.Parse(id); err != nil {
		return nil, nil, refuse(http.StatusBadRequest, "Invalid build id")
	}
	t, err := s.named(r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	b := s.store.builds[strings.ToLower(id)]
	if b == nil || b.Template != t.ID {
		return nil, nil, refuse(http.StatusBadRequest, "Build '%s' not found", id)
	}
	return t, b, s.store.expire(b)
}

var (
	sdkAgent   = regexp.MustCompile(`e2b-(?:js|python)-sdk/(\S*)`)
	sdkVersion = regexp.MustCompile(`^\d+\.\d+\.\d+`)
)

// checkAgent refuses what E2B refuses: an SDK whose version cannot be read.
func checkAgent(agent string) error {
	m := sdkAgent.FindStringSubmatch(agent)
	if m != nil && !sdkVersion.MatchString(m[1]) {
		return refuse(http.StatusBadRequest, "Error when parsing user agent: invalid version %q", m[1])
	}
	return nil
}

// trigger is POST /v2/templates/{id}/builds/{build}.
func (s *Server) trigger(w http.ResponseWriter, r *http.Request) error {
	var req e2b.Build
	if err := read(w, r, &req); err != nil {
		return err
	}
	if err := checkAgent(r.UserAgent()); err != nil {
		return err
	}
	if _, err := uuid.Parse(r.PathValue("build")); err != nil {
		return refuse(http.StatusBadRequest, "Invalid build ID") // spelt so here alone
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, b, err := s.findBuild(r)
	var refused *apiError
	if errors.As(err, &refused) && refused.code == http.StatusNotFound {
		return refuse(http.StatusNotFound, "Error when getting template: %s", refused.message)
	}
	if err != nil {
		return err
	}
	if b.State != e2b.StateWaiting {
		return refuse(http.StatusBadRequest, "build is not in waiting state")
	}
	if err := checkSource(req); err != nil {
		return errors.Join(err, s.store.fail(b, err.Error()))
	}
	if err := s.supersede(t, b.Tags, e2b.StateBuilding, ""); err != nil {
		return err
	}
	if err := s.begin(t, b, req, s.buildFault(r)); err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, nil)
}

// archives lists what the steps copy from.
func archives(steps []e2b.Step) (hashes []string) {
	for _, step := range steps {
		if step.FilesHash != "" && !slices.Contains(hashes, step.FilesHash) {
			hashes = append(hashes, step.FilesHash)
		}
	}
	return hashes
}

func checkSource(req e2b.Build) error {
	switch {
	case req.FromImage != "" && req.FromTemplate != "":
		return refuse(http.StatusInternalServerError, "Error when starting template build: cannot specify both fromImage and fromTemplate")
	case req.FromImage == "" && req.FromTemplate == "":
		return refuse(http.StatusInternalServerError, "Error when starting template build: must specify either fromImage or fromTemplate")
	}
	return nil
}

// begin marks b as building and starts it. It fails as fault says.
func (s *Server) begin(t *template, b *build, req e2b.Build, fault string) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	log := s.store.logOf(b)
	err = log.create()
	if err == nil {
		err = s.store.changeBuild(b, func(b *build) { b.State, b.Files = e2b.StateBuilding, archives(req.Steps) })
	}
	if err != nil {
		leave()
		return err
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	b.cancel = cancel
	x := &executor{s: s, template: t.ID, build: b.ID, memory: b.MemoryMB, req: req, log: log, fault: fault}
	go func() {
		defer leave()
		start := time.Now()
		result, reason := x.run(ctx)
		cancel(nil)
		s.finish(b, result, reason, time.Since(start))
		if err := s.layers.settle(); err != nil {
			s.log.Warn("new layers will not count once this machine is started anew", "error", err)
		}
	}()
	return nil
}

// finish writes down how a build ended. The state changes last, so that
// whoever sees it also sees the whole log.
func (s *Server) finish(b *build, res *result, reason *e2b.Reason, took time.Duration) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	entry := e2b.LogEntry{Timestamp: time.Now().UTC(), Level: "info", Message: "Build finished, took " + took.Round(100*time.Millisecond).String()}
	state := e2b.StateReady
	if reason != nil {
		entry.Level, entry.Message, entry.Step = "error", "Build failed: "+reason.Message, reason.Step
		state = e2b.StateError
	}
	if err := errors.Join(b.log.append(entry), b.log.close()); err != nil {
		s.log.Error("writing a build's log", "build", b.ID, "error", err)
	}
	b.cancel = nil
	err := s.store.changeBuild(b, func(b *build) { b.State, b.Result, b.Reason, b.Finished = state, res, reason, now() })
	if err != nil {
		s.log.Error("keeping a build", "build", b.ID, "error", err)
		if reason == nil {
			reason = &e2b.Reason{Message: "the build could not be kept: " + s.public(err)}
		}
		b.State, b.Reason, b.Finished = e2b.StateError, reason, now()
	}
}

// statusPage is e2b.BuildStatus with the entries as they lie on disk.
type statusPage struct {
	TemplateID string            `json:"templateID"`
	BuildID    string            `json:"buildID"`
	Status     e2b.BuildState    `json:"status"`
	Logs       []string          `json:"logs"`
	LogEntries []json.RawMessage `json:"logEntries"`
	Reason     *e2b.Reason       `json:"reason,omitempty"`
}

// status is GET /templates/{id}/builds/{build}/status.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	offset, err := number(r, "logsOffset", 0, 0, 1<<40)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", 100, 0, 100)
	if err != nil {
		return err
	}
	level, err := minimumLevel(r)
	if err != nil {
		return err
	}
	page, log, err := s.statusOf(r)
	if err != nil {
		return err
	}
	if log != nil {
		if page.LogEntries, err = log.page(offset, limit, level); err != nil {
			return err
		}
	}
	if page.Reason != nil {
		page.Reason = withEntries(*page.Reason, page.LogEntries)
	}
	if err := reply(w, http.StatusOK, page); err == nil {
		return nil
	}
	page.LogEntries = mended(page.LogEntries)
	return reply(w, http.StatusOK, page)
}

// statusOf reads the state before the log: a state that is over then comes
// with a log that is whole.
func (s *Server) statusOf(r *http.Request) (*statusPage, *buildLog, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t, b, err := s.findBuild(r)
	if err != nil {
		return nil, nil, err
	}
	page := &statusPage{TemplateID: t.ID, BuildID: b.ID, Status: b.State, Logs: []string{}, LogEntries: []json.RawMessage{}, Reason: b.Reason}
	if b.State == e2b.StateWaiting {
		return page, nil, nil
	}
	return page, s.store.logOf(b), nil
}

// withEntries adds those entries of the page that a reason comes with.
func withEntries(reason e2b.Reason, page []json.RawMessage) *e2b.Reason {
	reason.LogEntries = []e2b.LogEntry{}
	for _, raw := range page {
		var e e2b.LogEntry
		if levelOf(raw) >= slices.Index(levels, "warn") && json.Unmarshal(raw, &e) == nil && e.Step == reason.Step {
			reason.LogEntries = append(reason.LogEntries, e)
		}
	}
	return &reason
}

// minimumLevel reads the level that a request wants, or a higher one.
func minimumLevel(r *http.Request) (int, error) {
	text := r.URL.Query().Get("level")
	if text == "" {
		return 0, nil
	}
	level := slices.Index(levels, text)
	if level < 0 {
		return 0, refuse(http.StatusBadRequest, "validation error: parameter \"level\" must be one of %s", strings.Join(levels, ", "))
	}
	return level, nil
}

// logs is GET /templates/{id}/builds/{build}/logs: entries from a time on.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 100, 0, 100)
	if err != nil {
		return err
	}
	level, err := minimumLevel(r)
	if err != nil {
		return err
	}
	cursor, backward := int64(0), false
	switch r.URL.Query().Get("direction") {
	case "", "forward":
	case "backward":
		cursor, backward = time.Now().UnixMilli()+1, true
	default:
		return refuse(http.StatusBadRequest, "validation error: parameter \"direction\" must be forward or backward")
	}
	if text := r.URL.Query().Get("cursor"); text != "" {
		if cursor, err = strconv.ParseInt(text, 10, 64); err != nil {
			return refuse(http.StatusBadRequest, "validation error: parameter \"cursor\" must be milliseconds")
		}
	}
	_, log, err := s.statusOf(r)
	if err != nil {
		return err
	}
	entries, err := log.around(cursor, limit, level, backward)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"logs": entries})
}

// around returns entries from a time in milliseconds on, or the newest before
// it, newest first.
func (l *buildLog) around(cursor int64, limit, level int, backward bool) ([]json.RawMessage, error) {
	found := []json.RawMessage{}
	if l == nil || limit == 0 {
		return found, nil
	}
	for offset := 0; ; offset += stride {
		page, err := l.page(offset, stride, level)
		if err != nil {
			return nil, err
		}
		for _, raw := range page {
			var e struct{ Timestamp time.Time }
			if json.Unmarshal(raw, &e) != nil {
				continue // a damaged one
			}
			switch at := e.Timestamp.UnixMilli(); {
			case backward && at < cursor:
				found = append(found[max(0, len(found)+1-limit):], raw)
			case !backward && at >= cursor && len(found) < limit:
				found = append(found, raw)
			}
		}
		if len(page) < stride || !backward && len(found) == limit {
			break
		}
	}
	if backward {
		slices.Reverse(found)
	}
	return found, nil
}
