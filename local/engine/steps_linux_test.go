package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAddUser(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	for range 2 { // the second time changes nothing
		if err := s.AddUser("user", true); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s, "user", "id -u; id -g; id -Gn; pwd; stat -c '%U %a' .; touch file", "1235\n1236\nuser sudo\n/home/user\nuser 755\n")
	want(t, s, "", "cat /etc/sudoers.d/user; stat -c %a /etc/sudoers.d/user; grep -c user /etc/passwd /etc/shadow; grep user /etc/gshadow",
		"user ALL=(ALL:ALL) NOPASSWD: ALL\n440\n/etc/passwd:1\n/etc/shadow:1\nsudo:!::user\nuser:!::\n")
	if err := s.AddUser("a:b\n", false); err == nil {
		t.Error("AddUser(\"a:b\\n\") = nil; want an error")
	}
}

func TestAddUserThroughLinks(t *testing.T) {
	t.Parallel()
	canary := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(canary, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, newLayer(t))
	want(t, s, "", "mv /etc/passwd /tmp/p; ln -s "+canary+" /etc/passwd; ln -s / /home/eve", "")
	s.AddUser("eve", false)
	if text, err := os.ReadFile(canary); err != nil || len(text) > 0 {
		t.Errorf("the host's file = %q, %v; want it untouched", text, err)
	}
}

