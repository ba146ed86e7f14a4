package local_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/e2b"
)

// gzipped packs files as a client does.
func gzipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(tarOf(t, files)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func hashOf(archive []byte) string {
	sum := sha256.Sum256(archive)
	return hex.EncodeToString(sum[:])
}

// uploaded stores an archive and returns its hash.
func (a *api) uploaded(archive []byte) string {
	a.t.Helper()
	hash := hashOf(archive)
	reg := a.register("uploads")
	err := a.client.UploadFile(context.Background(), reg.TemplateID, hash, func() (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(archive)), int64(len(archive)), nil
	}, nil)
	if err != nil {
		a.t.Fatalf("UploadFile: %v", err)
	}
	return hash
}

func TestStepsFail(t *testing.T) {
	t.Parallel()
	a := start(t)
	missing := strings.Repeat("0", 64)
	for _, c := range []struct {
		step   e2b.Step
		reason string
	}{
		{step("HEALTHCHECK", "x"), "failed to get command for step HEALTHCHECK: command type HEALTHCHECK is not implemented"},
		{step("", "x"), "failed to get command for step : command type  is not implemented"},
		{step("RUN"), "RUN requires a command argument"},
		{run("exit 100"), "failed to run command 'exit 100': exit status 100"},
		{run("nosuch --x"), "failed to run command 'nosuch --x': exit status 127"},
		{step("RUN", "whoami", "root123"), "failed to run command 'whoami': command failed: unauthenticated: invalid username: 'root123'"},
		{step("RUN", "echo \x00"), "RUN: an argument holds a NUL byte"},
		{step("ENV"), "ENV requires both a key and value arguments"},
		{step("ENV", "A"), "ENV requires both a key and value arguments"},
		{step("ARG", "A", "1", "B"), "ARG requires both a key and value arguments"},
		{step("ENV", "", "1"), "ENV: '' is no name of a variable"},
		{step("ENV", "A=B", "1"), "ENV: 'A=B' is no name of a variable"},
		{step("WORKDIR"), "WORKDIR requires a path argument"},
		{step("WORKDIR", ""), "WORKDIR requires a path argument"},
		{step("USER"), "USER requires a name argument"},
		{step("COPY", "a"), "COPY requires a source and a destination argument"},
		{step("COPY", "a", "/b"), "COPY requires a files hash"},
		{e2b.Step{Type: "ADD", Args: []string{"a", "/b"}, FilesHash: "../../etc/passwd"}, "ADD requires a files hash"},
		{e2b.Step{Type: "COPY", Args: []string{"a", "/b"}, FilesHash: missing}, "failed to move files in sandbox: the files of " + missing + " were not uploaded"},
	} {
		a.failed(e2b.Build{Steps: []e2b.Step{run("true"), c.step}}, "2", c.reason)
	}
}

// TestMissingWorkdir: a directory that a later step takes away.
func TestMissingWorkdir(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.failed(e2b.Build{Steps: []e2b.Step{step("WORKDIR", "/srv/app"), run("rm -rf /srv/app"), run("true")}}, "3",
		"failed to run command 'true': command failed: invalid_argument: cwd '/srv/app' does not exist")
}

