package archive

import (
	"fmt"
	"io"
)

// Each calls visit with every regular file of the tree that is wanted and has at
// most max bytes: its path, as the author would write it, and its contents, which
// are only valid during the call.
func (t *Tree) Each(max int64, wanted func(path string) bool, visit func(path string, content []byte) error) error {
	var buf []byte
	for i := range t.entries {
		e := &t.entries[i]
		if !e.mode.IsRegular() || e.size > max || !wanted(e.path) {
			continue
		}
		file, err := t.open(e)
		if err != nil {
			return err
		}
		buf, err = readInto(buf[:0], file, e.size)
		file.Close()
		if err != nil {
			return fmt.Errorf("reading %s: %w", e.path, err)
		}
		if err := visit(e.path, buf); err != nil {
			return err
		}
	}
	return nil
}

// readInto reads up to size bytes into buf, which grows where it must.
func readInto(buf []byte, r io.Reader, size int64) ([]byte, error) {
	if int64(cap(buf)) < size {
		buf = make([]byte, 0, size)
	}
	n, err := io.ReadFull(r, buf[:size])
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = nil // it became shorter meanwhile; the key will tell
	}
	return buf[:n], err
}
