package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// maxWatched is how many directories one Watch follows, so that a large tree
// does not use up what the kernel gives to all.
const maxWatched = 8192

const watchedChanges = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_MODIFY | unix.IN_DELETE | unix.IN_ATTRIB

// Watch tells of changes below a directory.
type Watch struct {
	root      *Root
	top       string
	recursive bool
	inotify   *os.File
	changes   chan FileChange
	done      chan struct{}
	dirs      map[int32]string // from top
}

// Watch begins to watch a directory. The root must stay open as long.
func (r *Root) Watch(name string, recursive bool) (*Watch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", name, err)
	}
	w := &Watch{root: r, top: path.Clean("/" + name), recursive: recursive, inotify: os.NewFile(uintptr(fd), "inotify"),
		changes: make(chan FileChange, 64), done: make(chan struct{}), dirs: map[int32]string{}}
	if err := w.add("", nil); err != nil {
		w.inotify.Close()
		return nil, err
	}
	go w.run()
	return w, nil
}

// Changes is closed when the watching ends.
func (w *Watch) Changes() <-chan FileChange { return w.changes }

// Close ends the watching.
func (w *Watch) Close() error {
	close(w.done)
	return w.inotify.Close()
}

// add watches a directory, and those in it; found is told of what is in it.
func (w *Watch) add(dir string, found func(name string)) error {
	at := path.Join(w.top, dir)
	flags := unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NONBLOCK
	if dir != "" {
		flags |= unix.O_NOFOLLOW
	}
	f, err := w.root.open(at, flags, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if len(w.dirs) >= maxWatched {
		return fmt.Errorf("watching %s: more than %d directories", at, maxWatched)
	}
	var id int
	err = control(w.inotify, func(fd int) (err error) {
		id, err = unix.InotifyAddWatch(fd, through(f, ""), watchedChanges)
		return err
	})
	if err != nil {
		return &fs.PathError{Op: "watching", Path: at, Err: err}
	}
	w.dirs[int32(id)] = dir
	if !w.recursive {
		return nil
	}
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil // it was removed meanwhile
	}
	for _, e := range entries {
		below := path.Join(dir, e.Name())
		if found != nil {
			found(below)
		}
		if e.IsDir() {
			_ = w.add(below, found) // removed meanwhile, or the limit
		}
	}
	return nil
}

func (w *Watch) run() {
	defer close(w.changes)
	buf := make([]byte, 64<<10)
	for {
		n, err := w.inotify.Read(buf)
		if err != nil {
			return
		}
		for rest := buf[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(rest[12:]))
			w.event(int32(binary.NativeEndian.Uint32(rest)), binary.NativeEndian.Uint32(rest[4:]), string(bytes.TrimRight(rest[unix.SizeofInotifyEvent:size], "\x00")))
			rest = rest[size:]
		}
	}
}

func (w *Watch) event(id int32, mask uint32, name string) {
	dir, ok := w.dirs[id]
	if mask&unix.IN_IGNORED != 0 {
		delete(w.dirs, id)
		return
	}
	if !ok || name == "" { // what happens to the directory itself is told of by the one above
		return
	}
	name = path.Join(dir, name)
	for _, k := range []struct {
		bit  uint32
		kind ChangeKind
	}{{unix.IN_CREATE, Created}, {unix.IN_MOVED_TO, Created}, {unix.IN_MODIFY, Written}, {unix.IN_DELETE, Removed}, {unix.IN_MOVED_FROM, Renamed}, {unix.IN_ATTRIB, ModeChanged}} {
		if mask&k.bit != 0 {
			w.tell(name, k.kind)
		}
	}
	if w.recursive && mask&unix.IN_ISDIR != 0 && mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 {
		// What was made in it before it was watched.
		_ = w.add(name, func(below string) { w.tell(below, Created) })
	}
}

func (w *Watch) tell(name string, kind ChangeKind) {
	select {
	case w.changes <- FileChange{Name: name, Kind: kind}:
	case <-w.done:
	}
}
