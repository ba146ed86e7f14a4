package mirrors

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
)

// Pin is a host that a lock file takes packages from, whatever the settings of
// its tool are.
type Pin struct {
	Host   string
	Line   int  // of the first one, from 1
	Count  int  // of lines
	Mirror bool // it is a mirror that e2bt knows, which others should not have to use
	Fix    string
}

// lockFiles are the lock files that record URLs. Those that follow go wherever
// the file says; the others are content with the same path on another host.
var lockFiles = map[string]struct {
	follows bool
	fix     string
}{
	"uv.lock":             {true, "Leave the mirror out and run uv lock, or install with uv export --frozen --no-emit-project | uv pip sync --require-hashes -."},
	"yarn.lock":           {true, "Set the registry to its default and run yarn install after removing the lines that begin with resolved; the checksums stay."},
	"package-lock.json":   {false, "Set the registry to its default, remove the file and node_modules, and run npm install; or set omit-lockfile-registry-resolved=true in .npmrc."},
	"npm-shrinkwrap.json": {false, "Set the registry to its default, remove the file and node_modules, and run npm install."},
	"bun.lock":            {false, "Set the registry to its default and run bun install --force."},
	"pnpm-lock.yaml":      {false, "Set the registry to its default and run pnpm install --fix-lockfile."},
	"Pipfile.lock":        {false, "Set the source in Pipfile to its default and run pipenv lock."},
	"poetry.lock":         {false, "Remove the source from pyproject.toml and run poetry lock."},
	"pdm.lock":            {false, "Leave the mirror out and run pdm lock."},
}

// IsLock reports whether a file of that name is a lock file that records URLs.
func IsLock(name string) bool {
	_, ok := lockFiles[name]
	return ok
}

var lockURL = regexp.MustCompile(`https?://[^\s"'<>)\]},]+`)

// Pins finds in a lock file the hosts of mirrors and, where its tool follows the
// file and p has a mirror that it would go around, the other hosts, too.
func Pins(name string, content []byte, p *Profile) []Pin {
	file, ok := lockFiles[name]
	if !ok {
		return nil
	}
	known, hosts := knownHosts(), p.Hosts()
	goesAround := file.follows && (len(p.Candidates("pip")) > 0 && name == "uv.lock" || len(p.Candidates("npm")) > 0 && name == "yarn.lock")
	var pins []Pin
	line := 0
	for text := range bytes.Lines(content) {
		line++
		for _, found := range lockURL.FindAll(text, -1) {
			u, err := url.Parse(string(found))
			if err != nil || u.Host == "" {
				continue
			}
			mirror := slices.Contains(known, u.Host)
			if !mirror && (!goesAround || slices.Contains(hosts, u.Host)) {
				continue
			}
			if i := slices.IndexFunc(pins, func(p Pin) bool { return p.Host == u.Host }); i >= 0 {
				pins[i].Count++
				continue
			}
			pins = append(pins, Pin{Host: u.Host, Line: line, Count: 1, Mirror: mirror, Fix: file.fix})
		}
	}
	return pins
}

// gone are hosts of mirrors that have ended, and that lock files still name.
var gone = []string{"registry.npm.taobao.org", "npm.taobao.org", "registry.nlark.com"}

// knownHosts lists the hosts of all mirrors that e2bt knows, dead or alive.
func knownHosts() []string {
	hosts := slices.Clone(gone)
	for _, p := range Providers() {
		for _, e := range p.Endpoints {
			for _, text := range append([]string{e.URL}, e.Also...) {
				if u, err := url.Parse(text); err == nil {
					hosts = append(hosts, u.Host)
				}
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
