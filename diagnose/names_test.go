package diagnose

import "testing"

func TestProvides(t *testing.T) {
	tests := []struct{ manager, file, want string }{
		{"apt", "curl/curl.h", "libcurl4-openssl-dev"},
		{"apt", "openssl/evp.h", "libssl-dev"},
		{"apt", "lber.h", "libldap-dev"},
		{"apt", "Python.h", "python3-dev"},
		{"apt", "gtk+-3.0.pc", "libgtk-3-dev"},
		{"apt", "sqlite3", "sqlite3"},
		{"apt", "pdftotext", "poppler-utils"},
		{"apt", "no-such-command-at-all", ""},
		{"apt", "", ""},
		{"apk", "gcc", "build-base"},
		{"npm", "tsc", "typescript"},
	}
	for _, tt := range tests {
		if got := provides(tt.manager, tt.file); got != tt.want {
			t.Errorf("provides(%q, %q) = %q; want %q", tt.manager, tt.file, got, tt.want)
		}
	}
}

func TestElsewhere(t *testing.T) {
	tests := []struct{ manager, name, want string }{
		{"pip", "express", "npm"},
		{"npm", "numpy", "pip"},
		{"pip", "ffmpeg", "apt"},
		{"npm", "express", ""},
		{"pip", "no-such-name", ""},
	}
	for _, tt := range tests {
		if got := elsewhere(tt.manager, tt.name); got != tt.want {
			t.Errorf("elsewhere(%q, %q) = %q; want %q", tt.manager, tt.name, got, tt.want)
		}
	}
}
