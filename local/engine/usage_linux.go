package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what the processes of a sandbox use.
type Usage struct {
	CPU    time.Duration // of those that run, with what they have waited for
	Memory int64         // bytes that are resident, or that the cgroup counts
}

const (
	clockTick  = 10 * time.Millisecond // USER_HZ is 100 wherever Linux runs
	statTimes  = 11                    // utime in /proc/PID/stat, counted behind the name
	statMemory = 21                    // rss, in pages
)

// Usage adds up the processes of the sandbox.
func (s *Sandbox) Usage() (Usage, error) {
	var out Usage
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", s.cmd.Process.Pid))
	if err != nil {
		return out, fmt.Errorf("finding the sandbox's processes: %w", err)
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return out, err
	}
	for _, dir := range all {
		if ns, err := os.Readlink(dir + "/ns/pid"); err != nil || ns != own {
			continue // another's, or gone
		}
		text, err := os.ReadFile(dir + "/stat")
		if err != nil {
			continue
		}
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(f) <= statMemory {
			continue
		}
		for _, ticks := range f[statTimes : statTimes+4] {
			n, _ := strconv.ParseInt(ticks, 10, 64) // the kernel writes numbers
			out.CPU += time.Duration(n) * clockTick
		}
		pages, _ := strconv.ParseInt(f[statMemory], 10, 64)
		out.Memory += pages * int64(os.Getpagesize())
	}
	return out, nil
}
