package local

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"
	"sync"

	"github.com/e2bt/e2bt/e2b"
)

const (
	stride     = 100      // entries between two marks of a log's index
	maxPending = 64 << 10 // bytes of entries that are not in the file yet
)

// levels are those of log entries, the lowest first.
var levels = []string{"debug", "info", "warn", "error"}

// counts says how many entries there are of each level or above.
type counts [4]int

// mark is the place of an entry in the file, and what comes before it.
type mark struct {
	at     int64
	before counts
}

// buildLog is a build's log on disk, one JSON object a line, with the place of
// every hundredth entry in memory. Its file is open while the build runs.
type buildLog struct {
	path string

	mu      sync.Mutex
	file    *os.File // for writing
	read    bool     // the index is that of the file
	pending []byte
	index
	flushed index // what the file holds
}

// index is where entries are.
type index struct {
	marks []mark
	count counts
	size  int64
}

// add counts an entry of that many bytes at the end.
func (x *index) add(level int, length int64) {
	if x.count[0]%stride == 0 {
		x.marks = append(x.marks, mark{x.size, x.count})
	}
	for i := range level + 1 {
		x.count[i]++
	}
	x.size += length
}

// levelOf reads the level of an entry as it is written.
func levelOf(line []byte) int {
	_, rest, _ := bytes.Cut(line, []byte(`"level":"`))
	for i, level := range levels {
		if bytes.HasPrefix(rest, []byte(level+`"`)) {
			return i
		}
	}
	return 0
}

// create begins a log that entries will be appended to.
func (l *buildLog) create() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.Create(l.path)
	if err != nil {
		return fmt.Errorf("making a build's log: %w", err)
	}
	l.file, l.read, l.pending, l.index, l.flushed = file, true, nil, index{}, index{}
	return nil
}

func (l *buildLog) append(e e2b.LogEntry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding a log entry: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return os.ErrClosed
	}
	l.add(levelOf(line), int64(len(line))+1)
	l.pending = append(append(l.pending, line...), '\n')
	if len(l.pending) < maxPending {
		return nil
	}
	return l.flush()
}

// flush writes what is pending. What cannot be written is dropped, and nothing
// of it stays in the file: the log goes on when there is room again.
func (l *buildLog) flush() error {
	if len(l.pending) == 0 {
		return nil
	}
	_, err := l.file.WriteAt(l.pending, l.flushed.size)
	l.pending = l.pending[:0]
	if err == nil {
		l.flushed = l.index
		return nil
	}
	l.index = l.flushed
	return errors.Join(fmt.Errorf("writing a build's log: %w", err), l.file.Truncate(l.size))
}

// load reads the index of a log that an earlier process wrote. The torn last
// line of one that was killed does not count.
func (l *buildLog) load() error {
	if l.read {
		return nil
	}
	file, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		l.read = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening a build's log: %w", err)
	}
	defer file.Close()
	x := index{}
	r := bufio.NewReaderSize(file, 64<<10)
	for length, level := int64(0), -1; ; {
		part, err := r.ReadSlice('\n')
		length += int64(len(part))
		if level < 0 {
			level = levelOf(part)
		}
		switch {
		case err == nil:
			x.add(level, length)
			length, level = 0, -1
		case errors.Is(err, io.EOF):
			l.index, l.flushed, l.read = x, x, true
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("reading a build's log: %w", err)
		}
	}
}

// page returns up to limit entries from offset on, counting those of that
// level or above.
func (l *buildLog) page(offset, limit, level int) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	r, skip, err := l.at(offset, level)
	if err != nil || r == nil {
		return out, err
	}
	defer r.Close()
	for lines := bufio.NewReaderSize(r, 32<<10); len(out) < limit; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading a build's log: %w", err)
		}
		switch {
		case levelOf(line) < level:
		case skip > 0:
			skip--
		default:
			out = append(out, line[:len(line)-1])
		}
	}
	return out, nil
}

// at opens the log at the last mark that is not behind an entry, and says how
// many entries of the level to skip from there; nil where there are no more.
func (l *buildLog) at(offset, level int) (r io.ReadCloser, skip int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err = l.load()
	if err == nil && l.file != nil {
		_ = l.flush() // what is lost is lost; the rest is still there to be read
	}
	if err != nil || offset >= l.count[level] {
		return nil, 0, err
	}
	next := sort.Search(len(l.marks), func(i int) bool { return l.marks[i].before[level] > offset })
	m := l.marks[next-1]
	file, err := os.Open(l.path)
	if err != nil {
		return nil, 0, fmt.Errorf("opening a build's log: %w", err)
	}
	return section{io.NewSectionReader(file, m.at, l.size-m.at), file}, offset - m.before[level], nil
}

type section struct {
	io.Reader
	io.Closer
}

func (l *buildLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.flush(), l.file.Close())
	l.file, l.pending = nil, nil // the server remembers every build
	return err
}

// mended replaces the entries that are no JSON: a machine that loses power
// leaves such.
func mended(entries []json.RawMessage) []json.RawMessage {
	for i, e := range entries {
		if !json.Valid(e) {
			entries[i] = json.RawMessage(`{"timestamp":"1970-01-01T00:00:00Z","level":"warn","message":"(this line of the log is damaged)"}`)
		}
	}
	return entries
}
