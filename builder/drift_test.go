package builder

import (
	"strings"
	"testing"
)

func TestCompareVersions(t *testing.T) {
	ordered := [][]string{ // each before the next
		{"1.0", "1.1", "1.10", "2.0"},
		{"1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.1"},
		{"1.0-beta.1", "1.0-rc.1", "1.0", "1.1-alpha"},
		{"1.0~rc1-1", "1.0-1", "1.0-1+deb12u1", "1.0-1+deb12u10", "1.0.1-1", "1:0.1-1", "2:0"},
		{"v0.1.0", "v0.2.0", "v0.10.0"},
		{"20230101", "20240101"},
		{"0.9", "0.10"},
		{"1.36.1-r28", "1.36.1-r29"},
	}
	for _, list := range ordered {
		for i := range list {
			for j := range list {
				want := 0
				if i < j {
					want = -1
				} else if i > j {
					want = 1
				}
				if got := compareVersions(list[i], list[j]); got < 0 != (want < 0) || got > 0 != (want > 0) {
					t.Errorf("compareVersions(%q, %q) = %d; want %d", list[i], list[j], got, want)
				}
			}
		}
	}
}

func TestNamed(t *testing.T) {
	for _, tt := range []struct {
		output, name string
		want         bool
	}{
		{"ImportError: cannot import name x from near.api", "near", true},
		{"nearly", "near", false},
		{"a near-miss", "near", true},
		{"no module named 'pydantic_core'", "pydantic-core", true},
		{"", "x", false},
	} {
		if got := named(foldName(tt.output), foldName(tt.name)); got != tt.want {
			t.Errorf("named(%q, %q) = %v; want %v", tt.output, tt.name, got, tt.want)
		}
	}
}

func TestAskedText(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"httpx", "httpx==0.27.0", "httpx==0.27.0"},
		{"httpx", "httpx==s3cret0", "httpx @ sha256:"},
		{"x", "x @ https://user:pass@forge.example/x.whl", "x @ sha256:"},
		{"git+https://forge.example/x", "git+https://forge.example/x", "package @ sha256:"},
	} {
		got := askedText(tt.name, tt.text, []string{"s3cret0", ""})
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("askedText(%q) = %q; want %q", tt.text, got, tt.want)
		}
	}
}
