package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

const soakers = 10 // clients

// TestSoak lets clients build templates and use sandboxes of a server that fails
// now and then, for as long as E2BT_SOAK says, and looks for what is left behind
// or lost: task soak.
func TestSoak(t *testing.T) {
	limit, err := time.ParseDuration(os.Getenv("E2BT_SOAK"))
	if err != nil {
		t.Skip("set E2BT_SOAK=1h to run it")
	}
	home := e2eHome(t)
	s := startServe(t, home, "--quiet", "--fault", "latency=20ms@0.2,rate_limit=1@0.02,503@0.02,drop@0.01,internal@0.05")
	w := soak{t: t, client: s.client(), began: time.Now(), built: map[string]string{}, maybe: map[string]bool{}}
	w.round(t.Context(), 0) // what is opened once is open
	before := footprint(t, s.cmd.Process.Pid)
	t.Logf("at the start: %s", before)

	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	var group sync.WaitGroup
	for i := range soakers {
		group.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				w.round(ctx, i)
			}
		})
	}
	for half := true; ctx.Err() == nil; half = false {
		select {
		case <-ctx.Done():
		case <-time.After(limit / 10):
			if half {
				before.rss = max(before.rss, footprint(t, s.cmd.Process.Pid).rss) // caches are full by now
			}
			t.Logf("%s: %d builds, %d failed as they should, %d sandboxes; %s", time.Since(w.began).Round(time.Second), w.builds.Load(), w.failed.Load(), w.boxes.Load(), footprint(t, s.cmd.Process.Pid))
		}
	}
	group.Wait()
	var after usedUp
	for range 50 { // idle connections close, and what is thrown away is removed
		for _, box := range w.sandboxes(t.Context()) { // whose creation nobody heard of
			w.must(w.retry(t.Context(), func() error { _, err := w.client.KillSandbox(t.Context(), box.SandboxID); return err }))
		}
		time.Sleep(200 * time.Millisecond)
		if after = footprint(t, s.cmd.Process.Pid); after.children <= before.children && after.files <= before.files {
			break
		}
	}
	t.Logf("at the end: %s", after)
	if builds, failed := w.builds.Load(), w.failed.Load(); builds < soakers || failed > builds/2 || w.boxes.Load() < soakers {
		t.Errorf("of %d builds %d failed, and there were %d sandboxes", builds, failed, w.boxes.Load())
	}
	if after.children > before.children || after.mounts > before.mounts || after.cgroups > before.cgroups || after.files > before.files+soakers {
		t.Errorf("something is left behind: %s; at the start %s", after, before)
	}
	if after.rss > 2*before.rss+64<<20 {
		t.Errorf("memory has grown from %d to %d MiB", before.rss>>20, after.rss>>20)
	}
	if left, _ := os.ReadDir(filepath.Join(home, "sandboxes")); len(left) > 0 {
		t.Errorf("%d sandboxes are left on the disk", len(left))
	}
	w.nothingLost(t.Context())
	s.stop()
	again := startServe(t, home, "--quiet")
	w.client = again.client()
	w.nothingLost(t.Context())
	again.stop()
}

func (s *serving) client() *e2b.Client {
	return e2b.New(e2b.Options{APIURL: s.env["E2B_API_URL"], SandboxURL: s.env["E2B_SANDBOX_URL"], APIKey: s.env["E2B_API_KEY"], Version: "soak"})
}

// soak is what the clients have done.
type soak struct {
	t      *testing.T
	client *e2b.Client
	began  time.Time

	builds, failed, boxes atomic.Int64

	mu    sync.Mutex
	built map[string]string // what a template has to say, by its name
	maybe map[string]bool   // words of builds that nobody waited for until their end
}

func (w *soak) must(err error) {
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		w.t.Error(err)
	}
}

