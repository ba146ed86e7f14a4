package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestUnpackStays lets nothing out of the directory, whatever a sandbox sends.
func TestUnpackStays(t *testing.T) {
	entry := func(kind byte, name, link string) tar.Header {
		return tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o644, Size: int64(btoi(kind == tar.TypeReg))}
	}
	tests := map[string][]tar.Header{
		"up":              {entry(tar.TypeReg, "../out", "")},
		"absolute":        {entry(tar.TypeReg, "/out", "")},
		"through a link":  {entry(tar.TypeSymlink, "l", ".."), entry(tar.TypeReg, "l/out", "")},
		"a link to above": {entry(tar.TypeLink, "f", "../secret")},
		"a directory":     {entry(tar.TypeSymlink, "l", ".."), entry(tar.TypeDir, "l/out", "")},
	}
	for name, entries := range tests {
		t.Run(name, func(t *testing.T) {
			var archive bytes.Buffer
			w := tar.NewWriter(&archive)
			for _, h := range entries {
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if h.Size > 0 {
					if _, err := w.Write([]byte("x")); err != nil {
						t.Fatal(err)
					}
				}
			}
			w.Close()
			dir := t.TempDir()
			write(t, dir, "secret", "mine")
			if err := unpack(&archive, filepath.Join(dir, "in")); err == nil {
				t.Error("it was taken")
			}
			if _, err := os.Lstat(filepath.Join(dir, "out")); err == nil {
				t.Error("something got out")
			}
			if info, err := os.Lstat(filepath.Join(dir, "in/f")); err == nil && info.Mode().IsRegular() {
				t.Error("a file of the outside is inside")
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
