package builder

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// The names by which events call the steps of a mirror profile.
const (
	mirrorBatch  = "mirror"
	restoreBatch = "mirror restore"
)

// maxSearched is how large a copied file may be to be searched for mirrors.
const maxSearched = 1 << 20

// mirror puts the steps of t's profile around those that install something,
// and says where its image is pulled from. A profile that does neither leaves
// the plan as it is, to the byte.
func (t *Template) mirror(own []mirrors.Declared) hcl.Diagnostics {
	profile, err := mirrors.Resolve(t.Mirror, own)
	if err != nil {
		at := t.Config.Range
		detail := fmt.Sprintf("%s is to be built through the mirror profile %q, which there is not. There are: %s.", t.Address, t.Mirror, strings.Join(mirrors.ProfileNames(own), ", "))
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown mirror profile", Detail: detail, Subject: &at}}
	}
	t.profile = profile
	if images := profile.Image(t.FromImage); len(images) > 0 && t.Config.Base.Registry == nil {
		t.PullImage = images[0]
	}
	locks, diags := t.copied(profile)
	first := slices.IndexFunc(t.Steps, func(s Step) bool { return s.Type == "RUN" })
	if profile.Empty() || first < 0 {
		return diags
	}
	restore := Step{Type: "RUN", Args: []string{profile.Epilogue(t.own(profile, locks)), "root"}, Batch: restoreBatch, Source: t.Config.Range}
	restore.Reason = "takes the mirrors out again, and makes sure of it"
	if profile.Bake {
		restore.Reason = "leaves a note of the mirrors, which stay (bake = true)"
	}
	t.Steps = slices.Concat(t.Steps[:first], []Step{prologue(t, profile)}, t.Steps[first:], []Step{restore})
	t.number()
	t.Fingerprint = fingerprint(t)
	return diags
}

func prologue(t *Template, p *mirrors.Profile) Step {
	return Step{
		Type: "RUN", Args: []string{p.Prologue(), "root"}, Batch: mirrorBatch, Source: t.Config.Range,
		Reason: "what follows installs through the mirror profile " + p.Name,
	}
}

// Mirror reports whether the step is one of a mirror profile's own.
func (s Step) Mirror() bool {
	return s.Config == (config.Step{}) && (s.Batch == mirrorBatch || s.Batch == restoreBatch)
}

// number counts steps anew after some were put between them.
func (t *Template) number() {
	for i := range t.Steps {
		s := &t.Steps[i]
		s.Index, s.Range = i+1, s.Source.String()
		if s.Cache == "" {
			s.Cache = "unknown"
		}
	}
}

// own is what the template itself says of the profile's mirrors.
func (t *Template) own(p *mirrors.Profile, files []string) mirrors.Own {
	own := mirrors.Own{Files: files}
	for _, host := range p.Hosts() {
		named := func(s Step) bool { return strings.Contains(strings.Join(s.Args, "\n"), host) }
		if slices.ContainsFunc(t.Steps, named) {
			own.Hosts = append(own.Hosts, host)
		}
	}
	return own
}

// copied searches what the template copies: the files that name a mirror of p,
// by the end of their path in the finished template, and warnings about lock
// files that decide by themselves where packages come from.
func (t *Template) copied(p *mirrors.Profile) (files []string, diags hcl.Diagnostics) {
	hosts := p.Hosts()
	wanted := func(name string) bool { return len(hosts) > 0 || mirrors.IsLock(path.Base(name)) }
	for _, s := range t.Steps {
		if s.Tree == nil {
			continue
		}
		err := s.Tree.Each(maxSearched, wanted, func(name string, content []byte) error {
			for _, pin := range mirrors.Pins(path.Base(name), content, p) {
				diags = append(diags, pinned(t, name, pin))
			}
			if slices.ContainsFunc(hosts, func(host string) bool { return bytes.Contains(content, []byte(host)) }) {
				files = append(files, within(s.Config.Copy, name))
			}
			return nil
		})
		if err != nil {
			at := s.Source
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Files to copy cannot be read", Detail: sentence(err.Error()), Subject: &at})
		}
	}
	slices.Sort(files)
	return slices.Compact(files), diags
}

// within is the part of a copied file's path that the finished template has,
// too: what lies below a directory, else the name.
func within(c *config.Copy, name string) string {
	from := path.Clean(filepath.ToSlash(c.From))
	if from == "." {
		return name
	}
	if rest, ok := strings.CutPrefix(name, from+"/"); ok && rest != "" {
		return rest
	}
	return path.Base(name)
}

// pinned warns of a lock file, on its own line.
func pinned(t *Template, name string, pin mirrors.Pin) *hcl.Diagnostic {
	at := hcl.Range{Filename: name, Start: hcl.Pos{Line: pin.Line, Column: 1}, End: hcl.Pos{Line: pin.Line, Column: 1}}
	d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Subject: &at}
	if pin.Mirror {
		d.Summary = "A lock file names a mirror"
		d.Detail = fmt.Sprintf("%s, which %s copies, takes %s from %s: wherever it is built or used, it installs from there. %s", name, t.Address, packages(pin.Count), pin.Host, pin.Fix)
		return d
	}
	d.Summary = "A lock file goes around the mirror"
	d.Detail = fmt.Sprintf("%s, which %s copies, says for %s that they come from %s, and its tool does as it says: the mirror profile %s does not help there. %s", name, t.Address, packages(pin.Count), pin.Host, t.Mirror, pin.Fix)
	return d
}

func packages(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// PinImage makes the base image be pulled by its official digest, so that a
// mirror cannot give another one.
func (t *Template) PinImage(digest string) {
	t.digest = digest
	t.PullImage = Pinned(t.PullImage, digest)
}

// Pinned replaces an image reference's tag by a digest.
func Pinned(ref, digest string) string {
	if ref == "" || digest == "" || strings.Contains(ref, "@") {
		return ref
	}
	if colon := strings.LastIndex(ref, ":"); colon > strings.LastIndex(ref, "/") {
		ref = ref[:colon]
	}
	return ref + "@" + digest
}

// MirrorIsBuiltin reports whether the template's profile holds mirrors that
// e2bt comes with, which are in China.
func (t *Template) MirrorIsBuiltin() bool {
	return slices.ContainsFunc(mirrors.Ecosystems(), func(e mirrors.Ecosystem) bool {
		return slices.ContainsFunc(t.profile.All(e.Name), func(c mirrors.Candidate) bool { return c.Provider != "" })
	})
}
