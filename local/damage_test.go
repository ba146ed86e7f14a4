package local_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
)

// the damages that a file can have.
var damages = map[string]func(text string) string{
	"cut":      func(s string) string { return s[:len(s)/2] },
	"empty":    func(string) string { return "" },
	"zeros":    func(s string) string { return strings.Repeat("\x00", len(s)) },
	"null":     func(string) string { return "null" },
	"list":     func(string) string { return "[]" },
	"object":   func(string) string { return "{}" },
	"other id": func(s string) string { return strings.Replace(s, `"id":"`, `"id":"../../`, 1) },
}

// TestDamagedStore: a file of a template or a build that is damaged is left
// out and told; everything else is still there.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"templates/%.json", "builds/%/build.json"} {
		for name, damage := range damages {
			t.Run(kind[:5]+"/"+name, func(t *testing.T) {
				t.Parallel()
				home := newHome(t)
				a := startIn(t, home, local.Options{})
				bad, good := a.ready("bad", run("echo x")), a.ready("good")
				a.close()
				id := map[bool]string{true: bad.TemplateID, false: bad.BuildID}[strings.HasPrefix(kind, "templates")]
				path := filepath.Join(home, strings.Replace(kind, "%", id, 1))
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(damage(string(text))), 0o600); err != nil {
					t.Fatal(err)
				}

				b := startIn(t, home, local.Options{})
				if status := b.statusOf(e2b.Registration{TemplateID: good.TemplateID, BuildID: good.BuildID}); status.Status != e2b.StateReady {
					t.Errorf("the other build is %s", status.Status)
				}
				if got := b.output(b.sandbox("good"), "echo alive"); got != "alive" {
					t.Errorf("a sandbox of the other template says %q", got)
				}
				if _, err := b.client.CreateSandbox(context.Background(), e2b.NewSandbox{TemplateID: "bad"}); code(err) != 404 {
					t.Errorf("a sandbox of what is damaged: %v; want 404", err)
				}
				if f := b.ready("bad", run("echo x")); !strings.Contains(shape(f), "CACHED [builder 1/1] RUN echo x") {
					t.Errorf("building it again is not cached:\n%s", shape(f))
				}
				b.close()
				if !strings.Contains(b.log.String(), "damaged") || !strings.Contains(b.log.String(), id) {
					t.Errorf("the log does not tell of it:\n%s", b.log)
				}
				c := startIn(t, home, local.Options{})
				if c.output(c.sandbox("bad"), "echo alive") != "alive" {
					t.Error("what was built again is not there after another start")
				}
				c.close()
				if strings.Contains(c.log.String(), "damaged") {
					t.Errorf("the next start tells of it again:\n%s", c.log)
				}
			})
		}
	}
}

// TestDamagedLayer: a layer whose description or content is gone is made anew,
// and what stands on it says that it must be built again.
func TestDamagedLayer(t *testing.T) {
	t.Parallel()
	const gone = "error getting base template, you may need to rebuild it first"
	for name, damage := range map[string]func(layer string) error{
		"description cut":   func(l string) error { return os.Truncate(filepath.Join(l, "layer.json"), 10) },
		"description gone":  func(l string) error { return os.Remove(filepath.Join(l, "layer.json")) },
		"description wrong": func(l string) error { return os.WriteFile(filepath.Join(l, "layer.json"), []byte("null"), 0o600) },
		"content gone":      func(l string) error { return os.RemoveAll(filepath.Join(l, "fs")) },
		"all gone":          os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := newHome(t)
			a := startIn(t, home, local.Options{})
			f := a.ready("web", run("echo 1 > one"), run("echo 2 > two"))
			a.close()
			var made struct{ Result struct{ Layers []string } }
			decode(t, filepath.Join(home, "builds", f.BuildID, "build.json"), &made)
			if err := damage(filepath.Join(home, "layers", made.Result.Layers[1])); err != nil {
				t.Fatal(err)
			}

			b := startIn(t, home, local.Options{})
			if strings.HasSuffix(name, "gone") && name != "description gone" {
				if _, err := b.client.CreateSandbox(context.Background(), e2b.NewSandbox{TemplateID: "web"}); err == nil || !strings.Contains(err.Error(), gone) {
					t.Errorf("a sandbox on it: %v; want %q", err, gone)
				}
				b.failed(e2b.Build{FromTemplate: "web"}, "base", gone)
			}
			again := b.ready("web", run("echo 1 > one"), run("echo 2 > two"))
			if log := shape(again); strings.Contains(log, "CACHED [builder") || !strings.Contains(log, "CACHED [base] DEFAULT USER") {
				t.Errorf("the layer is taken for whole:\n%s", log)
			}
			if got := b.output(b.sandbox("web"), "cat one two"); got != "1\n2" {
				t.Errorf("what was built again holds %q", got)
			}
		})
	}
}

// TestImageGone: a base image that somebody removed by hand.
func TestImageGone(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	a := startIn(t, home, local.Options{})
	a.ready("web")
	found, err := filepath.Glob(filepath.Join(home, "images", "sha256-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the images: %v, %v", found, err)
	}
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	const gone = "error getting base template, you may need to rebuild it first"
	if _, err := a.client.CreateSandbox(context.Background(), e2b.NewSandbox{TemplateID: "web"}); err == nil || !strings.Contains(err.Error(), gone) {
		t.Errorf("a sandbox on it: %v; want %q", err, gone)
	}
	a.failed(e2b.Build{FromTemplate: "web"}, "base", gone)
	importBase(t, home, "base", nil)
	a.ready("web")
}

// TestMovedHome: a home may be moved, or copied to another machine.
func TestMovedHome(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	a := startIn(t, home, local.Options{})
	f := a.ready("web", run("echo 1 > one"))
	a.close()
	moved := filepath.Join(t.TempDir(), "with [brackets] and *")
	if err := os.Rename(home, moved); err != nil {
		t.Fatal(err)
	}
	b := startIn(t, moved, local.Options{})
	if got := b.output(b.sandbox("web:"+f.BuildID), "cat one"); got != "1" {
		t.Errorf("in the sandbox: %q; want 1", got)
	}
	again := b.build("child", e2b.Build{FromTemplate: "web", Steps: []e2b.Step{run("cat one")}})
	if again.stdout("1") != "1" {
		t.Errorf("the child: %+v\n%s", again.Reason, shape(again))
	}
	if f := b.ready("web", run("echo 1 > one")); !strings.Contains(shape(f), "CACHED [builder 1/1]") {
		t.Errorf("the layers are not cached:\n%s", shape(f))
	}
}
