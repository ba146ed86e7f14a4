// Package local serves the E2B API over an engine on this machine: New gives
// an http.Handler that the same clients and SDKs talk to as talk to E2B.
//
// Everything lives below one directory and survives a kill at any moment: a
// build that was cut off is an error afterwards, and a layer is there whole or
// not at all. One process holds the directory at a time.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/e2bt/e2bt/local/image"
)

// DefaultMaxBuilds is how many builds a team may have waiting or running, as
// on E2B.
const DefaultMaxBuilds = 20

// Options say what a Server works with.
type Options struct {
	Home      string // everything but the images lives here
	APIKey    string // what clients must send
	Engine    Engine
	Images    *image.Store
	Team      string   // the team's slug; default "local"
	MaxBuilds int      // 0: DefaultMaxBuilds
	Hosts     []string // names that it answers to besides those of loopback; what is below one counts as well
	Faults    Faults   // go wrong for every client, once Expose is called
	Logger    *slog.Logger
}

// Server is the API. It is an http.Handler.
type Server struct {
	opts    Options
	log     *slog.Logger
	lock    *os.File
	store   *store
	layers  *layers
	pulling holds // by reference
	uploads uploads
	garbage garbage
	boxes   boxes
	handler http.Handler
	exposed atomic.Bool

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup
	close   func() error
}

// HeldError says that another process holds the directory.
type HeldError struct {
	Dir   string
	Owner string // the holder's process id; may be empty
	Since string // when it took the directory; may be empty
}

func (e *HeldError) Error() string {
	switch {
	case e.Owner == "":
		return fmt.Sprintf("%s is used by another e2bt", e.Dir)
	case e.Since == "":
		return fmt.Sprintf("%s is used by another e2bt (process %s)", e.Dir, e.Owner)
	}
	return fmt.Sprintf("%s is used by another e2bt (process %s, since %s)", e.Dir, e.Owner, e.Since)
}

// New opens the directory and makes the handler. Builds that were cut off are
// errors from now on.
func New(opts Options) (*Server, error) {
	if opts.Team == "" {
		opts.Team = "local"
	}
	if opts.MaxBuilds == 0 {
		opts.MaxBuilds = DefaultMaxBuilds
	}
	if opts.APIKey == "" {
		return nil, errors.New("starting the server: no API key")
	}
	s := &Server{opts: opts, log: opts.Logger}
	if s.log == nil {
		s.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if err := os.MkdirAll(opts.Home, 0o700); err != nil {
		return nil, fmt.Errorf("making %s: %w", opts.Home, err)
	}
	var err error
	if s.lock, err = lockDir(opts.Home); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	s.ctx, s.stop = context.WithCancel(context.Background()) // builds outlive the requests that start them
	s.handler = s.routes()
	s.close = sync.OnceValue(s.shutDown)
	return s, nil
}

func (s *Server) open() (err error) {
	if s.store, err = openStore(s.opts.Home, s.log); err != nil {
		return err
	}
	if s.layers, err = openLayers(filepath.Join(s.opts.Home, "layers"), s.opts.Engine); err != nil {
		return err
	}
	s.uploads.dir = filepath.Join(s.opts.Home, "files")
	if err := s.uploads.open(); err != nil {
		return err
	}
	s.boxes.dir = filepath.Join(s.opts.Home, "sandboxes")
	if err := s.boxes.open(s.opts.Engine, s.store.builds); err != nil {
		return err
	}
	s.store.mu.Lock()
	trash := s.sort()
	s.store.mu.Unlock()
	s.throwAway(trash)
	return nil
}

// Close ends every build and sandbox and gives the directory free. It may be
// called more than once.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	s.store.mu.Lock()
	s.stop() // under the lock, so that nothing that asked for leave begins afterwards
	s.store.mu.Unlock()
	s.boxes.closeAll()
	s.running.Wait()
	s.store.mu.Lock()
	s.store.closed = true
	s.store.mu.Unlock()
	return s.lock.Close()
}

