package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	smallFile   = 16 << 10 // bytes; such a file is read once, for key and archive
	smallBudget = 12 << 20 // bytes that all of them together may hold
	keyVersion  = "e2bt-files-1"
)

// Key is the tree's key, 64 hexadecimal digits. The files are read once; a
// later Pack notices when they have changed since.
func (t *Tree) Key() (string, error) {
	if t.key != "" {
		return t.key, nil
	}
	if err := t.hash(); err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", keyVersion)
	var line []byte
	for i := range t.entries {
		line = t.entries[i].keyLine(line[:0])
		h.Write(line)
	}
	t.key = hex.EncodeToString(h.Sum(nil))
	return t.key, nil
}

// keyLine is the part of an entry in the key.
func (e *entry) keyLine(line []byte) []byte {
	line = strconv.AppendInt(line, int64(len(e.path)), 10)
	line = append(append(line, ':'), e.path...)
	line = strconv.AppendUint(append(line, ' '), uint64(canonicalMode(e.mode)), 8)
	line = strconv.AppendInt(append(line, ' '), int64(len(e.target)), 10)
	line = append(append(line, ':'), e.target...)
	return append(hex.AppendEncode(append(line, ' '), e.sum[:]), '\n')
}

// canonicalMode keeps the type and whether the owner may execute.
func canonicalMode(m fs.FileMode) fs.FileMode {
	switch {
	case m.IsDir():
		return fs.ModeDir | 0o755
	case m&fs.ModeSymlink != 0:
		return fs.ModeSymlink | 0o777
	case m&0o100 != 0:
		return 0o755
	}
	return 0o644
}

// hash reads every file once, several at a time, but for those that a cache
// knows.
func (t *Tree) hash() error {
	start := time.Now()
	known := t.recall()
	var budget, next atomic.Int64
	budget.Store(smallBudget)
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			buf := make([]byte, 128<<10)
			for i := next.Add(1) - 1; i < int64(len(t.entries)); i = next.Add(1) - 1 {
				if err := t.hashFile(&t.entries[i], buf, &budget); err != nil {
					next.Store(int64(len(t.entries))) // the others need not go on
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if known == 0 && time.Since(start) < t.cache.worth {
		return nil
	}
	if t.unknown() > 0 {
		t.keep(start)
	}
	return nil
}

// unknown counts the files that the cache did not know.
func (t *Tree) unknown() (n int) {
	for i := range t.entries {
		if e := &t.entries[i]; e.mode.IsRegular() && !e.known {
			n++
		}
	}
	return n
}

func (t *Tree) hashFile(e *entry, buf []byte, budget *atomic.Int64) error {
	if !e.mode.IsRegular() || e.known {
		return nil
	}
	file, err := t.open(e)
	if err != nil {
		return err
	}
	defer file.Close()
	if e.size <= smallFile {
		n, err := io.ReadAtLeast(file, buf[:e.size+1], int(e.size)) // which is one call to the system, as a rule
		if err != nil || int64(n) != e.size {
			return changed(e, err)
		}
		e.sum = sha256.Sum256(buf[:n])
		if budget.Add(-e.size) >= 0 {
			e.data = append(make([]byte, 0, n), buf[:n]...)
		}
		return nil
	}
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{file}, buf)
	if err != nil {
		return fmt.Errorf("reading %s: %w", e.path, err)
	}
	if n != e.size {
		return changed(e, nil)
	}
	h.Sum(e.sum[:0])
	return nil
}

// open opens the file of an entry without following a link that has taken its
// place.
func (t *Tree) open(e *entry) (*os.File, error) {
	name := filepath.Join(t.dir, filepath.FromSlash(e.path))
	if e.path == t.from {
		name = t.real
	}
	file, err := os.OpenFile(name, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", e.path, err)
	}
	return file, nil
}

func changed(e *entry, err error) error {
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("reading %s: %w", e.path, err)
	}
	return fmt.Errorf("reading %s: it changed meanwhile", e.path)
}
