package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
)

// TestSecrets keeps what is made of a sensitive value from being shown, and
// nothing that only stands beside it.
func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	text := `
variable "token" {
  sensitive = true
  default   = "the-token"
}
variable "keys" {
  sensitive = true
  type      = map(string)
  default   = { a = "key-one", b = "key-two" }
}
template "t" {
  base {
    image = "registry.example/x"
    registry {
      username = "robot"
      password = "the-password"
    }
  }
  env = { TOKEN = var.token, MODE = "production" }
  batch "b" {
    run = ["true", "login ${upper(var.token)}", "make"]
    env = { KEY = var.keys.a }
  }
  cleanup { paths = toset(["/tmp/a", "/tmp/${var.token}"]) }
}
`
	if err := os.WriteFile(filepath.Join(dir, "e2bt.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, diags := config.Load(nil, config.Options{Dir: dir})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := []string{"/tmp/a", "/tmp/the-token", "key-one", "key-two", "login THE-TOKEN", "the-password", "the-token"}
	if diff := cmp.Diff(want, cfg.Secrets); diff != "" {
		t.Errorf("Secrets (-want +got):\n%s", diff)
	}
}
