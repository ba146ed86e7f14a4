package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The same files give the same archive, with their modes.
func TestArchives(t *testing.T) {
	r := release{at: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)}
	files := []file{{"e2bt", []byte("binary"), 0o755}, {"man/man1/e2bt.1", []byte("page"), 0o644}}
	for name, pack := range map[string]func(io.Writer, []file) error{"tar": r.tar, "zip": r.zip} {
		var once, again bytes.Buffer
		if err := pack(&once, files); err != nil {
			t.Fatal(err)
		}
		if err := pack(&again, files); err != nil || !bytes.Equal(once.Bytes(), again.Bytes()) {
			t.Errorf("%s: two archives of the same files differ (%v)", name, err)
		}
		read := map[string]func([]byte) ([]file, error){"tar": readTar, "zip": readZip}[name]
		got, err := read(once.Bytes())
		if diff := cmp.Diff(files, got, cmp.AllowUnexported(file{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func readTar(data []byte) (files []file, err error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	for t := tar.NewReader(unpacked); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		files = append(files, file{h.Name, content, h.Mode})
	}
}

func readZip(data []byte) (files []file, err error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		files = append(files, file{f.Name, content, int64(f.Mode().Perm())})
	}
	return files, nil
}

// TestRelease makes a release for this machine, and starts what is in it.
func TestRelease(t *testing.T) {
	if os.Getenv("E2BT_E2E") != "local" {
		t.Skip("set E2BT_E2E=local to make a release for this machine")
	}
	host, err := exec.Command("go", "env", "GOOS", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	platform := strings.Join(strings.Fields(string(host)), "/")
	if strings.HasPrefix(platform, "windows/") {
		t.Skip("reads a tar archive")
	}
	t.Chdir(filepath.Join("..", "..", ".."))
	dir := t.TempDir()
	r := release{version: "v9.8.7", dir: dir}
	if err := r.make([]string{platform}); err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(dir, "e2bt_9.8.7_"+strings.ReplaceAll(platform, "/", "_"))
	data, err := os.ReadFile(base + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	files, err := readTar(data)
	if err != nil || files[0].name != "e2bt" {
		t.Fatalf("the archive has %d files: %v", len(files), err)
	}
	binary := filepath.Join(t.TempDir(), "e2bt")
	if err := os.WriteFile(binary, files[0].data, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "version").Output(); err != nil || string(out) != "e2bt 9.8.7\n" {
		t.Errorf("the version: %q, %v", out, err)
	}
	var bom struct {
		Components []struct{ Name, Version string }
	}
	if data, err = os.ReadFile(base + ".cdx.json"); err != nil || json.Unmarshal(data, &bom) != nil || len(bom.Components) < 10 {
		t.Errorf("the SBOM has %d components: %v", len(bom.Components), err)
	}
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil || strings.Count(string(sums), "\n") != 2 {
		t.Errorf("checksums (%v):\n%s", err, sums)
	}
	if err := r.make([]string{platform}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("once more: %v; want a refusal", err)
	}
}
