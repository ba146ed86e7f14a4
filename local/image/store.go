// Package image keeps base images for the local engine: unpacked root
// filesystems, by name.
//
// They come from a registry, from an archive, or straight from a Debian mirror.
// A root filesystem is unpacked under another name and renamed when it is
// whole, and never changes afterwards. Nothing is run here but mmdebstrap.
package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// Image is a base image in the store.
type Image struct {
	Name    string    `json:"name"`   // as it was asked for
	Digest  string    `json:"digest"` // sha256:...
	Rootfs  string    `json:"-"`      // the directory with the root filesystem; read only
	Config  Config    `json:"config"`
	Size    int64     `json:"size"` // of its files, in bytes
	Created time.Time `json:"created"`
	Source  string    `json:"source"` // registry, import or bootstrap
}

// Config is what an image says about processes in it.
type Config struct {
	Env        []string `json:"env,omitempty"`
	User       string   `json:"user,omitempty"`
	WorkingDir string   `json:"working_dir,omitempty"`
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
}

// Store is a directory of images. Several processes may use one.
type Store struct {
	dir       string
	transport *http.Transport
}

// Open opens the store in dir, which is made when something is put into it.
func Open(dir string) (*Store, error) { return &Store{dir, newTransport()}, nil }

// Rootfs is the directory of the image with that digest, whether it is there or not.
func (s *Store) Rootfs(digest string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(digest, ":", "-"))
}

// index is the file that says which names there are.
func (s *Store) index() (map[string]*Image, error) {
	all := map[string]*Image{}
	text, err := os.ReadFile(filepath.Join(s.dir, "images.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the image store: %w", err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("reading the image store: images.json in it is damaged: remove it, and pull, import or bootstrap the images again: %w", err)
	}
	maps.DeleteFunc(all, func(_ string, img *Image) bool { return img == nil })
	for _, img := range all {
		img.Rootfs = s.Rootfs(img.Digest)
	}
	return all, nil
}

// change edits the index while no other process does.
func (s *Store) change(edit func(map[string]*Image) error) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("making the image store: %w", err)
	}
	unlock, err := lock(filepath.Join(s.dir, "lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	all, err := s.index()
	if err != nil {
		return err
	}
	if err := edit(all); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the image store: %w", err)
	}
	return replace(filepath.Join(s.dir, "images.json"), text)
}

// replace replaces a file as a whole, also for a machine that loses power.
func replace(path string, text []byte) error {
	file, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the image store: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing the image store: %w", err)
	}
	return os.Rename(path+".tmp", path)
}

// key is the full form of a reference, the same for all ways to write it.
func key(ref string) (string, name.Reference, error) {
	parsed, err := name.ParseReference(strings.TrimSpace(ref))
	if err != nil {
		return "", nil, &Error{Text: fmt.Sprintf("invalid image reference '%s': %s", ref, err)}
	}
	return parsed.Name(), parsed, nil
}

// List returns the images, sorted by name.
func (s *Store) List() ([]*Image, error) {
	all, err := s.index()
	return slices.SortedFunc(maps.Values(all), func(a, b *Image) int { return strings.Compare(a.Name, b.Name) }), err
}

// find returns the image of that name, or nil.
func (s *Store) find(ref string) (*Image, error) {
	full, parsed, err := key(ref)
	if err != nil {
		return nil, err
	}
	all, err := s.index()
	if err != nil {
		return nil, err
	}
	img := all[full]
	if digest, ok := parsed.(name.Digest); ok && img == nil {
		img, err = byDigest(all, digest)
	}
	if img == nil || err != nil {
		return nil, err
	}
	if _, err := os.Stat(img.Rootfs); err != nil {
		return nil, nil // somebody removed it by hand
	}
	return img, nil
}

// byDigest finds an image that was put into the store by another name of its
// repository. What no registry has is not looked for in one.
func byDigest(all map[string]*Image, want name.Digest) (*Image, error) {
	var other *Image
	for _, full := range slices.Sorted(maps.Keys(all)) {
		img := all[full]
		_, parsed, err := key(img.Name)
		switch {
		case err != nil || parsed.Context().Name() != want.Context().Name():
		case img.Digest == want.DigestStr():
			return img, nil
		case img.Source != "registry":
			other = img
		}
	}
	if other != nil {
		return nil, &Error{Text: fmt.Sprintf("the image '%s' that is here has the digest %s, not %s; it came from %s, so no registry has the other one", other.Name, other.Digest, want.DigestStr(), other.Source)}
	}
	return nil, nil
}

// put fills a fresh directory and, when that went well, gives it the name. The
// directory becomes the image's root filesystem.
func (s *Store) put(ref, source string, fill func(dir string) (*Image, error)) (_ *Image, err error) {
	full, _, err := key(ref)
	if err != nil {
		return nil, err
	}
	tmp, done, err := s.scratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	root := filepath.Join(tmp, "rootfs")
	if err := os.Mkdir(root, 0o755); err != nil {
		return nil, fmt.Errorf("making an image: %w", err)
	}
	img, err := fill(root)
	if err != nil {
		return nil, err
	}
	if err := supported(root); err != nil {
		return nil, err
	}
	img.Name, img.Source, img.Rootfs, img.Created = strings.TrimSpace(ref), source, s.Rootfs(img.Digest), time.Now().UTC()
	if img.Size, err = treeSize(root); err != nil {
		return nil, err
	}
	return img, s.change(func(all map[string]*Image) error {
		if err := os.Rename(root, img.Rootfs); err != nil && !exists(img.Rootfs) {
			return fmt.Errorf("making an image: %w", err)
		}
		all[full] = img
		return nil
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Remove forgets a name; the root filesystem stays until Collect.
func (s *Store) Remove(ref string) error {
	full, _, err := key(ref)
	if err != nil {
		return err
	}
	return s.change(func(all map[string]*Image) error {
		if all[full] == nil {
			return &Error{Text: fmt.Sprintf("there is no image '%s'", ref)}
		}
		delete(all, full)
		return nil
	})
}

// Collect removes the root filesystems that have no name any more and that
// keep does not want, and what a process that was killed left half made.
func (s *Store) Collect(keep func(rootfs string) bool) error {
	err := s.change(func(all map[string]*Image) error {
		entries, err := os.ReadDir(s.dir)
		if err != nil {
			return fmt.Errorf("reading the image store: %w", err)
		}
		used := map[string]bool{}
		for _, img := range all {
			used[img.Rootfs] = true
		}
		for _, e := range entries {
			path := filepath.Join(s.dir, e.Name())
			if strings.HasPrefix(e.Name(), "sha256-") && !used[path] && (keep == nil || !keep(path)) {
				err = errors.Join(err, removeTree(path))
			}
		}
		return err
	})
	return errors.Join(err, s.sweep())
}

// removeTree removes a directory even where it holds directories that may not
// be written to.
func removeTree(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // RemoveAll says what is left
		}
		return nil
	})
	return os.RemoveAll(dir)
}

func treeSize(root string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measuring an image: %w", withoutPath(err))
	}
	return sum, nil
}
