package engine

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo-terminal of a sandbox, for one Command.
type Terminal struct {
	master *os.File
	peer   *os.File // the command's end
}

// NewTerminal makes a terminal in the sandbox's own devpts.
func (s *Sandbox) NewTerminal(cols, rows int) (*Terminal, error) {
	root, err := s.Root()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	master, err := root.open("/dev/pts/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("making a terminal: %w", err)
	}
	// The kernel gives the end that belongs to the master, whatever /dev/pts holds.
	var peer uintptr
	err = control(master, func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		var errno unix.Errno
		if peer, _, errno = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC); errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil {
		master.Close()
		return nil, fmt.Errorf("making a terminal: %w", err)
	}
	t := &Terminal{master: master, peer: os.NewFile(peer, "terminal")}
	return t, t.Resize(cols, rows)
}

// Resize tells the program in the terminal how large that is.
func (t *Terminal) Resize(cols, rows int) error {
	size := &unix.Winsize{Col: uint16(min(cols, 1<<16-1)), Row: uint16(min(rows, 1<<16-1))}
	if err := control(t.master, func(fd int) error { return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size) }); err != nil {
		return fmt.Errorf("resizing the terminal: %w", err)
	}
	return nil
}

// Close closes a terminal that no command was started in.
func (t *Terminal) Close() error { return errors.Join(t.master.Close(), t.peer.Close()) }

// control calls f with a descriptor and leaves that as it is; Fd may not.
func control(file *os.File, f func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
