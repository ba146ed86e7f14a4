package builder_test

import (
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
)

func lockOf(packages map[string]builder.Packages, asked map[string][]string) *builder.Lock {
	return &builder.Lock{Templates: map[string]*builder.Locked{"app": {
		Name: "app", Base: builder.LockedBase{Image: "e2bdev/base", Digest: "sha256:" + strings.Repeat("a", 64)},
		Steps:     []builder.LockedStep{{Type: "RUN", Batch: "x", Packages: asked}},
		Inventory: builder.Inventory{Packages: packages},
	}}}
}

func lockedPlan(t *testing.T, text string, lock *builder.Lock) (*builder.Plan, string) {
	t.Helper()
	dir := files{"e2bt.hcl": text}.write(t)
	cfg, diags := config.Load([]string{dir}, config.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	none := func(string, *config.Copy) (*archive.Tree, string, error) { return nil, "", nil }
	open, diags := builder.New(cfg, nil, none)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	plan, diags := builder.NewLocked(cfg, open, nil, none, lock)
	var said []string
	for _, d := range diags {
		said = append(said, d.Summary+": "+d.Detail)
	}
	return plan, strings.Join(said, "\n")
}

// TestLockedPlan wants every package in the version that the lock has, what
// comes along held where its manager can do so, and the base by its digest.
func TestLockedPlan(t *testing.T) {
	lock := lockOf(map[string]builder.Packages{
		"apt": {"jq": "1.6-2.1", "libjq1": "1.6-2.1", "mawk": "1.3"},
		"pip": {"httpx": "0.27.0", "idna": "3.6"},
		"npm": {"@s/tool": "2.0.1", "twice": "1.0.0 2.0.0"},
		"gem": {"rake": "13.0"},
	}, map[string][]string{"apt": {"awk"}, "pip": {"HTTPX[http2]>=0.27,<1"}, "npm": {"twice"}})
	plan, said := lockedPlan(t, `
template "app" {
  batch "x" {
    apt = ["jq", "awk"]
    pip = ["HTTPX[http2]>=0.27,<1"]
    npm = ["@s/tool", "twice"]
    gem = ["rake"]
  }
  batch "y" { run = ["pip install ."] }
  batch "z" { run = ["true"] }
}`, lock)
	if said != "" {
		t.Fatalf("the plan says %s", said)
	}
	app := plan.Templates[0]
	if want := "e2bdev/base@sha256:" + strings.Repeat("a", 64); app.FromImage != want {
		t.Errorf("from %s; want %s", app.FromImage, want)
	}
	for _, want := range []string{
		"--no-install-recommends jq=1.6-2.1 awk\n", "pip install 'HTTPX[http2]==0.27.0'\n", "npm install -g @s/tool@2.0.1 twice\n", "gem install --no-document rake:13.0\n",
		`printf 'Package: %s\nPin: version %s\nPin-Priority: 1001\n\n' jq 1.6-2.1 libjq1 1.6-2.1 mawk 1.3 > /etc/apt/preferences.d/e2bt-lock`,
		`printf '%s==%s\n' httpx 0.27.0 idna 3.6 > /tmp/e2bt-lock-pip.txt`, "export PIP_CONSTRAINT=/tmp/e2bt-lock-pip.txt\n",
		"\nrm -f /tmp/e2bt-lock-pip.txt",
	} {
		if !strings.Contains(app.Steps[0].Args[0]+"\n", want) {
			t.Errorf("the batch has no %q:\n%s", want, app.Steps[0].Args[0])
		}
	}
	if text := app.Steps[1].Args[0]; !strings.Contains(text, "PIP_CONSTRAINT") {
		t.Errorf("a command of the author's is not held: %s", text)
	}
	if text := app.Steps[2].Args[0]; text != "true" {
		t.Errorf("a batch that installs nothing = %q; want it as it was", text)
	}
}

func TestLockedRefuses(t *testing.T) {
	packages := map[string]builder.Packages{"pip": {"httpx": "0.27.0"}}
	for text, want := range map[string]string{
		`template "other" {}`: `The lock file has no template "other".`,
		"template \"app\" {\n batch \"x\" { pip = [\"rich\"] }\n}":                                        "pip rich is not what the lock file has of template.app.",
		"template \"app\" {\n batch \"x\" { pip = [\"httpx==0.28.1\"] }\n}":                               "pip httpx==0.28.1 is 0.27.0 in the lock file of template.app.",
		"template \"app\" {\n batch \"x\" { pip = [\"httpx>=0.28\"] }\n}":                                 "pip httpx>=0.28 is 0.27.0 in the lock file",
		"template \"app\" {\n base { image = \"other\" }\n}":                                              "template.app is based on other here, and on e2bdev/base in the lock file.",
		"template \"app\" {\n pins { pip = { httpx = \"0.28\" } }\n batch \"x\" { pip = [\"httpx\"] }\n}": "pip httpx==0.28 is 0.27.0",
	} {
		if _, said := lockedPlan(t, text, lockOf(packages, nil)); !strings.Contains(said, want) {
			t.Errorf("%s: %q; want %q", text, said, want)
		}
	}
}
