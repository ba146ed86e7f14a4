package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Root is the root filesystem of a sandbox seen from outside. Every path is
// resolved by the kernel inside it: no "..", no symbolic link and no magic link
// of /proc leads out.
type Root struct {
	dir    *os.File
	prefix string // what the kernel calls its "/"
}

// OpenRoot opens a directory as a root filesystem.
func OpenRoot(dir string) (*Root, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the root filesystem: %w", err)
	}
	r := &Root{dir: os.NewFile(uintptr(fd), "/")}
	if r.prefix, err = os.Readlink(r.self("")); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Root opens the root filesystem of the sandbox, for the caller to close.
func (s *Sandbox) Root() (*Root, error) {
	r, err := OpenRoot(fmt.Sprintf("/proc/%d/root", s.cmd.Process.Pid))
	if err == nil && !s.alive() { // the number may be another process's by now
		return nil, errors.Join(s.deathError(), r.Close())
	}
	return r, err
}

// Close closes the directory; what was opened through it stays open.
func (r *Root) Close() error { return r.dir.Close() }

func (r *Root) self(name string) string { return through(r.dir, name) }

// through is the path of what is in an open directory, for calls that take no
// descriptor.
func through(dir *os.File, name string) string {
	return strings.TrimSuffix(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name), "/")
}

func (r *Root) open(name string, flags int, mode uint32) (*os.File, error) {
	for {
		fd, err := unix.Openat2(int(r.dir.Fd()), name, &unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Mode: uint64(mode),
			Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
		if err == unix.EINTR || err == unix.EAGAIN { // something was renamed meanwhile
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "opening", Path: name, Err: err}
		}
		return os.NewFile(uintptr(fd), name), nil
	}
}

