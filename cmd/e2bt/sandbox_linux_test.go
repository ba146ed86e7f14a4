package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// run runs e2bt against the server and returns what it says and its exit code.
func (s *serving) run(dir string, stdin io.Reader, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	var out, errs bytes.Buffer
	cmd := s.in(e2bt(s.t, dir, "", args...))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	_ = cmd.Run() // the exit code has it
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestSandboxCommands looks into sandboxes of a real server.
func TestSandboxCommands(t *testing.T) {
	s := startServe(t, e2eHome(t))
	dir := t.TempDir()
	id := func(args ...string) string {
		t.Helper()
		out, stderr, code := s.run(dir, nil, append([]string{"sandbox", "create", "base"}, args...)...)
		if code != 0 {
			t.Fatalf("create: %d, %s", code, stderr)
		}
		return strings.TrimSpace(out)
	}
	box := id("--metadata", "job=nightly", "-e", "MADE=yes")
	text := strings.Repeat("0123456789abcde\n", 1<<16) // 1 MiB
	for _, tt := range []struct {
		name   string
		stdin  string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"apart, with the exit code", "", []string{"exec", box, "echo out; echo err >&2; exit 7"}, 7, "out\n", "err\n"},
		{"arguments as they are", "", []string{"exec", box, "printf", "%s|", "a b", "-x", "$HOME"}, 0, "a b|-x|$HOME|", ""},
		{"variables, user, directory", "", []string{"exec", "-e", "A=1", "-u", "root", "-w", "/etc", box, "echo $A $MADE; id -un; pwd"}, 0, "1 yes\nroot\n/etc\n", ""},
		{"all of the input and the output", text, []string{"exec", "-i", box, "cat"}, 0, text, ""},
		{"too long", "", []string{"exec", "--timeout", "1s", box, "sleep", "100"}, 1, "", "Error: did not end within 1s\n"},
		{"a new sandbox", "", []string{"exec", "-t", "base", "--", "sh", "-c", "exit 9"}, 9, "", ""},
		{"no such user", "", []string{"exec", "-u", "nobody-here", box, "true"}, 6, "", "invalid username: 'nobody-here'"},
		{"no such template", "", []string{"exec", "-t", "nope", "true"}, 6, "", "404 template 'nope' not found"},
		{"no such sandbox", "", []string{"exec", "inope", "true"}, 6, "", `404 sandbox "inope" not found`},
		{"a list", "", []string{"list", "--metadata", "job=other"}, 0, "SANDBOX  TEMPLATE  STATE  CPU  MIB  STARTED  ENDS IN  METADATA\n", "There are no sandboxes.\n"},
		{"a file", "content", []string{"cp", "-", box + ":deep/er/f"}, 0, "", ""},
		{"back", "", []string{"cp", box + ":/home/user/deep/er/f", "-"}, 0, "content", ""},
		{"none", "", []string{"cp", box + ":none", "."}, 1, "", "Error: none: file does not exist\n"},
		{"no sandbox", "", []string{"cp", "a", "b"}, 3, "", "one of FROM and TO is a path in a sandbox"},
		{"a shell without a terminal", "", []string{"shell", box}, 3, "", "a shell needs a terminal"},
	} {
		stdout, stderr, code := s.run(dir, strings.NewReader(tt.stdin), append([]string{"sandbox"}, tt.args...)...)
		if code != tt.code || stdout != tt.stdout || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%s: %d, %.200q, %q", tt.name, code, stdout, stderr)
		}
	}
	s.copyTree(t, dir, box)
	s.watchEnds(t, dir, id)
	stdout, stderr, code := s.run(dir, nil, "sandbox", "kill", "--all")
	if code != 0 || !strings.Contains(stdout, "ended "+box) {
		t.Errorf("kill --all: %d, %q, %q", code, stdout, stderr)
	}
	if _, stderr, code = s.run(dir, nil, "sandbox", "kill", box); code != 1 || stderr != "There is no sandbox "+box+".\n" {
		t.Errorf("kill: %d, %q", code, stderr)
	}
	stdout, stderr, code = s.run(dir, nil, "bench", "base", "-n", "3", "-c", "2")
	if code != 0 || !strings.Contains(stdout, "first command") || !strings.Contains(stdout, "/usr\n") {
		t.Errorf("bench: %d, %s%s", code, stdout, stderr)
	}
	s.shell(t, dir)
	s.stop()
}

