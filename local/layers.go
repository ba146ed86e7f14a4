package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// layers is the store of finished steps. A layer is a directory "KEY-N" with
// what the step changed and what it leaves to the next one. It is made under
// another name and renamed when it is whole; it never changes and never goes
// while the server runs. N counts the times that a forced build made the key
// anew; the highest counts.
type layers struct {
	dir    string
	engine Engine

	making holds // by key

	mu     sync.Mutex
	newest map[string]int
}

// layer is what the build of a step left behind.
type layer struct {
	Name    string      `json:"name"`
	Context stepContext `json:"context"` // after the step
	Boot    string      `json:"boot"`    // of the kernel that still holds parts of it in memory; "" : all is on disk
}

const halfMade = "making-"

func openLayers(dir string, eng Engine) (*layers, error) {
	l := &layers{dir: dir, engine: eng, newest: map[string]int{}}
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
		if n, err := strconv.Atoi(count); ok && err == nil {
			l.newest[key] = max(l.newest[key], n)
		}
	}
	return l, nil
}

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
	name := key + "-" + strconv.Itoa(n)
	text, err := os.ReadFile(filepath.Join(l.dir, name, "layer.json"))
	var found layer
	if err != nil || json.Unmarshal(text, &found) != nil {
		return layer{}, false
	}
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
	n := l.newest[key] + 1
	made.Name = key + "-" + strconv.Itoa(n)
	if err := writeJSON(filepath.Join(tmp, "layer.json"), made); err != nil {
		return made, err
	}
	if err := os.Rename(tmp, filepath.Join(l.dir, made.Name)); err != nil {
		return made, fmt.Errorf("finishing a layer: %w", err)
	}
	l.newest[key] = n
	return made, nil
}

// stack lists the directories of a root filesystem, topmost first.
func (l *layers) stack(rootfs string, names []string) []string {
	out := make([]string, 0, len(names)+1)
	for i := len(names) - 1; i >= 0; i-- {
		if fs := l.fs(names[i]); !isEmpty(fs) {
			out = append(out, fs)
		}
	}
	return append(out, rootfs)
}

// isEmpty reports whether a layer changed nothing.
func isEmpty(dir string) bool {
	file, err := os.Open(dir)
	if err != nil {
		return true
	}
	defer file.Close()
	names, _ := file.Readdirnames(1)
	return len(names) == 0
}

// openBox opens a sandbox whose changes go to dir/fs.
func openBox(ctx context.Context, eng Engine, dir string, lowers []string, memory int) (Sandbox, error) {
	upper, work := filepath.Join(dir, "fs"), filepath.Join(dir, "work")
	for _, d := range []string{upper, work} {
		if err := os.Mkdir(d, 0o755); err != nil {
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
