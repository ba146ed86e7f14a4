package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config"
)

// many writes n templates of five batches each.
func many(tb testing.TB, n int) string {
	tb.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "template \"t%d\" {\n  cpu_count = 2\n  memory_mb = 1024\n  base { image = \"registry.example/base:12\" }\n", i)
		for b := range 5 {
			fmt.Fprintf(&text, "  batch \"b%d\" {\n    timeout = \"%dm\"\n    pip     = [\"httpx==%d.%d\", \"requests\"]\n    run     = [\"echo %d %d\"]\n  }\n", b, b+1, b, i, i, b)
		}
		text.WriteString("}\n\n")
	}
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "e2bt.hcl"), []byte(text.String()), 0o644); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// BenchmarkLoad reads many templates; "one" reads one of them.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		dir := many(b, n)
		for name, globs := range map[string][]string{"all": nil, "one": {"t77"}} {
			b.Run(fmt.Sprintf("%s-of-%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, diags := config.Load(nil, config.Options{Dir: dir, Version: "dev", Templates: globs}); diags.HasErrors() {
						b.Fatal(diags)
					}
				}
			})
		}
	}
}
