package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local/engine"
)

const (
	sandboxTimeout   = 300 * time.Second // where the request says none, on the v2 endpoint
	sandboxTimeoutV1 = 15 * time.Second
	longestLife      = 24 * time.Hour
	clientID         = "local000"
	remembered       = 1000 // sandboxes that have ended
)

// boxes are the running sandboxes.
type boxes struct {
	dir    string
	engine Engine

	mu      sync.Mutex
	closed  bool
	running map[string]*box
	gone    map[string]e2b.End // why those that are not there any longer are not
	order   []string           // of gone, oldest first
	ending  sync.WaitGroup
}

// box is a sandbox of a ready build: its root filesystem, the start command
// and the processes that clients start.
type box struct {
	id       string
	template string
	alias    string
	build    *build
	token    string
	started  time.Time
	metadata map[string]string
	context  stepContext // what its processes start with
	sandbox  Sandbox
	dir      string

	ctx      context.Context // ends when it is killed
	stop     context.CancelFunc
	procs    sync.WaitGroup
	table    procTable
	root     *engine.Root
	watchers watchers

	turn sync.Mutex // held while it is paused, resumed or ended

	mu        sync.Mutex
	over      bool
	paused    bool
	autoPause bool // when its time is over, instead of ending
	ends      time.Time
	timer     *time.Timer
	measured  time.Time     // when it was last
	cpu       time.Duration // used by then
	log       []boxEntry
}

func (b *boxes) open(eng Engine, builds map[string]*build) error {
	b.engine, b.running, b.gone = eng, map[string]*box{}, map[string]e2b.End{}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return fmt.Errorf("making the sandboxes' directory: %w", err)
	}
	left, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("reading the sandboxes' directory: %w", err)
	}
	for _, e := range left {
		dir := filepath.Join(b.dir, e.Name())
		x, boxErr := b.restore(dir, builds)
		switch {
		case boxErr != nil:
			err = errors.Join(err, boxErr)
		case x != nil:
			b.running[x.id] = x
		default: // of a process that was killed: its sandboxes died with it
			err = errors.Join(err, eng.RemoveAll(dir))
		}
	}
	return err
}

func (b *boxes) get(id string) *box {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running[id]
}

func (b *boxes) list() []*box {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.running))
}

func (b *boxes) uses(template string) bool {
	return slices.ContainsFunc(b.list(), func(x *box) bool { return x.template == template })
}

// kill ends a sandbox; it reports whether there was one.
func (b *boxes) kill(id string, why e2b.End) (bool, error) {
	x := b.take(id, why)
	if x == nil {
		return false, nil
	}
	defer b.ending.Done()
	x.turn.Lock()
	defer x.turn.Unlock()
	x.timer.Stop()
	var err error
	if !x.isPaused() {
		err = x.end()
	}
	return true, errors.Join(err, b.engine.RemoveAll(x.dir))
}

// take takes a sandbox out of the list, for the caller to end.
func (b *boxes) take(id string, why e2b.End) *box {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.running[id]
	if x == nil {
		return nil
	}
	delete(b.running, id)
	b.gone[id], b.order = why, append(b.order, id)
	if len(b.order) > remembered {
		delete(b.gone, b.order[0])
		b.order = b.order[1:]
	}
	b.ending.Add(1)
	return x
}

// why is the reason for which a sandbox has ended, if it was one of the last.
func (b *boxes) why(id string) e2b.End {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gone[id]
}

// guard ends a sandbox whose processes have all died, its init among them.
func (b *boxes) guard(x *box) {
	select {
	case <-x.ctx.Done():
	case <-x.sandbox.Dead():
		why := e2b.EndCrash
		if x.sandbox.OutOfMemory() {
			why = e2b.EndMemory
		}
		if x.ctx.Err() == nil {
			_, _ = b.kill(x.id, why) // what stays on disk is removed at the next start
		}
	}
}

// end kills everything in a sandbox.
func (x *box) end() error {
	x.mu.Lock()
	x.over = true
	x.mu.Unlock()
	x.stop()
	err := x.sandbox.Close()
	x.procs.Wait()
	return errors.Join(err, x.root.Close())
}

