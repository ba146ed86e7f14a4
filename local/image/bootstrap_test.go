package image

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// debootstrap puts a program in the place of mmdebstrap for the time of a test:
// the real one needs a mirror. It gets the arguments in $@ and the root in $ROOT.
func debootstrap(t *testing.T, script string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: gives mmdebstrap mounts of its own")
	}
	dir := t.TempDir()
	text := "#!/bin/sh\nfor a; do case $a in /*) ROOT=$a;; esac; done\n" + script
	if err := os.WriteFile(filepath.Join(dir, "mmdebstrap"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func TestBootstrap(t *testing.T) {
	debootstrap(t, `
echo "I: installing" 1>&2
mkdir -p "$ROOT/etc" "$ROOT/var/lib/dpkg" "$ROOT/usr/lib/python3.11"
echo ID=debian > "$ROOT/etc/os-release"
echo "Package: x" > "$ROOT/var/lib/dpkg/status"
echo "$@" | tr ' ' '\n' | grep -vxF "$ROOT" > "$ROOT/args"
: > "$ROOT/usr/lib/python3.11/EXTERNALLY-MANAGED"
`)
	s := must(Open(filepath.Join(t.TempDir(), "with[brackets]")))
	var said []string
	img, err := s.Bootstrap(context.Background(), "my/base", BootstrapOptions{Suite: "trixie", Include: []string{"git", "jq"}, Mirror: "http://deb.example/debian", Progress: func(l string) { said = append(said, l) }})
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Fields(string(read(t, img.Rootfs+"/args")))
	args[2] = "MODE" // root or not
	want := []string{"--variant=minbase", "--format=directory", "MODE", "--include=git,jq", "trixie", "deb", "http://deb.example/debian", "trixie", "main"}
	if diff := cmp.Diff(want, args); diff != "" {
		t.Errorf("its arguments (-want +got): %s", diff)
	}
	if _, err := os.Stat(img.Rootfs + "/usr/lib/python3.11/EXTERNALLY-MANAGED"); err == nil {
		t.Error("root may still not install with pip")
	}
	if !cmp.Equal(said, []string{"I: installing"}) || img.Source != "bootstrap" || !strings.HasPrefix(img.Digest, "sha256:") {
		t.Errorf("it said %q and made %+v", said, img)
	}
	if again, err := s.Resolve(context.Background(), "my/base", PullOptions{Force: true}); err != nil || again.Digest != img.Digest {
		t.Errorf("Resolve, forced: %+v, %v; want what is here and nowhere else", again, err)
	}
}

func TestBootstrapFails(t *testing.T) {
	debootstrap(t, `mkdir "$ROOT/etc"; echo "E: Unable to locate package nosuch" 1>&2; exit 100`)
	s := newStore(t)
	_, err := s.Bootstrap(context.Background(), "base", BootstrapOptions{Suite: "trixie", Mirror: "http://deb.example/debian"})
	if want := "mmdebstrap failed: exit status 100:\nE: Unable to locate package nosuch"; err == nil || err.Error() != want {
		t.Errorf("Bootstrap: %v; want %s", err, want)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := s.Bootstrap(context.Background(), "base", BootstrapOptions{}); err == nil || !strings.HasPrefix(err.Error(), "mmdebstrap is not installed: apt-get install mmdebstrap") {
		t.Errorf("without mmdebstrap: %v", err)
	}
}

// TestBootstrapCancelled: mmdebstrap is told to stop, and has time to clean up.
func TestBootstrapCancelled(t *testing.T) {
	debootstrap(t, `trap 'echo "I: cleaning up" 1>&2; exit 1' INT; echo "I: begun" 1>&2; while :; do sleep 0.01; done`)
	s := newStore(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var said []string
	_, err := s.Bootstrap(ctx, "base", BootstrapOptions{Suite: "trixie", Mirror: "http://deb.example/debian", Progress: func(l string) {
		said = append(said, l)
		if l == "I: begun" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !cmp.Equal(said, []string{"I: begun", "I: cleaning up"}) {
		t.Errorf("Bootstrap = %v, it said %q", err, said)
	}
	if rest := left(t, s); rest != nil {
		t.Errorf("%s is left", rest)
	}
}
