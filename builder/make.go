package builder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// New makes the plan of the templates of cfg that match one of the globs (all
// of them without globs), together with what they are based on. A glob is
// matched against name, label and address; one that matches none is a mistake.
func New(cfg *config.Config, globs []string, scan Scan) (*Plan, hcl.Diagnostics) {
	m := &maker{scan: scan, mirrors: cfg.Mirrors, byAddress: map[string]*config.Template{}, done: map[string]*Template{}, plan: &Plan{Version: 1, Templates: []*Template{}}}
	for _, t := range cfg.Templates {
		m.byAddress[t.Address] = t
	}
	for _, t := range cfg.Templates {
		if len(globs) == 0 || slices.ContainsFunc(globs, func(glob string) bool { return names(glob, t) }) {
			m.make(t)
		}
	}
	for _, glob := range globs {
		if !slices.ContainsFunc(cfg.Templates, func(t *config.Template) bool { return names(glob, t) }) {
			m.diags = append(m.diags, noneSelected(cfg, glob))
		}
	}
	return m.plan, m.diags
}

// Only is the plan of those templates that pick takes, and of what they are
// based on.
func (p *Plan) Only(pick func(*Template) bool) *Plan {
	wanted := map[*Template]bool{}
	for _, t := range p.Templates {
		if pick(t) {
			for ; t != nil; t = t.Parent {
				wanted[t] = true
			}
		}
	}
	out := &Plan{Version: p.Version, Templates: []*Template{}}
	for _, t := range p.Templates {
		if wanted[t] {
			out.Templates = append(out.Templates, t)
		}
	}
	return out
}

type maker struct {
	scan      Scan
	mirrors   []mirrors.Declared
	byAddress map[string]*config.Template
	done      map[string]*Template
	plan      *Plan
	diags     hcl.Diagnostics
}

// make plans t after what it is based on. The configuration has no cycles.
func (m *maker) make(t *config.Template) *Template {
	if done, ok := m.done[t.Address]; ok {
		return done
	}
	var parent *Template
	if base, ok := m.byAddress[t.Base.Template]; ok {
		parent = m.make(base)
	}
	out, diags := lower(t, parent, m.scan)
	m.diags = append(append(m.diags, diags...), out.mirror(m.mirrors)...)
	m.done[t.Address] = out
	m.plan.Templates = append(m.plan.Templates, out)
	return out
}

// names reports whether a glob names t.
func names(glob string, t *config.Template) bool {
	for _, name := range []string{t.Name, t.Label, t.Address} {
		if ok, _ := path.Match(glob, name); ok || glob == name {
			return true
		}
	}
	return false
}

func noneSelected(cfg *config.Config, glob string) *hcl.Diagnostic {
	all := make([]string, len(cfg.Templates))
	for i, t := range cfg.Templates {
		all[i] = t.Name
	}
	if more := len(all) - maxNames; more > 0 {
		all = append(all[:maxNames], fmt.Sprintf("and %d more", more))
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "No template selected",
		Detail: fmt.Sprintf("--template %s matches none of the templates: %s.", glob, strings.Join(all, ", ")),
	}
}

// maxNames is how many templates a message lists.
const maxNames = 20

// fingerprint covers everything that decides the result of a build. Credentials
// are left out: they decide whether the base can be had, not what it is.
func fingerprint(t *Template) string {
	type step struct {
		Type, Files string
		Args        []string
	}
	what := struct {
		Version             int
		Image, Template     string
		CPU, Memory         int
		Steps               []step
		StartCmd, ReadyCmd  string
		ParentsFingerprints string
	}{1, t.FromImage, t.FromTemplate, t.CPUCount, t.MemoryMB, []step{}, t.StartCmd, t.ReadyCmd, ""}
	if t.Parent != nil {
		what.ParentsFingerprints = t.Parent.Fingerprint
	}
	for _, s := range t.Steps {
		what.Steps = append(what.Steps, step{s.Type, s.FilesHash, s.Args})
	}
	text, err := json.Marshal(what)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// FingerprintTag is the tag that a promoted build of t carries; "" of a template
// of which the name alone is known.
func (t *Template) FingerprintTag() string {
	if t.Fingerprint == "" {
		return ""
	}
	return "fp-" + strings.TrimPrefix(t.Fingerprint, "sha256:")[:16]
}

// warnings names what E2B would refuse or cut off, before the build does.
func warnings(t *Template) hcl.Diagnostics {
	var sum time.Duration
	for _, s := range t.Steps {
		sum += time.Duration(s.TimeoutS) * time.Second
	}
	if sum <= maxBuild {
		return nil
	}
	at := t.Config.Range
	return hcl.Diagnostics{{
		Severity: hcl.DiagWarning, Summary: "Timeouts add up to more than a build may take",
		Detail:  fmt.Sprintf("The batches of %s may take %s together, but E2B stops every build after %s. Split the recipe: put the first batches into a template of their own and base this one on it with base { template = ... }.", t.Address, sum, maxBuild),
		Subject: &at,
	}}
}
