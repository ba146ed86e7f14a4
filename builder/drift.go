package builder

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/mirrors"
)

// Drift is how what was built differs from what the lock file has.
type Drift struct {
	BaseWas string   `json:"base_was,omitempty"` // digests of the base image, where they differ
	BaseNow string   `json:"base_now,omitempty"`
	Changes []Change `json:"changes"`
	Suspect bool     `json:"suspect,omitempty"` // of a build that failed: from its log, nearest suspects first
}

// Change is a package that differs. Its JSON form is a contract.
type Change struct {
	Kind    string `json:"kind"` // added, removed, up or down
	Manager string `json:"manager"`
	Name    string `json:"name"`
	Was     string `json:"was,omitempty"`
	Now     string `json:"now,omitempty"`
	Direct  bool   `json:"direct"`          // the configuration names it
	Named   bool   `json:"named,omitempty"` // the failing output names it
}

func (c Change) String() string {
	text := c.Manager + " " + c.Name + " "
	switch c.Kind {
	case "added":
		return text + c.Now + " (added)"
	case "removed":
		return text + c.Was + " (removed)"
	}
	return text + c.Was + " -> " + c.Now
}

// Empty reports whether nothing differs.
func (d *Drift) Empty() bool { return d == nil || d.BaseWas == "" && len(d.Changes) == 0 }

// maxTold is how many changes a sentence names.
const maxTold = 20

// String lists the changes, the first ones by name.
func (d *Drift) String() string {
	var parts []string
	if d.BaseWas != "" {
		parts = append(parts, fmt.Sprintf("base image %.19s -> %.19s", d.BaseWas, d.BaseNow))
	}
	for i, c := range d.Changes {
		if i == maxTold {
			parts = append(parts, fmt.Sprintf("and %d more", len(d.Changes)-i))
			break
		}
		parts = append(parts, c.String())
	}
	return strings.Join(parts, ", ")
}

// suspects puts the nearest suspects of a failure first: what its output
// names, then what the configuration names.
func (d *Drift) suspects(output string) {
	if d == nil {
		return
	}
	d.Suspect = true
	output = foldName(output)
	for i := range d.Changes {
		d.Changes[i].Named = named(output, foldName(d.Changes[i].Name))
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int {
		return cmp.Or(first(a.Named, b.Named), first(a.Direct, b.Direct), first(a.Was != "", b.Was != ""), strings.Compare(a.Manager, b.Manager), strings.Compare(a.Name, b.Name))
	})
}

// Compare lists what differs between two inventories, by manager and name.
func (in Inventory) Compare(now Inventory, direct map[string]bool) []Change {
	changes := []Change{}
	managers := maps.Clone(in.Packages)
	if managers == nil {
		managers = map[string]Packages{}
	}
	maps.Copy(managers, now.Packages)
	for _, manager := range slices.Sorted(maps.Keys(managers)) {
		was, is := in.Packages[manager], now.Packages[manager]
		names := map[string]bool{}
		for name := range was {
			names[name] = true
		}
		for name := range is {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if was[name] != is[name] {
				changes = append(changes, change(manager, name, was[name], is[name], direct))
			}
		}
	}
	return changes
}

func change(manager, name, was, now string, direct map[string]bool) Change {
	c := Change{Manager: manager, Name: name, Was: was, Now: now, Direct: direct[packageKey(manager, name)]}
	switch {
	case was == "":
		c.Kind = "added"
	case now == "":
		c.Kind = "removed"
	case compareVersions(was, now) <= 0:
		c.Kind = "up"
	default:
		c.Kind = "down"
	}
	return c
}

// seen collects what the log of a build says is installed, and the end of the
// output of the step that runs.
type seen struct {
	packages []mirrors.Installed
	index    map[string]int
	tail     []string
	step     string // the digest of the step that runs
	begun    map[string]bool
	steps    installed // by step: what its log says, now or when it was built
}

// tailLines is how much of a failing step's output counts as naming a suspect.
const tailLines = 60

