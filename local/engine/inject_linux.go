package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxInjected bounds the files of the image that are read to be extended.
const maxInjected = 8 << 20

// injected is a directory in a private tmpfs that becomes the topmost lower of
// the overlay: what every command should see and no layer should hold.
type injected struct {
	dir    *os.File // outlives the mount, for comparing with what was copied up
	bundle bool     // commands need bundleVariables

	base *os.File // the image, as it is without us
	path string
}

func newInjected(s *setupRequest, base *os.File) (*injected, error) {
	in := &injected{base: base, path: anchor + "/inject"}
	if err := os.Mkdir(in.path, 0o755); err != nil {
		return nil, err
	}
	if err := sameAttributes(base, in.path); err != nil {
		return nil, err
	}
	for _, dir := range []string{"proc", "sys", "dev"} {
		if err := in.mountPoint(dir); err != nil {
			return nil, err
		}
	}
	err := errors.Join(in.network(s.hostname()), in.certificates(s))
	if err != nil {
		return nil, err
	}
	in.base = nil
	in.dir, err = os.OpenFile(in.path, unix.O_PATH|unix.O_DIRECTORY, 0)
	return in, err
}

// mountPoint makes a directory where the image has none, whatever it has there.
func (in *injected) mountPoint(name string) error {
	if f, err := in.open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW); err == nil {
		return f.Close()
	}
	return os.Mkdir(in.path+"/"+name, 0o755)
}

// open opens a path of the image; symbolic links cannot lead out of it.
func (in *injected) open(name string, flags uint64) (*os.File, error) {
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(int(in.base.Fd()), name, &how)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (in *injected) read(name string) []byte {
	f, err := openRegular(func(flags uint64) (*os.File, error) { return in.open(name, flags) }, unix.O_RDONLY)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := readRegular(f, maxInjected)
	if err != nil {
		return nil
	}
	return data
}

// openRegular opens what is a regular file: to open a device, which anybody
// can put into a layer, may already do something.
func openRegular(open func(flags uint64) (*os.File, error), flags uint64) (*os.File, error) {
	path, err := open(unix.O_PATH)
	if err != nil {
		return nil, err
	}
	info, err := path.Stat()
	path.Close()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening %s: not a regular file", path.Name())
	}
	return open(flags)
}