// begin runs f until the sandbox ends; it refuses where that is over.
func (x *box) begin(f func()) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return false
	}
	x.procs.Go(f)
	return true
}

func (b *boxes) closeAll() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	for _, x := range b.list() {
		if x.isPaused() {
			continue // it is there at the next start
		}
		_, _ = b.kill(x.id, e2b.EndKilled) // what stays on disk is removed at the next start
	}
	b.ending.Wait() // for those whose time has run out just now
}

// createSandbox is POST /sandboxes and POST /v2/sandboxes.
func (s *Server) createSandbox(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		e2b.NewSandbox
		Timeout   *int `json:"timeout"`
		AutoPause bool `json:"autoPause"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	life := sandboxTimeoutV1
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		life = sandboxTimeout
	}
	if req.Timeout != nil {
		var err error
		if life, err = lifeOf(*req.Timeout, 1); err != nil {
			return err
		}
	}
	if req.TemplateID == "" {
		return refuse(http.StatusBadRequest, "validation error: templateID is required")
	}
	x, err := s.newBox(r.Context(), req.NewSandbox, life, req.AutoPause)
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, x.info())
}

// info is what clients need to speak to it.
func (x *box) info() e2b.SandboxInfo {
	return e2b.SandboxInfo{TemplateID: x.template, SandboxID: x.id, ClientID: clientID, EnvdVersion: envdVersion, Alias: x.alias, EnvdAccessToken: x.token}
}

// lifeOf is a timeout in seconds, which has to be at least least.
func lifeOf(seconds, least int) (time.Duration, error) {
	switch {
	case seconds < least:
		return 0, refuse(http.StatusBadRequest, "Timeout must be greater than 0")
	case seconds > int(longestLife/time.Second):
		return 0, refuse(http.StatusBadRequest, "Timeout cannot be greater than %d hours", longestLife/time.Hour)
	}
	return time.Duration(seconds) * time.Second, nil
}

func (s *Server) newBox(ctx context.Context, req e2b.NewSandbox, life time.Duration, autoPause bool) (*box, error) {
	t, b, leave, err := s.spawn(req.TemplateID)
	if err != nil {
		return nil, err
	}
	defer leave()
	lowers, err := s.lowers(b.Result)
	if err != nil {
		return nil, err
	}
	x := s.blankBox(b)
	x.template, x.alias, x.metadata, x.context, x.autoPause = t.ID, t.Alias, req.Metadata, b.Result.Context.with(req.EnvVars), autoPause
	return x, s.launch(ctx, x, lowers, life, func() error { return nil })
}

func (s *Server) blankBox(b *build) *box {
	id := "i" + randomID(19)
	return &box{id: id, build: b, token: randomID(40), started: time.Now().UTC(), dir: filepath.Join(s.boxes.dir, id)}
}

// launch starts a sandbox; fill may put into its directory what has changed in it.
func (s *Server) launch(ctx context.Context, x *box, lowers []string, life time.Duration, fill func() error) error {
	if err := os.Mkdir(x.dir, 0o700); err != nil {
		return fmt.Errorf("making a sandbox: %w", err)
	}
	if err := fill(); err != nil {
		return errors.Join(err, s.opts.Engine.RemoveAll(x.dir))
	}
	// The sandbox outlives the request that makes it.
	x.ctx, x.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := x.open(s.opts.Engine, lowers); err != nil {
		x.stop()
		return errors.Join(err, s.opts.Engine.RemoveAll(x.dir))
	}
	x.startCommand(x.build.Result.StartCmd)
	if !s.boxes.add(x, life) {
		return errors.Join(errClosing, x.end(), s.opts.Engine.RemoveAll(x.dir))
	}
	return nil
}

// open mounts the root filesystem, in which an earlier one may have left changes.
func (x *box) open(eng Engine, lowers []string) (err error) {
	if x.sandbox, err = openBox(x.ctx, eng, x.dir, lowers, x.build.MemoryMB); err != nil {
		return err
	}
	if x.root, err = x.sandbox.Root(); err != nil {
		return errors.Join(err, x.sandbox.Close())
	}
	return nil
}

// spawn finds the build for a new sandbox and counts that.
func (s *Server) spawn(name string) (t *template, b *build, leave func(), err error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if t, b, err = s.store.resolve(s.opts.Team, name); err != nil {
		return nil, nil, nil, err
	}
	if leave, err = s.enter(); err != nil {
		return nil, nil, nil, err
	}
	if err := s.store.change(t, func(t *template) { t.Spawned, t.LastSpawned = t.Spawned+1, now() }); err != nil {
		leave()
		return nil, nil, nil, err
	}
	as := *t // the next sandbox changes it
	return &as, b, leave, nil
}

// add lets a sandbox be found, and ends it after its life. It refuses where all
// are being closed.
func (b *boxes) add(x *box, life time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.running[x.id] = x
	x.ends = time.Now().UTC().Add(life)
	x.timer = time.AfterFunc(life, func() { b.expire(x) })
	go b.guard(x)
	return true
}

// startCommand runs the template's start command. E2B wakes a snapshot in
// which it already runs; here it has to start.
func (x *box) startCommand(command string) {
	if command == "" {
		return
	}
	x.begin(func() {
		_, _ = x.sandbox.Run(x.ctx, engine.Command{ // its end concerns nobody, as on E2B
			Args: []string{"/bin/bash", "-l", "-c", command}, Env: x.context.environ(nil), Dir: x.context.Workdir, User: x.context.User,
		})
	})
}

// describe is the entry of lists and of GET /sandboxes/{id}.
func (x *box) describe() map[string]any {
	state := x.state()
	x.mu.Lock()
	defer x.mu.Unlock()
	return map[string]any{
		"templateID": x.template, "sandboxID": x.id, "clientID": clientID, "alias": x.alias, "startedAt": x.started, "endAt": x.ends,
		"envdVersion": envdVersion, "cpuCount": x.build.CPUCount, "memoryMB": x.build.MemoryMB, "diskSizeMB": 0, "state": state, "metadata": orEmpty(x.metadata),
	}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func (s *Server) listSandboxes(w http.ResponseWriter, r *http.Request) error {
	all, err := s.chosen(r)
	if err != nil {
		return err
	}
	running := 0
	for _, x := range all {
		if !x.isPaused() {
			running++
		}
	}
	w.Header().Set("X-Total-Running", fmt.Sprint(running))
	page, err := paged(w, r, all, func(x *box) place { return place{x.started, x.id} })
	if err != nil {
		return err
	}
	out := []map[string]any{}
	for _, x := range page {
		out = append(out, x.describe())
	}
	return reply(w, http.StatusOK, out)
}

// goneError is the answer to questions about a sandbox that is not there.
type goneError struct {
	error
	why e2b.End // it has ended; "" : there was none, as far as is known
}

func (e *goneError) Unwrap() error { return e.error }

func (s *Server) sandboxOf(r *http.Request) (*box, error) {
	id := r.PathValue("id")
	if x := s.boxes.get(id); x != nil {
		return x, nil
	}
	return nil, &goneError{refuse(http.StatusNotFound, "sandbox \"%s\" not found", id), s.boxes.why(id)}
}

func (s *Server) showSandbox(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	out := x.describe()
	out["envdAccessToken"] = x.token
	x.mu.Lock()
	out["lifecycle"] = map[string]any{"autoResume": false, "onTimeout": map[bool]string{false: "kill", true: "pause"}[x.autoPause]}
	x.mu.Unlock()
	return reply(w, http.StatusOK, out)
}

func (s *Server) killSandbox(w http.ResponseWriter, r *http.Request) error {
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	if _, err := s.boxes.kill(x.id, e2b.EndKilled); err != nil {
		return err
	}
	return reply(w, http.StatusNoContent, nil)
}

// setTimeout is POST /sandboxes/{id}/timeout: seconds from now.
func (s *Server) setTimeout(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Timeout *int `json:"timeout"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	x, err := s.sandboxOf(r)
	if err != nil {
		return err
	}
	if req.Timeout == nil {
		return refuse(http.StatusBadRequest, "validation error: timeout is required")
	}
	life, err := lifeOf(*req.Timeout, 0) // 0 ends it now
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.paused {
		x.ends = time.Now().UTC().Add(life)
		x.timer.Reset(life)
	}
	return reply(w, http.StatusNoContent, nil)
}
