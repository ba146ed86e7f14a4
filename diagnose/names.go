package diagnose

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

//go:embed names.txt
var nameTable string

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

// provides returns the package of a system manager (apt or apk) that holds a
// command, a header such as curl/curl.h, or a pkg-config name such as libffi.pc.
func provides(manager, file string) string {
	return lookup(manager+" "+strings.ToLower(file), "provides")
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
