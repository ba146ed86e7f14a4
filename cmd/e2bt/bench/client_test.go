//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// sdkVersion is the version of E2B's JavaScript SDK that is measured.
const sdkVersion = "2.51.0"

// installSDK gives the directory that holds the SDK, or why there is none.
var installSDK = sync.OnceValues(func() (dir, absent string) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", "peer not installed: there is no " + program
		}
	}
	dir = filepath.Join(workshop(), "sdk")
	script, err := os.ReadFile(filepath.Join("testdata", "sdk.mjs"))
	if err == nil {
		err = os.Mkdir(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "sdk.mjs"), script, 0o644)
	}
	if err != nil {
		return "", err.Error()
	}
	cmd := exec.Command("npm", "install", "--no-audit", "--no-fund", "--prefix", dir, "e2b@"+sdkVersion)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return "", "peer not installed: npm says: " + line
	}
	return dir, ""
})

// job is what e2bt and the SDK are told to do alike.
type job struct {
	Count int    `json:"count"`          // templates, built at once
	Runs  int    `json:"runs"`           // RUN steps of each
	Copy  string `json:"copy,omitempty"` // a directory beside the configuration
	Hash  bool   `json:"hash,omitempty"` // for the SDK: ask for the keys of what is copied, and build nothing
}

// config is the job in HCL.
func (j job) config() string {
	var out strings.Builder
	for i := range j.Count {
		fmt.Fprintf(&out, "template \"bench-%d\" {\n  base { image = \"debian:stable\" }\n", i)
		for r := range j.Runs {
			fmt.Fprintf(&out, "  batch \"b%d\" { run = [\"echo %d\"] }\n", r, r)
		}
		if j.Copy != "" {
			fmt.Fprintf(&out, "  copy {\n    from = %q\n    to = \"/home/user/%s\"\n  }\n", j.Copy, j.Copy)
		}
		out.WriteString("}\n")
	}
	return out.String()
}

// ours is e2bt doing the job in dir, against s.
func (j job) ours(t testing.TB, dir string, s *server, rounds int) contender {
	return contender{name: "e2bt", rounds: rounds, run: func(int) (sample, error) {
		cmd := e2bt(t, dir, filepath.Join(dir, "home"), "build", "--parallel", fmt.Sprint(j.Count))
		cmd.Env = append(cmd.Env, s.env()...)
		return s.measure(cmd)
	}}
}

// sdk is the JavaScript SDK doing the same.
func (j job) sdk(t testing.TB, dir string, s *server, rounds int) contender {
	at, absent := installSDK()
	return contender{name: "JS SDK", absent: absent, rounds: rounds, run: func(int) (sample, error) {
		what, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("node", filepath.Join(at, "sdk.mjs"), string(what))
		cmd.Dir = dir
		if j.Hash {
			return measure(cmd)
		}
		cmd.Env = append(os.Environ(), s.env()...)
		return s.measure(cmd)
	}}
}

// measure also wants the server to have been content.
func (s *server) measure(cmd *exec.Cmd) (sample, error) {
	before := s.builds.Load()
	out, err := measure(cmd)
	if err == nil && s.builds.Load() == before {
		err = fmt.Errorf("%v: built nothing", cmd.Args)
	}
	if wrong := s.failed.Load(); err == nil && wrong != nil {
		err = fmt.Errorf("%v: %v", cmd.Args, wrong)
	}
	return out, err
}

