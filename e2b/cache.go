package e2b

import (
	"context"
	"net/http"
	"net/url"
)

// Cache is what an endpoint would take from its cache for a build.
type Cache struct {
	Base  string `json:"base"`  // the key of the base layer; "" : the base is not there yet
	Steps []bool `json:"steps"` // by step
}

// Cache asks what of a build is cached. E2B has no such call, only e2bt's own
// server has: ok says whether this endpoint is one, as its earlier answers tell.
func (c *Client) Cache(ctx context.Context, b Build) (cache Cache, ok bool, err error) {
	if !c.ours.Load() {
		return cache, false, nil
	}
	b.FromImageRegistry = nil
	_, err = c.do(ctx, call{method: http.MethodPost, path: "/_e2bt/cache", body: b, out: &cache, repeat: true})
	return cache, err == nil && len(cache.Steps) == len(b.Steps), err
}

// DeleteBuild deletes a build that no tag points to. E2B keeps all builds; ok
// says whether this endpoint is e2bt's own server, as its earlier answers tell.
func (c *Client) DeleteBuild(ctx context.Context, templateID, buildID string) (ok bool, err error) {
	if !c.ours.Load() {
		return false, nil
	}
	_, err = c.do(ctx, call{method: http.MethodDelete, path: "/_e2bt/templates/" + url.PathEscape(templateID) + "/builds/" + url.PathEscape(buildID), repeat: true})
	if NotFound(err) {
		err = nil // it is gone already
	}
	return true, err
}
