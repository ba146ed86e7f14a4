package e2b

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/filesystem"
)

// FileInfo is what a path in a sandbox is; links are followed.
type FileInfo struct {
	Path string // absolute
	Dir  bool
	Size int64
}

// Stat looks at a path of a sandbox as a user sees it; "" is the template's. The
// error is fs.ErrNotExist where there is nothing.
func (s *Sandbox) Stat(ctx context.Context, path, user string) (FileInfo, error) {
	resp, err := s.files().Stat(ctx, request(s, &filesystem.StatRequest{Path: path}, user))
	switch {
	case connect.CodeOf(err) == connect.CodeNotFound:
		return FileInfo{}, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	case err != nil:
		return FileInfo{}, s.failed(ctx, Command{}, err)
	}
	e := resp.Msg.GetEntry()
	return FileInfo{e.GetPath(), e.GetType() == filesystem.FileType_FILE_TYPE_DIRECTORY, e.GetSize()}, nil
}

// ReadFile opens a file of a sandbox.
func (s *Sandbox) ReadFile(ctx context.Context, path, user string) (io.ReadCloser, error) {
	resp, err := s.transfer(ctx, http.MethodGet, path, user, nil, "")
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// WriteFile puts what it reads into a file of a sandbox, which the user then
// owns, and makes the directories that it needs.
func (s *Sandbox) WriteFile(ctx context.Context, path, user string, from io.Reader) error {
	body, form := io.Pipe()
	parts := multipart.NewWriter(form)
	go func() {
		part, err := parts.CreateFormFile("file", path)
		if err == nil {
			_, err = io.Copy(part, from)
		}
		if err == nil {
			err = parts.Close()
		}
		form.CloseWithError(err)
	}()
	resp, err := s.transfer(ctx, http.MethodPost, path, user, body, parts.FormDataContentType())
	body.CloseWithError(err) // the writer stops where nobody reads any longer
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	return joinClose(err, resp.Body)
}

func joinClose(err error, c io.Closer) error {
	if closeErr := c.Close(); err == nil {
		return closeErr
	}
	return err
}

func (s *Sandbox) transfer(ctx context.Context, method, path, user string, body io.Reader, kind string) (*http.Response, error) {
	query := url.Values{"path": {path}}
	if user != "" {
		query.Set("username", user)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/files?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	s.address(req.Header, user)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := envdHTTP{s.client}.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, s.ended(ctx, err)
	case resp.StatusCode == http.StatusBadGateway:
		resp.Body.Close()
		return nil, s.ended(ctx, nil)
	case resp.StatusCode >= 300:
		return nil, s.client.refusal(resp)
	}
	return resp, nil
}
