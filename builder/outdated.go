package builder

import (
	"context"
	"fmt"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/mirrors"
)

// outdatedTimeout is how long the managers may take to ask for what is newer.
const outdatedTimeout = 5 * time.Minute

// Newer is a package of which there is a newer version, and why a template
// does not have it.
type Newer struct {
	Template string `json:"template"`
	Manager  string `json:"manager"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	Latest   string `json:"latest"`
	Direct   bool   `json:"direct"`
	Held     bool   `json:"held"` // the configuration asks for that version, or for a range of them
	Reason   string `json:"reason"`
}

// Outdated asks the package managers, in a sandbox of t, what is newer. It
// also names the managers of t's batches that cannot say.
func Outdated(ctx context.Context, client *e2b.Client, t *Template) (newer []Newer, silent []string, err error) {
	listings := map[string]*mirrors.Listing{}
	for _, m := range mirrors.Managers() {
		if m.Outdated != nil {
			listings[m.Name] = m.Outdated
		}
	}
	var sections map[string][]string
	err = inSandbox(ctx, client, t.Name, outdatedTimeout, func(box *e2b.Sandbox) (err error) {
		sections, err = listPackages(ctx, box, "root", outdatedTimeout, listings)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("asking what is newer: %w", err)
	}
	newer = []Newer{}
	seen := map[string]bool{}
	for _, m := range mirrors.Managers() {
		if m.Outdated == nil {
			continue
		}
		for _, line := range sections[m.Name] {
			name, version, latest, ok := m.Outdated.Read(line)
			key := packageKey(m.Name, name)
			if !ok || !isWord(name) || version != "" && !isWord(version) || !isWord(latest) || seen[key] {
				continue
			}
			seen[key] = true
			newer = append(newer, t.newer(m, name, version, latest))
		}
	}
	return newer, t.silent(), nil
}

// newer says why t has not got the latest version of a package.
func (t *Template) newer(m mirrors.Manager, name, version, latest string) Newer {
	n := Newer{Template: t.Name, Manager: m.Site(), Name: name, Version: version, Latest: latest}
	p, ok := t.wants(packageKey(m.Name, name))
	n.Direct, n.Held = ok, ok && p.Version != ""
	switch {
	case !ok:
		n.Reason = "the base image or another package brings it along"
	case p.Pin.Filename != "":
		n.Reason = fmt.Sprintf("pinned to %s at %s", p.Version, placeOf(p.Pin.Filename, p.Pin.Start.Line))
	case p.Version != "":
		n.Reason = fmt.Sprintf("asked for as %s at %s", p.Text, placeOf(p.Range.Filename, p.Range.Start.Line))
	default:
		n.Reason = "nothing holds it: e2bt lock --upgrade takes it, where what else is installed allows it"
	}
	return n
}

func placeOf(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }

// wants finds the list entry of a package in t and in what t is based on.
func (t *Template) wants(key string) (config.Package, bool) {
	for in := range t.installs() {
		for _, p := range in.Packages {
			if packageKey(in.Manager, p.Name) == key {
				return p, true
			}
		}
	}
	return config.Package{}, false
}

// silent lists the managers of t that cannot say what is newer.
func (t *Template) silent() []string {
	used := map[string]bool{}
	for in := range t.installs() {
		used[in.Manager] = true
	}
	var out []string
	for _, m := range mirrors.Managers() {
		if m.Outdated == nil && used[m.Name] {
			out = append(out, m.Name)
		}
	}
	return out
}
