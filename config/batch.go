package config

import (
	"slices"
	"strings"
	"sync"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// batch reads a batch: package lists, commands, and how they are run.
func (d *decoder) batch(b *hcl.Block) *Batch {
	out := &Batch{Name: b.Labels[0], Range: d.whole(b), Header: b.DefRange}
	does := false
	f := fields{
		"timeout": d.duration(&out.Timeout),
		"retries": d.count(&out.Retries, 0, 10, nil, "a number from 0 to 10"),
		"user":    d.user(&out.User),
		"workdir": d.text(&out.Workdir),
		"env":     d.environment(&out.Env),
		"run": func(attr *hcl.Attribute) {
			does = true
			d.lines(&out.Run)(attr)
		},
	}
	lists := group{managerNames(), func(attr *hcl.Attribute) {
		does = true
		m, _ := mirrors.LookupManager(attr.Name)
		if list := d.packages(m, attr); len(list) > 0 {
			out.Installs = append(out.Installs, Install{Manager: m.Name, Packages: list, Range: hcl.RangeBetween(attr.NameRange, attr.Expr.Range())})
		}
	}}
	d.decodeGroup("batch", b.Body, f, lists, children{"install": {[]string{"manager"}, func(b *hcl.Block) {
		does = true
		d.install(b, out)
	}}})
	slices.SortStableFunc(out.Installs, func(a, b Install) int { return order(a.Manager) - order(b.Manager) })
	if !does {
		d.wrong(b.DefRange, "Empty batch", "The batch %q does nothing: give it a list of packages or run.", out.Name)
	}
	return out
}

// managerNames lists the managers in their order.
var managerNames = sync.OnceValue(func() []string {
	var names []string
	for _, m := range mirrors.Managers() {
		names = append(names, m.Name)
	}
	return names
})

func order(manager string) int {
	m, _ := mirrors.LookupManager(manager)
	return m.Order
}

// install reads the long form of a package list.
func (d *decoder) install(b *hcl.Block, batch *Batch) {
	m, ok := mirrors.LookupManager(b.Labels[0])
	if !ok {
		names := managerNames()
		d.wrong(b.LabelRanges[0], "Unknown package manager", "e2bt does not know %q. It knows %s.%s", b.Labels[0], strings.Join(names, ", "), suggest(b.Labels[0], slices.Clone(names)))
		m = mirrors.Manager{Name: b.Labels[0]}
	}
	in := Install{Manager: m.Name, Range: b.DefRange}
	d.decode("install", b.Body, fields{
		"packages": func(attr *hcl.Attribute) { in.Packages = d.packages(m, attr) },
		"flags":    d.texts(&in.Flags),
		"user":     d.user(&in.User),
	}, nil, "packages")
	if ok && len(in.Packages) > 0 {
		batch.Installs = append(batch.Installs, in)
	}
}

// packages reads a list of packages.
func (d *decoder) packages(m mirrors.Manager, attr *hcl.Attribute) []Package {
	var out []Package
	for _, line := range d.list(attr) {
		name, version := m.Split(line.Text)
		if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\n\x00") {
			d.wrong(line.Range, "Bad package name", "%q is no name of a package. Flags go into the long form: install %q { flags = [...] }.", line.Text, m.Name)
			continue
		}
		out = append(out, Package{Name: name, Version: version, Text: line.Text, Range: line.Range})
	}
	return out
}
