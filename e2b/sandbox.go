package e2b

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/filesystem/filesystemconnect"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
)

// envdPort is the port of a sandbox on which envd answers.
const envdPort = 49983

// Sandbox is a running sandbox.
type Sandbox struct {
	SandboxInfo
	client *Client
	url    string       // of its envd
	limit  time.Time    // when its time is over; zero where that is not known
	memory atomic.Int64 // percent of it that were last seen in use
	rpc    processconnect.ProcessClient
}

// CreateSandbox starts a sandbox of a template. It asks again after what may
// pass; where an answer was lost, the sandbox that nobody knows ends by its own
// time limit.
func (c *Client) CreateSandbox(ctx context.Context, req NewSandbox) (*Sandbox, error) {
	s := &Sandbox{client: c}
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/v2/sandboxes", body: req, out: &s.SandboxInfo, repeat: true})
	if err != nil {
		return nil, err
	}
	if req.Timeout > 0 {
		s.limit = time.Now().Add(time.Duration(req.Timeout) * time.Second)
	}
	s.reach()
	return s, nil
}

// FindSandbox finds a sandbox that is there; one that is paused wakes, and then
// lives that long.
func (c *Client) FindSandbox(ctx context.Context, id string, life time.Duration) (*Sandbox, error) {
	detail, err := c.sandboxDetail(ctx, id)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{client: c, SandboxInfo: detail.SandboxInfo, limit: detail.EndAt}
	if detail.State == SandboxPaused {
		_, err := c.do(ctx, call{method: http.MethodPost, path: "/sandboxes/" + url.PathEscape(id) + "/connect", body: sandboxLife{seconds(life)}, out: &s.SandboxInfo, repeat: true})
		if err != nil {
			return nil, fmt.Errorf("waking the sandbox: %w", err)
		}
		s.limit = time.Now().Add(life)
	}
	s.reach()
	return s, nil
}

func (c *Client) sandboxDetail(ctx context.Context, id string) (SandboxDetail, error) {
	var out SandboxDetail
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/sandboxes/" + url.PathEscape(id), out: &out, repeat: true})
	return out, err
}

// Sandboxes lists the sandboxes of the team, paused ones as well.
func (c *Client) Sandboxes(ctx context.Context, metadata map[string]string) ([]SandboxDetail, error) {
	query := url.Values{"limit": {"100"}, "state": {"running,paused"}}
	if len(metadata) > 0 {
		pairs := url.Values{}
		for name, value := range metadata {
			pairs.Set(name, value)
		}
		query.Set("metadata", pairs.Encode())
	}
	var all []SandboxDetail
	for {
		var page []SandboxDetail
		header, err := c.do(ctx, call{method: http.MethodGet, path: "/v2/sandboxes", query: query, out: &page, repeat: true})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		next := header.Get("X-Next-Token")
		if next == "" || len(page) == 0 {
			return all, nil
		}
		query.Set("nextToken", next)
	}
}

// reach makes the client of the sandbox's own API.
func (s *Sandbox) reach() {
	at := s.client.endpoint()
	if s.Domain != nil && *s.Domain != "" {
		at.Domain = *s.Domain
	}
	s.url = at.sandboxURL(s.SandboxID)
	s.rpc = processconnect.NewProcessClient(envdHTTP{s.client}, s.url, connect.WithProtoJSON())
}

// files is the client of the part of its API that is about files.
func (s *Sandbox) files() filesystemconnect.FilesystemClient {
	return filesystemconnect.NewFilesystemClient(envdHTTP{s.client}, s.url, connect.WithProtoJSON())
}

// SetTimeout lets the sandbox live for that long from now.
func (s *Sandbox) SetTimeout(ctx context.Context, life time.Duration) error {
	_, err := s.client.do(ctx, call{method: http.MethodPost, path: "/sandboxes/" + url.PathEscape(s.SandboxID) + "/timeout", body: sandboxLife{seconds(life)}, repeat: true})
	return err
}

// seconds of a time, rounded up, for the API.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// envdHTTP sends the requests of the RPC library, which would name itself.
type envdHTTP struct{ *Client }

func (c envdHTTP) Do(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", c.userAgent())
	return c.http.Do(req)
}

// Kill ends the sandbox. One that is gone already is no error.
func (s *Sandbox) Kill(ctx context.Context) error {
	_, err := s.client.KillSandbox(ctx, s.SandboxID)
	return err
}

// KillSandbox ends a sandbox; it reports whether there was one.
func (c *Client) KillSandbox(ctx context.Context, id string) (bool, error) {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/sandboxes/" + url.PathEscape(id), repeat: true})
	if NotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// MemoryTight reports whether almost all of its memory was last seen in use.
func (s *Sandbox) MemoryTight() bool { return float64(s.memory.Load()) >= 100*tightPart }

// address says which sandbox is meant, and who asks.
func (s *Sandbox) address(h http.Header, user string) {
	h.Set("E2b-Sandbox-Id", s.SandboxID)
	h.Set("E2b-Sandbox-Port", fmt.Sprint(envdPort))
	h.Set("Keepalive-Ping-Interval", "50")
	if s.EnvdAccessToken != "" {
		h.Set("X-Access-Token", s.EnvdAccessToken)
	}
	if user != "" {
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":")))
	}
}
