//go:build unix

package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder/archive"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// tree makes files of "name=text", directories of "name/", links of
// "name->target" and executable files of "name=!text".
func tree(t testing.TB, specs ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, spec := range specs {
		if err := add(dir, spec); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func add(dir, spec string) error {
	if name, target, ok := strings.Cut(spec, "->"); ok {
		at := filepath.Join(dir, name)
		return errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.Symlink(target, at))
	}
	name, text, isFile := strings.Cut(spec, "=")
	at := filepath.Join(dir, name)
	if !isFile {
		return os.MkdirAll(at, 0o755)
	}
	mode := os.FileMode(0o644)
	if strings.HasPrefix(text, "!") {
		mode = 0o755
	}
	return errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(text), mode))
}

func scan(t testing.TB, dir, from string, ignore ...string) *archive.Tree {
	t.Helper()
	tr, err := archive.Scan(dir, from, archive.Options{Ignore: ignore})
	if err != nil {
		t.Fatalf("Scan(%q): %v", from, err)
	}
	return tr
}

func key(t testing.TB, tr *archive.Tree) string {
	t.Helper()
	k, err := tr.Key()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func pack(t testing.TB, tr *archive.Tree) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := tr.Pack(context.Background(), &buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// members lists an archive as tree has it.
func members(t testing.TB, packed []byte) []string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.ModTime.Year() != 2000 {
			t.Errorf("%s: owner %d:%d %q:%q, time %s; want none and 2000", h.Name, h.Uid, h.Gid, h.Uname, h.Gname, h.ModTime)
		}
		all = append(all, member(t, h, string(text)))
	}
}

func member(t testing.TB, h *tar.Header, text string) string {
	modes := map[byte]int64{tar.TypeDir: 0o755, tar.TypeSymlink: 0o777, tar.TypeReg: 0o644}
	if strings.HasPrefix(text, "!") {
		modes[tar.TypeReg] = 0o755
	}
	if h.Mode != modes[h.Typeflag] && h.Name != ".dockerignore" {
		t.Errorf("%s: mode %o; want %o", h.Name, h.Mode, modes[h.Typeflag])
	}
	switch h.Typeflag {
	case tar.TypeSymlink:
		return h.Name + "->" + h.Linkname
	case tar.TypeReg:
		return h.Name + "=" + text
	}
	return h.Name
}

// TestScan has every form of from.
func TestScan(t *testing.T) {
	dir := tree(t, "app/a.py=a", "app/b.txt=b", "app/run=!c", "app/sub/c.py=d", "app/sub/deep/", "app/link->a.py", "app/broken->nowhere",
		"app/dirlink->sub", "one=1", ".hidden=h", "app/.hidden=h", "to-dir->app", "to-file->one", "in/to-dir->../app")
	tests := []struct {
		from string
		want string
	}{
		{"one", "one=1"},
		{"./one", "one=1"},
		{"app/../one", "one=1"},
		{"app/sub", "app/sub/ app/sub/c.py=d app/sub/deep/"},
		{"app/sub/", "app/sub/ app/sub/c.py=d app/sub/deep/"},
		{"app", "app/ app/.hidden=h app/a.py=a app/b.txt=b app/broken->nowhere app/dirlink->sub app/link->a.py app/run=!c app/sub/ app/sub/c.py=d app/sub/deep/"},
		{"app/*.py", "app/a.py=a"},
		{"app/**/*.py", "app/a.py=a app/sub/c.py=d"},
		{"app/s*", "app/sub/ app/sub/c.py=d app/sub/deep/"},
		{"app/[ab].*", "app/a.py=a app/b.txt=b"},
		{"app/l*", "app/link->a.py"},
		{"*/sub/c.??", "app/sub/c.py=d"},
		{"app/link", "app/link=a"}, // what a link is named for is its target
		{"to-file", "to-file=1"},
		{"to-dir/sub", "to-dir/sub/ to-dir/sub/c.py=d to-dir/sub/deep/"},
		{"in/to-dir/s*", "in/to-dir/sub/ in/to-dir/sub/c.py=d in/to-dir/sub/deep/"},
		{"app/dirlink", "app/dirlink/ app/dirlink/c.py=d app/dirlink/deep/"},
	}
	for _, tt := range tests {
		got := strings.Join(members(t, pack(t, scan(t, dir, tt.from))), " ")
		if got != tt.want {
			t.Errorf("Scan(%q) = %s; want %s", tt.from, got, tt.want)
		}
	}
	whole := members(t, pack(t, scan(t, dir, ".")))
	if !slices.Contains(whole, ".hidden=h") || !slices.Contains(whole, "app/sub/c.py=d") || !slices.Contains(whole, "to-dir->app") || slices.Contains(whole, "./") {
		t.Errorf("Scan(.) = %s", whole)
	}
}

