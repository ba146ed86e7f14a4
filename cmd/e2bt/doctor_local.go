package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
)

// roomNeeded is the free disk below which builds soon fail: a template with a
// few packages takes about a gigabyte.
const roomNeeded = 5 << 30

// localEngine tries what a build on this machine needs. Without --local nobody
// may want one, so what is missing is no failure.
func (d *doctor) localEngine(ctx context.Context) {
	a := d.app
	if runtime.GOOS != "linux" {
		d.missing(a.tr("system"), a.tr("%s: the local engine needs Linux", runtime.GOOS), a.tr("Build on E2B, or run e2bt in a Linux machine (on Windows: WSL 2; on macOS: a virtual machine). All else works here."))
		return
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	d.ok(a.tr("kernel"), strings.TrimSpace(string(kernel)))
	home, err := a.home()
	if err != nil {
		d.missing(a.tr("store"), err.Error(), a.tr("Set E2BT_HOME to a directory on a local disk."))
		return
	}
	d.room(home)
	if os.Geteuid() != 0 { // with --local this is the root of a user namespace
		d.skip(a.tr("sandboxes"), a.tr("e2bt doctor --local tries one, in a user namespace"))
	} else {
		d.sandbox(ctx, home)
	}
	d.images()
}

// heldTime is how long doctor waits for a store that another process has.
const heldTime = time.Second

// ownServer serves the store of this machine; the client is nil where that
// cannot be done.
func (d *doctor) ownServer(ctx context.Context) (client *e2b.Client, stop func()) {
	a := d.app
	ctx, cancel := context.WithTimeout(ctx, heldTime)
	defer cancel()
	at, err := a.serveLocal(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		d.warn(a.tr("store"), a.tr("another e2bt uses it"), a.tr("Wait for it, or ask it: it is an endpoint too if it is e2bt serve."))
	case err != nil:
		d.missing(a.tr("store"), err.Error(), a.tr("Set E2BT_HOME to a directory on a local disk."))
	default:
		d.ok(a.tr("store"), a.tr("opens"))
		return at.client, func() { _ = at.close() } // it has only been read
	}
	return nil, func() {}
}

// missing is a failure with --local, and else a warning.
func (d *doctor) missing(name, detail, advice string) {
	if d.app.local {
		d.fail(exitError, name, detail, advice)
		return
	}
	d.warn(name, detail, advice)
}

// sandbox opens one over an empty root filesystem where layers live, which
// needs namespaces and an overlay, and looks at its limits.
func (d *doctor) sandbox(ctx context.Context, home string) {
	a := d.app
	start := time.Now()
	limits, err := trySandbox(ctx, home)
	if err != nil {
		d.missing(a.tr("sandboxes"), err.Error(), a.tr("In a container, give it --privileged, or run e2bt on the host; E2BT_HOME has to be on a disk that takes overlays (ext4, xfs, btrfs, tmpfs; no network disk)."))
		return
	}
	d.ok(a.tr("sandboxes"), a.tr("namespaces and overlay work, %s", duration(time.Since(start))))
	if limits {
		d.ok(a.tr("memory limits"), a.tr("memory_mb is enforced by cgroups"))
	} else {
		d.warn(a.tr("memory limits"), a.tr("there is no cgroup to have: memory_mb is not enforced"), a.tr("Run as root on a machine with cgroups, or mind that a build that fits here may not fit on E2B."))
	}
}

func trySandbox(ctx context.Context, home string) (limits bool, err error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp(home, ".doctor-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, engine.RemoveAll(dir)) }()
	var paths []string
	for _, name := range []string{"lower", "upper", "work"} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return false, err
		}
		paths = append(paths, path)
	}
	e, err := engine.New()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	box, err := e.Open(ctx, engine.Spec{Lowers: paths[:1], Upper: paths[1], Work: paths[2], Hostname: "doctor", MemoryMB: 64})
	if err != nil {
		return false, err
	}
	limits = box.MemoryLimited()
	return limits, box.Close()
}

// room says how much disk there is.
func (d *doctor) room(home string) {
	a := d.app
	free, err := engine.FreeDisk(home)
	switch {
	case err != nil:
		d.missing(a.tr("disk"), err.Error(), a.tr("Set E2BT_HOME to a directory on a local disk."))
	case free < roomNeeded:
		d.missing(a.tr("disk"), a.tr("%s free in %s", bytesText(free), home), a.tr("Free some, e2bt templates prune and e2bt image rm remove what is old, or set E2BT_HOME to a larger disk."))
	default:
		d.ok(a.tr("disk"), a.tr("%s free in %s", bytesText(free), home))
	}
}

// images looks for the base that a template without one stands on.
func (d *doctor) images() {
	a := d.app
	store, err := a.images()
	var list []*image.Image
	if err == nil {
		list, err = store.List()
	}
	if err != nil {
		d.missing(a.tr("base images"), err.Error(), a.tr("Set E2BT_HOME to a directory that you may read."))
		return
	}
	if slices.ContainsFunc(list, func(i *image.Image) bool { return fullName(i.Name) == fullName(builder.DefaultImage) }) {
		d.ok(a.tr("base images"), a.tr("%d, with %s", len(list), builder.DefaultImage))
		return
	}
	advice := a.tr("Make it: e2bt image bootstrap")
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		advice = a.tr("Make it: apt-get install mmdebstrap uidmap, then e2bt image bootstrap")
	}
	d.missing(a.tr("base images"), a.tr("%d, without %s", len(list), builder.DefaultImage), advice)
}
