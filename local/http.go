package local

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxBody is the largest JSON body, as on E2B.
const maxBody = 16 << 20

// apiError is a refusal; the status is also in the body, where SDKs look.
type apiError struct {
	code    int
	message string
}

func (e *apiError) Error() string { return e.message }

func refuse(code int, format string, args ...any) error {
	return &apiError{code, fmt.Sprintf(format, args...)}
}

// handler answers a request or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		writeError(w, err)
	}
}

// answers gives a handler whose errors tell clients nothing of where the server
// keeps its files.
func (s *Server) answers(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		var refused *apiError
		if err == nil || errors.As(err, &refused) {
			return err
		}
		return &apiError{http.StatusInternalServerError, s.public(err)}
	}
}

// public is the text of an error as clients may see it.
func (s *Server) public(err error) string {
	return strings.ReplaceAll(err.Error(), s.opts.Home, "$E2BT_HOME")
}

func writeError(w http.ResponseWriter, err error) {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{http.StatusInternalServerError, err.Error()}
	}
	body := map[string]any{"code": refused.code, "message": refused.message}
	if gone, ok := errors.AsType[*goneError](err); ok && gone.why != "" {
		body["error_code"] = gone.why
	}
	_ = reply(w, refused.code, body)
}

// reply writes v as JSON; a nil v is an empty body, with the length that some
// SDKs insist on.
func reply(w http.ResponseWriter, code int, v any) error {
	if v == nil {
		if code != http.StatusNoContent {
			w.Header().Set("Content-Length", "0")
		}
		w.WriteHeader(code)
		return nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client is gone: nobody is left to be told
	return nil
}

// read decodes a JSON body; unknown keys are another SDK's and are ignored.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return refuse(http.StatusRequestEntityTooLarge, "request body is larger than %d bytes", maxBody)
	}
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "validation error: %s", err)
	}
	return nil
}

// authorized lets a request through that carries the key.
func (s *Server) authorized(h handler) http.Handler {
	return s.answers(func(w http.ResponseWriter, r *http.Request) error {
		if !same(r.Header.Get("X-API-KEY"), s.opts.APIKey) {
			return refuse(http.StatusUnauthorized, "Invalid API key")
		}
		return h(w, r)
	})
}

// same compares secrets; how long that takes tells nothing of them.
func same(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func notThere(_ http.ResponseWriter, r *http.Request) error {
	return refuse(http.StatusNotFound, "no such endpoint: %s %s", r.Method, r.URL.Path)
}

// number reads a query parameter from least to most.
func number(r *http.Request, name string, otherwise, least, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, refuse(http.StatusBadRequest, "validation error: parameter %q must be a number from %d to %d", name, least, most)
	}
	return n, nil
}
