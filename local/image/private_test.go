package image_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/local/image"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// privateRegistry serves an image to one user alone and returns its reference.
func privateRegistry(t *testing.T, login authn.Basic) string {
	t.Helper()
	all := registry.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != login.Username || password != login.Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		all.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	img, err := crane.Image(map[string][]byte{"etc/os-release": []byte("ID=debian\n")})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/team/base:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img, remote.WithAuth(&login)); err != nil {
		t.Fatal(err)
	}
	return ref.String()
}

// TestPrivateRegistry pulls an image with the right login, a wrong one and none.
func TestPrivateRegistry(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	ref := privateRegistry(t, authn.Basic{Username: "robot", Password: "right-password"})
	for _, c := range []struct {
		name string
		auth *image.Auth
		want string // in the error; "": none
	}{
		{"no login", nil, "access denied"},
		{"wrong password", &image.Auth{Username: "robot", Password: "wrong-password"}, "access denied"},
		{"right password", &image.Auth{Username: "robot", Password: "right-password"}, ""},
	} {
		store, err := image.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		img, err := store.Resolve(context.Background(), ref, image.PullOptions{Auth: c.auth})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v; want the image", c.name, err)
		case c.want == "":
			if text, err := os.ReadFile(filepath.Join(img.Rootfs, "etc/os-release")); err != nil || string(text) != "ID=debian\n" {
				t.Errorf("%s: os-release is %q, %v", c.name, text, err)
			}
		case err == nil || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v; want an error with %q", c.name, err, c.want)
		case strings.Contains(err.Error(), "password"):
			t.Errorf("%s: the error shows the password: %v", c.name, err)
		}
	}
}
