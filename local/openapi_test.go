package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// description is E2B's own description of its API; "" where it is not at hand.
var description = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "shared", "spec", "e2b-openapi.yml"))
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	return gorillamux.NewRouter(doc)
})

// plainError checks that an error has the form that all of them have.
func plainError(status int, body []byte) error {
	var e struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Code != status || e.Message == "" {
		return fmt.Errorf("no error of the API's form: %v", err)
	}
	return nil
}

// conforming holds every answer of a server against the description of the API.
// What is e2bt's own, or what a sandbox answers, is not in it.
func conforming(t testing.TB, server http.Handler) http.Handler {
	router, err := description()
	if err != nil {
		return server // TestConforms says so
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("E2b-Sandbox-Id") != "" || strings.HasPrefix(r.URL.Path, "/_") || r.URL.Path == "/health" || r.URL.Path == "/files" {
			server.ServeHTTP(w, r)
			return
		}
		asked := r.Clone(context.Background())
		asked.URL = &url.URL{Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery}
		route, params, err := router.FindRoute(asked)
		if err != nil {
			server.ServeHTTP(w, r)
			return
		}
		said := httptest.NewRecorder()
		server.ServeHTTP(said, r)
		body := said.Body.Bytes()
		err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
			Status:                 said.Code, Header: said.Header(), Body: io.NopCloser(bytes.NewReader(body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
		})
		if declared := route.Operation.Responses.Status(said.Code) != nil; !declared && said.Code >= 400 {
			err = plainError(said.Code, body) // the description leaves out many of those that E2B sends
		}
		if err != nil {
			t.Errorf("%s %.100s: %d %.1000s\n%v", r.Method, r.URL, said.Code, body, err)
		}
		for name, values := range said.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(said.Code)
		_, _ = w.Write(body)
	})
}

// TestConforms says where the description is not at hand; else every test of
// this package holds the server against it.
func TestConforms(t *testing.T) {
	if _, err := description(); err != nil {
		t.Skipf("needs E2B's description of its API: %v", err)
	}
}
