package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/simulated"
)

const (
	servedHome = "E2BT_TEST_SERVE"       // tells this test binary to be a server of that home
	realEngine = "E2BT_TEST_REAL_ENGINE" // and that over the real engine
)

// serveUntilKilled is the whole life of such a process.
func serveUntilKilled(home string) {
	store, err := image.Open(filepath.Join(home, "images"))
	if err != nil {
		panic(err)
	}
	opts := local.Options{Home: home, APIKey: testKey, Engine: simulated.Engine{}, Images: store}
	if os.Getenv(realEngine) != "" {
		eng, err := engine.New()
		if err != nil {
			panic(err)
		}
		opts.Engine = local.RealEngine(eng)
	}
	server, err := local.New(opts)
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	panic(http.Serve(listener, server))
}

// victim is a server in a process of its own.
type victim struct {
	*api
	process *exec.Cmd
}

func startVictim(t *testing.T, home string) *victim {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), servedHome+"="+home)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // most are dead by then
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	url := strings.TrimSpace(line)
	a := &api{t: t, url: url, home: home}
	a.client = e2b.New(e2b.Options{APIURL: url, SandboxURL: url, APIKey: testKey})
	return &victim{api: a, process: cmd}
}

// kill ends the process as a power button would.
func (v *victim) kill() {
	v.t.Helper()
	if err := v.process.Process.Kill(); err != nil {
		v.t.Fatal(err)
	}
	_ = v.process.Wait() // it was killed
}

// awaitLine polls the log of a build for a text.
func (a *api) awaitLine(reg e2b.Registration, text string) {
	a.t.Helper()
	await(a.t, "the line "+text, func() bool {
		for _, e := range a.statusOf(reg).LogEntries {
			if strings.Contains(e.Message, text) {
				return true
			}
		}
		return false
	})
}

// cutOff wants a build that an earlier server left to be an error, and the next
// one to go on from the layers that were finished.
func cutOff(a *api, reg e2b.Registration, steps []e2b.Step) {
	a.t.Helper()
	status := a.statusOf(reg)
	if status.Status != e2b.StateError || status.Reason == nil || status.Reason.Message != "the build was interrupted: the server that ran it ended" {
		a.t.Errorf("the build is %s, %+v", status.Status, status.Reason)
	}
	for _, pattern := range []string{"layers/making-*", "sandboxes/*", "files/upload-*"} {
		if left, _ := filepath.Glob(filepath.Join(a.home, pattern)); len(left) != 0 {
			a.t.Errorf("%s is left", left)
		}
	}
	steps[len(steps)-1] = run("echo done")
	f := a.ready("web", steps...)
	if log := shape(f); strings.Count(log, "CACHED [builder") != len(steps)-1 {
		a.t.Errorf("not all finished layers are cached:\n%s", log)
	}
}

func slowSteps() []e2b.Step {
	return []e2b.Step{run("echo 1 > one"), run("echo 2 > two"), run("echo waits; sleep 600")}
}

// TestKilled kills a server in the middle of a build, an upload and a sandbox.
func TestKilled(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	v := startVictim(t, home)
	done := v.ready("done", run("seq 300"))
	v.sandbox("done")
	reg := v.register("web")
	v.trigger(reg, e2b.Build{Steps: slowSteps()})
	v.awaitLine(reg, "[stdout]: waits")
	seen := len(v.statusOf(reg).LogEntries)
	half, w := io.Pipe()
	link := get[e2b.FileLink](v.api, "/templates/web/files/"+strings.Repeat("a", 64))
	go func() {
		req, err := http.NewRequest("PUT", link.URL, half)
		if err == nil {
			req.ContentLength = 1 << 20
			_, err = http.DefaultClient.Do(req)
		}
		half.CloseWithError(err)
	}()
	if _, err := w.Write(make([]byte, 1<<10)); err != nil {
		t.Fatal(err)
	}
	await(t, "the upload", func() bool {
		files, _ := filepath.Glob(filepath.Join(home, "files", "upload-*"))
		return len(files) == 1
	})
	v.kill()
	w.Close()

	a := startIn(t, home, local.Options{})
	if got := len(a.statusOf(reg).LogEntries); got < seen {
		t.Errorf("%d entries are left of %d that were seen", got, seen)
	}
	var log []e2b.LogEntry
	if err := a.client.Logs(context.Background(), done.TemplateID, done.BuildID, func(e []e2b.LogEntry) { log = append(log, e...) }); err != nil {
		t.Fatal(err)
	}
	if len(log) != len(done.log) || log[len(log)-1] != done.log[len(log)-1] {
		t.Errorf("of the log of a finished build %d entries are left; want all %d", len(log), len(done.log))
	}
	if link := get[e2b.FileLink](a, "/templates/web/files/"+strings.Repeat("a", 64)); link.Present {
		t.Error("half an upload counts as a whole one")
	}
	s := a.sandbox("done")
	if got := a.output(s, "echo alive"); got != "alive" {
		t.Errorf("a sandbox of the finished build says %q", got)
	}
	if err := s.Kill(context.Background()); err != nil {
		t.Fatal(err)
	}
	cutOff(a, reg, slowSteps())
}

