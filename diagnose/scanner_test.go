package diagnose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func FuzzScanner(f *testing.F) {
	f.Add([]byte("E: Unable to locate package foo\n"), 100)
	f.Add([]byte("\x1b[31mnpm ERR!\x1b[0m code E404\r\n\x00\xff"), 1)
	f.Add([]byte(strings.Repeat("x", 70000)+"\rKilled"), 137)
	e := newEngine(f)
	f.Fuzz(func(t *testing.T, log []byte, code int) {
		got := e.DiagnoseText(log, Context{ExitCode: code})
		lines := bytes.Split(log, []byte{'\n'})
		for _, ev := range got.Evidence {
			if ev.Line < 1 || ev.Line > len(lines) {
				t.Fatalf("evidence on line %d of %d", ev.Line, len(lines))
			}
			line := evidence(string(plainPieces(lines[ev.Line-1])))
			if text := strings.TrimSuffix(ev.Text, "…"); !strings.Contains(line, text) && len(line) < maxEvidence {
				t.Fatalf("evidence %q is not in line %d: %q", ev.Text, ev.Line, line)
			}
		}
	})
}

// plainPieces is what the scanner sees of a line, all in one.
func plainPieces(line []byte) []byte {
	var all [][]byte
	for piece := range bytes.SplitSeq(line, []byte{'\r'}) {
		text, _ := plain(piece)
		all = append(all, text)
	}
	return bytes.Join(all, nil)
}

// TestChunks wants the same finding however the log is cut up.
func TestChunks(t *testing.T) {
	log := []byte("Reading package lists...\r\n\x1b[1mE: Unable to locate package nodjs\x1b[0m\nE: done\n")
	e := newEngine(t)
	want := fmt.Sprint(*e.DiagnoseText(log, Context{}))
	for size := 1; size < len(log); size++ {
		s := e.Scanner(Context{})
		s.start() // else all chunks are put by and read in one
		for chunk := range slices.Chunk(log, size) {
			if n, err := s.Write(chunk); n != len(chunk) || err != nil {
				t.Fatalf("Write() = %d, %v; want %d, nil", n, err, len(chunk))
			}
		}
		if got := fmt.Sprint(*s.Finding()); got != want {
			t.Errorf("in chunks of %d: %s; want %s", size, got, want)
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	var log bytes.Buffer
	for i := 0; log.Len() < 8<<20; i++ {
		fmt.Fprintf(&log, "Get:%d http://deb.example/debian trixie/main amd64 libfoo%d amd64 1.2-%d [1%d kB]\n", i, i, i, i)
		fmt.Fprintf(&log, "Setting up libfoo%d:amd64 (1.2-%d) ...\n", i, i)
		fmt.Fprintf(&log, "      copying src/module%d/__init__.py -> build/lib.linux-x86_64-cpython-312/module%d\n", i, i)
	}
	e := newEngine(b)
	b.SetBytes(int64(log.Len()))
	for b.Loop() {
		s := e.Scanner(Context{})
		_, _ = s.Write(log.Bytes())
		s.Finding()
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if err := newEngine(b).load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScannerErrors(b *testing.B) {
	log := bytes.Repeat([]byte("npm error network request to https://registry.example/x failed, reason: read ECONNRESET\n"), 100_000)
	e := newEngine(b)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		s := e.Scanner(Context{})
		_, _ = s.Write(log)
		s.Finding()
	}
}
