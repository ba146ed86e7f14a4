package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// half begins the names of directories in which images are made.
const half = "making-"

// scratch makes a directory in the store to make an image in. As long as it is
// held no other process takes it for one that was left behind.
func (s *Store) scratch() (dir string, done func() error, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("making the image store: %w", err)
	}
	if err := s.sweep(); err != nil {
		return "", nil, err
	}
	unlock, err := lock(filepath.Join(s.dir, "lock"))
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if dir, err = os.MkdirTemp(s.dir, half); err != nil {
		return "", nil, fmt.Errorf("making an image: %w", err)
	}
	release, err := hold(dir)
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(dir))
	}
	return dir, func() error { return errors.Join(removeTree(dir), release()) }, nil
}

// sweep removes what a process that was killed has left half made.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("reading the image store: %w", err)
	}
	unlock, err := lock(filepath.Join(s.dir, "lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), half) {
			continue
		}
		dir := filepath.Join(s.dir, e.Name())
		release, holdErr := hold(dir)
		if holdErr != nil {
			continue // somebody makes an image there, or has just finished
		}
		err = errors.Join(err, removeTree(dir), release())
	}
	return err
}
