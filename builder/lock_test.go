package builder_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/google/go-cmp/cmp"
)

// hostile is a lock with everything that a text can have to be quoted.
func hostile() *builder.Lock {
	return &builder.Lock{Templates: map[string]*builder.Locked{
		"app": {
			Name: "app", Address: `template.python["3.11"]`, TemplateID: "tid", BuildID: "bid", Fingerprint: "sha256:00",
			Base: builder.LockedBase{Image: "python:3.12-slim", Digest: "sha256:11"},
			Steps: []builder.LockedStep{
				{Type: "ENV", Digest: "sha256:22"},
				{Type: "RUN", Batch: "tools", Digest: "sha256:33", Packages: map[string][]string{"pip": {"httpx[http2]>=0.27,<1", "rich"}, "apt": {"jq=1.6*"}}},
				{Type: "COPY", From: `a "b" ${c} %{d}\`, Digest: "sha256:44", Files: "55"},
			},
			Inventory: builder.Inventory{OS: "debian 12", Packages: map[string]builder.Packages{
				"pip": {"httpx": "0.27.0", "é${x}%{y}\"\\": "1.0"},
				"npm": {"@scope/name": "1.0.0 2.0.0", "left-pad": "1.3.0"},
				"apt": {},
			}},
		},
		"unread": {Name: "unread", Address: "template.unread", Base: builder.LockedBase{Template: "app"}, Unread: true},
	}}
}

func TestLockText(t *testing.T) {
	text := hostile().Text()
	golden := filepath.Join("testdata", "lock.hcl")
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("the lock file (-want +got):\n%s", diff)
	}
	forms := map[string]string{
		"as written": string(text), "CRLF": strings.ReplaceAll(string(text), "\n", "\r\n"), "byte order mark": "\ufeff" + string(text),
		"by hand": "// mine\n" + strings.ReplaceAll(string(text), "  ", "\t") + "\n\n# end",
	}
	for name, form := range forms {
		lock, err := builder.ParseLock([]byte(form), "lock")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(text), string(lock.Text())); diff != "" {
			t.Errorf("%s: reading and writing (-want +got):\n%s", name, diff)
		}
	}
}

func TestLockRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                              "it does not say its version",
		"version = 2\nnew { x = [1] }\n":                "lock:1: this e2bt reads lock files of version 1, and this one is of another: a newer e2bt wrote it",
		"version = \"1\"\n":                             "of another",
		"version = 1\nextra = 1\n":                      "lock:2: Unsupported argument",
		"version = 1\nother {}\n":                       "lock:2: Unsupported block type",
		"version = 1\ntemplate {}\n":                    "lock:2: Missing name for template",
		"version = 1\nx = file(\"a\")\n":                "lock:2: a lock file has nothing but names and texts",
		"version = 1\nx = \"${a}\"\n":                   "lock:2: a lock file has nothing but names and texts",
		"version = 1\nx = " + strings.Repeat("[", 1000): "lock:2: a lock file has no such nesting",
		"version = 1\ntemplate \"a\" {\n":               "lock:2: Unclosed configuration block",
		"version = 1\n<<<<<<< ours\nx = 1\n=======\n>>>>>>> theirs\n":                                 "lock:2: it holds the marks of a merge that was not finished",
		"version = 1\ntemplate \"a\" {}\ntemplate \"a\" {}\n":                                         `lock:3: the template "a" is there twice`,
		"version = 1\ntemplate \"a\" {\n  inventory {\n    pip = \"x\"\n  }\n}\n":                     "lock:4: ",
		"version = 1\ntemplate \"a\" {\n  inventory {\n    pip = [\"x\"]\n  }\n}\n":                   `lock:4: Bad package: "x" is not a name and a version`,
		"version = 1\ntemplate \"a\" {\n  inventory {\n    pip = [null]\n  }\n}\n":                    "lock:4: ",
		"version = 1\ntemplate \"a\" {\n  step {\n    packages = { pip = null }\n    y = 1\n  }\n}\n": "lock:5: Unsupported argument",
	} {
		_, err := builder.ParseLock([]byte(text), "lock")
		var refused *builder.LockError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLock(%.40q) = %v; want %q", text, err, want)
		}
	}
}

// FuzzLock reads anything as a lock file: no panic, and what can be read is
// written in one way.
func FuzzLock(f *testing.F) {
	f.Add(string(hostile().Text()))
	f.Add("version = 1\ntemplate \"a\" {\n  inventory {\n    os = null\n    pip = [\"a 1 2\", true, 3]\n  }\n  step { packages = { pip = [null], \"a b\" = [] } }\n}\n")
	f.Add("version = 1\n\"<<<<<<< \"")
	f.Fuzz(func(t *testing.T, text string) {
		lock, err := builder.ParseLock([]byte(text), "lock")
		if err != nil {
			return
		}
		once := lock.Text()
		again, err := builder.ParseLock(once, "lock")
		if err != nil {
			t.Fatalf("reading %q, written from %q: %v", once, text, err)
		}
		if diff := cmp.Diff(string(once), string(again.Text())); diff != "" {
			t.Errorf("%q (-once +again):\n%s", text, diff)
		}
	})
}

// TestLockPut writes one file from many sides at once, and nothing is lost.
func TestLockPut(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			file := builder.LockFile{Path: filepath.Join(dir, builder.LockName), Guard: filepath.Join(dir, ".e2bt")}
			if err := file.Put(&builder.Locked{Name: fmt.Sprintf("t%02d", i), BuildID: "b"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	file := builder.LockFile{Path: filepath.Join(dir, builder.LockName), Guard: filepath.Join(dir, ".e2bt")}
	lock, err := file.Read()
	if err != nil || len(lock.Templates) != 20 {
		t.Errorf("%d templates, %v; want 20", len(lock.Templates), err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	broken := []byte("version = 1\n<<<<<<< ours\n")
	if err := os.WriteFile(file.Path, broken, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := file.Put(&builder.Locked{Name: "x"}); err == nil {
		t.Error("a file that cannot be read was written over")
	}
}

// listing is a configuration whose pip says that these packages are installed.
func listing(asked string, packages ...string) string {
	return fmt.Sprintf(`
template "app" {
  batch "py" {
    run = ["mkdir -p /usr/local/bin", "echo 'echo \"%s\"' > /usr/local/bin/pip"]
  }
  batch "asks" {
    pip = [%s]
  }
}`, strings.Join(packages, `\n`), asked)
}

// lockIn makes a runner keep a lock file.
func (w *world) lockIn(r *builder.Runner) *builder.LockFile {
	w.t.Helper()
	file := &builder.LockFile{Path: filepath.Join(filepath.Dir(w.state), builder.LockName), Guard: w.state}
	lock, err := file.Read()
	if err != nil {
		w.t.Fatal(err)
	}
	r.Lock, r.Before = file, lock
	return file
}

func (w *world) drifts() (all []*builder.Drift) {
	for _, e := range w.events {
		if e.Type == builder.EventDrift {
			all = append(all, e.Drift)
		}
	}
	return all
}

// TestDrift builds twice, and a package moves in between.
func TestDrift(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		r := w.runner()
		file := w.lockIn(r)
		results := w.run(r, w.plan(listing(`"Demo_Kit"`, "demo-kit==1.0.0", "old==1", "same==3")), builder.StatusReady)
		if len(w.drifts()) != 0 {
			t.Errorf("drift without a lock file: %v", w.drifts()[0])
		}
		lock, err := file.Read()
		if err != nil {
			t.Fatal(err)
		}
		entry := lock.Templates["app"]
		want := builder.Inventory{OS: "debian", Packages: map[string]builder.Packages{"pip": {"demo-kit": "1.0.0", "old": "1", "same": "3"}}}
		if diff := cmp.Diff(want, entry.Inventory); diff != "" {
			t.Errorf("inventory (-want +got):\n%s", diff)
		}
		if entry.BuildID != results[0].BuildID || !strings.HasPrefix(entry.Base.Digest, "sha256:") {
			t.Errorf("lock = %+v; want build %s and a digest", entry, results[0].BuildID)
		}

		r = w.runner()
		w.lockIn(r)
		w.run(r, w.plan(listing(`"Demo_Kit"`, "demo-kit==1.10.0", "new==2", "same==3")), builder.StatusReady)
		changes := []builder.Change{
			{Kind: "up", Manager: "pip", Name: "demo-kit", Was: "1.0.0", Now: "1.10.0", Direct: true},
			{Kind: "added", Manager: "pip", Name: "new", Now: "2"},
			{Kind: "removed", Manager: "pip", Name: "old", Was: "1"},
		}
		if diff := cmp.Diff([]*builder.Drift{{Changes: changes}}, w.drifts()); diff != "" {
			t.Errorf("drift (-want +got):\n%s", diff)
		}
	})
}

// TestLockTogether ends builds at about the same time: whoever writes the lock
// file, every template is in it when its build has ended.
func TestLockTogether(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		r := w.runner()
		file := w.lockIn(r)
		r.Parallel = 12
		emit := r.Emit
		r.Emit = func(e builder.Event) {
			emit(e)
			if e.Type != builder.EventBuildEnd {
				return
			}
			if lock, err := file.Read(); err != nil || lock.Templates[e.Template] == nil {
				t.Errorf("%s has ended and is not in the lock file (%v)", e.Template, err)
			}
		}
		var text strings.Builder
		want := make([]builder.Status, r.Parallel)
		for i := range want {
			fmt.Fprintf(&text, "template \"app-%d\" {}\n", i)
			want[i] = builder.StatusReady
		}
		w.run(r, w.plan(text.String()), want...)
	})
}

// TestLockedMismatch wants a build that is not what the lock has to fail, and
// not to be promoted.
func TestLockedMismatch(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		r := w.runner()
		file := w.lockIn(r)
		first := w.run(r, w.plan(listing(`"demo"`, "demo==1.0")), builder.StatusReady)
		before, _ := os.ReadFile(file.Path)

		r = w.runner()
		w.lockIn(r)
		r.Locked = true
		results := w.run(r, w.plan(listing(`"demo"`, "demo==2.0")), builder.StatusError)
		if f := results[0].Failure; f == nil || f.Phase != "lock" || !strings.Contains(f.Reason, "pip demo 1.0 -> 2.0") {
			t.Errorf("failure = %+v; want what differs", f)
		}
		if got := w.tags("app")["default"]; got != first[0].BuildID {
			t.Errorf("default = %s; want the first build, %s", got, first[0].BuildID)
		}
		if after, _ := os.ReadFile(file.Path); string(after) != string(before) {
			t.Errorf("the lock file was changed:\n%s", after)
		}
	})
}

// TestNoSandboxes builds on an endpoint that has none: the build stands, and
// that is said once.
func TestNoSandboxes(t *testing.T) {
	none := func(_ *world, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/sandboxes") {
				http.Error(rw, `{"code":404,"message":"no such thing"}`, http.StatusNotFound)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
	inWorld(t, none, func(w *world) {
		r := w.runner()
		file := w.lockIn(r)
		w.run(r, w.plan("template \"a\" {\n}\ntemplate \"b\" {\n}\n"), builder.StatusReady, builder.StatusReady)
		warnings := 0
		for _, e := range w.events {
			if e.Type == builder.EventWarning {
				warnings++
			}
		}
		if warnings != 1 {
			t.Errorf("%d warnings; want 1:\n%s", warnings, w.story())
		}
		lock, err := file.Read()
		if err != nil || !lock.Templates["a"].Unread || !lock.Templates["b"].Unread {
			t.Errorf("lock = %+v, %v; want both templates without an inventory", lock, err)
		}
	})
}

// TestHostileInventory reads what a template prints that wants to be trouble.
func TestHostileInventory(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		evil := []string{"good==1.0", "e2bt-0000000000000000 apt", "libc 2.0", "bell==\u00071", "==", "a==", "twice==2.0", "twice==1.0", "twice==2.0", strings.Repeat("x", 5000) + "==1", "bidi==1\u202e2"}
		w.run(w.runner(), w.plan(listing(`"good"`, evil...)), builder.StatusReady)
		in, err := builder.ReadInventory(w.t.Context(), w.client, "app")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]builder.Packages{"pip": {"good": "1.0", "twice": "1.0 2.0"}}
		if diff := cmp.Diff(want, in.Packages); diff != "" {
			t.Errorf("inventory (-want +got):\n%s", diff)
		}
	})
}

// replan plans the configuration that was written last.
func replan(w *world) *builder.Plan {
	w.t.Helper()
	p, diags := planIn(w.t, w.dir)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	return p
}

// TestSuspects fails a build that used to pass: what its log says was
// installed is compared with the last good build.
func TestSuspects(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		r := w.runner()
		w.lockIn(r)
		w.run(r, w.plan(listing(`"direct"`, "direct==1.0", "deep_end==1.0", "near==1.0", "same==1.0")), builder.StatusReady)

		r = w.runner()
		w.lockIn(r)
		results := w.run(r, w.plan(`
template "app" {
  batch "py" {
    run = ["mkdir -p /usr/local/bin", "echo 'echo Successfully installed deep-end-1.1 direct-2.0 extra-1 near-3.0 same-1.0' > /usr/local/bin/pip"]
  }
  batch "asks" {
    pip = ["direct"]
  }
  batch "fails" {
    run = ["echo \"ImportError: cannot import name 'x' from 'near'\"", "exit 3"]
  }
}`), builder.StatusError)
		changes := []builder.Change{
			{Kind: "up", Manager: "pip", Name: "near", Was: "1.0", Now: "3.0", Named: true},
			{Kind: "up", Manager: "pip", Name: "direct", Was: "1.0", Now: "2.0", Direct: true},
			{Kind: "up", Manager: "pip", Name: "deep-end", Was: "1.0", Now: "1.1"},
			{Kind: "added", Manager: "pip", Name: "extra", Now: "1"},
		}
		if diff := cmp.Diff(&builder.Drift{Changes: changes, Suspect: true}, results[0].Failure.Drift); diff != "" {
			t.Errorf("suspects (-want +got):\n%s", diff)
		}

		// Once more: what installs is cached and silent, and known all the same.
		r = w.runner()
		w.lockIn(r)
		again := w.run(r, replan(w), builder.StatusError)
		if diff := cmp.Diff(results[0].Failure.Drift, again[0].Failure.Drift); diff != "" {
			t.Errorf("suspects when cached (-first +again):\n%s", diff)
		}
	})
}
