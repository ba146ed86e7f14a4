package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// hub is a registry on loopback. What stands before it may answer in its place.
type hub struct {
	t      *testing.T
	host   string
	before atomic.Pointer[http.HandlerFunc]
	asked  atomic.Int32
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{t: t}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		if before := h.before.Load(); before != nil {
			lie := &lying{ResponseWriter: w}
			(*before)(lie, r)
			if lie.answered {
				return
			}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.host = strings.TrimPrefix(server.URL, "http://")
	return h
}

// lying notes whether anything was answered.
type lying struct {
	http.ResponseWriter
	answered bool
}

func (l *lying) WriteHeader(code int) { l.answered = true; l.ResponseWriter.WriteHeader(code) }

func (l *lying) Write(p []byte) (int, error) { l.answered = true; return l.ResponseWriter.Write(p) }

// instead answers every request in the registry's place, unless f writes nothing.
func (h *hub) instead(f func(w http.ResponseWriter, r *http.Request)) {
	handler := http.HandlerFunc(f)
	h.before.Store(&handler)
}

// push stores an image or an index and returns its reference.
func (h *hub) push(repository string, what any) string {
	h.t.Helper()
	ref := h.host + "/" + repository
	parsed, err := name.ParseReference(ref)
	if err != nil {
		h.t.Fatal(err)
	}
	switch w := what.(type) {
	case v1.Image:
		err = remote.Write(parsed, w)
	case v1.ImageIndex:
		err = remote.WriteIndex(parsed, w)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return ref
}

func small(t *testing.T, text string) v1.Image {
	t.Helper()
	return imageOf(t, tarOf(t, debian, entry{name: "text", text: text}))
}

func TestPull(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	img := imageOf(t, tarOf(t, debian, entry{name: "a", text: "1"}), tarOf(t, entry{name: ".wh.a"}, entry{name: "b", text: "2"}))
	digest := must(img.Digest()).String()
	ref := h.push("some/image:v1", img)
	s := newStore(t)
	var said []string
	got, err := s.Resolve(context.Background(), ref, PullOptions{Progress: func(line string) { said = append(said, line) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"etc": "0755 dir", "etc/os-release": "0644 ID=debian\n", "b": "0644 2"}, tree(t, got.Rootfs)); diff != "" {
		t.Errorf("the files (-want +got):\n%s", diff)
	}
	if got.Digest != digest || got.Source != "registry" || got.Name != ref || got.Config.User != "ann" {
		t.Errorf("the image: %+v", got)
	}
	lines := regexp.MustCompile(`sha256:[0-9a-f]{64}`).ReplaceAllString(strings.Join(said, "\n"), "DIGEST")
	want := "Creating file system and pulling Docker image\nUncompressing layer DIGEST 0.0 MB\nUncompressing layer DIGEST 0.0 MB\nLayers extracted"
	if lines != want {
		t.Errorf("it said:\n%s\nwant:\n%s", lines, want)
	}
	before := h.asked.Load()
	for _, same := range []string{ref, " " + ref + " "} {
		if again, err := s.Resolve(context.Background(), same, PullOptions{}); err != nil || again.Rootfs != got.Rootfs {
			t.Errorf("Resolve(%q) = %+v, %v", same, again, err)
		}
	}
	if asked := h.asked.Load() - before; asked != 0 {
		t.Errorf("the registry was asked %d times for an image that is here", asked)
	}
	pinned, err := s.Resolve(context.Background(), h.host+"/some/image@"+digest, PullOptions{})
	if err != nil || pinned.Digest != digest || pinned.Rootfs != got.Rootfs {
		t.Errorf("by digest: %+v, %v", pinned, err)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
}

// TestPullForced: a tag that has moved is fetched anew where that is asked for.
func TestPullForced(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s := newStore(t)
	ref := h.push("image:latest", small(t, "old"))
	resolve := func(force bool) string {
		t.Helper()
		img, err := s.Resolve(context.Background(), ref, PullOptions{Force: force})
		if err != nil {
			t.Fatal(err)
		}
		return string(read(t, img.Rootfs+"/text"))
	}
	first := resolve(true)
	h.push("image:latest", small(t, "new"))
	if got := []string{first, resolve(false), resolve(true), resolve(false)}; !cmp.Equal(got, []string{"old", "old", "new", "new"}) {
		t.Errorf("the texts: %q", got)
	}
	said := 0
	if _, err := s.Resolve(context.Background(), ref, PullOptions{Force: true, Progress: func(string) { said++ }}); err != nil || said != 0 {
		t.Errorf("forced, and the same as before: %v; it said %d lines, want none", err, said)
	}
	if old := left(t, s); len(old) != 1 {
		t.Errorf("the old files: %s; want them kept for builds that stand on them", old)
	}
}

// TestPullPlatform: of an index the image for this machine.
func TestPullPlatform(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	add := func(index v1.ImageIndex, arch string, img v1.Image) v1.ImageIndex {
		return mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: map[bool]string{true: "unknown", false: "linux"}[arch == "unknown"], Architecture: arch}}})
	}
	other := imageFor(t, "other", tarOf(t, debian, entry{name: "text", text: "other"}))
	index := add(add(add(empty.Index, "unknown", small(t, "attestation")), "other", other), runtime.GOARCH, small(t, "mine"))
	nested := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: add(empty.Index, "other", other)}, mutate.IndexAddendum{Add: index})
	for repository, index := range map[string]v1.ImageIndex{"index": index, "nested": nested} {
		img, err := newStore(t).Resolve(context.Background(), h.push(repository, index), PullOptions{})
		if err != nil {
			t.Errorf("%s: %v", repository, err)
			continue
		}
		if got := string(read(t, img.Rootfs+"/text")); got != "mine" {
			t.Errorf("%s: the image for %q", repository, got)
		}
	}
	want := fmt.Sprintf(`image architecture "other" does not match expected %q`, runtime.GOARCH)
	for repository, what := range map[string]any{"others": add(empty.Index, "other", other), "single": other} {
		_, err := newStore(t).Resolve(context.Background(), h.push(repository, what), PullOptions{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", repository, err, want)
		}
	}
}