// TestClosed closes a server in the middle of a build.
func TestClosed(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	a := startIn(t, home, local.Options{})
	reg := a.register("web")
	a.trigger(reg, e2b.Build{Steps: slowSteps()})
	a.awaitLine(reg, "[stdout]: waits")
	a.close()
	b := startIn(t, home, local.Options{})
	if log := get[e2b.BuildStatus](b, statusPath(reg)).LogEntries; !strings.HasPrefix(log[len(log)-1].Message, "Build failed: the build was interrupted") {
		t.Errorf("the last line: %v", log[len(log)-1])
	}
	cutOff(b, reg, slowSteps())
}

// TestKilledAnywhere kills a busy server again and again, a little later each
// time: whatever is there afterwards is whole.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	for i := range 4 {
		v := startVictim(t, home)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for n := 0; ctx.Err() == nil; n++ {
				reg, err := v.client.Register(ctx, e2b.RegisterRequest{Name: fmt.Sprint("t", n%3)})
				if err == nil {
					steps := []e2b.Step{run("seq 50 > a; seq 200"), run(fmt.Sprintf("echo %d.%d > b", i, n))}
					err = v.client.Trigger(ctx, reg.TemplateID, reg.BuildID, e2b.Build{FromImage: "base", Steps: steps})
				}
				if err == nil {
					_, err = v.client.Follow(ctx, reg.TemplateID, reg.BuildID, e2b.FollowOptions{Poll: time.Millisecond})
				}
				if err != nil {
					return
				}
			}
		}()
		await(t, "a layer", func() bool {
			found, _ := filepath.Glob(filepath.Join(home, "layers", "*"))
			return len(found) > 4*i
		})
		time.Sleep(time.Duration(i) * 3 * time.Millisecond) // not a wait for anything: the moment of the kill
		v.kill()
		stop()
		<-ended
		whole(t, home)
	}
}

// whole opens a server on a home and looks at everything in it.
func whole(t *testing.T, home string) {
	t.Helper()
	a := startIn(t, home, local.Options{})
	defer a.close()
	for _, tpl := range get[[]e2b.Template](a, "/templates") {
		show := get[e2b.TemplateWithBuilds](a, "/templates/"+tpl.TemplateID)
		for _, b := range show.Builds {
			if !b.Status.Done() {
				t.Errorf("a build is still %s", b.Status)
			}
			status := get[e2b.BuildStatus](a, "/templates/"+tpl.TemplateID+"/builds/"+b.BuildID+"/status")
			last := len(status.LogEntries) - 1
			if b.Status == e2b.StateReady && last < 99 && !strings.HasPrefix(status.LogEntries[last].Message, "Build finished") {
				t.Errorf("the log of a ready build ends with %v", status.LogEntries[last])
			}
		}
		if tpl.BuildStatus != e2b.StateReady {
			continue
		}
		s := a.sandbox(tpl.TemplateID)
		if got := strings.Count(a.output(s, "cat a"), "\n"); got != 49 {
			t.Errorf("a layer of a ready build has %d lines; want 49", got)
		}
	}
	layers, _ := filepath.Glob(filepath.Join(home, "layers", "*"))
	for _, l := range layers {
		if _, err := os.Stat(filepath.Join(l, "layer.json")); err != nil {
			t.Errorf("half a layer: %v", err)
		}
	}
	if strings.Contains(a.log.String(), "damaged") {
		t.Errorf("something is damaged:\n%s", a.log)
	}
}

