package mirrors_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/e2bt/e2bt/mirrors/mirrortest"
)

func TestMain(m *testing.M) {
	engine.Child()
	os.Exit(m.Run())
}

// machine is a sandbox on the base image whose only way out is the mirror:
// everything else goes to a proxy that refuses and counts.
type machine struct {
	t       *testing.T
	box     *engine.Sandbox
	upper   string
	outside atomic.Int32
	said    []string // what was asked of the proxy
}

// baseImage is the image that `e2bt image bootstrap` has made.
func baseImage(t *testing.T) *image.Image {
	t.Helper()
	if os.Getenv("E2BT_E2E") != "local" {
		t.Skip("needs registries and a base image: set E2BT_E2E=local")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	home := os.Getenv("E2BT_HOME")
	if home == "" {
		dir, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		home = filepath.Join(dir, ".local/share/e2bt")
	}
	store, err := image.Open(filepath.Join(home, "images"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := store.List()
	if err != nil || len(list) == 0 {
		t.Fatalf("no base image (%v): run `e2bt image bootstrap` first", err)
	}
	return list[0]
}

// newMachine opens a sandbox; with closed, nothing but loopback is reached.
func newMachine(t *testing.T, img *image.Image, tools string, closed bool) *machine {
	t.Helper()
	m := &machine{t: t}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.outside.Add(1)
		t.Logf("asked for the outside: %s %s", r.Method, r.Host)
		http.Error(w, "no way out", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	refuse, loopback := proxy.URL, "127.0.0.1"
	if !closed {
		refuse, loopback = "", ""
	}
	for _, name := range []string{"http_proxy", "https_proxy"} {
		t.Setenv(name, refuse)
		t.Setenv(strings.ToUpper(name), refuse)
	}
	t.Setenv("no_proxy", loopback)
	t.Setenv("NO_PROXY", loopback)
	e, err := engine.New()
	if err != nil {
		t.Skipf("needs the local engine: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	dir := t.TempDir()
	m.upper = filepath.Join(dir, "upper")
	for _, d := range []string{m.upper, filepath.Join(dir, "work")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.box, err = e.Open(t.Context(), engine.Spec{Lowers: []string{tools, img.Rootfs}, Upper: m.upper, Work: filepath.Join(dir, "work"), Hostname: "box"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.box.Close() })
	if err := m.box.AddUser("user", true); err != nil {
		t.Fatal(err)
	}
	return m
}

// run does what a RUN step does.
func (m *machine) run(user, script string) (string, int) {
	m.t.Helper()
	var out bytes.Buffer
	exit, err := m.box.Run(m.t.Context(), engine.Command{
		Args: []string{"/bin/bash", "-l", "-c", script}, User: user, Stdout: &out, Stderr: &out,
		Env: []string{"PATH=" + engine.DefaultPath, "DEBIAN_FRONTEND=noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK=1"},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return out.String(), exit.Code
}

func (m *machine) must(user, script string) string {
	m.t.Helper()
	out, code := m.run(user, script)
	if code != 0 {
		m.t.Fatalf("as %s: %s\nexit code %d\n%s", user, script, code, out)
	}
	return out
}

// tools is a layer with the Go and the Rust of this machine, where it has them.
func tools(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "e2bt-tools-") // hard links want the same file system
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.MkdirAll(filepath.Join(dir, "usr/local/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // it becomes the root directory
		t.Fatal(err)
	}
	link := func(from, to string) {
		if out, err := exec.Command("cp", "-al", from, filepath.Join(dir, "usr/local", to)).CombinedOutput(); err != nil {
			t.Logf("no %s: %v %s", to, err, out)
		}
	}
	if root, err := exec.Command("go", "env", "GOROOT").Output(); err == nil {
		link(strings.TrimSpace(string(root)), "go")
	}
	if root, err := exec.Command("rustc", "--print", "sysroot").Output(); err == nil {
		link(strings.TrimSpace(string(root)), "rust")
	}
	for name, target := range map[string]string{"go": "../go/bin/go", "cargo": "../rust/bin/cargo", "rustc": "../rust/bin/rustc"} {
		if err := os.Symlink(target, filepath.Join(dir, "usr/local/bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loop is a profile of one mirror on loopback, for everything that has a route.
func loop(m *mirrortest.Mirror) *mirrors.Profile {
	d := mirrors.Declared{Name: "loop", Entries: map[string][]string{
		"debian": {m.URL + "/debian"}, "debian_security": {m.URL + "/debian-security"}, "pip": {m.URL + "/simple"},
		"npm": {m.URL + "/npm"}, "go": {m.URL + "/go"}, "cargo": {m.URL + "/crates/"},
	}}
	p, err := mirrors.Resolve("loop", []mirrors.Declared{d})
	if err != nil {
		panic(err)
	}
	return p
}

// installs are what templates do, with the route that they have to take.
var installs = []struct{ route, user, script string }{
	{"debian", "root", "apt-get update -q && apt-get install -y -q --no-install-recommends bc"},
	{"debian", "user", "sudo apt-get install -y -q --no-install-recommends ed"},
	{"simple", "root", "pip install --root-user-action=ignore idna uv==0.9.30"},
	{"simple", "user", "pip install --user tomli"},
	{"simple", "user", "sudo pip install toml"},
	{"simple", "root", "uv pip install --system --link-mode copy sniffio"},
	{"simple", "user", "uv venv -q v && uv pip install -p v/bin/python h11"},
	{"simple", "user", "sudo uv pip install --system --link-mode copy certifi"},
	{"npm", "root", "npm install -g is-odd yarn@1.22.22 pnpm@9.15.9 bun@1.2.23 && npm install -g --prefix /opt/corepack corepack@0.29.4"},
	{"npm", "user", "mkdir app && cd app && npm init -y >/dev/null && npm install is-even"},
	{"npm", "user", "sudo npm install -g is-number"},
	{"npm", "user", "mkdir p && cd p && echo '{}' >package.json && pnpm add is-odd"},
	{"npm", "root", "mkdir -p /srv/p && cd /srv/p && echo '{}' >package.json && pnpm add is-number"},
	{"npm", "user", "mkdir y && cd y && echo '{}' >package.json && yarn add is-odd"},
	{"npm", "user", "mkdir b && cd b && echo '{}' >package.json && bun add is-odd"},
	{"npm", "user", "mkdir y4 && cd y4 && echo '{}' >package.json && touch yarn.lock && /opt/corepack/bin/corepack yarn@4.5.3 add is-odd"},
	{"npm", "user", "cd /srv/p && sudo pnpm add is-odd"},
	{"go", "root", "mkdir -p /srv/g && cd /srv/g && go mod init x && go get golang.org/x/text@v0.14.0"},
	{"go", "user", "mkdir g && cd g && go mod init x && go get golang.org/x/mod@v0.20.0"},
	{"go", "user", "cd /srv/g && sudo go get golang.org/x/sync@v0.10.0"},
	{"crates", "root", "mkdir -p /srv/c/src && cd /srv/c && touch src/lib.rs && printf '[package]\\nname=\"x\"\\nversion=\"0.1.0\"\\n[dependencies]\\ncfg-if=\"1\"\\n' >Cargo.toml && cargo fetch"},
	{"crates", "user", "mkdir -p c/src && cd c && touch src/lib.rs && printf '[package]\\nname=\"x\"\\nversion=\"0.1.0\"\\n[dependencies]\\nitoa=\"1\"\\n' >Cargo.toml && cargo fetch"},
	{"crates", "user", "cd /srv/c && sudo cargo fetch"},
}

// TestEverythingThroughTheMirror builds with real package managers, as root,
// as user and through sudo. Every request goes to the mirror, none elsewhere,
// and what is left is what a build without a mirror leaves.
func TestEverythingThroughTheMirror(t *testing.T) {
	img := baseImage(t)
	m := mirrortest.Start(t, aptSources(t, img))
	p, layer := loop(m), tools(t)

	with := newMachine(t, img, layer, true)
	t.Log(with.must("root", p.Prologue()))
	for _, in := range installs {
		if !m.Has(in.route) {
			t.Logf("left out, since this machine has no %s: %s", in.route, in.script)
			continue
		}
		m.Take()
		out, code := with.run(in.user, in.script)
		if code != 0 {
			t.Errorf("as %s: %s\nexit code %d\n%s", in.user, in.script, code, out)
		}
		got := m.Take()
		n := mirrortest.Count(got, in.route)
		t.Logf("%4d requests, as %s: %s", n, in.user, in.script)
		if n == 0 && !strings.HasSuffix(in.script, "cargo fetch") {
			t.Errorf("no request went to the mirror, as %s: %s\n%s", in.user, in.script, out)
		}
		if out := with.outside.Swap(0); out != 0 {
			t.Errorf("%d requests went elsewhere, as %s: %s", out, in.user, in.script)
		}
	}
	t.Log(with.must("root", p.Epilogue(mirrors.Own{})))
	with.outside.Store(0)
	compare(t, m, with, img, layer)
}

func aptSources(t *testing.T, img *image.Image) string {
	t.Helper()
	var all strings.Builder
	files, err := filepath.Glob(filepath.Join(img.Rootfs, "etc/apt/sources.list.d/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join(img.Rootfs, "etc/apt/sources.list")) {
		text, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteString("\n")
	}
	return all.String()
}

// compare does the same without a mirror and compares what both left.
func compare(t *testing.T, m *mirrortest.Mirror, with *machine, img *image.Image, layer string) {
	without := newMachine(t, img, layer, false)
	for _, in := range installs {
		if m.Has(in.route) && !strings.HasPrefix(in.script, "mkdir y") { // whose own registry this machine may not reach
			without.must(in.user, in.script)
		}
	}
	host := strings.TrimPrefix(m.URL, "http://")
	names := paths(t, with)
	for _, name := range names {
		if text := with.look(t, name, img); strings.Contains(text, host) || strings.Contains(name, "127.0.0.1") {
			t.Errorf("%s names the mirror", name)
		}
	}
	compared := 0
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append(names, paths(t, without)...)))) {
		if caches.MatchString(name) {
			continue
		}
		compared++
		if a, b := with.look(t, name, img), without.look(t, name, img); a != b {
			t.Errorf("%s differs:\n  with a mirror: %.300q\n  without:       %.300q", name, a, b)
		}
	}
	t.Logf("%d paths compared", compared)
}

// caches are what the cleanup removes, what no two installs leave alike, and
// what was left out of one of the two.
var caches = regexp.MustCompile(`^/var/(cache|log|lib/apt/lists)(/|$)|^/(root|home/user)/(\.cache|\.npm|\.bun|\.cargo|\.yarn|\.config/go/telemetry|\.config/yarn|\.local/share/pnpm|\.local/state)(/|$)` +
	`|/__pycache__(/|$)|\.pyc$|^/usr/local/share/\.cache|^/srv/.pnpm-store|/bun\.lockb?$|^/tmp(/|$)|^/home/user/(y|y4|\.yarnrc)(/|$)|/\.local/share/yarn|^/home/user/\.local/share$`)

// times are fields of files that hold when something was done.
var times = regexp.MustCompile(`(?m)"?(prunedAt|lastValidatedTimestamp)"?: .*$|lastUpdateCheck.*$|^# created.*$`)

// paths lists what a machine's layer holds.
func paths(t *testing.T, m *machine) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(m.upper, func(path string, _ fs.DirEntry, err error) error {
		if name := strings.TrimPrefix(path, m.upper); name != "" {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// look is what a path is: mode, owner, contents; what the layer does not hold
// is as the image has it.
func (m *machine) look(t *testing.T, name string, img *image.Image) string {
	t.Helper()
	for _, root := range []string{m.upper, img.Rootfs} {
		info, err := os.Lstat(root + name)
		if err != nil {
			continue
		}
		stat := info.Sys().(*syscall.Stat_t)
		text := fmt.Sprintf("%v %d:%d ", info.Mode(), stat.Uid, stat.Gid)
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(root + name)
			if err != nil {
				t.Fatal(err)
			}
			if len(content) < 64<<10 {
				content = times.ReplaceAll(content, nil)
			}
			text += string(content)
		}
		return text
	}
	return "not there"
}
