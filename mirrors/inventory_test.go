package mirrors

import (
	"regexp"
	"slices"
	"testing"
)

// TestListings reads lines as the managers print them.
func TestListings(t *testing.T) {
	tests := []struct{ manager, line, name, version string }{
		{"apt", "ii  libc6 2.36-9+deb12u10", "libc6", "2.36-9+deb12u10"},
		{"apt", "hi  jq 1.6-2.1", "jq", "1.6-2.1"},
		{"apt", "rc  gone 1.0", "", ""},
		{"apk", "alpine-baselayout-data-3.6.5-r0", "alpine-baselayout-data", "3.6.5-r0"},
		{"apk", "WARNING: opening /var/cache", "", ""},
		{"dnf", "bash 5.2.26-3.fc40", "bash", "5.2.26-3.fc40"},
		{"pacman", "zlib 1:1.3.1-2", "zlib", "1:1.3.1-2"},
		{"pip", "python-dotenv==1.0.1", "python-dotenv", "1.0.1"},
		{"pip", "-e git+https://forge.example/x.git#egg=x", "", ""},
		{"pip", "local @ file:///src/local", "", ""},
		{"conda", "numpy                     1.26.4          py312h8753938_0    conda-forge", "numpy", "1.26.4"},
		{"conda", "_libgcc_mutex             0.1                        main  ", "_libgcc_mutex", "0.1"},
		{"conda", "# Name                    Version                   Build  Channel", "", ""},
		{"npm", "/usr/lib/node_modules/@scope/tool:@scope/tool@2.0.1", "@scope/tool", "2.0.1"},
		{"npm", "/usr/lib/node_modules/npm/node_modules/a:a@1.0.0:EXTRANEOUS", "a", "1.0.0"},
		{"npm", "/usr/lib::undefined", "", ""},
		{"yarn", `info "left-pad@1.3.0" has binaries:`, "left-pad", "1.3.0"},
		{"bun", "├── left-pad@1.3.0", "left-pad", "1.3.0"},
		{"go", "golang.org/x/tools/cmd/stringer v0.30.0", "golang.org/x/tools/cmd/stringer", "v0.30.0"},
		{"go", "example.org/mine (devel)", "", ""},
		{"cargo", "ripgrep v14.1.1:", "ripgrep", "14.1.1"},
		{"cargo", "    rg", "", ""},
		{"gem", "rake (13.2.1, 13.0.6)", "rake", "13.2.1"},
		{"gem", "json (default: 2.7.1)", "json", "2.7.1"},
	}
	for _, tt := range tests {
		m, _ := LookupManager(tt.manager)
		name, version, _, _ := m.Inventory.Read(tt.line)
		if name != tt.name || version != tt.version {
			t.Errorf("%s: %q = %q %q; want %q %q", tt.manager, tt.line, name, version, tt.name, tt.version)
		}
	}
}

func TestOutdatedListings(t *testing.T) {
	tests := []struct{ manager, line, name, version, latest string }{
		{"apt", "jq/stable-security 1.6-2.1+deb12u1 amd64 [upgradable from: 1.6-2.1]", "jq", "1.6-2.1", "1.6-2.1+deb12u1"},
		{"apk", "busybox-1.36.1-r28   < 1.36.1-r29", "busybox", "1.36.1-r28", "1.36.1-r29"},
		{"dnf", "curl.x86_64      8.6.0-10.fc40      updates", "curl", "", "8.6.0-10.fc40"},
		{"pacman", "zlib 1:1.3-1 -> 1:1.3.1-2", "zlib", "1:1.3-1", "1:1.3.1-2"},
		{"pip", "httpx   0.27.0  0.28.1 wheel", "httpx", "0.27.0", "0.28.1"},
		{"uv", "httpx   0.27.0  0.28.1 wheel", "httpx", "0.27.0", "0.28.1"},
		{"pip", "Package Version Latest Type", "", "", ""},
		{"npm", "/usr/lib/node_modules/@s/t:@s/t@2.0.0:@s/t@1.0.0:@s/t@2.0.0:lib", "@s/t", "1.0.0", "2.0.0"},
		{"gem", "rake (13.0.6 < 13.2.1)", "rake", "13.0.6", "13.2.1"},
	}
	for _, tt := range tests {
		m, _ := LookupManager(tt.manager)
		name, version, latest, _ := m.Outdated.Read(tt.line)
		if name != tt.name || version != tt.version || latest != tt.latest {
			t.Errorf("%s: %q = %q %q %q; want %q %q %q", tt.manager, tt.line, name, version, latest, tt.name, tt.version, tt.latest)
		}
	}
}

