package diagnose

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func FuzzScanner(f *testing.F) {
	f.Add([]byte("E: Unable to locate package foo\n"), 100)
	f.Add([]byte("\x1b[31mnpm ERR!\x1b[0m code E404\r\n\x00\xff"), 1)
	f.Add([]byte(strings.Repeat("x", 70000)+"\rKilled"), 137)
	f.Add([]byte("2026-11-23T18:34:04.1234567Z #12 3.45 /bin/bash: 行 1: pnpm: 未找到命令"), 127)
	f.Add([]byte("[builder 2/3] [stderr]: E\n[builder 2/3] [stderr]: :\n[builder 2/3] [stderr]: Unable to loc\n[builder 2/3] [stderr]: ate package x"), 100)
	f.Add([]byte("\x1b]0;title\x07\x1b[2K\x1b(Bcp: Aufruf von stat für '/x' nicht möglich: Datei oder Verzeichnis nicht gefunden\xff"), 1)
	f.Add([]byte("  × No solution found when resolving dependencies:\n  ╰─▶ Because x was not found in the package registry and you require x"), 1)
	e := newEngine(f)
	f.Fuzz(func(t *testing.T, log []byte, code int) {
		got := e.DiagnoseText(log, Context{ExitCode: code})
		lines := bytes.Split(log, []byte{'\n'})
		for _, ev := range got.Evidence {
			if ev.Line < 1 || ev.Line > len(lines) {
				t.Fatalf("evidence on line %d of %d", ev.Line, len(lines))
			}
			line := evidence(string(plainPieces(lines[ev.Line-1])))
			text := strings.TrimSuffix(ev.Text, "…")
			if !strings.Contains(line, text) && len(line) < maxEvidence && !strings.Contains(allPieces(lines[:ev.Line]), text) {
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

// allPieces is what lines are without the places where they were cut.
func allPieces(lines [][]byte) string {
	var all []byte
	for _, l := range lines {
		all = append(all, plainPieces(l)...)
	}
	return redact(printable(string(all)))
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

// mixed is what a long build prints: package managers, compilers, downloads,
// and now and then a warning.
func mixed(size int) []byte {
	var log bytes.Buffer
	for i := 0; log.Len() < size; i++ {
		fmt.Fprintf(&log, "Get:%d http://deb.example/debian trixie/main amd64 libfoo%d amd64 1.2-%d [1%d kB]\n", i, i, i, i)
		fmt.Fprintf(&log, "Unpacking libfoo%d:amd64 (1.2-%d) ...\n", i, i)
		fmt.Fprintf(&log, "[builder 3/9] [stdout]: Collecting package%d==1.%d (from -r requirements.txt (line %d))\n", i, i, i)
		fmt.Fprintf(&log, "  Downloading https://files.example/packages/package%d-1.%d-py3-none-any.whl (%d kB)\n", i, i, i)
		fmt.Fprintf(&log, "     \x1b[90m━━━━━━━━━━━━━━━━━━━━━\x1b[0m %d/64.9 kB 21.3 MB/s eta 0:00:00\r", i%65)
		fmt.Fprintf(&log, "gcc -pthread -Wall -O2 -fPIC -I/usr/include/python3.11 -c src/file%d.c -o build/temp/src/file%d.o\n", i, i)
		fmt.Fprintf(&log, "#12 %d.45 npm http fetch GET 200 https://registry.example/pkg%d/-/pkg%d-1.0.0.tgz 35ms (cache hit)\n", i, i, i)
		if i%20 == 0 {
			fmt.Fprintf(&log, "npm warn deprecated pkg%d@1.0.0: this version is no longer supported\n", i)
			fmt.Fprintf(&log, "src/file%d.c:12:5: warning: unused variable 'x' [-Wunused-variable]\n", i)
		}
	}
	return log.Bytes()
}

// BenchmarkMixed streams a gigabyte through one scanner.
func BenchmarkMixed(b *testing.B) {
	const total = 1 << 30
	block := mixed(8 << 20)
	e := newEngine(b)
	b.SetBytes(total)
	var after runtime.MemStats
	for b.Loop() {
		s := e.Scanner(Context{})
		for n := 0; n < total; n += len(block) {
			_, _ = s.Write(block)
		}
		runtime.ReadMemStats(&after)
		s.Finding()
	}
	b.ReportMetric(float64(after.HeapSys+after.StackSys)/(1<<20), "MiB-held")
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if err := (&Engine{}).load(); err != nil {
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
