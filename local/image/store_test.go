package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pullHere = "E2BT_TEST_PULL"

// TestMain makes this test binary pull an image where it is told to: DIR REF.
func TestMain(m *testing.M) {
	if dir, ref, ok := strings.Cut(os.Getenv(pullHere), " "); ok {
		_, err := must(Open(dir)).Resolve(context.Background(), ref, PullOptions{})
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestPullKilled kills a process in the middle of a layer: nothing of it counts,
// and it is removed when the next image is made, not sooner.
func TestPullKilled(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	img := imageOf(t, tarOf(t, debian), tarOf(t, entry{name: "big", text: strings.Repeat("x", 1<<20)}))
	ref := h.push("image:v1", img)
	last := must(must(img.Layers())[1].Digest()).String()
	inLayer := make(chan struct{}, 1)
	h.instead(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, last) {
			w.WriteHeader(http.StatusOK)
			w.(*lying).ResponseWriter.(http.Flusher).Flush()
			inLayer <- struct{}{}
			<-r.Context().Done()
		}
	})
	s := newStore(t)
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), pullHere+"="+s.dir+" "+ref)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-inLayer
	half := left(t, s)
	if len(half) != 1 {
		t.Fatalf("while it is pulled there is %s; want one directory", half)
	}
	imports(t, s, "meanwhile", write(t, tarOf(t, debian)))
	if err := s.Collect(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(half, left(t, s)); diff != "" {
		t.Errorf("another image, and Collect, disturb a pull (-want +got): %s", diff)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if list, err := s.List(); len(list) != 1 || err != nil {
		t.Errorf("List = %v, %v; want what was imported alone", list, err)
	}
	h.instead(func(http.ResponseWriter, *http.Request) {})
	got, err := s.Resolve(context.Background(), ref, PullOptions{})
	if err != nil || len(tree(t, got.Rootfs)) != 3 {
		t.Errorf("Resolve = %+v, %v", got, err)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	one := imports(t, s, "one", write(t, tarOf(t, debian)))
	imports(t, s, "same:v1", write(t, tarOf(t, debian)))
	two := imports(t, s, "two", write(t, tarOf(t, debian, entry{name: "x"})))
	var unknown *Error
	if err := s.Remove("none"); !errors.As(err, &unknown) || unknown.Text != "there is no image 'none'" {
		t.Errorf("Remove(none) = %v", err)
	}
	if err := s.Remove("A B"); err == nil || !strings.HasPrefix(err.Error(), "invalid image reference 'A B'") {
		t.Errorf("Remove(A B) = %v", err)
	}
	kept := func(want ...string) {
		t.Helper()
		var got []string
		for _, img := range []*Image{one, two} {
			if _, err := os.Stat(img.Rootfs); err == nil {
				got = append(got, img.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the files that are there (-want +got): %s", diff)
		}
	}
	remove := func(ref string, keep func(string) bool) {
		t.Helper()
		if err := errors.Join(s.Remove(ref), s.Collect(keep)); err != nil {
			t.Errorf("removing %s: %v", ref, err)
		}
	}
	remove("one:latest", nil)
	kept("one", "two") // it has another name
	remove("same:v1", func(rootfs string) bool { return rootfs == one.Rootfs })
	kept("one", "two") // a build stands on it
	if err := s.Collect(nil); err != nil {
		t.Fatal(err)
	}
	kept("two")
	remove("two", nil)
	kept()
	if list, err := s.List(); len(list) != 0 || err != nil {
		t.Errorf("List = %v, %v", list, err)
	}
}

// TestCollectOthers: what is none of the store's is left alone.
func TestCollectOthers(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if err := s.Collect(nil); err != nil {
		t.Errorf("Collect of a store that is not there yet: %v", err)
	}
	imports(t, s, "one", write(t, tarOf(t, debian)))
	other := filepath.Join(s.dir, "lost+found")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Collect(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a directory of somebody else: %v", err)
	}
}

// TestRemoveLocked: files that their owner may not touch are removed as well.
func TestRemoveLocked(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	img := imports(t, s, "one", write(t, tarOf(t, debian, entry{name: "d/e/f", mode: 0o400}, entry{name: "d/e/", mode: 0o500}, entry{name: "d/", mode: 0o500})))
	if err := errors.Join(s.Remove("one"), s.Collect(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(img.Rootfs); err == nil {
		t.Error("it is still there")
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, group := range [][]string{
		{"debian", "debian:latest", "library/debian", "docker.io/debian", "docker.io/library/debian:latest", "index.docker.io/library/debian", " debian "},
		{"debian:12", "docker.io/library/debian:12"},
		{"me/app", "docker.io/me/app", "me/app:latest"},
		{"registry.example/me/app", "registry.example/me/app:latest"},
		{"registry.example:5000/app:v1"},
		{"localhost/app:latest", "localhost/app"},
		{"localhost:5000/app"},
		{"app@" + digest, "docker.io/library/app@" + digest},
	} {
		want, _, err := key(group[0])
		if err != nil {
			t.Errorf("key(%q): %v", group[0], err)
		}
		for _, ref := range group[1:] {
			if got, _, err := key(ref); err != nil || got != want {
				t.Errorf("key(%q) = %q, %v; want %q as of %q", ref, got, err, want, group[0])
			}
		}
	}
	seen := map[string]string{}
	for _, ref := range []string{"debian", "debian:12", "me/app", "registry.example/me/app", "localhost/app", "localhost:5000/app", "app@" + digest} {
		full, _, _ := key(ref)
		if other, ok := seen[full]; ok {
			t.Errorf("%q and %q are one", ref, other)
		}
		seen[full] = ref
	}
	for _, ref := range []string{"", " ", "Upper", "a b", "a:b:c", "a@sha256:short", "http://registry.example/x", strings.Repeat("x", 300)} {
		_, _, err := key(ref)
		var refused *Error
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Text, "invalid image reference '"+ref+"': ") {
			t.Errorf("key(%q): %v", ref, err)
		}
	}
}

// TestDamagedIndex: the error says what to do; null entries do no harm.
func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	img := imports(t, s, "one", write(t, tarOf(t, debian)))
	index := filepath.Join(s.dir, "images.json")
	if err := os.WriteFile(index, []byte(`{"x":null,`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, listErr := s.List()
	_, resolveErr := s.Resolve(context.Background(), "one", PullOptions{})
	for _, err := range []error{listErr, resolveErr, s.Remove("one"), s.Collect(nil)} {
		if err == nil || !strings.Contains(err.Error(), "images.json in it is damaged: remove it") {
			t.Errorf("with a damaged index: %v", err)
		}
	}
	if _, err := os.Stat(img.Rootfs); err != nil {
		t.Errorf("Collect with a damaged index: %v", err)
	}
	if err := os.WriteFile(index, []byte(`{"x":null}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v", list, err)
	}
}

// TestUnwritableStore: an error, and nothing half.
func TestUnwritableStore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := must(Open(filepath.Join(file, "images")))
	if _, err := s.Import(context.Background(), "one", write(t, tarOf(t, debian)), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "making the image store: ") {
		t.Errorf("Import = %v", err)
	}
	if list, err := s.List(); len(list) != 0 || err == nil && list != nil {
		t.Errorf("List = %v, %v", list, err)
	}
}