var errClosing = &apiError{http.StatusServiceUnavailable, "the server is closing"}

// enter asks for leave to begin something that Close waits for. The caller
// holds the lock of the store.
func (s *Server) enter() (leave func(), err error) {
	if s.ctx.Err() != nil {
		return nil, errClosing
	}
	s.running.Add(1)
	s.garbage.busy++
	return func() { go s.leave() }, nil // some who leave hold the lock
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "e2bt")
	s.handler.ServeHTTP(w, r)
}

// routes is the whole API on one page.
func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"POST /v3/templates":                          s.register,
		"GET /templates":                              s.listTemplates,
		"GET /v2/templates":                           s.pageTemplates,
		"GET /templates/{id}":                         s.showTemplate,
		"DELETE /templates/{id}":                      s.deleteTemplate,
		"PATCH /templates/{id}":                       s.patchTemplate,
		"PATCH /v2/templates/{id}":                    s.patchTemplate,
		"GET /templates/{id}/tags":                    s.tags,
		"POST /templates/tags":                        s.tag,
		"DELETE /templates/tags":                      s.untag,
		"GET /templates/{id}/files/{hash}":            s.fileLink,
		"POST /v2/templates/{id}/builds/{build}":      s.trigger,
		"GET /templates/{id}/builds/{build}/status":   s.status,
		"GET /templates/{id}/builds/{build}/logs":     s.logs,
		"POST /sandboxes":                             s.createSandbox,
		"POST /v2/sandboxes":                          s.createSandbox,
		"GET /sandboxes":                              s.listSandboxes,
		"GET /v2/sandboxes":                           s.listSandboxes,
		"GET /sandboxes/{id}":                         s.showSandbox,
		"DELETE /sandboxes/{id}":                      s.killSandbox,
		"POST /sandboxes/{id}/timeout":                s.setTimeout,
		"POST /sandboxes/{id}/refreshes":              s.refreshSandbox,
		"POST /sandboxes/{id}/pause":                  s.pauseSandbox,
		"POST /sandboxes/{id}/resume":                 s.connectSandbox,
		"POST /sandboxes/{id}/connect":                s.connectSandbox,
		"POST /v2/sandboxes/{id}/connect":             s.connectSandbox,
		"GET /sandboxes/metrics":                      s.allMetrics,
		"GET /sandboxes/{id}/metrics":                 s.sandboxMetrics,
		"GET /sandboxes/{id}/logs":                    s.sandboxLogs,
		"GET /v2/sandboxes/{id}/logs":                 s.sandboxLogs,
		"POST /sandboxes/{id}/snapshots":              s.snapshotSandbox,
		"GET /snapshots":                              s.listSnapshots,
		"POST /sandboxes/{id}/fork":                   s.forkSandbox,
		"POST /_e2bt/cache":                           s.cache,
		"DELETE /_e2bt/templates/{id}/builds/{build}": s.deleteBuild,
	} {
		api.Handle(pattern, s.authorized(h))
	}
	api.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Health check successful") })
	api.Handle("PUT /_upload/{token}", s.answers(s.upload))
	api.Handle("/", handler(notThere))
	// "aliases" could be a template's id to the patterns above, so it has a mux
	// of its own.
	aliases := http.NewServeMux()
	aliases.Handle("GET /templates/aliases/{alias}", s.authorized(s.alias))
	aliases.Handle("/", handler(notThere))
	envd := s.envd()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.mayAsk(r) {
			writeError(w, &apiError{http.StatusForbidden, "this server answers to requests for localhost alone"})
			return
		}
		routeByHost(r)
		w, answered := s.fault(w, r)
		switch {
		case answered:
		case r.Header.Get("E2b-Sandbox-Id") != "":
			envd.ServeHTTP(w, r)
		case r.URL.Path == "/files" && r.URL.Query().Has("signature"):
			if x := s.boxes.signed(r); x != nil {
				r.Header.Set("E2b-Sandbox-Id", x.id)
			}
			envd.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.EscapedPath(), "/templates/aliases/"):
			aliases.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}
