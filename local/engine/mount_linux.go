package engine

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// anchor is where a private tmpfs is mounted that holds what only the mounting
// itself needs. Every machine has this directory, no store is below it, and in
// the new mount namespace nobody else sees it.
const anchor = "/proc"

// maxLowers is what the kernel takes as layers of one overlay.
const maxLowers = 500

// mountRoot makes the root filesystem of a request that of this process, whose
// mount namespace must be new.
func mountRoot(s *setupRequest) (*injected, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", anchor, "tmpfs", unix.MS_NOSUID, "mode=0755"); err != nil {
		return nil, fmt.Errorf("mounting a tmpfs: %w", err)
	}
	base, err := viewLowers(s)
	if err != nil {
		return nil, err
	}
	defer base.Close()
	inject, err := newInjected(s, base)
	if err != nil {
		return nil, fmt.Errorf("preparing the root: %w", err)
	}
	if err := sameAttributes(base, s.Upper); err != nil {
		return nil, err
	}
	if err := mountOverlay(s); err != nil {
		return nil, err
	}
	if err := enterRoot(s); err != nil {
		return nil, err
	}
	return inject, unix.Sethostname([]byte(s.hostname()))
}

func (s *setupRequest) hostname() string {
	if s.Hostname == "" {
		return "e2b"
	}
	return s.Hostname
}

// overlay is one overlay mount to be made.
type overlay struct {
	lowers      []string
	upper, work string // "" : read only
	options     [][2]string
}

// viewLowers opens the lower directories as one tree, to see what is there.
func viewLowers(s *setupRequest) (*os.File, error) {
	switch {
	case len(s.Lowers) == 0:
		return nil, errors.New("no lower directory")
	case len(s.Lowers) >= maxLowers:
		return nil, fmt.Errorf("%d layers: an overlay has at most %d", len(s.Lowers), maxLowers-1)
	case len(s.Lowers) == 1:
		return os.OpenFile(s.Lowers[0], unix.O_PATH|unix.O_DIRECTORY, 0)
	}
	fd, err := overlay{lowers: s.Lowers, options: overlayOptions(s.InUserNS, false)}.mount("view")
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "/"), nil
}

func mountOverlay(s *setupRequest) error {
	lowers := append([]string{anchor + "/inject"}, s.Lowers...)
	o := overlay{lowers: lowers, upper: s.Upper, work: s.Work, options: overlayOptions(s.InUserNS, true)}
	fd, err := o.mount("root")
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := os.MkdirAll(anchor+"/root", 0o755); err != nil {
		return err
	}
	err = unix.MoveMount(fd, "", unix.AT_FDCWD, anchor+"/root", unix.MOVE_MOUNT_F_EMPTY_PATH)
	if err != nil {
		return fmt.Errorf("attaching the overlay: %w", err)
	}
	return nil
}

// overlayOptions keeps layers plain whatever the kernel's defaults are; in a
// user namespace userxattr implies that, and naming it would be refused.
func overlayOptions(inUserNS, writable bool) (o [][2]string) {
	if inUserNS {
		o = append(o, [2]string{"userxattr"})
	} else {
		o = append(o, [2]string{"redirect_dir", "off"}, [2]string{"index", "off"}, [2]string{"metacopy", "off"})
	}
	if writable {
		o = append(o, [2]string{"volatile"})
	}
	return o
}

// mount returns a mount that is not attached anywhere. Paths go through short
// links, because one option holds 255 bytes and, in older kernels, all of them 4 KiB.
func (o overlay) mount(name string) (int, error) {
	links, err := o.links(name)
	if err != nil {
		return -1, err
	}
	fd, err := o.configure(links)
	if errors.Is(err, unix.EINVAL) {
		if fd, err2 := o.mountOld(name); err2 == nil {
			return fd, nil
		}
	}
	if err != nil {
		return -1, fmt.Errorf("mounting an overlay of %d layers: %w", len(o.lowers), o.hint(err))
	}
	return fd, nil
}

func (o overlay) links(name string) ([]string, error) {
	dir := anchor + "/" + name + ".l"
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	links := make([]string, len(o.lowers))
	for i, lower := range o.lowers {
		if len(lower) < 200 {
			links[i] = lower
			continue
		}
		links[i] = dir + "/" + strconv.Itoa(i)
		if err := os.Symlink(lower, links[i]); err != nil {
			return nil, err
		}
	}
	return links, nil
}

