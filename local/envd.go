package local

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/filesystem/filesystemconnect"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
)

// keepalive is how often a silent stream says that it is alive, unless the
// client asks for another interval.
const keepalive = 90 * time.Second

// envd serves what runs inside a sandbox: processes and files.
func (s *Server) envd() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(processconnect.NewProcessHandler(&processes{}, connect.WithReadMaxBytes(maxBody)))
	mux.Handle(filesystemconnect.NewFilesystemHandler(&filesystems{}, connect.WithReadMaxBytes(maxBody)))
	mux.Handle("GET /files", s.answers(download))
	mux.Handle("POST /files", s.answers(uploadFiles))
	mux.Handle("GET /metrics", s.answers(envdMetrics))
	mux.Handle("GET /envs", s.answers(func(w http.ResponseWriter, r *http.Request) error {
		return reply(w, http.StatusOK, boxOf(r.Context()).context.Env)
	}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", handler(notThere))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.boxes.get(r.Header.Get("E2b-Sandbox-Id"))
		switch {
		case x == nil || x.isPaused():
			// What E2B's proxy says of a sandbox that is gone.
			writeError(w, &apiError{http.StatusBadGateway, fmt.Sprintf("the sandbox %s was not found", r.Header.Get("E2b-Sandbox-Id"))})
		case r.URL.Path == "/files" && r.URL.Query().Has("signature"): // checked there
			mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), boxKey{}, x)))
		case r.URL.Path != "/health" && !same(r.Header.Get("X-Access-Token"), x.token):
			writeError(w, &apiError{http.StatusUnauthorized, "unauthorized access, please provide a valid access token"})
		default:
			mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), boxKey{}, x)))
		}
	})
}

type boxKey struct{}

func interval(h http.Header) time.Duration {
	if n, err := strconv.Atoi(h.Get("Keepalive-Ping-Interval")); err == nil && n > 0 && n <= int(longestLife/time.Second) {
		return time.Duration(n) * time.Second
	}
	return keepalive
}

// userOf reads the user that the client names, in the place of a login.
func userOf(h http.Header) (string, error) {
	login, ok := strings.CutPrefix(h.Get("Authorization"), "Basic ")
	if !ok {
		return "", nil
	}
	text, err := base64.StdEncoding.DecodeString(login)
	if err != nil {
		return "", connect.NewError(connect.CodeUnauthenticated, errors.New("invalid authorization header"))
	}
	user, _, _ := strings.Cut(string(text), ":")
	return user, nil
}

func boxOf(ctx context.Context) *box { return ctx.Value(boxKey{}).(*box) }
