package builder

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// maxHeld is how much text a batch may have to hold what comes along: the
// kernel gives a command's argument 128 KiB.
const maxHeld = 64 << 10

// NewLocked is New for builds that give exactly what a lock has: the base by
// its digest, and every package in the version that was installed. What the
// lock does not have is an error.
// The plan that was made without a lock has said what else is wrong.
func NewLocked(cfg *config.Config, open *Plan, globs []string, scan Scan, lock *Lock) (*Plan, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	scan = scanned(open, scan)
	for _, t := range open.Templates {
		l := locking{t: t, entry: lock.Templates[t.Name]}
		l.apply()
		diags = append(diags, l.diags...)
	}
	if diags.HasErrors() {
		return open, diags
	}
	plan, _ := New(cfg, globs, scan)
	for i, t := range plan.Templates {
		t.definition = open.Templates[i].FingerprintTag()
	}
	return plan, diags
}

// scanned takes what a plan knows of the files of its copy blocks.
func scanned(plan *Plan, scan Scan) Scan {
	done := map[*config.Copy]Step{}
	for _, t := range plan.Templates {
		for _, s := range t.Steps {
			if s.Config.Copy != nil {
				done[s.Config.Copy] = s
			}
		}
	}
	return func(dir string, c *config.Copy) (*archive.Tree, string, error) {
		if s, ok := done[c]; ok {
			return s.Tree, s.FilesHash, nil
		}
		return scan(dir, c)
	}
}

// locking makes one template's configuration ask for what the lock has.
type locking struct {
	t     *Template
	entry *Locked
	diags hcl.Diagnostics
}

func (l *locking) refuse(at hcl.Range, detail string, args ...any) {
	l.diags = append(l.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Not in the lock file", Subject: &at,
		Detail: fmt.Sprintf(detail, args...) + " Build without --locked, which writes the lock file anew, and commit it.",
	})
}

func (l *locking) warn(at hcl.Range, detail string, args ...any) {
	l.diags = append(l.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Not held by the lock file", Subject: &at, Detail: fmt.Sprintf(detail, args...)})
}

func (l *locking) apply() {
	t := l.t.Config
	switch {
	case l.entry == nil:
		l.refuse(t.Range, "The lock file has no template %q.", t.Name)
		return
	case l.entry.Unread:
		l.refuse(t.Range, "The lock file does not say what is in %q: the endpoint that built it has no sandboxes.", t.Name)
		return
	}
	l.base()
	for _, s := range t.Steps {
		if s.Batch != nil {
			l.batch(s.Batch)
		}
	}
}

// base makes a template start from the image that it was built from.
func (l *locking) base() {
	base := &l.t.Config.Base
	at := base.Range
	if at.Filename == "" {
		at = l.t.Config.Range
	}
	switch was := l.entry.Base; {
	case was.Image != l.t.FromImage || was.Template != l.t.FromTemplate:
		l.refuse(at, "%s is based on %s here, and on %s in the lock file.", l.t.Address, l.t.FromImage+l.t.FromTemplate, was.Image+was.Template)
	case was.Image == "" || strings.Contains(was.Image, "@"):
	case was.Digest == "":
		l.warn(at, "The lock file has no digest of %s: the endpoint did not say it. The image that is built on may be a newer one; what it holds is compared after the build.", was.Image)
	default:
		base.Image = was.Image + "@" + was.Digest
	}
}

// batch gives the packages of a batch their versions, and holds what they
// bring along.
func (l *locking) batch(b *config.Batch) {
	for i := range b.Installs {
		in := &b.Installs[i]
		for j := range in.Packages {
			l.pkg(in.Manager, &in.Packages[j])
		}
	}
	for _, m := range mirrors.Managers() {
		if m.Hold == nil || !usesManager(b, m) {
			continue
		}
		versions := l.held(m)
		size := 0
		for name, version := range versions {
			size += len(name) + len(version) + 2
		}
		if size > maxHeld {
			l.warn(b.Header, "The packages that %s brings along are too many to be held to their versions in a batch. The result is compared with the lock file all the same.", m.Name)
			continue
		}
		if len(versions) > 0 {
			if b.Held == nil {
				b.Held = map[string]map[string]string{}
			}
			b.Held[m.Name] = versions
		}
	}
}

// usesManager reports whether a batch may install with m, or with another
// manager of the same packages.
func usesManager(b *config.Batch, m mirrors.Manager) bool {
	for _, other := range mirrors.Managers() {
		if other.Site() != m.Name {
			continue
		}
		for _, in := range b.Installs {
			if in.Manager == other.Name {
				return true
			}
		}
		for _, line := range b.Run {
			if strings.Contains(line.Text, other.Name) {
				return true
			}
		}
	}
	return false
}

// held holds the packages of m that have one version.
func (l *locking) held(m mirrors.Manager) map[string]string {
	out := maps.Clone(l.entry.Inventory.Packages[m.Name])
	maps.DeleteFunc(out, func(_, version string) bool { return strings.Contains(version, " ") })
	return out
}

// pkg gives one package the version that the lock has.
func (l *locking) pkg(manager string, p *config.Package) {
	m, _ := mirrors.LookupManager(manager)
	version := ""
	for name, v := range l.entry.Inventory.Packages[m.Site()] {
		if m.Key(name) == m.Key(p.Name) {
			version = v
		}
	}
	same := l.wasAsked(manager, p)
	switch {
	case version == "" && !same:
		l.refuse(p.Range, "%s %s is not what the lock file has of %s.", manager, p.Text, l.t.Address)
	case version != "" && !same && p.Version != "" && p.Version != version:
		l.refuse(p.Range, "%s %s is %s in the lock file of %s.", manager, p.Text, version, l.t.Address)
	case version == "" || strings.Contains(version, " ") || verbatim(m, p):
		// a virtual package, an address, several versions: asked for as it was
	default:
		p.Version = version
		p.Text = p.Name + m.Separator + version
	}
}

// verbatim reports whether an entry is more than a name and a version.
func verbatim(m mirrors.Manager, p *config.Package) bool {
	address := strings.HasPrefix(p.Version, ";") || strings.Contains(p.Version, "/") || m.Separator != "@" && strings.Contains(p.Version, "@")
	return address || m.System() && m.Key(p.Name) != p.Name
}

// wasAsked reports whether the lock's build asked for exactly that.
func (l *locking) wasAsked(manager string, p *config.Package) bool {
	text := askedText(p.Name, p.Text, nil)
	return slices.ContainsFunc(l.entry.Steps, func(s LockedStep) bool { return slices.Contains(s.Packages[manager], text) })
}

// hold writes what keeps the packages of a batch to their versions, and what
// takes that away again.
func hold(b *config.Batch) (before, after []string, env map[string]string) {
	env = maps.Clone(b.Env)
	for _, manager := range slices.Sorted(maps.Keys(b.Held)) {
		m, _ := mirrors.LookupManager(manager)
		var words []string
		for _, name := range slices.Sorted(maps.Keys(b.Held[manager])) {
			words = append(words, name, b.Held[manager][name])
		}
		before = append(before, "printf "+quote(m.Hold.Format)+" "+quoteAll(words)+" > "+quote(m.Hold.File))
		after = append(after, "rm -f "+quote(m.Hold.File))
		for key, value := range m.Hold.Env {
			if env == nil {
				env = map[string]string{}
			}
			if _, own := env[key]; !own {
				env[key] = value
			}
		}
	}
	return before, after, env
}
