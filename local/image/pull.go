package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Auth is a registry's user and password.
type Auth struct{ Username, Password string }

// PullOptions say how an image is fetched.
type PullOptions struct {
	Auth     *Auth             // nil: as the machine's own Docker configuration says
	Force    bool              // ask the registry even where the image is here
	From     []string          // references to try first, in this order: of mirrors
	Progress func(line string) // may be nil
}

const connectTimeout = 10 * time.Second

// Resolve finds an image in the store, or fetches it from its registry.
func (s *Store) Resolve(ctx context.Context, ref string, opts PullOptions) (*Image, error) {
	here, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	// What was imported or made here is not in a registry.
	if here != nil && (!opts.Force || here.Source != "registry") {
		return here, nil
	}
	_, parsed, err := key(ref)
	if err != nil {
		return nil, err
	}
	img, err := s.fetchFirst(ctx, parsed, opts)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, pullError(ref, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, pullError(ref, err)
	}
	if here != nil && here.Digest == digest.String() {
		return here, nil
	}
	return s.put(ref, "registry", func(dir string) (*Image, error) {
		say(opts.Progress, "Creating file system and pulling Docker image")
		out, err := unpackImage(ctx, img, dir, opts.Progress)
		if err != nil && ctx.Err() == nil && isRemote(err) {
			err = pullError(ref, err)
		}
		return out, err
	})
}

// fetchFirst fetches an image from the first place that has it, the last being
// its own registry.
func (s *Store) fetchFirst(ctx context.Context, ref name.Reference, opts PullOptions) (v1.Image, error) {
	for _, from := range opts.From {
		_, parsed, err := key(from)
		if err != nil {
			return nil, err
		}
		img, err := s.fetch(ctx, parsed, nil)
		if err == nil {
			say(opts.Progress, "Pulling from %s", from)
			return img, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		say(opts.Progress, "%s cannot be had: %s", from, pullError(from, err))
	}
	return s.fetch(ctx, ref, opts.Auth)
}

// Lookup returns the image of that name where it is in the store, else nil.
func (s *Store) Lookup(ref string) (*Image, error) { return s.find(ref) }

func say(progress func(string), format string, args ...any) {
	if progress != nil {
		progress(fmt.Sprintf(format, args...))
	}
}

// newTransport makes what all pulls of a store go through.
func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: connectTimeout}).DialContext
	transport.ResponseHeaderTimeout = time.Minute
	return transport
}

func (s *Store) fetch(ctx context.Context, ref name.Reference, auth *Auth) (v1.Image, error) {
	login := remote.WithAuthFromKeychain(authn.DefaultKeychain)
	if auth != nil {
		login = remote.WithAuth(&authn.Basic{Username: auth.Username, Password: auth.Password})
	}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(s.transport), login,
		remote.WithRetryBackoff(remote.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.1, Steps: 3}),
	}
	found, err := remote.Get(ref, options...)
	if err != nil {
		return nil, err
	}
	if !found.MediaType.IsIndex() {
		return found.Image()
	}
	index, err := found.ImageIndex()
	if err != nil {
		return nil, err
	}
	return pick(index)
}

// unpackImage unpacks all layers of an image into dir.
func unpackImage(ctx context.Context, img v1.Image, dir string, progress func(string)) (*Image, error) {
	file, err := img.ConfigFile()
	if err != nil {
		return nil, &remoteError{err}
	}
	if err := checkPlatform(file); err != nil {
		return nil, err
	}
	if err := checkConfig(img); err != nil {
		return nil, err
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, &remoteError{err}
	}
	if len(layers) != len(file.RootFS.DiffIDs) {
		return nil, &remoteError{fmt.Errorf("the image has %d layers and %d digests of them", len(layers), len(file.RootFS.DiffIDs))}
	}
	u := newUnpacker(dir)
	for i, layer := range layers {
		if err := unpackLayer(ctx, u, layer, file.RootFS.DiffIDs[i], progress); err != nil {
			return nil, err
		}
	}
	say(progress, "Layers extracted")
	digest, err := img.Digest()
	if err != nil {
		return nil, &remoteError{err}
	}
	c := file.Config
	return &Image{Digest: digest.String(), Config: Config{Env: c.Env, User: c.User, WorkingDir: c.WorkingDir, Entrypoint: c.Entrypoint, Cmd: c.Cmd}}, nil
}

// unpackLayer unpacks a layer and makes sure that it is the one that the image's
// configuration names.
func unpackLayer(ctx context.Context, u *unpacker, layer v1.Layer, want v1.Hash, progress func(string)) error {
	if digest, err := layer.Digest(); err == nil {
		size, _ := layer.Size() // only said
		say(progress, "Uncompressing layer %s %.1f MB", digest, float64(size)/1e6)
	}
	body, err := layer.Uncompressed()
	if err != nil {
		return &remoteError{err}
	}
	defer body.Close()
	h := sha256.New()
	if err := u.layer(ctx, io.TeeReader(body, h)); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want.Hex {
		return &remoteError{fmt.Errorf("a layer has digest sha256:%s, not %s as the image says", got, want)}
	}
	return nil
}

// remoteError marks trouble with the other end.
type remoteError struct{ err error }

func (e *remoteError) Error() string { return e.err.Error() }
func (e *remoteError) Unwrap() error { return e.err }
