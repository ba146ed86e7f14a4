package engine

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// image makes a layer out of files; a text that begins with "->" is a link.
func image(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(target, at)
		} else {
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents reads the files of a layer, as image would make it.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch d.Type() {
		case fs.ModeSymlink:
			target, err := os.Readlink(path)
			files[name] = "->" + target
			return err
		case 0:
			text, err := os.ReadFile(path)
			files[name] = string(text)
			return err
		}
		files[name] = d.Type().String() // a device: deleted
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const deleted = "Dc---------"

func TestHostCertificates(t *testing.T) {
	t.Parallel()
	needRoot(t)
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	e.Close() // which means: no spare
	a, b, c, own := certificate("a"), certificate("b"), certificate("c"), certificate("own")
	e.bundle = filepath.Join(image(t, map[string]string{"bundle": a + b}), "bundle")
	host := hostBegins + a + b + hostEnds
	debian, fedora := imageBundles[0], imageBundles[1]
	tests := []struct {
		name         string
		lowers       []map[string]string // topmost first
		script, says string
		layer        map[string]string
	}{
		{"none", nil, "cat /" + debian + " $SSL_CERT_FILE $NODE_EXTRA_CA_CERTS", host + host + host, nil},
		{"its own", []map[string]string{{debian: own}}, "cat /" + debian + " $SSL_CERT_FILE", own + host + own + host, nil},
		{"elsewhere", []map[string]string{{fedora: own}}, "cat /" + fedora + " $PIP_CERT", own + host + own + host, nil},
		{"by a link", []map[string]string{{debian: "->/bundle", "bundle": own}}, "cat /" + debian + " /bundle", own + host + own, nil},
		{"the same", []map[string]string{{debian: own + b + a}}, "cat /" + debian + "; echo $SSL_CERT_FILE", own + b + a + "\n", nil},
		{"the same, in a layer", []map[string]string{{debian: b + a}, {debian: own}}, "cat /" + debian + "; echo $SSL_CERT_FILE", b + a + "\n", nil},
		{"some in a layer", []map[string]string{{debian: c + b}, {debian: own}}, "cat /" + debian, c + b + hostBegins + a + hostEnds, nil},
		{"login shell", nil, "env -i bash -l -c 'echo $SSL_CERT_FILE $CARGO_HTTP_CAINFO'", "/run/e2bt-ca.crt /run/e2bt-ca.crt\n", nil},
		{"sudo", []map[string]string{{"etc/sudoers.d/README": ""}}, "stat -c %a /" + sudoersPath + "; grep -c SSL_CERT_FILE /" + sudoersPath, "440\n1\n", nil},
		{"appended", []map[string]string{{debian: own}}, "echo -n '" + c + "' >> /" + debian, "", map[string]string{debian: own + c}},
		{"replaced", []map[string]string{{debian: own}}, "echo -n '" + c + "' > /new; mv /new /" + debian + "; cat /" + debian, c, map[string]string{debian: c}},
		{"deleted", []map[string]string{{debian: own}}, "rm /" + debian, "", map[string]string{debian: deleted}},
		{"given away", []map[string]string{{debian: own}}, "chown -R ann /etc/ssl /run", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLayer(t)
			spec := Spec{Upper: l.upper, Work: l.work}
			for _, files := range tt.lowers {
				spec.Lowers = append(spec.Lowers, image(t, files))
			}
			s := openWith(t, e, spec)
			if got, exit := bash(t, s, "", tt.script); exit.Code != 0 {
				t.Errorf("Run(%q) = %+v; want success", tt.script, exit)
			} else if d := cmp.Diff(tt.says, got); d != "" {
				t.Errorf("Run(%q): %s", tt.script, d)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if left := contents(t, l.upper); !maps.Equal(tt.layer, left) {
				t.Errorf("the layer: %s", cmp.Diff(tt.layer, left))
			}
		})
	}
}

func TestResolvConf(t *testing.T) {
	t.Parallel()
	needRoot(t)
	host, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Skipf("needs a resolv.conf on the host: %v", err)
	}
	canary := t.TempDir()
	const name = "etc/resolv.conf"
	tests := []struct{ name, image, script, layer string }{
		{"none", "", "cat /" + name, ""},
		{"file", "image's", "cat /" + name, ""},
		{"relative link", "->../run/systemd/resolve/stub-resolv.conf", "cat /" + name, ""},
		{"absolute link", "->/run/resolvconf/resolv.conf", "cat /" + name, ""},
		{"link out", "->" + canary + "/resolv.conf", "cat /" + name, ""},
		{"replaced", "->../run/x", "cat /" + name + "; rm /" + name + " && echo mine > /" + name, "mine\n"},
		{"linked", "image's", "cat /" + name + "; ln -sf ../run/x /" + name, "->../run/x"},
		{"copied up", "image's", "cat /" + name + "; chown ann /" + name, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, files := newLayer(t), map[string]string{}
			if tt.image != "" {
				files[name] = tt.image
			}
			s := open(t, l, image(t, files))
			want(t, s, "", tt.script, string(host))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := contents(t, l.upper)[name]; got != tt.layer {
				t.Errorf("%s in the layer = %q; want %q", name, got, tt.layer)
			}
		})
	}
	if left := contents(t, canary); len(left) > 0 {
		t.Errorf("the host's directory = %v; want it empty", left)
	}
}

