//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

const apiKey = "e2b_0123456789abcdef"

// server is an endpoint that answers at once and builds nothing, so that what
// is measured is the client. It throws uploads away and has the log ready.
type server struct {
	url   string
	lines int  // of every build's log
	hold  bool // a build is over only when its whole log was read

	builds   atomic.Int64
	uploaded atomic.Int64 // bytes
	failed   atomic.Value // the first thing that went wrong here, as text
}

func newServer(t testing.TB, lines int, hold bool) *server {
	s := &server{lines: lines, hold: hold}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/templates", s.register)
	mux.HandleFunc("GET /templates/{id}/files/{hash}", s.fileLink)
	mux.HandleFunc("PUT /upload", s.upload)
	mux.HandleFunc("POST /v2/templates/{id}/builds/{build}", empty(http.StatusAccepted))
	mux.HandleFunc("GET /templates/{id}/builds/{build}/status", s.status)
	mux.HandleFunc("GET /templates/{id}/tags", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, []e2b.Tag{}) })
	mux.HandleFunc("POST /templates/tags", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusCreated, e2b.TagAssignment{}) })
	mux.HandleFunc("DELETE /templates/tags", empty(http.StatusNoContent))
	http := httptest.NewServer(mux)
	t.Cleanup(http.Close)
	s.url = http.URL
	return s
}

// env is what makes a client talk to this server.
func (s *server) env() []string {
	return []string{"E2B_API_URL=" + s.url, "E2B_SANDBOX_URL=" + s.url, "E2B_API_KEY=" + apiKey}
}

func (s *server) register(w http.ResponseWriter, r *http.Request) {
	var req e2b.RegisterRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n := s.builds.Add(1)
	answer(w, http.StatusAccepted, e2b.Registration{
		TemplateID: fmt.Sprintf("bench%015d", n), BuildID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n),
		Names: []string{"team/" + req.Name}, Aliases: []string{req.Name}, Tags: append([]string{}, req.Tags...),
	})
}

func (s *server) fileLink(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusCreated, e2b.FileLink{URL: "http://" + r.Host + "/upload"})
}

func (s *server) upload(w http.ResponseWriter, r *http.Request) {
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 1<<20))
	if err != nil || n != r.ContentLength {
		s.failed.CompareAndSwap(nil, fmt.Sprintf("an upload of %d bytes had %d: %v", r.ContentLength, n, err))
	}
	s.uploaded.Add(n)
	empty(http.StatusOK)(w, r)
}

const pageSize = 100 // log entries, as on E2B

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.Atoi(r.URL.Query().Get("logsOffset")) // none is 0
	state := e2b.StateReady
	if s.hold && offset < s.lines {
		state = e2b.StateBuilding
	}
	body := fmt.Appendf(make([]byte, 0, 24<<10), `{"templateID":%q,"buildID":%q,"status":%q,"logs":[],"logEntries":[`, r.PathValue("id"), r.PathValue("build"), state)
	for i := offset; i < min(offset+pageSize, s.lines); i++ {
		if i > offset {
			body = append(body, ',')
		}
		body = appendEntry(body, i)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, "]}"...)) // the client is gone: nobody is left to be told
}

// logTexts are what package managers and compilers print; %d is different on
// every line.
var logTexts = []string{
	`Get:%d http://deb.example/debian bookworm/main amd64 libsample amd64 2.36-9+deb12u4 [123 kB]`,
	`Unpacking libsample-%d:amd64 (2.36-9+deb12u4) over (2.36-9+deb12u3) ...`,
	`  Downloading sample_%d-1.4.2-py3-none-any.whl (61 kB)`,
	`Requirement already satisfied: sample-%d in /usr/lib/python3/dist-packages`,
	`npm http fetch GET 200 https://registry.example/sample-%d 45ms (cache miss)`,
	`[ 42%%] Building CXX object src/CMakeFiles/sample.dir/part_%d.cc.o`,
	`   Compiling sample-%d v0.4.17`,
	`src/part_%d.c:88:13: warning: unused variable 'n' [-Wunused-variable]`,
}

var logStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func appendEntry(body []byte, i int) []byte {
	body = append(body, `{"timestamp":"`...)
	body = logStart.Add(time.Duration(i)*time.Millisecond).AppendFormat(body, time.RFC3339Nano)
	body = append(body, `","level":"info","step":"1","message":"[builder 1/1] [stdout]: `...)
	body = fmt.Appendf(body, logTexts[i%len(logTexts)], i)
	return append(body, `"}`...)
}

func empty(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if code != http.StatusNoContent {
			w.Header().Set("Content-Length", "0") // which the SDK insists on
		}
		w.WriteHeader(code)
	}
}

func answer(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client is gone: nobody is left to be told
}
