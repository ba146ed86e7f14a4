package diagnose

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
)

//go:embed names.txt
var nameTable string

// debianTable is made by diagnose/internal/provides.
//
//go:embed debian.txt.gz
var debianTable []byte

// known returns the name that people mean who write name, as the package
// manager knows it: "" when there is no near one.
func known(manager, name string) string {
	name = strings.ToLower(name)
	if right := lookup(manager+" "+name, "means"); right != "" {
		return right
	}
	best, distance := "", 3
	if len(name) < 5 {
		distance = 2
	}
	for _, candidate := range strings.Fields(lookup(manager, "names")) {
		if candidate == name {
			return ""
		}
		if d := levenshtein.Distance(name, candidate, nil); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// elsewhere returns the package manager that has a well-known package called
// name, where the given one is another: "" when there is none.
func elsewhere(manager, name string) string {
	for _, other := range []string{"npm", "pip", "apt", "cargo", "gem"} {
		if other != manager && slices.Contains(strings.Fields(lookup(other, "names")), strings.ToLower(name)) {
			return other
		}
	}
	return ""
}

// provides returns the package of a system manager (apt or apk) that holds a
// command, a header such as curl/curl.h, or a pkg-config name such as libffi.pc.
func provides(manager, file string) string {
	if file == "" {
		return ""
	}
	if pkg := lookup(manager+" "+strings.ToLower(file), "provides"); pkg != "" || manager != "apt" {
		return pkg
	}
	for _, key := range keys(file) {
		if pkg := debian(key); pkg != "" {
			return pkg
		}
	}
	return ""
}

// keys are what the table may call a file: for a header that is not known by
// itself, the directories that it is in.
func keys(file string) []string {
	if name, ok := strings.CutSuffix(file, ".pc"); ok {
		return []string{"P:" + name}
	}
	if i := strings.LastIndexByte(file, '.'); i > 0 && strings.HasPrefix(file[i:], ".h") {
		parts := strings.Split(file, "/")
		all := []string{"H:" + parts[len(parts)-1]}
		if len(parts) > 1 {
			all = nil
			for _, directory := range parts[:len(parts)-1] {
				all = append(all, "D:"+directory)
			}
		}
		return all
	}
	return []string{"C:" + file, "P:" + file, "P:lib" + file}
}

// debianLines is the table of Debian's packages, unpacked when first needed.
var debianLines = sync.OnceValue(func() string {
	z, err := gzip.NewReader(bytes.NewReader(debianTable))
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return ""
	}
	return "\n" + string(text)
})

// debian finds the package whose line holds key.
func debian(key string) string {
	table := debianLines()
	for _, end := range []string{" ", "\n"} {
		if at := strings.Index(table, " "+key+end); at >= 0 {
			line := table[strings.LastIndexByte(table[:at], '\n')+1:]
			return line[:strings.IndexByte(line, ' ')]
		}
	}
	return ""
}

// lookup reads the table: lines "KEY VERB VALUE", where a key may hold several
// alternatives between "|".
func lookup(key, verb string) string {
	manager, name, _ := strings.Cut(key, " ")
	for line := range strings.Lines(nameTable) {
		left, right, ok := strings.Cut(line, " "+verb+" ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		m, names, _ := strings.Cut(left, " ")
		if m == manager && (name == names || slices.Contains(strings.Split(names, "|"), name)) {
			return strings.TrimSpace(right)
		}
	}
	return ""
}
