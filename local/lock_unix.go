//go:build unix

package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// holdsOn is how long a lock may outlast its file: a program that is just being
// started has a copy of it until it runs.
const holdsOn = 500 * time.Millisecond

func flock(fd int) error {
	for end := time.Now().Add(holdsOn); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(end) {
			return err
		}
	}
}

// lockDir takes the directory for this process until the file is closed; the
// kernel does that for a process that dies.
func lockDir(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := flock(int(file.Fd())); err != nil {
		defer file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			said, _ := io.ReadAll(io.LimitReader(file, 100))
			owner, since, _ := strings.Cut(strings.TrimSpace(string(said)), " ")
			return nil, &HeldError{Dir: dir, Owner: owner, Since: since}
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := file.Truncate(0); err == nil {
		fmt.Fprintln(file, os.Getpid(), time.Now().Format(time.RFC3339))
	}
	return file, nil
}
