package e2bt_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/e2bt/e2bt/"

// allowed is the table of docs/design.md: what a package may import of ours.
// A package that is not listed follows the longest listed path above it.
var allowed = map[string][]string{
	"cmd/e2bt":        {"config", "mirrors", "builder", "diagnose", "e2b", "local"},
	"cmd/e2bt/report": {"builder", "diagnose"},
	"config":          {"mirrors"},
	"mirrors":         {},
	"builder":         {"config", "mirrors", "e2b"},
	"builder/archive": {},
	"diagnose":        {},
	"e2b":             {},
	"local":           {"e2b"},
	"local/engine":    {},
	"local/image":     {},
}

// TestLayers checks every import between our packages against the table.
func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			if ours && !mayImport(from, to) {
				t.Errorf("%s -> %s: %s may import only itself and %v", from, to, above(from), allowed[above(from)])
			}
		}
	}
}

// above finds the listed package that a package belongs to.
func above(path string) string {
	for {
		if _, ok := allowed[path]; ok {
			return path
		}
		cut := strings.LastIndex(path, "/")
		if cut < 0 {
			return path
		}
		path = path[:cut]
	}
}

func mayImport(from, to string) bool {
	home := above(from)
	if within(to, home) || slices.Contains(allowed[home], to) {
		return true
	}
	return slices.ContainsFunc(allowed[home], func(a string) bool { return within(to, a) })
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func TestMayImport(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"cmd/e2bt", "local/engine", true},
		{"builder", "builder/archive", true},
		{"builder", "local", false},
		{"builder/archive", "builder", false},
		{"local/engine", "local", false},
		{"local/simulated", "local/engine", true},
		{"diagnose", "config", false},
		{"e2b", "builder", false},
	} {
		if got := mayImport(c.from, c.to); got != c.want {
			t.Errorf("mayImport(%q, %q) = %v; want %v", c.from, c.to, got, c.want)
		}
	}
}
