package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unpack applies layers to a directory in the middle of a place that is
// guarded: whatever else is in it afterwards has got out.
func unpack(t testing.TB, layers ...[]byte) (root string, err error) {
	t.Helper()
	place := t.TempDir()
	root = filepath.Join(place, "a", "b", "rootfs")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{place, filepath.Join(place, "a"), filepath.Join(place, "a", "b")} {
		if err := os.WriteFile(filepath.Join(dir, "canary"), []byte("alive"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	u := newUnpacker(root)
	u.maxBytes, u.maxFiles = 8<<20, 1000
	for _, l := range layers {
		if err = u.layer(context.Background(), bytes.NewReader(l)); err != nil {
			break
		}
	}
	outside := tree(t, place)
	for path := range outside {
		if path == "a/b/rootfs" || strings.HasPrefix(path, "a/b/rootfs/") {
			delete(outside, path)
		}
	}
	want := map[string]string{"canary": "0600 alive", "a": "0755 dir", "a/canary": "0600 alive", "a/b": "0755 dir", "a/b/canary": "0600 alive"}
	if diff := cmp.Diff(want, outside); diff != "" {
		t.Errorf("outside of the root (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(root); err != nil {
		t.Errorf("the root itself: %v", err)
	}
	return root, err
}

func TestLayers(t *testing.T) {
	t.Parallel()
	link := func(name, to string) entry { return entry{name: name, kind: tar.TypeSymlink, text: to} }
	hard := func(name, to string) entry { return entry{name: name, kind: tar.TypeLink, text: to} }
	file := func(name, text string) entry { return entry{name: name, text: text} }
	dir := func(name string) entry { return entry{name: name} }
	for _, c := range []struct {
		name   string
		layers [][]entry
		want   map[string]string
	}{
		{"overwritten", [][]entry{{file("a", "1")}, {file("a", "2")}}, map[string]string{"a": "0644 2"}},
		{"merged", [][]entry{{dir("d/"), file("d/a", "1")}, {dir("d/"), file("d/b", "2")}}, map[string]string{"d": "0755 dir", "d/a": "0644 1", "d/b": "0644 2"}},
		{"modes change", [][]entry{{entry{name: "d/", mode: 0o700}, file("d/a", "1")}, {entry{name: "d/", mode: 0o755}}}, map[string]string{"d": "0755 dir", "d/a": "0644 1"}},
		{"parents implied", [][]entry{{file("x/y/z", "1")}}, map[string]string{"x": "0755 dir", "x/y": "0755 dir", "x/y/z": "0644 1"}},
		{"names with dots", [][]entry{{file("./a", "1"), file("./d/../b", "2"), file("/c", "3"), file("x//y", "4")}},
			map[string]string{"a": "0644 1", "b": "0644 2", "c": "0644 3", "x": "0755 dir", "x/y": "0644 4"}},
		{"whiteout of a file", [][]entry{{file("a", "1"), file("b", "2")}, {file(".wh.a", "")}}, map[string]string{"b": "0644 2"}},
		{"whiteout of a directory", [][]entry{{file("d/e/a", "1"), file("d/b", "2")}, {file("d/.wh.e", "")}}, map[string]string{"d": "0755 dir", "d/b": "0644 2"}},
		{"whiteout of nothing", [][]entry{{file("b", "2")}, {file(".wh.a", ""), file("no/.wh.a", "")}}, map[string]string{"b": "0644 2"}},
		{"whiteout of a link, not of what it leads to", [][]entry{{file("d/a", "1"), link("l", "d")}, {file(".wh.l", "")}}, map[string]string{"d": "0755 dir", "d/a": "0644 1"}},
		{"whiteout before what comes instead", [][]entry{{file("a", "1")}, {file(".wh.a", ""), file("a", "2")}}, map[string]string{"a": "0644 2"}},
		{"whiteout after what comes instead", [][]entry{{file("a", "1")}, {file("a", "2"), file(".wh.a", "")}}, map[string]string{"a": "0644 2"}},
		{"opaque", [][]entry{{file("d/a", "1"), file("d/e/b", "2")}, {dir("d/"), file("d/.wh..wh..opq", ""), file("d/c", "3")}}, map[string]string{"d": "0755 dir", "d/c": "0644 3"}},
		{"opaque at the end", [][]entry{{file("d/a", "1"), file("d/e/b", "2")}, {dir("d/"), dir("d/e/"), file("d/e/c", "3"), file("d/.wh..wh..opq", "")}},
			map[string]string{"d": "0755 dir", "d/e": "0755 dir", "d/e/c": "0644 3"}},
		{"opaque root", [][]entry{{file("a", "1")}, {file(".wh..wh..opq", ""), file("b", "2")}}, map[string]string{"b": "0644 2"}},
		{"opaque of nothing", [][]entry{{file("d/.wh..wh..opq", ""), file("d/a", "1")}}, map[string]string{"d": "0755 dir", "d/a": "0644 1"}},
		{"file becomes directory", [][]entry{{file("a", "1")}, {dir("a/"), file("a/b", "2")}}, map[string]string{"a": "0755 dir", "a/b": "0644 2"}},
		{"directory becomes file", [][]entry{{file("a/b", "1")}, {file("a", "2")}}, map[string]string{"a": "0644 2"}},
		{"link becomes directory", [][]entry{{dir("d/"), link("a", "d")}, {dir("a/"), file("a/b", "2")}}, map[string]string{"d": "0755 dir", "a": "0755 dir", "a/b": "0644 2"}},
		{"link becomes file", [][]entry{{file("d", "1"), link("a", "d")}, {file("a", "2")}}, map[string]string{"d": "0644 1", "a": "0644 2"}},
		{"through a link of the layer below", [][]entry{{dir("usr/bin/"), link("bin", "usr/bin")}, {file("bin/sh", "1")}}, map[string]string{"usr": "0755 dir", "usr/bin": "0755 dir", "usr/bin/sh": "0644 1", "bin": "-> usr/bin"}},
		{"through an absolute link", [][]entry{{dir("usr/bin/"), link("bin", "/usr/bin"), file("bin/sh", "1")}}, map[string]string{"usr": "0755 dir", "usr/bin": "0755 dir", "usr/bin/sh": "0644 1", "bin": "-> /usr/bin"}},
		{"hard link", [][]entry{{file("a", "1"), hard("d/b", "a")}}, map[string]string{"a": "0644 1", "d": "0755 dir", "d/b": "0644 1"}},
		{"hard link to the layer below", [][]entry{{file("a", "1")}, {hard("b", "/a")}}, map[string]string{"a": "0644 1", "b": "0644 1"}},
		{"hard link to a link", [][]entry{{link("l", "/etc"), hard("m", "l")}}, map[string]string{"l": "-> /etc", "m": "-> /etc"}},
		{"hard link in place of a file", [][]entry{{file("a", "1"), file("b", "2"), hard("b", "a")}}, map[string]string{"a": "0644 1", "b": "0644 1"}},
		{"hard link to itself", [][]entry{{file("a", "1"), hard("a", "a")}}, map[string]string{"a": "0644 1"}},
		{"pipe", [][]entry{{entry{name: "p", kind: tar.TypeFifo, mode: 0o600}}}, map[string]string{"p": "0600 p---------"}},
		{"links anywhere", [][]entry{{link("a", "../../.."), link("b", "/no/where"), link("c", "c")}}, map[string]string{"a": "-> ../../..", "b": "-> /no/where", "c": "-> c"}},
		{"root's own entry", [][]entry{{entry{name: "./", mode: 0o755}, file("a", "1")}}, map[string]string{"a": "0644 1"}},
	} {
		var layers [][]byte
		for _, l := range c.layers {
			layers = append(layers, tarOf(t, l...))
		}
		root, err := unpack(t, layers...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, tree(t, root)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// hostile are layers that try to get out. They may be refused or do something
// inside the root; unpack watches the outside.
var hostile = map[string][]entry{
	"up":                               {{name: "../canary", text: "evil"}},
	"far up":                           {{name: "../../../../../../canary", text: "evil"}},
	"absolute":                         {{name: "/canary", text: "evil"}},
	"up within":                        {{name: "d/../../canary", text: "evil"}},
	"file through a link":              {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "l/canary", text: "evil"}},
	"file through an absolute link":    {{name: "l", kind: tar.TypeSymlink, text: "/"}, {name: "l/canary", text: "evil"}},
	"file through two links":           {{name: "l", kind: tar.TypeSymlink, text: "."}, {name: "m", kind: tar.TypeSymlink, text: "l/.."}, {name: "m/canary", text: "evil"}},
	"file onto a link":                 {{name: "l", kind: tar.TypeSymlink, text: "../canary"}, {name: "l", text: "evil"}},
	"directory through a link":         {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "l/new/", mode: 0o777}},
	"directory onto a link":            {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "l/", mode: 0o700}},
	"hard link up":                     {{name: "h", kind: tar.TypeLink, text: "../canary"}, {name: "h", text: "evil"}},
	"hard link, then written":          {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "h", kind: tar.TypeLink, text: "l/canary"}, {name: "h", text: "evil"}},
	"hard link to the root":            {{name: "h", kind: tar.TypeLink, text: "/"}},
	"hard link over the root":          {{name: ".", kind: tar.TypeLink, text: "x"}},
	"whiteout of the parent":           {{name: ".wh..."}},
	"whiteout of the root":             {{name: "d/.wh..."}},
	"whiteout of the directory":        {{name: ".wh.."}},
	"whiteout of nothing":              {{name: ".wh."}},
	"whiteout through a link":          {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "l/.wh.canary"}},
	"whiteout of the parent by a link": {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "l/.wh.a"}},
	"opaque through a link":            {{name: "l", kind: tar.TypeSymlink, text: ".."}, {name: "l/.wh..wh..opq"}},
	"opaque above":                     {{name: "../.wh..wh..opq"}},
	"link over the root":               {{name: ".", kind: tar.TypeSymlink, text: ".."}},
	"file over the root":               {{name: ".", kind: tar.TypeReg, text: "evil"}},
	"pipe over the root":               {{name: "d/..", kind: tar.TypeFifo}},
	"mode through a link":              {{name: "l", kind: tar.TypeSymlink, text: "../canary"}, {name: "l", kind: tar.TypeLink, text: "l", mode: 0o777}},
	"loop":                             {{name: "a", kind: tar.TypeSymlink, text: "b"}, {name: "b", kind: tar.TypeSymlink, text: "a"}, {name: "a/x", text: "evil"}},
	"no name":                          {{name: "", kind: tar.TypeReg, text: "evil"}},
}

func TestHostileLayers(t *testing.T) {
	t.Parallel()
	for name, entries := range hostile {
		t.Run(name, func(t *testing.T) {
			root, err := unpack(t, tarOf(t, entry{name: "inside", text: "1"}), tarOf(t, entries...))
			if err != nil && strings.Contains(err.Error(), filepath.Dir(root)) {
				t.Errorf("the error names a directory of the host: %v", err)
			}
			if _, err := os.Stat(filepath.Join(root, "inside")); err != nil && !strings.Contains(name, "opaque") {
				t.Errorf("a file of the layer below: %v", err)
			}
		})
	}
}

// TestLimits: layers that are too large in any way.
func TestLimits(t *testing.T) {
	t.Parallel()
	many := make([]entry, 30)
	for i := range many {
		many[i] = entry{name: "d" + strings.Repeat("x", i) + "/"}
	}
	huge := tarOf(t, entry{name: "a", text: "1"})
	sparse := sparseTar(t, 1<<62)
	for _, c := range []struct {
		name string
		text []byte
		want string
	}{
		{"bytes", tarOf(t, entry{name: "a", text: strings.Repeat("x", 600)}, entry{name: "b", text: strings.Repeat("x", 600)}), "exceeds the maximum filesystem size"},
		{"files", tarOf(t, many...), "exceeds the maximum filesystem size"},
		{"holes", sparse, "exceeds the maximum filesystem size"},
		{"holes after something", append(bytes.Clone(huge[:1024]), sparse...), "exceeds the maximum filesystem size"},
		{"two holes", append(bytes.Clone(withoutEnd(sparse)), sparse...), "exceeds the maximum filesystem size"},
		{"much after the end", append(bytes.Clone(huge), make([]byte, 1<<20)...), "goes on after its end"},
	} {
		root := t.TempDir()
		u := newUnpacker(root)
		u.maxBytes, u.maxFiles, u.maxTrailer = 1000, 20, 100<<10
		err := u.layer(context.Background(), bytes.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		for path, what := range tree(t, root) {
			if len(what) > 1100 {
				t.Errorf("%s: %s has %d bytes", c.name, path, len(what))
			}
		}
	}
	u := newUnpacker(t.TempDir())
	if err := u.layer(context.Background(), bytes.NewReader(append(huge, make([]byte, 10<<10)...))); err != nil {
		t.Errorf("a layer with the usual padding: %v", err)
	}
}

// sparseTar is a tar with one file that is all hole, as PAX describes it.
func sparseTar(t *testing.T, size int64) []byte {
	t.Helper()
	pad := func(b []byte) []byte { return append(b, make([]byte, (512-len(b)%512)%512)...) }
	records := ""
	for _, kv := range [][2]string{{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "hole"}, {"GNU.sparse.realsize", itoa(size)}} {
		body := " " + kv[0] + "=" + kv[1] + "\n"
		n := len(body) + 2
		if n >= 100 {
			n++
		}
		records += itoa(int64(n)) + body
	}
	content := pad([]byte("1\n0\n1\n")) // one piece, of one byte, at the begin
	content = append(content, pad([]byte("x"))...)
	var out bytes.Buffer
	raw := func(name string, kind byte, body []byte, length int) {
		h := make([]byte, 512)
		copy(h, name)
		copy(h[100:], "0000644\x000000000\x000000000\x00")
		copy(h[124:], octal(int64(length))+"\x00"+"00000000000\x00")
		copy(h[148:], "        ")
		h[156] = kind
		copy(h[257:], "ustar\x0000")
		sum := int64(0)
		for _, c := range h {
			sum += int64(c)
		}
		copy(h[148:], octal(sum)[5:]+"\x00 ")
		out.Write(h)
		out.Write(body)
	}
	raw("PaxHeaders/hole", 'x', pad([]byte(records)), len(records))
	raw("hole", '0', content, 513)
	out.Write(make([]byte, 1024))
	return out.Bytes()
}

func itoa(n int64) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func octal(n int64) string {
	out := ""
	for range 11 {
		out = string(rune('0'+n%8)) + out
		n /= 8
	}
	return out
}

func withoutEnd(text []byte) []byte { return text[:len(text)-1024] }

// TestSparseTar: the tar of the limits' test is one that is read.
func TestSparseTar(t *testing.T) {
	t.Parallel()
	r := tar.NewReader(bytes.NewReader(sparseTar(t, 5000)))
	h, err := r.Next()
	if err != nil || h.Size != 5000 {
		t.Fatalf("Next = %+v, %v", h, err)
	}
	if text, err := io.ReadAll(r); err != nil || len(text) != 5000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestSupported: what E2B takes, read inside the image and nowhere else.
func TestSupported(t *testing.T) {
	t.Parallel()
	host := filepath.Join(t.TempDir(), "os-release")
	if err := os.WriteFile(host, []byte("ID=debian\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	release := func(text string) []entry { return []entry{{name: "etc/os-release", text: text}} }
	for _, c := range []struct {
		name    string
		entries []entry
		want    string // what is not taken is told of with its ID and ID_LIKE
	}{
		{"debian", release("ID=debian\n"), ""},
		{"quoted", release("NAME=\"x y\"\nID=\"ubuntu\"\nID_LIKE='debian'\n"), ""},
		{"single quotes", release("ID='alpine'"), ""},
		{"comments and spaces", release("# ID=none\n\n  ID=arch  \n"), ""},
		{"like", release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), ""},
		{"nothing known", release("ID=void\n"), "ID='void' ID_LIKE=''"},
		{"rejected", release("ID=rhel\nID_LIKE=fedora\n"), "ID='rhel' ID_LIKE='fedora'"},
		{"amazon", release("ID=amzn\nID_LIKE=\"centos rhel fedora\"\n"), "ID='amzn' ID_LIKE='centos rhel fedora'"},
		{"the other place", []entry{{name: "usr/lib/os-release", text: "ID=debian\n"}}, ""},
		{"link", []entry{{name: "usr/lib/os-release", text: "ID=debian\n"}, {name: "etc/os-release", kind: tar.TypeSymlink, text: "../usr/lib/os-release"}}, ""},
		{"absolute link", []entry{{name: "x/y", text: "ID=debian\n"}, {name: "etc/os-release", kind: tar.TypeSymlink, text: "/x/y"}}, ""},
		{"link to the host", []entry{{name: "etc/os-release", kind: tar.TypeSymlink, text: host}}, "ID='' ID_LIKE=''"},
		{"link up to the host", []entry{{name: "etc/os-release", kind: tar.TypeSymlink, text: strings.Repeat("../", 20) + host}}, "ID='' ID_LIKE=''"},
		{"directory on the host", []entry{{name: "etc", kind: tar.TypeSymlink, text: filepath.Dir(host)}}, "ID='' ID_LIKE=''"},
		{"pipe", []entry{{name: "etc/os-release", kind: tar.TypeFifo}}, "ID='' ID_LIKE=''"},
		{"directory", []entry{{name: "etc/os-release/"}}, "ID='' ID_LIKE=''"},
		{"endless", []entry{{name: "etc/os-release", kind: tar.TypeChar, text: "1:5"}}, "ID='' ID_LIKE=''"},
		{"loop", []entry{{name: "etc/os-release", kind: tar.TypeSymlink, text: "os-release"}}, "ID='' ID_LIKE=''"},
		{"huge", release(strings.Repeat("#\n", 1<<20) + "ID=debian\n"), "ID='' ID_LIKE=''"},
		{"control characters", release("ID=\x1b[31mred\n"), "ID='\x1b[31mred' ID_LIKE=''"},
	} {
		root, err := unpack(t, tarOf(t, c.entries...))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		err = supported(root)
		if c.want == "" && err != nil {
			t.Errorf("%s: %v; want it to be taken", c.name, err)
		}
		var refused *Error
		if c.want != "" && (!errors.As(err, &refused) || !strings.HasPrefix(refused.Text, "unsupported base image distribution: "+c.want)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}

// FuzzLayer: whatever the bytes are, nothing gets out, nothing panics, and the
// errors do not name the host's directories.
func FuzzLayer(f *testing.F) {
	base := tarOf(f, entry{name: "inside", text: "1"}, entry{name: "l", kind: tar.TypeSymlink, text: ".."}, entry{name: "d/x", text: "2"})
	for _, entries := range hostile {
		f.Add(tarOf(f, entries...))
	}
	f.Add(base)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		root, err := unpack(t, base, text)
		if err != nil && strings.Contains(err.Error(), root) {
			t.Errorf("the error names a directory of the host: %v", err)
		}
		_ = supported(root)
	})
}
