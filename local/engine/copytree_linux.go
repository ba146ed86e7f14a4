package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// CopyTree copies a directory with everything that an overlay's layer consists
// of: owners, modes, times, links, devices and attributes. What is removed
// meanwhile is left out.
func CopyTree(ctx context.Context, from, to string) error {
	c := treeCopy{from: from, to: to, links: map[[2]uint64]string{}}
	err := filepath.WalkDir(from, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = c.entry(path)
		}
		if path != from && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	for i := len(c.dirs) - 1; err == nil && i >= 0; i-- { // what was made inside has changed their times
		err = setTimes(c.dirs[i].path, c.dirs[i].stat)
	}
	if err != nil {
		return fmt.Errorf("copying a layer: %w", err)
	}
	return nil
}

type treeCopy struct {
	from, to string
	links    map[[2]uint64]string // the first name of a file with several, by device and inode
	dirs     []copiedDir
}

type copiedDir struct {
	path string
	stat *unix.Stat_t
}

func (c *treeCopy) entry(path string) error {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	to := c.to + strings.TrimPrefix(path, c.from)
	id := [2]uint64{stat.Dev, stat.Ino}
	if first := c.links[id]; first != "" {
		return os.Link(first, to)
	}
	if err := makeEntry(path, to, &stat); err != nil {
		return err
	}
	kind := stat.Mode & unix.S_IFMT
	if stat.Nlink > 1 && kind != unix.S_IFDIR {
		c.links[id] = to
	}
	if err := os.Lchown(to, int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	if kind != unix.S_IFLNK {
		if err := unix.Chmod(to, stat.Mode&0o7777); err != nil {
			return &fs.PathError{Op: "chmod", Path: to, Err: err}
		}
	}
	if err := copyAttributes(path, to); err != nil {
		return err
	}
	if kind == unix.S_IFDIR {
		c.dirs = append(c.dirs, copiedDir{to, &stat})
		return nil
	}
	return setTimes(to, &stat)
}

// makeEntry makes what is at path anew, with the same content.
func makeEntry(path, to string, stat *unix.Stat_t) error {
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		if err := os.Mkdir(to, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	case unix.S_IFLNK:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case unix.S_IFREG:
		return copyContent(path, to)
	}
	if err := unix.Mknod(to, stat.Mode, int(stat.Rdev)); err != nil {
		return &fs.PathError{Op: "mknod", Path: to, Err: err}
	}
	return nil
}

func copyContent(path, to string) error {
	in, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) // in the kernel, where the filesystem can
	return errors.Join(err, out.Close())
}

func copyAttributes(path, to string) error {
	names := make([]byte, 64<<10) // the most that there are
	n, err := unix.Llistxattr(path, names)
	if errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	if err != nil {
		return &fs.PathError{Op: "listxattr", Path: path, Err: err}
	}
	value := make([]byte, 64<<10)
	for name := range strings.SplitSeq(strings.TrimRight(string(names[:n]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		size, err := unix.Lgetxattr(path, name, value)
		if err == nil {
			err = unix.Lsetxattr(to, name, value[:size], 0)
		}
		if err != nil {
			return &fs.PathError{Op: "setxattr " + name, Path: to, Err: err}
		}
	}
	return nil
}

func setTimes(path string, stat *unix.Stat_t) error {
	times := []unix.Timespec{stat.Atim, stat.Mtim}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, path, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &fs.PathError{Op: "utimes", Path: path, Err: err}
	}
	return nil
}
