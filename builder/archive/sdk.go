package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/moby/patternmatcher"
)

// sdkPatterns are the patterns that E2B's SDKs leave files out by, and those of
// e2bt itself. The SDKs test every path by itself: what is below a directory that
// matches stays, and an exclamation mark or a slash at the beginning mean nothing.
func sdkPatterns(dir string, more []string) (own *patternmatcher.PatternMatcher, patterns []string, err error) {
	if own, err = patternmatcher.New(ownState); err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	patterns = []string{} // not nil: this is how they are read
	for _, line := range slices.Concat(more, strings.Split(string(text), "\n")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' || line[0] == '/' {
			continue
		}
		if line = strings.TrimSuffix(strings.TrimPrefix(line, "./"), "/"); doublestar.ValidatePattern(line) {
			patterns = append(patterns, line)
		}
	}
	return own, patterns, nil
}

// SDKHash is the hash that E2B's own SDKs compute for these files, copied from
// src to dest as the user wrote them. It depends on umask and filesystem.
func (t *Tree) SDKHash(src, dest string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "COPY %s %s", src, dest)
	for i := range t.entries {
		e := &t.entries[i]
		io.WriteString(h, e.path+strconv.FormatUint(uint64(unixMode(e.mode)), 10)+strconv.FormatInt(e.disk, 10))
		if e.target != "" {
			io.WriteString(h, e.target)
			continue
		}
		if !e.mode.IsRegular() {
			continue
		}
		file, err := t.open(e)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, file)
		_ = file.Close() // it was only read
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", e.path, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unixMode is st_mode.
func unixMode(m fs.FileMode) uint32 {
	out := uint32(m.Perm())
	for bit, value := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&bit != 0 {
			out |= value
		}
	}
	switch {
	case m.IsDir():
		return out | 0o40000
	case m&fs.ModeSymlink != 0:
		return out | 0o120000
	}
	return out | 0o100000
}