// TestScanMistakes wants an error that says what to do, and begins with a word
// of ours: it becomes a sentence.
func TestScanMistakes(t *testing.T) {
	outside := tree(t, "secret=s")
	dir := tree(t, "app/a=a", "app/log/x=1", ".dockerignore=**/log\n", "out->"+outside, "up->..", "broken->nowhere", "loop->loop", "empty-of-it/", "parent/out->"+outside+"/secret")
	if err := syscall.Mkfifo(filepath.Join(dir, "app2-pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ from, want string }{
		{"", "no path: say which files to copy, \".\" for all of them"},
		{"missing", "there is no missing; there are: app, app2-pipe, broken, empty-of-it, loop, out, parent, up"},
		{"app/b", "there is no app/b; there are: app/a, app/log"},
		{"app/a/b", "there is no app/a/b"},
		{"none/b", "there is no none/b"},
		{"app/*.py", "no files found in app/*.py"},
		{"none/*.py", "there is no none/*.py"},
		{"app/log", "no files found in app/log: .dockerignore and ignore leave out everything there"},
		{"../x", "the path ../x is outside of the directory"},
		{"app/../../x", "the path app/../../x is outside of the directory"},
		{"/etc/passwd", "the path /etc/passwd is outside of the directory"},
		{"out/secret", "the path out/secret is outside of the directory"},
		{"out", "the path out is outside of the directory"},
		{"up/x", "the path up/x is outside of the directory"},
		{"parent/out", "the path parent/out is outside of the directory"},
		{"out/s*", "the path out/s* is outside of the directory"},
		{"broken", "there is no broken"},
		{"loop", "reading loop: "},
		{"app2-pipe", "copying app2-pipe: it is a named pipe, and only files, directories and links can be copied"},
		{".", "copying app2-pipe: it is a named pipe"},
		{"[", "reading the pattern [: "},
	}
	for _, tt := range tests {
		_, err := archive.Scan(dir, tt.from, archive.Options{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("Scan(%q) = %v; want %s", tt.from, err, tt.want)
		}
	}
	var far *archive.OutsideError
	if _, err := archive.Scan(dir, "../x", archive.Options{}); !errors.As(err, &far) {
		t.Errorf("error = %T; want an *OutsideError", err)
	}
}

// TestIgnore has what Docker's documentation says of .dockerignore.
func TestIgnore(t *testing.T) {
	all := []string{"a.log=", "keep.log=", "dist/x=", "dist/sub/y=", "src/dist/z=", "src/a.log=", "src/m.go=", "src/node_modules/p/i.js=", "node_modules/q/i.js=", "name with space=", "#hash=", "temp-1/a=", "docs/README.md=", "docs/other.md="}
	tests := []struct {
		file    string   // .dockerignore
		ignore  []string // of the copy block
		without []string // prefixes of what is left out
	}{
		{"", nil, nil},
		{"# a comment\n\n   \n", nil, nil},
		{"*.log\n", nil, []string{"a.log", "keep.log"}},
		{"**/*.log", nil, []string{"a.log", "keep.log", "src/a.log"}},
		{"dist", nil, []string{"dist"}},
		{"dist/\n", nil, []string{"dist"}},
		{"/dist\n", nil, []string{"dist"}},
		{"./dist", nil, []string{"dist"}},
		{"**/dist", nil, []string{"dist", "src/dist"}},
		{"*/dist", nil, []string{"src/dist"}},
		{"node_modules\r\n", nil, []string{"node_modules"}},
		{"**/node_modules", nil, []string{"node_modules", "src/node_modules"}},
		{"*.log\n!keep.log\n", nil, []string{"a.log"}},
		{"!keep.log\n*.log\n", nil, []string{"a.log", "keep.log"}}, // the last that matches counts
		{"docs\n!docs/README.md\n", nil, []string{"docs/other.md", "docs$"}},
		{"temp-?", nil, []string{"temp-1"}},
		{"name with space", nil, []string{"name with space"}},
		{"\\#hash", nil, []string{"#hash"}},
		{"\ufeff*.log", nil, []string{"a.log", "keep.log"}},
		{"src/../dist", nil, []string{"dist"}},
		{"", []string{"*.log"}, []string{"a.log", "keep.log"}},
		{"", []string{"/dist/", "", "# no comment here"}, []string{"dist"}},
		{"*.log", []string{"!keep.log"}, []string{"a.log"}}, // after those of the file
		{"!keep.log", []string{"*.log"}, []string{"a.log", "keep.log"}},
		{".dockerignore", nil, []string{".dockerignore"}},
		{"*\n!src/m.go\n", nil, []string{"a.log", "keep.log", "dist", "src/dist", "src/a.log", "src/node_modules", "node_modules", "name with space", "#hash", "temp-1", "docs", ".dockerignore", "src$"}},
	}
	for _, tt := range tests {
		dir := tree(t, all...)
		if tt.file != "" {
			if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte(tt.file), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		isIgnoreFile := func(m string) bool { return strings.HasPrefix(m, ".dockerignore") }
		got := members(t, pack(t, scan(t, dir, ".", tt.ignore...)))
		if tt.file != "" && slices.ContainsFunc(got, isIgnoreFile) == slices.Contains(tt.without, ".dockerignore") {
			t.Errorf(".dockerignore %q: members %s", tt.file, got)
		}
		got = slices.DeleteFunc(got, isIgnoreFile)
		want := slices.DeleteFunc(members(t, pack(t, scan(t, tree(t, all...), "."))), func(m string) bool {
			return slices.ContainsFunc(tt.without, func(prefix string) bool {
				name := strings.TrimRight(m, "=/")
				if exact, ok := strings.CutSuffix(prefix, "$"); ok {
					return name == exact
				}
				return name == prefix || strings.HasPrefix(name, prefix+"/")
			})
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf(".dockerignore %q, ignore %q (-want +got):\n%s", tt.file, tt.ignore, diff)
		}
	}
}

func TestIgnoreMistakes(t *testing.T) {
	for _, bad := range []string{"a\n!\n", "[\n"} {
		dir := tree(t, "a=", ".dockerignore="+bad)
		if _, err := archive.Scan(dir, ".", archive.Options{}); err == nil || !strings.Contains(err.Error(), "reading the ignore patterns") {
			t.Errorf(".dockerignore %q: %v; want an error about the patterns", bad, err)
		}
	}
	dir := tree(t, "a=", ".dockerignore/")
	if _, err := archive.Scan(dir, ".", archive.Options{}); err == nil || !strings.Contains(err.Error(), "reading .dockerignore") {
		t.Errorf("a directory .dockerignore: %v; want an error that names it", err)
	}
}

// Our own state lies beside the configuration and changes with every build.
func TestOwnStateStaysOut(t *testing.T) {
	dir := tree(t, "a=", ".e2bt.lock.hcl=4", ".e2bt/logs/x=1", "sub/.e2bt/y=2", ".e2bt-other=3")
	if got, want := strings.Join(members(t, pack(t, scan(t, dir, "."))), " "), ".e2bt-other=3 a= sub/"; got != want {
		t.Errorf("Scan(.) = %s; want %s", got, want)
	}
	if got := members(t, pack(t, scan(t, dir, ".", "!.e2bt/logs"))); !slices.Contains(got, ".e2bt/logs/x=1") {
		t.Errorf("Scan(.) with the state taken back in = %s", got)
	}
}

// FuzzIgnore asks moby's own matcher about every file, from its topmost
// directory down: in the archive is what it lets through.
func FuzzIgnore(f *testing.F) {
	for _, seed := range []string{"*", "*.log\n!b.log", "d1", "d1/**\n!d1/d2/a", "**/a", "!a", "d?/[ab]*", "/d1/d2/", "**\n!**/b.log", "d1/*/..", "*\n!d1/d2", "\\a", "d1/d2/../a", "**/d2/**", "*1/a\n!*1"} {
		f.Add(seed)
	}
	files := []string{"a", "b.log", "c.log", "d1/a", "d1/b.log", "d1/d2/a", "d1/d2/ab", "d1/d2/d3/a", "d2/b.log", "d2/d1/a"}
	dir := f.TempDir()
	for _, name := range files {
		if err := add(dir, name+"="); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, ignore string) {
		patterns, err := ignorefile.ReadAll(strings.NewReader(ignore))
		if err != nil {
			t.Skip("no ignore file")
		}
		oracle, err := patternmatcher.New(patterns)
		tr, scanErr := archive.Scan(dir, ".", archive.Options{Ignore: strings.Split(ignore, "\n")})
		if err != nil {
			if scanErr == nil {
				t.Errorf("%q: moby says %v, and Scan nothing", ignore, err)
			}
			return
		}
		if scanErr != nil {
			t.Skipf("%q: %v", ignore, scanErr)
		}
		var want, got []string
		for _, name := range files {
			if !ignored(t, oracle, name) {
				want = append(want, name+"=")
			}
		}
		for _, m := range members(t, pack(t, tr)) {
			if !strings.HasSuffix(m, "/") {
				got = append(got, m)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-moby +got):\n%s", ignore, diff)
		}
	})
}

func ignored(t *testing.T, oracle *patternmatcher.PatternMatcher, name string) (out bool) {
	var above patternmatcher.MatchInfo
	for i := range len(name) + 1 {
		if i == len(name) || name[i] == '/' {
			var err error
			if out, above, err = oracle.MatchesUsingParentResults(name[:i], above); err != nil {
				t.Skip("no pattern")
			}
		}
	}
	return out
}

// FuzzScan gives any text as from: nothing outside is ever read.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{"a", "../a", "d/*", "**", "[", "\\", "a\x00b", "//", "d//../d", "*/../..", "!a", "{a,b}", strings.Repeat("a/", 300), "~", "d/\\*"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	for _, spec := range []string{"secret=s", "in/a=a", "in/d/b=b", "in/d/*=c", "in/l->d"} {
		if err := add(dir, spec); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, from string) {
		tr, err := archive.Scan(filepath.Join(dir, "in"), from, archive.Options{})
		if err != nil {
			return
		}
		if len(key(t, tr)) != 64 {
			t.Errorf("Scan(%q): key %s", from, key(t, tr))
		}
		for _, m := range members(t, pack(t, tr)) {
			name, _, _ := strings.Cut(m, "=")
			if !filepath.IsLocal(name) || path.Clean(name) != strings.TrimSuffix(name, "/") && !strings.Contains(name, "->") || strings.HasSuffix(m, "=s") {
				t.Errorf("Scan(%q) has %q", from, m)
			}
		}
	})
}

