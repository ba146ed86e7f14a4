package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryLimit is the cgroup of a sandbox; nil where there is none to have.
type memoryLimit struct {
	dir    string
	events string // the file that counts what was killed
}

// newMemoryLimit puts a process in a cgroup of its own with a limit in bytes,
// or returns nil: the limit is a service where the machine allows it.
func newMemoryLimit(pid int, bytes int64) *memoryLimit {
	membership, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	for _, l := range memoryCandidates(string(membership), fmt.Sprintf("e2bt-%d-%d", os.Getpid(), pid)) {
		sweepCgroups(filepath.Dir(l.dir))
		if l.create(pid, bytes) == nil {
			return l
		}
		os.Remove(l.dir)
	}
	return nil
}

// memoryCandidates lists where a cgroup could be, by the text of /proc/self/cgroup.
// A v2 group that holds processes cannot hand its controllers down unless it is the
// root one, so the root is tried too.
func memoryCandidates(membership, name string) (out []*memoryLimit) {
	for line := range strings.Lines(membership) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) < 3 {
			continue
		}
		switch {
		case f[1] == "memory":
			dir := filepath.Join("/sys/fs/cgroup/memory", f[2], name)
			out = append(out, &memoryLimit{dir, "memory.oom_control"})
		case f[0] == "0" && f[1] == "":
			for _, parent := range []string{f[2], "/"} {
				dir := filepath.Join("/sys/fs/cgroup", parent, name)
				out = append(out, &memoryLimit{dir, "memory.events"})
			}
		}
	}
	return out
}

func (l *memoryLimit) create(pid int, bytes int64) error {
	parent := filepath.Dir(l.dir)
	limit, swap := "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
	if l.events == "memory.events" {
		limit, swap = "memory.max", "memory.swap.max"
		if _, err := os.Stat(filepath.Join(parent, "cgroup.subtree_control")); err != nil {
			return err
		}
		writeCgroup(parent, "cgroup.subtree_control", "+memory")
	} else if _, err := os.Stat(filepath.Join(parent, limit)); err != nil {
		return err
	}
	if err := os.Mkdir(l.dir, 0o755); err != nil {
		return err
	}
	value := strconv.FormatInt(bytes, 10)
	err := errors.Join(writeCgroup(l.dir, limit, value), writeCgroup(l.dir, "cgroup.procs", strconv.Itoa(pid)))
	if limit == "memory.max" {
		value = "0"
	}
	writeCgroup(l.dir, swap, value) // absent where swap is not accounted
	return err
}

func writeCgroup(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// killed tells whether the limit has killed something.
func (l *memoryLimit) killed() bool {
	if l == nil {
		return false
	}
	text, err := os.ReadFile(filepath.Join(l.dir, l.events))
	return err == nil && oomKills(string(text)) > 0
}

func oomKills(events string) int {
	for line := range strings.Lines(events) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			n, _ := strconv.Atoi(rest)
			return n
		}
	}
	return 0
}

func (l *memoryLimit) remove() {
	if l != nil {
		os.Remove(l.dir)
	}
}

// sweepCgroups removes what engines that were killed have left.
func sweepCgroups(parent string) {
	left, _ := filepath.Glob(filepath.Join(parent, "e2bt-*-*"))
	for _, dir := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "e2bt-"), "-")
		if _, err := os.Stat("/proc/" + owner); err != nil {
			os.Remove(dir) // refused while something is in it
		}
	}
}

// MemoryLimited reports whether the limit of the sandbox's memory holds.
func (s *Sandbox) MemoryLimited() bool { return s.limit != nil }