func TestSteps(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, c := range []struct {
		name  string
		steps []e2b.Step // the last one says what it sees
		want  string
	}{
		{"first context", []e2b.Step{run("whoami; pwd; echo $HOME")}, "user\n/home/user\n/home/user"},
		{"user of one step", []e2b.Step{{Type: "RUN", Args: []string{"whoami; pwd", "root"}}}, "root\n/root"},
		{"no user given", []e2b.Step{{Type: "RUN", Args: []string{"whoami", ""}}}, "user"},
		{"user", []e2b.Step{step("USER", "ann"), run("whoami; pwd")}, "ann\n/home/ann"},
		{"user and back", []e2b.Step{step("USER", "root"), step("USER", "user"), run("whoami")}, "user"},
		{"workdir", []e2b.Step{step("WORKDIR", "/srv/app"), run("pwd")}, "/srv/app"},
		{"workdir below a workdir", []e2b.Step{step("WORKDIR", "/srv"), step("WORKDIR", "a/../b"), run("pwd")}, "/srv/b"},
		{"relative workdir", []e2b.Step{step("WORKDIR", "app"), run("pwd")}, "/app"},
		{"workdir and user", []e2b.Step{step("WORKDIR", "/srv"), {Type: "RUN", Args: []string{"pwd", "root"}}}, "/srv"},
		{"env", []e2b.Step{step("ENV", "A", "1", "B", "x y"), run("echo $A-$B")}, "1-x y"},
		{"env of root", []e2b.Step{step("ENV", "A", "$HOME/$NONE!"), run("echo $A")}, "/root/!"},
		{"no context in an expansion", []e2b.Step{step("ENV", "A", "1"), step("ENV", "B", "[$A]"), run("echo $B")}, "[]"},
		{"env again", []e2b.Step{step("ENV", "A", "1"), step("ENV", "A", "2"), run("echo $A")}, "2"},
		{"env without a value", []e2b.Step{step("ENV", "A", ""), run("echo [${A-unset}]")}, "[]"},
		{"arg stays", []e2b.Step{step("ARG", "A", "1"), run("echo $A")}, "1"},
		{"lower case", []e2b.Step{step("env", "A", "1"), step("run", "echo $A")}, "1"},
		{"path", []e2b.Step{step("ENV", "PATH", "/opt/bin"), run("echo $PATH")}, "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"layers", []e2b.Step{run("echo 1 > a"), run("echo 2 >> a"), run("cat a")}, "1\n2"},
	} {
		f := a.ready("web", c.steps...)
		if got := f.stdout(lastStep(c.steps)); got != c.want {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
}

func lastStep(steps []e2b.Step) string { return string(rune('0' + len(steps))) }

// TestCacheKeys: what a layer depends on, and what it does not.
func TestCacheKeys(t *testing.T) {
	t.Parallel()
	a := start(t)
	one, two := a.uploaded(gzipped(t, map[string]string{"a": "1"})), a.uploaded(gzipped(t, map[string]string{"a": "2"}))
	cp := func(hash string, args ...string) e2b.Step { return e2b.Step{Type: "COPY", Args: args, FilesHash: hash} }
	a.ready("web", run("true"), cp(one, "a", "/srv/a"))
	for _, c := range []struct {
		name   string
		steps  []e2b.Step
		cached bool // the last step
	}{
		{"the same", []e2b.Step{run("true"), cp(one, "a", "/srv/a")}, true},
		{"other files", []e2b.Step{run("true"), cp(two, "a", "/srv/a")}, false},
		{"other owner", []e2b.Step{run("true"), cp(one, "a", "/srv/a", "root")}, false},
		{"other step before", []e2b.Step{run("true "), cp(one, "a", "/srv/a")}, false},
		{"args cut elsewhere", []e2b.Step{run("true"), cp(one, "a /srv/a", "")}, false},
	} {
		f := a.build("other", e2b.Build{Steps: c.steps})
		want := "CACHED [builder 2/2] COPY"
		if got := strings.Contains(shape(f), want); got != c.cached {
			t.Errorf("%s: cached %v; want %v:\n%s", c.name, got, c.cached, shape(f))
		}
	}
	// Resources are not in the key.
	reg := a.register("big")
	status, text := a.call("POST", "/v3/templates", `{"name":"big","cpuCount":8,"memoryMB":4096}`)
	if status != http.StatusAccepted {
		t.Fatal(text)
	}
	reg.BuildID = fields(t, text)["buildID"].(string)
	a.trigger(reg, e2b.Build{Steps: []e2b.Step{run("true")}})
	if f := a.follow(reg); !strings.Contains(shape(f), "CACHED [builder 1/1] RUN true") {
		t.Errorf("another size makes another layer:\n%s", shape(f))
	}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	a := start(t)
	hash := a.uploaded(gzipped(t, map[string]string{"app/a.txt": "a", "app/sub/b.txt": "b", "one.txt": "1"}))
	cp := func(args ...string) e2b.Step { return e2b.Step{Type: "COPY", Args: args, FilesHash: hash} }
	f := a.ready("web", cp("app/", "/srv", "", ""), cp("one.txt", "/srv/in/"), cp("one.txt", "/srv/as"), cp("app/*", "rel"), run("cat /srv/a.txt /srv/sub/b.txt /srv/in/one.txt /srv/as rel/a.txt"))
	if got := f.stdout("5"); got != "ab11a" {
		t.Errorf("the files: %q; want %q", got, "ab11a")
	}
	a.failed(e2b.Build{Steps: []e2b.Step{cp("none", "/srv")}}, "1", "failed to move files in sandbox: source \"none\" is not in the archive")
}

// TestDamagedArchive: an archive that cannot be read fails the build, and is
// uploaded again by the next one.
func TestDamagedArchive(t *testing.T) {
	t.Parallel()
	a := start(t)
	archive := gzipped(t, map[string]string{"a": strings.Repeat("long enough to be cut ", 100)})
	hash := a.uploaded(archive)
	path := filepath.Join(a.home, "files", hash+".tar.gz")
	if err := os.WriteFile(path, archive[:len(archive)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	cp := e2b.Step{Type: "COPY", Args: []string{"a", "/a"}, FilesHash: hash}
	f := a.build("web", e2b.Build{Steps: []e2b.Step{cp}})
	if f.Status != e2b.StateError || f.Reason.Step != "1" || !strings.HasPrefix(f.Reason.Message, "failed to move files in sandbox: ") {
		t.Errorf("copying half an archive: %s %+v", f.Status, f.Reason)
	}
	if link := get[e2b.FileLink](a, "/templates/web/files/"+hash); link.Present {
		t.Error("the damaged archive still counts as present")
	}
	a.uploaded(archive)
	a.ready("web", cp)
}

// TestStart: the ends of start and ready commands.
func TestStart(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.failed(e2b.Build{StartCmd: "echo no 1>&2; exit 3", ReadyCmd: "sleep 600"}, "finalize", "start command failed: error running start command: exit status 3")
	a.failed(e2b.Build{StartCmd: "nosuch", ReadyCmd: "false"}, "finalize", "start command failed: error running start command: exit status 127")
	for _, b := range []e2b.Build{
		{StartCmd: "true", ReadyCmd: "[ -d /tmp ]"},
		{StartCmd: "sleep 600", ReadyCmd: "true"},
		{ReadyCmd: "true"},
		{StartCmd: "echo > /tmp/up; exit 0", ReadyCmd: "[ -e /tmp/up ]"},
	} {
		if f := a.build("web", b); f.Status != e2b.StateReady {
			t.Errorf("start %q, ready %q: %s %+v", b.StartCmd, b.ReadyCmd, f.Status, f.Reason)
		}
	}
	// What a start command leaves is in the template.
	if got := a.output(a.sandbox("web"), "[ -e /tmp/up ] && echo up"); got != "up" {
		t.Errorf("in the sandbox: %q; want up", got)
	}
}
