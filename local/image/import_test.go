package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// TestImport: every kind of archive gives the same files.
func TestImport(t *testing.T) {
	t.Parallel()
	root := tarOf(t, entry{name: "bin/"}, debian, entry{name: "bin/sh", text: "sh", mode: 0o755}, entry{name: "bin/bash", kind: tar.TypeSymlink, text: "sh"},
		entry{name: "tmp/", mode: 0o1777})
	want := map[string]string{"bin": "0755 dir", "bin/sh": "0755 sh", "bin/bash": "-> sh", "etc": "0755 dir", "etc/os-release": "0644 ID=debian\n", "tmp": "0777 dir"}
	img := imageOf(t, root)
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Env: []string{"A=1", "PATH=/bin"}, User: "ann", WorkingDir: "/srv", Entrypoint: []string{"/e"}, Cmd: []string{"c"}}
	dir := ociDir(t, img)
	other := ociDir(t, imageFor(t, "other", root), img)
	for _, c := range []struct {
		kind, file string
		config     Config
		digest     string
	}{
		{"tar", write(t, root), Config{}, ""},
		{"tar.gz", write(t, gzipped(t, root)), Config{}, ""},
		{"tar.zst", write(t, zstandard(t, root)), Config{}, ""},
		{"docker save", saved(t, img), config, ""},
		{"docker save, gzipped", write(t, gzipped(t, read(t, saved(t, img)))), config, ""},
		{"OCI directory", dir, config, digest.String()},
		{"OCI tar", write(t, packed(t, dir)), config, digest.String()},
		{"OCI tar.gz", write(t, gzipped(t, packed(t, dir))), config, digest.String()},
		{"OCI directory for several platforms", other, config, digest.String()},
	} {
		s := newStore(t)
		got := imports(t, s, " my/base ", c.file)
		if diff := cmp.Diff(want, tree(t, got.Rootfs)); diff != "" {
			t.Errorf("%s: the files (-want +got):\n%s", c.kind, diff)
		}
		if diff := cmp.Diff(c.config, got.Config); diff != "" {
			t.Errorf("%s: the configuration: %s", c.kind, diff)
		}
		if c.digest != "" && got.Digest != c.digest || !strings.HasPrefix(got.Digest, "sha256:") {
			t.Errorf("%s: digest %s; want %s", c.kind, got.Digest, c.digest)
		}
		if got.Name != "my/base" || got.Source != "import" || got.Size != int64(len("sh"+debian.text)) {
			t.Errorf("%s: %+v", c.kind, got)
		}
		list, err := s.List()
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: List = %v, %v", c.kind, list, err)
		}
		if diff := cmp.Diff(got, list[0]); diff != "" {
			t.Errorf("%s: the list: %s", c.kind, diff)
		}
		if rest := left(t, s); rest != nil {
			t.Errorf("%s: %s is left", c.kind, rest)
		}
		if found, err := s.Resolve(context.Background(), "my/base:latest", PullOptions{}); err != nil || found.Rootfs != got.Rootfs {
			t.Errorf("%s: Resolve = %+v, %v", c.kind, found, err)
		}
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestImportAgain: the same content is kept once; other content takes the name.
func TestImportAgain(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	one := imports(t, s, "base", write(t, tarOf(t, debian)))
	two := imports(t, s, "other", write(t, gzipped(t, tarOf(t, debian))))
	if one.Rootfs != two.Rootfs {
		t.Error("the same content is kept twice")
	}
	three := imports(t, s, "base", write(t, tarOf(t, debian, entry{name: "new"})))
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Digest != three.Digest || list[1].Digest != two.Digest {
		t.Errorf("List = %v, %v", list, err)
	}
}

