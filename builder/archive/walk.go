package archive

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/moby/patternmatcher"
)

// walk collects entries below a directory.
type walk struct {
	dir     string
	ignore  *patternmatcher.PatternMatcher
	sdk     []string                       // each tested against each path by itself; nil: as Docker does
	pattern string                         // what is asked for, where sdk is not nil
	want    *patternmatcher.PatternMatcher // nil: everything
	entries []entry
	found   bool // something that was asked for, not only a directory on the way
	ignored int
}

func (w *walk) host(p string) string { return filepath.Join(w.dir, filepath.FromSlash(p)) }

func (w *walk) whyNone() string {
	if w.ignored > 0 {
		return ": .dockerignore and ignore leave out everything there"
	}
	return ""
}

// matches carries what the patterns said of the directories above.
type matches struct {
	ignore, want patternmatcher.MatchInfo
	wanted       bool // a directory above was asked for, and so is all below it
}

// from walks the tree at start; the directories above it may be ignored.
func (w *walk) from(start string) error {
	var above matches
	if start != "." {
		for i, c := range start {
			if c == '/' {
				if _, err := w.match(start[:i], &above); err != nil {
					return err
				}
			}
		}
	}
	stat := os.Stat
	if w.sdk != nil {
		stat = os.Lstat
	}
	info, err := stat(w.host(start))
	if err != nil {
		return fmt.Errorf("reading %s: %w", start, err)
	}
	return w.visit(start, info, above)
}

// match asks the patterns about a path and brings above up to date.
func (w *walk) match(p string, above *matches) (ignored bool, err error) {
	ignored, info, err := w.ignore.MatchesUsingParentResults(p, above.ignore)
	if err != nil {
		return false, fmt.Errorf("matching %s: %w", p, err)
	}
	above.ignore = info
	if w.sdk != nil {
		return ignored || slices.ContainsFunc(w.sdk, func(pattern string) bool { return doublestar.MatchUnvalidated(pattern, p) }), nil
	}
	if w.want != nil && !above.wanted {
		if above.wanted, info, err = w.want.MatchesUsingParentResults(p, above.want); err != nil {
			return false, fmt.Errorf("matching %s: %w", p, err)
		}
		above.want = info
	}
	return ignored, nil
}

func (w *walk) visit(p string, info fs.FileInfo, above matches) error {
	ignored := false
	if p != "." {
		var err error
		if ignored, err = w.match(p, &above); err != nil {
			return err
		}
	}
	if ignored {
		w.ignored++
	}
	if w.sdk != nil && !ignored && doublestar.MatchUnvalidated(w.pattern, p) {
		above.wanted = true // with all below it that is not left out itself
	}
	wanted := (w.want == nil && w.sdk == nil || above.wanted) && !ignored
	if wanted {
		if err := w.add(p, info); err != nil {
			return err
		}
	}
	// Below an ignored directory something may be taken back in by a pattern
	// with an exclamation mark.
	if !info.IsDir() || ignored && !w.ignore.Exclusions() && w.sdk == nil {
		return nil
	}
	return w.children(p, above)
}

func (w *walk) children(p string, above matches) error {
	list, err := os.ReadDir(w.host(p))
	if err != nil {
		return fmt.Errorf("reading %s: %w", p, err)
	}
	for _, child := range list {
		info, err := child.Info()
		if err != nil {
			return fmt.Errorf("reading %s: %w", path.Join(p, child.Name()), err)
		}
		at := child.Name()
		if p != "." {
			at = p + "/" + at
		}
		if err := w.visit(at, info, above); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) add(p string, info fs.FileInfo) error {
	e := entry{path: p, mode: info.Mode(), disk: info.Size(), time: info.ModTime()}
	switch {
	case info.Mode().IsRegular():
		e.size, e.stat = info.Size(), statOf(info)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(w.host(p))
		if err != nil {
			return fmt.Errorf("reading %s: %w", p, err)
		}
		e.target = filepath.ToSlash(target)
	case !info.IsDir():
		return fmt.Errorf("copying %s: it is %s, and only files, directories and links can be copied", p, kind(info.Mode()))
	}
	w.found = true
	if len(w.entries) == cap(w.entries) {
		w.entries = slices.Grow(w.entries, max(64, len(w.entries))) // append would copy large trees many times
	}
	w.entries = append(w.entries, e)
	return nil
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}
