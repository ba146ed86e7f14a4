// Package localtest makes a server over the simulated engine, for tests of what
// talks to one. It needs no rights and no network.
package localtest

import (
	"archive/tar"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/local/simulated"
)

// New opens a server that has the base image e2bdev/base. What opts leaves
// open has a directory of the test's own; the server ends with the test.
func New(t testing.TB, opts local.Options) *local.Server {
	t.Helper()
	if opts.Home == "" {
		opts.Home = t.TempDir()
	}
	server, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
	})
	return server
}

// Open is New for those who have no testing.TB; the caller closes the server.
func Open(opts local.Options) (*local.Server, error) {
	if err := os.MkdirAll(opts.Home, 0o755); err != nil {
		return nil, err
	}
	images, err := image.Open(filepath.Join(opts.Home, "images"))
	if err != nil {
		return nil, err
	}
	base := filepath.Join(opts.Home, "base.tar")
	if err := writeBase(base); err != nil {
		return nil, err
	}
	if _, err := images.Import(context.Background(), "e2bdev/base", base, image.ImportOptions{}); err != nil {
		return nil, err
	}
	opts.Images = images
	if opts.Engine == nil {
		opts.Engine = simulated.Engine{}
	}
	return local.New(opts)
}

// writeBase writes the smallest root filesystem that is one.
func writeBase(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := tar.NewWriter(file)
	text := "ID=debian\n"
	err = errors.Join(
		w.WriteHeader(&tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}),
		w.WriteHeader(&tar.Header{Name: "etc/os-release", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}),
	)
	_, writeErr := w.Write([]byte(text))
	return errors.Join(err, writeErr, w.Close(), file.Close())
}
