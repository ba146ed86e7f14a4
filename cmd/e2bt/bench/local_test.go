//go:build linux

package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/image/imagetest"
)

// furtherRuns is how many further RUN steps are built to know what one takes.
const furtherRuns = 10

// bases makes a directory with images/, as e2bt's homes have it, that holds
// one small base image.
func bases(b *testing.B, tbl *table) (dir string, base *image.Image) {
	b.Helper()
	if os.Geteuid() != 0 {
		tbl.skip(b, "left out: builds on the real engine need root here")
	}
	if _, err := engine.New(); err != nil {
		tbl.skip(b, "left out: "+err.Error())
	}
	dir = b.TempDir()
	store, err := image.Open(filepath.Join(dir, "images"))
	if err != nil {
		b.Fatal(err)
	}
	return dir, imagetest.Tiny(b, store, "e2bdev/base")
}

// freshHome is a home that has the base image and has built nothing.
func freshHome(b *testing.B, bases string) string {
	b.Helper()
	home := b.TempDir()
	if err := os.Symlink(filepath.Join(bases, "images"), filepath.Join(home, "images")); err != nil {
		b.Fatal(err)
	}
	return home
}

// fiveSteps is a recipe in a directory of its own; more adds RUN steps that
// were never built, told apart by the round.
type fiveSteps struct{ dir string }

func newFiveSteps(b *testing.B) fiveSteps {
	b.Helper()
	dir := b.TempDir()
	random, content := source(), make([]byte, 100<<10)
	for i := range 50 {
		_, _ = random.Read(content) // never fails
		writeFile(b, filepath.Join(dir, "files", fmt.Sprintf("file%02d.bin", i)), content)
	}
	return fiveSteps{dir}
}

func (f fiveSteps) hcl(b *testing.B, round, further int) {
	var out strings.Builder
	out.WriteString("template \"five\" {\n")
	for _, name := range []string{"first", "second", "third"} {
		fmt.Fprintf(&out, "  batch %q { run = [\"true\"] }\n", name)
	}
	out.WriteString("  batch \"fourth\" {\n    run = [\"echo hi > /file\"]\n    user = \"root\"\n  }\n")
	out.WriteString("  copy {\n    from = \"files\"\n    to = \"/files\"\n    user = \"root\"\n  }\n")
	for i := range further {
		fmt.Fprintf(&out, "  batch \"further%d\" { run = [\"true # %d, %d\"] }\n", i, round, i)
	}
	out.WriteString("}\n")
	writeFile(b, filepath.Join(f.dir, "e2bt.hcl"), []byte(out.String()))
}

func (f fiveSteps) dockerfile(b *testing.B, round, further int) {
	var out strings.Builder
	fmt.Fprintf(&out, "FROM %s\nRUN true\nRUN true\nRUN true\nRUN echo hi > /file\nCOPY files /files\n", peerImage)
	for i := range further {
		fmt.Fprintf(&out, "RUN true # %d, %d\n", round, i)
	}
	writeFile(b, filepath.Join(f.dir, "Dockerfile"), []byte(out.String()))
}

// builder builds the five steps, in a store that keeps what it has built.
type builder struct {
	name         string
	absent       string
	slow, rounds int                                      // rounds, of builds that run steps and of those that do not
	cold         func() (sample, error)                   // with nothing built yet
	build        func(round, further int) (sample, error) // with the five steps cached
}

func (x builder) coldBuild() contender {
	return contender{name: x.name, absent: x.absent, rounds: x.slow, run: func(int) (sample, error) { return x.cold() }}
}

func (x builder) cachedBuild() contender {
	return contender{name: x.name, absent: x.absent, rounds: x.rounds, run: func(int) (sample, error) { return x.build(0, 0) }}
}

// furtherRun spreads what further RUN steps take beyond a build that has none.
func (x builder) furtherRun() contender {
	return contender{name: x.name, absent: x.absent, rounds: x.slow, run: func(round int) (sample, error) {
		with, err := x.build(round, furtherRuns)
		without, again := x.build(0, 0)
		return sample{Wall: (with.Wall - without.Wall) / furtherRuns, CPU: (with.CPU - without.CPU) / furtherRuns, RSS: with.RSS}, errors.Join(err, again)
	}}
}