// odd are names that are allowed, and their texts.
var odd = []string{
	"with space=1", "-rf=2", "--=3", "~=4", "new\nline=5", "tab\t=6", "ünï=7", "日本語/ファイル=8", "\U0001f600=9", "back\\slash=10", "quote'\"=11", "$HOME=12", "`id`=13",
	"trailing =14", "%s=16", strings.Repeat("long/", 60) + "file=17", strings.Repeat("n", 255) + "=18", "\xff\xfe=19", "a:b=20", "c|d=21", "*=22", "link\n->to\nline",
}

// TestOddNames goes through GNU tar, which the endpoint unpacks with.
func TestOddNames(t *testing.T) {
	dir := tree(t, odd...)
	packed := pack(t, scan(t, dir, "."))
	var want []string
	for _, spec := range odd {
		want = append(want, spec)
		for d := path.Dir(strings.SplitN(spec, "=", 2)[0]); d != "."; d = path.Dir(d) {
			want = append(want, d+"/")
		}
	}
	slices.Sort(want)
	got := members(t, packed)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	unpacked := t.TempDir()
	cmd := exec.Command("tar", "-xzf", "-", "-C", unpacked)
	if cmd.Err != nil {
		t.Skip("needs tar")
	}
	cmd.Stdin = bytes.NewReader(packed)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	if a, b := key(t, scan(t, dir, ".")), key(t, scan(t, unpacked, ".")); a != b {
		t.Errorf("what tar made of it has key %s; want %s", b, a)
	}
}

