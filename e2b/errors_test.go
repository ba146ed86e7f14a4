package e2b_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/e2bt/e2bt/e2b"
)

func readAll(t testing.TB, r *http.Request) string {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("reading a request: %v", err)
	}
	return string(text)
}

// TestErrorText wants errors that fit on a screen, whatever a server sends.
func TestErrorText(t *testing.T) {
	long := strings.Repeat("long ", 4000)
	tests := []struct {
		name, kind, body string
		status           int
		want             string
	}{
		{"the API's own", "application/json", `{"code":404,"message":"template 'x' not found"}`, 404, "GET http://api.test/templates/x: 404 template 'x' not found"},
		{"plain text", "text/plain", "no such thing\n", 404, "GET http://api.test/templates/x: 404 no such thing"},
		{"nothing", "", "", 403, "GET http://api.test/templates/x: 403 Forbidden"},
		{"JSON without message", "application/json", `{"detail":"quota"}`, 403, `GET http://api.test/templates/x: 403 {"detail":"quota"}`},
		{"a gateway's page", "text/html", "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n<body>" + long, 404,
			"GET http://api.test/templates/x: 404 Not Found (a web page, not the API's answer)"},
		{"a page that says no type", "", "\n <html>\n<center>nginx</center>", 400, "GET http://api.test/templates/x: 400 Bad Request (a web page, not the API's answer)"},
		{"a long message", "application/json", `{"code":400,"message":"` + long + `"}`, 400, "GET http://api.test/templates/x: 400 " + strings.Repeat("long ", 400) + "..."},
		{"a long text", "text/plain", strings.Repeat("é", 5000), 400, "GET http://api.test/templates/x: 400 " + strings.Repeat("é", 1000) + "..."},
		{"an object store's", "application/xml", "<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>Reduce your\nrate.</Message><HostId>x</HostId></Error>", 400,
			"GET http://api.test/templates/x: 400 SlowDown: Reduce your\nrate."},
		{"an unknown status", "", "", 499, "GET http://api.test/templates/x: 499 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header()["Content-Type"] = nil
					if tt.kind != "" {
						w.Header().Set("Content-Type", tt.kind)
					}
					w.WriteHeader(tt.status)
					_, _ = io.WriteString(w, tt.body)
				})
				_, err := c.Template(t.Context(), "x")
				if err == nil || err.Error() != tt.want {
					t.Errorf("error = %v; want %s", err, tt.want)
				}
			})
		})
	}
}

func TestErrorFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"code":409,"message":"taken","error_code":"alias_taken"}`)
		})
		err := c.Trigger(t.Context(), "t", "b", e2b.Build{})
		var got *e2b.Error
		if !errors.As(err, &got) {
			t.Fatalf("error = %v; want an *e2b.Error", err)
		}
		want := e2b.Error{StatusCode: 409, Code: "alias_taken", Message: "taken", Method: "POST", URL: "http://api.test/v2/templates/t/builds/b", FromAPI: true}
		if *got != want {
			t.Errorf("error = %+v; want %+v", *got, want)
		}
	})
}

// TestKeyStaysSecret has a server that echoes the key in every place that an
// error's text is made of.
func TestKeyStaysSecret(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"message": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"code":401,"message":"bad key %s","error_code":"bad_%[1]s"}`, r.Header.Get("X-API-KEY"))
		},
		"text":     func(w http.ResponseWriter, r *http.Request) { http.Error(w, "bad key "+r.Header.Get("X-API-KEY"), 400) },
		"cut text": func(w http.ResponseWriter, r *http.Request) { http.Error(w, strings.Repeat("x", 1980)+key, 400) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://other.test/"+r.Header.Get("X-API-KEY")+"?k="+key, 302)
		},
		"not JSON": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, key) },
		"wrong JSON": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"createdAt":%q,"templateID":[%[1]q]}`, key)
		},
	}
	for name, h := range handlers {
		for _, c := range calls {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					err := c.do(t.Context(), client(t, h))
					if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, unwrapped(err)), key[:30]) {
						t.Errorf("error = %#v; it holds the key", unwrapped(err))
					}
				})
			})
		}
	}
}

func unwrapped(err error) error {
	var refused *e2b.Error
	if errors.As(err, &refused) {
		return refused
	}
	return err
}

// The key goes to the API's host alone: a redirect is told, not followed.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, c := range calls {
			t.Run(fmt.Sprint(status)+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					requests := 0
					err := c.do(t.Context(), client(t, func(w http.ResponseWriter, r *http.Request) {
						requests++
						if r.Host != "api.test" {
							t.Errorf("a request to %s with key %q", r.Host, r.Header.Get("X-API-KEY"))
						}
						http.Redirect(w, r, "https://other.test/login?session=abc", status)
					}))
					if requests != 1 {
						t.Errorf("%d requests; want 1", requests)
					}
					if err == nil || !strings.Contains(err.Error(), "sends the client on to https://other.test") || strings.Contains(err.Error(), "session") {
						t.Errorf("error = %v; want one that names the other host", err)
					}
				})
			})
		}
	}
}

func TestNotFound(t *testing.T) {
	for status, want := range map[int]bool{404: true, 400: false, 403: false} {
		err := fmt.Errorf("looking: %w", &e2b.Error{StatusCode: status})
		if got := e2b.NotFound(err); got != want {
			t.Errorf("NotFound(%d) = %v; want %v", status, got, want)
		}
	}
	if e2b.NotFound(nil) || e2b.NotFound(context.Canceled) {
		t.Error("NotFound takes other errors for the API's")
	}
}