// BenchmarkFiveSteps builds RUN true three times, RUN echo, and a COPY of 50
// files with 5 MB, with the whole of e2bt: its server and HTTP between them. The
// peers have a daemon that runs already, and run sh -c where e2bt runs bash -l -c.
func BenchmarkFiveSteps(b *testing.B) {
	tbl := newTable(b, "Five steps on the local engine")
	dir, base := bases(b, tbl)
	f := newFiveSteps(b)
	builders := []builder{f.e2bt(b, dir), f.docker(b, base), f.buildah(b, base)}
	for _, c := range []struct {
		name    string
		targets []target
		of      func(builder) contender
	}{
		{"cold", []target{faster(2)}, builder.coldBuild},
		{"all cached", []target{faster(1)}, builder.cachedBuild},
		{"each further RUN", []target{within(15 * time.Millisecond)}, builder.furtherRun},
	} {
		compare(b, tbl, c.name, c.targets, func(*testing.B) (all []contender) {
			for _, x := range builders {
				all = append(all, c.of(x))
			}
			return all
		})
	}
}

func (f fiveSteps) e2bt(b *testing.B, bases string) builder {
	warm := freshHome(b, bases)
	build := func(round, further int) (sample, error) {
		f.hcl(b, round, further)
		return measure(e2bt(b, f.dir, warm, "build", "--local"))
	}
	return builder{name: "e2bt", slow: 11, rounds: 21, build: build, cold: func() (sample, error) {
		warm = freshHome(b, bases)
		return build(0, 0)
	}}
}

// peerImage is what the peers call the base image.
const peerImage = "localhost/e2bt-bench-base"

