//go:build linux

package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const gibibyte = 1 << 30

// source is always the same stream of random bytes.
func source() *rand.ChaCha8 {
	return rand.NewChaCha8([32]byte([]byte("a tree that is always the same ..")))
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// incompressible writes 1 GiB of random bytes in 200 files.
func incompressible(t testing.TB, dir string) {
	random, content := source(), make([]byte, gibibyte/200)
	for i := range 200 {
		_, _ = random.Read(content) // never fails
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%02d", i%10), fmt.Sprintf("file%03d.bin", i)), content)
	}
}

// manySmall writes 20,000 files of 1 KiB of text in 400 nested directories.
func manySmall(t testing.TB, dir string) {
	text := newText()
	for i := range 20_000 {
		leaf := i % 400
		writeFile(t, filepath.Join(dir, fmt.Sprintf("part%02d", leaf/20), fmt.Sprintf("module%02d", leaf%20), fmt.Sprintf("file%05d.js", i)), text.bytes(1<<10))
	}
}

// compressible writes 1 GiB of something like source code, of which gzip makes
// about a fifth.
func compressible(t testing.TB, dir string) {
	text := newText()
	for i := range 200 {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%02d", i%10), fmt.Sprintf("file%03d.c", i)), text.bytes(gibibyte/200))
	}
}

// text is an endless program made of statements that come again and again.
type text struct {
	random     *rand.Rand
	statements []string
}

func newText() *text {
	t := &text{random: rand.New(source())}
	words := make([]string, 400)
	for i := range words {
		words[i] = strings.Repeat(string(rune('a'+i%26)), 1+i%3) + fmt.Sprintf("%x", t.random.Uint32()>>12)
	}
	word := func() string { return words[t.random.IntN(len(words))] }
	for range 3000 {
		t.statements = append(t.statements, fmt.Sprintf("\tif (%s->%s != NULL) return %s(%s, %d);\n", word(), word(), word(), word(), t.random.IntN(100)))
	}
	return t
}

func (t *text) bytes(n int) []byte {
	out := make([]byte, 0, n+128)
	for len(out) < n {
		out = append(out, t.statements[t.random.IntN(len(t.statements))]...)
	}
	return out[:n]
}
