package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// staticPrefix returns the part of a COPY source before its first component
// with a wildcard, "." where nothing is left.
func staticPrefix(source string) (string, error) {
	var fixed []string
	for part := range strings.SplitSeq(path.Clean("/"+source), "/") {
		if strings.ContainsAny(part, "*?[{") {
			break
		}
		fixed = append(fixed, part)
	}
	for part := range strings.SplitSeq(source, "/") {
		if part == ".." {
			return "", &CopyError{fmt.Sprintf("source %q leads out of the archive", source)}
		}
	}
	return path.Join(".", path.Join(fixed...)), nil
}

// place moves what was unpacked to its destination: a file to it, or into it
// where it is a directory or is written with a slash at its end; of a
// directory the contents, merged with what is there.
func (u *unpacker) place(scratch string, r *copyRequest) error {
	prefix, err := staticPrefix(r.Source)
	if err != nil {
		return err
	}
	info, err := u.root.Lstat(prefix)
	if err != nil {
		return &CopyError{fmt.Sprintf("source %q is not in the archive", r.Source)}
	}
	dest := u.destination(r)
	source := filepath.Join(scratch, prefix)
	if info.IsDir() {
		return u.placeDirectory(source, dest)
	}
	if existing, err := os.Stat(dest); strings.HasSuffix(r.Dest, "/") || err == nil && existing.IsDir() {
		dest = filepath.Join(dest, path.Base(prefix))
	}
	if _, err := makeDirs(filepath.Dir(dest), 0, 0); err != nil {
		return fmt.Errorf("copying to %s: %w", dest, err)
	}
	return move(source, dest)
}

func (u *unpacker) destination(r *copyRequest) string {
	if path.IsAbs(r.Dest) {
		return path.Clean(r.Dest)
	}
	dir := r.Dir
	if dir == "" {
		dir = u.home
	}
	return path.Join("/", dir, r.Dest)
}

func (u *unpacker) placeDirectory(source, dest string) error {
	made, err := makeDirs(dest, 0, 0)
	if err != nil {
		return fmt.Errorf("copying to %s: %w", dest, err)
	}
	if made {
		if err := os.Lchown(dest, u.uid, u.gid); err != nil {
			return err
		}
	}
	if made && u.mode >= 0 {
		if err := unix.Chmod(dest, uint32(u.mode)); err != nil {
			return err
		}
	}
	return mergeInto(source, dest)
}

// mergeInto moves everything in source into the directory dest, which may also be
// a symbolic link to one, and then stays one.
func mergeInto(source, dest string) error {
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, e := range entries {
		from, to := filepath.Join(source, e.Name()), filepath.Join(dest, e.Name())
		if e.IsDir() {
			err = moveDirectory(from, to)
		} else {
			err = move(from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func moveDirectory(from, to string) error {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return mergeInto(from, to)
	}
	return move(from, to)
}

// move renames; everything that was unpacked is in the writable layer, where
// an overlay can rename directories too.
func move(from, to string) error {
	err := os.Rename(from, to)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist), errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENOTEMPTY):
		return &CopyError{fmt.Sprintf("copying to %s: a file cannot take the place of a directory", to)}
	case errors.Is(err, unix.ENOTDIR):
		return &CopyError{fmt.Sprintf("copying to %s: a directory cannot take the place of a file", to)}
	}
	return fmt.Errorf("copying to %s: %w", to, errors.Unwrap(err))
}
