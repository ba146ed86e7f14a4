package e2b

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// TestRecord: at the debug level every request is told, with what came back,
// but nothing that may be secret; at others none is.
func TestRecord(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.Contains(r.URL.Path, "missing") {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, `{"message":"body-secret"}`)
	}))
	defer server.Close()
	for level, want := range map[slog.Level]string{
		slog.LevelInfo: `^$`,
		slog.LevelDebug: `(?s)^level=DEBUG msg=request method=GET url=\S+/templates/aliases/app status=200 received=25 took=\S+
level=DEBUG msg=request method=POST url=\S+/templates/tags sent=\d+ status=200 received=25 took=\S+
level=DEBUG msg=request method=GET url=\S+/v2/templates status=200 received=25 took=\S+
level=DEBUG msg=request method=GET url=\S+/templates/missing status=404 received=25 took=\S+
level=DEBUG msg=request method=PUT url="?http://127\.0\.0\.1:\d+/\(upload\)"? sent=4 status=200 received=25 took=\S+
level=DEBUG msg="request failed" method=DELETE url=http://127.0.0.1:1/templates/x took=\S+ error=.*refused.*$`,
	} {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		ctx := context.Background()
		c := New(Options{APIURL: server.URL, APIKey: "key-secret", Logger: log})
		_, _ = c.do(ctx, call{method: http.MethodGet, path: "/templates/aliases/app", out: &map[string]any{}}) // what counts is the log
		_, _ = c.do(ctx, call{method: http.MethodPost, path: "/templates/tags", body: map[string]string{"name": "body-secret"}})
		_, _ = c.do(ctx, call{method: http.MethodGet, path: "/v2/templates", query: map[string][]string{"token": {"query-secret"}}})
		_, _ = c.do(ctx, call{method: http.MethodGet, path: "/templates/missing"})
		link := FileLink{URL: server.URL + "/_upload/path-secret?sig=query-secret"}
		_ = c.put(ctx, link, func() (io.ReadCloser, int64, error) { return io.NopCloser(strings.NewReader("body")), 4, nil }, func(int64, int64) {})
		c.opts.APIURL = "http://127.0.0.1:1"
		req, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.opts.APIURL+"/templates/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := c.http.Do(req); err == nil {
			resp.Body.Close()
			t.Error("port 1 answers")
		}
		if got := out.String(); !regexp.MustCompile(want).MatchString(got) || strings.Contains(got, "secret") {
			t.Errorf("the log at %s is\n%s\nwant it to match\n%s", level, got, want)
		}
	}
}
