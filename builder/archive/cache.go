package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// statCache remembers the sums of a tree's files, as git's index does: a file
// whose status is what it was is not read again. It can be lost, stale or broken
// at no cost but time.
type statCache struct {
	dir     string        // "" : nothing is remembered
	worth   time.Duration // of hashing; what took less is not remembered
	settles time.Duration // since its last change, for a file to be remembered
}

const (
	cacheVersion = "e2bt-sums-1\n"
	worthKeeping = 20 * time.Millisecond // of hashing
	kept         = 30 * 24 * time.Hour
	longestPath  = 1 << 16

	// A file that changes twice within the resolution of its times looks the
	// same after the second time. So what changed so shortly before it was read
	// is not remembered: two seconds is the coarsest clock of a filesystem.
	settles = 2 * time.Second
)

// stat is what tells that a file has changed. The change time cannot be set
// back as the modification time can.
type stat struct{ size, modified, changed, inode int64 }

// record is a line of the cache.
type record struct {
	stat
	sum [32]byte
}

// cacheFile is where the sums of this tree are kept; "" where they are not.
func (t *Tree) cacheFile() string {
	if t.cache.dir == "" {
		return ""
	}
	root, err := filepath.Abs(t.dir)
	if err != nil {
		return ""
	}
	name := sha256.Sum256([]byte(root + "\x00" + t.asked))
	return filepath.Join(t.cache.dir, hex.EncodeToString(name[:16]))
}

// recall takes the sums of files that have not changed from the cache, and
// returns how many there were.
func (t *Tree) recall() (known int) {
	file := t.cacheFile()
	if file == "" {
		return 0
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	records, err := readRecords(data)
	if err != nil {
		return 0
	}
	for i := range t.entries {
		e := &t.entries[i]
		if r, ok := records[e.path]; ok && e.mode.IsRegular() && r.stat == e.stat {
			e.sum, e.known = r.sum, true
			known++
		}
	}
	return known
}

// keep writes the sums down for the next time. That is worth no error: the
// next time takes longer.
func (t *Tree) keep(read time.Time) {
	file := t.cacheFile()
	if file == "" {
		return
	}
	var out bytes.Buffer
	out.WriteString(cacheVersion)
	last := read.Add(-t.cache.settles).UnixNano()
	for i := range t.entries {
		if e := &t.entries[i]; e.mode.IsRegular() && e.stat.inode != 0 && e.stat.modified < last && e.stat.changed < last {
			e.write(&out)
		}
	}
	if os.MkdirAll(t.cache.dir, 0o700) != nil {
		return
	}
	temp, err := os.CreateTemp(t.cache.dir, ".new-*")
	if err != nil {
		return
	}
	_, err = temp.Write(seal(out.Bytes()))
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	t.forget(read)
}

// seal puts a sum at the end, which tells whether all of it is there.
func seal(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(data, sum[:]...)
}

// forget removes caches that were written a month ago,
// and what a process that was killed left.
func (t *Tree) forget(now time.Time) {
	list, err := os.ReadDir(t.cache.dir)
	if err != nil {
		return
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			continue
		}
		age := now.Sub(info.ModTime())
		if age > kept || strings.HasPrefix(e.Name(), ".new-") && age > time.Hour {
			_ = os.Remove(filepath.Join(t.cache.dir, e.Name()))
		}
	}
}

func (e *entry) write(out *bytes.Buffer) {
	var number [binary.MaxVarintLen64]byte
	for _, n := range []int64{int64(len(e.path)), e.stat.size, e.stat.modified, e.stat.changed, e.stat.inode} {
		out.Write(number[:binary.PutVarint(number[:], n)])
	}
	out.WriteString(e.path)
	out.Write(e.sum[:])
}

var errBroken = errors.New("the cache of file sums is broken")

// readRecords reads what keep wrote.
func readRecords(data []byte) (map[string]record, error) {
	end := len(data) - sha256.Size
	if end < len(cacheVersion) || string(data[:len(cacheVersion)]) != cacheVersion || sha256.Sum256(data[:end]) != [32]byte(data[end:]) {
		return nil, errBroken
	}
	data = data[len(cacheVersion):end]
	records := map[string]record{}
	for len(data) > 0 {
		var n [5]int64
		for i := range n {
			value, size := binary.Varint(data)
			if size <= 0 {
				return nil, errBroken
			}
			n[i], data = value, data[size:]
		}
		if n[0] < 0 || n[0] > longestPath || int64(len(data)) < n[0]+sha256.Size {
			return nil, fmt.Errorf("%w: a path of %d bytes", errBroken, n[0])
		}
		name := string(data[:n[0]])
		records[name] = record{stat{n[1], n[2], n[3], n[4]}, [32]byte(data[n[0] : n[0]+sha256.Size])}
		data = data[n[0]+sha256.Size:]
	}
	return records, nil
}