// TestHeld: one process at a time has a home.
func TestHeld(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	v := startVictim(t, home)
	_, err := local.New(local.Options{Home: home, APIKey: testKey, Engine: simulated.Engine{}, Images: images(t, home)})
	var held *local.HeldError
	if !errors.As(err, &held) || held.Dir != home || held.Owner != fmt.Sprint(v.process.Process.Pid) {
		t.Fatalf("New on a home that is held: %v; want a HeldError that names process %d", err, v.process.Process.Pid)
	}
	since, timeErr := time.Parse(time.RFC3339, held.Since)
	if timeErr != nil || time.Since(since) > time.Minute {
		t.Errorf("it is held since %q: %v; want a minute ago at most", held.Since, timeErr)
	}
	if want := home + " is used by another e2bt (process " + held.Owner + ", since " + held.Since + ")"; err.Error() != want {
		t.Errorf("the error: %q; want %q", err, want)
	}
	v.kill()
	startIn(t, home, local.Options{}).close()
	startIn(t, home, local.Options{})
}

// disk is the simulated engine, and counts how often it is told to write to the disk.
type disk struct {
	simulated.Engine
	synced *atomic.Int32
}

func (d disk) Sync(string) error { d.synced.Add(1); return nil }

// reboot makes a home what it is after the machine was started anew: layers say
// in which boot they were made, unless they are known to be on the disk.
func reboot(t *testing.T, home string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(home, "layers", "*", "layer.json"))
	if err != nil {
		t.Fatal(err)
	}
	boot := regexp.MustCompile(`"boot":"[^"]+"`)
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, boot.ReplaceAll(text, []byte(`"boot":"another"`)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestReboot: the layers of a server that was closed count after the machine is
// started anew, since they were written to the disk; those of one that was
// killed are made again.
func TestReboot(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	var synced atomic.Int32
	once := func() string {
		a := startIn(t, home, local.Options{Engine: disk{synced: &synced}})
		f := a.ready("web", run("echo 1 > one"))
		if got := a.output(a.sandbox("web"), "cat one"); got != "1" {
			t.Errorf("in the sandbox: %q", got)
		}
		a.close()
		reboot(t, home)
		return shape(f)
	}
	const cached = "CACHED [builder 1/1]"
	if log := once(); strings.Contains(log, cached) || synced.Load() != 1 {
		t.Errorf("the first time: written %d times; want once\n%s", synced.Load(), log)
	}
	if log := once(); !strings.Contains(log, cached) || synced.Load() != 1 {
		t.Errorf("after it was closed: written %d times in all; want once\n%s", synced.Load(), log)
	}
	killed := func(name string) {
		v := startVictim(t, home)
		reg := v.register(name)
		v.trigger(reg, e2b.Build{Steps: []e2b.Step{run("echo " + name), run("echo waits; sleep 600")}})
		v.awaitLine(reg, "[stdout]: waits")
		v.kill()
	}
	killed("third")
	after := startIn(t, home, local.Options{Engine: disk{synced: &synced}})
	after.ready("third", run("echo third"))
	after.close()
	reboot(t, home)
	killed("fourth")
	reboot(t, home)
	last := startIn(t, home, local.Options{})
	for name, want := range map[string]bool{"third": true, "fourth": false} {
		if log := shape(last.ready(name, run("echo "+name))); strings.Contains(log, cached) != want {
			t.Errorf("after a server was killed, and another one was or was not there before the machine was started anew: cached %v; want %v\n%s", !want, want, log)
		}
	}
	if f := last.ready("web", run("echo 1 > one")); !strings.Contains(shape(f), cached) {
		t.Errorf("the older layer does not count any more:\n%s", shape(f))
	}
}