// TestSameBytes packs equal trees that differ in all that does not count.
func TestSameBytes(t *testing.T) {
	specs := []string{"a/b=text", "a/run=!x", "a/link->b", "c/", "big=" + strings.Repeat("0123456789", 300_000)}
	one := tree(t, specs...)
	slices.Reverse(specs)
	two := tree(t, specs...)
	err := filepath.WalkDir(two, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		mode := fs.FileMode(0o600)
		if info, _ := e.Info(); info.Mode()&0o100 != 0 {
			mode = 0o711
		}
		return errors.Join(os.Chmod(p, mode), os.Chtimes(p, time.Time{}, time.Unix(1e9, 5)))
	})
	if err != nil {
		t.Fatal(err)
	}
	a, b := scan(t, one, "."), scan(t, two, ".")
	if key(t, a) != key(t, b) {
		t.Error("two keys")
	}
	packed := pack(t, a)
	if !bytes.Equal(packed, pack(t, b)) || !bytes.Equal(packed, pack(t, a)) || !bytes.Equal(packed, pack(t, scan(t, one, "."))) {
		t.Error("different bytes")
	}
	if a.Len() != 7 || a.Size() != b.Size() || a.Size() != int64(4+2+3_000_000) {
		t.Errorf("Len() = %d, Size() = %d; want 7 and %d", a.Len(), a.Size(), 4+2+3_000_000)
	}
}

