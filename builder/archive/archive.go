// Package archive reads the files of a COPY step: which are sent, their key,
// and the archive itself.
//
// Key and archive depend on paths, contents, executable bits and link targets
// alone: no owner, time, umask or filesystem enters them, so that a laptop and
// a CI machine agree. It sends nothing.
package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// stateDir is where e2bt keeps the logs of builds: what a build writes would
// change what the next one copies.
const stateDir = ".e2bt"

// Options say what is left out.
type Options struct {
	Ignore []string // patterns as in .dockerignore, after those of the file itself
}

// Tree is a set of files, sorted by path.
type Tree struct {
	dir     string
	entries []entry
	key     string
}

// entry is a file, directory or symbolic link; its path has slashes and is
// relative to the tree's directory.
type entry struct {
	path   string
	mode   fs.FileMode // of the file, type bits included
	size   int64       // of the file; 0 for what is none
	disk   int64       // as the filesystem says, also for directories
	time   time.Time
	target string // of a link
	sum    [32]byte
	data   []byte // of a small file, once hashed
}

// OutsideError says that a path leaves the directory it is relative to.
type OutsideError struct{ Path string }

func (e *OutsideError) Error() string {
	return fmt.Sprintf("the path %s leaves the directory of the file: copy takes relative paths without .., and follows no link out", e.Path)
}

// Scan finds the files that "from" names below dir: a file, a directory with
// all below it, or a pattern. .dockerignore of dir counts, as Docker reads it.
func Scan(dir, from string, opts Options) (*Tree, error) {
	clean := path.Clean(filepath.ToSlash(from))
	if !filepath.IsLocal(filepath.FromSlash(clean)) {
		return nil, &OutsideError{from}
	}
	ignore, err := ignorePatterns(dir, opts.Ignore)
	if err != nil {
		return nil, err
	}
	w := walk{dir: dir, ignore: ignore}
	start := clean
	if isPattern(clean) {
		if w.want, err = patternmatcher.New([]string{clean}); err != nil {
			return nil, fmt.Errorf("reading the pattern %s: %w", from, err)
		}
		start = staticPrefix(clean)
	}
	if err := find(dir, start, from); err != nil {
		return nil, err
	}
	if err := w.from(start); err != nil {
		return nil, err
	}
	if !w.found {
		return nil, fmt.Errorf("no files found in %s%s", from, w.whyNone())
	}
	slices.SortFunc(w.entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return &Tree{dir: dir, entries: w.entries}, nil
}

// find looks for a path below dir. Links on the way to it may not lead out.
func find(dir, start, from string) error {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("reading %s: %w", dir, err)
	}
	at := filepath.Join(root, filepath.FromSlash(start))
	if parent, err := filepath.EvalSymlinks(filepath.Dir(at)); err == nil && start != "." {
		if rel, err := filepath.Rel(root, parent); err != nil || !filepath.IsLocal(rel) {
			return &OutsideError{from}
		}
	}
	if _, err := os.Lstat(at); err != nil {
		return missing(dir, from, err)
	}
	return nil
}

// Len is how many files, directories and links the tree has.
func (t *Tree) Len() int { return len(t.entries) }

// Size is the sum of the files' sizes, in bytes.
func (t *Tree) Size() int64 {
	var sum int64
	for _, e := range t.entries {
		sum += e.size
	}
	return sum
}

func isPattern(p string) bool { return strings.ContainsAny(p, `*?[\`) }

// staticPrefix is the part of a pattern before the first element that has a
// wildcard; the endpoint takes the same.
func staticPrefix(pattern string) string {
	var fixed []string
	for part := range strings.SplitSeq(pattern, "/") {
		if isPattern(part) {
			break
		}
		fixed = append(fixed, part)
	}
	if len(fixed) == 0 {
		return "."
	}
	return path.Join(fixed...)
}

func ignorePatterns(dir string, more []string) (*patternmatcher.PatternMatcher, error) {
	patterns := []string{stateDir}
	file, err := os.Open(filepath.Join(dir, ".dockerignore"))
	if err == nil {
		var own []string
		own, err = ignorefile.ReadAll(file)
		err = errors.Join(err, file.Close())
		patterns = append(patterns, own...)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	matcher, err := patternmatcher.New(append(patterns, more...))
	if err != nil {
		return nil, fmt.Errorf("reading the ignore patterns: %w", err)
	}
	return matcher, nil
}

// missing says that nothing is there, and what is.
func missing(dir, from string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	parent := path.Dir(path.Clean(filepath.ToSlash(from)))
	siblings, readErr := os.ReadDir(filepath.Join(dir, filepath.FromSlash(parent)))
	if readErr != nil || len(siblings) == 0 {
		return fmt.Errorf("there is no %s", from)
	}
	var names []string
	for _, s := range siblings {
		if name := s.Name(); !strings.HasPrefix(name, ".") && len(names) < 10 {
			names = append(names, path.Join(parent, name))
		}
	}
	return fmt.Errorf("there is no %s; there are: %s", from, strings.Join(names, ", "))
}
