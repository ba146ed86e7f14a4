package e2b_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

// TestCapabilities tells an API that has a call from one that has not, as
// gateways and frameworks say so.
func TestCapabilities(t *testing.T) {
	missing := map[string]http.HandlerFunc{
		"plain 404": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"405":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"405 in JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusMethodNotAllowed)
			fmt.Fprint(w, `{"code":405,"message":"Method Not Allowed"}`)
		},
		"a web page": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<html>not found</html>")
		},
	}
	for name, lacks := range missing {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client(t, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case strings.HasSuffix(r.URL.Path, "/tags"), strings.Contains(r.URL.Path, "/files/"):
						lacks(w, r)
					case r.URL.Path == "/v2/templates":
						fmt.Fprint(w, "[]")
					default:
						w.WriteHeader(http.StatusNotFound)
						fmt.Fprint(w, `{"code":404,"message":"template not found"}`)
					}
				})
				got, err := c.Capabilities(t.Context())
				if diff := cmp.Diff(e2b.Capabilities{List: true, Aliases: true}, got); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}
