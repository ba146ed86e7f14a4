package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// layers is the store of finished steps. A layer is a directory "KEY-N" with
// what the step changed and what it leaves to the next one. It is made under
// another name and renamed when it is whole; it never changes, and never goes
// while something is being made of it. N is the time when it was made, since a forced build
// makes a key anew, and no name ever means another layer; the highest counts.
type layers struct {
	dir    string
	engine Engine

	making holds // by key

	mu     sync.Mutex
	newest map[string]int64 // by key
	fresh  []layer          // of steps, and not yet known to be on the disk

	settling sync.Mutex
}

// layer is what the build of a step left behind.
type layer struct {
	Name    string      `json:"name"`
	Context stepContext `json:"context"` // after the step
	Boot    string      `json:"boot"`    // of the kernel that still holds parts of it in memory; "" : all is on disk
}

const halfMade = "making-"

func openLayers(dir string, eng Engine) (*layers, error) {
	l := &layers{dir: dir, engine: eng, newest: map[string]int64{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the layer store: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the layer store: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), halfMade) {
			if err := eng.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("removing half a layer: %w", err)
			}
			continue
		}
		key, count, ok := strings.Cut(e.Name(), "-")
		if n, err := strconv.ParseInt(count, 10, 64); ok && err == nil {
			l.newest[key] = max(l.newest[key], n)
		}
	}
	return l, nil
}

func layerName(key string, n int64) string { return key + "-" + strconv.FormatInt(n, 10) }

// fs is the directory that holds what a layer changed.
func (l *layers) fs(name string) string { return filepath.Join(l.dir, name, "fs") }

// get finds the newest layer of a key.
func (l *layers) get(key string) (layer, bool) {
	l.mu.Lock()
	n, ok := l.newest[key]
	l.mu.Unlock()
	if !ok {
		return layer{}, false
	}
	name := layerName(key, n)
	text, err := os.ReadFile(filepath.Join(l.dir, name, "layer.json"))
	var found layer
	if err != nil || json.Unmarshal(text, &found) != nil || found.Name != name {
		return layer{}, false // damaged: it is made anew, under another name
	}
	if _, err := os.Stat(l.fs(name)); err != nil {
		return layer{}, false
	}
	_ = os.Chtimes(filepath.Join(l.dir, name), time.Time{}, time.Now()) // it is of use, so it stays
	return found, found.Boot == "" || found.Boot == bootID()
}

// put makes a layer: fill changes the sandbox, whose changes are the layer.
func (l *layers) put(ctx context.Context, key string, lowers []string, memory int, fill func(Sandbox) (stepContext, error)) (layer, error) {
	tmp, err := os.MkdirTemp(l.dir, halfMade)
	if err != nil {
		return layer{}, fmt.Errorf("making a layer: %w", err)
	}
	made, err := l.fill(ctx, tmp, lowers, memory, fill)
	if err == nil {
		made, err = l.commit(tmp, key, made)
	}
	if err != nil {
		return layer{}, errors.Join(err, l.engine.RemoveAll(tmp))
	}
	return made, nil
}

func (l *layers) fill(ctx context.Context, tmp string, lowers []string, memory int, fill func(Sandbox) (stepContext, error)) (layer, error) {
	box, err := openBox(ctx, l.engine, tmp, lowers, memory)
	if err != nil {
		return layer{}, err
	}
	next, err := fill(box)
	return layer{Context: next, Boot: bootID()}, errors.Join(err, box.Close())
}

// commit gives a finished layer its name.
func (l *layers) commit(tmp, key string, made layer) (layer, error) {
	if err := l.engine.RemoveAll(filepath.Join(tmp, "work")); err != nil {
		return made, fmt.Errorf("finishing a layer: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := max(l.newest[key]+1, time.Now().UnixMilli())
	made.Name = layerName(key, n)
	if err := writeJSON(filepath.Join(tmp, "layer.json"), made); err != nil {
		return made, err
	}
	if err := os.Rename(tmp, filepath.Join(l.dir, made.Name)); err != nil {
		return made, fmt.Errorf("finishing a layer: %w", err)
	}
	l.newest[key] = n
	return made, nil
}

// remember notes a layer that other builds may want, also after this boot.
func (l *layers) remember(made layer) {
	if made.Boot == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = append(l.fresh, made)
}

// settle writes the layers of steps to the disk, so that they count after the
// machine was started anew. No build waits for that: while the machine runs, the
// kernel's memory is as good.
func (l *layers) settle() error {
	l.settling.Lock()
	defer l.settling.Unlock()
	l.mu.Lock()
	fresh := l.fresh
	l.fresh = nil
	l.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	if err := l.engine.Sync(l.dir); err != nil {
		return err
	}
	for _, made := range fresh {
		made.Boot = ""
		if err := writeJSON(filepath.Join(l.dir, made.Name, "layer.json"), made); err != nil {
			return err
		}
	}
	return nil
}

// errLost says that something that a build stands on is not there any more.
var errLost = errors.New("error getting base template, you may need to rebuild it first")

// stack lists the directories of a root filesystem, topmost first. Those of
// layers that changed nothing are left out.
func (l *layers) stack(rootfs string, names []string) ([]string, error) {
	if _, err := os.Stat(rootfs); err != nil {
		return nil, errLost
	}
	out := make([]string, 0, len(names)+1)
	for _, name := range slices.Backward(names) {
		empty, err := isEmpty(l.fs(name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errLost
		}
		if err != nil {
			return nil, fmt.Errorf("reading a layer: %w", err)
		}
		if !empty {
			out = append(out, l.fs(name))
		}
	}
	return append(out, rootfs), nil
}

func isEmpty(dir string) (bool, error) {
	file, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer file.Close()
	_, err = file.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

// openBox opens a sandbox whose changes go to dir/fs.
func openBox(ctx context.Context, eng Engine, dir string, lowers []string, memory int) (Sandbox, error) {
	upper, work := filepath.Join(dir, "fs"), filepath.Join(dir, "work")
	for _, d := range []string{upper, work} {
		if err := os.Mkdir(d, 0o755); err != nil && !(d == upper && errors.Is(err, fs.ErrExist)) { // of a sandbox that was paused
			return nil, fmt.Errorf("making a layer: %w", err)
		}
	}
	return eng.Open(ctx, engineSpec(lowers, upper, work, memory))
}

// bootID names this boot of the kernel.
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(id))
})