func answer(code int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return // the registry itself is there
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// TestPullErrors: a registry's refusals, in E2B's words.
func TestPullErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		code   int
		body   string
		want   string // REF is the reference
		prefix bool
	}{
		{"no such tag", 404, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`, "image 'REF' not found: the image or tag does not exist in the registry", false},
		{"no such repository", 404, `{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}`, "repository 'REF' not found: verify the image name is correct", false},
		{"not found", 404, "", "image 'REF' not found: the image or tag does not exist in the registry", false},
		{"unauthorized", 401, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, "access denied to 'REF': authentication required or insufficient permissions", false},
		{"denied", 403, `{"errors":[{"code":"DENIED","message":"denied"}]}`, "access denied to 'REF': authentication required or insufficient permissions", false},
		{"rate limit", 429, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`, "failed to pull image 'REF': registry returned status code 429", false},
		{"broken", 500, "<html>oops</html>", "failed to pull image 'REF': registry returned status code 500", false},
		{"gone", 410, "", "failed to pull image 'REF': registry returned status code 410", false},
		{"no JSON", 200, "<html>a portal</html>", "failed to pull image 'REF': ", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			h.instead(answer(c.code, c.body))
			ref, s := h.host+"/some/image:v1", newStore(t)
			_, err := s.Resolve(context.Background(), ref, PullOptions{})
			var known *Error
			want := strings.ReplaceAll(c.want, "REF", ref)
			if !errors.As(err, &known) || known.Text != want && !(c.prefix && strings.HasPrefix(known.Text, want)) {
				t.Errorf("Resolve: %v; want %s", err, want)
			}
			if list, err := s.List(); len(list) != 0 || err != nil {
				t.Errorf("List = %v, %v", list, err)
			}
		})
	}
}

// TestPullUnreachable: no registry there.
func TestPullUnreachable(t *testing.T) {
	t.Parallel()
	_, err := newStore(t).Resolve(context.Background(), "127.0.0.1:1/image", PullOptions{})
	const want = "failed to pull image '127.0.0.1:1/image': dial tcp 127.0.0.1:1: connect: connection refused. Without a registry: `e2bt image import 127.0.0.1:1/image FILE`"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Resolve: %v; want %s", err, want)
	}
}

// TestPullLies: what a registry gives is what its digest says, or nothing.
func TestPullLies(t *testing.T) {
	t.Parallel()
	good := tarOf(t, debian, entry{name: "text", text: "good"})
	evil := gzipped(t, tarOf(t, debian, entry{name: "text", text: "evil"}))
	img := imageOf(t, good)
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	digest := must(img.Digest()).String()
	layer := must(io.ReadAll(must(must(img.Layers())[0].Compressed())))
	config := must(img.RawConfigFile())
	for _, c := range []struct {
		name, path string // of what the registry lies about
		body       []byte
	}{
		{"layer", "/blobs/" + manifest.Layers[0].Digest.String(), evil},
		{"layer, same size", "/blobs/" + manifest.Layers[0].Digest.String(), sameSize(t, evil, len(layer))},
		{"layer that goes on", "/blobs/" + manifest.Layers[0].Digest.String(), append(bytes.Clone(layer), gzipped(t, []byte("more"))...)},
		{"half a layer", "/blobs/" + manifest.Layers[0].Digest.String(), layer[:len(layer)/2]},
		{"no layer", "/blobs/" + manifest.Layers[0].Digest.String(), nil},
		{"configuration", "/blobs/" + manifest.Config.Digest.String(), bytes.Replace(config, []byte("ann"), []byte("bob"), 1)},
		{"manifest", "/manifests/" + digest, must(small(t, "evil").RawManifest())},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			h.push("image:v1", img)
			h.instead(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, c.path) {
					w.Header().Set("Content-Type", string(manifest.MediaType))
					w.Header().Set("Content-Length", fmt.Sprint(len(c.body)))
					w.WriteHeader(http.StatusOK)
					_, _ = w.Write(c.body)
				}
			})
			s := newStore(t)
			ref := h.host + "/image@" + digest
			got, err := s.Resolve(context.Background(), ref, PullOptions{})
			if err == nil {
				t.Fatalf("it was taken: %s", read(t, got.Rootfs+"/text"))
			}
			if !strings.HasPrefix(err.Error(), "failed to pull image '"+ref+"': ") {
				t.Errorf("the error: %v", err)
			}
			if list, err := s.List(); len(list) != 0 || err != nil {
				t.Errorf("List = %v, %v", list, err)
			}
			if rest := left(t, s); rest != nil {
				t.Errorf("%s is left", rest)
			}
		})
	}
}

