package mirrors

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// None is the profile that changes nothing.
const None = "none"

// Declared is a profile as a mirror block declares it. An entry is named after
// an ecosystem or a group of them and lists URLs in order of preference; ""
// switches it off. Images are prefixes by registry.
type Declared struct {
	Name    string
	Extends string // none if empty
	Entries map[string][]string
	Images  map[string][]string
	Bake    bool
	Choice  Choice // of an automatic profile
}

// EntryError says what is wrong with one entry of a Declared; Entry is empty
// where it is about the profile as a whole, and Known lists what would be right.
type EntryError struct {
	Profile string
	Entry   string
	Value   string
	Text    string
	Known   []string
}

func (e *EntryError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("mirror %q: %s", e.Profile, e.Text)
	}
	return fmt.Sprintf("mirror %q: %s: %s", e.Profile, e.Entry, e.Text)
}

// Candidate is one place that an ecosystem can be had from.
type Candidate struct {
	Provider string // empty for a user's own
	Endpoint
}

// Profile says for every ecosystem where it is installed from.
type Profile struct {
	Name   string
	Title  string
	Bake   bool // the finished template keeps it
	Images map[string][]string

	candidates map[string][]Candidate // by ecosystem, in order
	from       map[string]int         // which one is in use; zero: the first
}

