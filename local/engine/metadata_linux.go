package engine

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// metadataPrefix begins the extended attributes that keep a file's metadata.
const metadataPrefix = "user.e2b."

// metadataOf reads the metadata of a file that is open as a path alone; a
// filesystem that has no attributes has no metadata.
func metadataOf(f *os.File) map[string]string {
	at := through(f, "")
	list := make([]byte, 64<<10)
	n, err := unix.Listxattr(at, list)
	if err != nil || n == 0 {
		return nil
	}
	var out map[string]string
	value := make([]byte, 64<<10)
	for name := range strings.SplitSeq(strings.TrimRight(string(list[:n]), "\x00"), "\x00") {
		key, ok := strings.CutPrefix(name, metadataPrefix)
		if !ok {
			continue
		}
		size, err := unix.Getxattr(at, name, value)
		if err != nil {
			continue // removed meanwhile
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = string(value[:size])
	}
	return out
}

// SetMetadata replaces the metadata of an open file.
func SetMetadata(f *os.File, metadata map[string]string) error {
	for key := range metadataOf(f) {
		if err := unix.Fremovexattr(int(f.Fd()), metadataPrefix+key); err != nil {
			return fmt.Errorf("removing the metadata %q: %w", key, err)
		}
	}
	for key, value := range metadata {
		if err := unix.Fsetxattr(int(f.Fd()), metadataPrefix+key, []byte(value), 0); err != nil {
			return fmt.Errorf("setting the metadata %q: %w", key, err)
		}
	}
	return nil
}