func plusLowers(fs int, lowers []string) error {
	for _, l := range lowers {
		if err := unix.FsconfigSetString(fs, "lowerdir+", l); err != nil {
			return err
		}
	}
	return nil
}

func (o overlay) configure(links []string) (int, error) {
	fs, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	err = plusLowers(fs, links)
	if err == nil {
		err = o.setOptions(fs)
	}
	if err == nil {
		err = unix.FsconfigCreate(fs)
	}
	if err != nil {
		return -1, err
	}
	// Devices come from /dev alone: one that somebody makes in a layer is dead.
	return unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NODEV)
}

func (o overlay) setOptions(fs int) error {
	if o.upper != "" {
		for _, kv := range [][2]string{{"upperdir", o.upper}, {"workdir", o.work}} {
			if err := unix.FsconfigSetString(fs, kv[0], kv[1]); err != nil {
				return err
			}
		}
	}
	for _, kv := range o.options {
		var err error
		if kv[1] == "" {
			err = unix.FsconfigSetFlag(fs, kv[0])
		} else {
			err = unix.FsconfigSetString(fs, kv[0], kv[1])
		}
		if err != nil {
			return fmt.Errorf("option %s: %w", kv[0], err)
		}
	}
	return nil
}

// mountOld does the same with mount(2), for kernels before 6.8.
func (o overlay) mountOld(name string) (int, error) {
	dir, at := anchor+"/"+name+".o", anchor+"/"+name+".m"
	for _, d := range []string{dir, at} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return -1, err
		}
	}
	data, err := o.oldOptions(dir)
	if err != nil {
		return -1, err
	}
	if err := os.Chdir(dir); err != nil {
		return -1, err
	}
	defer os.Chdir("/")
	if err := unix.Mount("overlay", at, "overlay", unix.MS_NODEV, data); err != nil {
		return -1, err
	}
	return unix.OpenTree(unix.AT_FDCWD, at, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
}

func (o overlay) oldOptions(dir string) (string, error) {
	short := make([]string, len(o.lowers))
	for i, lower := range o.lowers {
		short[i] = strconv.FormatInt(int64(i), 36)
		if err := os.Symlink(lower, dir+"/"+short[i]); err != nil {
			return "", err
		}
	}
	parts := []string{"lowerdir=" + strings.Join(short, ":")}
	if o.upper != "" {
		if err := errors.Join(os.Symlink(o.upper, dir+"/upper"), os.Symlink(o.work, dir+"/work")); err != nil {
			return "", err
		}
		parts = append(parts, "upperdir=upper", "workdir=work")
	}
	for _, kv := range o.options {
		parts = append(parts, strings.TrimSuffix(kv[0]+"="+kv[1], "="))
	}
	return strings.Join(parts, ","), nil
}

// hint explains the refusals for which the kernel has one number only.
func (o overlay) hint(err error) error {
	var upper, work unix.Stat_t
	var fs unix.Statfs_t
	if o.upper == "" || unix.Statfs(o.upper, &fs) != nil || unix.Stat(o.upper, &upper) != nil || unix.Stat(o.work, &work) != nil {
		return err
	}
	switch {
	case upper.Dev != work.Dev:
		return fmt.Errorf("%w: %s and %s are on different filesystems", err, o.upper, o.work)
	case fs.Type == unix.OVERLAYFS_SUPER_MAGIC:
		return fmt.Errorf("%w: %s is itself on an overlay, as in a container; put the store on a volume or tmpfs", err, o.upper)
	}
	return err
}

// enterRoot makes the overlay the root and mounts the kernel's filesystems in
// it. Paths there are the template author's: they are only followed once the
// overlay is the root, and the host's, relative ones, until it is gone.
func enterRoot(s *setupRequest) error {
	old, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(old)
	if err := unix.Chdir(anchor + "/root"); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Fchdir(old); err != nil {
		return err
	}
	if err := mountKernel(s.InUserNS); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the old root: %w", err)
	}
	return unix.Chdir("/")
}

type mountCall struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
}

