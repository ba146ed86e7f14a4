package e2b

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	maxErrorBody = 64 << 10 // bytes of an error's body that are read
	maxErrorText = 2000     // bytes of it that are shown
)

// Error is a refusal of the API. Its text holds neither key nor query.
type Error struct {
	StatusCode int
	Code       string // the body's error_code, where it has one
	Message    string
	Method     string
	URL        string // without its query
	RetryAfter time.Duration
	WebPage    bool // the body is one: whoever answered is not the API
	FromAPI    bool // the body is an error as the API writes it
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.StatusCode, e.Message)
}

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500 && e.StatusCode != http.StatusNotImplemented
}

// NotFound reports whether err is the API's word that something is not there.
func NotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound && !e.WebPage
}

// UnknownOutcomeError is a request that must not be sent twice and whose answer
// was lost: it may have been carried out.
type UnknownOutcomeError struct{ Err error }

func (e *UnknownOutcomeError) Error() string {
	return "the answer was lost, the request may have been carried out: " + e.Err.Error()
}

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// TimeoutError is a command in a sandbox that did not end in time.
type TimeoutError struct{ Limit time.Duration }

func (e *TimeoutError) Error() string { return fmt.Sprintf("did not end within %s", e.Limit) }

// refusal reads the error of a response and closes it.
func (c *Client) refusal(resp *http.Response) *Error {
	defer resp.Body.Close()
	e := &Error{StatusCode: resp.StatusCode, Method: resp.Request.Method, URL: bare(resp.Request.URL)}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what can be read of it is enough
	var said struct {
		Message   string `json:"message"`
		ErrorCode string `json:"error_code"`
	}
	text := strings.TrimSpace(string(body))
	switch to, err := resp.Location(); {
	case err == nil && resp.StatusCode < 400:
		e.Message = fmt.Sprintf("it sends the client on to %s://%s; check the URL of the endpoint", to.Scheme, to.Host)
	case json.Unmarshal(body, &said) == nil && said.Message != "":
		e.Message, e.Code, e.FromAPI = said.Message, c.redact(said.ErrorCode), true
	case storeError.MatchString(text):
		m := storeError.FindStringSubmatch(text)
		e.Message = m[1] + ": " + m[2]
	case strings.HasPrefix(text, "<"):
		e.Message, e.WebPage = http.StatusText(resp.StatusCode)+" (a web page, not the API's answer)", true
	case text == "":
		e.Message = http.StatusText(resp.StatusCode)
	default:
		e.Message = text
	}
	e.Message = shorten(c.redact(e.Message))
	e.RetryAfter = retryAfter(resp.Header)
	return e
}

// storeError is how object stores, where uploads go, say what is wrong.
var storeError = regexp.MustCompile(`(?s)^<.*<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>`)

// shorten cuts a text that nobody would read to its end.
func shorten(text string) string {
	if len(text) <= maxErrorText {
		return text
	}
	return strings.ToValidUTF8(text[:maxErrorText], "") + "..."
}

// bare is a URL without user, query and fragment, which may hold secrets.
func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// redact takes the key out of a text.
func (c *Client) redact(text string) string {
	if len(c.opts.APIKey) < 4 {
		return text
	}
	return strings.ReplaceAll(text, c.opts.APIKey, "(sensitive)")
}
