package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDebian runs a distribution's own tools: those are what an engine breaks.
func TestDebian(t *testing.T) {
	if os.Getenv("E2BT_E2E") != "local" {
		t.Skip("needs a package registry: set E2BT_E2E=local")
	}
	limitTime(t, 20*time.Minute)
	root := debian(t)
	e, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	lowers := []string{root}
	tests := []struct{ name, script, says string }{
		{"apt-get", "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq jq ca-certificates >/tmp/log 2>&1 || cat /tmp/log; echo done", "done\n"},
		{"installed", "echo '{\"a\":7}' | jq .a; test -s /etc/ssl/certs/ca-certificates.crt && echo certs", "7\ncerts\n"},
		{"users", "useradd -m bob && su - bob -c 'id -un; pwd' && sudo -u bob id -un && su bob -c 'sudo -n true' 2>/dev/null || echo no sudo", "bob\n/home/bob\nbob\nno sudo\n"},
		{"terminal", "script -qc tty /dev/null | tr -d '\\r'", "/dev/pts/0\n"},
		{"mount", "mount -t tmpfs x /mnt 2>/dev/null || echo refused", "refused\n"},
		{"chown", "chown -R 0:0 /etc /run; rm -rf /run/* /var/lib/apt/lists/*; echo ok", "ok\n"},
	}
	for _, tt := range tests {
		l := newLayer(t)
		s, err := e.Open(soon(t), Spec{Lowers: lowers, Upper: l.upper, Work: l.work, Hostname: "box"})
		if err != nil {
			t.Fatal(err)
		}
		if got, exit := bashWithin(t, 5*time.Minute, s, "", tt.script); got != tt.says || exit.Code != 0 {
			t.Errorf("%s: Run(%q) = %q, %+v; want %q", tt.name, tt.script, got, exit, tt.says)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, ours := range []string{"etc/resolv.conf", "etc/hosts", bundlePath, profilePath, sudoersPath} {
			if _, err := os.Lstat(filepath.Join(l.upper, ours)); !os.IsNotExist(err) {
				t.Errorf("%s: Lstat(%q) in the layer = %v; want it not there", tt.name, ours, err)
			}
		}
		lowers = append([]string{l.upper}, lowers...)
	}
}

// debian makes a small root filesystem from the registry that this host uses.
func debian(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("mmdebstrap"); err != nil || os.Geteuid() != 0 || inUserNamespace() {
		t.Skipf("needs root and mmdebstrap: %v", err)
	}
	release, err := exec.Command("sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME").Output()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	if len(sources) == 0 || err != nil {
		sources = []string{"/etc/apt/sources.list"}
	}
	root := filepath.Join(scratch, "debian")
	args := append([]string{"--quiet", "--variant=minbase", "--include=sudo", strings.TrimSpace(string(release)), root}, sources...)
	if out, err := exec.CommandContext(within(t, 10*time.Minute), "mmdebstrap", args...).CombinedOutput(); err != nil {
		t.Fatalf("mmdebstrap: %v\n%s", err, out)
	}
	return root
}
