package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// baseRoot is the root filesystem of the tests, made once of the host's own
// programs, and only read.
var baseRoot = sync.OnceValues(makeRoot)

var scratch, whyNotRoot string

func TestMain(m *testing.M) {
	Child()
	if dir := os.Getenv(removedVariable); dir != "" {
		if err := RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Geteuid() != 0 {
		code, err := EnterUserNamespace()
		if err == nil {
			os.Exit(code)
		}
		whyNotRoot = err.Error()
	}
	if dir := os.Getenv(killedVariable); dir != "" {
		os.Exit(openAndWait(dir))
	}
	var err error
	if scratch, err = os.MkdirTemp("", "e2bt-engine-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if e, err := sharedEngine(); err == nil {
		e.Close()
	}
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var programs = []string{"bash", "ls", "cat", "sleep", "true", "id", "mkdir", "chmod", "chown", "rm", "mv", "ln", "env", "setsid", "nohup",
	"touch", "stat", "head", "tail", "kill", "hostname", "readlink", "dd", "mknod", "ps", "su", "grep", "tr", "wc", "mount"}

// makeRoot copies programs and their libraries into a small root filesystem.
func makeRoot() (string, error) {
	root := filepath.Join(scratch, "base")
	for _, d := range []string{"bin", "etc/profile.d", "root", "tmp", "run", "usr/local/bin", "usr/local/lib", "home", "var"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			return "", err
		}
	}
	files := map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/false\nann:x:1234:1235::/home/ann:/bin/bash\n",
		"etc/group":  "root:x:0:\ndaemon:x:1:\nann:x:1235:\nstaff:x:50:bob,ann\nsudo:x:27:\n",
		"etc/shadow": "root:*:19000:0:99999:7:::\nann:!:19000:0:99999:7:::\n", "etc/gshadow": "root:*::\nsudo:!::\n",
		"etc/profile": "for f in /etc/profile.d/*.sh; do [ -r $f ] && . $f; done\n", "usr/local/lib/file": "x",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "home/ann"), 0o755); err != nil {
		return "", err
	}
	return root, errors.Join(os.Chown(filepath.Join(root, "home/ann"), 1234, 1235), os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky), copyPrograms(root))
}

func copyPrograms(root string) error {
	done := map[string]bool{}
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err != nil {
			continue
		}
		if err := copyFile(path, filepath.Join(root, "bin", p)); err != nil {
			return err
		}
		out, _ := exec.Command("ldd", path).Output()
		for word := range strings.FieldsSeq(string(out)) {
			if !strings.HasPrefix(word, "/") || done[word] {
				continue
			}
			done[word] = true
			if err := copyFile(word, filepath.Join(root, word)); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

// layer is the place of one step's changes.
type layer struct{ upper, work string }

func newLayer(t testing.TB) layer {
	t.Helper()
	dir, err := os.MkdirTemp(scratch, "layer-")
	if err != nil {
		t.Fatal(err)
	}
	l := layer{filepath.Join(dir, "upper"), filepath.Join(dir, "work")}
	if err := errors.Join(os.Mkdir(l.upper, 0o700), os.Mkdir(l.work, 0o700)); err != nil {
		t.Fatal(err)
	}
	return l
}

func newEngine(t testing.TB) *Engine {
	t.Helper()
	needRoot(t)
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// sharedEngine is for the tests that do nothing to an engine but open sandboxes.
var sharedEngine = sync.OnceValues(New)

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: " + whyNotRoot)
	}
	if _, ok := t.(*testing.T); ok {
		limitTime(t, 2*time.Minute)
	}
}

// limitTime ends the program, and tells what every goroutine does, when a test
// waits for what does not come.
func limitTime(t testing.TB, limit time.Duration) {
	timer := time.AfterFunc(limit, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s is not over after %v", t.Name(), limit))
	})
	t.Cleanup(func() { timer.Stop() })
}

// moment bounds every single thing that a test waits for.
const moment = 30 * time.Second

// soon is the context of what takes a moment at most.
func soon(t testing.TB) context.Context { return within(t, moment) }

func within(t testing.TB, limit time.Duration) context.Context {
	ctx, stop := context.WithTimeoutCause(t.Context(), limit, fmt.Errorf("the test has waited for %v: %w", limit, context.DeadlineExceeded))
	t.Cleanup(stop)
	return ctx
}

// open opens a sandbox on the base and the layers, topmost first.
func open(t testing.TB, l layer, lowers ...string) *Sandbox {
	t.Helper()
	return openSpec(t, Spec{Upper: l.upper, Work: l.work, Lowers: lowers, Hostname: "box"})
}

