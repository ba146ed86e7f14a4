package engine

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStaticPrefix(t *testing.T) {
	tests := []struct{ source, want string }{
		{".", "."}, {"", "."}, {"./", "."}, {"/", "."}, {"a", "a"}, {"./a/b/", "a/b"}, {"/a//b", "a/b"}, {"*.txt", "."}, {"a/*.txt", "a"}, {"a/b?/c", "a"}, {"a/{x,y}", "a"}, {"a..b/..c", "a..b/..c"},
	}
	for _, tt := range tests {
		if got, err := staticPrefix(tt.source); err != nil || got != tt.want {
			t.Errorf("staticPrefix(%q) = %q, %v; want %q", tt.source, got, err, tt.want)
		}
	}
	for _, source := range []string{"..", "../a", "a/../../b", "a/.."} {
		if got, err := staticPrefix(source); err == nil {
			t.Errorf("staticPrefix(%q) = %q; want an error", source, got)
		}
	}
}

func TestHostsFile(t *testing.T) {
	ours := "127.0.0.1 localhost # e2bt\n::1 localhost ip6-localhost ip6-loopback # e2bt\n127.0.1.1 box # e2bt\n"
	tests := []struct{ image, want string }{
		{"", ours}, {"1.2.3.4 x", "1.2.3.4 x\n" + ours}, {"127.0.0.1 localhost\n", "127.0.0.1 localhost\n127.0.1.1 box # e2bt\n"},
	}
	for _, tt := range tests {
		got := string(hostsFile([]byte(tt.image), "box"))
		if got != tt.want {
			t.Errorf("hostsFile(%q) = %q; want %q", tt.image, got, tt.want)
		}
		if back := string(withoutMarked([]byte(got))); strings.TrimRight(back, "\n") != strings.TrimRight(tt.image, "\n") {
			t.Errorf("withoutMarked(%q) = %q; want %q", got, back, tt.image)
		}
	}
}

func certificate(name string) string {
	return "-----BEGIN CERTIFICATE-----\n" + name + "\n-----END CERTIFICATE-----\n"
}

func TestJoinBundles(t *testing.T) {
	a, b, c := certificate("a"), certificate("b"), certificate("c")
	host := func(certificates string) string { return hostBegins + certificates + hostEnds }
	tests := []struct{ own, more, want string }{
		{a + b, b + a, a + b}, {a, b + c + b, a + host(b+c)}, {"", a, host(a)}, {"# text\n" + strings.TrimSuffix(a, "\n"), b, "# text\n" + a + host(b)},
		{a, "garbage -----BEGIN x", a}, {a, "-----END -----BEGIN ", a},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, string(joinBundles([]byte(tt.own), []byte(tt.more)))); d != "" {
			t.Errorf("joinBundles(%q, %q): %s", tt.own, tt.more, d)
		}
	}
}

func TestWithoutHosts(t *testing.T) {
	a, c := certificate("a"), certificate("c")
	host := hostBegins + certificate("b") + hostEnds
	tests := []struct{ bundle, want string }{{a + host, a}, {a + host + c, a + c}, {host + c, c}, {host, ""}, {a, a}, {a + hostBegins + c, a + hostBegins + c}, {a + hostEnds, a + hostEnds}}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, string(withoutHosts([]byte(tt.bundle)))); d != "" {
			t.Errorf("withoutHosts(%q): %s", tt.bundle, d)
		}
	}
}

func TestOOMKills(t *testing.T) {
	for text, want := range map[string]int{
		"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n": 2, "low 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n": 1, "": 0, "oom_kill x": 0,
	} {
		if got := oomKills(text); got != want {
			t.Errorf("oomKills(%q) = %d; want %d", text, got, want)
		}
	}
}

// FuzzUnpack unpacks hostile archives and looks whether anything beside the
// scratch place has changed.
func FuzzUnpack(f *testing.F) {
	for _, tt := range [][]entry{
		tree(), {{name: "a", link: "..", kind: tar.TypeSymlink}, {name: "a/x", text: "x"}}, {{name: "a", link: "../canary", kind: tar.TypeSymlink}, {name: "a", text: "x"}},
		{{name: "a", link: "b", kind: tar.TypeSymlink}, {name: "b", link: "../canary", kind: tar.TypeSymlink}, {name: "h", link: "a", kind: tar.TypeLink}, {name: "h", text: "x"}},
	} {
		var b bytes.Buffer
		if _, err := b.ReadFrom(archive(f, tt...)); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		scratch, canary := filepath.Join(dir, "scratch"), filepath.Join(dir, "canary")
		if err := os.WriteFile(canary, []byte("alive"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(scratch, 0o700); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(scratch)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		u := &unpacker{root: root, uid: os.Getuid(), gid: os.Getgid(), mode: -1, bytes: 1 << 20, files: 100, buffer: make([]byte, 4096)}
		u.unpack(bytes.NewReader(data))
		checkCanary(t, dir, canary)
	})
}

func checkCanary(t *testing.T, dir, canary string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("ReadDir = %v, %v; want scratch and canary", entries, err)
	}
	info, err := os.Lstat(canary)
	if err != nil || info.Mode() != 0o600|fs.FileMode(0) {
		t.Fatalf("Lstat(canary) = %v, %v; want mode 600", info, err)
	}
	if text, err := os.ReadFile(canary); err != nil || string(text) != "alive" {
		t.Fatalf("ReadFile(canary) = %q, %v; want it alive", text, err)
	}
}
