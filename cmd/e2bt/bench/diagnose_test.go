//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// healthyLog writes about size bytes of what builds print while all is well.
func healthyLog(b *testing.B, size int) (path string) {
	var block bytes.Buffer
	for i := 0; block.Len() < 8<<20; i++ {
		fmt.Fprintf(&block, "Get:%d http://deb.example/debian trixie/main amd64 libfoo%[1]d amd64 1.2-%[1]d [1%[1]d kB]\n", i)
		fmt.Fprintf(&block, "Unpacking libfoo%d:amd64 (1.2-%[1]d) ...\n", i)
		fmt.Fprintf(&block, "[builder 3/9] [stdout]: Collecting package%d==1.%[1]d (from -r requirements.txt (line %[1]d))\n", i)
		fmt.Fprintf(&block, "     \x1b[90m━━━━━━━━━━━━━━━━━━━━━\x1b[0m %d/64.9 kB 21.3 MB/s eta 0:00:00\r     done\n", i%65)
		fmt.Fprintf(&block, "#12 %d.45 npm http fetch GET 200 https://registry.example/pkg%[1]d/-/pkg%[1]d-1.0.0.tgz 35ms (cache hit)\n", i)
		if i%20 == 0 {
			fmt.Fprintf(&block, "src/file%d.c:12:5: warning: unused variable 'x' [-Wunused-variable]\n", i)
		}
	}
	path = filepath.Join(b.TempDir(), "build.log")
	file, err := os.Create(path)
	for n := 0; err == nil && n < size; n += block.Len() {
		_, err = file.Write(block.Bytes())
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// diagnosing is e2bt diagnose on one processor.
func diagnosing(b *testing.B, log string, rounds int) contender {
	return contender{name: "e2bt diagnose", rounds: rounds, run: func(int) (sample, error) {
		cmd := e2bt(b, filepath.Dir(log), filepath.Dir(log), "diagnose", log)
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
		return measure(cmd)
	}}
}

// share wants what e2bt does to be so small a part of what the peer does.
func share(percent float64) target {
	return target{text: fmt.Sprintf("<= %g %% of it", percent), ratio: true, got: func(ours, peer sample) (string, bool) {
		got := 100 * ours.CPU.Seconds() / peer.Wall.Seconds()
		return fmt.Sprintf("%.1f %%", got), got <= percent
	}}
}

// BenchmarkDiagnose runs all rules over a large log, and sets what they take of
// a build's log beside the build.
func BenchmarkDiagnose(b *testing.B) {
	tbl := newTable(b, "All rules, on one processor")
	const size = 1 << 30
	limit := size / 300 * time.Microsecond
	compare(b, tbl, "1 GiB, 300 MB/s", []target{processor(limit), memory(64)}, func(b *testing.B) []contender {
		return []contender{diagnosing(b, healthyLog(b, size), 3)}
	})
	const lines = 1_000_000
	compare(b, tbl, commas(lines)+" lines of a build", []target{share(2)}, func(b *testing.B) []contender {
		j := job{Count: 1, Runs: 1}
		dir, s := project(b, j.config()), newServer(b, lines, false)
		var log bytes.Buffer
		for i := range lines {
			fmt.Fprintf(&log, logTexts[i%len(logTexts)]+"\n", i)
		}
		path := filepath.Join(b.TempDir(), "build.log")
		writeFile(b, path, log.Bytes())
		return []contender{diagnosing(b, path, 3), j.ours(b, dir, s, 2)}
	})
}
