package local_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// pushed puts an image into a registry on loopback, and counts how often its
// layer is fetched.
func pushed(t *testing.T, env []string, files map[string]string) (ref string, fetched *atomic.Int32) {
	t.Helper()
	fetched = new(atomic.Int32)
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	var layerDigest atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if digest, ok := layerDigest.Load().(string); ok && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, digest) {
			fetched.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	files["etc/os-release"] = "ID=debian\n"
	file := filepath.Join(t.TempDir(), "layer.tar")
	if err := os.WriteFile(file, tarOf(t, files), 0o600); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(emptyImage(t, env), layer)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	layerDigest.Store(digest.String())
	ref = strings.TrimPrefix(server.URL, "http://") + "/base:v1"
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, img); err != nil {
		t.Fatal(err)
	}
	fetched.Store(0)
	return ref, fetched
}

// TestPulledBase: builds from a registry's image, with its environment; those
// that want it at once fetch it once.
func TestPulledBase(t *testing.T) {
	t.Parallel()
	ref, fetched := pushed(t, []string{"FROM_IMAGE=yes", "PATH=/opt/bin"}, map[string]string{"etc/issue": "pulled\n"})
	a := start(t)
	var all sync.WaitGroup
	builds := make([]finished, 4)
	for i := range builds {
		all.Go(func() {
			builds[i] = a.build(fmt.Sprint("t", i), e2b.Build{FromImage: ref, Steps: []e2b.Step{run(fmt.Sprintf("cat /etc/issue; echo $FROM_IMAGE $PATH; pwd # %d", i))}})
		})
	}
	all.Wait()
	pulled := 0
	for _, f := range builds {
		if f.Status != e2b.StateReady {
			t.Fatalf("a build is %s: %+v", f.Status, f.Reason)
		}
		if want := "pulled\nyes /opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/home/user"; f.stdout("1") != want {
			t.Errorf("the step said %q; want %q", f.stdout("1"), want)
		}
		if strings.Contains(shape(f), "Creating file system and pulling Docker image") {
			pulled++
		}
	}
	if n := fetched.Load(); n != 1 || pulled != 1 {
		t.Errorf("the layer was fetched %d times, and %d builds said so; want once", n, pulled)
	}
	want := "info base: Creating file system and pulling Docker image\ninfo base: Uncompressing layer DIGEST 0.0 MB\ninfo base: Layers extracted\ninfo base: [base] FROM " + ref + " [HASH]\n"
	b := startIn(t, newHome(t), local.Options{})
	got := digests.ReplaceAllString(shape(b.build("web", e2b.Build{FromImage: ref})), "DIGEST")
	if !strings.Contains(got, want) {
		t.Errorf("the log:\n%s\nwant in it:\n%s", got, want)
	}
}

var discard = slog.New(slog.DiscardHandler)

// TestCollect: base images without a name stay as long as a template stands on them.
func TestCollect(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	for i, image := range []string{"used", "deleted", "failed", "unused"} {
		importBase(t, home, image, map[string]string{"n": fmt.Sprint(i)})
	}
	a := startIn(t, home, local.Options{})
	a.build("used", e2b.Build{FromImage: "used"})
	a.build("child", e2b.Build{FromTemplate: "used"})
	a.build("deleted", e2b.Build{FromImage: "deleted"})
	a.build("failed", e2b.Build{FromImage: "failed", Steps: []e2b.Step{run("false")}})
	for _, template := range []string{"deleted", "used"} { // child still stands on used
		if status, text := a.call("DELETE", "/templates/"+template, nil); status != http.StatusNoContent {
			t.Fatal(text)
		}
	}
	store := images(t, home)
	for _, image := range []string{"used", "deleted", "failed", "unused"} {
		if err := store.Remove(image); err != nil {
			t.Fatal(err)
		}
	}
	var held *local.HeldError
	if err := local.Collect(home, store, discard); !errors.As(err, &held) {
		t.Errorf("Collect under a server: %v; want a HeldError", err)
	}
	a.close()
	if err := local.Collect(home, store, discard); err != nil {
		t.Fatal(err)
	}
	var got []string
	found, err := filepath.Glob(filepath.Join(home, "images", "sha256-*", "n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	if diff := cmp.Diff([]string{"0"}, got); diff != "" {
		t.Errorf("the images that are kept (-want +got): %s", diff)
	}
	b := startIn(t, home, local.Options{})
	if got := b.output(b.sandbox("child"), "cat /n"); got != "0" {
		t.Errorf("a sandbox on it says %q", got)
	}
	if err := local.Collect(filepath.Join(t.TempDir(), "none"), images(t, filepath.Join(t.TempDir(), "none")), discard); err != nil {
		t.Errorf("Collect where nothing is: %v", err)
	}
}

var digests = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

func emptyImage(t *testing.T, env []string) v1.Image {
	t.Helper()
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Architecture: runtime.GOARCH, OS: "linux", RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{Env: env, WorkingDir: "/image"}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}