// progress begins the lines that name packages because they are there, not
// because something is wrong with them.
var progress = regexp.MustCompile(`^ *(?:Collecting|Downloading|Using cached|Requirement already|Installing collected|Attempting uninstall|Found existing|Get:|Selecting previously|Preparing to|Processing triggers) ?`)

func (s *seen) line(text string) {
	found := mirrors.ReadLog(text)
	if len(found) == 0 && !progress.MatchString(text) {
		if len(s.tail) == tailLines {
			s.tail = append(s.tail[:0], s.tail[1:]...)
		}
		s.tail = append(s.tail, text[:min(len(text), 4096)])
	}
	for _, p := range found {
		if len(s.packages) < maxPackages && isWord(p.Name) && isWord(p.Version) {
			s.note(p)
			s.steps[s.step] = append(s.steps[s.step], p)
		}
	}
}

// note keeps the last word on a package.
func (s *seen) note(p mirrors.Installed) {
	key := packageKey(p.Manager, p.Name)
	if i, ok := s.index[key]; ok {
		s.packages[i].Version = p.Version
		return
	}
	s.index[key] = len(s.packages)
	s.packages = append(s.packages, p)
}

// suspects compares what a failed build installed with the last good build.
func (s *seen) suspects(good Inventory, direct map[string]bool) *Drift {
	was := map[string]string{}
	known := map[string]bool{} // names that some manager has
	for manager, packages := range good.Packages {
		for name, version := range packages {
			was[packageKey(manager, name)] = version
			known[foldName(name)] = true
		}
	}
	d := &Drift{Changes: []Change{}}
	for _, p := range s.packages {
		before := was[packageKey(p.Manager, p.Name)]
		if slices.Contains(strings.Fields(before), p.Version) || before == "" && known[foldName(p.Name)] {
			continue // as it was, or a line that reads like another manager's
		}
		d.Changes = append(d.Changes, change(p.Manager, p.Name, before, p.Version, direct))
	}
	d.suspects(strings.Join(s.tail, "\n"))
	return d
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// foldName makes the name of a module and that of its package look alike.
func foldName(s string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(s))
}

// named reports whether an output has that name as a word.
func named(output, name string) bool {
	for rest := output; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		end := i + len(name)
		if (i == 0 || !isNameByte(rest[i-1])) && (end == len(rest) || !isNameByte(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
}

func isNameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9'
}

// prerelease finds what makes a version come before the one without it.
var prerelease = regexp.MustCompile(`([0-9])[-._]?(a|alpha|b|beta|c|dev|pre|preview|rc)([-.]?[0-9]|$)`)

// compareVersions orders versions as distributions do, and pre-releases before
// what they lead to. It is for telling people which way a version moved.
func compareVersions(a, b string) int {
	a, b = prerelease.ReplaceAllString(a, "$1~$2$3"), prerelease.ReplaceAllString(b, "$1~$2$3")
	if epochA, epochB := epoch(a), epoch(b); epochA != epochB {
		return compareNumbers(epochA, epochB)
	}
	for a != "" || b != "" {
		i, j := digits(a, false), digits(b, false)
		if c := compareText(a[:i], b[:j]); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
		i, j = digits(a, true), digits(b, true)
		if c := compareNumbers(a[:i], b[:j]); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
	return 0
}

func epoch(v string) string {
	before, _, ok := strings.Cut(v, ":")
	if !ok || digits(before, true) != len(before) {
		return ""
	}
	return before
}

// digits is how long a begins with digits, or with anything but them.
func digits(a string, want bool) int {
	for i := range len(a) {
		if (a[i] >= '0' && a[i] <= '9') != want {
			return i
		}
	}
	return len(a)
}

func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// compareText compares what stands between numbers: ~ comes before the end,
// and letters before everything else.
func compareText(a, b string) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(rank(a, i), rank(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func rank(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z':
		return int(s[i])
	}
	return int(s[i]) + 256
}
