package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeDisk is how many bytes can be written below dir, which need not be there
// yet.
func FreeDisk(dir string) (int64, error) {
	var fs unix.Statfs_t
	for {
		err := unix.Statfs(dir, &fs)
		parent := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || parent == dir {
			if err != nil {
				return 0, fmt.Errorf("asking for the free disk of %s: %w", dir, err)
			}
			return int64(fs.Bavail) * int64(fs.Bsize), nil
		}
		dir = parent
	}
}
