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
	"syscall"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Options say what is left out.
type Options struct {
	Ignore []string // patterns as in .dockerignore, after those of the file itself
	SDK    bool     // .dockerignore and Ignore as E2B's SDKs read them, which is not as Docker does
	Cache  string   // a directory that remembers the sums of files from one time to the next; "" : none does
}

// Tree is a set of files, sorted by path.
type Tree struct {
	dir     string
	entries []entry
	key     string
	from    string // what was asked for
	real    string // where that lies, which a link may say
	asked   string // as the author wrote it
	cache   statCache
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
	known  bool   // the sum, from the cache
	stat   stat   // of a file
	data   []byte // of a small file, once hashed
}

// OutsideError says that a path leaves the directory it is relative to.
type OutsideError struct{ Path string }

func (e *OutsideError) Error() string {
	return fmt.Sprintf("the path %s is outside of the directory that holds the file: copy takes what lies below it, and follows no .. or link that leads out", e.Path)
}

// Scan finds the files that "from" names below dir: a file, a directory with
// all below it, or a pattern. .dockerignore of dir counts, as Docker reads it.
// Where from itself is a link, what it leads to is meant; links below it stay
// links.
func Scan(dir, from string, opts Options) (*Tree, error) {
	clean := path.Clean(filepath.ToSlash(from))
	switch {
	case from == "":
		return nil, errors.New(`no path: say which files to copy, "." for all of them`)
	case !filepath.IsLocal(filepath.FromSlash(clean)):
		return nil, &OutsideError{from}
	}
	ignore, err := ignorePatterns(dir, opts.Ignore)
	if err != nil {
		return nil, err
	}
	w := walk{dir: dir, ignore: ignore}
	if opts.SDK {
		if w.ignore, w.sdk, err = sdkPatterns(dir, opts.Ignore); err != nil {
			return nil, err
		}
		w.pattern = clean
	}
	start := clean
	if isPattern(clean) {
		if w.want, err = patternmatcher.New([]string{clean}); err != nil {
			return nil, fmt.Errorf("reading the pattern %s: %w", from, err)
		}
		start = staticPrefix(clean)
	}
	real, err := resolve(dir, start, from)
	if err != nil {
		return nil, err
	}
	if err := w.from(start); err != nil {
		return nil, err
	}
	if !w.found {
		return nil, fmt.Errorf("no files found in %s%s", from, w.whyNone())
	}
	slices.SortFunc(w.entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return &Tree{dir: dir, entries: w.entries, from: start, real: real, asked: from, cache: statCache{opts.Cache, worthKeeping, settles}}, nil
}

// resolve finds where start lies, which is below dir whatever links say.
func resolve(dir, start, from string) (string, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(start)))
	if err != nil {
		var outside *OutsideError
		if start != "." {
			if _, above := resolve(dir, path.Dir(start), from); errors.As(above, &outside) {
				return "", above
			}
		}
		return "", missing(dir, from, err)
	}
	if rel, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(rel) {
		return "", &OutsideError{from}
	}
	return real, nil
}

// Len is how many files, directories and links the tree has.
func (t *Tree) Len() int { return len(t.entries) }

// Digests names every file and link with a digest of what it is, short enough
// to keep. The tree's Key must have been asked for.
func (t *Tree) Digests() map[string]string {
	out := make(map[string]string, len(t.entries))
	for _, e := range t.entries {
		switch mode := canonicalMode(e.mode); {
		case mode.IsDir():
		case e.target != "":
			out[e.path] = "-> " + e.target
		default:
			out[e.path] = fmt.Sprintf("%o %x", mode, e.sum[:8])
		}
	}
	return out
}

// Size is the sum of the files' sizes, in bytes.
func (t *Tree) Size() int64 {
	var sum int64
	for _, e := range t.entries {
		sum += e.size
	}
	return sum
}

// Named finds a file of that name anywhere in the tree, which may be nil.
func (t *Tree) Named(name string) (at string, ok bool) {
	if t == nil {
		return "", false
	}
	for _, e := range t.entries {
		if path.Base(e.path) == name && !e.mode.IsDir() {
			return e.path, true
		}
	}
	return "", false
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

// ownState is what e2bt itself keeps beside a configuration. It changes with
// every build; a pattern with an exclamation mark takes it back in.
var ownState = []string{"**/.e2bt", "**/.e2bt.lock.hcl", "**/.e2bt.lock.hcl.*.tmp"}

func ignorePatterns(dir string, more []string) (*patternmatcher.PatternMatcher, error) {
	patterns := slices.Clone(ownState)
	text, err := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	for _, source := range []string{string(text), strings.Join(more, "\n")} {
		found, err := ignorefile.ReadAll(strings.NewReader(source))
		if err != nil {
			return nil, fmt.Errorf("reading the ignore patterns: %w", err)
		}
		patterns = append(patterns, found...)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, fmt.Errorf("reading the ignore patterns: %w", err)
	}
	return matcher, nil
}

// missing says that nothing is there, and what is.
func missing(dir, from string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	parent := path.Dir(path.Clean(filepath.ToSlash(from)))
	siblings, readErr := os.ReadDir(filepath.Join(dir, filepath.FromSlash(parent)))
	var names []string
	for _, s := range siblings {
		if name := s.Name(); !strings.HasPrefix(name, ".") && len(names) < 10 {
			names = append(names, path.Join(parent, name))
		}
	}
	if readErr != nil || len(names) == 0 {
		return fmt.Errorf("there is no %s", from)
	}
	return fmt.Errorf("there is no %s; there are: %s", from, strings.Join(names, ", "))
}
