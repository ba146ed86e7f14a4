package e2b

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// recorder writes every request to the log at its debug level: what was asked,
// what came back, how long it took. Bodies, headers and queries, which hold keys
// and signatures, are left out.
type recorder struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if !r.log.Enabled(req.Context(), slog.LevelDebug) {
		return r.next.RoundTrip(req)
	}
	start := time.Now()
	about := []any{"method", req.Method, "url", shown(req)}
	if req.ContentLength > 0 {
		about = append(about, "sent", req.ContentLength)
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		r.log.Debug("request failed", append(about, "took", since(start), "error", err)...)
		return nil, err
	}
	about = append(about, "status", resp.StatusCode)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		r.log.Debug("request", append(about, "took", since(start))...)
		return resp, nil
	}
	resp.Body = &recordedBody{ReadCloser: resp.Body, ended: func(received int64, err error) {
		if err != nil {
			about = append(about, "error", err)
		}
		r.log.Debug("request", append(about, "received", received, "took", since(start))...)
	}}
	return resp, nil
}

// CloseIdleConnections is what http.Client's method of that name looks for.
func (r recorder) CloseIdleConnections() {
	if c, ok := r.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// secretPath marks the context of a request whose path is a secret by itself:
// whoever has a link for an upload may use it.
type secretPath struct{}

func shown(req *http.Request) string {
	if req.Context().Value(secretPath{}) != nil {
		return req.URL.Scheme + "://" + req.URL.Host + "/(upload)"
	}
	return bare(req.URL)
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Microsecond) }

// recordedBody counts what is read of an answer and says so once, when it has
// been read or is closed.
type recordedBody struct {
	io.ReadCloser
	received int64
	once     sync.Once
	ended    func(received int64, err error)
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.received += int64(n)
	if err != nil {
		b.end(err)
	}
	return n, err
}

func (b *recordedBody) Close() error {
	err := b.ReadCloser.Close()
	b.end(err)
	return err
}

func (b *recordedBody) end(err error) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	b.once.Do(func() { b.ended(b.received, err) })
}
