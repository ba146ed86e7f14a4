// Package imagetest makes base images for tests, out of programs of this
// machine, without any network.
package imagetest

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/local/image"
)

// programs are copied with the libraries that they need.
var programs = []string{
	"bash", "cat", "chmod", "cp", "date", "dd", "env", "false", "grep", "head", "id", "ln", "ls", "mkdir", "mv", "pwd", "readlink", "rm",
	"seq", "sh", "sleep", "sort", "stat", "su", "tail", "timeout", "touch", "true", "uname", "wc", "whoami",
}

// Tiny puts an image of that name into the store: bash, the usual small
// programs, the users root and nobody, and nothing else. It skips the test
// where this machine cannot give them.
func Tiny(t testing.TB, store *image.Store, name string) *image.Image {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux: base images are made of its programs")
	}
	file := filepath.Join(t.TempDir(), "tiny.tar")
	if err := write(file); err != nil {
		t.Skipf("needs bash and coreutils with ldd: %v", err)
	}
	img, err := store.Import(context.Background(), name, file, image.ImportOptions{})
	if err != nil {
		t.Fatalf("Import(%q): %v", file, err)
	}
	return img
}

var texts = map[string]string{
	"etc/os-release": "ID=debian\nPRETTY_NAME=\"Tiny\"\n",
	"etc/passwd":     "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
	"etc/group":      "root:x:0:\nsudo:x:27:\nnogroup:x:65534:\n",
	"etc/shadow":     "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n",
	"etc/gshadow":    "root:*::\nsudo:*::\nnogroup:*::\n",
	"etc/profile":    "PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH\n",
	"etc/pam.d/su":   "auth sufficient pam_rootok.so\nauth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n",
}

// write writes the root filesystem as a tar.
func write(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := &writer{tar.NewWriter(file), map[string]bool{}}
	err = w.all()
	return errors.Join(err, w.Close(), file.Close())
}

type writer struct {
	*tar.Writer
	seen map[string]bool
}

func (w *writer) all() error {
	for _, dir := range []string{"bin", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/local/bin", "var"} {
		if err := w.dir(dir); err != nil {
			return err
		}
	}
	for name, text := range texts {
		if err := w.file(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err != nil {
			return err
		}
		if err := w.program(path, "bin/"+p); err != nil {
			return err
		}
	}
	return w.modules()
}

// modules copies what su loads at run time, where the machine has it.
func (w *writer) modules() error {
	found, err := filepath.Glob("/lib/*/security/pam_*.so")
	if err != nil {
		return err
	}
	for _, m := range found {
		switch filepath.Base(m) {
		case "pam_rootok.so", "pam_permit.so":
			if err := w.program(m, strings.TrimPrefix(m, "/")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) dir(name string) error {
	if name == "." || w.seen[name] {
		return nil
	}
	if err := w.dir(filepath.Dir(name)); err != nil {
		return err
	}
	w.seen[name] = true
	mode := int64(0o755)
	if name == "tmp" {
		mode = 0o1777
	}
	return w.WriteHeader(&tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: mode})
}

func (w *writer) file(name string, content []byte, mode int64) error {
	if w.seen[name] {
		return nil
	}
	if err := w.dir(filepath.Dir(name)); err != nil {
		return err
	}
	w.seen[name] = true
	if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

var library = regexp.MustCompile(`(?m)(/\S+) \(0x`)

// program copies a program, or a module, and the libraries that it needs.
func (w *writer) program(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := w.file(to, content, 0o755); err != nil {
		return err
	}
	out, err := exec.Command("ldd", from).Output()
	if err != nil {
		return fmt.Errorf("ldd %s: %w", from, err)
	}
	for _, m := range library.FindAllStringSubmatch(string(out), -1) {
		content, err := os.ReadFile(m[1])
		if err != nil {
			return err
		}
		if err := w.file(strings.TrimPrefix(m[1], "/"), content, 0o755); err != nil {
			return err
		}
	}
	return nil
}
