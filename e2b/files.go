package e2b

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	uploadTimeout = time.Hour       // of one PUT, as the SDKs have it
	uploadIdle    = 5 * time.Minute // without a byte that moves, or an answer after the last one
)

// FileLink asks whether the archive of that hash is stored, and where to put it.
func (c *Client) FileLink(ctx context.Context, templateID, hash string) (FileLink, error) {
	var out FileLink
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/templates/" + url.PathEscape(templateID) + "/files/" + url.PathEscape(hash), out: &out, repeat: true})
	return out, err
}

// UploadFile stores the archive of that hash unless it is there. open gives
// the archive and its size, as often as it is asked; progress, if not nil, is
// told how much was sent. A link that fails is replaced by a fresh one.
func (c *Client) UploadFile(ctx context.Context, templateID, hash string, open func() (io.ReadCloser, int64, error), progress func(sent, total int64)) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		link, err := c.FileLink(ctx, templateID, hash)
		if err != nil || link.Present {
			return err
		}
		if link.URL == "" {
			return errors.New("uploading files: the endpoint gave no link")
		}
		err = c.put(ctx, link, open, progress)
		var local *localError
		var refused *Error
		final := errors.As(err, &local) || errors.As(err, &refused) && !refused.Temporary() && refused.StatusCode != http.StatusForbidden
		if err == nil || final || attempt == attempts || ctx.Err() != nil {
			return err
		}
		pause := jitter(wait)
		if refused != nil {
			pause = max(pause, refused.RetryAfter)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		wait = min(2*wait, longestWait)
	}
}

// localError is trouble on this side, which no fresh link cures.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// put sends an archive to a link. The link is a credential itself: no headers
// of the API go there, and it is in no error.
func (c *Client) put(ctx context.Context, link FileLink, open func() (io.ReadCloser, int64, error), progress func(sent, total int64)) error {
	body, size, err := open()
	if err != nil {
		return &localError{fmt.Errorf("packing files: %w", err)}
	}
	defer body.Close()
	ctx, stop := context.WithCancelCause(context.WithValue(ctx, secretPath{}, true))
	defer stop(nil)
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	idle := time.AfterFunc(uploadIdle, func() { stop(fmt.Errorf("nothing moved for %s", uploadIdle)) })
	defer idle.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, link.URL, &counter{r: body, total: size, report: progress, idle: idle})
	if err != nil {
		return &localError{errors.New("uploading files: the endpoint's link is not a URL")}
	}
	req.ContentLength = size
	for name, value := range link.Headers {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("uploading files: %w", withoutURL(err))
	}
	if resp.StatusCode >= 300 {
		refused := c.refusal(resp)
		refused.URL, refused.Message = "(upload link)", withoutSecrets(refused.Message, req.URL)
		return refused
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody))
	return resp.Body.Close()
}

// withoutSecrets takes what signs a link out of a text.
func withoutSecrets(text string, link *url.URL) string {
	for _, values := range link.Query() {
		for _, value := range values {
			if len(value) >= 8 {
				text = strings.ReplaceAll(text, value, "(sensitive)")
			}
		}
	}
	return text
}

func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// counter reports what was read through it, at most ten times a second.
type counter struct {
	r           io.Reader
	sent, total int64
	report      func(sent, total int64)
	next        time.Time
	idle        *time.Timer // starts anew with every byte
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sent += int64(n)
	if n > 0 {
		c.idle.Reset(uploadIdle)
	}
	if now := time.Now(); c.report != nil && n > 0 && (c.sent == c.total || now.After(c.next)) {
		c.next = now.Add(100 * time.Millisecond)
		c.report(c.sent, c.total)
	}
	return n, err
}
