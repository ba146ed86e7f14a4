package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

const (
	maxImageBytes = 64 << 30
	maxImageFiles = 4_000_000
	whiteout      = ".wh."
	opaque        = ".wh..wh..opq"
)

// unpacker applies layers to a directory that nobody else writes to. Archives
// are hostile: no name and no link leads out of the directory.
type unpacker struct {
	root  string
	bytes int64
	files int
	fresh map[string]bool // written by the layer that is being applied
	buf   []byte
}

func newUnpacker(root string) *unpacker { return &unpacker{root: root, buf: make([]byte, 256<<10)} }

func isRemote(err error) bool {
	var r *remoteError
	return errors.As(err, &r)
}

// layer applies one tar.
func (u *unpacker) layer(ctx context.Context, r io.Reader) error {
	u.fresh = map[string]bool{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &remoteError{fmt.Errorf("reading a layer: %w", err)}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		u.files++
		if u.bytes += h.Size; u.bytes > maxImageBytes || u.files > maxImageFiles {
			return &Error{Text: fmt.Sprintf("the uncompressed Docker image size exceeds the maximum filesystem size (%d MB, %d files)", maxImageBytes>>20, maxImageFiles)}
		}
		if err := u.entry(h, t); err != nil {
			return fmt.Errorf("unpacking %q: %w", h.Name, err)
		}
	}
}

// place is where a name lies: its parent with every link resolved inside the
// root, and its own last part unresolved.
func (u *unpacker) place(name string) (string, error) {
	clean := path.Clean("/" + name)
	if clean == "/" {
		return u.root, nil
	}
	parent, err := securejoin.SecureJoin(u.root, path.Dir(clean))
	if err != nil {
		return "", err
	}
	return filepath.Join(parent, path.Base(clean)), nil
}

func (u *unpacker) entry(h *tar.Header, r io.Reader) error {
	at, err := u.place(h.Name)
	if err != nil {
		return err
	}
	base := filepath.Base(at)
	switch {
	case h.Typeflag == tar.TypeXGlobalHeader:
		return nil
	case base == opaque:
		return u.empty(filepath.Dir(at))
	case strings.HasPrefix(base, whiteout):
		return removeTree(filepath.Join(filepath.Dir(at), strings.TrimPrefix(base, whiteout)))
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	u.fresh[at] = true
	if h.Typeflag != tar.TypeDir && at == u.root {
		return errors.New("the root directory is no directory")
	}
	if err := u.make(at, h, r); err != nil {
		return err
	}
	return finish(at, h)
}

// empty removes what layers below left in a directory.
func (u *unpacker) empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if at := filepath.Join(dir, e.Name()); !u.fresh[at] {
			err = errors.Join(err, removeTree(at))
		}
	}
	return err
}

// make puts the thing itself there, in place of what was there.
func (u *unpacker) make(at string, h *tar.Header, r io.Reader) error {
	before, err := os.Lstat(at)
	if err == nil && !(before.IsDir() && h.Typeflag == tar.TypeDir) {
		if err := removeTree(at); err != nil {
			return err
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := os.Mkdir(at, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	case tar.TypeReg:
		return u.file(at, r)
	case tar.TypeSymlink:
		return os.Symlink(h.Linkname, at)
	case tar.TypeLink:
		target, err := u.place(h.Linkname)
		if err != nil {
			return err
		}
		return os.Link(target, at)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return makeNode(at, h)
	}
	return fmt.Errorf("entries of type %q are not supported", h.Typeflag)
}

func (u *unpacker) file(at string, r io.Reader) error {
	file, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, r, u.buf)
	return errors.Join(err, file.Close())
}
