package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ImportOptions say how an archive is read.
type ImportOptions struct {
	Progress func(line string) // may be nil
}

// Import reads an OCI layout (a directory or a tar), an archive of docker save,
// or a tar of a root filesystem (plain, gzip or zstd), and gives it a name.
func (s *Store) Import(ctx context.Context, ref, file string, opts ImportOptions) (*Image, error) {
	if _, _, err := key(ref); err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("cannot read %s: %s", file, cause(err)), Err: err}
	}
	var img *Image
	if info.IsDir() {
		img, err = s.importLayout(ctx, ref, file, opts)
	} else {
		img, err = s.importTar(ctx, ref, file, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("importing %s: %w", file, err)
	}
	return img, nil
}

func (s *Store) importLayout(ctx context.Context, ref, dir string, opts ImportOptions) (*Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, &Error{Text: "the directory is no OCI layout: it has no index.json", Err: err}
	}
	img, err := pick(index)
	if err != nil {
		return nil, err
	}
	return s.put(ref, "import", func(root string) (*Image, error) { return unpackImage(ctx, img, root, opts.Progress) })
}

// importTar finds out what kind of archive it is, by its content.
func (s *Store) importTar(ctx context.Context, ref, file string, opts ImportOptions) (*Image, error) {
	kind, err := tarKind(ctx, file)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "docker":
		img, err := savedImage(file)
		if err != nil {
			return nil, err
		}
		return s.put(ref, "import", func(root string) (*Image, error) { return unpackImage(ctx, img, root, opts.Progress) })
	case "oci":
		return s.importPacked(ctx, ref, file, opts)
	}
	return s.put(ref, "import", func(root string) (*Image, error) { return unpackRootfs(ctx, file, root) })
}

// savedImage reads an archive of docker save.
func savedImage(file string) (v1.Image, error) {
	opener := func() (io.ReadCloser, error) { return open(file) }
	manifest, err := tarball.LoadManifest(opener)
	if err != nil {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	if len(manifest) > 1 {
		return nil, &Error{Text: "the archive holds more than one image: save one alone"}
	}
	img, err := tarball.Image(opener, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	return img, nil
}

// importPacked reads an OCI layout out of a tar, by way of the disk.
func (s *Store) importPacked(ctx context.Context, ref, file string, opts ImportOptions) (_ *Image, err error) {
	dir, done, err := s.scratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := extract(ctx, file, dir); err != nil {
		return nil, err
	}
	return s.importLayout(ctx, ref, dir, opts)
}

// tarKind looks at the names in an archive.
func tarKind(ctx context.Context, file string) (string, error) {
	r, err := open(file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	layout := false
	for t := tar.NewReader(interruptible{ctx, r}); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", &Error{Text: "it is no tar archive, or a damaged one: " + err.Error(), Err: err}
		}
		switch strings.TrimPrefix(h.Name, "./") {
		case "manifest.json":
			return "docker", nil
		case "oci-layout":
			layout = true
		case "etc/", "usr/", "bin/", "etc/os-release", "bin":
			return "rootfs", nil
		}
	}
	if layout {
		return "oci", nil
	}
	return "rootfs", nil
}

// extract unpacks the tar of a layout, which holds nothing but files.
func extract(ctx context.Context, file, dir string) error {
	r, err := open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	u := newUnpacker(dir)
	u.plain = true
	return u.layer(ctx, r)
}

func unpackRootfs(ctx context.Context, file, root string) (*Image, error) {
	r, err := open(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	h := sha256.New()
	if err := newUnpacker(root).layer(ctx, io.TeeReader(r, h)); err != nil {
		return nil, err
	}
	return &Image{Digest: "sha256:" + hex.EncodeToString(h.Sum(nil))}, nil
}

// maxWindow is how much memory an archive may want for its decompression, as
// zstd itself has it.
const maxWindow = 128 << 20

// open opens an archive and takes its compression off.
func open(file string) (io.ReadCloser, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", filepath.Base(file), err)
	}
	buffered := bufio.NewReaderSize(f, 1<<20)
	magic, _ := buffered.Peek(6) // a short file is no compressed one
	var r io.Reader = buffered
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		r, err = gzip.NewReader(buffered)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var z *zstd.Decoder
		if z, err = zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(maxWindow)); err == nil {
			return closer{z, func() error { z.Close(); return f.Close() }}, nil
		}
	case bytes.HasPrefix(magic, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		err = &Error{Text: "xz archives are not read: unpack it first, with xz -d"}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return closer{r, f.Close}, nil
}

type closer struct {
	io.Reader
	close func() error
}

func (c closer) Close() error { return c.close() }
