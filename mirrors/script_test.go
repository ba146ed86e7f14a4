package mirrors

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// box is a small root filesystem: directories of its own over those of this
// machine, in a mount namespace where we are root.
type box struct {
	t   *testing.T
	dir string
}

// over are the places that a box has for itself.
var over = []string{"etc", "root", "home", "opt", "srv", "var", "usr/local"}

func newBox(t *testing.T, files map[string]string) *box {
	t.Helper()
	b := &box{t: t, dir: t.TempDir()}
	for _, dir := range append([]string{"etc/skel", "etc/profile.d", "etc/sudoers.d", "usr/local/etc", "var/lib"}, over...) {
		if err := os.MkdirAll(filepath.Join(b.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n")
	for name, text := range files {
		b.write(name, text)
	}
	if out, err := b.command("true").CombinedOutput(); err != nil {
		t.Skipf("no user namespaces here: %v: %s", err, out)
	}
	return b
}

func (b *box) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) command(script string) *exec.Cmd {
	mounts := "set -e\n"
	for _, dir := range over {
		mounts += "mount --bind " + filepath.Join(b.dir, dir) + " /" + dir + "\n"
	}
	cmd := exec.Command("unshare", "--user", "--map-root-user", "--mount", "bash", "-c", mounts+`exec bash -c "$0"`, script)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	cmd.Dir = "/"
	return cmd
}

// run runs a script and returns what it printed.
func (b *box) run(script string) string {
	b.t.Helper()
	out, err := b.command(script).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// tree is every file of the box: its mode, modification time and contents.
func (b *box) tree() map[string]string {
	b.t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(b.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, b.dir)
		if d.IsDir() {
			tree[name] = info.Mode().String()
			return nil
		}
		text, err := os.ReadFile(path)
		tree[name] = info.Mode().String() + " " + info.ModTime().String() + "\n" + string(text)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return tree
}

func (b *box) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// all is a profile with a mirror of everything.
func all(t *testing.T) *Profile {
	d := Declared{Name: "all", Entries: map[string][]string{}}
	for _, e := range Ecosystems() {
		d.Entries[e.Name] = []string{"https://one.example/" + e.Name, "https://two.example/" + e.Name}
	}
	return mustResolve(t, "all", []Declared{d})
}

const stanzas = `# comment
Types: deb
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.example/debian-security
Suites: bookworm-security
Components: main
`

// sources are package sources as images have them, with what becomes of them.
var sources = []struct{ name, file, text, want string }{
	{"deb822", "etc/apt/sources.list.d/debian.sources", stanzas,
		strings.Replace(stanzas, "http://deb.example/debian\n", "mirror+file:/etc/apt/e2bt-mirror/1.list\n", 1)},
	{"classic", "etc/apt/sources.list", "# a\ndeb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] http://deb.example/debian/ bookworm main # b\ndeb-src http://deb.example/debian/ bookworm main\ndeb http://deb.example/debian-security bookworm-security main",
		"# a\ndeb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] mirror+file:/etc/apt/e2bt-mirror/1.list bookworm main # b\ndeb-src mirror+file:/etc/apt/e2bt-mirror/1.list bookworm main\ndeb http://deb.example/debian-security bookworm-security main"},
	{"two hosts", "etc/apt/sources.list", "deb http://a.example/debian bookworm main\ndeb http://b.example/debian bookworm main\n",
		"deb mirror+file:/etc/apt/e2bt-mirror/1.list bookworm main\ndeb mirror+file:/etc/apt/e2bt-mirror/2.list bookworm main\n"},
	{"several", "etc/apt/sources.list.d/x.sources", "Types: deb\nURIs: http://a.example/debian/\n  https://b.example/other\nSuites: bookworm\nComponents: main\n contrib\n",
		"Types: deb\nURIs: mirror+file:/etc/apt/e2bt-mirror/1.list https://b.example/other\nSuites: bookworm\nComponents: main\n contrib\n"},
	{"ports, with security in the same stanza", "etc/apt/sources.list.d/ubuntu.sources", "Types: deb\nURIs: http://ports.example/ubuntu-ports/\nSuites: bookworm bookworm-security\nComponents: main universe\n",
		"Types: deb\nURIs: mirror+file:/etc/apt/e2bt-mirror/1.list\nSuites: bookworm\nComponents: main universe\n\nTypes: deb\nURIs: http://ports.example/ubuntu-ports/\nSuites: bookworm-security\nComponents: main universe\n"},
}

// foreign are sources that are somebody's own, or on a mirror already.
var foreign = map[string]string{
	"login": "deb https://me:pw@a.example/debian bookworm main\n", "machine": "deb https://b.example/debian bookworm main\n",
	"key": "deb [signed-by=/etc/apt/keyrings/corp.gpg] https://a.example/debian bookworm main\n", "trusted": "deb [trusted=yes] https://a.example/debian bookworm main\n",
	"component": "deb https://a.example/debian bookworm main corp\n", "suite": "deb https://a.example/debian internal main\n",
	"path": "deb https://a.example/docker-ce bookworm main\n", "cd": "deb cdrom:[Debian]/ bookworm main\n", "mirror": "deb https://two.example/debian bookworm main\n",
}

func TestAptSources(t *testing.T) {
	if _, err := os.Lstat("/usr/lib/apt/methods/mirror+file"); err != nil {
		t.Skip("no apt here")
	}
	p := mustResolve(t, "x", []Declared{{Name: "x", Entries: map[string][]string{
		"debian": {"https://one.example/debian", "https://two.example/debian"}, "ubuntu_ports": {"https://one.example/ubuntu-ports"},
	}}})
	for _, tt := range sources {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t, map[string]string{tt.file: tt.text, "etc/ssl/certs/ca-certificates.crt": "x"})
			before := b.tree()
			b.run(p.Prologue())
			if diff := cmp.Diff(tt.want, b.read(tt.file)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.file, diff)
			}
			b.run(p.Epilogue(Own{}))
			if diff := cmp.Diff(before, b.tree()); diff != "" {
				t.Errorf("after the build (-before +after):\n%s", diff)
			}
		})
	}
	b := newBox(t, map[string]string{"etc/apt/sources.list": "deb http://deb.example/debian bookworm main\n", "etc/apt/auth.conf.d/x": "machine b.example login me\n"})
	for name, text := range foreign {
		b.write("etc/apt/sources.list.d/"+name+".list", text)
	}
	b.run(p.Prologue())
	for name, text := range foreign {
		if got := b.read("etc/apt/sources.list.d/" + name + ".list"); got != text {
			t.Errorf("%s became %q; want it as it was", name, got)
		}
	}
	want := "http://one.example/debian/\tpriority:1\nhttp://two.example/debian/\tpriority:2\nhttp://deb.example/debian/\tpriority:99\n"
	if got := b.read("etc/apt/e2bt-mirror/1.list"); got != want {
		t.Errorf("without certificates the list is\n%s; want\n%s", got, want)
	}
}

