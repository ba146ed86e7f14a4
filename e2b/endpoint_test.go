package e2b_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

func TestResolveEndpoint(t *testing.T) {
	tests := []struct {
		name string
		url  string // --endpoint
		env  map[string]string
		want e2b.Endpoint
		err  string // part of the error
	}{
		{"the cloud", "", map[string]string{}, e2b.Endpoint{APIURL: "https://api.e2b.app", Domain: "e2b.app"}, ""},
		{"a domain", "", map[string]string{"E2B_DOMAIN": "e2b.corp.example"}, e2b.Endpoint{APIURL: "https://api.e2b.corp.example", Domain: "e2b.corp.example"}, ""},
		{"a domain with a port", "", map[string]string{"E2B_DOMAIN": "corp.example:8443"}, e2b.Endpoint{APIURL: "https://api.corp.example:8443", Domain: "corp.example:8443"}, ""},
		{"the URL beats the domain", "", map[string]string{"E2B_DOMAIN": "a.example", "E2B_API_URL": "http://127.0.0.1:3000/"}, e2b.Endpoint{APIURL: "http://127.0.0.1:3000", Domain: "a.example"}, ""},
		{"the flag beats all", "http://localhost:1", map[string]string{"E2B_DOMAIN": "a.example", "E2B_API_URL": "http://127.0.0.1:3000"}, e2b.Endpoint{APIURL: "http://localhost:1", Domain: "a.example"}, ""},
		{"a path", "https://gw.example/kruise/api/", nil, e2b.Endpoint{APIURL: "https://gw.example/kruise/api", Domain: "e2b.app"}, ""},
		{"an IPv6 host", "http://[::1]:3000", nil, e2b.Endpoint{APIURL: "http://[::1]:3000", Domain: "e2b.app"}, ""},
		{"sandboxes elsewhere", "", map[string]string{"E2B_SANDBOX_URL": "http://127.0.0.1:3002/"}, e2b.Endpoint{APIURL: "https://api.e2b.app", SandboxURL: "http://127.0.0.1:3002", Domain: "e2b.app"}, ""},
		{"spaces around", " https://a.example ", map[string]string{"E2B_DOMAIN": " b.example\n"}, e2b.Endpoint{APIURL: "https://a.example", Domain: "b.example"}, ""},

		{"no scheme", "api.example", nil, e2b.Endpoint{}, "--endpoint is not a URL"},
		{"no host", "https://", nil, e2b.Endpoint{}, "--endpoint is not a URL"},
		{"another scheme", "", map[string]string{"E2B_API_URL": "ftp://a.example"}, e2b.Endpoint{}, "E2B_API_URL is not a URL"},
		{"a user", "https://me:secret@a.example", nil, e2b.Endpoint{}, "--endpoint is not a URL"},
		{"a query", "https://a.example?token=secret", nil, e2b.Endpoint{}, "--endpoint is not a URL"},
		{"a fragment", "https://a.example#x", nil, e2b.Endpoint{}, "--endpoint is not a URL"},
		{"a bad port", "https://a.example:http", nil, e2b.Endpoint{}, "--endpoint is not a URL"},
		{"a domain that is a URL", "", map[string]string{"E2B_DOMAIN": "https://e2b.app"}, e2b.Endpoint{}, "E2B_DOMAIN is not a domain such as e2b.app"},
		{"a domain with a path", "", map[string]string{"E2B_DOMAIN": "e2b.app/api"}, e2b.Endpoint{}, "E2B_DOMAIN is not a domain such as e2b.app"},
		{"a domain with a user", "", map[string]string{"E2B_DOMAIN": "x@e2b.app"}, e2b.Endpoint{}, "E2B_DOMAIN is not a domain such as e2b.app"},
		{"a bad URL for sandboxes", "", map[string]string{"E2B_SANDBOX_URL": "localhost:3002"}, e2b.Endpoint{}, "E2B_SANDBOX_URL is not a URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{"E2B_API_KEY": " secret\n"}
			for name, value := range tt.env {
				env[name] = value
			}
			got, err := e2b.ResolveEndpoint(e2b.EndpointOptions{URL: tt.url}, func(name string) string { return env[name] })
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret") {
					t.Fatalf("error = %v; want %q", err, tt.err)
				}
				return
			}
			tt.want.APIKey = "secret"
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("ResolveEndpoint() error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestResolveEndpointKey(t *testing.T) {
	resolve := func(value string) error {
		_, err := e2b.ResolveEndpoint(e2b.EndpointOptions{}, func(name string) string {
			return map[string]string{"E2B_API_KEY": value}[name]
		})
		return err
	}
	for _, missing := range []string{"", "  \n"} {
		var want *e2b.MissingKeyError
		err := resolve(missing)
		if !errors.As(err, &want) {
			t.Fatalf("with key %q: error %v; want a *MissingKeyError", missing, err)
		}
		for _, word := range []string{"E2B_API_KEY", ".env", "--local", "dashboard", "https://api.e2b.app"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("error %q does not say %s", err, word)
			}
		}
	}
	for _, good := range []string{"e2b_00", "sk_abc-DEF.123", "x", "a b", "ключ"} { // formats are not checked
		if err := resolve(good); err != nil {
			t.Errorf("with key %q: %v", good, err)
		}
	}
	for _, bad := range []string{"abc\ndef", "abc\x00def"} { // no header can hold them
		if err := resolve(bad); err == nil || strings.Contains(err.Error(), "abc") || !strings.Contains(err.Error(), "E2B_API_KEY") {
			t.Errorf("with key %q: error %v; want one that names E2B_API_KEY alone", bad, err)
		}
	}
}

func TestLoadEnvFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	tests := []struct {
		text string
		want map[string]string // nil: an error
	}{
		{"E2B_API_KEY=abc\n", map[string]string{"E2B_API_KEY": "abc"}},
		{"# a comment\nexport A='one two'\r\nB=\"x\\ny\" # why\n\nC=\n", map[string]string{"A": "one two", "B": "x\ny", "C": ""}},
		{"\ufeffA=1\n", map[string]string{"A": "1"}},
		{"", map[string]string{}},
		{"this is secret\n", nil},
		{"A=1\nopen secret sesame\n", nil},
		{"A=\"secret\n", nil},
	}
	for _, tt := range tests {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := e2b.LoadEnvFile(file)
		if tt.want == nil {
			if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), file) {
				t.Errorf("LoadEnvFile(%q): error %v; want one that names the file and quotes nothing of it", tt.text, err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("LoadEnvFile(%q): error %v (-want +got):\n%s", tt.text, err, diff)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "missing"), t.TempDir()} {
		if _, err := e2b.LoadEnvFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("LoadEnvFile(%q): error %v; want one that names it", path, err)
		}
	}
}