// retry asks again after faults that the client gives up on.
func (w *soak) retry(ctx context.Context, f func() error) (err error) {
	for range 20 {
		if err = f(); err == nil || ctx.Err() != nil || e2b.NotFound(err) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// round is what one client does: a build of a template of its own, a sandbox of
// that, a command and a file in it.
func (w *soak) round(ctx context.Context, client int) {
	name, word := fmt.Sprintf("soak-%d-%d", client, rand.IntN(5)), fmt.Sprint(rand.Uint64())
	if w.build(ctx, name, word) {
		w.mu.Lock()
		w.built[name] = word
		w.mu.Unlock()
	}
	w.mu.Lock()
	want := w.built[name]
	w.mu.Unlock()
	if want == "" || ctx.Err() != nil {
		return
	}
	w.must(w.retry(ctx, func() error { return w.look(ctx, name, want) }))
}

// build reports whether the template is now the one with that word.
func (w *soak) build(ctx context.Context, name, word string) bool {
	var reg e2b.Registration
	err := w.retry(ctx, func() (err error) {
		reg, err = w.client.Register(ctx, e2b.RegisterRequest{Name: name})
		return err
	})
	if err != nil {
		w.must(err)
		return false
	}
	steps := []e2b.Step{{Type: "RUN", Args: []string{"echo " + word + " > /home/user/word; head -c 1000000 /dev/urandom > /home/user/noise"}}}
	err = w.client.Trigger(ctx, reg.TemplateID, reg.BuildID, e2b.Build{FromTemplate: "base", Steps: steps})
	var lost *e2b.UnknownOutcomeError
	if err != nil && !errors.As(err, &lost) {
		return false // refused: the build waits until it is too old
	}
	wait, done := context.WithTimeout(ctx, 30*time.Second)
	defer done()
	var status e2b.BuildStatus
	err = w.retry(wait, func() (err error) {
		status, err = w.client.Follow(wait, reg.TemplateID, reg.BuildID, e2b.FollowOptions{})
		return err
	})
	w.builds.Add(1)
	if err != nil {
		w.mu.Lock()
		w.maybe[word] = true
		w.mu.Unlock()
	}
	if err != nil || status.Status != e2b.StateReady {
		w.failed.Add(1)
		return false
	}
	return true
}

// look starts a sandbox and asks it for the word.
func (w *soak) look(ctx context.Context, name, want string) error {
	box, err := w.client.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: name, Timeout: 60})
	if err != nil {
		return err
	}
	w.boxes.Add(1)
	defer func() {
		end, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer done()
		_ = w.retry(end, func() error { return box.Kill(end) })
	}()
	var out strings.Builder
	if code, err := box.Run(ctx, e2b.Command{Cmd: "/bin/bash", Args: []string{"-c", "cat /home/user/word"}, Stdout: &out, Timeout: 20 * time.Second}); err != nil || code != 0 {
		return fmt.Errorf("a command: exit code %d, %w", code, err)
	}
	w.mu.Lock()
	now, got := w.built[name], strings.TrimSpace(out.String())
	maybe := w.maybe[got]
	w.mu.Unlock()
	if got != want && now == want && !maybe {
		w.t.Errorf("%s says %q; want %q", name, got, want)
	}
	return box.WriteFile(ctx, "/home/user/file", "", strings.NewReader(strings.Repeat(want, 10_000)))
}

func (w *soak) sandboxes(ctx context.Context) (list []e2b.SandboxDetail) {
	w.must(w.retry(ctx, func() (err error) {
		list, err = w.client.Sandboxes(ctx, nil)
		return err
	}))
	return list
}

// nothingLost asks every template for what it was built with last.
func (w *soak) nothingLost(ctx context.Context) {
	for name, want := range w.built {
		w.must(w.retry(ctx, func() error { return w.look(ctx, name, want) }))
	}
}

// usedUp is what a server holds of the machine.
type usedUp struct{ rss, files, children, mounts, cgroups int64 }

func (u usedUp) String() string {
	return fmt.Sprintf("%d MiB, %d open files, %d processes, %d mounts, %d cgroups", u.rss>>20, u.files, u.children, u.mounts, u.cgroups)
}

func footprint(t *testing.T, pid int) (u usedUp) {
	t.Helper()
	at := fmt.Sprintf("/proc/%d/", pid)
	read := func(name string) string {
		text, err := os.ReadFile(at + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var size, resident int64
	if _, err := fmt.Sscan(read("statm"), &size, &resident); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(at + "fd")
	if err != nil {
		t.Fatal(err)
	}
	children, _ := filepath.Glob(at + "task/*/children")
	for _, c := range children {
		text, _ := os.ReadFile(c)
		u.children += int64(len(strings.Fields(string(text))))
	}
	cgroups, _ := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/e2bt-%d-*", pid))
	deeper, _ := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/*/e2bt-%d-*", pid))
	u.rss, u.files, u.mounts, u.cgroups = resident*int64(os.Getpagesize()), int64(len(files)), int64(strings.Count(read("mountinfo"), "\n")), int64(len(cgroups)+len(deeper))
	return u
}
