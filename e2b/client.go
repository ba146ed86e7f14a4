package e2b

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	attempts     = 5 // of a request that may be sent again
	firstWait    = 200 * time.Millisecond
	longestWait  = 10 * time.Second
	callTimeout  = 60 * time.Second // of one request, as the SDKs have it
	dialTimeout  = 10 * time.Second
	idleConns    = 100
	maxReplySize = 64 << 20 // bytes of one JSON answer
)

// Options say where the API is and who asks.
type Options struct {
	APIURL     string
	SandboxURL string
	Domain     string
	APIKey     string
	Version    string       // of e2bt, for the User-Agent
	HTTPClient *http.Client // default: one with timeouts of its own
	Logger     *slog.Logger
}

// Client speaks the API. Its methods may be called by many at once. Requests
// that change nothing are sent again when they fail in a way that may pass;
// others only where they surely did not arrive.
type Client struct {
	opts Options
	http *http.Client
	base http.RoundTripper // of http, below what records
	log  *slog.Logger
	ours atomic.Bool // the endpoint said that it is e2bt's own
}

// New makes a client. It does not connect.
func New(opts Options) *Client {
	c := &Client{opts: opts, http: &http.Client{}, log: opts.Logger}
	if opts.HTTPClient != nil {
		*c.http = *opts.HTTPClient
	} else {
		c.http.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2: true, MaxIdleConns: idleConns, MaxIdleConnsPerHost: idleConns, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: dialTimeout, ExpectContinueTimeout: time.Second,
		}
	}
	// net/http would take the key along to whatever host a redirect names.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.base = c.http.Transport; c.base == nil {
		c.base = http.DefaultTransport
	}
	c.http.Transport = recorder{c.base, c.log}
	return c
}

func (c *Client) endpoint() Endpoint {
	return Endpoint{APIURL: c.opts.APIURL, SandboxURL: c.opts.SandboxURL, Domain: c.opts.Domain, APIKey: c.opts.APIKey}
}

// Ours reports whether the endpoint has said that it is e2bt's own server.
func (c *Client) Ours() bool { return c.ours.Load() }

func (c *Client) userAgent() string { return "e2bt/" + c.opts.Version }

// call is one request to the API.
type call struct {
	method string
	path   string // escaped
	query  url.Values
	body   any
	out    any  // the answer goes here; nil: there is none that counts
	repeat bool // it may be sent again even where it may have arrived
	prompt bool // the caller wants to hear of a 429 at once
}

// do sends a call until it is answered, refused for good, or out of attempts.
func (c *Client) do(ctx context.Context, k call) (http.Header, error) {
	body, err := encode(k.body)
	if err != nil {
		return nil, err
	}
	wait := firstWait
	for attempt := 1; ; attempt++ {
		header, err := c.once(ctx, k, body)
		pause, again := k.again(err)
		if err == nil || !again || attempt == attempts || ctx.Err() != nil {
			return header, outcome(k, err)
		}
		c.log.Debug("asking again", "method", k.method, "path", k.path, "attempt", attempt, "error", err)
		if err := sleep(ctx, max(pause, jitter(wait))); err != nil {
			return nil, err
		}
		wait = min(2*wait, longestWait)
	}
}

func encode(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a request: %w", err)
	}
	return body, nil
}

// again decides whether a call that failed is sent again, and how soon at the
// earliest.
func (k call) again(err error) (time.Duration, bool) {
	var refused *Error
	var decode *decodeError
	switch {
	case err == nil, errors.As(err, &decode), untrusted(err):
		return 0, false
	case errors.As(err, &refused):
		// Over a limit the server has done nothing; after a 5xx nobody knows.
		if refused.StatusCode == http.StatusTooManyRequests {
			return refused.RetryAfter, !k.prompt
		}
		return refused.RetryAfter, refused.Temporary() && k.repeat
	}
	return 0, k.repeat || notSent(err)
}

// outcome marks the lost answer to a call that must not be sent twice. A
// gateway's word is no answer of the API.
func outcome(k call, err error) error {
	var refused *Error
	var decode *decodeError
	gateway := errors.As(err, &refused) && (refused.StatusCode == http.StatusBadGateway || refused.StatusCode == http.StatusGatewayTimeout)
	answered := refused != nil && !gateway || errors.As(err, &decode)
	if err == nil || k.repeat || notSent(err) || answered {
		return err
	}
	return &UnknownOutcomeError{err}
}

// notSent reports whether a request surely did not reach its server.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") || untrusted(err)
}

// untrusted reports whether the server could not show who it is, which does
// not pass.
func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

func (c *Client) once(ctx context.Context, k call, body []byte) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	target := c.opts.APIURL + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("X-API-KEY", c.opts.APIKey)
	req.Header.Set("User-Agent", c.userAgent())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.transport(err)
	}
	if strings.HasPrefix(resp.Header.Get("Server"), "e2bt") {
		c.ours.Store(true)
	}
	if resp.StatusCode >= 300 {
		return nil, c.refusal(resp)
	}
	defer resp.Body.Close()
	return resp.Header, c.readReply(resp, k.out)
}

// transport drops the query from the URL in an error of net/http.
func (c *Client) transport(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if at, parseErr := url.Parse(u.URL); parseErr == nil {
			return fmt.Errorf("%s %s: %w", strings.ToUpper(u.Op), bare(at), u.Err)
		}
		return u.Err
	}
	return err
}

// decodeError is an answer that is not what the API promises.
type decodeError struct{ method, url, what string }

func (e *decodeError) Error() string {
	return fmt.Sprintf("%s %s: the answer is not the API's: %s", e.method, e.url, e.what)
}

func (c *Client) readReply(resp *http.Response, out any) error {
	body := io.LimitReader(resp.Body, maxReplySize)
	if out == nil {
		_, err := io.Copy(io.Discard, body) // so that the connection can be used again
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &decodeError{resp.Request.Method, bare(resp.Request.URL), c.redact(strange(text, err))}
	}
	return nil
}

// strange says what an answer is that is no JSON of the API. It does not quote
// it: that may be anything.
func strange(text []byte, err error) string {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		return "it is empty"
	case text[0] == '<':
		return "it is a web page"
	}
	return err.Error()
}

// retryAfter reads the header of that name; servers send seconds.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, time.Minute)
}

// jitter spreads the requests of many clients: between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
