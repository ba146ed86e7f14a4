package mirrors

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// urls lists the candidates of an ecosystem.
func urls(p *Profile, ecosystem string) []string {
	out := []string{}
	for _, c := range p.Candidates(ecosystem) {
		out = append(out, c.URL)
	}
	return out
}

func TestResolve(t *testing.T) {
	own := []Declared{
		{Name: "corp", Extends: "cn", Entries: map[string][]string{
			"pip": {"https://pypi.corp.example/simple"}, "go": {""}, "npm": {"https://a.corp.example/npm", "https://b.corp.example/npm"},
			"apt": {"https://apt.corp.example/"}, "ubuntu": {"https://other.corp.example/u"}, "apk": {"https://apk.corp.example"}, "alpine": {"https://own.corp.example/alp"},
		}, Images: map[string][]string{"docker.io": {"registry.corp.example/hub"}, "quay.io": {""}}},
		{Name: "team", Extends: "corp", Entries: map[string][]string{"apt": {""}}, Bake: true},
		{Name: "alone"},
	}
	tests := []struct {
		profile, ecosystem string
		want               []string
	}{
		{"corp", "pip", []string{"https://pypi.corp.example/simple"}},
		{"corp", "go", []string{}},
		{"corp", "npm", []string{"https://a.corp.example/npm", "https://b.corp.example/npm"}},
		{"corp", "debian", []string{"https://apt.corp.example/debian"}},
		{"corp", "ubuntu_ports", []string{"https://apt.corp.example/ubuntu-ports"}},
		{"corp", "ubuntu", []string{"https://other.corp.example/u"}},
		{"corp", "alpine", []string{"https://own.corp.example/alp"}},
		{"corp", "debian_security", []string{}},
		{"corp", "cargo", []string{"https://rsproxy.cn/index/", "https://mirrors.aliyun.com/crates.io-index/", "https://mirrors.ustc.edu.cn/crates.io-index/"}},
		{"team", "debian", []string{}},
		{"team", "pip", []string{"https://pypi.corp.example/simple"}},
		{"alone", "pip", []string{}},
		{"tsinghua", "pip", []string{"https://pypi.tuna.tsinghua.edu.cn/simple", "https://mirrors.bfsu.edu.cn/pypi/web/simple"}},
		{"tsinghua", "npm", []string{"https://registry.npmmirror.com/", "https://mirrors.huaweicloud.com/repository/npm/"}},
		{"none", "npm", []string{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, urls(mustResolve(t, tt.profile, own), tt.ecosystem)); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", tt.ecosystem, tt.profile, diff)
		}
	}
	if p := mustResolve(t, "team", own); !p.Bake || p.Name != "team" || p.Images["docker.io"][0] != "registry.corp.example/hub" || len(p.Images["quay.io"]) != 0 {
		t.Errorf("team = %+v", p)
	}
	if !mustResolve(t, "alone", own).Empty() || !mustResolve(t, None, nil).Empty() || mustResolve(t, "cn", nil).Empty() {
		t.Errorf("Empty is wrong of alone, none or cn")
	}
	if errs := Check(own); len(errs) != 0 {
		t.Errorf("Check = %v; want nothing", errs)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		own  Declared
		says string
	}{
		{Declared{Name: "cn"}, `mirror "cn": e2bt has a profile of this name`},
		{Declared{Name: "x", Extends: "y"}, `mirror "x": extends: there is no mirror profile "y"`},
		{Declared{Name: "x", Extends: "x"}, `mirror "x": it extends itself: x -> x`},
		{Declared{Name: "x", Entries: map[string][]string{"pypi": {"https://a.example"}}}, "pypi: e2bt knows no mirrors of it"},
		{Declared{Name: "x", Entries: map[string][]string{"pip": {"a.example"}}}, "pip: a mirror is a URL"},
		{Declared{Name: "x", Entries: map[string][]string{"pip": {"https://me:pw@a.example/simple"}}}, "pip: a mirror's URL cannot hold a password"},
		{Declared{Name: "x", Entries: map[string][]string{"go": {"https://a.example/|off"}}}, "go: a mirror's URL has a host and a path alone"},
		{Declared{Name: "x", Entries: map[string][]string{"go": {"https://a.example/?a=b"}}}, "go: a mirror's URL has a host and a path alone"},
		{Declared{Name: "x", Images: map[string][]string{"docker.io": {"https://a.example"}}}, "images: a prefix is what"},
	}
	for _, tt := range tests {
		errs := Check([]Declared{tt.own})
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), tt.says) {
			t.Errorf("Check(%+v) = %v; want one that says %q", tt.own, errs, tt.says)
		}
	}
}

func TestFrom(t *testing.T) {
	p := mustResolve(t, "tsinghua", nil)
	next := p.From("pip", 1)
	if got := urls(next, "pip"); len(got) != 1 || !strings.Contains(got[0], "bfsu") {
		t.Errorf("from the second on: %v", got)
	}
	if diff := cmp.Diff(p.Hosts(), next.Hosts()); diff != "" {
		t.Errorf("what has to be cleaned away changed (-before +after):\n%s", diff)
	}
	if got := urls(next.From("pip", 9), "pip"); len(got) != 0 {
		t.Errorf("beyond the last: %v; want upstream", got)
	}
	if len(urls(p, "pip")) != 2 {
		t.Errorf("From changed the profile that it was asked of")
	}
	if strings.Contains(next.From("pip", 2).Prologue(), "edit /etc/pip.conf") {
		t.Errorf("upstream is still written to /etc/pip.conf")
	}
}

func TestServing(t *testing.T) {
	p := mustResolve(t, "cn", nil)
	for tool, want := range map[string][]string{"pip": {"pip"}, "pnpm": {"npm"}, "apt": {"debian", "ubuntu", "ubuntu_ports"}, "make": nil} {
		var got []string
		for _, e := range p.Serving(tool) {
			got = append(got, e.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Serving(%q) (-want +got):\n%s", tool, diff)
		}
	}
}

func TestImage(t *testing.T) {
	p := mustResolve(t, "x", []Declared{{Name: "x", Images: map[string][]string{"docker.io": {"m.example/hub", "n.example"}, "ghcr.io": {"m.example/ghcr"}}}})
	for ref, want := range map[string][]string{
		"python:3.12-slim": {"m.example/hub/library/python:3.12-slim", "n.example/library/python:3.12-slim"},
		"e2bdev/base":      {"m.example/hub/e2bdev/base", "n.example/e2bdev/base"},
		"docker.io/python": {"m.example/hub/library/python", "n.example/library/python"},
		"docker.io/library/python@sha256:" + strings.Repeat("0", 64): {"m.example/hub/library/python@sha256:" + strings.Repeat("0", 64), "n.example/library/python@sha256:" + strings.Repeat("0", 64)},
		"ghcr.io/a/b:c":    {"m.example/ghcr/a/b:c"},
		"quay.io/a/b":      nil,
		"localhost:5000/a": nil,
		"localhost/a":      nil,
		"":                 nil,
	} {
		if diff := cmp.Diff(want, p.Image(ref)); diff != "" {
			t.Errorf("Image(%q) (-want +got):\n%s", ref, diff)
		}
	}
}
