package archive

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// cached scans a tree with a cache that remembers at once.
func cached(t *testing.T, dir, cache string) *Tree {
	t.Helper()
	tree, err := Scan(dir, ".", Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	tree.cache.worth, tree.cache.settles = 0, -time.Hour
	return tree
}

func key(t *testing.T, tree *Tree) string {
	t.Helper()
	k, err := tree.Key()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// known counts the files whose sums were remembered.
func known(tree *Tree) (n int) {
	for _, e := range tree.entries {
		if e.known {
			n++
		}
	}
	return n
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func needsStat(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("no change times here, so nothing is remembered")
	}
}

func TestStatCache(t *testing.T) {
	needsStat(t)
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "files")
	put(t, filepath.Join(dir, "a"), "one")
	put(t, filepath.Join(dir, "b", "c"), "two")
	put(t, filepath.Join(dir, "b", "d"), strings.Repeat("three", smallFile))
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	want := key(t, cached(t, dir, ""))
	for i, remembered := range []int{0, 3} {
		tree := cached(t, dir, cache)
		if got := key(t, tree); got != want || known(tree) != remembered {
			t.Errorf("time %d: key %s, %d remembered; want %s, %d", i+1, got, known(tree), want, remembered)
		}
	}

	// The same size, and the modification time set back: the change time tells.
	before, err := os.Stat(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "a"), "eno")
	if err := os.Chtimes(filepath.Join(dir, "a"), before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	tree := cached(t, dir, cache)
	if got := key(t, tree); got == want || known(tree) != 2 || got != key(t, cached(t, dir, "")) {
		t.Errorf("after a change: key %s, %d remembered", got, known(tree))
	}
	if tree = cached(t, dir, cache); known(tree) != 0 {
		t.Error("sums are remembered before anybody asks for the key")
	}

	// A file that another one has taken the place of, with its times.
	put(t, filepath.Join(dir, "new"), "neo")
	if err := os.Chtimes(filepath.Join(dir, "new"), before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if got := key(t, cached(t, dir, cache)); got != key(t, cached(t, dir, "")) {
		t.Errorf("after a rename: key %s", got)
	}
}

// What has just changed may change again without looking different.
func TestStatCacheSettles(t *testing.T) {
	needsStat(t)
	dir, cache := t.TempDir(), t.TempDir()
	put(t, filepath.Join(dir, "a"), "one")
	for range 2 {
		tree := cached(t, dir, cache)
		tree.cache.settles = settles
		key(t, tree)
		if known(tree) != 0 {
			t.Error("a file is remembered that has just been written")
		}
	}
}

// A cache that cannot be read or written costs time and nothing else.
func TestStatCacheBroken(t *testing.T) {
	needsStat(t)
	dir, cache := t.TempDir(), t.TempDir()
	put(t, filepath.Join(dir, "a"), "one")
	want := key(t, cached(t, dir, cache))
	file := cached(t, dir, cache).cacheFile()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"empty": "", "cut": string(whole[:len(whole)-1]), "turned": strings.Replace(string(whole), "a", "b", 1), "another": "something else"} {
		put(t, file, text)
		tree := cached(t, dir, cache)
		if got := key(t, tree); got != want || known(tree) != 0 {
			t.Errorf("%s: key %s, %d remembered", name, got, known(tree))
		}
	}
	inTheWay := filepath.Join(t.TempDir(), "file")
	put(t, inTheWay, "")
	if got := key(t, cached(t, dir, inTheWay)); got != want {
		t.Errorf("key %s; want %s", got, want)
	}
}

// What nobody asks for goes, and what a killed process left.
func TestStatCacheForgets(t *testing.T) {
	needsStat(t)
	dir, cache := t.TempDir(), t.TempDir()
	put(t, filepath.Join(dir, "a"), "one")
	old := time.Now().Add(-2 * kept)
	for _, name := range []string{"old", ".new-1"} {
		put(t, filepath.Join(cache, name), "")
		if err := os.Chtimes(filepath.Join(cache, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(cache, "young"), "")
	key(t, cached(t, dir, cache))
	list, err := os.ReadDir(cache)
	if err != nil || len(list) != 2 {
		t.Errorf("%v are left (%v); want the young one and the new one", list, err)
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(cacheVersion))
	f.Add([]byte(""))
	f.Add([]byte(cacheVersion + "\x02\x02\x02\x02\x02a0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = readRecords(data)
		_, _ = readRecords(sealed(data))
	})
}

// sealed gives data the sum at its end, so that what is behind it is reached.
func sealed(data []byte) []byte { return seal(append([]byte(cacheVersion), data...)) }
