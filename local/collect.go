package local

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local/image"
)

// Collect removes the files of base images that have no name any more and that
// no template stands on. No server may have the directory: that is a *HeldError.
func Collect(home string, images *image.Store, log *slog.Logger) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("making %s: %w", home, err)
	}
	lock, err := lockDir(home)
	if err != nil {
		return err
	}
	s, err := openStore(home, log)
	if err == nil {
		used := s.images(images)
		err = images.Collect(func(rootfs string) bool { return used[rootfs] })
	}
	return errors.Join(err, lock.Close())
}

// images are the root filesystems that templates stand on.
func (s *store) images(images *image.Store) map[string]bool {
	used := map[string]bool{}
	for _, b := range s.builds {
		if t := s.templates[b.Template]; b.State == e2b.StateReady && t != nil && !t.Deleted {
			used[images.Rootfs(b.Result.Image)] = true
		}
	}
	return used
}
