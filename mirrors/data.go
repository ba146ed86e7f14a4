package mirrors

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed managers/*.hcl providers/*.hcl ecosystems/*.hcl profiles/*.hcl
var dataFiles embed.FS

// Ecosystem is one kind of thing that is downloaded, and how a mirror of it
// reaches its clients. In texts ${url} stands for the first candidate, ${urls}
// for all of them, ${host} for a host without its port.
type Ecosystem struct {
	Name     string            `json:"-"`
	Order    int               `json:"order"`
	Title    string            `json:"title"`
	Group    string            `json:"group"`    // a name that stands for several: apt, dnf
	Explicit bool              `json:"explicit"` // left alone unless it is named, not its group
	Tools    []string          `json:"tools"`    // as the diagnosis names them
	How      string            `json:"how"`      // how it is applied, for people
	Native   string            `json:"native"`   // how the client itself goes on to the next candidate; empty: it does not
	Join     string            `json:"join"`     // between the candidates in ${urls}
	Env      map[string]string `json:"env"`
	Caches   []string          `json:"caches"` // kept by the mirror's name, and removed with it; ~ is every home
	Edits    []Edit            `json:"edit"`
	Rewrites []Rewrite         `json:"rewrite"`
	Locks    []Lock            `json:"lock"`
	Probe    *Probe            `json:"-"`

	Probes []Probe `json:"probe"` // Probe, as the file has it
}

// Edit adds text to a file of the image; see edit in mirror.sh.
type Edit struct {
	Path     string   `json:"label"`
	Place    string   `json:"place"`    // end (default), top, new, or a [section]
	Unless   string   `json:"unless"`   // a regular expression that says: the image has a source of its own
	Also     []string `json:"also"`     // more files in which it may say so
	Existing bool     `json:"existing"` // only where the file is there already
	Repeat   bool     `json:"repeat"`   // the text once for every candidate
	Text     string   `json:"text"`
	Insecure string   `json:"insecure"` // added for a URL that is http
}

// Rewrite puts mirrors into the sources that a distribution's image has.
type Rewrite struct {
	Kind  string `json:"label"` // apt, apk or dnf
	Match string `json:"match"` // the part of a source's path that tells what it is
}

// Lock names files that a client writes URLs into.
type Lock struct {
	Default string   `json:"label"` // the command that prints what the URL is without a mirror
	Files   []string `json:"files"`
}

// Probe is a small request such as the client makes.
type Probe struct {
	Path   string `json:"path"`
	Agent  string `json:"agent"`
	Accept string `json:"accept"`
	Marker string `json:"marker"` // what a true answer contains
	Stamp  string `json:"stamp"`  // how the answer tells its age: apt or seconds
	Sample string `json:"sample"` // something larger, for measuring throughput
}

// Provider is one organisation and what it mirrors.
type Provider struct {
	Name      string     `json:"-"`
	Title     string     `json:"title"`
	Kind      string     `json:"kind"` // university, cloud, vendor or community
	Home      string     `json:"home"`
	Note      string     `json:"note"`
	Status    *Status    `json:"-"`
	Endpoints []Endpoint `json:"endpoint"`
	Images    []Registry `json:"image"`

	Statuses []Status `json:"status"` // Status, as the file has it
}

// Status is a provider's own report on how fresh its mirrors are.
type Status struct {
	URL    string `json:"url"`
	Format string `json:"format"` // tunasync or mirrorz
}

// Endpoint is one mirror of one ecosystem.
type Endpoint struct {
	Ecosystem string   `json:"label"`
	URL       string   `json:"url"`
	Also      []string `json:"also"`  // where else it sends its clients
	Job       string   `json:"job"`   // its name in the provider's status
	State     string   `json:"state"` // empty, partial or dead
	Note      string   `json:"note"`
	Source    string   `json:"source"`     // where the URL is documented
	CheckedAt string   `json:"checked_at"` // when that was read
}

// Registry is a mirror of an image registry: what a reference begins with in
// the place of the registry's name.
type Registry struct {
	Name      string `json:"label"`
	Prefix    string `json:"prefix"`
	State     string `json:"state"`
	Note      string `json:"note"`
	Source    string `json:"source"`
	CheckedAt string `json:"checked_at"`
}

// Builtin is a profile as its data file has it: providers by ecosystem, in order.
type Builtin struct {
	Name    string              `json:"-"`
	Title   string              `json:"title"`
	Extends string              `json:"extends"`
	Pick    map[string][]string `json:"pick"`
	Images  map[string][]string `json:"images"`
}

// Ecosystems lists every ecosystem in order.
var Ecosystems = sync.OnceValue(func() []Ecosystem {
	all := load("ecosystems", func(e *Ecosystem, name string) { e.Name, e.Probe = name, first(e.Probes) })
	slices.SortFunc(all, func(a, b Ecosystem) int { return a.Order - b.Order })
	return all
})

// Providers lists every provider by name.
var Providers = sync.OnceValue(func() []Provider {
	return load("providers", func(p *Provider, name string) { p.Name, p.Status = name, first(p.Statuses) })
})

// Builtins lists every profile that comes with e2bt, by name.
var Builtins = sync.OnceValue(func() []Builtin {
	return load("profiles", func(b *Builtin, name string) { b.Name = name })
})

// first is the one block of a kind that may stand once, or nil.
func first[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// preload reads what a profile needs, on all processors: it is the only part of
// a plan that takes milliseconds.
func preload() {
	var group sync.WaitGroup
	group.Go(func() { Ecosystems() })
	group.Go(func() { Providers() })
	group.Wait()
}

// names lists the files of a directory, which are the names of what they hold.
func names(dir string) []string {
	files, err := fs.Glob(dataFiles, dir+"/*.hcl")
	if err != nil {
		panic(err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".hcl")
	}
	return files
}

// load decodes the files of a directory. They are part of the program: one
// that is wrong is a bug, and a test finds it.
func load[T any](dir string, named func(*T, string)) []T {
	all := make([]T, len(names(dir)))
	var group sync.WaitGroup
	for i, name := range names(dir) {
		group.Go(func() { all[i] = decode(dir, name, named) })
	}
	group.Wait()
	return all
}

func decode[T any](dir, name string, named func(*T, string)) T {
	file := dir + "/" + name + ".hcl"
	text, err := dataFiles.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var one T
	read(file, string(text), &one)
	named(&one, name)
	return one
}

// builtin reads one profile.
func builtin(name string) (Builtin, bool) {
	if !slices.Contains(names("profiles"), name) {
		return Builtin{}, false
	}
	return decode("profiles", name, func(b *Builtin, name string) { b.Name = name }), true
}

// LookupEcosystem returns the ecosystem of that name.
func LookupEcosystem(name string) (Ecosystem, bool) {
	i := slices.IndexFunc(Ecosystems(), func(e Ecosystem) bool { return e.Name == name })
	if i < 0 {
		return Ecosystem{}, false
	}
	return Ecosystems()[i], true
}

// lookupProvider returns the provider of that name.
func lookupProvider(name string) (Provider, bool) {
	i := slices.IndexFunc(Providers(), func(p Provider) bool { return p.Name == name })
	if i < 0 {
		return Provider{}, false
	}
	return Providers()[i], true
}
