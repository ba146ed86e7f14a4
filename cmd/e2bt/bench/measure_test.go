//go:build linux

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sample is what a process took, with all the processes that it waited for.
type sample struct {
	Wall time.Duration
	CPU  time.Duration // user and system
	RSS  int64         // bytes at the peak, of the largest one
	Code int
}

// launching is the variable that turns this binary into a launcher.
const launching = "E2BT_BENCH_LAUNCH"

// measure runs a command, its output thrown away; that it fails is an error. A
// launcher runs it, since Linux counts the memory of the process that forks as
// a peak of the one that is forked: that of the launcher is small.
func measure(cmd *exec.Cmd) (s sample, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	var report, stderr bytes.Buffer
	launcher := exec.Command(self, cmd.Args...)
	launcher.Args[1] = cmd.Path
	launcher.Dir, launcher.Env = cmd.Dir, append(cmd.Env, launching+"=1")
	launcher.Stdout, launcher.Stderr = &report, &stderr
	if err := launcher.Run(); err != nil {
		return s, fmt.Errorf("launching %v: %w\n%s", cmd.Args, err, &stderr)
	}
	if err := json.Unmarshal(report.Bytes(), &s); err != nil {
		return s, fmt.Errorf("reading the launcher's report %q: %w", &report, err)
	}
	if s.Code != 0 {
		return s, fmt.Errorf("%v: exit code %d\n%s", cmd.Args, s.Code, &stderr)
	}
	return s, nil
}

// longest is when a process is taken for one that hangs.
const longest = 10 * time.Minute

// launch runs a command and writes what it took to stdout.
func launch(args []string) int {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, launching+"=") })
	cmd.Stderr = os.Stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	s := sample{
		Wall: wall, CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		RSS: usage.Maxrss << 10, Code: cmd.ProcessState.ExitCode(),
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return 1
	}
	return 0
}

// middle is the median of times, and the highest peak.
func middle(samples []sample) sample {
	of := func(value func(sample) time.Duration) time.Duration {
		all := make([]time.Duration, len(samples))
		for i, s := range samples {
			all[i] = value(s)
		}
		slices.Sort(all)
		return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	}
	out := sample{Wall: of(func(s sample) time.Duration { return s.Wall }), CPU: of(func(s sample) time.Duration { return s.CPU })}
	for _, s := range samples {
		out.RSS = max(out.RSS, s.RSS)
	}
	return out
}
