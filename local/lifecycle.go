package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// measureSlack is by how many seconds a measurement may be later than the end
// that a client asks for: it is made when it is asked for.
const measureSlack = 5

// lastSecond is later than every time that a client asks about.
const lastSecond = 1 << 40

// longestRefresh is how far POST /sandboxes/{id}/refreshes may put off the end.
const longestRefresh = 3600

// expire is what happens when the time of a sandbox is over.
func (b *boxes) expire(x *box) {
	if x.autoPause && b.pause(x) == nil {
		return
	}
	_, _ = b.kill(x.id, e2b.EndTimeLimit) // what stays on disk is removed at the next start
}

var errPaused = refuse(http.StatusConflict, "sandbox is already paused")

// pause ends every process of a sandbox and keeps its files: there is no
// snapshot of memory here.
func (b *boxes) pause(x *box) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	if x.isPaused() {
		return errPaused
	}
	x.timer.Stop()
	if err := x.end(); err != nil {
		return err
	}
	if err := b.engine.RemoveAll(filepath.Join(x.dir, "work")); err != nil {
		return err
	}
	if err := x.keep(); err != nil {
		return err
	}
	x.mu.Lock()
	x.paused = true
	x.mu.Unlock()
	return nil
}

func (x *box) isPaused() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.paused
}

// resume starts a paused sandbox on the files that it had; the start command
// runs anew. One that runs already is left alone.
func (s *Server) resume(ctx context.Context, x *box, life time.Duration) (resumed bool, err error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	if !x.isPaused() {
		return false, nil
	}
	if s.boxes.get(x.id) == nil {
		return false, refuse(http.StatusNotFound, "sandbox \"%s\" not found", x.id)
	}
	lowers, err := s.lowers(x.build.Result)
	if err != nil {
		return false, err
	}
	if err := os.Remove(filepath.Join(x.dir, pausedFile)); err != nil {
		return false, fmt.Errorf("resuming a sandbox: %w", err)
	}
	x.ctx, x.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := x.open(s.opts.Engine, lowers); err != nil {
		x.stop()
		return false, errors.Join(err, x.keep())
	}
	x.mu.Lock()
	x.paused, x.over, x.ends = false, false, time.Now().UTC().Add(life)
	x.timer.Reset(life)
	x.mu.Unlock()
	go s.boxes.guard(x)
	x.startCommand(x.build.Result.StartCmd)
	return true, nil
}

// extend puts off the end of a sandbox, never forward.
func (x *box) extend(life time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if ends := time.Now().UTC().Add(life); !x.paused && ends.After(x.ends) {
		x.ends = ends
		x.timer.Reset(life)
	}
}

func (s *Server) pauseSandbox(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sandboxOf(r)
	if err == nil {
		err = s.boxes.pause(x)
	}
	if err != nil {
		return err
	}
	return reply(w, http.StatusNoContent, nil)
}

// connectSandbox is POST /sandboxes/{id}/connect, its second version and resume:
// it wakes a sandbox that is paused, and puts off the end of one that runs.
func (s *Server) connectSandbox(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Timeout   *int  `json:"timeout"`
		AutoPause *bool `json:"autoPause"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	life := sandboxTimeoutV1
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		life = sandboxTimeout
	}
	if req.Timeout != nil {
		if life, err = lifeOf(*req.Timeout, 0); err != nil {
			return err
		}
	}
	resumed, err := s.resume(r.Context(), x, life)
	if err != nil {
		return err
	}
	old := strings.HasSuffix(r.URL.Path, "/resume")
	if old && !resumed {
		return refuse(http.StatusConflict, "sandbox \"%s\" is already running", x.id)
	}
	if old && req.AutoPause != nil {
		x.mu.Lock()
		x.autoPause = *req.AutoPause
		x.mu.Unlock()
	}
	x.extend(life)
	code := http.StatusOK
	if resumed {
		code = http.StatusCreated
	}
	return reply(w, code, x.info())
}

func (s *Server) refreshSandbox(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Duration *int `json:"duration"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	seconds := int(sandboxTimeoutV1 / time.Second)
	if req.Duration != nil {
		seconds = *req.Duration
	}
	if seconds < 0 || seconds > longestRefresh {
		return refuse(http.StatusBadRequest, "validation error: duration must be from 0 to %d", longestRefresh)
	}
	x.extend(time.Duration(seconds) * time.Second)
	return reply(w, http.StatusNoContent, nil)
}

// chosen are the sandboxes that a list is asked for.
func (s *Server) chosen(r *http.Request) ([]*box, error) {
	query := r.URL.Query()
	metadata, err := url.ParseQuery(query.Get("metadata"))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "Error parsing metadata: %s", err)
	}
	states := map[string]bool{}
	for _, list := range query["state"] {
		for state := range strings.SplitSeq(list, ",") {
			if state != "running" && state != "paused" {
				return nil, refuse(http.StatusBadRequest, "validation error: state must be running or paused")
			}
			states[state] = true
		}
	}
	if len(states) == 0 {
		states["running"] = true
		states["paused"] = strings.HasPrefix(r.URL.Path, "/v2/")
	}
	var since time.Time
	if text := query.Get("startedAfter"); text != "" {
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, refuse(http.StatusBadRequest, "validation error: startedAfter is no time")
		}
	}
	return slices.DeleteFunc(s.boxes.list(), func(x *box) bool {
		for key := range metadata {
			if value, ok := x.metadata[key]; !ok || value != metadata.Get(key) {
				return true
			}
		}
		of := query.Get("template")
		return !states[x.state()] || of != "" && of != x.template && of != x.alias || x.started.Before(since)
	}), nil
}

