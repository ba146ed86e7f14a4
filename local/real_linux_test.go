package local_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image/imagetest"
	"github.com/google/go-cmp/cmp"
)

// startReal runs a server over the real engine, with a small base image.
func startReal(t *testing.T) *api {
	t.Helper()
	home, eng := realHome(t)
	return startIn(t, home, local.Options{Engine: local.RealEngine(eng)})
}

func realHome(t *testing.T) (string, *engine.Engine) {
	t.Helper()
	if os.Getenv("E2BT_E2E") != "local" || os.Geteuid() != 0 {
		t.Skip("set E2BT_E2E=local, as root, for builds on the real engine")
	}
	eng, err := engine.New()
	if err != nil {
		t.Skipf("needs the local engine: %v", err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	home := t.TempDir()
	imagetest.Tiny(t, images(t, home), "base")
	return home, eng
}

// running lists the processes of this machine whose command line holds a text.
func running(t *testing.T, text string) (out []string) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(text)) {
			out = append(out, filepath.Base(filepath.Dir(path))+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return out
}

// TestRealSteps: what the steps of a build do, one after the other, and from the cache.
func TestRealSteps(t *testing.T) {
	a := startReal(t)
	steps := []e2b.Step{
		run("whoami; pwd; echo $HOME; id -u; echo in > file; stat -c %U file"),
		{Type: "RUN", Args: []string{"whoami; pwd", "root"}},
		step("ENV", "A", "$HOME/x", "B", "`id` $(id) \"q\" 'q' $USER", "C", "a  b"),
		run(`printf '%s|%s|%s' "$A" "$B" "$C"`),
		step("WORKDIR", "/srv/new/deep"),
		run("pwd; stat -c '%U %a' /srv/new /srv/new/deep; stat -c %U /srv 2>/dev/null"),
		step("WORKDIR", "below"),
		step("USER", "ann"),
		run("whoami; pwd; echo $HOME; echo 1 > made 2>/dev/null || echo not mine"),
		run("sleep 619.25 & (sleep 619.25 &); echo began"),
		run("[ -e /tmp/x ] && echo kept || echo fresh; echo > /tmp/x"),
		run("cat /home/user/file; [ -e /tmp/x ] && echo kept || echo fresh"),
	}
	want := map[string]string{
		"1":  "user\n/home/user\n/home/user\n1000\nuser",
		"2":  "root\n/root",
		"4":  "/root/x|`id` $(id) \"q\" 'q' root|a  b",
		"6":  "/srv/new/deep\nuser 755\nuser 755\nuser",
		"9":  "ann\n/srv/new/deep/below\n/home/ann\nnot mine",
		"10": "began",
		"11": "fresh",
		"12": "in\nkept", // as on E2B, where a step is a snapshot of the machine
	}
	f := a.ready("web", steps...)
	for step, text := range want {
		if got := f.stdout(step); got != text {
			t.Errorf("step %s said %q; want %q", step, got, text)
		}
	}
	if left := running(t, "sleep\x00619.25"); left != nil {
		t.Errorf("what a step began still runs: %s", left)
	}
	again := a.ready("web", steps...)
	if log := shape(again); strings.Count(log, "CACHED [builder") != len(steps) {
		t.Errorf("not everything is cached:\n%s", log)
	}
	s := a.sandbox("web")
	if got := a.output(s, "whoami; pwd; echo $A; cat /home/user/file"); got != "ann\n/srv/new/deep/below\n/root/x\nin" {
		t.Errorf("in a sandbox: %q", got)
	}
}

func TestRealFailures(t *testing.T) {
	a := startReal(t)
	for _, c := range []struct {
		step   e2b.Step
		reason string
	}{
		{run("echo no 1>&2; exit 42"), "failed to run command 'echo no 1>&2; exit 42': exit status 42"},
		{run("nosuch"), "failed to run command 'nosuch': exit status 127"},
		{run("kill -9 $$"), "failed to run command 'kill -9 $$': signal: killed"},
		{run("kill -TERM $$; sleep 60"), "failed to run command 'kill -TERM $$; sleep 60': signal: terminated"},
		{run("timeout 0.2 sleep 60"), "failed to run command 'timeout 0.2 sleep 60': exit status 124"},
		{step("RUN", "whoami", "root123"), "failed to run command 'whoami': command failed: unauthenticated: invalid username: 'root123'"},
		{step("USER", "a b"), "failed to create the user a b: "},
		{step("WORKDIR", "/etc/passwd/x"), "failed to make the working directory /etc/passwd/x: "},
		{e2b.Step{Type: "RUN", Args: []string{"rm -rf /home/user", "root"}}, ""},
	} {
		f := a.build("web", e2b.Build{Steps: []e2b.Step{c.step, run("true")}})
		switch {
		case c.reason == "" && (f.Status != e2b.StateError || f.Reason.Step != "2" || !strings.Contains(f.Reason.Message, "cwd '/home/user' does not exist")):
			t.Errorf("%v: %s %+v", c.step.Args, f.Status, f.Reason)
		case c.reason != "" && (f.Status != e2b.StateError || f.Reason.Step != "1" || !strings.HasPrefix(f.Reason.Message, c.reason)):
			t.Errorf("%v: %s %+v; want %q", c.step.Args, f.Status, f.Reason, c.reason)
		}
		if f.Reason != nil && strings.Contains(f.Reason.Message, a.home) {
			t.Errorf("%v: the reason names a directory of the host: %s", c.step.Args, f.Reason.Message)
		}
	}
}

// TestRealForcedHalf: after a forced build that failed half way, no layer lies
// on another one than it was made on.
func TestRealForcedHalf(t *testing.T) {
	a := startReal(t)
	stamp := func(force bool) e2b.Step {
		return e2b.Step{Type: "RUN", Args: []string{"date +%s.%N > /home/user/stamp"}, Force: force}
	}
	keep, show := run("cat stamp > kept"), run("cat stamp kept")
	a.ready("web", stamp(false), keep)
	a.build("web", e2b.Build{Steps: []e2b.Step{stamp(true), run("false")}})
	got := strings.Fields(a.ready("web", stamp(false), keep, show).stdout("3"))
	if len(got) != 2 || got[0] != got[1] {
		t.Errorf("the layer below says %q, the one on it %q", got[0], got[1])
	}
}

// member is an entry of an archive.
type member struct {
	tar.Header
	text string
}

func archiveOf(t *testing.T, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, m := range members {
		if m.Typeflag == 0 {
			m.Typeflag = tar.TypeReg
		}
		if m.Mode == 0 {
			m.Mode = 0o644
		}
		m.Size = int64(len(m.text))
		if err := w.WriteHeader(&m.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRealCopy(t *testing.T) {
	a := startReal(t)
	archive := archiveOf(t,
		member{tar.Header{Name: "app/", Typeflag: tar.TypeDir, Mode: 0o755}, ""},
		member{tar.Header{Name: "app/run.sh", Mode: 0o755}, "run"},
		member{tar.Header{Name: "app/sub/deep.txt"}, "deep"},
		member{tar.Header{Name: "app/link", Typeflag: tar.TypeSymlink, Linkname: "run.sh"}, ""},
		member{tar.Header{Name: "app/broken", Typeflag: tar.TypeSymlink, Linkname: "/no/where"}, ""},
		member{tar.Header{Name: "one.txt"}, "one"},
		member{tar.Header{Name: "alias", Typeflag: tar.TypeSymlink, Linkname: "one.txt"}, ""},
	)
	hash := a.uploaded(archive)
	cp := func(args ...string) e2b.Step { return e2b.Step{Type: "COPY", Args: args, FilesHash: hash} }
	for _, c := range []struct {
		name  string
		steps []e2b.Step
		show  string
		want  string
	}{
		{"a directory's content", []e2b.Step{cp("app", "/srv/app")}, "cd /srv/app; cat run.sh sub/deep.txt link; readlink broken; stat -c '%U %a' run.sh sub/deep.txt", "rundeeprun/no/where\nuser 755\nuser 644"},
		{"a directory with a slash", []e2b.Step{cp("app/", "/srv/app/")}, "ls /srv/app", "broken\nlink\nrun.sh\nsub"},
		{"a glob", []e2b.Step{cp("app/*", "into")}, "ls /home/user/into", "broken\nlink\nrun.sh\nsub"},
		{"everything", []e2b.Step{cp(".", "/srv")}, "ls /srv", "alias\napp\none.txt"},
		{"a file under another name", []e2b.Step{cp("one.txt", "two.txt")}, "cat /home/user/two.txt", "one"},
		{"a file into a directory", []e2b.Step{cp("one.txt", "/srv/in/")}, "cat /srv/in/one.txt", "one"},
		{"a file into a directory that is there", []e2b.Step{run("mkdir d"), cp("one.txt", "d")}, "cat /home/user/d/one.txt", "one"},
		{"a link", []e2b.Step{cp("alias", "/srv/")}, "readlink /srv/alias", "one.txt"},
		{"relative to the workdir", []e2b.Step{step("WORKDIR", "/opt/x"), cp("one.txt", "y/z.txt")}, "cat /opt/x/y/z.txt", "one"},
		{"owner", []e2b.Step{cp("app", "/srv/app", "root")}, "stat -c '%U:%G' /srv/app/run.sh", "root:root"},
		{"mode", []e2b.Step{cp("app", "/srv/app", "", "0600")}, "su root -c 'stat -c %a /srv/app/run.sh /srv/app/sub/deep.txt' 2>/dev/null || stat -c %a /srv/app", "600\n600"},
		{"as the step's user", []e2b.Step{step("USER", "ann"), cp("one.txt", "one.txt")}, "stat -c %U /home/ann/one.txt", "ann"},
		{"merged with what is there", []e2b.Step{run("mkdir -p m/sub; echo old > m/sub/old; echo old > m/run.sh"), cp("app", "m")}, "cat m/sub/old m/sub/deep.txt m/run.sh", "old\ndeeprun"},
		{"through a link that is there", []e2b.Step{run("mkdir -p real m; ln -s ../real m/sub"), cp("app", "m")}, "readlink m/sub; cat real/deep.txt", "../real\ndeep"},
	} {
		steps := append(c.steps, e2b.Step{Type: "RUN", Args: []string{c.show, map[bool]string{true: "root"}[c.name == "mode"]}})
		f := a.build("web", e2b.Build{Steps: steps})
		if f.Status != e2b.StateReady {
			t.Errorf("%s: %+v", c.name, f.Reason)
			continue
		}
		if got := f.stdout(fmt.Sprint(len(steps))); got != c.want {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct{ step, reason string }{
		{"none", `failed to move files in sandbox: source "none" is not in the archive`},
		{"../up", `failed to move files in sandbox: source "../up" leads out of the archive`},
	} {
		a.failed(e2b.Build{Steps: []e2b.Step{{Type: "COPY", Args: []string{c.step, "/x"}, FilesHash: hash}}}, "1", c.reason)
		a.uploaded(archive)
	}
}

// TestRealHostileCopy: archives that try to get out of the sandbox, or to fill it.
func TestRealHostileCopy(t *testing.T) {
	a := startReal(t)
	canary := filepath.Join(t.TempDir(), "canary")
	if err := os.WriteFile(canary, []byte("alive"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := func(name, to string) member {
		return member{tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}, ""}
	}
	for name, members := range map[string][]member{
		"up":                      {{tar.Header{Name: "../../../.." + canary}, "evil"}},
		"absolute":                {{tar.Header{Name: canary}, "evil"}},
		"through a link":          {link("l", "/"), {tar.Header{Name: "l" + canary}, "evil"}},
		"through a link up":       {link("l", "../../../../../../.."), {tar.Header{Name: "l" + canary}, "evil"}},
		"onto a link":             {link("a", canary), {tar.Header{Name: "a"}, "evil"}},
		"hard link":               {{tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: canary}, ""}, {tar.Header{Name: "h"}, "evil"}},
		"hard link up":            {{tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "../../../.." + canary}, ""}, {tar.Header{Name: "h"}, "evil"}},
		"hard link to a passwd":   {link("l", "/etc"), {tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "l/passwd"}, ""}, {tar.Header{Name: "h"}, "evil"}},
		"device":                  {{tar.Header{Name: "d", Typeflag: tar.TypeBlock, Devmajor: 8}, ""}},
		"character device":        {{tar.Header{Name: "d", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 1}, ""}},
		"pipe":                    {{tar.Header{Name: "p", Typeflag: tar.TypeFifo}, ""}},
		"setuid of somebody else": {{tar.Header{Name: "su", Mode: 0o4755, Uid: 0}, "x"}},
		"empty name":              {{tar.Header{Name: "."}, "evil"}},
		"nothing":                 nil,
	} {
		hash := a.uploaded(archiveOf(t, members...))
		f := a.build("web", e2b.Build{Steps: []e2b.Step{{Type: "COPY", Args: []string{".", "/srv/x"}, FilesHash: hash}, run("grep -c evil /etc/passwd; [ -u /srv/x/su ] && stat -c %U /srv/x/su; true")}})
		if text, err := os.ReadFile(canary); err != nil || string(text) != "alive" {
			t.Fatalf("%s: the canary says %q, %v", name, text, err)
		}
		if f.Status == e2b.StateReady {
			if got := f.stdout("2"); got != "0" && got != "0\nuser" {
				t.Errorf("%s: in the sandbox: %q", name, got)
			}
		} else if f.Reason.Step != "1" || !strings.HasPrefix(f.Reason.Message, "failed to move files in sandbox: ") || strings.Contains(f.Reason.Message, a.home) {
			t.Errorf("%s: %+v", name, f.Reason)
		}
	}
	// A megabyte that unpacks to a thousand, and says it is a million.
	bomb := gzip.NewWriter(nil)
	var out bytes.Buffer
	bomb.Reset(&out)
	w := tar.NewWriter(bomb)
	if err := w.WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1 << 50, Format: tar.FormatGNU}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := bomb.Close(); err != nil {
		t.Fatal(err)
	}
	hash := a.uploaded(out.Bytes())
	a.failed(e2b.Build{Steps: []e2b.Step{{Type: "COPY", Args: []string{".", "/srv/x"}, FilesHash: hash}}}, "1", "failed to move files in sandbox: the files are larger than is allowed")
}

// TestRealProcesses: processes in a sandbox, and that nothing of it is left.
func TestRealProcesses(t *testing.T) {
	a := startReal(t)
	f := a.build("web", e2b.Build{StartCmd: "echo up > /home/user/up; sleep 618.25", ReadyCmd: "[ -e /home/user/up ]"})
	if f.Status != e2b.StateReady {
		t.Fatalf("the build: %+v", f.Reason)
	}
	if left := running(t, "sleep\x00618.25"); left != nil {
		t.Errorf("the start command still runs after the build: %s", left)
	}
	s := a.sandbox("web")
	await(t, "the start command", func() bool { return running(t, "sleep\x00618.25") != nil })
	for _, c := range []struct {
		command string
		headers []string
		want    []string
	}{
		{"echo out; exit 3", nil, []string{"start true", "stdout out\n", "end 3 exit status 3"}},
		{"echo err 1>&2", nil, []string{"start true", "stderr err\n", "end 0 exit status 0"}},
		{"kill -9 $$", nil, []string{"start true", "end -1 signal: killed"}},
		{"kill -TERM $$; sleep 60", nil, []string{"start true", "end -1 signal: terminated"}},
		{"whoami", []string{"Authorization: Basic " + encode("root:")}, []string{"start true", "stdout root\n", "end 0 exit status 0"}},
		{"whoami", []string{"Authorization: Basic " + encode("root123:")}, []string{"error unauthenticated: invalid username: 'root123'"}},
		{"echo on; sleep 617.25 & sleep 617.25", []string{"Connect-Timeout-Ms: 300"}, []string{"start true", "stdout on\n", "error deadline_exceeded: the command did not end within its timeout"}},
	} {
		if diff := cmp.Diff(c.want, a.process(s, startOf(c.command), c.headers...).all()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.command, diff)
		}
	}
	await(t, "what was over its deadline to end", func() bool { return running(t, "sleep\x00617.25") == nil })
	a.process(s, startOf("setsid sleep 616.25 & sleep 616.25"))
	if err := s.Kill(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"sleep\x00618.25", "sleep\x00616.25"} {
		if left := running(t, text); left != nil {
			t.Errorf("the sandbox is gone, and this still runs: %s", left)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(a.home, "sandboxes", "*")); len(left) != 0 {
		t.Errorf("%s is left", left)
	}
}

// TestRealKilled kills a server over the real engine in the middle of a step.
func TestRealKilled(t *testing.T) {
	home, eng := realHome(t)
	t.Setenv(realEngine, "1")
	v := startVictim(t, home)
	steps := []e2b.Step{run("echo 1 > one"), run("echo 2 > two"), run("echo waits; sleep 615.25 & sleep 615.25")}
	reg := v.register("web")
	v.trigger(reg, e2b.Build{Steps: steps})
	v.awaitLine(reg, "[stdout]: waits")
	v.kill()
	await(t, "its processes to end", func() bool { return running(t, "sleep\x00615.25") == nil })
	a := startIn(t, home, local.Options{Engine: local.RealEngine(eng)})
	cutOff(a, reg, steps)
	if got := a.output(a.sandbox("web"), "cat one two"); got != "1\n2" {
		t.Errorf("in the sandbox: %q", got)
	}
}

// TestRealLongLog: a million lines are kept, page by page, in little memory.
func TestRealLongLog(t *testing.T) {
	a := startReal(t)
	reg := a.register("web")
	before := heap()
	begin := time.Now()
	a.trigger(reg, e2b.Build{Steps: []e2b.Step{run("seq 1000000")}})
	lines, last, most := 0, "", int64(0)
	_, err := a.client.Follow(context.Background(), reg.TemplateID, reg.BuildID, e2b.FollowOptions{OnEntries: func(page []e2b.LogEntry) {
		for _, e := range page {
			if _, text, ok := strings.Cut(e.Message, "[stdout]: "); ok {
				lines, last = lines+1, text
			}
		}
		if lines%100_000 < len(page) {
			most = max(most, heap()-before)
		}
	}})
	if err != nil || lines != 1_000_000 || last != "1000000" {
		t.Errorf("%d lines, the last %q, %v; want a million", lines, last, err)
	}
	t.Logf("%s, %d MiB more in memory at most", time.Since(begin).Round(time.Millisecond), most>>20)
	if most > 32<<20 {
		t.Errorf("%d MiB more in memory; want no more than 32", most>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestRealSnapshots(t *testing.T) {
	checkSnapshots(t, startReal(t), "; ln sub/file sub/other; chmod 700 sub")
}

// TestRealPausedAfterRestart wakes a sandbox that was paused before the server
// ended, with its files, its token and its metadata.
func TestRealPausedAfterRestart(t *testing.T) {
	home, eng := realHome(t)
	a := startIn(t, home, local.Options{Engine: local.RealEngine(eng)})
	a.ready("web")
	s, err := a.client.CreateSandbox(t.Context(), e2b.NewSandbox{TemplateID: "web", Metadata: map[string]string{"job": "x"}, EnvVars: map[string]string{"A": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	gone := a.sandbox("web")
	a.output(s, "echo kept > ~/kept")
	if status, text := a.call("POST", "/sandboxes/"+s.SandboxID+"/pause", map[string]any{}); status != http.StatusNoContent {
		t.Fatalf("pausing: %d %s", status, text)
	}
	a.close()
	a = startIn(t, home, local.Options{Engine: local.RealEngine(eng)})
	list, err := a.client.Sandboxes(t.Context(), map[string]string{"job": "x"})
	if err != nil || len(list) != 1 || list[0].State != e2b.SandboxPaused {
		t.Fatalf("after a restart: %+v, %v", list, err)
	}
	if _, err := a.client.FindSandbox(t.Context(), gone.SandboxID, 0); !e2b.NotFound(err) {
		t.Errorf("one that ran: %v", err)
	}
	again, err := a.client.FindSandbox(t.Context(), s.SandboxID, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.output(again, "cat ~/kept; echo $A"); got != "kept\n1" || again.EnvdAccessToken != s.EnvdAccessToken {
		t.Errorf("it has %q", got)
	}
	if err := again.Kill(t.Context()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Join(a.home, "sandboxes")); len(left) > 0 {
		t.Errorf("%d sandboxes are left on the disk", len(left))
	}
}
