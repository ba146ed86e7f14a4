package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/localtest"
)

// TestRemoveImage: an image that is removed is gone from the disk, unless a
// server is at work on it; then the next one that is removed takes it along.
func TestRemoveImage(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: works on a store of the test's own user")
	}
	home := t.TempDir()
	server, err := localtest.Open(local.Options{Home: home, APIKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	store, err := image.Open(filepath.Join(home, "images"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Import(t.Context(), "other", filepath.Join(home, "base.tar"), image.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	remove := func(name string) string {
		t.Helper()
		out, err := e2bt(t, t.TempDir(), home, "image", "rm", name).CombinedOutput()
		if err != nil {
			t.Fatalf("image rm %s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	files := func() int {
		found, _ := filepath.Glob(filepath.Join(home, "images", "sha256-*"))
		return len(found)
	}
	if said := remove("e2bdev/base"); !strings.Contains(said, "removed e2bdev/base\nNote: ") || files() != 1 {
		t.Errorf("under a server: %d images, %s", files(), said)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if said := remove("other"); said != "removed other\n" || files() != 0 {
		t.Errorf("afterwards: %d images, %s", files(), said)
	}
}
