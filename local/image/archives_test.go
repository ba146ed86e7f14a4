package image

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// entry is one of a tar. Its text is the content, or where a link leads.
type entry struct {
	name  string
	kind  byte // 0: a file, or a directory where the name ends in a slash
	text  string
	mode  int64 // 0: 0644, 0755 of directories
	uid   int
	xattr string // "name=value"
}

func (e entry) header() *tar.Header {
	h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode, Uid: e.uid, Gid: e.uid, Format: tar.FormatPAX}
	if h.Typeflag == 0 {
		h.Typeflag = tar.TypeReg
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
	}
	if h.Mode == 0 {
		h.Mode = map[bool]int64{true: 0o755, false: 0o644}[h.Typeflag == tar.TypeDir]
	}
	if key, value, ok := strings.Cut(e.xattr, "="); ok {
		h.PAXRecords = map[string]string{xattrPrefix + key: value}
	}
	switch h.Typeflag {
	case tar.TypeReg:
		h.Size = int64(len(e.text))
	case tar.TypeSymlink, tar.TypeLink:
		h.Linkname = e.text
	case tar.TypeChar, tar.TypeBlock:
		if _, err := fmt.Sscanf(e.text, "%d:%d", &h.Devmajor, &h.Devminor); err != nil {
			panic(err)
		}
	}
	return h
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := e.header()
		if err := w.WriteHeader(h); err != nil {
			t.Fatalf("%q: %v", e.name, err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, e.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t testing.TB, text []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(text, nil)
}

// debian is what makes an image one that E2B would take.
var debian = entry{name: "etc/os-release", text: "ID=debian\n"}

// imageOf makes an image of this machine's architecture.
func imageOf(t testing.TB, layers ...[]byte) v1.Image {
	t.Helper()
	return imageFor(t, runtime.GOARCH, layers...)
}

func imageFor(t testing.TB, arch string, layers ...[]byte) v1.Image {
	t.Helper()
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: arch, OS: "linux", RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Env: []string{"A=1", "PATH=/bin"}, User: "ann", WorkingDir: "/srv", Entrypoint: []string{"/e"}, Cmd: []string{"c"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range layers {
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

func write(t testing.TB, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// saved writes an image as docker save does.
func saved(t testing.TB, img v1.Image) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "saved.tar")
	if err := tarball.WriteToFile(file, name.MustParseReference("any/name:tag"), img); err != nil {
		t.Fatal(err)
	}
	return file
}

// ociDir writes images as an OCI layout, each for a platform where that is named.
func ociDir(t testing.TB, images ...v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range images {
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if err := at.AppendImage(img, layout.WithPlatform(v1.Platform{OS: "linux", Architecture: config.Architecture})); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// packed is a directory as a tar.
func packed(t testing.TB, dir string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "images"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func imports(t testing.TB, s *Store, ref, file string) *Image {
	t.Helper()
	img, err := s.Import(context.Background(), ref, file, ImportOptions{})
	if err != nil {
		t.Fatalf("Import(%q): %v", ref, err)
	}
	return img
}

// tree lists a directory: for each path what it is.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%04o", info.Mode().Perm())
		switch {
		case info.IsDir():
			what += " dir"
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what += " " + string(text)
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			what = "-> " + to
		default:
			what += " " + info.Mode().Type().String()
		}
		out[strings.TrimPrefix(path, root+"/")] = what
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// left lists what of a store is neither its index nor an image of it.
func left(t testing.TB, s *Store) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"images.json": true, "lock": true}
	for _, img := range list {
		known[filepath.Base(img.Rootfs)] = true
	}
	for _, e := range entries {
		if !known[e.Name()] {
			out = append(out, e.Name())
		}
	}
	return out
}

// multi writes two images as docker save does.
func multi(file string, one, two v1.Image) error {
	return tarball.MultiWriteToFile(file, map[name.Tag]v1.Image{name.MustParseReference("a:1").(name.Tag): one, name.MustParseReference("b:1").(name.Tag): two})
}