// copyTree sends a directory to a sandbox and gets it back.
func (s *serving) copyTree(t *testing.T, dir, box string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "tree/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "tree/sub/file", "text")
	if err := os.Symlink("sub/file", filepath.Join(dir, "tree/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "tree/sub/file"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"cp", "tree", box + ":/srv/new", "-u", "root"}, {"cp", "-u", "root", "tree", box + ":/srv/new"}, {"cp", box + ":/srv/new", "back"}} {
		if _, stderr, code := s.run(dir, nil, append([]string{"sandbox"}, args...)...); code != 0 {
			t.Fatalf("%v: %d, %s", args, code, stderr)
		}
	}
	for _, at := range []string{"back", "back/tree"} {
		link, err := os.Readlink(filepath.Join(dir, at, "link"))
		info, statErr := os.Stat(filepath.Join(dir, at, "link"))
		if err != nil || statErr != nil || link != "sub/file" || info.Mode() != 0o755 {
			t.Errorf("%s: link to %q, %v, %v, %v", at, link, err, statErr, info)
		}
	}
	stdout, _, _ := s.run(dir, nil, "sandbox", "exec", box, "ls /tmp -A")
	if strings.Contains(stdout, "e2bt") {
		t.Errorf("it leaves %q", stdout)
	}
}

// watchEnds lets sandboxes end while a command runs in them.
func (s *serving) watchEnds(t *testing.T, dir string, id func(...string) string) {
	t.Helper()
	for _, tt := range []struct {
		want string
		life string
		end  func(box string)
	}{
		{"has reached its time limit", "6s", func(string) {}},
		{"was killed", "1m", func(box string) { s.run(dir, nil, "sandbox", "kill", box) }},
		{"crashed", "1m", func(string) { killInit(t, "1234567") }},
	} {
		box := id("--timeout", tt.life)
		out, in := io.Pipe()
		cmd := s.in(e2bt(t, dir, "", "sandbox", "exec", box, "echo "+box+"; exec sleep 1234567"))
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = in, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 100)); err != nil { // it runs
			t.Fatal(err)
		}
		tt.end(box)
		_ = cmd.Wait()
		if got := stderr.String(); cmd.ProcessState.ExitCode() != 1 || got != "Error: the sandbox "+box+" "+tt.want+"\n" {
			t.Errorf("%s: %v, %q", tt.want, cmd.ProcessState, got)
		}
	}
}

// killInit kills the first process of the sandbox that sleeps so long.
func killInit(t *testing.T, mark string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if parent := parentOf(t, "sleep\x00"+mark+"\x00"); parent != 0 {
			if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the command does not run")
}

// parentOf is the parent of the process that has this command line; 0 where
// there is none.
func parentOf(t *testing.T, line string) (parent int) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range processes {
		if text, err := os.ReadFile(at); err != nil || string(text) != line {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(at), "stat"))
		var state string
		if err == nil {
			_, rest, _ := strings.Cut(string(stat), ") ")
			_, err = fmt.Sscan(rest, &state, &parent)
		}
		if err != nil {
			t.Fatal(err)
		}
		return parent
	}
	return 0
}

// shell opens one in a terminal of 33 rows, which then has 40, and leaves it.
func (s *serving) shell(t *testing.T, dir string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer master.Close()
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	resize := func(rows uint16) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 101})
	}
	if err == nil {
		err = resize(33)
	}
	if err != nil {
		t.Fatal(err)
	}
	peer, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.in(e2bt(t, dir, "", "sandbox", "shell", "-t", "base"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = peer, peer, peer
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	said := make(chan string, 1000)
	go func() {
		defer close(said)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			said <- string(buf[:n])
		}
	}()
	all := ""
	until := func(want string) {
		t.Helper()
		for deadline := time.After(20 * time.Second); !strings.Contains(all, want); {
			select {
			case text, open := <-said:
				if all += text; !open {
					t.Fatalf("it ended: %q; want %q", all, want)
				}
			case <-deadline:
				t.Fatalf("it says %q; want %q", all, want)
			}
		}
		all = ""
	}
	say := func(text string) {
		t.Helper()
		if _, err := io.WriteString(master, text); err != nil {
			t.Fatal(err)
		}
	}
	until("$ ")
	say("stty size\r")
	until("33 101\r\n")
	if err := resize(40); err != nil {
		t.Fatal(err)
	}
	say("until stty size | grep ^40; do sleep 0.1; done\r")
	until("40 101\r\n")
	say("sh -c 'echo started; exec sleep 1000'\r")
	until("started\r\n")
	say("\x03")
	until("$ ")
	say("exit 9\r")
	go func() { // the terminal holds what is not read
		for range said {
		}
	}()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("it ended with %v", err)
	}
}