func TestImportFails(t *testing.T) {
	t.Parallel()
	root := tarOf(t, debian, entry{name: "big", text: strings.Repeat("some text that can be cut, ", 5000)})
	img := imageOf(t, root)
	emptyDir := t.TempDir()
	two := filepath.Join(t.TempDir(), "two.tar")
	if err := multi(two, img, imageOf(t, root, root)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind, file, want string
	}{
		{"not there", filepath.Join(emptyDir, "none"), "no such file or directory"},
		{"empty directory", emptyDir, "the directory is no OCI layout: it has no index.json"},
		{"empty file", write(t, nil), "unsupported base image distribution: ID='' ID_LIKE=''"},
		{"text", write(t, []byte(strings.Repeat("this is no archive\n", 100))), "it is no tar archive, or a damaged one: archive/tar: invalid tar header"},
		{"xz", write(t, []byte("\xfd7zXZ\x00\x00")), "xz archives are not read: unpack it first, with xz -d"},
		{"no gzip after all", write(t, []byte("\x1f\x8bxxxxxxxxxxxxxxxx")), "gzip: invalid header"},
		{"half a tar", write(t, root[:len(root)/2]), `unpacking "big": unexpected EOF`},
		{"half a gzip", write(t, gzipped(t, root)[:300]), "unexpected EOF"},
		{"half a docker save", write(t, read(t, saved(t, img))[:2000]), "unexpected EOF"},
		{"two images", two, "the archive holds more than one image"},
		{"other platform", ociDir(t, imageFor(t, "other", root)), `image architecture "other" does not match expected "` + runtime.GOARCH + `"`},
		{"other platform saved", saved(t, imageFor(t, "other", root)), `image architecture "other" does not match expected "` + runtime.GOARCH + `"`},
		{"other system", saved(t, windows(t, root)), `image operating system "windows" does not match expected "linux"`},
		{"no image in it", ociDir(t), "it holds no image for linux/" + runtime.GOARCH},
		{"scratch", saved(t, imageOf(t, tarOf(t, entry{name: "hello"}))), "unsupported base image distribution: ID='' ID_LIKE=''"},
	} {
		s := newStore(t)
		_, err := s.Import(context.Background(), "base", c.file, ImportOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.kind, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), s.dir) {
			t.Errorf("%s: the error names the store's directory: %v", c.kind, err)
		}
		if list, err := s.List(); len(list) != 0 || err != nil {
			t.Errorf("%s: List = %v, %v", c.kind, list, err)
		}
		if rest := left(t, s); rest != nil {
			t.Errorf("%s: %s is left", c.kind, rest)
		}
	}
	if _, err := newStore(t).Import(context.Background(), "Not A Name", write(t, root), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "invalid image reference 'Not A Name': ") {
		t.Errorf("an odd name: %v", err)
	}
}

func windows(t *testing.T, root []byte) v1.Image {
	t.Helper()
	config, err := imageOf(t, root).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS = "windows"
	img, err := mutate.ConfigFile(imageOf(t, root), config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestImportDamaged: blobs of a layout that are not what their digest says.
func TestImportDamaged(t *testing.T) {
	t.Parallel()
	root := tarOf(t, debian, entry{name: "bin/tool", text: "good"})
	evil := tarOf(t, debian, entry{name: "bin/tool", text: "evil"})
	img := imageOf(t, root)
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	config := read(t, filepath.Join(ociDir(t, img), "blobs", "sha256", manifest.Config.Digest.Hex))
	for _, c := range []struct {
		kind string
		blob v1.Hash
		text []byte
	}{
		{"layer of other content", manifest.Layers[0].Digest, gzipped(t, evil)},
		{"plain layer of other content", manifest.Layers[0].Digest, evil},
		{"layer that goes on", manifest.Layers[0].Digest, gzipped(t, append(bytes.Clone(root), "more"...))},
		{"half a layer", manifest.Layers[0].Digest, gzipped(t, root)[:100]},
		{"empty layer", manifest.Layers[0].Digest, nil},
		{"configuration", manifest.Config.Digest, bytes.Replace(config, []byte("ann"), []byte("bob"), 1)},
		{"manifest", digest, []byte(strings.Replace(string(must(img.RawManifest())), "{", "{ ", 1))},
	} {
		for _, kind := range []string{"directory", "tar"} {
			file := ociDir(t, img)
			if err := os.WriteFile(filepath.Join(file, "blobs", "sha256", c.blob.Hex), c.text, 0o600); err != nil {
				t.Fatal(err)
			}
			if kind == "tar" {
				file = write(t, packed(t, file))
			}
			s := newStore(t)
			got, err := s.Import(context.Background(), "base", file, ImportOptions{})
			if err == nil {
				t.Errorf("%s in a %s: imported as %s", c.kind, kind, got.Digest)
			}
			if rest := left(t, s); rest != nil {
				t.Errorf("%s in a %s: %s is left", c.kind, kind, rest)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestImportCancelled: an import ends when it is told to, also within one file.
func TestImportCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	file := filepath.Join(t.TempDir(), "big.tar")
	big := &tar.Header{Name: "big", Typeflag: tar.TypeReg, Size: 1 << 30, Mode: 0o644}
	var header bytes.Buffer
	if err := tar.NewWriter(&header).WriteHeader(big); err != nil {
		t.Fatal(err)
	}
	text := append(withoutEnd(tarOf(t, debian)), header.Bytes()...)
	if err := errors.Join(os.WriteFile(file, text, 0o600), os.Truncate(file, int64(len(text))+big.Size+1024)); err != nil {
		t.Fatal(err)
	}
	s := newStore(t)
	go func() {
		for { // until the file is being written
			found, _ := filepath.Glob(filepath.Join(s.dir, half+"*", "rootfs", "big"))
			if len(found) > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel(why)
	}()
	_, err := s.Import(ctx, "base", file, ImportOptions{})
	if !errors.Is(err, context.Canceled) && !errors.Is(err, why) {
		t.Errorf("Import = %v; want it to be cancelled", err)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
}
