package local

import (
	"net/http"
	"strings"

	"github.com/e2bt/e2bt/e2b"
)

// cache is POST /_e2bt/cache, which E2B does not have: what a build of that
// body would take from the layer store. It changes nothing and pulls nothing.
func (s *Server) cache(w http.ResponseWriter, r *http.Request) error {
	var req e2b.Build
	if err := read(w, r, &req); err != nil {
		return err
	}
	x := &executor{s: s, req: req}
	out := e2b.Cache{Steps: make([]bool, len(req.Steps))}
	known, err := x.baseKey()
	if err != nil {
		return err
	}
	if known {
		out.Base = x.key
		known = req.FromTemplate != "" || x.cached("USER", defaultUser)
	}
	for i, step := range req.Steps {
		if known = known && !req.Force && !step.Force && x.cached(stepKey(step)...); !known {
			break
		}
		out.Steps[i] = true
	}
	return reply(w, http.StatusOK, out)
}

// cached goes on to the layer of a step, where that is in the store.
func (x *executor) cached(parts ...string) bool {
	x.chain(parts...)
	found, ok := x.s.layers.get(x.key)
	if ok {
		x.push(found)
	}
	return ok
}

// baseKey begins the chain as a build would, where its base is here.
func (x *executor) baseKey() (known bool, err error) {
	if x.req.FromTemplate != "" {
		x.s.store.mu.Lock()
		defer x.s.store.mu.Unlock()
		_, b, err := x.s.store.resolve(x.s.opts.Team, x.req.FromTemplate)
		if err != nil {
			return false, nil // it may be built by then
		}
		x.chain(cacheVersion, b.ID)
		return true, nil
	}
	img, err := x.s.opts.Images.Lookup(x.req.FromImage)
	if err != nil || img == nil {
		return false, err
	}
	x.chain(cacheVersion, img.Digest)
	return true, nil
}

// stepKey is what a step adds to the chain.
func stepKey(step e2b.Step) []string {
	return []string{strings.ToUpper(step.Type), strings.Join(step.Args, "\x00"), step.FilesHash}
}