func (x *box) state() string {
	if x.isPaused() {
		return "paused"
	}
	return "running"
}

// usage is what a sandbox uses at one moment.
type usage struct {
	at                      time.Time
	cpus                    int
	cpuPercent              float64
	memoryUsed, memoryTotal int64
	diskUsed, diskTotal     int64
}

// metrics measures a sandbox. The processor is that of the time since the last
// measurement, or since the start.
func (x *box) metrics() (usage, error) {
	out := usage{at: time.Now().UTC(), cpus: x.build.CPUCount, memoryTotal: int64(x.build.MemoryMB) << 20}
	if x.isPaused() {
		return out, nil
	}
	used, err := x.sandbox.Usage()
	if err != nil {
		return out, fmt.Errorf("measuring the sandbox: %w", err)
	}
	if out.diskUsed, out.diskTotal, err = x.root.Usage(); err != nil {
		return out, err
	}
	out.memoryUsed = used.Memory
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.measured.IsZero() {
		x.measured = x.started
	}
	if elapsed := out.at.Sub(x.measured).Seconds(); elapsed > 0 && used.CPU >= x.cpu {
		out.cpuPercent = 100 * (used.CPU - x.cpu).Seconds() / elapsed
	}
	x.measured, x.cpu = out.at, used.CPU
	return out, nil
}

func (u usage) json() map[string]any {
	return map[string]any{
		"timestamp": u.at, "timestampUnix": u.at.Unix(), "cpuCount": u.cpus, "cpuUsedPct": u.cpuPercent, "memUsed": u.memoryUsed, "memTotal": u.memoryTotal, "memCache": 0,
		"diskUsed": u.diskUsed, "diskTotal": u.diskTotal,
	}
}

// sandboxMetrics answers with the one measurement that is made now.
func (s *Server) sandboxMetrics(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	start, err := number(r, "start", 0, 0, lastSecond)
	if err != nil {
		return err
	}
	end, err := number(r, "end", lastSecond, 0, lastSecond)
	if err != nil {
		return err
	}
	m, err := x.metrics()
	if err != nil {
		return err
	}
	if now := int(m.at.Unix()); now < start || now > end+measureSlack {
		return reply(w, http.StatusOK, []any{})
	}
	return reply(w, http.StatusOK, []any{m.json()})
}

func (s *Server) allMetrics(w http.ResponseWriter, r *http.Request) error {
	out := map[string]any{}
	for _, list := range r.URL.Query()["sandbox_ids"] {
		for id := range strings.SplitSeq(list, ",") {
			x := s.boxes.get(id)
			if x == nil || x.isPaused() {
				continue
			}
			m, err := x.metrics()
			if err != nil {
				return err
			}
			out[id] = m.json()
		}
	}
	return reply(w, http.StatusOK, map[string]any{"sandboxes": out})
}

const longestBoxLog = 1000 // entries

// boxEntry is a line of a sandbox's log: what clients started in it, and how
// that ended.
type boxEntry struct {
	at      time.Time
	level   string
	message string
}

func (x *box) note(level, format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.log) == longestBoxLog {
		x.log = slices.Delete(x.log, 0, 1)
	}
	x.log = append(x.log, boxEntry{time.Now().UTC(), level, fmt.Sprintf(format, args...)})
}

// sandboxLogs is GET /sandboxes/{id}/logs, and its second version.
func (s *Server) sandboxLogs(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", longestBoxLog, 0, longestBoxLog)
	if err != nil {
		return err
	}
	x.mu.Lock()
	entries := slices.Clone(x.log)
	x.mu.Unlock()
	second := strings.HasPrefix(r.URL.Path, "/v2/")
	from := map[bool]string{false: "start", true: "cursor"}[second]
	since, err := number(r, from, 0, 0, 1<<62)
	if err != nil {
		return err
	}
	search, level := r.URL.Query().Get("search"), r.URL.Query().Get("level")
	entries = slices.DeleteFunc(entries, func(e boxEntry) bool {
		return e.at.UnixMilli() < int64(since) || second && (!strings.Contains(e.message, search) || level == "warn" || level == "error" && e.level != "error")
	})
	if r.URL.Query().Get("direction") == "backward" {
		slices.Reverse(entries)
	}
	lines, structured := []any{}, []any{}
	for _, e := range entries[:min(limit, len(entries))] {
		lines = append(lines, map[string]any{"timestamp": e.at, "line": e.message})
		structured = append(structured, map[string]any{"timestamp": e.at, "level": e.level, "message": e.message, "fields": map[string]string{}})
	}
	if second {
		return reply(w, http.StatusOK, map[string]any{"logs": structured})
	}
	return reply(w, http.StatusOK, map[string]any{"logs": lines, "logEntries": structured})
}
