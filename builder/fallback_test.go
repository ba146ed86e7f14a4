package builder_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

// sayMirrors stands between client and server: the texts of a mirror's steps, which
// want a real system, become ones that say which mirror is in use.
func sayMirrors(_ *world, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if isTrigger(r) {
			var build e2b.Build
			if err := json.NewDecoder(r.Body).Decode(&build); err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			for i, s := range build.Steps {
				if strings.Contains(strings.Join(s.Args, ""), "/var/lib/e2bt-mirror") {
					build.Steps[i].Args = []string{"printf %s " + mirrorIn(s.Args[0]) + " >/tmp/source", "root"}
				}
			}
			body, err := json.Marshal(build)
			if err != nil {
				http.Error(rw, err.Error(), http.StatusInternalServerError)
				return
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		next.ServeHTTP(rw, r)
	})
}

func mirrorIn(text string) string {
	for _, name := range []string{"one", "two"} {
		if strings.Contains(text, "index-url = https://"+name+".example/simple/") {
			return name
		}
	}
	return "official"
}

// TestElsewhere builds a batch that only one source can serve.
func TestElsewhere(t *testing.T) {
	for _, tt := range []struct {
		serves  string
		missing bool
		status  builder.Status
		retries []string
	}{
		{"one", false, builder.StatusReady, nil},
		{"two", true, builder.StatusReady, []string{"gone: building again with pip from two.example instead of one.example"}},
		{"official", false, builder.StatusReady, []string{"gone: building again with pip from two.example instead of one.example", "gone: building again with pip from the official source instead of two.example"}},
		{"nobody", true, builder.StatusError, []string{"gone: building again with pip from two.example instead of one.example", "gone: building again with pip from the official source instead of two.example"}},
	} {
		inWorld(t, sayMirrors, func(w *world) {
			p := w.plan(`
mirror "m" { pip = ["https://one.example/simple", "https://two.example/simple"] }
template "x" {
  mirror = "m"
  batch "first" { run = ["true"] }
  batch "python" { run = [": pip install six", "[ \"$(cat /tmp/source)\" = ` + tt.serves + ` ]"] }
  batch "last" { run = ["true"] }
}`)
			r := w.runner()
			r.Elsewhere = func(builder.Failure) (builder.Cause, bool) {
				return builder.Cause{Tool: "pip", Missing: tt.missing, Why: "gone"}, true
			}
			results := w.run(r, p, tt.status)
			var retries, cached []string
			for _, e := range w.events {
				if e.Type == builder.EventRetry {
					retries = append(retries, e.Message)
					if len(e.Switched) != 1 || !strings.HasSuffix(e.Message, e.Switched[0].String()) {
						t.Errorf("served by %s: %q switches %v; want the one that it tells", tt.serves, e.Message, e.Switched)
					}
				}
				if e.Type == builder.EventStepStart && *e.Cached {
					cached = append(cached, e.Batch)
				}
			}
			if diff := cmp.Diff(tt.retries, retries); diff != "" {
				t.Errorf("served by %s: retries (-want +got):\n%s", tt.serves, diff)
			}
			if want := len(tt.retries); len(cached) != 2*want || want > 0 && !slices.Equal(cached[:2], []string{"mirror", "first"}) {
				t.Errorf("served by %s: cached %q; want what is before the batch, once a retry", tt.serves, cached)
			}
			if tt.status == builder.StatusReady {
				from := map[string]string{"one": "one.example", "two": "two.example", "official": "the official source"}[tt.serves]
				if diff := cmp.Diff([]builder.Source{{Batch: "python", Ecosystem: "pip", From: from}}, results[0].Sources); diff != "" {
					t.Errorf("served by %s: sources (-want +got):\n%s", tt.serves, diff)
				}
				if tags := w.tags("x"); tags[p.Templates[0].FingerprintTag()] == "" {
					t.Errorf("served by %s: the build does not carry the plan's fingerprint: %v", tt.serves, tags)
				}
			}
		})
	}
}