func mountKernel(inUserNS bool) error {
	const quiet = unix.MS_NOSUID | unix.MS_NOEXEC
	calls := []mountCall{
		{"proc", "/proc", "proc", quiet | unix.MS_NODEV, ""},
		{"sysfs", "/sys", "sysfs", quiet | unix.MS_NODEV | unix.MS_RDONLY, ""},
		{"tmpfs", "/dev", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755,size=1m"},
	}
	if inUserNS {
		// A new sysfs is for those who own the network namespace.
		calls[1] = mountCall{"sys", "/sys", "", unix.MS_BIND | unix.MS_REC, ""}
	}
	for _, c := range calls {
		if err := unix.Mount(c.source, c.target, c.fstype, c.flags, c.data); err != nil {
			return fmt.Errorf("mounting %s: %w", c.target, err)
		}
	}
	if inUserNS {
		attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(unix.AT_FDCWD, "/sys", unix.AT_RECURSIVE, &attr); err != nil {
			return fmt.Errorf("making /sys read-only: %w", err)
		}
		return errors.Join(fillDev(), bootAnew())
	}
	return errors.Join(protectProc(), fillDev(), hide(), bootAnew())
}

// bootAnew gives the sandbox a boot of its own, as a machine has that was just
// switched on.
func bootAnew() error {
	const source, target = "/dev/.boot_id", "/proc/sys/kernel/random/boot_id"
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails, by its contract
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	err := os.WriteFile(source, fmt.Appendf(nil, "%x-%x-%x-%x-%x\n", id[:4], id[4:6], id[6:8], id[8:10], id[10:]), 0o444)
	if err == nil {
		err = errors.Join(bind(source, target, unix.MOUNT_ATTR_RDONLY), os.Remove(source))
	}
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("making a boot id: %w", err)
	}
	return nil
}

// protectProc makes what would change the host read-only for its root.
func protectProc() error {
	for _, p := range []string{"sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "asound", "scsi"} {
		const quiet = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
		err := bind("/proc/"+p, "/proc/"+p, unix.MOUNT_ATTR_RDONLY|quiet)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("protecting /proc/%s: %w", p, err)
		}
	}
	return nil
}

// hide covers what tells root about the host.
func hide() error {
	for _, p := range []string{"/proc/kcore", "/proc/keys", "/proc/timer_list"} {
		if err := bind("/dev/null", p, unix.MOUNT_ATTR_RDONLY); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("hiding %s: %w", p, err)
		}
	}
	err := unix.Mount("tmpfs", "/sys/firmware", "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("hiding /sys/firmware: %w", err)
	}
	return nil
}

// bind makes a file or directory appear at a second place, with attributes.
func bind(source, target string, attributes uint64) error {
	if attributes == 0 {
		return unix.Mount(source, target, "", unix.MS_BIND, "")
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: attributes}); err != nil {
		return err
	}
	return unix.MoveMount(fd, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// devices are the harmless ones.
var devices = []struct {
	name         string
	major, minor uint32
}{{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}}

// addDevices puts the devices into /dev, which itself takes none: they are
// made in the tmpfs at anchor. The host's would stay the host's, so that a
// chmod reached it; where none can be made, as in a user namespace, they are
// bound nevertheless, read-only, which leaves the writing to them.
func addDevices() error {
	for _, d := range devices {
		f, err := os.OpenFile("/dev/"+d.name, os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		f.Close()
		source, attributes := strings.TrimPrefix(anchor, "/")+"/"+d.name, uint64(0)
		err = unix.Mknod(source, unix.S_IFCHR, int(unix.Mkdev(d.major, d.minor)))
		if err == nil {
			err = unix.Chmod(source, 0o666)
		} else {
			source, attributes, err = "dev/"+d.name, unix.MOUNT_ATTR_RDONLY, nil
		}
		if err == nil {
			err = bind(source, "/dev/"+d.name, attributes)
		}
		if err != nil {
			return fmt.Errorf("adding /dev/%s: %w", d.name, err)
		}
	}
	return nil
}

// fillDev makes what programs expect in /dev.
func fillDev() error {
	if err := addDevices(); err != nil {
		return err
	}
	for link, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
		"stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if err := os.Symlink(target, "/dev/"+link); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Mkdir("/dev/pts", 0o755), os.Mkdir("/dev/shm", 0o755)); err != nil {
		return err
	}
	if err := unix.Mount("shm", "/dev/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"); err != nil {
		return fmt.Errorf("mounting /dev/shm: %w", err)
	}
	const terminals = "newinstance,ptmxmode=0666,mode=0620"
	err := unix.Mount("devpts", "/dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, terminals+",gid=5")
	if errors.Is(err, unix.EINVAL) { // group 5 is not mapped here
		err = unix.Mount("devpts", "/dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, terminals)
	}
	if err != nil {
		return fmt.Errorf("mounting /dev/pts: %w", err)
	}
	return nil
}
