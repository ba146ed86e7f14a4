package mirrors

import (
	"slices"
	"strings"
	"testing"
)

func TestManagers(t *testing.T) {
	seen := map[int]string{}
	for _, m := range Managers() {
		if other, ok := seen[m.Order]; ok {
			t.Errorf("%s and %s share order %d", m.Name, other, m.Order)
		}
		seen[m.Order] = m.Name
		if m.Install == "" || m.Cleanup == "" {
			t.Errorf("%s has no install or cleanup", m.Name)
		}
	}
	if got := Managers()[0].Name; got != "apt" {
		t.Errorf("first manager = %s; want apt", got)
	}
}

func TestSplitJoin(t *testing.T) {
	tests := []struct{ manager, entry, name, version string }{
		{"pip", "httpx", "httpx", ""},
		{"pip", "httpx==0.27.0", "httpx", "0.27.0"},
		{"pip", "httpx===0.27.0", "httpx", "===0.27.0"},
		{"pip", "httpx[http2]>=0.27,<1", "httpx[http2]", ">=0.27,<1"},
		{"pip", "x; python_version < '3.9'", "x", "; python_version < '3.9'"},
		{"npm", "left-pad@1.3.0", "left-pad", "1.3.0"},
		{"npm", "@anthropic-ai/claude-code", "@anthropic-ai/claude-code", ""},
		{"npm", "@anthropic-ai/claude-code@2.0.1", "@anthropic-ai/claude-code", "2.0.1"},
		{"apt", "jq=1.6*", "jq", "1.6*"},
		{"apk", "jq~=1.7", "jq", "~=1.7"},
		{"dnf", "jq-1.6", "jq-1.6", ""},
		{"go", "golang.org/x/tools/cmd/stringer@v0.1.0", "golang.org/x/tools/cmd/stringer", "v0.1.0"},
		{"gem", "rake:13.0", "rake", "13.0"},
		{"cargo", "ripgrep@14.0.0", "ripgrep", "14.0.0"},
	}
	for _, tt := range tests {
		m, ok := LookupManager(tt.manager)
		if !ok {
			t.Fatalf("LookupManager(%q) found nothing", tt.manager)
		}
		name, version := m.Split(tt.entry)
		if name != tt.name || version != tt.version {
			t.Errorf("%s.Split(%q) = %q, %q; want %q, %q", tt.manager, tt.entry, name, version, tt.name, tt.version)
		}
		if got := m.Join(name, version); m.Name != "pip" && got != tt.entry || m.Name == "pip" && tt.version != "" && got != tt.name+withOp(m, tt.version) {
			t.Errorf("%s.Join(%q, %q) = %q; want %q", tt.manager, name, version, got, tt.entry)
		}
	}
}

func withOp(m Manager, version string) string {
	if version[0] >= '0' && version[0] <= '9' {
		return m.Separator + version
	}
	return version
}

func TestReadVersions(t *testing.T) {
	for _, c := range []struct {
		manager, said string
		want          []string
	}{
		{"apt", "       jq | 1.7.1-6+deb13u1 | http://deb.example/debian trixie/main amd64 Packages\n  jq | 1.7.1-6 | http://deb.example/debian trixie/main Sources", []string{"1.7.1-6+deb13u1", "1.7.1-6"}},
		{"apk", "jq policy:\n  1.7.1-r0:\n    https://apk.example/v3.20/main", []string{"1.7.1-r0"}},
		{"dnf", "Available Packages\njq.x86_64    1.7.1-4.fc40    fedora", []string{"1.7.1-4.fc40"}},
		{"pip", "flask (3.1.0)\nAvailable versions: 3.1.0, 3.0.3, 2.0.0rc1\n  INSTALLED: 3.0.3", []string{"3.1.0", "3.0.3", "2.0.0rc1"}},
		{"npm", "[\n  \"0.0.1\",\n  \"1.3.0\"\n]", []string{"0.0.1", "1.3.0"}},
		{"pnpm", "\"1.0.0\"", []string{"1.0.0"}},
		{"gem", "rake (13.2.1, 13.2.0 ruby java)", []string{"13.2.1", "13.2.0"}},
		{"go", "golang.example/x/tools v0.1.0 v0.2.0", []string{"v0.1.0", "v0.2.0"}},
	} {
		m, ok := LookupManager(c.manager)
		if !ok || m.Versions == nil {
			t.Errorf("%s cannot say which versions there are", c.manager)
			continue
		}
		if got := m.Versions.ReadVersions(strings.Split(c.said, "\n")); !slices.Equal(got, c.want) {
			t.Errorf("%s: ReadVersions(%q) = %v; want %v", c.manager, c.said, got, c.want)
		}
	}
}
