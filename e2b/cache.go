package e2b

import (
	"context"
	"net/http"
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
