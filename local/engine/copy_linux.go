package engine

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Limits of a COPY step that does not set its own.
const (
	defaultMaxBytes = 16 << 30
	defaultMaxFiles = 1_000_000
)

// copyArchive unpacks an archive inside the sandbox and moves from it what the
// step asks for. The unpacked files are at no time reachable by a path of the
// template: a symbolic link in the archive cannot lead out of the scratch place.
func copyArchive(r *copyRequest, archive *os.File) error {
	u, err := newUnpacker(r)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("/", ".e2bt-copy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if u.root, err = os.OpenRoot(scratch); err != nil {
		return err
	}
	defer u.root.Close()
	if err := u.unpack(archive); err != nil {
		return fmt.Errorf("unpacking the files: %w", err)
	}
	return u.place(scratch, r)
}

type unpacker struct {
	root     *os.Root
	uid, gid int
	home     string
	mode     int64 // -1: as in the archive
	bytes    int64 // what may still be written
	files    int
	buffer   []byte
}

func newUnpacker(r *copyRequest) (*unpacker, error) {
	u := &unpacker{mode: -1, bytes: r.MaxBytes, files: r.MaxFiles, buffer: make([]byte, 256<<10)}
	if u.bytes <= 0 {
		u.bytes = defaultMaxBytes
	}
	if u.files <= 0 {
		u.files = defaultMaxFiles
	}
	if r.Mode != "" {
		mode, err := strconv.ParseInt(r.Mode, 8, 64)
		if err != nil || mode < 0 || mode > 0o7777 {
			return nil, &CopyError{fmt.Sprintf("mode %q: not up to four octal digits", r.Mode)}
		}
		u.mode = mode
	}
	return u, u.own(r.Owner)
}

// own finds who the files will belong to: "user", with the group of the same
// name or else the user's own, or "user:group"; either may be a number.
func (u *unpacker) own(owner string) error {
	user, group, named := strings.Cut(owner, ":")
	who, err := lookUpUser(user)
	if id, err2 := parseID(user); err != nil && err2 == nil {
		who, err = &account{uid: id, gid: id, home: "/"}, nil
	}
	if err != nil {
		return err
	}
	groups, err := readOptional("/etc/group")
	if err != nil {
		return err
	}
	u.uid, u.gid, u.home = int(who.uid), int(who.gid), who.homeOrRoot()
	if !named {
		group = user
	}
	id, ok := findGroup(groups, group)
	if named && !ok {
		return &CopyError{fmt.Sprintf("owner %q: no group %q", owner, group)}
	}
	if ok {
		u.gid = int(id)
	}
	return nil
}

func (u *unpacker) unpack(archive io.Reader) error {
	plain, err := decompressed(archive)
	if err != nil {
		return err
	}
	entries := tar.NewReader(&cappedReader{plain, u.bytes + int64(u.files)*4096})
	for {
		h, err := entries.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &CopyError{"reading the archive: " + err.Error()}
		}
		if err := u.entry(h, entries); err != nil {
			return err
		}
	}
}

func decompressed(archive io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(archive, 256<<10)
	magic, err := in.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return in, nil
	}
	plain, err := gzip.NewReader(in)
	if err != nil {
		return nil, &CopyError{"reading the archive: " + err.Error()}
	}
	return plain, nil
}

// cappedReader ends a bomb that has no files in it.
type cappedReader struct {
	io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("it unpacks to more than is allowed")
	}
	n, err := c.Reader.Read(p)
	c.left -= int64(n)
	return n, err
}

func (u *unpacker) entry(h *tar.Header, data io.Reader) error {
	name, err := insidePath(h.Name)
	if err != nil {
		return err
	}
	if u.files--; u.files < 0 {
		return &CopyError{"the archive has more entries than are allowed"}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.directory(name, h)
	case tar.TypeReg:
		return u.file(name, h, data)
	case tar.TypeSymlink:
		return u.link(name, func() error { return u.root.Symlink(h.Linkname, name) })
	case tar.TypeLink:
		target, err := insidePath(h.Linkname)
		if err != nil {
			return err
		}
		return u.link(name, func() error { return u.root.Link(target, name) })
	case tar.TypeXGlobalHeader:
		return nil
	}
	return &CopyError{fmt.Sprintf("%q in the archive is neither file, directory nor link", h.Name)}
}