// TestInjectedDirectories looks whether they are like those of the image.
func TestInjectedDirectories(t *testing.T) {
	t.Parallel()
	needRoot(t)
	top := image(t, map[string]string{"etc/profile.d/x.sh": "", "run/x": ""})
	if err := errors.Join(os.Chown(top+"/etc", 1234, 1235), os.Chmod(top+"/etc", 0o751), os.Chmod(top+"/run", 0o700), os.Chmod(top, 0o711)); err != nil {
		t.Fatal(err)
	}
	want(t, open(t, newLayer(t), top), "", "stat -c '%n %U %a' / /etc /run", "/ root 711\n/etc ann 751\n/run root 700\n")
}

func TestConfinement(t *testing.T) {
	t.Parallel()
	s := open(t, newLayer(t))
	const set = "00000000a80425fb" // what container engines leave to root
	want(t, s, "", "grep -E 'Cap(Inh|Eff|Bnd|Amb)' /proc/self/status", "CapInh:\t0000000000000000\nCapEff:\t"+set+"\nCapBnd:\t"+set+"\nCapAmb:\t0000000000000000\n")
	want(t, s, "ann", "grep -E 'Cap(Eff|Bnd|Amb)' /proc/self/status", "CapEff:\t0000000000000000\nCapBnd:\t"+set+"\nCapAmb:\t0000000000000000\n")
	want(t, s, "", "for p in /proc/{sys,sys/vm/drop_caches,sysrq-trigger,irq,bus,fs,acpi,scsi,asound} /sys /sys/kernel; do [ ! -w $p ] || echo $p; done", "")
	want(t, s, "", "for p in /proc/{kcore,keys,timer_list} /sys/firmware/*; do head -c1 $p 2>/dev/null || :; done", "")
	want(t, s, "", "mkdir /m; mount -t tmpfs x /m 2>/dev/null || echo refused", "refused\n")
	want(t, s, "", "for p in /dev/made /made; do mknod $p c 1 5 2>/dev/null; head -c1 $p 2>/dev/null || echo dead; done", "dead\ndead\n")
	want(t, s, "ann", "for d in null zero full random urandom tty; do [ -r /dev/$d ] && [ -w /dev/$d ] || echo $d; done; head -c2 /dev/zero | wc -c", "2\n")
}

// TestDevicesAreNotTheHosts changes one inside; the host's must stay as it is.
func TestDevicesAreNotTheHosts(t *testing.T) {
	before, err := os.Stat("/dev/full")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.Chmod("/dev/full", before.Mode().Perm()) })
	bash(t, open(t, newLayer(t)), "", "chmod 664 /dev/full")
	after, err := os.Stat("/dev/full")
	if err != nil || after.Mode() != before.Mode() {
		t.Errorf("/dev/full of the host = %v, %v; want it as it was, %v", after, err, before)
	}
}

// TestStoreOnOverlay has layers where the kernel takes none.
func TestStoreOnOverlay(t *testing.T) {
	t.Parallel()
	needRoot(t)
	root, err := baseRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{"lower", "upper", "work", "store"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const script = `mount -t overlay overlay -o "$OPTIONS" store && mkdir store/upper store/work && ln -s "$ROOT" store/base && exec "$PROGRAM"`
	cmd := exec.CommandContext(soon(t), "unshare", "--mount", "sh", "-c", script)
	options := "lowerdir=lower,upperdir=upper,workdir=work"
	if inUserNamespace() {
		options += ",userxattr"
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), killedVariable+"="+dir+"/store", napVariable+"="+newNap(), "OPTIONS="+options, "ROOT="+root, "PROGRAM="+program)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "is itself on an overlay") {
		t.Errorf("Open on an overlay: %v, %s; want an error that says what to do", err, out)
	}
}
