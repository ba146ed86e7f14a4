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
	maxTrailer    = 64 << 20 // bytes after the end of a tar, which are padding
	whiteout      = ".wh."
	opaque        = ".wh..wh..opq"
	xattrPrefix   = "SCHILY.xattr."
)

// unpacker applies layers to a directory that nobody else writes to. Archives
// are hostile: no name and no link leads out of the directory.
type unpacker struct {
	root  string
	bytes int64
	files int
	fresh map[string]bool // written by the layer that is being applied
	buf   []byte
	plain bool // files and directories are all that there may be

	maxBytes, maxTrailer int64
	maxFiles             int
}

func newUnpacker(root string) *unpacker {
	return &unpacker{root: root, buf: make([]byte, 256<<10), maxBytes: maxImageBytes, maxFiles: maxImageFiles, maxTrailer: maxTrailer}
}

func isRemote(err error) bool {
	var r *remoteError
	return errors.As(err, &r)
}

// interruptible is a reader that ends with a context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, context.Cause(i.ctx)
	}
	return i.r.Read(p)
}

// layer applies one tar, and reads all that there is: only then is it known to
// be what it was said to be.
func (u *unpacker) layer(ctx context.Context, r io.Reader) error {
	r = interruptible{ctx, r}
	if err := u.entries(r); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, u.maxTrailer+1))
	if err != nil {
		return &remoteError{fmt.Errorf("reading a layer: %w", err)}
	}
	if n > u.maxTrailer {
		return &Error{Text: "a layer goes on after its end"}
	}
	return nil
}

func (u *unpacker) entries(r io.Reader) error {
	u.fresh = map[string]bool{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &remoteError{fmt.Errorf("reading a layer: %w", err)}
		}
		u.files++
		if h.Size > u.maxBytes-u.bytes || u.files > u.maxFiles {
			return &Error{Text: fmt.Sprintf("the uncompressed Docker image size exceeds the maximum filesystem size (%d MB, %d files)", u.maxBytes>>20, u.maxFiles)}
		}
		u.bytes += h.Size
		if err := u.entry(h, t); err != nil {
			return fmt.Errorf("unpacking %q: %w", h.Name, withoutPath(err))
		}
	}
}

// withoutPath is an error without the place on this machine where it happened.
func withoutPath(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return fmt.Errorf("%s: %w", at.Op, at.Err)
	case errors.As(err, &link):
		return fmt.Errorf("%s: %w", link.Op, link.Err)
	}
	return err
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
	if u.plain && h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
		return errors.New("neither a file nor a directory")
	}
	if at == u.root {
		if h.Typeflag != tar.TypeDir {
			return errors.New("the root directory is no directory")
		}
		return finish(at, h)
	}
	base := filepath.Base(at)
	switch {
	case u.plain:
	case h.Typeflag == tar.TypeXGlobalHeader:
		return nil
	case base == opaque:
		return u.empty(filepath.Dir(at))
	case strings.HasPrefix(base, whiteout):
		return u.remove(filepath.Dir(at), strings.TrimPrefix(base, whiteout))
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	u.fresh[at] = true
	if err := u.make(at, h, r); err != nil {
		return err
	}
	return finish(at, h)
}

// remove takes away what a layer below has left, not what this one has brought.
func (u *unpacker) remove(dir, name string) error {
	if name == "" || name == "." || name == ".." {
		return errors.New("a whiteout of no name")
	}
	at := filepath.Join(dir, name)
	if u.fresh[at] {
		return nil
	}
	return removeTree(at)
}

// empty removes what layers below have left in a directory, at any depth.
func (u *unpacker) empty(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || path == dir || u.fresh[path]:
			return err
		case d.IsDir():
			if err := removeTree(path); err != nil {
				return err
			}
			return fs.SkipDir
		}
		return os.Remove(path)
	})
}

// make puts the thing itself there, in place of what was there.
func (u *unpacker) make(at string, h *tar.Header, r io.Reader) error {
	before, err := os.Lstat(at)
	if err == nil && h.Typeflag != tar.TypeLink && !(before.IsDir() && h.Typeflag == tar.TypeDir) {
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
		return u.link(at, h.Linkname)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return makeNode(at, h)
	}
	return fmt.Errorf("entries of type %q are not supported", h.Typeflag)
}

// link makes a hard link, also in place of what it leads to.
func (u *unpacker) link(at, to string) error {
	target, err := u.place(to)
	if err != nil {
		return err
	}
	if target == u.root {
		return errors.New("a link to the root directory")
	}
	if _, err := os.Lstat(target); err != nil || target == at {
		return err
	}
	if err := removeTree(at); err != nil {
		return err
	}
	return os.Link(target, at)
}

func (u *unpacker) file(at string, r io.Reader) error {
	file, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, r, u.buf)
	return errors.Join(err, file.Close())
}
