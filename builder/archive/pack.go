package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/pgzip"
)

const (
	blockSize = 512 << 10 // bytes that one core compresses at a time
	blocks    = 4
)

// stamp is the time of every file: after 1980, which some formats cannot go
// below, and otherwise without meaning.
var stamp = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Pack writes the archive: a gzip-compressed tar whose names are relative to
// the tree's directory. Equal trees give equal bytes.
func (t *Tree) Pack(ctx context.Context, w io.Writer) error {
	zip, err := pgzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("making an archive: %w", err)
	}
	if err := zip.SetConcurrency(blockSize, blocks); err != nil {
		return fmt.Errorf("making an archive: %w", err)
	}
	if err := t.tar(ctx, zip); err != nil {
		_ = zip.Close() // frees what it holds; its complaint only follows from err
		return err
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("making an archive: %w", err)
	}
	return nil
}

func (t *Tree) tar(ctx context.Context, w io.Writer) error {
	out := tar.NewWriter(w)
	buf := make([]byte, 256<<10)
	for i := range t.entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e := &t.entries[i]
		if e.path == "." {
			continue
		}
		if err := out.WriteHeader(header(e)); err != nil {
			return fmt.Errorf("packing %s: %w", e.path, err)
		}
		if err := t.content(out, e, buf); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("making an archive: %w", err)
	}
	return nil
}

func header(e *entry) *tar.Header {
	mode := canonicalMode(e.mode)
	h := &tar.Header{Name: e.path, Mode: int64(mode.Perm()), ModTime: stamp, Format: tar.FormatPAX, Typeflag: tar.TypeReg, Size: e.size}
	switch {
	case mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, e.path+"/"
	case mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.target
	}
	return h
}

func (t *Tree) content(w io.Writer, e *entry, buf []byte) error {
	if !e.mode.IsRegular() {
		return nil
	}
	if e.data != nil {
		_, err := w.Write(e.data)
		return err
	}
	file, err := t.open(e)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("reading %s: %w", e.path, err)
	}
	if info.Size() != e.size || !info.ModTime().Equal(e.time) {
		return changed(e, nil)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(file, e.size), buf)
	if err != nil {
		return fmt.Errorf("packing %s: %w", e.path, err)
	}
	if n != e.size {
		return changed(e, nil)
	}
	return nil
}

// Spool packs into a temporary file in dir (the system's place if empty),
// which the caller closes and removes, and returns its size.
func (t *Tree) Spool(ctx context.Context, dir string) (_ *os.File, _ int64, err error) {
	file, err := os.CreateTemp(dir, "e2bt-upload-*.tar.gz")
	if err != nil {
		return nil, 0, fmt.Errorf("making an archive: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	if err := t.Pack(ctx, file); err != nil {
		return nil, 0, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, fmt.Errorf("making an archive: %w", err)
	}
	return file, size, nil
}
