package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// makeNode makes a device or a pipe. Who may not make devices gets none: the
// engine brings those that commands need.
func makeNode(at string, h *tar.Header) error {
	kind := map[byte]uint32{tar.TypeChar: unix.S_IFCHR, tar.TypeBlock: unix.S_IFBLK, tar.TypeFifo: unix.S_IFIFO}[h.Typeflag]
	err := unix.Mknod(at, kind|uint32(h.Mode&0o777), int(unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor))))
	if errors.Is(err, unix.EPERM) && h.Typeflag != tar.TypeFifo {
		return nil
	}
	return err
}

// finish sets owner, mode, attributes and time. Attributes of overlay
// filesystems would change what the engine makes of the directory.
func finish(at string, h *tar.Header) error {
	if _, err := os.Lstat(at); errors.Is(err, fs.ErrNotExist) {
		return nil // a device that could not be made
	}
	if h.Typeflag == tar.TypeLink {
		return nil
	}
	if err := os.Lchown(at, h.Uid, h.Gid); err != nil && os.Geteuid() == 0 {
		return fmt.Errorf("setting its owner: %w", err)
	}
	if h.Typeflag == tar.TypeSymlink {
		return nil
	}
	if err := unix.Chmod(at, uint32(h.Mode&0o7777)); err != nil {
		return fmt.Errorf("setting its mode: %w", err)
	}
	for key, value := range h.PAXRecords {
		name, ok := strings.CutPrefix(key, xattrPrefix)
		if !ok || strings.Contains(name, "overlay.") {
			continue
		}
		err := unix.Lsetxattr(at, name, []byte(value), 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOTSUP) {
			return fmt.Errorf("setting its attribute %s: %w", name, err)
		}
	}
	return os.Chtimes(at, h.ModTime, h.ModTime)
}

// ownMounts gives a command mounts of its own: a user namespace may mount
// nothing elsewhere, and what is left when it is killed goes with it.
func ownMounts(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
}

var errHeld = errors.New("another process has it")

// hold takes a directory for this process until release, or the process's end.
func hold(dir string) (release func() error, err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return nil, errors.Join(errHeld, file.Close())
	}
	return file.Close, nil
}

// lock takes a file for this process until unlock, or the process's end.
func lock(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the image store: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the image store: %w", err), file.Close())
	}
	return file.Close, nil
}
