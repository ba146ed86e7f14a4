package local

import (
	"context"
	"fmt"
	"strings"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
)

// cacheVersion changes when the same steps would give another result.
const cacheVersion = "e2bt-local-1"

// defaultUser is the user that every template made from an image gets.
const defaultUser = "user"

func engineSpec(lowers []string, upper, work string, memory int) engine.Spec {
	return engine.Spec{Lowers: lowers, Upper: upper, Work: work, Hostname: "e2b", MemoryMB: memory}
}

// base finds what the build starts from.
func (x *executor) base(ctx context.Context) error {
	if x.req.FromTemplate != "" {
		return x.baseTemplate()
	}
	ref := x.req.FromImage
	cached := "CACHED "
	opts := image.PullOptions{Force: x.req.Force, Progress: func(line string) {
		cached = ""
		x.info("%s", line)
	}}
	if r := x.req.FromImageRegistry; r != nil {
		auth, err := imageAuth(r)
		if err != nil {
			return err
		}
		opts.Auth = auth
	}
	img, err := x.s.resolve(ctx, ref, opts)
	if err != nil {
		return err
	}
	x.res.Image = img.Digest
	x.res.Context = stepContext{User: "root"}.with(pairs(img.Config.Env))
	x.res.Context.Workdir = "" // E2B starts in the home of user, wherever the image starts
	x.info("%s[base] FROM %s [%s]", cached, ref, x.chain(cacheVersion, img.Digest))
	x.say("debug", "[base] digest "+img.Digest)
	x.chain("USER", defaultUser)
	return x.layer(ctx, "[base] DEFAULT USER "+defaultUser, func(box Sandbox) (stepContext, error) {
		next := x.res.Context
		next.User = defaultUser
		return next, box.AddUser(defaultUser, true)
	})
}

// resolve finds an image. Builds that want the same one at once fetch it once.
func (s *Server) resolve(ctx context.Context, ref string, opts image.PullOptions) (*image.Image, error) {
	release, err := s.pulling.take(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer release()
	return s.opts.Images.Resolve(ctx, ref, opts)
}

// imageAuth turns the credentials of a request into what a registry takes.
func imageAuth(r *e2b.Registry) (*image.Auth, error) {
	if r.Type != "registry" {
		return nil, fmt.Errorf("the local engine cannot log in to a registry of type %q: give a user name and a password, or import the image", r.Type)
	}
	return &image.Auth{Username: r.Username, Password: r.Password}, nil
}

func pairs(env []string) map[string]string {
	out := map[string]string{}
	for _, e := range env {
		if key, value, ok := strings.Cut(e, "="); ok {
			out[key] = value
		}
	}
	return out
}

// baseTemplate starts from a finished build. Start and ready commands are
// inherited unless one of them is given.
func (x *executor) baseTemplate() error {
	x.s.store.mu.Lock()
	t, b, err := x.s.store.resolve(x.s.opts.Team, x.req.FromTemplate)
	x.s.store.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := x.s.lowers(b.Result); err != nil {
		return err
	}
	x.res = *b.Result
	x.res.Layers = append([]string(nil), b.Result.Layers...)
	if x.req.StartCmd == "" && x.req.ReadyCmd == "" {
		x.req.StartCmd, x.req.ReadyCmd = b.Result.StartCmd, b.Result.ReadyCmd
	}
	x.info("CACHED [base] FROM TEMPLATE %s [%s]", t.Alias, x.chain(cacheVersion, b.ID))
	return nil
}