// image is what an image may have in the places that a profile touches.
var image = map[string]string{
	"etc/apk/repositories":             "https://cdn.example/alpine/v3.22/main\n@edge https://cdn.example/alpine/edge/main\n# x\nhttps://corp.example/own\n",
	"etc/yum.repos.d/fedora.repo":      "[fedora]\nname=Fedora\n#baseurl=http://dl.example/pub/fedora/linux/releases/$releasever/os/\nmetalink=https://links.example/metalink?repo=x\ngpgcheck=1\n\n[other]\nbaseurl=https://corp.example/x\n",
	"etc/pacman.d/mirrorlist":          "Server = https://geo.example/$repo/os/$arch\n",
	"etc/pip.conf":                     "[install]\nuser = no\n[global]\ntimeout = 60\n",
	"etc/skel/.npmrc":                  "fund=false",
	"root/.npmrc":                      "@corp:registry=https://npm.corp.example/\n//npm.corp.example/:_authToken=x\n",
	"root/.cargo/config.toml":          "[net]\nretry = 3\n",
	"home/user/.config/go/env":         "GOFLAGS=-mod=mod\n",
	"usr/local/etc/gemrc":              "gem: --no-document\n",
	"etc/apt/sources.list.d/x.sources": stanzas,
}

// TestRoundTrip applies everything and undoes it: the same bytes, modes and
// times. Twice, and over what an unfinished build left.
func TestRoundTrip(t *testing.T) {
	p := all(t)
	b := newBox(t, image)
	b.run("chmod 600 /root/.npmrc; chmod 755 /etc/pip.conf; mkdir -p /home/user /home/other; touch -d 2020-01-02 /etc/pip.conf /root/.npmrc")
	before := b.tree()
	out := b.run(p.Prologue())
	if strings.Contains(out, "left") {
		t.Errorf("the prologue left something alone:\n%s", out)
	}
	applied := b.tree()
	for name, text := range map[string]string{
		"etc/apk/repositories":        "https://one.example/alpine/v3.22/main\n@edge https://one.example/alpine/edge/main\n# x\nhttps://corp.example/own\n",
		"etc/yum.repos.d/fedora.repo": "[fedora]\nbaseurl=https://one.example/fedora/releases/$releasever/os/ https://two.example/fedora/releases/$releasever/os/\nname=Fedora\n#baseurl=http://dl.example/pub/fedora/linux/releases/$releasever/os/\n#e2bt#metalink=https://links.example/metalink?repo=x\ngpgcheck=1\n\n[other]\nbaseurl=https://corp.example/x\n",
		"etc/pacman.d/mirrorlist":     "Server = https://one.example/arch/$repo/os/$arch\nServer = https://two.example/arch/$repo/os/$arch\nServer = https://geo.example/$repo/os/$arch\n",
		"etc/pip.conf":                "[install]\nuser = no\n[global]\nindex-url = https://one.example/pip/\ntimeout = 60\n",
		"root/.npmrc":                 "registry=https://one.example/npm/\naudit=false\nfetch-retries=1\nfetch-timeout=60000\n@corp:registry=https://npm.corp.example/\n//npm.corp.example/:_authToken=x\n",
		"etc/skel/.npmrc":             "registry=https://one.example/npm/\naudit=false\nfetch-retries=1\nfetch-timeout=60000\nfund=false\n",
		"home/user/.config/go/env":    "GOFLAGS=-mod=mod\nGOPROXY=https://one.example/go|https://two.example/go|direct\n",
		"home/other/.config/go/env":   "GOPROXY=https://one.example/go|https://two.example/go|direct\n",
		"etc/uv/uv.toml":              "python-install-mirror = \"https://one.example/python\"\n[[index]]\nurl = \"https://one.example/pip/\"\ndefault = true\n",
		"root/.cargo/config.toml":     "[net]\nretry = 3\n[source.crates-io]\nreplace-with = \"e2bt-mirror\"\n\n[source.e2bt-mirror]\nregistry = \"sparse+https://one.example/cargo/\"\n",
		"usr/local/etc/gemrc":         "gem: --no-document\n:sources:\n- https://one.example/gem/\n",
	} {
		if diff := cmp.Diff(text, b.read(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	b.run(p.Prologue())
	if diff := cmp.Diff(untimed(applied), untimed(b.tree())); diff != "" {
		t.Errorf("a second prologue changes something (-first +second):\n%s", diff)
	}
	b.run(p.Epilogue(Own{}))
	if diff := cmp.Diff(before, b.tree()); diff != "" {
		t.Errorf("after the build (-before +after):\n%s", diff)
	}
}

// TestSmallImage: the smallest images have no /var/lib to keep the state in.
func TestSmallImage(t *testing.T) {
	p := all(t)
	b := newBox(t, nil)
	if err := os.Remove(filepath.Join(b.dir, "var/lib")); err != nil {
		t.Fatal(err)
	}
	before := b.tree()
	b.run(p.Prologue())
	b.run(p.Prologue())
	b.run(p.Epilogue(Own{}))
	if diff := cmp.Diff(before, b.tree()); diff != "" {
		t.Errorf("after the build (-before +after):\n%s", diff)
	}
}

// untimed leaves out times, and the state, which holds some.
func untimed(tree map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range tree {
		_, rest, file := strings.Cut(text, "\n")
		if !strings.HasPrefix(name, "/var/lib/e2bt-mirror") {
			if file {
				text = text[:10] + rest
			}
			out[name] = text
		}
	}
	return out
}

// TestOwnSources: what an image says itself stays, in every place.
func TestOwnSources(t *testing.T) {
	own := map[string]string{
		"etc/pip.conf":                  "[global]\nindex-url = https://pypi.corp.example/simple\n",
		"root/.npmrc":                   "registry = https://npm.corp.example/\n",
		"root/.yarnrc.yml":              "npmRegistryServer: https://npm.corp.example/\n",
		"root/.config/go/env":           "GOPROXY=https://go.corp.example\n",
		"root/.cargo/config.toml":       "[source.crates-io]\nreplace-with = \"corp\"\n",
		"etc/gemrc":                     ":sources:\n- https://gems.corp.example/\n",
		"root/.m2/settings.xml":         "<settings/>\n",
		"etc/conda/condarc.d/other.yml": "channel_alias: https://conda.corp.example\n",
	}
	b := newBox(t, own)
	b.write("etc/uv/uv.toml", "[[index]]\nurl = \"https://pypi.corp.example/simple\"\n")
	if out := b.run(all(t).Prologue()); strings.Contains(out, stateDir) || !strings.Contains(out, "/etc/uv/uv.toml has a source of its own") {
		t.Errorf("the prologue says\n%s; want the image's own files", out)
	}
	for name, text := range own {
		if got := b.read(name); got != text {
			t.Errorf("%s became %q; want it as it was", name, got)
		}
	}
	if got := b.read("etc/uv/uv.toml"); strings.Contains(got, "example/pip") || !strings.Contains(got, "example/python") {
		t.Errorf("etc/uv/uv.toml became %q; want no second index, but interpreters", got)
	}
	b = newBox(t, map[string]string{
		"etc/xdg/pip/pip.conf": "[global]\nindex-url=https://pypi.corp.example/simple\n", "etc/npmrc": "registry=https://npm.corp.example/\n",
	})
	b.run(all(t).Prologue())
	for _, name := range []string{"etc/pip.conf", "root/.npmrc"} {
		if _, err := os.Stat(filepath.Join(b.dir, name)); err == nil {
			t.Errorf("%s was written over what a file below it says", name)
		}
	}
}

// TestChangedMeanwhile: what a template does to the same files stays, and what
// is the mirror's goes.
func TestChangedMeanwhile(t *testing.T) {
	b := newBox(t, image)
	p := all(t)
	b.run(p.Prologue())
	b.run(`set -e
printf '[global]\nindex-url = https://pypi.corp.example/simple\n' >/etc/pip.conf
printf 'registry = https://one.example/npm/\nsave-exact = true\naudit = false\n@corp:registry = https://npm.corp.example/\n' >/root/.npmrc
sed -i 's/Components: main/Components: main contrib/' /etc/apt/sources.list.d/x.sources
cp /etc/apt/sources.list.d/x.sources /etc/apt/sources.list.d/y.sources
echo '# mine' >>/etc/yum.repos.d/fedora.repo
echo https://corp.example/more >>/etc/apk/repositories
echo GONOSUMDB=corp.example >>/home/user/.config/go/env
rm /etc/skel/.npmrc
mkdir -p /home/late && cp -r /etc/skel/. /home/late/
chmod 600 /usr/local/etc/gemrc
mkdir -p /root/.cargo/bin && touch /root/.cargo/bin/tool
echo 'save-exact=true' >>/home/user/.npmrc
`)
	out := b.run(p.Epilogue(Own{}))
	if !strings.Contains(out, "/etc/pip.conf was changed during the build, too") {
		t.Errorf("the epilogue does not say what it kept:\n%s", out)
	}
	apt := strings.ReplaceAll(stanzas, "Components: main", "Components: main contrib")
	for name, want := range map[string]string{
		"etc/pip.conf":                     "[global]\nindex-url = https://pypi.corp.example/simple\n",
		"root/.npmrc":                      "save-exact = true\naudit = false\n@corp:registry = https://npm.corp.example/\n",
		"etc/apt/sources.list.d/x.sources": apt,
		"etc/apt/sources.list.d/y.sources": apt,
		"etc/yum.repos.d/fedora.repo":      image["etc/yum.repos.d/fedora.repo"] + "# mine\n",
		"etc/apk/repositories":             image["etc/apk/repositories"] + "https://corp.example/more\n",
		"home/user/.config/go/env":         image["home/user/.config/go/env"] + "GONOSUMDB=corp.example\n",
		"usr/local/etc/gemrc":              image["usr/local/etc/gemrc"],
		"root/.cargo/config.toml":          image["root/.cargo/config.toml"],
		"home/user/.npmrc":                 "save-exact=true\n",
	} {
		if diff := cmp.Diff(want, b.read(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"etc/skel/.npmrc", "home/late/.m2", "home/late/.config", "var/lib/e2bt-mirror", "etc/uv"} {
		if _, err := os.Lstat(filepath.Join(b.dir, name)); err == nil {
			t.Errorf("%s is there after the build", name)
		}
	}
	if info, err := os.Stat(filepath.Join(b.dir, "usr/local/etc/gemrc")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the template's chmod of gemrc was undone: %v %v", info.Mode(), err)
	}
}

// TestLeftBehind: the epilogue finds a mirror's name wherever a tool may have
// put it, and not where it is none of ours.
func TestLeftBehind(t *testing.T) {
	p := all(t)
	tests := []struct {
		own         Own
		left, other []string
	}{
		{
			left: []string{"etc/foo", "home/user/app/notes.txt", "var/lib/dpkg/foo", "home/user/.cache/one.example-123/y", "home/user/app/node_modules/.state"},
		},
		{
			own:   Own{Files: []string{"app/README.md"}, Hosts: []string{"two.example"}},
			left:  []string{"home/user/app/XREADME.md"},
			other: []string{"home/user/app/README.md", "home/user/app/node_modules/pkg/README.md", "usr/local/lib/python3/site-packages/x.py", "etc/two.example"},
		},
		{
			other: []string{"opt/app/node_modules/one.example/x", "home/user/.cache/pip/one.example"},
		},
	}
	for _, tt := range tests {
		b := newBox(t, map[string]string{"etc/mirrors.txt": "https://one.example/pip"})
		b.run(p.Prologue())
		for _, name := range append(tt.left, tt.other...) {
			b.write(name, "see https://"+map[bool]string{true: "two", false: "one"}[strings.Contains(name, "two.example")]+".example/x")
		}
		out, err := b.command(p.Epilogue(tt.own)).CombinedOutput()
		if failed := err != nil; failed != (len(tt.left) > 0) {
			t.Errorf("with %v: %v\n%s", tt.left, err, out)
		}
		for _, name := range tt.left {
			if !strings.Contains(string(out), "/"+name+": ") {
				t.Errorf("the message does not name /%s:\n%s", name, out)
			}
		}
		for _, name := range append(tt.other, "etc/mirrors.txt") {
			if strings.Contains(string(out), "/"+name+": ") {
				t.Errorf("the message names /%s:\n%s", name, out)
			}
		}
	}
	b := newBox(t, nil)
	b.run(p.Prologue() + "\nrm -r " + stateDir)
	if out, err := b.command(p.Epilogue(Own{})).CombinedOutput(); err == nil || !strings.Contains(string(out), stateDir+" is gone") {
		t.Errorf("an epilogue without its state = %v\n%s", err, out)
	}
}

func TestVariables(t *testing.T) {
	b := newBox(t, nil)
	p := all(t)
	b.run(p.Prologue())
	got := b.run(`PRISMA_ENGINES_MIRROR=own; . /etc/profile.d/e2bt-mirror.sh; printf '%s\n' "$CYPRESS_DOWNLOAD_PATH_TEMPLATE" "$PRISMA_ENGINES_MIRROR" "$RUSTUP_DIST_SERVER"`)
	want := "https://one.example/cypress/${version}/${platform}-${arch}/cypress.zip\nown\nhttps://one.example/rustup\n"
	if got != want {
		t.Errorf("variables are\n%s; want\n%s", got, want)
	}
	sudoers := b.read("etc/sudoers.d/e2bt-mirror")
	for _, e := range Ecosystems() {
		for name := range e.Env {
			if !strings.Contains(sudoers, name) {
				t.Errorf("sudo drops %s", name)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(b.dir, "etc/sudoers.d/e2bt-mirror")); err != nil || info.Mode().Perm() != 0o440 {
		t.Errorf("mode of the sudoers file: %v, %v", info.Mode(), err)
	}
}

func TestBake(t *testing.T) {
	b := newBox(t, image)
	p := *all(t)
	p.Bake = true
	b.run(p.Prologue())
	b.run(p.Epilogue(Own{}))
	if note := b.read("etc/e2bt-mirror"); !strings.Contains(note, "profile all of e2bt, on purpose") || !strings.Contains(note, "\n/etc/pip.conf\n") {
		t.Errorf("the note says\n%s", note)
	}
	if !strings.Contains(b.read("etc/pip.conf"), "one.example") {
		t.Errorf("the mirror was not kept")
	}
	baked := b.tree()
	q := all(t) // a template based on it leaves it alone
	b.run(q.Prologue())
	b.run(q.Epilogue(Own{}))
	if diff := cmp.Diff(untimed(baked), untimed(b.tree())); diff != "" {
		t.Errorf("a build on a baked base changes it (-before +after):\n%s", diff)
	}
}

// TestSafe: links and foreign state are not followed.
func TestSafe(t *testing.T) {
	b := newBox(t, map[string]string{"etc/important": "x"})
	b.run("mkdir -p /home/user && ln -s /etc/important /home/user/.npmrc && ln -s /etc /home/evil")
	out := b.run(all(t).Prologue())
	if b.read("etc/important") != "x" || !strings.Contains(out, "/home/user/.npmrc is no plain file") {
		t.Errorf("a link was followed:\n%s", out)
	}
	b = newBox(t, nil)
	b.run("mkdir -m 777 " + stateDir)
	if out, err := b.command(all(t).Prologue()).CombinedOutput(); err == nil || !strings.Contains(string(out), "does not belong to root alone") {
		t.Errorf("state that others can write = %v\n%s", err, out)
	}
}
