package engine

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// stdio connects the readers and writers of a Command with pipes.
type stdio struct {
	index  [3]int
	passed []*os.File // the command's ends, closed by start
	stdin  *os.File
	source io.Reader
	copies []*copier

	isTerminal bool
}

func newStdio(c Command) (*stdio, error) {
	s := &stdio{index: [3]int{-1, -1, -1}, source: c.Stdin}
	if err := s.connect(c); err != nil {
		closeAll(s.passed)
		s.finish(0)
		return nil, fmt.Errorf("making pipes: %w", err)
	}
	return s, nil
}

func (s *stdio) connect(c Command) error {
	if c.Terminal != nil {
		return s.terminal(c)
	}
	if c.Stdin != nil {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		s.stdin = w
		s.pass(0, r)
	}
	if err := s.output(1, c.Stdout); err != nil {
		return err
	}
	if sameWriter(c.Stdout, c.Stderr) {
		s.index[2] = s.index[1]
		return nil
	}
	return s.output(2, c.Stderr)
}

// terminal makes one descriptor serve for all three.
func (s *stdio) terminal(c Command) error {
	s.passed = append(s.passed, c.Terminal.peer)
	s.index, s.isTerminal = [3]int{}, true
	if c.Stdin != nil {
		s.stdin = c.Terminal.master
	}
	s.copies = append(s.copies, &copier{from: c.Terminal.master, to: c.Stdout})
	return nil
}

func (s *stdio) pass(slot int, f *os.File) {
	s.index[slot] = len(s.passed)
	s.passed = append(s.passed, f)
}

func (s *stdio) output(slot int, w io.Writer) error {
	if w == nil {
		return nil
	}
	r, child, err := os.Pipe()
	if err != nil {
		return err
	}
	s.pass(slot, child)
	s.copies = append(s.copies, &copier{from: r, to: w})
	return nil
}

// sameWriter tells whether one pipe serves both, which keeps the lines in order.
func sameWriter(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
}

// start begins to copy, once the command has its ends. The stdout and stderr
// of one command are written one after the other, never at once.
func (s *stdio) start() {
	closeAll(s.passed)
	s.passed = nil
	var turn sync.Mutex
	for _, c := range s.copies {
		c.turn = &turn
		c.done = make(chan struct{})
		go c.run()
	}
	if s.stdin != nil {
		go func() {
			io.Copy(s.stdin, s.source)
			if !s.isTerminal { // there the end of input does not end the output
				s.stdin.Close()
			}
		}()
	}
}

// finish returns when all that the command itself has written is with its
// writers; what others write to the same pipe afterwards is thrown away.
func (s *stdio) finish(lastWords time.Duration) {
	for _, c := range s.copies {
		c.from.SetReadDeadline(time.Now().Add(lastWords))
	}
	for _, c := range s.copies {
		c.finish()
	}
	if s.stdin != nil && !s.isTerminal {
		s.stdin.Close()
	}
}

// lastWords is how long a command that has ended is heard where something else
// still holds its pipe, such as bash's >(tee file), which ends a little later.
const lastWords = 100 * time.Millisecond

// copier takes a pipe's bytes to a writer, until told that the rest is nobody's.
type copier struct {
	from *os.File
	to   io.Writer
	turn *sync.Mutex
	done chan struct{}
	eof  bool
}

func (c *copier) run() {
	defer close(c.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := c.from.Read(buf)
		c.write(buf[:n])
		if err != nil {
			c.eof = !os.IsTimeout(err)
			return
		}
	}
}

func (c *copier) write(p []byte) {
	if len(p) == 0 {
		return
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	c.to.Write(p)
}

func (c *copier) finish() {
	if c.done == nil {
		c.from.Close()
		return
	}
	<-c.done
	if !c.eof {
		c.drain()
	}
	if c.eof {
		c.from.Close()
		return
	}
	// Something in the background still holds the pipe: with nobody reading it
	// would block, and with the pipe closed it would die of SIGPIPE.
	go func() { io.Copy(io.Discard, c.from); c.from.Close() }()
}

// drain takes what is in the pipe now, without waiting for more.
func (c *copier) drain() {
	c.from.SetReadDeadline(time.Time{})
	raw, err := c.from.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 64<<10)
	raw.Read(func(fd uintptr) bool {
		// As much as a pipe holds at most by default, so that a busy
		// background process cannot keep us here.
		for taken := 0; taken < 1<<20; {
			n, err := unix.Read(int(fd), buf)
			if err == unix.EINTR {
				continue
			}
			if n <= 0 || err != nil {
				c.eof = n == 0 && err == nil
				return true
			}
			taken += n
			c.write(buf[:n])
		}
		return true
	})
}
