//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const aliveAtOnce = 100 // sandboxes

// BenchmarkSandbox has the JavaScript SDK use sandboxes of e2bt serve. The times
// are the middle ones that it sees itself.
func BenchmarkSandbox(b *testing.B) {
	tbl := newTable(b, "Sandboxes of e2bt serve, as the JS SDK sees them")
	home := debianHome(b, tbl)
	at, absent := installSDK()
	if absent != "" {
		tbl.skip(b, absent)
	}
	script, err := os.ReadFile(filepath.Join("testdata", "sandbox.mjs"))
	if err == nil {
		err = os.WriteFile(filepath.Join(at, "sandbox.mjs"), script, 0o644)
	}
	if err != nil {
		b.Fatal(err)
	}
	server, env := serve(b, home)
	sdk := func(args ...string) *exec.Cmd {
		cmd := exec.Command("node", append([]string{"sandbox.mjs"}, args...)...)
		cmd.Dir, cmd.Env, cmd.Stderr = at, append(os.Environ(), env...), os.Stderr
		return cmd
	}
	for _, c := range []struct {
		name, what string
		count      int
		limit      time.Duration
	}{
		{"Sandbox.create", "create", 40, 60 * time.Millisecond},
		{"commands.run(\"true\")", "run", 100, 15 * time.Millisecond},
		{"files.write of 100 MB", "write", 5, 333 * time.Millisecond},
		{"files.read of 100 MB", "read", 5, 333 * time.Millisecond},
	} {
		compare(b, tbl, c.name, []target{within(c.limit)}, func(*testing.B) []contender {
			return []contender{{name: "e2bt serve", rounds: 3, run: func(int) (sample, error) {
				out, err := sdk(c.what, fmt.Sprint(c.count)).Output()
				if err != nil {
					return sample{}, err
				}
				ms, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
				return sample{Wall: time.Duration(ms * float64(time.Millisecond))}, err
			}}}
		})
	}
	compare(b, tbl, fmt.Sprintf("memory of each of %d", aliveAtOnce), []target{memory(15)}, func(*testing.B) []contender {
		return []contender{{name: "e2bt serve", rounds: 1, run: func(int) (sample, error) {
			before := resident(server)
			cmd := sdk("alive", fmt.Sprint(aliveAtOnce))
			in, err := cmd.StdinPipe()
			if err != nil {
				return sample{}, err
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				return sample{}, err
			}
			if err := cmd.Start(); err != nil {
				return sample{}, err
			}
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				return sample{}, err
			}
			each := (resident(server) - before) / aliveAtOnce
			_, _ = io.WriteString(in, "end\n")
			return sample{RSS: each}, cmd.Wait()
		}}}
	})
}

// serve starts a server; it returns its process and what clients need.
func serve(b *testing.B, home string) (pid int, env []string) {
	b.Helper()
	cmd := e2bt(b, home, home, "serve", "--quiet", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word := strings.TrimPrefix(lines.Text(), "export ")
		if strings.Contains(word, "=") {
			env = append(env, word)
		}
		if strings.HasPrefix(word, "E2B_DOMAIN=") {
			return cmd.Process.Pid, append(env, "E2B_API_KEY="+apiKey, "NO_PROXY=127.0.0.1")
		}
	}
	b.Fatalf("serve said %v", env)
	return 0, nil
}

// resident is the memory of a process and of those that it started, shared
// pages counted in part.
func resident(pid int) (bytes int64) {
	for _, p := range family(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				bytes += kib << 10
			}
		}
	}
	return bytes
}

// family is a process with all that descend from it.
func family(pid int) []int {
	all := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, word := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				all = append(all, family(child)...)
			}
		}
	}
	return all
}
