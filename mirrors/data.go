package mirrors

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2/hclsimple"
)

//go:embed providers/*.hcl ecosystems/*.hcl profiles/*.hcl
var dataFiles embed.FS

// Ecosystem is one kind of thing that is downloaded, and how a mirror of it
// reaches its clients. In texts ${url} stands for the first candidate, ${urls}
// for all of them, ${host} for a host without its port.
type Ecosystem struct {
	Name     string
	Order    int               `hcl:"order"`
	Title    string            `hcl:"title"`
	Group    string            `hcl:"group,optional"`    // a name that stands for several: apt, dnf
	Explicit bool              `hcl:"explicit,optional"` // left alone unless it is named, not its group
	Tools    []string          `hcl:"tools"`             // as the diagnosis names them
	How      string            `hcl:"how"`               // how it is applied, for people
	Native   string            `hcl:"native,optional"`   // how the client itself goes on to the next candidate; empty: it does not
	Join     string            `hcl:"join,optional"`     // between the candidates in ${urls}
	Env      map[string]string `hcl:"env,optional"`
	Caches   []string          `hcl:"caches,optional"` // kept by the mirror's name, and removed with it; ~ is every home
	Edits    []Edit            `hcl:"edit,block"`
	Rewrites []Rewrite         `hcl:"rewrite,block"`
	Locks    []Lock            `hcl:"lock,block"`
	Probe    *Probe            `hcl:"probe,block"`
}

// Edit adds text to a file of the image; see edit in mirror.sh.
type Edit struct {
	Path     string   `hcl:"path,label"`
	Place    string   `hcl:"place,optional"`    // end (default), top, new, or a [section]
	Unless   string   `hcl:"unless,optional"`   // a regular expression that says: the image has a source of its own
	Also     []string `hcl:"also,optional"`     // more files in which it may say so
	Existing bool     `hcl:"existing,optional"` // only where the file is there already
	Repeat   bool     `hcl:"repeat,optional"`   // the text once for every candidate
	Text     string   `hcl:"text"`
	Insecure string   `hcl:"insecure,optional"` // added for a URL that is http
}

// Rewrite puts mirrors into the sources that a distribution's image has.
type Rewrite struct {
	Kind  string `hcl:"kind,label"` // apt, apk or dnf
	Match string `hcl:"match"`      // the part of a source's path that tells what it is
}

// Lock names files that a client writes URLs into.
type Lock struct {
	Default string   `hcl:"default,label"` // the command that prints what the URL is without a mirror
	Files   []string `hcl:"files"`
}

// Probe is a small request such as the client makes.
type Probe struct {
	Path   string `hcl:"path"`
	Agent  string `hcl:"agent"`
	Accept string `hcl:"accept,optional"`
	Marker string `hcl:"marker"`          // what a true answer contains
	Stamp  string `hcl:"stamp,optional"`  // how the answer tells its age: apt or seconds
	Sample string `hcl:"sample,optional"` // something larger, for measuring throughput
}

// Provider is one organisation and what it mirrors.
type Provider struct {
	Name      string
	Title     string     `hcl:"title"`
	Kind      string     `hcl:"kind"` // university, cloud, vendor or community
	Home      string     `hcl:"home"`
	Note      string     `hcl:"note,optional"`
	Status    *Status    `hcl:"status,block"`
	Endpoints []Endpoint `hcl:"endpoint,block"`
	Images    []Registry `hcl:"image,block"`
}

// Status is a provider's own report on how fresh its mirrors are.
type Status struct {
	URL    string `hcl:"url"`
	Format string `hcl:"format"` // tunasync or mirrorz
}

// Endpoint is one mirror of one ecosystem.
type Endpoint struct {
	Ecosystem string   `hcl:"ecosystem,label"`
	URL       string   `hcl:"url"`
	Also      []string `hcl:"also,optional"`  // where else it sends its clients
	Job       string   `hcl:"job,optional"`   // its name in the provider's status
	State     string   `hcl:"state,optional"` // empty, partial or dead
	Note      string   `hcl:"note,optional"`
	Source    string   `hcl:"source"`     // where the URL is documented
	CheckedAt string   `hcl:"checked_at"` // when that was read
}

// Registry is a mirror of an image registry: what a reference begins with in
// the place of the registry's name.
type Registry struct {
	Name      string `hcl:"name,label"`
	Prefix    string `hcl:"prefix"`
	State     string `hcl:"state,optional"`
	Note      string `hcl:"note,optional"`
	Source    string `hcl:"source"`
	CheckedAt string `hcl:"checked_at"`
}

// Builtin is a profile as its data file has it: providers by ecosystem, in order.
type Builtin struct {
	Name    string
	Title   string              `hcl:"title"`
	Extends string              `hcl:"extends,optional"`
	Pick    map[string][]string `hcl:"pick,optional"`
	Images  map[string][]string `hcl:"images,optional"`
}

// Ecosystems lists every ecosystem in order.
var Ecosystems = sync.OnceValue(func() []Ecosystem {
	all := load("ecosystems", func(e *Ecosystem, name string) { e.Name = name })
	slices.SortFunc(all, func(a, b Ecosystem) int { return a.Order - b.Order })
	return all
})

// Providers lists every provider by name.
var Providers = sync.OnceValue(func() []Provider {
	return load("providers", func(p *Provider, name string) { p.Name = name })
})

// Builtins lists every profile that comes with e2bt, by name.
var Builtins = sync.OnceValue(func() []Builtin {
	return load("profiles", func(b *Builtin, name string) { b.Name = name })
})

// load decodes the files of a directory. They are part of the program: one
// that is wrong is a bug, and a test finds it.
func load[T any](dir string, named func(*T, string)) []T {
	files, err := fs.Glob(dataFiles, dir+"/*.hcl")
	if err != nil {
		panic(err)
	}
	var all []T
	for _, file := range files {
		text, err := dataFiles.ReadFile(file)
		if err != nil {
			panic(err)
		}
		var one T
		if err := hclsimple.Decode(path.Base(file), text, nil, &one); err != nil {
			panic(fmt.Sprintf("mirrors: %s: %v", file, err))
		}
		named(&one, strings.TrimSuffix(path.Base(file), ".hcl"))
		all = append(all, one)
	}
	return all
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