// EntryNames lists what the entries of a mirror block can be called: every
// ecosystem and every group.
func EntryNames() []string {
	var names []string
	for _, e := range Ecosystems() {
		names = append(names, e.Name)
		if e.Group != "" && !slices.Contains(names, e.Group) {
			names = append(names, e.Group)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ProfileNames lists the profiles that can be chosen, with those of own.
func ProfileNames(own []Declared) []string {
	all := names("profiles")
	for _, d := range own {
		all = append(all, d.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Check reports everything that is wrong with the profiles of a configuration.
func Check(own []Declared) []*EntryError {
	var errs []*EntryError
	for _, d := range own {
		errs = append(errs, checkDeclared(d)...)
		if _, err := Resolve(d.Name, own); err != nil {
			errs = append(errs, err.(*EntryError))
		}
	}
	return errs
}

func checkDeclared(d Declared) []*EntryError {
	var errs []*EntryError
	bad := func(entry, value, format string, args ...any) *EntryError {
		e := &EntryError{Profile: d.Name, Entry: entry, Value: value, Text: fmt.Sprintf(format, args...)}
		errs = append(errs, e)
		return e
	}
	if _, auto := AutoOf(d.Name); auto || isBuiltin(d.Name) {
		bad("", d.Name, "e2bt has a profile of this name; call yours something else, and let it extend %q", d.Name)
	}
	for _, name := range sortedKeys(d.Entries) {
		if len(expand(name)) == 0 {
			bad(name, name, "e2bt knows no mirrors of it").Known = EntryNames()
		}
		for _, value := range d.Entries[name] {
			if why := wrongURL(value); why != "" && value != "" {
				bad(name, value, "%s", why)
			}
		}
	}
	for _, registry := range sortedKeys(d.Images) {
		for _, prefix := range d.Images[registry] {
			if strings.Contains(prefix, "://") || strings.ContainsAny(prefix, " \t\n@?#\\\"'") {
				bad("images", prefix, "a prefix is what an image reference begins with, such as registry.corp.example/hub")
			}
		}
	}
	return errs
}

func isBuiltin(name string) bool { return slices.Contains(names("profiles"), name) }

// wrongURL says what is wrong with a mirror's URL; what is right can be put
// into every file and shell text as it is.
func wrongURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "a mirror is a URL that begins with https:// (or http://)"
	case u.User != nil:
		return "a mirror's URL cannot hold a password: it would become part of the template"
	case u.RawQuery != "" || u.Fragment != "" || strings.Trim(text, urlCharacters) != "":
		return "a mirror's URL has a host and a path alone, of letters, digits and -._~:/+%"
	}
	return ""
}

const urlCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/+%[]"

// expand returns the ecosystems that an entry's name stands for.
func expand(name string) []Ecosystem {
	var out []Ecosystem
	for _, e := range Ecosystems() {
		if e.Name == name || e.Group == name && !e.Explicit {
			out = append(out, e)
		}
	}
	return out
}

// Resolve makes the profile of that name, from those of a configuration and
// those that come with e2bt. The error is an *EntryError.
func Resolve(name string, own []Declared) (*Profile, error) {
	if name != None && name != "" {
		preload()
	}
	return resolve(name, own, nil)
}

func resolve(name string, own []Declared, below []string) (*Profile, error) {
	if slices.Contains(below, name) {
		return nil, &EntryError{Profile: below[0], Text: "it extends itself: " + strings.Join(append(below, name), " -> ")}
	}
	below = append(below, name)
	if base, ok := AutoOf(name); ok {
		return automatic(name, base, own, below)
	}
	if b, ok := builtin(name); ok {
		return b.profile(), nil
	}
	for _, d := range own {
		if d.Name != name {
			continue
		}
		base, err := resolve(orNone(d.Extends), own, below)
		if err != nil {
			return nil, err
		}
		return d.on(base), nil
	}
	missing := &EntryError{Profile: below[0], Value: name, Text: "there is no such profile", Known: ProfileNames(own)}
	if len(below) > 1 {
		missing.Entry, missing.Text = "extends", fmt.Sprintf("there is no mirror profile %q", name)
	}
	return nil, missing
}

// automatic resolves a profile whose mirrors are chosen; where no choice was
// made, all are there in the order of the profile that it chooses from.
func automatic(name, base string, own []Declared, below []string) (*Profile, error) {
	p, err := resolve(base, own, below)
	if err != nil {
		return nil, err
	}
	p.Name, p.Title = name, "what answers best among the mirrors of "+base
	for _, d := range own {
		if d.Name == name {
			p.choose(d.Choice)
		}
	}
	return p, nil
}

func orNone(name string) string {
	if name == "" {
		return None
	}
	return name
}

// profile resolves a built-in profile; a test has checked its data.
func (b Builtin) profile() *Profile {
	p := &Profile{Images: map[string][]string{}, candidates: map[string][]Candidate{}}
	if b.Extends != "" {
		base, err := resolve(b.Extends, nil, []string{b.Name})
		if err != nil {
			panic(err)
		}
		p = base
	}
	p.Name, p.Title = b.Name, b.Title
	for ecosystem, names := range b.Pick {
		p.candidates[ecosystem] = nil
		for _, name := range names {
			p.candidates[ecosystem] = append(p.candidates[ecosystem], endpointOf(name, ecosystem))
		}
	}
	for registry, names := range b.Images {
		p.Images[registry] = nil
		for _, name := range names {
			p.Images[registry] = append(p.Images[registry], prefixOf(name, registry))
		}
	}
	return p
}

func endpointOf(provider, ecosystem string) Candidate {
	p, _ := lookupProvider(provider)
	for _, e := range p.Endpoints {
		if e.Ecosystem == ecosystem {
			return Candidate{provider, e}
		}
	}
	panic(fmt.Sprintf("mirrors: provider %s has no %s", provider, ecosystem))
}

func prefixOf(provider, registry string) string {
	p, _ := lookupProvider(provider)
	for _, image := range p.Images {
		if image.Name == registry {
			return image.Prefix
		}
	}
	panic(fmt.Sprintf("mirrors: provider %s has no images of %s", provider, registry))
}

// on applies what d says to the profile that it extends. Groups come before
// single entries, whatever the order in the file.
func (d Declared) on(p *Profile) *Profile {
	p.Name, p.Title, p.Bake = d.Name, "", d.Bake
	names := sortedKeys(d.Entries)
	slices.SortStableFunc(names, func(a, b string) int { return isGroup(b) - isGroup(a) })
	for _, name := range names {
		for _, e := range expand(name) {
			p.candidates[e.Name] = nil
			for _, url := range d.Entries[name] {
				if url == "" {
					continue
				}
				if e.Name != name {
					url = strings.TrimRight(url, "/") + "/" + e.path()
				}
				p.candidates[e.Name] = append(p.candidates[e.Name], Candidate{Endpoint: Endpoint{Ecosystem: e.Name, URL: url}})
			}
		}
	}
	for registry, prefixes := range d.Images {
		p.Images[registry] = slices.DeleteFunc(slices.Clone(prefixes), func(s string) bool { return s == "" })
	}
	return p
}

func isGroup(name string) int {
	if _, single := LookupEcosystem(name); single {
		return 0
	}
	return 1
}

// path is where an ecosystem lies below a URL that is given for its group.
func (e Ecosystem) path() string {
	return strings.NewReplacer("arch", "archlinux", "_", "-").Replace(e.Name)
}

// Candidates lists where an ecosystem is installed from, in order. None means:
// from where its tool installs by default, which is the last resort always.
func (p *Profile) Candidates(ecosystem string) []Candidate {
	return p.candidates[ecosystem][p.from[ecosystem]:]
}

// All lists every candidate of an ecosystem, in use or not.
func (p *Profile) All(ecosystem string) []Candidate { return p.candidates[ecosystem] }

// From is p with an ecosystem's candidates from the i-th on; beyond the last
// is where its tool installs by default.
func (p *Profile) From(ecosystem string, i int) *Profile {
	next := *p
	next.from = maps.Clone(p.from)
	if next.from == nil {
		next.from = map[string]int{}
	}
	next.from[ecosystem] = min(i, len(p.candidates[ecosystem]))
	return &next
}

// Serving lists the ecosystems that a tool, by the diagnosis's name for it,
// installs from and that p has candidates for.
func (p *Profile) Serving(tool string) []Ecosystem {
	var out []Ecosystem
	for _, e := range Ecosystems() {
		if slices.Contains(e.Tools, tool) && len(p.candidates[e.Name]) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// Empty reports whether p leaves everything as it is.
func (p *Profile) Empty() bool {
	for _, list := range p.candidates {
		if len(list) > 0 {
			return false
		}
	}
	return true
}

// Hosts lists the hosts, with their ports, of every mirror of p, failed or not.
func (p *Profile) Hosts() []string {
	var hosts []string
	for _, list := range p.candidates {
		for _, c := range list {
			for _, text := range append([]string{c.URL}, c.Also...) {
				if u, err := url.Parse(text); err == nil {
					hosts = append(hosts, u.Host)
				}
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