func TestReadLog(t *testing.T) {
	tests := []struct {
		line string
		want []Installed
	}{
		{"Successfully installed anyio-4.6.0 python-dotenv-1.0.1", []Installed{{"pip", "anyio", "4.6.0"}, {"pip", "python-dotenv", "1.0.1"}}},
		{"  Downloading httpx-0.28.1-py3-none-any.whl.metadata (7.1 kB)", []Installed{{"pip", "httpx", "0.28.1"}}},
		{"  Using cached http://127.0.0.1:1/a/pkg_x-1.0.tar.gz (1 kB)", []Installed{{"pip", "pkg_x", "1.0"}}},
		{"Collecting httpx==0.28.1", []Installed{{"pip", "httpx", "0.28.1"}}},
		{"Collecting httpx<1", nil},
		{" + httpx==0.28.1", []Installed{{"pip", "httpx", "0.28.1"}}},
		{"Unpacking libjq1:amd64 (1.6-2.1) ...", []Installed{{"apt", "libjq1", "1.6-2.1"}}},
		{"Unpacking jq (1.7-1) over (1.6-2.1) ...", []Installed{{"apt", "jq", "1.7-1"}}},
		{"(2/3) Installing jq (1.7.1-r0)", []Installed{{"apk", "jq", "1.7.1-r0"}}},
		{"(2/3) Upgrading jq (1.7.0-r0 -> 1.7.1-r0)", []Installed{{"apk", "jq", "1.7.1-r0"}}},
		{"  Installing       : jq-1.7.1-4.fc40.x86_64      1/2 ", []Installed{{"dnf", "jq", "1.7.1-4.fc40"}}},
		{"npm warn deprecated @a/b@1.2.3: use c", []Installed{{"npm", "@a/b", "1.2.3"}}},
		{"   Installed package `ripgrep v14.1.1` (executable `rg`)", []Installed{{"cargo", "ripgrep", "14.1.1"}}},
		{"hello", nil},
	}
	for _, tt := range tests {
		if got := ReadLog(tt.line); !slices.Equal(got, tt.want) {
			t.Errorf("ReadLog(%q) = %v; want %v", tt.line, got, tt.want)
		}
	}
}

// TestInventories wants every manager to say how its packages are listed, with
// expressions that have the groups that are read.
func TestInventories(t *testing.T) {
	for _, m := range Managers() {
		if m.Inventory == nil {
			t.Errorf("%s has no inventory", m.Name)
			continue
		}
		for _, group := range []string{"name", "version"} {
			if regexp.MustCompile(m.Inventory.Line).SubexpIndex(group) < 0 {
				t.Errorf("%s: the inventory's line has no group %s", m.Name, group)
			}
		}
		if m.Inventory.Purl == "" && m.Inventory.As == "" {
			t.Errorf("%s has no type for package URLs", m.Name)
		}
		if site, ok := LookupManager(m.Site()); !ok || site.Inventory.As != "" {
			t.Errorf("%s: its packages are those of %s", m.Name, m.Site())
		}
		if m.Outdated != nil && regexp.MustCompile(m.Outdated.Line).SubexpIndex("latest") < 0 {
			t.Errorf("%s: the line of outdated has no group latest", m.Name)
		}
	}
}

func TestKey(t *testing.T) {
	for _, tt := range []struct{ manager, name, want string }{
		{"pip", "Zope.Interface[test]", "zope-interface"}, {"uv", "a__b", "a-b"}, {"apt", "libc6:amd64", "libc6"}, {"npm", "@A/b_c", "@A/b_c"},
	} {
		m, _ := LookupManager(tt.manager)
		if got := m.Key(tt.name); got != tt.want {
			t.Errorf("%s.Key(%q) = %q; want %q", tt.manager, tt.name, got, tt.want)
		}
	}
}
