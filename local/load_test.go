package local_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/simulated"
)

// TestManyBuilds runs builds that share steps, all at once: each is made once.
func TestManyBuilds(t *testing.T) {
	t.Parallel()
	a := start(t)
	var all sync.WaitGroup
	builds := make([]finished, local.DefaultMaxBuilds)
	for i := range builds {
		all.Go(func() {
			builds[i] = a.build(fmt.Sprint("t", i), e2b.Build{Steps: []e2b.Step{run("echo $RANDOM$RANDOM > shared"), run(fmt.Sprintf("echo %d > own; cat shared own", i%3))}})
		})
	}
	all.Wait()
	said, made := map[string]bool{}, 0
	for i, f := range builds {
		if f.Status != e2b.StateReady {
			t.Fatalf("build %d is %s: %+v", i, f.Status, f.Reason)
		}
		if !strings.Contains(shape(f), "CACHED [builder 1/2]") {
			made++
		}
		if out := f.stdout("2"); out != "" {
			said[out] = true
		}
	}
	if made != 1 {
		t.Errorf("the shared step was made %d times; want once", made)
	}
	if len(said) != 3 {
		t.Errorf("the three other steps said %v", said)
	}
}

// TestSupersededAtOnce starts builds of one template at once: the newest one wins.
func TestSupersededAtOnce(t *testing.T) {
	t.Parallel()
	a := start(t)
	var regs []e2b.Registration
	for range 8 {
		reg := a.register("web")
		a.trigger(reg, e2b.Build{Steps: []e2b.Step{run("sleep 0.01")}})
		regs = append(regs, reg)
	}
	last := len(regs) - 1
	for i, reg := range regs {
		f := a.follow(reg)
		switch {
		case i == last && f.Status != e2b.StateReady:
			t.Errorf("the newest build is %s: %+v", f.Status, f.Reason)
		case i < last && f.Status == e2b.StateError && f.Reason.Message != "build was cancelled":
			t.Errorf("an older build: %+v", f.Reason)
		}
	}
	tags := get[[]e2b.Tag](a, "/templates/web/tags")
	if len(tags) != 1 || tags[0].BuildID != regs[last].BuildID {
		t.Errorf("the tags: %+v; want default on the newest build", tags)
	}
}

// TestNothingLeaks: a server that was busy leaves no goroutine, no open file
// and no file of what is over.
func TestNothingLeaks(t *testing.T) {
	home := newHome(t)
	busy := func() {
		a := startIn(t, home, local.Options{})
		a.ready("web", run("seq 300"))
		for range 5 {
			a.failed(e2b.Build{Steps: []e2b.Step{run("false")}}, "1", "failed to run command 'false': exit status 1")
			s := a.sandbox("web")
			a.output(s, "echo hi")
		}
		reg := a.register("web")
		a.trigger(reg, e2b.Build{Steps: []e2b.Step{run("echo on; sleep 600")}, StartCmd: "sleep 600"})
		a.awaitLine(reg, "[stdout]: on")
		a.close()
		http.DefaultClient.CloseIdleConnections()
	}
	busy()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 3 {
		busy()
	}
	// The test's own web servers live until it ends.
	const webServers = 3 * 4
	await(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines+webServers })
	await(t, "files to be closed", func() bool { return openFiles(t) <= files+webServers })
	if left, _ := filepath.Glob(filepath.Join(home, "sandboxes", "*")); len(left) != 0 {
		t.Errorf("closed, and still there: %s", left)
	}
	if left, _ := filepath.Glob(filepath.Join(home, "layers", "making-*")); len(left) != 0 {
		t.Errorf("closed, and still there: %s", left)
	}
}

func openFiles(t testing.TB) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("needs /proc: %v", err)
	}
	return len(open)
}

// TestCloseRefuses: a server that is closing takes nothing on any more, and
// waits for what it has taken on.
func TestCloseRefuses(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.ready("web")
	reg := a.register("web")
	var all sync.WaitGroup
	for range 4 { // while it closes
		all.Go(func() {
			for range 50 {
				s, err := a.client.CreateSandbox(context.Background(), e2b.NewSandbox{TemplateID: "web"})
				if err != nil {
					return
				}
				_ = s.SandboxID
			}
		})
	}
	a.close()
	all.Wait()
	a.refused("POST", buildPath(reg), e2b.Build{FromImage: "base"}, 503, "the server is closing")
	a.refused("POST", "/v3/templates", `{"name":"x"}`, 503, "the server is closing")
	a.refused("POST", "/sandboxes", `{"templateID":"web"}`, 503, "the server is closing")
	if left, _ := filepath.Glob(filepath.Join(a.home, "sandboxes", "*")); len(left) != 0 {
		t.Errorf("%d sandboxes are left", len(left))
	}
	if list := get[[]any](a, "/sandboxes"); len(list) != 0 {
		t.Errorf("%d sandboxes still run", len(list))
	}
}

// TestNewRefuses: options with which no server can be.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	file := filepath.Join(home, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opts local.Options
		want string
	}{
		{local.Options{Home: home, Engine: simulated.Engine{}}, "no API key"},
		{local.Options{Home: file, APIKey: testKey, Engine: simulated.Engine{}}, "making " + file},
		{local.Options{Home: filepath.Join(file, "below"), APIKey: testKey, Engine: simulated.Engine{}}, "making " + file},
	} {
		c.opts.Images = images(t, home)
		server, err := local.New(c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%+v) = %v; want an error with %q", c.opts, err, c.want)
		}
		if err == nil {
			server.Close()
		}
	}
}

// TestStoreIsLost: the store cannot be written to when a build ends. The build
// says so, and the server goes on.
func TestStoreIsLost(t *testing.T) {
	t.Parallel()
	a := start(t)
	reg := a.register("web")
	a.trigger(reg, e2b.Build{Steps: []e2b.Step{run("echo on; while [ ! -e " + "/tmp/go" + " ]; do sleep 0.01; done")}})
	a.awaitLine(reg, "[stdout]: on")
	builds, away := filepath.Join(a.home, "builds"), filepath.Join(a.home, "away")
	if err := os.Rename(builds, away); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(builds, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	making, err := filepath.Glob(filepath.Join(a.home, "layers", "making-*"))
	if err != nil || len(making) != 1 {
		t.Fatalf("the layer that is being made: %v, %v", making, err)
	}
	if err := os.WriteFile(filepath.Join(making[0], "fs", "tmp", "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "the build's end", func() bool {
		_, text := a.call("GET", "/templates/web", nil)
		return strings.Contains(text, `"status":"error"`)
	})
	if err := os.Remove(builds); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(away, builds); err != nil {
		t.Fatal(err)
	}
	status := a.statusOf(reg)
	if status.Status != e2b.StateError || !strings.HasPrefix(status.Reason.Message, "the build could not be kept: ") || strings.Contains(status.Reason.Message, a.home) {
		t.Errorf("the build: %s %+v", status.Status, status.Reason)
	}
	a.ready("web")
}