func (in *injected) isDir(name string) bool {
	f, err := in.open(name, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// write injects a file. Where the image has something other than directories
// on the way there it does nothing: hiding that would do more harm.
func (in *injected) write(name string, data []byte, mode fs.FileMode) error {
	if ok, err := in.parents(path.Dir(name)); !ok || err != nil {
		return err
	}
	file := in.path + "/" + name
	if err := os.WriteFile(file, data, mode); err != nil {
		return err
	}
	if f, err := in.open(name, unix.O_PATH|unix.O_NOFOLLOW); err == nil {
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return sameAttributes(f, file)
		}
	}
	return os.Chmod(file, mode)
}

// parents makes the directories of a path, like those of the image.
func (in *injected) parents(dir string) (bool, error) {
	sofar := ""
	for part := range strings.SplitSeq(dir, "/") {
		sofar = path.Join(sofar, part)
		f, err := in.open(sofar, unix.O_PATH|unix.O_NOFOLLOW)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		ok, err := in.likeImage(f, in.path+"/"+sofar)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (in *injected) likeImage(image *os.File, target string) (bool, error) {
	if image != nil {
		defer image.Close()
		if info, err := image.Stat(); err != nil || !info.IsDir() {
			return false, err
		}
	}
	if err := os.Mkdir(target, 0o755); err != nil || image == nil {
		return err == nil || errors.Is(err, fs.ErrExist), nil
	}
	return true, sameAttributes(image, target)
}

// sameAttributes gives target the owner, mode and times of f: a directory of
// an overlay has those of its topmost layer.
func sameAttributes(f *os.File, target string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(int(f.Fd()), "", &st, unix.AT_EMPTY_PATH); err != nil {
		return fmt.Errorf("reading attributes of %s: %w", f.Name(), err)
	}
	if err := os.Lchown(target, int(st.Uid), int(st.Gid)); err != nil {
		return err
	}
	if err := unix.Chmod(target, st.Mode&0o7777); err != nil {
		return fmt.Errorf("setting the mode of %s: %w", target, err)
	}
	times := []unix.Timespec{st.Mtim, st.Mtim}
	return unix.UtimesNanoAt(unix.AT_FDCWD, target, times, unix.AT_SYMLINK_NOFOLLOW)
}

// network injects what resolving names needs, the host's network being shared.
func (in *injected) network(hostname string) error {
	resolv, err := os.ReadFile("/etc/resolv.conf")
	if err == nil {
		err = in.write("etc/resolv.conf", resolv, 0o644)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, in.write("etc/hosts", hostsFile(in.read("etc/hosts"), hostname), 0o644))
}

// hostsMark ends the lines that are ours.
const hostsMark = " # e2bt"

func hostsFile(image []byte, hostname string) []byte {
	out := bytes.TrimRight(image, "\n")
	if len(out) > 0 {
		out = append(bytes.Clone(out), '\n')
	}
	if !bytes.Contains(image, []byte("localhost")) {
		out = append(out, "127.0.0.1 localhost"+hostsMark+"\n::1 localhost ip6-localhost ip6-loopback"+hostsMark+"\n"...)
	}
	return append(out, "127.0.1.1 "+hostname+hostsMark+"\n"...)
}

// withoutMarked undoes hostsFile in a file that a command has added to.
func withoutMarked(hosts []byte) []byte {
	var out []byte
	for line := range bytes.Lines(hosts) {
		if !bytes.HasSuffix(bytes.TrimRight(line, "\n"), []byte(hostsMark)) {
			out = append(out, line...)
		}
	}
	return out
}

// scrub removes from an upper directory what a command copied up of the
// injected files without changing it, as chown -R does. The names below upper
// are the template author's, so no symbolic link is followed.
func scrub(upper string, inject *os.File) error {
	up, err := os.OpenFile(upper, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer up.Close()
	for _, name := range []string{bundlePath, profilePath, sudoersPath} {
		// Names of ours: not even the trace of their deletion is wanted.
		if err := unlinkBeneath(up, name); err != nil && !absent(err) {
			return fmt.Errorf("cleaning the layer of %s: %w", name, err)
		}
	}
	for _, name := range shared {
		if err := scrubFile(up, inject, name); err != nil {
			return fmt.Errorf("cleaning the layer of %s: %w", name, err)
		}
	}
	return nil
}

func openBeneath(dir *os.File, name string, flags uint64) (*os.File, error) {
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	fd, err := unix.Openat2(int(dir.Fd()), name, &how)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func scrubFile(up, inject *os.File, name string) error {
	ours, err := openBeneath(inject, name, unix.O_RDONLY)
	if err != nil {
		return nil
	}
	defer ours.Close()
	theirs, err := openRegular(func(flags uint64) (*os.File, error) { return openBeneath(up, name, flags) }, unix.O_RDWR)
	if err != nil {
		return nil // not in the layer, or something of the command's own
	}
	defer theirs.Close()
	was, err := readRegular(ours, maxInjected*2)
	if err != nil {
		return err
	}
	is, err := readRegular(theirs, maxInjected*2)
	if err != nil {
		return nil // grown large: the command's own
	}
	if bytes.Equal(is, was) {
		return unlinkBeneath(up, name)
	}
	rest := withoutOurs(name, is)
	if len(rest) == len(is) {
		return nil
	}
	_, err = theirs.WriteAt(rest, 0)
	return errors.Join(err, theirs.Truncate(int64(len(rest))))
}

// withoutOurs takes from an injected file that a command has changed what was ours.
func withoutOurs(name string, text []byte) []byte {
	switch name {
	case "etc/resolv.conf":
		return text
	case "etc/hosts":
		return withoutMarked(text)
	}
	return withoutHosts(text)
}

// absent tells whether err means that there is nothing of that name, perhaps
// because a part of it is a link or a file.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EXDEV)
}

func unlinkBeneath(up *os.File, name string) error {
	dir, err := openBeneath(up, path.Dir(name), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.Unlinkat(int(dir.Fd()), path.Base(name), 0)
}
