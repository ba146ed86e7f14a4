package config

import (
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// pin is a version for a package that is named without one.
type pin struct {
	version string
	at      hcl.Range
}

// pins are the versions by manager and package.
type pins map[string]map[string]pin

// pins reads a pins block: one map for every manager.
func (d *decoder) pins(b *hcl.Block, out pins) {
	d.decodeGroup("pins", b.Body, nil, group{managerNames(), func(attr *hcl.Attribute) {
		manager := attr.Name
		versions := map[string]string{}
		d.table(&versions)(attr)
		if out[manager] == nil {
			out[manager] = map[string]pin{}
		}
		places := d.places(attr)
		for _, name := range sortedKeys(versions) {
			at, ok := places[name]
			if !ok {
				at = attr.Expr.Range()
			}
			if before, ok := out[manager][name]; ok {
				d.diags = append(d.diags, again("The pin of "+manager+" "+name, before.at, at))
			}
			out[manager][name] = pin{versions[name], at}
		}
	}}, nil)
}

// places finds where the entries of a written-out map are.
func (d *decoder) places(attr *hcl.Attribute) map[string]hcl.Range {
	out := map[string]hcl.Range{}
	pairs, diags := hcl.ExprMap(attr.Expr)
	if diags.HasErrors() {
		return out
	}
	for _, p := range pairs {
		key, diags := p.Key.Value(d.ctx)
		if !diags.HasErrors() && key.IsWhollyKnown() && !key.IsNull() && !key.IsMarked() && key.Type().FriendlyName() == "string" {
			out[key.AsString()] = hcl.RangeBetween(p.Key.Range(), p.Value.Range())
		}
	}
	return out
}

// apply gives packages without a version their pin. Two versions for one
// package are an error, in a list and a pin or in two lists of one batch.
func (s *scope) apply(p pins, t *Template) {
	for _, step := range t.Steps {
		if step.Batch == nil {
			continue
		}
		seen := map[string]Package{} // by manager and name: the version that was asked for
		for _, in := range step.Batch.Installs {
			m, _ := mirrors.LookupManager(in.Manager)
			for i := range in.Packages {
				s.applyOne(p[in.Manager], m, &in.Packages[i])
				s.sameVersion(m, in.Packages[i], seen)
			}
		}
	}
}

func (s *scope) applyOne(pins map[string]pin, m mirrors.Manager, pkg *Package) {
	wanted, ok := pins[pkg.Name]
	switch {
	case !ok:
	case pkg.Version == "":
		pkg.Version, pkg.Pin = wanted.version, wanted.at
		pkg.Text = m.Join(pkg.Name, pkg.Version)
	case pkg.Version != wanted.version:
		s.wrong(pkg.Range, "Two versions for one package",
			"%s %s is wanted as %q here, and as %q by the pin at %s. Say it in one place.", m.Name, pkg.Name, pkg.Version, wanted.version, wanted.at)
	}
}

// sameVersion wants the lists of a batch to agree: its packages are installed
// together.
func (s *scope) sameVersion(m mirrors.Manager, pkg Package, seen map[string]Package) {
	if pkg.Version == "" {
		return
	}
	key := m.Name + " " + pkg.Name
	before, ok := seen[key]
	if ok && before.Version != pkg.Version && before.Pin.Filename == "" && pkg.Pin.Filename == "" {
		s.wrong(pkg.Range, "Two versions for one package",
			"%s %s is wanted as %q here, and as %q at %s. Say it in one place, or in two batches where both are meant.", m.Name, pkg.Name, pkg.Version, before.Version, before.Range)
	}
	seen[key] = pkg
}