// insidePath makes the name of an entry relative, and refuses ".." anywhere.
func insidePath(name string) (string, error) {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", &CopyError{fmt.Sprintf("%q in the archive leads out of it", name)}
		}
	}
	return path.Join(".", strings.TrimLeft(name, "/")), nil
}

func (u *unpacker) permissions(h *tar.Header) fs.FileMode {
	mode := h.Mode
	if u.mode >= 0 {
		mode = u.mode
	}
	m := fs.FileMode(mode & 0o777)
	for bit, flag := range map[int64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if mode&bit != 0 {
			m |= flag
		}
	}
	return m
}

func (u *unpacker) directory(name string, h *tar.Header) error {
	if name == "." {
		return nil
	}
	if err := u.root.MkdirAll(name, 0o755); err != nil {
		return archiveError(h.Name, err)
	}
	err := errors.Join(u.root.Lchown(name, u.uid, u.gid), u.root.Chmod(name, u.permissions(h)))
	return archiveError(h.Name, err)
}

func (u *unpacker) file(name string, h *tar.Header, data io.Reader) error {
	if u.bytes -= h.Size; u.bytes < 0 {
		return &CopyError{"the files are larger than is allowed"}
	}
	f, err := u.create(name)
	if err != nil {
		return archiveError(h.Name, err)
	}
	defer f.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, data, u.buffer); err != nil {
		return archiveError(h.Name, err)
	}
	// The owner first: a change of it takes setuid away.
	if err := errors.Join(f.Chown(u.uid, u.gid), f.Chmod(u.permissions(h))); err != nil {
		return err
	}
	times := []syscall.Timeval{syscall.NsecToTimeval(h.ModTime.UnixNano()), syscall.NsecToTimeval(h.ModTime.UnixNano())}
	if h.ModTime.Before(time.Unix(0, 0)) {
		return f.Close()
	}
	return errors.Join(syscall.Futimes(int(f.Fd()), times), f.Close())
}

func (u *unpacker) create(name string) (*os.File, error) {
	open := func() (*os.File, error) {
		return u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	f, err := open()
	switch {
	case errors.Is(err, fs.ErrExist):
		err = u.root.Remove(name)
	case errors.Is(err, fs.ErrNotExist):
		err = u.parents(name)
	default:
		return f, err
	}
	if err != nil {
		return nil, err
	}
	return open()
}

// parents makes the directories that an archive only implies.
func (u *unpacker) parents(name string) error {
	dir := path.Dir(name)
	if _, err := u.root.Stat(dir); err == nil || dir == "." {
		return nil
	}
	if err := u.parents(dir); err != nil {
		return err
	}
	mode := fs.FileMode(0o755)
	if u.mode >= 0 {
		mode = u.permissions(&tar.Header{})
	}
	return errors.Join(u.root.Mkdir(dir, 0o755), u.root.Lchown(dir, u.uid, u.gid), u.root.Chmod(dir, mode))
}

func (u *unpacker) link(name string, make func() error) error {
	err := make()
	if errors.Is(err, fs.ErrExist) {
		err = errors.Join(u.root.Remove(name), make())
	} else if errors.Is(err, fs.ErrNotExist) {
		err = errors.Join(u.parents(name), make())
	}
	if err == nil {
		err = u.root.Lchown(name, u.uid, u.gid)
	}
	return archiveError(name, err)
}

// archiveError says that an entry is broken or does not fit the others. That
// the disk is full is no mistake of the archive.
func archiveError(name string, err error) error {
	if err == nil {
		return nil
	}
	for _, ours := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS} {
		if errors.Is(err, ours) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return &CopyError{fmt.Sprintf("unpacking %q: %v", name, err)}
}
