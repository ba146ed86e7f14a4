package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const pausedFile = "paused.json"

// pausedBox is what a sandbox that is paused leaves beside its files, so that it
// is there after a restart.
type pausedBox struct {
	ID        string            `json:"id"`
	Template  string            `json:"template"`
	Alias     string            `json:"alias"`
	Build     string            `json:"build"`
	Token     string            `json:"token"`
	Started   time.Time         `json:"started"`
	Ends      time.Time         `json:"ends"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Context   stepContext       `json:"context"`
	AutoPause bool              `json:"auto_pause"`
}

// keep writes a paused sandbox down.
func (x *box) keep() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return writeJSON(filepath.Join(x.dir, pausedFile), pausedBox{
		x.id, x.template, x.alias, x.build.ID, x.token, x.started, x.ends, x.metadata, x.context, x.autoPause,
	})
}

// restore finds the paused sandbox in a directory that an earlier process has
// left; nil where it holds none, or one whose build is gone.
func (b *boxes) restore(dir string, builds map[string]*build) (*box, error) {
	text, err := os.ReadFile(filepath.Join(dir, pausedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a paused sandbox: %w", err)
	}
	var p pausedBox
	if json.Unmarshal(text, &p) != nil || p.ID != filepath.Base(dir) {
		return nil, nil // it was being written
	}
	of := builds[p.Build]
	if of == nil || of.Result == nil {
		return nil, nil
	}
	x := &box{
		id: p.ID, template: p.Template, alias: p.Alias, build: of, token: p.Token, started: p.Started, ends: p.Ends,
		metadata: p.Metadata, context: p.Context, autoPause: p.AutoPause, dir: dir, over: true, paused: true,
	}
	x.timer = time.AfterFunc(longestLife, func() { b.expire(x) })
	x.timer.Stop() // until it is resumed
	return x, nil
}
