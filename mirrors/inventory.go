package mirrors

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Listing is a command that lists packages, and how to read a line of it: the
// groups name and version, and with outdated latest.
type Listing struct {
	Command string `json:"command"` // bash; its errors are not looked at
	Line    string `json:"line"`    // lines that do not match are passed over
	As      string `json:"as"`      // the manager whose packages these are; itself if empty
	Purl    string `json:"purl"`    // type of the package URL: pypi, or deb/debian where the system's name is to follow
	Key     string `json:"key"`     // finds in a list entry's name what an inventory calls it
	Fold    bool   `json:"fold"`    // names compare without case, and -, _ and . are alike
}

// Logged is a line of a log that says what a manager installs: the groups name
// and version, or a group packages, each word of which Word takes apart.
type Logged struct {
	Line string `json:"line"`
	Word string `json:"word"`
}

// Hold is how the packages that come along are held to versions: a file, for
// the time of a batch.
type Hold struct {
	File   string            `json:"file"`
	Format string            `json:"format"` // of printf, for a name and a version
	Env    map[string]string `json:"env"`    // for the batch
}

// compiled holds the expressions that were used, by their text: most commands
// need none.
var compiled sync.Map

func compile(text string) *regexp.Regexp {
	if re, ok := compiled.Load(text); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(text)
	compiled.Store(text, re)
	return re
}

// groups returns the named groups of a match, or nil.
func groups(re *regexp.Regexp, text string) map[string]string {
	found := re.FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	out := map[string]string{}
	for i, name := range re.SubexpNames() {
		if name != "" && found[i] != "" {
			out[name] = found[i]
		}
	}
	return out
}

// Read takes a line of the listing apart; ok is false where it names no
// package.
func (l *Listing) Read(line string) (name, version, latest string, ok bool) {
	g := groups(compile(l.Line), line)
	return g["name"], g["version"], g["latest"], g["name"] != ""
}

// ReadVersions finds the versions of a package in what its manager said.
func (l *Listing) ReadVersions(lines []string) (all []string) {
	for _, line := range lines {
		for _, found := range compile(l.Line).FindAllStringSubmatch(line, -1) {
			if version := found[1]; !slices.Contains(all, version) {
				all = append(all, version)
			}
		}
	}
	return all
}

// Installed is a package that a log names.
type Installed struct{ Manager, Name, Version string }

// logReader is a Logged that is ready to read.
type logReader struct {
	site       string
	line, word *regexp.Regexp
}

var logReaders = sync.OnceValue(func() (all []logReader) {
	for _, m := range Managers() {
		for _, l := range m.Logged {
			all = append(all, logReader{m.Site(), regexp.MustCompile(l.Line), regexp.MustCompile(l.Word)})
		}
	}
	return all
})

// ReadLog returns what a line of a log says is installed, by any manager.
func ReadLog(line string) (all []Installed) {
	if len(line) > 64<<10 {
		return nil
	}
	for _, r := range logReaders() {
		g := groups(r.line, line)
		if g["name"] != "" {
			all = append(all, Installed{r.site, g["name"], g["version"]})
		}
		for _, word := range strings.Fields(g["packages"]) {
			if w := groups(r.word, word); w["name"] != "" {
				all = append(all, Installed{r.site, w["name"], w["version"]})
			}
		}
	}
	return all
}

// Site is the manager whose inventory holds what m installs: uv's packages are
// pip's.
func (m Manager) Site() string {
	if m.Inventory != nil && m.Inventory.As != "" {
		return m.Inventory.As
	}
	return m.Name
}

var separators = regexp.MustCompile(`[-_.]+`)

// Key is what two ways to write the name of one package have in common.
func (m Manager) Key(name string) string {
	if m.Inventory == nil {
		return name
	}
	if m.Inventory.Key != "" {
		if found := compile(m.Inventory.Key).FindString(name); found != "" {
			name = found
		}
	}
	if m.Inventory.Fold {
		name = separators.ReplaceAllString(strings.ToLower(name), "-")
	}
	return name
}