// BenchmarkStart is how long a process takes that has next to nothing to do.
func BenchmarkStart(b *testing.B) {
	tbl := newTable(b, "Start")
	example, err := filepath.Abs(filepath.Join("..", "..", "..", "examples", "claude-agent.hcl"))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		limit time.Duration
	}{
		{[]string{"version"}, 20 * time.Millisecond},
		{[]string{"plan", "--offline", example}, 50 * time.Millisecond},
		{[]string{"plan", example}, 50 * time.Millisecond},
	} {
		name := "e2bt " + strings.ReplaceAll(strings.Join(c.args, " "), example, filepath.Base(example))
		compare(b, tbl, name, []target{within(c.limit)}, func(b *testing.B) []contender {
			dir, s := b.TempDir(), newServer(b, 0, false)
			return []contender{{name: "e2bt", rounds: 21, run: func(int) (sample, error) {
				cmd := e2bt(b, dir, dir, c.args...)
				cmd.Env = append(cmd.Env, s.env()...)
				return measure(cmd)
			}}}
		})
	}
}

// BenchmarkTrivial builds templates on a server that is ready at once.
func BenchmarkTrivial(b *testing.B) {
	tbl := newTable(b, "Builds of three RUN, ready at the first question")
	for _, c := range []struct {
		count, rounds int
		targets       []target
	}{
		{1, 21, []target{within(40 * time.Millisecond)}},
		{50, 11, []target{within(150 * time.Millisecond), memory(48)}},
	} {
		compare(b, tbl, fmt.Sprintf("%d at once", c.count), c.targets, func(b *testing.B) []contender {
			j := job{Count: c.count, Runs: 3}
			dir, s := project(b, j.config()), newServer(b, 0, false)
			return []contender{j.ours(b, dir, s, c.rounds), j.sdk(b, dir, s, 5)}
		})
	}
}

// BenchmarkLog reads logs that are there already, of builds that are over, and
// of builds that still run until their log was read.
func BenchmarkLog(b *testing.B) {
	tbl := newTable(b, "Logs that are there already")
	for _, c := range []struct {
		lines          int
		hold           bool
		rounds, theirs int
		targets        []target
	}{
		{2000, true, 5, 2, nil},
		{100_000, false, 7, 3, []target{within(time.Second), memory(100)}},
		{100_000, true, 7, 0, []target{within(time.Second), memory(100)}},
		{1_000_000, false, 3, 1, []target{within(6 * time.Second), memory(100)}},
		{1_000_000, true, 3, 0, []target{within(6 * time.Second), memory(100)}},
	} {
		name := commas(c.lines) + " lines, build over"
		if c.hold {
			name = commas(c.lines) + " lines, still building"
		}
		compare(b, tbl, name, c.targets, func(b *testing.B) []contender {
			j := job{Count: 1, Runs: 1}
			dir, s := project(b, j.config()), newServer(b, c.lines, c.hold)
			if c.theirs == 0 {
				return []contender{j.ours(b, dir, s, c.rounds), {name: "JS SDK", absent: "left out: it waits 200 ms after every 100 lines"}}
			}
			return []contender{j.ours(b, dir, s, c.rounds), j.sdk(b, dir, s, c.theirs)}
		})
	}
}

// commas writes a number the way people read it: 1,000,000.
func commas(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", commas(n/1000), n%1000)
}

// BenchmarkUpload sends what a COPY takes to a server that throws it away.
func BenchmarkUpload(b *testing.B) {
	tbl := newTable(b, "Upload of a COPY over loopback: hash, archive, PUT")
	for _, c := range []struct {
		name           string
		tree           func(testing.TB, string)
		rounds, theirs int
		targets        []target
	}{
		{"1 GiB incompressible, 200 files", incompressible, 5, 2, []target{faster(12), memory(64)}},
		{"20,000 files of 1 KiB, nested", manySmall, 7, 3, []target{faster(6), memory(64)}},
		{"1 GiB of text, 200 files", compressible, 3, 2, []target{faster(5), memory(64)}},
	} {
		compare(b, tbl, c.name, c.targets, func(b *testing.B) []contender {
			j := job{Count: 1, Copy: "data"}
			dir, s := project(b, j.config()), newServer(b, 0, false)
			c.tree(b, filepath.Join(dir, "data"))
			return []contender{j.ours(b, dir, s, c.rounds), j.sdk(b, dir, s, c.theirs)}
		})
	}
}
