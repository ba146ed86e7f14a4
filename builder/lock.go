package builder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// LockName is the lock file's name, beside the configuration.
const LockName = ".e2bt.lock.hcl"

// Lock is what a lock file says: what the templates were made of when they
// were built last. It holds no secrets, and no hosts that packages came from.
type Lock struct {
	Templates map[string]*Locked        // by name on the endpoint
	Mirrors   map[string]mirrors.Choice // what automatic mirror profiles install from, by their names
}

// Locked is one template's part of a lock file.
type Locked struct {
	Name        string
	Address     string
	TemplateID  string
	BuildID     string
	Fingerprint string
	Base        LockedBase
	Steps       []LockedStep
	Inventory   Inventory
	Unread      bool // the endpoint has no sandboxes to read an inventory in
}

// LockedBase is what a template starts from; one of Image and Template is set.
type LockedBase struct {
	Image    string
	Template string
	Digest   string // of the image; "" : the endpoint did not say
}

// LockedStep is one step, as far as a later plan needs it to say what changed.
type LockedStep struct {
	Type     string
	Batch    string
	From     string // of a COPY
	Digest   string // over type, arguments and files
	Files    string // the key of a COPY's files
	Packages map[string][]string
}

// locked is what the lock file will have about a build of t.
func (t *Template) locked(templateID, buildID, digest string, secrets []string) *Locked {
	out := &Locked{
		Name: t.Name, Address: t.Address, TemplateID: templateID, BuildID: buildID, Fingerprint: t.Fingerprint,
		Base: LockedBase{Image: t.FromImage, Template: t.FromTemplate, Digest: orDefault(digest, t.digest)},
	}
	for _, s := range t.Steps {
		if s.Mirror() {
			continue // it leaves nothing behind
		}
		step := LockedStep{Type: s.Type, Batch: s.Batch, Digest: "sha256:" + s.digest(), Files: s.FilesHash, Packages: asked(s, secrets)}
		if s.Type == "COPY" && len(s.Args) > 0 {
			step.From = s.Args[0]
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

// asked lists what a batch asks of its managers.
func asked(s Step, secrets []string) map[string][]string {
	if s.Config.Batch == nil || len(s.Config.Batch.Installs) == 0 {
		return nil
	}
	out := map[string][]string{}
	for _, in := range s.Config.Batch.Installs {
		for _, p := range in.Packages {
			out[in.Manager] = append(out[in.Manager], askedText(p.Name, p.Text, secrets))
		}
	}
	return out
}

// askedText is a list entry without what must not be written down: an address,
// or a secret.
func askedText(name, text string, secrets []string) string {
	hide := strings.Contains(text, "://")
	for _, s := range secrets {
		hide = hide || s != "" && strings.Contains(text, s)
	}
	if !hide {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	if strings.ContainsAny(name, ":/") {
		name = "package"
	}
	return name + " @ sha256:" + hex.EncodeToString(sum[:])
}

// LockFile is a lock file on disk; several processes may use one.
type LockFile struct {
	Path  string
	Guard string // the directory of the file that processes wait for each other with
}

// Read reads the lock file. One that is not there has nothing in it.
func (f LockFile) Read() (*Lock, error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Lock{Templates: map[string]*Locked{}, Mirrors: map[string]mirrors.Choice{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the lock file: %w", err)
	}
	defer file.Close()
	text, err := readLimited(file)
	if err != nil {
		return nil, fmt.Errorf("reading the lock file: %w", err)
	}
	return ParseLock(text, f.Path)
}

// Put writes what is known of some templates, and leaves the others as they
// are: what another process wrote in the meantime stays.
func (f LockFile) Put(all ...*Locked) error {
	return f.change(func(now *Lock) {
		for _, t := range all {
			now.Templates[t.Name] = t
		}
	})
}

// Pin writes what automatic mirror profiles install from, until they are tested
// again.
func (f LockFile) Pin(choices map[string]mirrors.Choice) error {
	return f.change(func(now *Lock) { maps.Copy(now.Mirrors, choices) })
}

// Prune takes out the templates that are not kept, and returns their names.
func (f LockFile) Prune(keep func(name string) bool) (gone []string, err error) {
	err = f.change(func(now *Lock) {
		for _, name := range slices.Sorted(maps.Keys(now.Templates)) {
			if !keep(name) {
				gone = append(gone, name)
				delete(now.Templates, name)
			}
		}
	})
	return gone, err
}

// change edits the file; of two processes one waits for the other.
func (f LockFile) change(edit func(*Lock)) error {
	if err := os.MkdirAll(f.Guard, 0o755); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(f.Guard, "lock.guard")).Lock()
	if err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	defer unlock()
	now, err := f.Read()
	if err != nil {
		return err
	}
	edit(now)
	return f.replace(now.Text())
}

// lockQueue gathers what is to be written while one writes: for many builds that
// end together the file is written a few times, not once for each.
type lockQueue struct {
	writing sync.Mutex
	mu      sync.Mutex
	waiting []*Locked
}

// put writes t and all that wait, unless another one has written t meanwhile.
func (q *lockQueue) put(f *LockFile, t *Locked) error {
	q.mu.Lock()
	q.waiting = append(q.waiting, t)
	q.mu.Unlock()
	q.writing.Lock()
	defer q.writing.Unlock()
	q.mu.Lock()
	all := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	return f.Put(all...)
}

// replace writes the file as a whole, so that a crash leaves the old one or
// the new one. A file that says the same already is left alone.
func (f LockFile) replace(text []byte) error {
	if old, err := os.ReadFile(f.Path); err == nil && string(old) == string(text) {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.Path), LockName+".*.tmp")
	if err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), f.Path)
	}
	if err != nil {
		return fmt.Errorf("writing the lock file: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}
