package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeb822(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"plain", "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n", []string{"deb http://deb.example/debian trixie main"}},
		{"several", "Types: deb deb-src\nURIs: http://deb.example/debian http://two.example/debian/\nSuites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By: /usr/share/keyrings/debian.gpg\n",
			[]string{
				"deb [signed-by=/usr/share/keyrings/debian.gpg] http://deb.example/debian trixie main contrib",
				"deb [signed-by=/usr/share/keyrings/debian.gpg] http://deb.example/debian trixie-updates main contrib",
				"deb [signed-by=/usr/share/keyrings/debian.gpg] http://two.example/debian/ trixie main contrib",
				"deb [signed-by=/usr/share/keyrings/debian.gpg] http://two.example/debian/ trixie-updates main contrib",
			}},
		{"two paragraphs", "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n\n\nTypes: deb\nURIs: http://deb.example/debian-security\nSuites: bookworm-security\nComponents: main\n",
			[]string{"deb http://deb.example/debian trixie main", "deb http://deb.example/debian-security trixie-security main"}},
		{"paragraphs parted by spaces", "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n \t\nTypes: deb\nURIs: http://two.example/debian\nSuites: bookworm\nComponents: main\n",
			[]string{"deb http://deb.example/debian trixie main", "deb http://two.example/debian trixie main"}},
		{"continuation lines", "Types: deb\nURIs:\n http://deb.example/debian\n\thttp://two.example/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\n",
			[]string{"deb http://deb.example/debian trixie main", "deb http://deb.example/debian trixie-updates main", "deb http://two.example/debian trixie main", "deb http://two.example/debian trixie-updates main"}},
		{"comments", "# Types: deb-src\nTypes: deb\n# a word\nURIs: http://deb.example/debian\n#Suites: sid\nSuites: bookworm\nComponents: main\n", []string{"deb http://deb.example/debian trixie main"}},
		{"windows line ends", "Types: deb\r\nURIs: http://deb.example/debian\r\nSuites: bookworm\r\nComponents: main\r\n\r\nTypes: deb\r\nURIs: http://two.example/debian\r\nSuites: bookworm\r\nComponents: main\r\n",
			[]string{"deb http://deb.example/debian trixie main", "deb http://two.example/debian trixie main"}},
		{"case of fields", "types: deb\nuris: http://deb.example/debian\nSUITES: bookworm\ncomponents: main\n", []string{"deb http://deb.example/debian trixie main"}},
		{"no binaries", "Types: deb-src\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n", nil},
		{"disabled", "Enabled: no\nTypes: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n", nil},
		{"disabled otherwise", "Enabled: False\nTypes: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n", nil},
		{"enabled", "Enabled: yes\nTypes: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n", []string{"deb http://deb.example/debian trixie main"}},
		{"other vendor", "Types: deb\nURIs: https://packages.example/docker\nSuites: bookworm\nComponents: stable\n", nil},
		{"other suite", "Types: deb\nURIs: http://deb.example/debian\nSuites: sid bookwormish\nComponents: main\n", nil},
		{"login", "Types: deb\nURIs: https://me:secret@deb.example/debian\nSuites: bookworm\nComponents: main\n", nil},
		{"key in the file", "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n", []string{"deb http://deb.example/debian trixie main"}},
		{"two keys", "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\nSigned-By: /a.gpg /b.gpg\n", []string{"deb [signed-by=/a.gpg,/b.gpg] http://deb.example/debian trixie main"}},
		{"flat", "Types: deb\nURIs: http://deb.example/debian\nSuites: ./\n", nil},
		{"no components", "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\n", nil},
	} {
		if diff := cmp.Diff(c.want, deb822(c.text, "bookworm", "trixie")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "\n# a word\n", nil},
		{"plain", "deb http://deb.example/debian bookworm main\n", []string{"deb http://deb.example/debian trixie main"}},
		{"several", "deb http://deb.example/debian bookworm main contrib\ndeb-src http://deb.example/debian bookworm main\n  deb http://deb.example/debian-security bookworm-security main\n",
			[]string{"deb http://deb.example/debian trixie main contrib", "deb http://deb.example/debian-security trixie-security main"}},
		{"options", "deb [arch=amd64 signed-by=/k.gpg] http://deb.example/debian bookworm main\n", []string{"deb [signed-by=/k.gpg] http://deb.example/debian trixie main"}},
		{"options with spaces", "deb [ signed-by=/k.gpg trusted=yes ] http://deb.example/debian bookworm main\n", []string{"deb [signed-by=/k.gpg] http://deb.example/debian trixie main"}},
		{"tabs", "deb\thttp://deb.example/debian\tbookworm\tmain\n", []string{"deb http://deb.example/debian trixie main"}},
		{"options after a tab", "deb\t[signed-by=/k.gpg]\thttp://deb.example/debian bookworm main\n", []string{"deb [signed-by=/k.gpg] http://deb.example/debian trixie main"}},
		{"comment behind", "deb http://deb.example/debian bookworm main # the usual one\n", []string{"deb http://deb.example/debian trixie main"}},
		{"comment", "#deb http://deb.example/debian bookworm main\n# deb http://deb.example/debian bookworm main\n", nil},
		{"other vendor", "deb https://packages.example/docker bookworm stable\n", nil},
		{"other suite", "deb http://deb.example/debian sid main\n", nil},
		{"disc", "deb cdrom:[Debian GNU/Linux 12]/ bookworm main\n", nil},
		{"flat", "deb http://deb.example/debian ./\n", nil},
		{"login", "deb https://me:secret@deb.example/debian bookworm main\n", nil},
		{"open bracket", "deb [signed-by=/k.gpg http://deb.example/debian bookworm main\n", nil},
		{"short", "deb\ndeb x\n", nil},
	} {
		if diff := cmp.Diff(c.want, oneLine(c.text, "bookworm", "trixie")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestHostSources(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "with [brackets]", "apt")
	for name, text := range map[string]string{
		"sources.list":                  "deb http://three.example/debian bookworm main\n",
		"sources.list.d/a.sources":      "Types: deb\nURIs: http://one.example/debian\nSuites: bookworm\nComponents: main\n",
		"sources.list.d/b.list":         "deb http://two.example/debian bookworm main\n",
		"sources.list.d/c.list.save":    "deb http://old.example/debian bookworm main\n",
		"sources.list.d/d.sources.bak":  "Types: deb\nURIs: http://old.example/debian\nSuites: bookworm\nComponents: main\n",
		"sources.list.d/e.list/nothing": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := hostSources(dir, "bookworm", "trixie")
	want := []string{"deb http://three.example/debian trixie main", "deb http://one.example/debian trixie main", "deb http://two.example/debian trixie main"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("hostSources: %v (-want +got):\n%s", err, diff)
	}
	for _, c := range [][2]string{{dir, ""}, {filepath.Join(dir, "none"), "bookworm"}} {
		if got, err := hostSources(c[0], c[1], "trixie"); got != nil || err != nil {
			t.Errorf("hostSources(%q, %q) = %q, %v; want nothing", c[0], c[1], got, err)
		}
	}
}

func TestBootstrapSources(t *testing.T) {
	t.Parallel()
	opts := BootstrapOptions{Suite: "trixie", Mirror: "http://deb.example/debian"}
	got, err := bootstrapSources(&opts)
	if diff := cmp.Diff([]string{"deb http://deb.example/debian trixie main"}, got); diff != "" || err != nil {
		t.Errorf("with a mirror: %v, %s", err, diff)
	}
	for _, bad := range []BootstrapOptions{{Suite: "-x"}, {Suite: "a b"}, {Suite: "../x"}, {Suite: "x", Mirror: "-x"}, {Suite: "x", Mirror: "deb.example"}, {Suite: "x", Mirror: "http://deb.example/a b"}} {
		if _, err := bootstrapSources(&bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	own := BootstrapOptions{}
	if _, err := bootstrapSources(&own); err != nil || own.Suite == "" {
		t.Errorf("without options: suite %q, %v", own.Suite, err)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	var said []string
	last := follow(strings.NewReader("one\n\n  two  \n"+strings.Repeat("more\n", 25)+"end"), func(line string) { said = append(said, line) })
	if len(said) != 28 || said[1] != "two" || len(last) != 20 || last[19] != "end" {
		t.Errorf("follow: %d lines, the last %q", len(said), last)
	}
	long := strings.Repeat("x", 2<<20)
	if last := follow(strings.NewReader(long+"\nend\n"), nil); len(last) == 0 || last[len(last)-1] != "end" {
		t.Errorf("after a line of 2 MiB: %.40q; want the lines after it, too", last)
	}
}