func openSpec(t testing.TB, spec Spec) *Sandbox {
	t.Helper()
	needRoot(t)
	e, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	return openWith(t, e, spec)
}

// openWith opens a sandbox on the base and the lowers of spec.
func openWith(t testing.TB, e *Engine, spec Spec) *Sandbox {
	t.Helper()
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	spec.Lowers = append(spec.Lowers, root)
	s, err := e.Open(soon(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// bash runs a script as a build step does, and returns all that it wrote.
func bash(t testing.TB, s *Sandbox, user, script string) (string, Exit) {
	t.Helper()
	return bashWithin(t, moment, s, user, script)
}

func bashWithin(t testing.TB, limit time.Duration, s *Sandbox, user, script string) (string, Exit) {
	t.Helper()
	var out bytes.Buffer
	exit, err := s.Run(within(t, limit), Command{Args: []string{"/bin/bash", "-l", "-c", script}, User: user, Stdout: &out, Stderr: &out})
	if err != nil {
		t.Fatalf("Run(%q) = %v; output %q", script, err, out.String())
	}
	return out.String(), exit
}

func want(t testing.TB, s *Sandbox, user, script, output string) {
	t.Helper()
	if got, exit := bash(t, s, user, script); got != output || exit.Code != 0 {
		t.Errorf("Run(%q) as %q = %q, %+v; want %q", script, user, got, exit, output)
	}
}

func TestRunSeesItsRoot(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	want(t, s, "", "echo hi; echo err >&2", "hi\nerr\n")
	want(t, s, "", "hostname; pwd; id -u; echo $HOME $USER $SHELL", "box\n/root\n0\n/root root /bin/bash\n")
	want(t, s, "ann", "id -u; id -g; pwd; echo $LOGNAME; echo ok > /dev/stdout; id -G", "1234\n1235\n/home/ann\nann\nok\n1235 50\n")
	want(t, s, "ann", "cat", "")
	want(t, s, "", "echo $$ > /tmp/x; exec 3</dev/urandom; ls -d /dev/pts /dev/shm /proc/1 /sys/class; umask", "/dev/pts\n/dev/shm\n/proc/1\n/sys/class\n0022\n")
	want(t, s, "", "cat /tmp/x | wc -l; ls -l /proc/1/exe >/dev/null 2>&1 || echo hidden", "1\nhidden\n")
	want(t, s, "", "echo 1 2>/dev/null > /proc/sys/kernel/hostname || echo refused", "refused\n")
}

// TestLastWords has output that arrives after the command's end.
func TestLastWords(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	s.lastWords = moment // it ends when the pipe does
	want(t, s, "", "echo teed > >(sleep 0.2; cat)", "teed\n")
}

func TestRunExit(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	tests := []struct {
		script string
		code   int
		signal string
	}{{"exit 7", 7, ""}, {"kill -9 $$", 137, "killed"}, {"kill -TERM $$", 143, "terminated"}, {"no-such-thing", 127, ""}}
	for _, tt := range tests {
		if _, got := bash(t, s, "", tt.script); got.Code != tt.code || got.Signal != tt.signal {
			t.Errorf("Run(%q) = %+v; want code %d, signal %q", tt.script, got, tt.code, tt.signal)
		}
	}
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	_, err := s.Run(soon(t), Command{Args: []string{"true"}, User: "bob"})
	if user := (*UserError)(nil); !errors.As(err, &user) || err.Error() != "invalid username: 'bob'" {
		t.Errorf("Run as bob = %v; want a UserError", err)
	}
	_, err = s.Run(soon(t), Command{Args: []string{"true"}, Dir: "/no/where"})
	if dir := (*DirError)(nil); !errors.As(err, &dir) || err.Error() != "cwd '/no/where' does not exist" {
		t.Errorf("Run in /no/where = %v; want a DirError", err)
	}
	if _, err = s.Run(soon(t), Command{Args: []string{"nonesuch"}}); err == nil || !strings.Contains(err.Error(), "nonesuch") {
		t.Errorf("Run of nonesuch = %v; want an error that names it", err)
	}
}

func TestLayersStack(t *testing.T) {
	t.Parallel()
	a, b := newLayer(t), newLayer(t)
	s := open(t, a)
	want(t, s, "", "echo one > /tmp/one; echo two > /etc/two; rm /usr/local/lib/file; chown ann /etc/resolv.conf /etc/hosts /run/*; echo '9.9.9.9 nine' >> /etc/hosts; rm -rf /run/*", "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"etc/resolv.conf", "run/e2bt-ca.crt", "proc", "sys", "dev"} {
		if _, err := os.Lstat(filepath.Join(a.upper, gone)); !os.IsNotExist(err) {
			t.Errorf("Lstat(%q) in the layer = %v; want it not to be there", gone, err)
		}
	}
	s = open(t, b, a.upper)
	want(t, s, "", "cat /tmp/one /etc/two; ls /usr/local/lib; stat -c %a /tmp /; grep -c e2bt /etc/hosts; grep nine /etc/hosts", "one\ntwo\n1777\n755\n3\n9.9.9.9 nine\n")
	want(t, s, "", "mv /usr/local/bin /usr/local/moved && ls -d /usr/local/*", "/usr/local/lib\n/usr/local/moved\n") // a kernel that renames no lower directory says so to mv
}

func TestStdin(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	var out strings.Builder
	big := strings.Repeat("0123456789abcdef", 1<<16)
	exit, err := s.Run(soon(t), Command{Args: []string{"cat"}, Stdin: strings.NewReader(big), Stdout: &out})
	if err != nil || exit.Code != 0 || out.String() != big {
		t.Errorf("Run(cat) = %d bytes, %+v, %v; want %d bytes", out.Len(), exit, err, len(big))
	}
}

func TestBackgroundOutput(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	nap := newNap()
	want(t, s, "", "(sleep "+nap+"; echo late) & echo now", "now\n")
	// The background process is still there, and dies when the sandbox does.
	until(t, "the background process runs", func() bool { return len(sleepers(t, nap)) == 1 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left := sleepers(t, nap); len(left) != 0 {
		t.Errorf("processes after Close = %v; want none", left)
	}
}

var naps atomic.Int64

// newNap returns a number of seconds that no other test on this machine sleeps.
func newNap() string { return fmt.Sprintf("%d%05d", naps.Add(1), os.Getpid()) }

// sleepers lists the host's processes that sleep for that long.
func sleepers(t testing.TB, nap string) (found []string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range lines {
		if text, err := os.ReadFile(f); err == nil && string(text) == "sleep\x00"+nap+"\x00" {
			found = append(found, f)
		}
	}
	return found
}

func TestTimeoutKillsEverything(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	nap := newNap()
	script := strings.ReplaceAll("trap '' TERM; setsid nohup sleep 1 >/dev/null 2>&1 & (exec >&- 2>&-; trap '' TERM HUP; sleep 1) & echo ready; sleep 1", "sleep 1", "sleep "+nap)
	r, w := io.Pipe()
	var start time.Time
	go func() { io.ReadFull(r, make([]byte, 6)); start = time.Now(); cancel(); io.Copy(io.Discard, r) }()
	exit, err := s.Run(ctx, Command{Args: []string{"/bin/bash", "-c", script}, Stdout: w})
	w.Close()
	if !errors.Is(err, context.Canceled) || exit.Code != 137 {
		t.Fatalf("Run = %+v, %v; want code 137 and context.Canceled", exit, err)
	}
	if left := sleepers(t, nap); len(left) != 0 {
		t.Errorf("processes after the timeout = %v; want none", left)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("the end took %v", d)
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	exit, err := s.Run(soon(t), Command{Args: []string{"sleep", "600"}, Started: func(pid int) {
		if err := s.Signal(pid, unix.SIGTERM); err != nil {
			t.Error(err)
		}
	}})
	if err != nil || exit.Signal != "terminated" {
		t.Errorf("Run = %+v, %v; want signal terminated", exit, err)
	}
	if err := s.Signal(1, unix.SIGKILL); err == nil {
		t.Error("Signal(1) = nil; want an error")
	}
	if err := s.Signal(32000, unix.SIGKILL); !errors.Is(err, unix.ESRCH) {
		t.Errorf("Signal(32000) = %v; want ESRCH", err)
	}
	want(t, s, "", "kill -9 1; kill -TERM 1; echo alive", "alive\n")
}

func BenchmarkStep(b *testing.B) {
	b.Run("spare", func(b *testing.B) { benchmarkStep(b, newEngine(b)) })
	b.Run("no spare", func(b *testing.B) {
		e := newEngine(b)
		e.Close() // it keeps none from now on
		benchmarkStep(b, e)
	})
}

// benchmarkStep measures what a build step that does nothing takes.
func benchmarkStep(b *testing.B, e *Engine) {
	root, err := baseRoot()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l := newLayer(b)
		s, err := e.Open(b.Context(), Spec{Lowers: []string{root}, Upper: l.upper, Work: l.work})
		if err != nil {
			b.Fatal(err)
		}
		exit, err := s.Run(b.Context(), Command{Args: []string{"/bin/bash", "-l", "-c", "true"}})
		if err != nil || exit.Code != 0 {
			b.Fatalf("Run = %+v, %v", exit, err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