// importBase makes the base image out of a tar of its files with a peer's own
// build command.
func importBase(b *testing.B, base *image.Image, build func(dir string) *exec.Cmd) error {
	b.Helper()
	dir := b.TempDir()
	if out, err := exec.Command("tar", "-C", base.Rootfs, "-cf", filepath.Join(dir, "base.tar"), ".").CombinedOutput(); err != nil {
		return fmt.Errorf("packing the base image: %w\n%s", err, out)
	}
	writeFile(b, filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nADD base.tar /\n"))
	out, err := build(dir).CombinedOutput()
	if err != nil {
		text := strings.TrimSpace(string(out))
		return fmt.Errorf("%w: %s", err, text[strings.LastIndexByte(text, '\n')+1:])
	}
	return nil
}

// docker builds with BuildKit in a docker daemon that runs already.
func (f fiveSteps) docker(b *testing.B, base *image.Image) builder {
	out := builder{name: "docker BuildKit", slow: 5, rounds: 7}
	if _, err := exec.LookPath("docker"); err != nil {
		out.absent = "peer not installed: there is no docker"
		return out
	}
	if err := exec.Command("docker", "info").Run(); err != nil {
		out.absent = "peer not running: docker info fails"
		return out
	}
	docker := func(dir, tag string, args ...string) *exec.Cmd {
		cmd := exec.Command("docker", append([]string{"build", "-q", "--network", "host", "-t", tag}, append(args, ".")...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DOCKER_BUILDKIT=1")
		return cmd
	}
	if err := importBase(b, base, func(dir string) *exec.Cmd { return docker(dir, peerImage) }); err != nil {
		out.absent = "peer not usable: " + err.Error()
		return out
	}
	tag := "localhost/e2bt-bench"
	b.Cleanup(func() { _ = exec.Command("docker", "image", "rm", "-f", tag, peerImage).Run() })
	return f.peer(b, out, func(args ...string) *exec.Cmd { return docker(f.dir, tag, args...) })
}

// buildah builds without a daemon, in a chroot, as it does where it is not
// told otherwise in containers.
func (f fiveSteps) buildah(b *testing.B, base *image.Image) builder {
	out := builder{name: "buildah", slow: 3, rounds: 5}
	if _, err := exec.LookPath("buildah"); err != nil {
		out.absent = "peer not installed: there is no buildah"
		return out
	}
	store := b.TempDir()
	buildah := func(dir, tag string, args ...string) *exec.Cmd {
		all := []string{"--root", store + "/root", "--runroot", store + "/run", "bud", "-q", "--isolation", "chroot", "--network", "host", "--layers", "-t", tag}
		cmd := exec.Command("buildah", append(all, append(args, ".")...)...)
		cmd.Dir = dir
		return cmd
	}
	if err := importBase(b, base, func(dir string) *exec.Cmd { return buildah(dir, peerImage) }); err != nil {
		out.absent = "peer not usable: " + err.Error()
		return out
	}
	return f.peer(b, out, func(args ...string) *exec.Cmd { return buildah(f.dir, "localhost/e2bt-bench", args...) })
}

// peer completes a builder that is a program which builds Dockerfiles.
func (f fiveSteps) peer(b *testing.B, x builder, command func(args ...string) *exec.Cmd) builder {
	x.cold = func() (sample, error) {
		f.dockerfile(b, 0, 0)
		return measure(command("--no-cache"))
	}
	x.build = func(round, further int) (sample, error) {
		f.dockerfile(b, round, further)
		return measure(command())
	}
	return x
}

// BenchmarkLongLog builds a step that prints a million lines: server and client
// are one process here, so that the memory of both is one figure.
func BenchmarkLongLog(b *testing.B) {
	tbl := newTable(b, "A step that prints 1,000,000 lines on the local engine")
	dir, _ := bases(b, tbl)
	at := project(b, `template "long" {
  batch "log" { run = ["seq -f 'src/part_%.0f.c:88:13: warning: unused variable n [-Wunused-variable]' 1000000"] }
}
`)
	compare(b, tbl, "e2bt build --local", []target{memory(100)}, func(b *testing.B) []contender {
		return []contender{{name: "e2bt", rounds: 3, run: func(int) (sample, error) {
			return measure(e2bt(b, at, freshHome(b, dir), "build", "--local"))
		}}}
	})
}

// nearly wants the peer's time and no more than so much of it on top.
func nearly(percent float64) target {
	return target{text: fmt.Sprintf("<= %g %% more", percent), ratio: true, got: func(ours, peer sample) (string, bool) {
		more := 100 * (ours.Wall.Seconds()/peer.Wall.Seconds() - 1)
		return fmt.Sprintf("%+.1f %%", more), more <= percent
	}}
}

// BenchmarkMirrorCached is what a mirror profile costs a build that has nothing
// to do. No mirror is asked for anything then.
func BenchmarkMirrorCached(b *testing.B) {
	tbl := newTable(b, "A mirror profile on a cached build")
	home := debianHome(b, tbl)
	config := "mirror \"m\" {\n  pip = [\"http://127.0.0.1:9/simple\"]\n  npm = [\"http://127.0.0.1:9/npm\"]\n  debian = [\"http://127.0.0.1:9/debian\"]\n}\ntemplate \"app\" {\n"
	for i := range 5 {
		config += fmt.Sprintf("  batch \"b%d\" { run = [\"echo %d > ~/%d\"] }\n", i, i, i)
	}
	at := project(b, config+"}\n")
	compare(b, tbl, "five steps", []target{nearly(5)}, func(b *testing.B) []contender {
		build := func(name string, args ...string) contender {
			run := func(int) (sample, error) {
				return measure(e2bt(b, at, home, append([]string{"build", "--local", "--no-lock"}, args...)...))
			}
			if _, err := run(0); err != nil {
				b.Fatal(err)
			}
			return contender{name: name, rounds: 31, run: run}
		}
		return []contender{build("e2bt --mirror", "--mirror", "m"), build("without")}
	})
}

// debianHome is a home with the base image that `e2bt image bootstrap` makes:
// what a mirror profile does wants a system to do it in.
func debianHome(b *testing.B, tbl *table) string {
	b.Helper()
	images := os.Getenv("E2BT_HOME")
	if images == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			tbl.skip(b, err.Error())
		}
		images = filepath.Join(user, ".local/share/e2bt")
	}
	images = filepath.Join(images, "images")
	if list, err := os.ReadDir(images); err != nil || len(list) == 0 || os.Geteuid() != 0 {
		tbl.skip(b, "no base image, which root makes with e2bt image bootstrap")
	}
	home := b.TempDir()
	if err := os.Symlink(images, filepath.Join(home, "images")); err != nil {
		b.Fatal(err)
	}
	return home
}
