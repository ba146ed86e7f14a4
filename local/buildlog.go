package local

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/e2bt/e2bt/e2b"
)

// stride is how many entries lie between two marks of a log's index.
const stride = 100

// buildLog is a build's log on disk, one JSON object a line, with the place of
// every hundredth entry in memory.
type buildLog struct {
	mu    sync.Mutex
	file  *os.File
	buf   *bufio.Writer
	marks []int64
	count int
	size  int64
}

// openLog opens a log, or makes it. The torn last line of a process that was
// killed is cut off.
func openLog(path string) (*buildLog, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a build's log: %w", err)
	}
	l := &buildLog{file: file}
	if err := l.index(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), file.Close())
	}
	l.buf = bufio.NewWriterSize(file, 64<<10)
	return l, nil
}

func (l *buildLog) index() error {
	r := bufio.NewReaderSize(l.file, 64<<10)
	var length int64
	for {
		part, err := r.ReadSlice('\n')
		length += int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			if err := l.file.Truncate(l.size); err != nil {
				return err
			}
			_, err = l.file.Seek(l.size, io.SeekStart)
			return err
		case err != nil:
			return err
		}
		l.mark(length)
		length = 0
	}
}

// mark counts an entry of that many bytes at the end.
func (l *buildLog) mark(length int64) {
	if l.count%stride == 0 {
		l.marks = append(l.marks, l.size)
	}
	l.count++
	l.size += length
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
	l.mark(int64(len(line)) + 1)
	_, _ = l.buf.Write(line) // a writer's error stays and comes with the next call
	return l.buf.WriteByte('\n')
}

// page returns up to limit entries from offset on. With levels, only entries
// of those count.
func (l *buildLog) page(offset, limit int, levels []string) ([]json.RawMessage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []json.RawMessage{}
	if l.file == nil || limit == 0 || offset >= l.count {
		return out, nil
	}
	if err := l.buf.Flush(); err != nil {
		return nil, fmt.Errorf("writing a build's log: %w", err)
	}
	from, skip := int64(0), offset
	if levels == nil {
		from, skip = l.marks[offset/stride], offset%stride
	}
	r := bufio.NewReaderSize(io.NewSectionReader(l.file, from, l.size-from), 32<<10)
	for len(out) < limit {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading a build's log: %w", err)
		}
		switch {
		case levels != nil && !hasLevel(line, levels):
		case skip > 0:
			skip--
		default:
			out = append(out, line[:len(line)-1])
		}
	}
	return out, nil
}

func hasLevel(line []byte, levels []string) bool {
	return slices.ContainsFunc(levels, func(level string) bool {
		return bytes.Contains(line, []byte(`"level":"`+level+`"`))
	})
}

func (l *buildLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.buf.Flush(), l.file.Close())
	l.file = nil
	return err
}