// parent opens the directory of a path, which need not exist.
func (r *Root) parent(name string) (*os.File, string, error) {
	name = path.Clean("/" + name)
	if name == "/" {
		return nil, "", &fs.PathError{Op: "opening", Path: name, Err: unix.EBUSY}
	}
	dir, err := r.open(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	return dir, path.Base(name), err
}

// Open opens a regular file for reading.
func (r *Root) Open(name string) (*os.File, error) {
	return r.regular(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
}

// Create opens a regular file for writing and empties it. One that is new
// belongs to owner, and so do the directories above it that are.
func (r *Root) Create(name string, owner FileOwner) (*os.File, error) {
	if _, err := r.MakeDir(path.Dir(path.Clean("/"+name)), owner); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f, err := r.regular(name, unix.O_WRONLY|unix.O_CREAT|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	var info fs.FileInfo
	if info, err = f.Stat(); err == nil && info.Size() > 0 { // else it would be a change that watchers are told of
		err = f.Truncate(0)
	}
	if err == nil {
		err = own(unix.Fchown(int(f.Fd()), owner.UID, owner.GID))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating %s: %w", name, err), f.Close())
	}
	return f, nil
}

// own forgives a refusal to those who have no right to give files away: they
// keep all of them.
func own(err error) error {
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		return nil
	}
	return err
}

func (r *Root) regular(name string, flags int, mode uint32) (*os.File, error) {
	f, err := r.open(name, flags, mode)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.IsDir():
		err = unix.EISDIR
	case err == nil && !info.Mode().IsRegular():
		err = unix.EINVAL
	}
	if err != nil {
		return nil, errors.Join(&fs.PathError{Op: "opening", Path: name, Err: err}, f.Close())
	}
	return f, nil
}

// MakeDir makes a directory and those above it; one that is there is fs.ErrExist.
func (r *Root) MakeDir(name string, owner FileOwner) (FileEntry, error) {
	name = path.Clean("/" + name)
	if dir, err := r.open(name, unix.O_PATH, 0); err == nil {
		info, err := dir.Stat()
		dir.Close()
		switch {
		case err != nil:
			return FileEntry{}, err
		case !info.IsDir():
			return FileEntry{}, &fs.PathError{Op: "making", Path: name, Err: unix.ENOTDIR}
		}
		return FileEntry{}, &fs.PathError{Op: "making", Path: name, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return FileEntry{}, err
	}
	if _, err := r.MakeDir(path.Dir(name), owner); err != nil && !errors.Is(err, fs.ErrExist) {
		return FileEntry{}, err
	}
	dir, base, err := r.parent(name)
	if err != nil {
		return FileEntry{}, err
	}
	defer dir.Close()
	if err := unix.Mkdirat(int(dir.Fd()), base, 0o755); err != nil {
		return FileEntry{}, &fs.PathError{Op: "making", Path: name, Err: err}
	}
	if err := own(unix.Fchownat(int(dir.Fd()), base, owner.UID, owner.GID, unix.AT_SYMLINK_NOFOLLOW)); err != nil {
		return FileEntry{}, &fs.PathError{Op: "giving away", Path: name, Err: err}
	}
	return r.Stat(name)
}

// Move renames.
func (r *Root) Move(from, to string, owner FileOwner) (FileEntry, error) {
	source, old, err := r.parent(from)
	if err != nil {
		return FileEntry{}, err
	}
	defer source.Close()
	if _, err := os.Lstat(through(source, old)); err != nil {
		return FileEntry{}, &fs.PathError{Op: "moving", Path: from, Err: fs.ErrNotExist}
	}
	if _, err := r.MakeDir(path.Dir(path.Clean("/"+to)), owner); err != nil && !errors.Is(err, fs.ErrExist) {
		return FileEntry{}, err
	}
	dest, name, err := r.parent(to)
	if err != nil {
		return FileEntry{}, err
	}
	defer dest.Close()
	if err := unix.Renameat(int(source.Fd()), old, int(dest.Fd()), name); err != nil {
		return FileEntry{}, &fs.PathError{Op: "moving", Path: from, Err: err}
	}
	return r.Stat(to)
}

// Remove removes a file, or a directory with all that is in it. What is not
// there is removed already.
func (r *Root) Remove(name string) error {
	dir, base, err := r.parent(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := os.RemoveAll(through(dir, base)); err != nil {
		return &fs.PathError{Op: "removing", Path: name, Err: errors.Unwrap(err)}
	}
	return nil
}

// Stat describes a file, a symbolic link as itself.
func (r *Root) Stat(name string) (FileEntry, error) {
	name = path.Clean("/" + name)
	f, err := r.open(name, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return FileEntry{}, err
	}
	defer f.Close()
	names, err := r.idNames()
	if err != nil {
		return FileEntry{}, err
	}
	return r.describe(name, f, names)
}

// List describes what is in a directory, down to a depth.
func (r *Root) List(name string, depth int) ([]FileEntry, error) {
	names, err := r.idNames()
	if err != nil {
		return nil, err
	}
	return r.list(path.Clean("/"+name), depth, names)
}

func (r *Root) list(name string, depth int, names idNames) ([]FileEntry, error) {
	dir, err := r.open(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	found, err := dir.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	out := []FileEntry{}
	for _, d := range found {
		at := path.Join(name, d.Name())
		f, err := r.open(at, unix.O_PATH|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue // removed meanwhile
		}
		e, err := r.describe(at, f, names)
		f.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if !e.Mode.IsDir() || depth <= 1 {
			continue
		}
		below, err := r.list(at, depth-1, names)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}

func (r *Root) describe(name string, f *os.File, names idNames) (FileEntry, error) {
	info, err := f.Stat()
	if err != nil {
		return FileEntry{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return FileEntry{}, err
	}
	e := FileEntry{Path: name, Mode: info.Mode(), TargetMode: info.Mode(), Size: info.Size(), Modified: info.ModTime().UTC().Truncate(time.Microsecond),
		Owner: names.users.of(st.Uid), Group: names.groups.of(st.Gid)}
	if e.Mode.IsRegular() || e.Mode.IsDir() {
		e.Metadata = metadataOf(f)
	}
	if e.Mode&fs.ModeSymlink != 0 {
		e.Target, e.TargetMode = r.follow(name)
	}
	return e, nil
}

// follow tells where a symbolic link leads in the end.
func (r *Root) follow(name string) (string, fs.FileMode) {
	f, err := r.open(name, unix.O_PATH, 0)
	if err != nil {
		return name, fs.ModeIrregular
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return name, fs.ModeIrregular
	}
	target, err := os.Readlink(through(f, ""))
	if err != nil {
		return name, info.Mode()
	}
	return path.Clean("/" + strings.TrimPrefix(target, r.prefix)), info.Mode()
}

// idNames are the names of users and groups of the root filesystem.
type idNames struct{ users, groups namesByID }

type namesByID map[uint32]string

func (n namesByID) of(id uint32) string {
	if name, ok := n[id]; ok {
		return name
	}
	return strconv.FormatUint(uint64(id), 10)
}

func (r *Root) idNames() (idNames, error) {
	users, err1 := r.readAccounts("/etc/passwd")
	groups, err2 := r.readAccounts("/etc/group")
	return idNames{parseNames(users), parseNames(groups)}, errors.Join(err1, err2)
}

func parseNames(text string) namesByID {
	out := namesByID{0: "root"}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 3 {
			continue
		}
		if id, err := parseID(f[2]); err == nil {
			if _, ok := out[id]; !ok {
				out[id] = f[0]
			}
		}
	}
	return out
}

func (r *Root) readAccounts(name string) (string, error) {
	f, err := r.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := readRegular(f, maxAccounts)
	return string(text), err
}

// Owner finds a user of the root filesystem.
func (r *Root) Owner(user string) (FileOwner, error) {
	passwd, err := r.readAccounts("/etc/passwd")
	if err != nil {
		return FileOwner{}, err
	}
	a, err := findAccount(passwd, "", user)
	if err != nil {
		return FileOwner{}, err
	}
	return FileOwner{Home: a.homeOrRoot(), UID: int(a.uid), GID: int(a.gid)}, nil
}

// Usage tells how much of its disk is used.
func (r *Root) Usage() (used, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(r.self(""), &st); err != nil {
		return 0, 0, fmt.Errorf("measuring the disk: %w", err)
	}
	return int64(st.Blocks-st.Bfree) * st.Bsize, int64(st.Blocks) * st.Bsize, nil
}
