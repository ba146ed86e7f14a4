//go:build linux

package bench

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

func processor(limit time.Duration) target {
	return target{text: "CPU <= " + seconds(limit), got: func(ours, _ sample) (string, bool) { return seconds(ours.CPU), ours.CPU <= limit }}
}

// templates is a configuration of so many templates with five batches each.
func templates(n int) string {
	var out []byte
	for i := range n {
		out = fmt.Appendf(out, `template "t%05d" {
  batch "system" { apt = ["git", "curl"] }
  batch "small" { pip = ["httpx==0.27.%d", "python-dotenv"] }
  batch "large" {
    timeout = "10m"
    pip     = ["claude-agent-sdk"]
  }
  batch "node" { npm = ["left-pad@1.%d.0"] }
  batch "last" { run = ["echo %d > number", "cat number"] }
}
`, i, i%7, i%5, i)
	}
	return string(out)
}

// BenchmarkPlan plans many templates, without an endpoint.
func BenchmarkPlan(b *testing.B) {
	tbl := newTable(b, "plan --offline --json, templates of five batches each")
	plan := func(b *testing.B, name, dir string, rounds int, args ...string) contender {
		return contender{name: name, rounds: rounds, run: func(int) (sample, error) {
			return measure(e2bt(b, dir, dir, append([]string{"plan", "--offline", "--json"}, args...)...))
		}}
	}
	for _, c := range []struct {
		n, rounds int
		targets   []target
	}{
		{100, 11, nil},
		{1000, 7, []target{processor(300 * time.Millisecond)}},
		{10_000, 3, []target{processor(3 * time.Second), memory(300)}},
	} {
		compare(b, tbl, commas(c.n)+" templates", c.targets, func(b *testing.B) []contender {
			return []contender{plan(b, "e2bt", project(b, templates(c.n)), c.rounds)}
		})
	}
	compare(b, tbl, "one of 10,000", []target{faster(2)}, func(b *testing.B) []contender {
		dir := project(b, templates(10_000))
		return []contender{plan(b, "e2bt -t", dir, 3, "-t", "t05000"), plan(b, "all of them", dir, 3)}
	})
}

// BenchmarkCopyKey plans a template that copies many or large files, beside a
// program that only reads and sums them.
func BenchmarkCopyKey(b *testing.B) {
	tbl := newTable(b, "Key of a COPY: plan --offline, and a bare loop over the same files")
	config := "template \"app\" {\n  copy {\n    from = \"data/\"\n    to   = \"/data\"\n  }\n}\n"
	for _, c := range []struct {
		name string
		tree func(testing.TB, string)
		cold time.Duration
	}{
		{"20,000 files of 1 KiB", manySmall, 250 * time.Millisecond},
		{"1 GiB in 200 files", incompressible, 650 * time.Millisecond},
	} {
		var dir string
		plan := func(b *testing.B, cache string) contender {
			return contender{name: "e2bt", rounds: 7, run: func(int) (sample, error) {
				cmd := e2bt(b, dir, dir, "plan", "--offline")
				cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache)
				return measure(cmd)
			}}
		}
		compare(b, tbl, c.name+", for the first time", []target{within(c.cold)}, func(b *testing.B) []contender {
			dir = project(b, config)
			c.tree(b, filepath.Join(dir, "data"))
			sdk := job{Count: 1, Copy: "data", Hash: true}.sdk(b, dir, nil, 3)
			return []contender{plan(b, "/dev/null"), {name: "bare loop", rounds: 7, run: func(int) (sample, error) { return sumAll(filepath.Join(dir, "data")) }}, sdk}
		})
		compare(b, tbl, c.name+", nothing changed", []target{within(100 * time.Millisecond)}, func(b *testing.B) []contender {
			dir = project(b, config)
			c.tree(b, filepath.Join(dir, "data"))
			time.Sleep(3 * time.Second) // what has just been written is not remembered
			warm := plan(b, filepath.Join(dir, "cache"))
			if _, err := warm.run(0); err != nil {
				b.Fatal(err)
			}
			return []contender{warm}
		})
	}
}

// sumAll reads and sums every file, on all processors.
func sumAll(dir string) (s sample, err error) {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return s, err
	}
	start := time.Now()
	paths := make(chan string, 1000)
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			buf := make([]byte, 128<<10)
			for p := range paths {
				file, err := os.Open(p)
				if err != nil {
					return err
				}
				h := sha256.New()
				_, err = io.CopyBuffer(h, struct{ io.Reader }{file}, buf)
				file.Close()
				if err != nil {
					return err
				}
				h.Sum(nil)
			}
			return nil
		})
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths <- path
		}
		return err
	})
	close(paths)
	if sumErr := group.Wait(); err == nil {
		err = sumErr
	}
	s.Wall = time.Since(start)
	if err == nil {
		err = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	}
	cpu := func(u syscall.Rusage) time.Duration { return time.Duration(u.Utime.Nano() + u.Stime.Nano()) }
	s.CPU = cpu(after) - cpu(before)
	return s, err
}
