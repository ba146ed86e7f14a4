package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/mirrors"
)

// chooseAuto settles what the automatic mirror profiles of a configuration
// install from: what the lock file says, else what a test finds now, where the
// command may make one. A build writes it to the lock file, so that later plans
// are the same.
func (a *app) chooseAuto(cfg *config.Config) error {
	names := map[string]bool{}
	for _, t := range cfg.Templates {
		if _, ok := mirrors.AutoOf(t.Mirror); ok {
			names[t.Mirror] = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	lock, err := a.readLock(cfg)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		choice, pinned := lock.Mirrors[name]
		switch {
		case !a.local && a.builtAbroad():
			fmt.Fprintf(a.stderr, "Note: --mirror %s: E2B's own builders are outside of China, so everything comes from its official source.\n", clean(name))
			choice = nothing(name, cfg.Mirrors)
		case !pinned && a.mayTest:
			if choice, err = a.testAuto(name, cfg.Mirrors); err != nil {
				return err
			}
		}
		cfg.Mirrors = append(cfg.Mirrors, mirrors.Declared{Name: name, Choice: choice})
	}
	return nil
}

// builtAbroad reports whether builds go to E2B's own endpoint.
func (a *app) builtAbroad() bool {
	env, err := a.environment()
	if err != nil {
		return false
	}
	keyed := func(name string) string { // where builds go does not depend on there being a key
		if name == "E2B_API_KEY" {
			return "key"
		}
		return env(name)
	}
	at, err := e2b.ResolveEndpoint(e2b.EndpointOptions{URL: a.endpoint}, keyed)
	return err == nil && isE2B(at.APIURL)
}

// nothing chooses the official source of everything.
func nothing(name string, own []mirrors.Declared) mirrors.Choice {
	choice := mirrors.Choice{}
	if p, err := mirrors.Resolve(name, own); err == nil {
		for _, e := range mirrors.Ecosystems() {
			if len(p.All(e.Name)) > 0 {
				choice[e.Name] = []string{mirrors.Official}
			}
		}
	}
	return choice
}

// testAuto tests the mirrors that a profile may choose from, and remembers the
// choice for the lock file.
func (a *app) testAuto(name string, own []mirrors.Declared) (mirrors.Choice, error) {
	p, err := resolveMirror(name, own)
	if err != nil {
		return nil, err
	}
	var only []string
	for _, e := range mirrors.Ecosystems() {
		if len(p.All(e.Name)) > 0 {
			only = append(only, e.Name)
		}
	}
	ctx := context.Background() // it is over in seconds
	report := mirrors.Test(ctx, p, mirrors.TestOptions{Only: only, Upstream: officialSources(ctx, only)})
	choice := report.Choice()
	var first []string
	for _, row := range report.Ecosystems {
		best := mirrors.Official
		if row.Results[0].OK {
			best = row.Results[0].Name
		}
		first = append(first, row.Name+" from "+best)
	}
	fmt.Fprintf(a.stderr, "Mirror %s, tested in %.1f s: %s.\n", clean(name), report.Seconds, clean(strings.Join(first, ", ")))
	if !a.local {
		fmt.Fprintln(a.stderr, "Note: that is what this machine sees; the build runs elsewhere.")
	}
	if a.choices == nil {
		a.choices = map[string]mirrors.Choice{}
	}
	a.choices[name] = choice
	return choice, nil
}

// pinChoices writes what was chosen in this run to the lock file.
func (a *app) pinChoices(cfg *config.Config) error {
	if len(a.choices) == 0 {
		return nil
	}
	return a.lockFile(cfg).Pin(a.choices)
}
