package mirrors

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestProviders walks over every row: where it is documented, when that was
// read, and a URL that its client can use.
func TestProviders(t *testing.T) {
	for _, p := range Providers() {
		if p.Title == "" || !slices.Contains([]string{"university", "cloud", "vendor", "community"}, p.Kind) {
			t.Errorf("%s: title %q, kind %q", p.Name, p.Title, p.Kind)
		}
		if len(p.Statuses) > 1 {
			t.Errorf("%s has two status blocks", p.Name)
		}
		if s := p.Status; s != nil {
			checkURL(t, p.Name, s.URL)
			if s.Format != "tunasync" && s.Format != "mirrorz" {
				t.Errorf("%s: status format %q", p.Name, s.Format)
			}
		}
		seen := map[string]bool{}
		for _, e := range p.Endpoints {
			where := p.Name + " " + e.Ecosystem
			if _, ok := LookupEcosystem(e.Ecosystem); !ok || seen[e.Ecosystem] {
				t.Errorf("%s: no such ecosystem, or a second row of it", where)
			}
			seen[e.Ecosystem] = true
			for _, u := range append([]string{e.URL, e.Source}, e.Also...) {
				checkURL(t, where, u)
			}
			if e.Ecosystem == "cargo" && !strings.HasSuffix(e.URL, "/") {
				t.Errorf("%s: %s does not end in a slash", where, e.URL)
			}
			if e.Job != "" && p.Status == nil {
				t.Errorf("%s: a job, but %s has no status", where, p.Name)
			}
			checkRow(t, where, e.State, e.Source, e.CheckedAt)
		}
		for _, r := range p.Images {
			if strings.Contains(r.Prefix, "://") || strings.HasSuffix(r.Prefix, "/") {
				t.Errorf("%s %s: prefix %q", p.Name, r.Name, r.Prefix)
			}
			checkRow(t, p.Name+" "+r.Name, r.State, r.Source, r.CheckedAt)
		}
	}
}

func checkURL(t *testing.T, where, text string) {
	t.Helper()
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" || wrongURL(text) != "" {
		t.Errorf("%s: %q is no https URL", where, text)
	}
}

func checkRow(t *testing.T, where, state, source, checked string) {
	t.Helper()
	if state != "" && state != "partial" && state != "dead" {
		t.Errorf("%s: state %q", where, state)
	}
	if _, err := time.Parse(time.DateOnly, checked); err != nil || source == "" {
		t.Errorf("%s: source %q, checked_at %q", where, source, checked)
	}
}

func TestEcosystems(t *testing.T) {
	orders := map[int]string{}
	for _, e := range Ecosystems() {
		if other, ok := orders[e.Order]; ok {
			t.Errorf("%s and %s share order %d", e.Name, other, e.Order)
		}
		orders[e.Order] = e.Name
		if len(e.Probes) > 1 {
			t.Errorf("%s has two probes", e.Name)
		}
		if len(e.Edits)+len(e.Rewrites)+len(e.Env) == 0 || e.How == "" || e.Title == "" || len(e.Tools) == 0 {
			t.Errorf("%s is not applied, or does not say how", e.Name)
		}
		for _, edit := range e.Edits {
			if _, err := regexp.CompilePOSIX(edit.Unless); err != nil {
				t.Errorf("%s %s: unless: %v", e.Name, edit.Path, err)
			}
			if strings.Contains(edit.Text+edit.Insecure, "extra-index") {
				t.Errorf("%s %s adds an index", e.Name, edit.Path)
			}
			if strings.Contains(edit.Text, "GOPROXY") && (e.Join != "|" || !strings.Contains(edit.Text, "${urls}|direct")) {
				t.Errorf("%s: %q goes on to the next proxy only after 404", e.Name, edit.Text)
			}
		}
		for name := range e.Env {
			if strings.Contains(name, "INDEX_URL") || strings.Contains(name, "REGISTRY") && name != "COREPACK_NPM_REGISTRY" {
				t.Errorf("%s: %s of the environment would beat what a project says", e.Name, name)
			}
		}
	}
}

func TestBuiltins(t *testing.T) {
	var names []string
	for _, b := range Builtins() {
		names = append(names, b.Name)
		p, err := Resolve(b.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range p.candidates {
			if e, _ := LookupEcosystem(name); e.Explicit {
				t.Errorf("%s: %s is for those who name it", b.Name, name)
			}
			for _, c := range list {
				if c.State == "dead" {
					t.Errorf("%s: %s of %s is dead", b.Name, name, c.Provider)
				}
			}
		}
		for registry, prefixes := range p.Images {
			for _, provider := range Providers() {
				for _, image := range provider.Images {
					if image.State == "dead" && slices.Contains(prefixes, image.Prefix) {
						t.Errorf("%s: %s of %s is dead", b.Name, registry, provider.Name)
					}
				}
			}
		}
		if text := p.Prologue(); text != mustResolve(t, b.Name, nil).Prologue() {
			t.Errorf("%s: two prologues differ", b.Name)
		}
	}
	want := []string{"aliyun", "cn", "huawei", "none", "npmmirror", "tencent", "tsinghua", "ustc"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
}

// TestUpstreamIsNotNamed: upstream is what a tool does by itself, so no file of ours may
// have to say where that is.
func TestUpstreamIsNotNamed(t *testing.T) {
	for _, e := range Ecosystems() {
		for _, text := range append([]string{e.Join, e.Native}, sortedKeys(e.Env)...) {
			if strings.Contains(text, "://") {
				t.Errorf("%s: %q", e.Name, text)
			}
		}
		for _, edit := range e.Edits {
			if strings.Contains(strings.NewReplacer("sparse+${url}", "", "${url}", "").Replace(edit.Text), "://") {
				t.Errorf("%s: %q names a host", e.Name, edit.Text)
			}
		}
	}
}

func mustResolve(t *testing.T, name string, own []Declared) *Profile {
	t.Helper()
	p, err := Resolve(name, own)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
