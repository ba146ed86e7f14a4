package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBundle(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ANTHROPIC_AUTH_TOKEN", "sk-hunter-2")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(".env", "DATABASE=postgres://me:s3cretword@db\n")
	write(".e2bt/failures/app-1/log", "fetching with sk-hunter-2\nfrom postgres://me:s3cretword@db\n")
	write(".e2bt/failures/app-1/finding.json", "{}\n")
	a := &app{getenv: os.Getenv, dir: dir}
	path := filepath.Join(dir, "report.zip")
	if err := a.bundle(path, []checkup{{Area: "endpoint", Name: "TLS", Status: healthFailed, Detail: "no"}}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	var all strings.Builder
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	if diff := cmp.Diff([]string{"doctor.json", "platform.json", "failure/finding.json", "failure/log"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, want := range []string{`"DATABASE"`, `"ANTHROPIC_AUTH_TOKEN"`, "fetching with (sensitive)", `"status": "failed"`} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the bundle has no %s:\n%s", want, &all)
		}
	}
	for _, secret := range []string{"sk-hunter-2", "s3cretword"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("the bundle holds %s:\n%s", secret, &all)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".e2bt-bundle-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