func TestWorkdir(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	if err := s.Workdir(soon(t), "/usr/local/app/deep", "ann"); err != nil {
		t.Fatal(err)
	}
	want(t, s, "", "stat -c '%U' /usr/local /usr/local/app /usr/local/app/deep", "root\nann\nann\n")
	if err := s.Workdir(soon(t), "/etc/passwd/x", "ann"); err == nil {
		t.Error("Workdir below a file = nil; want an error")
	}
	err := s.Workdir(soon(t), "/x", "bob")
	if user := (*UserError)(nil); !errors.As(err, &user) {
		t.Errorf("Workdir as bob = %v; want a UserError", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	tests := []struct{ text, value string }{
		{"plain", "plain"}, {"$HOME/x", "/root/x"}, {"${HOME}", "/root"}, {"$(id) $HOME", "$(id) /root"}, {"`id` $HOME", "`id` /root"},
		{`a"b'c\ $HOME`, `a"b'c\ /root`}, {`\$HOME`, `\/root`}, {"$NONE.", "."}, {"$HOME\n", "/root\n"}, {"$[1+1]$((2))$", "$[1+1]$((2))$"}, {`$HOME\`, `/root\`},
	}
	for _, tt := range tests {
		if got, err := s.Expand(soon(t), tt.text); err != nil || got != tt.value {
			t.Errorf("Expand(%q) = %q, %v; want %q", tt.text, got, err, tt.value)
		}
	}
}

func TestFinalize(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	s := open(t, l)
	want(t, s, "", "mkdir -p /home/user/sub /code; touch /home/user/sub/f", "")
	if err := s.Finalize(soon(t), IDs{"tpl", "bld"}, "user"); err != nil {
		t.Fatal(err)
	}
	want(t, s, "user", "cat /.e2b; touch /home/user/sub/f /usr/local/bin/new; stat -c %a /usr/local/lib /code", "ENV_ID=tpl\nTEMPLATE_ID=tpl\nBUILD_ID=bld\n777\n777\n")
	if _, err := os.Lstat(filepath.Join(l.upper, "usr/local/lib/file")); !os.IsNotExist(err) {
		t.Errorf("Lstat(/usr/local/lib/file) in the layer = %v; want it not copied up", err)
	}
}

// entry is one of an archive; its name ends with a slash for a directory.
type entry struct {
	name, link, text string
	kind             byte
	mode             int64
}

func archive(t testing.TB, entries ...entry) io.Reader {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Linkname: e.link, Size: int64(len(e.text)), Typeflag: e.kind, Mode: e.mode, ModTime: time.Unix(1e9, 0)}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return &b
}

func tree() []entry {
	return []entry{{name: "src/"}, {name: "src/a.txt", text: "a", mode: 0o640}, {name: "src/sub/b.txt", text: "b"}, {name: "src/l", link: "a.txt", kind: tar.TypeSymlink},
		{name: "src/hard", link: "src/a.txt", kind: tar.TypeLink}, {name: "one.sh", text: "one", mode: 0o4755}}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		before       string
		spec         CopySpec
		check, wants string
	}{
		{"directory", "", CopySpec{Source: "src", Dest: "/app", Owner: "ann"}, "cd /app; stat -c '%n %U:%G %a' . * sub/*; readlink l; cat sub/b.txt",
			". ann:ann 755\na.txt ann:ann 640\nhard ann:ann 640\nl ann:ann 777\nsub ann:ann 755\nsub/b.txt ann:ann 755\na.txt\nb"},
		{"into", "", CopySpec{Source: "one.sh", Dest: "bin/", Dir: "/home/ann", Owner: "ann:staff"}, "cd /home/ann; stat -c '%n %U:%G %a %Y' bin/one.sh", "bin/one.sh ann:staff 4755 1000000000\n"},
		{"rename", "", CopySpec{Source: "one.sh", Dest: "two.sh", Owner: "ann", Mode: "600"}, "stat -c '%n %a' /home/ann/two.sh", "/home/ann/two.sh 600\n"},
		{"existing directory", "mkdir /app", CopySpec{Source: "./one.sh", Dest: "/app", Owner: "root"}, "cat /app/one.sh", "one"},
		{"glob", "", CopySpec{Source: "src/*.txt", Dest: "/app", Owner: "root"}, "ls /app", "a.txt\nhard\nl\nsub\n"},
		{"whole", "", CopySpec{Source: ".", Dest: "/app", Owner: "root"}, "ls /app", "one.sh\nsrc\n"},
		{"merge", "mkdir -p /real/old /app; ln -s /real /app/sub; echo old > /app/a.txt", CopySpec{Source: "src", Dest: "/app", Owner: "root", Mode: "0700"},
			"cat /app/a.txt; readlink /app/sub; ls /real; stat -c %a /real/b.txt", "a/real\nb.txt\nold\n700\n"},
		{"root", "", CopySpec{Source: "src", Dest: "/", Owner: "ann"}, "stat -c '%U %a' / ; cat /a.txt; ls -A / | grep -c e2bt-copy", "root 755\na0\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, newLayer(t))
			want(t, s, "", tt.before, "")
			tt.spec.Archive = archive(t, tree()...)
			if err := s.Copy(soon(t), tt.spec); err != nil {
				t.Fatal(err)
			}
			if got, _ := bash(t, s, "", tt.check); got != tt.wants {
				t.Errorf("Copy(%q to %q): %s = %v", tt.spec.Source, tt.spec.Dest, tt.check, cmp.Diff(tt.wants, got))
			}
		})
	}
}

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		entries []entry
		spec    CopySpec
		says    string
	}{
		{"dots", []entry{{name: "../../etc/x", text: "x"}}, CopySpec{Source: "."}, "leads out of it"},
		{"link out", []entry{{name: "a", link: "/etc", kind: tar.TypeSymlink}, {name: "a/passwd", text: "x"}}, CopySpec{Source: "."}, "escapes"},
		{"link up", []entry{{name: "a", link: "..", kind: tar.TypeSymlink}, {name: "a/x", text: "x"}}, CopySpec{Source: "."}, "escapes"},
		{"hard link out", []entry{{name: "a", link: "../etc/passwd", kind: tar.TypeLink}}, CopySpec{Source: "."}, "leads out of it"},
		{"device", []entry{{name: "a", kind: tar.TypeBlock}}, CopySpec{Source: "."}, "neither file"},
		{"bytes", []entry{{name: "a", text: strings.Repeat("x", 100)}}, CopySpec{Source: ".", MaxBytes: 99}, "larger than"},
		{"files", tree(), CopySpec{Source: ".", MaxFiles: 2}, "more entries"},
		{"missing", tree(), CopySpec{Source: "nothing"}, `source "nothing" is not in the archive`},
		{"mode", tree(), CopySpec{Source: ".", Mode: "rwx"}, "octal"},
		{"group", tree(), CopySpec{Source: ".", Owner: "ann:nobodies"}, "no group"},
		{"file on directory", []entry{{name: "bin", text: "x"}}, CopySpec{Source: ".", Dest: "/"}, "cannot take the place of a directory"},
		{"directory on file", []entry{{name: "etc/passwd/"}}, CopySpec{Source: ".", Dest: "/"}, "cannot take the place of a file"},
	}
	s := open(t, newLayer(t))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.Archive = archive(t, tt.entries...)
			if tt.spec.Dest == "" {
				tt.spec.Dest = "/app"
			}
			err := s.Copy(soon(t), tt.spec)
			if ce := (*CopyError)(nil); !errors.As(err, &ce) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Copy = %v; want a CopyError saying %q", err, tt.says)
			}
			want(t, s, "", "head -c 5 /etc/passwd; ls -A / | grep -c e2bt-copy; true", "root:0\n")
		})
	}
}

func TestCopyBroken(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	cut := errors.New("connection lost")
	whole, _ := io.ReadAll(archive(t, tree()...))
	for name, r := range map[string]io.Reader{
		"garbage":   strings.NewReader(strings.Repeat("garbage", 1000)),
		"truncated": bytes.NewReader(whole[:len(whole)/2]),
		"cut":       io.MultiReader(bytes.NewReader(whole[:50]), iotestErr{cut}),
	} {
		err := s.Copy(soon(t), CopySpec{Archive: r, Source: "src", Dest: "/app"})
		if name == "cut" && !errors.Is(err, cut) || name != "cut" && !errors.As(err, new(*CopyError)) {
			t.Errorf("Copy(%s) = %v; want an error of that kind", name, err)
		}
	}
	want(t, s, "", "ls -d /app || ls -A / | grep e2bt-copy; true", "ls: cannot access '/app': No such file or directory\n")
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

func BenchmarkCopy(b *testing.B) {
	s := open(b, newLayer(b))
	var entries []entry
	random := rand.NewChaCha8([32]byte{})
	for i := range 50 {
		text := make([]byte, 100<<10)
		random.Read(text)
		entries = append(entries, entry{name: "src/" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), text: string(text)})
	}
	whole, err := io.ReadAll(archive(b, entries...))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(whole)))
	for i := 0; b.Loop(); i++ {
		if err := s.Copy(b.Context(), CopySpec{Archive: bytes.NewReader(whole), Source: "src", Dest: fmt.Sprint("/app", i)}); err != nil {
			b.Fatal(err)
		}
	}
}
