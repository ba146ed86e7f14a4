package diagnose

import "testing"

func TestClash(t *testing.T) {
	tests := []struct{ reasons, name, version string }{
		{"Because all versions of a depend on b==2.0.0 and you require a, we can conclude that you require b==2.0.0. And because you require b==1.0.0, we can conclude", "b", "==1.0.0"},
		{"Because your project depends on x==2.3.0 and project:foo depends on x==2.4.0, we can conclude", "x", "==2.3.0"},
		{"Because anyio==3.7.0 depends on idna==3.2 and idna==3.3, we can conclude that anyio==3.7.0 cannot be used.", "idna", "==3.2"},
		{"Because flask>=3.0.2 depends on werkzeug>=3.0.0 and you require flask>=3.0.2, we can conclude that you require werkzeug>=3.0.0. And because you require werkzeug<1.0.0, we", "werkzeug", "<1.0.0"},
		{"Because there is no version of x==9 and you require x==9, we can conclude", "", ""},
	}
	for _, tt := range tests {
		if name, version := clash(tt.reasons); name != tt.name || version != tt.version {
			t.Errorf("clash(%q) = %q, %q; want %q, %q", tt.reasons, name, version, tt.name, tt.version)
		}
	}
}