// sameSize pads a gzip to a length, within its own format.
func sameSize(t *testing.T, text []byte, length int) []byte {
	t.Helper()
	if len(text) > length {
		return text[:length]
	}
	return append(bytes.Clone(text), make([]byte, length-len(text))...)
}

// TestPullLogin: credentials reach the registry, and nothing else.
func TestPullLogin(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ref := h.push("private:v1", small(t, "private"))
	h.instead(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "correct-horse" {
			w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	s := newStore(t)
	for _, auth := range []*Auth{nil, {Username: "me", Password: "wrong-battery"}} {
		_, err := s.Resolve(context.Background(), ref, PullOptions{Auth: auth})
		if want := "access denied to '" + ref + "': authentication required or insufficient permissions"; err == nil || err.Error() != want {
			t.Errorf("with %v: %v; want %s", auth, err, want)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "wrong-battery") {
				t.Errorf("the password is in %v", e)
			}
		}
	}
	if _, err := s.Resolve(context.Background(), ref, PullOptions{Auth: &Auth{Username: "me", Password: "correct-horse"}}); err != nil {
		t.Errorf("with the right password: %v", err)
	}
	if strings.Contains(string(read(t, s.dir+"/images.json")), "correct-horse") {
		t.Error("the password is in the store")
	}
}

// TestPullCancelled: a pull that is told to stop in the middle of a layer does.
func TestPullCancelled(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	img := imageOf(t, tarOf(t, debian, entry{name: "a", text: strings.Repeat("x", 100_000)}))
	ref := h.push("image:v1", img)
	layer := must(must(img.Layers())[0].Digest()).String()
	ctx, cancel := context.WithCancel(context.Background())
	h.instead(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, layer) {
			w.WriteHeader(http.StatusOK)
			w.(*lying).ResponseWriter.(http.Flusher).Flush()
			cancel()
			<-r.Context().Done()
		}
	})
	s := newStore(t)
	if _, err := s.Resolve(ctx, ref, PullOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Resolve = %v; want it to be cancelled", err)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
}

// TestPullTogether: several who want the same image at once get the same one.
func TestPullTogether(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ref := h.push("image:v1", small(t, "1"))
	other := h.push("copy:v1", small(t, "1"))
	dir := newStore(t).dir
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			s := must(Open(dir)) // as several processes have it
			img, err := s.Resolve(context.Background(), map[bool]string{true: ref, false: other}[i%2 == 0], PullOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			if got := string(read(t, img.Rootfs+"/text")); got != "1" {
				t.Errorf("the text is %q", got)
			}
		})
	}
	all.Wait()
	s := must(Open(dir))
	if list, err := s.List(); len(list) != 2 || err != nil || list[0].Rootfs != list[1].Rootfs {
		t.Errorf("List = %v, %v; want two names of one image", list, err)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
}

// TestPullLeaks: pulls leave no connections and no goroutines behind them.
func TestPullLeaks(t *testing.T) {
	h := newHub(t)
	s := newStore(t)
	ref := h.push("image:v1", small(t, "1"))
	pull := func() {
		if _, err := s.Resolve(context.Background(), ref, PullOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
	}
	pull()
	before := runtime.NumGoroutine()
	for range 20 {
		pull()
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+4 && time.Now().Before(end); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before+4 {
		t.Errorf("%d goroutines after 20 pulls; %d before", after, before)
	}
}

// TestPullAgainWhenGone: an image whose files somebody removed is fetched again.
func TestPullAgainWhenGone(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	s := newStore(t)
	ref := h.push("image:v1", small(t, "1"))
	img := must(s.Resolve(context.Background(), ref, PullOptions{}))
	if err := os.RemoveAll(img.Rootfs); err != nil {
		t.Fatal(err)
	}
	again, err := s.Resolve(context.Background(), ref, PullOptions{})
	if err != nil || string(read(t, again.Rootfs+"/text")) != "1" {
		t.Errorf("Resolve = %+v, %v", again, err)
	}
}
