package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSDKPatterns reads .dockerignore as E2B's SDKs do: each path by itself.
func TestSDKPatterns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"src/keep/a", "src/keep/b.log", "src/drop/deep/c", "src/all/d/e", "src/neg"} {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("keep/a", filepath.Join(dir, "src/link")); err != nil {
		t.Fatal(err)
	}
	ignore := "# comment\n\n  **/*.log\nsrc/drop/\n./src/all/**\nsrc/neg\n!src/neg\n/src/keep\n"
	if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte(ignore), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		from string
		want []string
	}{
		{"src", []string{"src", "src/drop/deep", "src/drop/deep/c", "src/keep", "src/keep/a", "src/link"}},
		{"src/*", []string{"src/keep", "src/keep/a", "src/link"}}, // what is left out itself is not looked into
		{"src/drop", nil},
		{"src/**/c", []string{"src/drop/deep/c"}},
		{"src/link", []string{"src/link"}},
	} {
		tree, err := Scan(dir, tt.from, Options{SDK: true})
		var got []string
		if err == nil {
			for _, e := range tree.entries {
				got = append(got, e.path)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != (tt.want == nil) {
			t.Errorf("%s: %v (-want +got):\n%s", tt.from, err, diff)
		}
	}
}
