// Package mirrors holds what e2bt knows of package managers and of mirrors,
// as data files: adding one is adding a file.
//
// It imports nothing of ours and decides nothing: the builder turns a manager's
// data into the text of a step.
package mirrors

import (
	"slices"
	"strings"
	"sync"
)

// Manager is one package manager: how its packages are written, installed and
// cleaned up after. Commands are shell text; ${packages} and ${flags} stand
// for the quoted lists.
type Manager struct {
	Name      string            `json:"-"`         // the argument's name in a batch
	Order     int               `json:"order"`     // system managers below 100, language managers above
	User      string            `json:"user"`      // who installs when nobody is named; root if empty
	Separator string            `json:"separator"` // between name and version: ==, @, =
	Operators []string          `json:"operators"` // what may follow a name in a list entry, longest first
	Prepare   string            `json:"prepare"`   // once before the first install of a batch
	Install   string            `json:"install"`
	Each      bool              `json:"each"`    // one install command per package
	Default   string            `json:"default"` // the version of a package that names none, where one must be said
	Env       map[string]string `json:"env"`     // for prepare and install alone
	Cleanup   string            `json:"cleanup"` // what cleanup { NAME = true } runs, as root
	Inventory *Listing          `json:"-"`       // what is installed
	Outdated  *Listing          `json:"-"`       // what is newer; nil: the manager cannot say
	Logged    []Logged          `json:"logged"`  // how a log says what is installed
	Hold      *Hold             `json:"-"`       // nil: nothing holds what a package brings along
	Versions  *Listing          `json:"-"`       // of ${package}; nil: the manager cannot say

	Inventories []Listing `json:"inventory"` // the four, as the file has them
	Outdateds   []Listing `json:"outdated"`
	Holds       []Hold    `json:"hold"`
	Asked       []Listing `json:"versions"`
}

// System reports whether m installs the distribution's own packages.
func (m Manager) System() bool { return m.Order < 100 }

// Split takes a list entry apart: "httpx==0.27.0" into name, version and
// whether the version is a constraint that already holds its operator.
// A scoped npm name keeps its leading @.
func (m Manager) Split(entry string) (name, version string) {
	cut := -1
	for _, op := range m.Operators {
		if i := strings.Index(entry[min(1, len(entry)):], op); i >= 0 && (cut < 0 || i+1 < cut) {
			cut = i + 1
		}
	}
	if cut < 0 {
		return strings.TrimSpace(entry), ""
	}
	name, version = entry[:cut], entry[cut:]
	if rest, ok := strings.CutPrefix(version, m.Separator); ok && !strings.HasPrefix(rest, "=") {
		version = rest
	}
	return strings.TrimSpace(name), strings.TrimSpace(version)
}

// Join is the opposite of Split: what the manager is given for a name and a
// version, which may be a constraint with its own operator.
func (m Manager) Join(name, version string) string {
	if version == "" {
		return name
	}
	for _, op := range m.Operators {
		if strings.HasPrefix(version, op) {
			return name + version
		}
	}
	return name + m.Separator + version
}

// Managers lists every manager in the order in which a batch runs them.
var Managers = sync.OnceValue(func() []Manager {
	all := load("managers", func(m *Manager, name string) {
		m.Name, m.Inventory, m.Outdated, m.Hold = name, first(m.Inventories), first(m.Outdateds), first(m.Holds)
		m.Versions = first(m.Asked)
	})
	slices.SortFunc(all, func(a, b Manager) int { return a.Order - b.Order })
	return all
})

// LookupManager returns the manager of that name.
func LookupManager(name string) (Manager, bool) {
	for _, m := range Managers() {
		if m.Name == name {
			return m, true
		}
	}
	return Manager{}, false
}
