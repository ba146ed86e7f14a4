package local

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// serve opens a server for tests that never build.
func serve(t *testing.T, home string) *Server {
	t.Helper()
	s, err := New(Options{Home: home, APIKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask sends a request to the handler.
func ask(s *Server, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("X-API-KEY", "key")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// only returns the one build or template of a map.
func only[T any](t *testing.T, all map[string]T) (one T) {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%d of them; want 1", len(all))
	}
	for _, one = range all {
	}
	return one
}

// TestWaitingTooLong: a build that nobody triggers ends after 40 minutes, and
// does not count any more.
func TestWaitingTooLong(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	s.opts.MaxBuilds = 1
	ask(s, "POST", "/v3/templates", `{"name":"web"}`)
	b := only(t, s.store.builds)
	if w := ask(s, "POST", "/v3/templates", `{"name":"other"}`); w.Code != http.StatusTooManyRequests {
		t.Fatalf("registering over the limit: %d", w.Code)
	}
	b.Created = b.Created.Add(-waitingLife)
	if w := ask(s, "POST", "/v3/templates", `{"name":"other"}`); w.Code != http.StatusAccepted {
		t.Errorf("registering: %d %s; want 202", w.Code, w.Body)
	}
	if b.State != e2b.StateError || b.Reason.Message != "build is in waiting state for too long" {
		t.Errorf("the build is %s, %+v", b.State, b.Reason)
	}
}

// TestWaitingTooLongToTrigger: nor can it be triggered.
func TestWaitingTooLongToTrigger(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	ask(s, "POST", "/v3/templates", `{"name":"web"}`)
	b := only(t, s.store.builds)
	b.Created = b.Created.Add(-waitingLife)
	w := ask(s, "POST", "/v2/templates/web/builds/"+b.ID, `{"fromImage":"x"}`)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "build is not in waiting state") {
		t.Errorf("triggering: %d %s", w.Code, w.Body)
	}
}

// unwritable makes the store fail to write, as a full disk would, until the
// test calls the function.
func unwritable(t *testing.T, s *Server) (again func()) {
	t.Helper()
	away := filepath.Join(t.TempDir(), "away")
	for _, kind := range []string{"templates", "builds"} {
		if err := os.Rename(filepath.Join(s.store.dir, kind), away+kind); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.store.dir, kind), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for _, kind := range []string{"templates", "builds"} {
			at := filepath.Join(s.store.dir, kind)
			if err := errors.Join(os.Remove(at), os.Rename(away+kind, at)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestUnwritable: what cannot be kept is refused, and changes nothing.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	ask(s, "POST", "/v3/templates", `{"name":"web"}`)
	b, tpl := only(t, s.store.builds), only(t, s.store.templates)
	again := unwritable(t, s)
	for _, c := range [][3]string{
		{"POST", "/v3/templates", `{"name":"other"}`},
		{"POST", "/v3/templates", `{"name":"web"}`},
		{"POST", "/v2/templates/web/builds/" + b.ID, `{"fromImage":"x"}`},
		{"PATCH", "/v2/templates/web", `{"public":true}`},
		{"DELETE", "/templates/web", ""},
		{"DELETE", "/templates/tags", `{"name":"web","tags":["x"]}`},
	} {
		w := ask(s, c[0], c[1], c[2])
		if w.Code != http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s; want 500", c[0], c[1], w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), s.opts.Home) {
			t.Errorf("%s %s: the answer names a directory of the host: %s", c[0], c[1], w.Body)
		}
	}
	if only(t, s.store.builds) != b || b.State != e2b.StateWaiting || only(t, s.store.templates) != tpl || tpl.Deleted || tpl.Public || len(tpl.Tags) != 1 {
		t.Errorf("after refusals: build %+v, template %+v", b, tpl)
	}
	again()
	if w := ask(s, "POST", "/v3/templates", `{"name":"web"}`); w.Code != http.StatusAccepted {
		t.Errorf("registering once there is room: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "GET", "/templates/other", ""); w.Code != http.StatusNotFound {
		t.Errorf("the name that could not be kept: %d; want 404", w.Code)
	}
}

// TestUploadTooLarge: the length alone is enough to refuse an archive.
func TestUploadTooLarge(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	r := httptest.NewRequest("PUT", "http://localhost/_upload/"+s.uploads.offer(strings.Repeat("0", 64)), strings.NewReader("abc"))
	r.ContentLength = maxUpload + 1
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("an upload of more than %d bytes: %d %s; want 413", int64(maxUpload), w.Code, w.Body)
	}
}

// TestLinkExpires: a link is good for half an hour, and forgotten later.
func TestLinkExpires(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	hash := strings.Repeat("0", 64)
	token := s.uploads.offer(hash)
	s.uploads.links[token] = link{hash, time.Now().Add(-time.Second)}
	r := httptest.NewRequest("PUT", "http://localhost/_upload/"+token, strings.NewReader("abc"))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || s.uploads.has(hash) {
		t.Errorf("an upload through an old link: %d %s; want 403", w.Code, w.Body)
	}
	s.uploads.offer(hash)
	if len(s.uploads.links) != 1 {
		t.Errorf("%d links are kept; want the new one alone", len(s.uploads.links))
	}
}