// TestKeyMoves has pairs of trees that are not the same.
func TestKeyMoves(t *testing.T) {
	base := []string{"a=1", "d/b=2", "l->a"}
	first := key(t, scan(t, tree(t, base...), "."))
	for name, specs := range map[string][]string{
		"text": {"a=2", "d/b=2", "l->a"}, "name": {"x=1", "d/b=2", "l->a"}, "mode": {"a=!1", "d/b=2", "l->a"}, "target": {"a=1", "d/b=2", "l->d"},
		"link for file": {"a=1", "d/b=2", "l=a"}, "place": {"a=1", "b=2", "d/", "l->a"}, "more": {"a=1", "d/b=2", "l->a", "e/"}, "empty file": {"a=1", "d/b=2", "l->a", "e="},
		"swapped": {"a=2", "d/b=1", "l->a"}, "less": {"a=1", "d/b=2"},
	} {
		if key(t, scan(t, tree(t, specs...), ".")) == first {
			t.Errorf("%s: the key is the same", name)
		}
	}
}

// TestChanged changes files after they were scanned, or after their key was
// made: the archive is what the key stands for, or there is none.
func TestChanged(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	changes := map[string]func(path string) error{
		"longer":  func(p string) error { return os.WriteFile(p, []byte(big+"more"), 0o644) },
		"shorter": func(p string) error { return os.WriteFile(p, []byte("x"), 0o644) },
		"same length": func(p string) error {
			info, err := os.Stat(p)
			return errors.Join(err, os.WriteFile(p, bytes.Repeat([]byte("y"), int(info.Size())), 0o644), os.Chtimes(p, time.Time{}, info.ModTime().Add(time.Second)))
		},
		"gone":        os.Remove,
		"a link":      func(p string) error { return errors.Join(os.Remove(p), os.Symlink("/etc/passwd", p)) },
		"a directory": func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) },
		"a pipe":      func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o644)) },
	}
	for name, change := range changes {
		for kind, text := range map[string]string{"small": "small", "big": big} {
			for _, keyFirst := range []bool{false, true} {
				dir := tree(t, "a=1", "file="+text, "z=1")
				tr, before := scan(t, dir, "."), ""
				if keyFirst {
					before = key(t, tr)
				}
				if err := change(filepath.Join(dir, "file")); err != nil {
					t.Fatal(err)
				}
				var buf bytes.Buffer
				err := tr.Pack(context.Background(), &buf)
				if err == nil && !keyFirst {
					_, err = tr.Key()
				}
				if err == nil {
					unchanged := members(t, buf.Bytes())
					if before == "" || !slices.Contains(unchanged, "file="+text) {
						t.Errorf("%s, %s, key first %v: no error, and the archive has %d members", name, kind, keyFirst, len(unchanged))
					}
				} else if !strings.Contains(err.Error(), "file") {
					t.Errorf("%s, %s: error %v; want one that names the file", name, kind, err)
				}
			}
		}
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("needs a user who may not read everything")
	}
	for _, name := range []string{"file", "dir"} {
		dir := tree(t, "file=1", "dir/x=1")
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		tr, err := archive.Scan(dir, ".", archive.Options{})
		if err == nil {
			_, err = tr.Key()
		}
		if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "reading "+name) {
			t.Errorf("unreadable %s: %v; want an error that names it", name, err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSpool(t *testing.T) {
	dir, place := tree(t, "a=1", "big="+strings.Repeat("x", 200_000)), t.TempDir()
	tr := scan(t, dir, ".")
	file, size, err := tr.Spool(context.Background(), place)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil || int64(len(text)) != size || !bytes.Equal(text, pack(t, tr)) {
		t.Errorf("the spooled archive has %d bytes, %v; want %d, as Pack writes them", len(text), err, size)
	}
	if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, _, err := tr.Spool(stopped, place); !errors.Is(err, context.Canceled) {
		t.Errorf("Spool() after an interrupt = %v", err)
	}
	if _, _, err := tr.Spool(context.Background(), filepath.Join(place, "none")); err == nil {
		t.Error("Spool() into no directory: no error")
	}
	if left, err := os.ReadDir(place); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A disk that is full is said, and nothing is left in the way.
func TestPackFails(t *testing.T) {
	tr := scan(t, tree(t, "a=1", "big="+strings.Repeat("x", 200_000)), ".")
	full := errors.New("no space left")
	if err := tr.Pack(context.Background(), failing{full}); !errors.Is(err, full) {
		t.Errorf("Pack() to a full disk = %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestSDKHash has the byte stream of the SDKs written down by hand.
func TestSDKHash(t *testing.T) {
	dir := tree(t, "app/a.txt=hello", "app/run=!x", "app/l->a.txt", "app/sub/")
	sub, err := os.Stat(filepath.Join(dir, "app/sub"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := os.Stat(filepath.Join(dir, "app"))
	if err != nil {
		t.Fatal(err)
	}
	stream := fmt.Sprintf("COPY app/ /dest/app16877%dapp/a.txt331885helloapp/l414715a.txtapp/run332612!xapp/sub16877%d", app.Size(), sub.Size())
	got, err := scan(t, dir, "app/").SDKHash("app/", "/dest/")
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(stream))); err != nil || got != want {
		t.Errorf("SDKHash() = %s, %v; want %s", got, err, want)
	}
}
