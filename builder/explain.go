package builder

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// The values of Step.Cache.
const (
	cacheHit     = "hit"
	cacheMiss    = "miss"
	cacheUnknown = "unknown"
)

// Known is what can be found out about the cache of an endpoint.
type Known struct {
	Past   *Past  // nil: nothing is known
	Cached []bool // by step, from the endpoint itself; nil: it cannot say
	Base   string // with Cached: the key of the base layer now; "" : the base is not there yet
	Force  bool   // the build will take nothing from the cache
}

// explain fills in which steps will come from the cache and why the first of
// the others will not.
func (t *Template) explain(k Known) {
	misses := t.firstMiss(k)
	for i := range t.Steps {
		t.Steps[i].Cache = cacheUnknown
		switch {
		case misses.at >= 0 && i >= misses.at:
			t.Steps[i].Cache = cacheMiss
		case misses.at > i, misses.none:
			t.Steps[i].Cache = cacheHit
		}
	}
	if misses.at >= 0 && misses.at < len(t.Steps) && !t.Steps[misses.at].Mirror() {
		t.Steps[misses.at].Reason = misses.why
	}
	t.EstimatedS = t.estimate(k.Past)
}

// misses says where the cache ends: all steps from at on are built. With at -1
// none is, or nothing is known.
type misses struct {
	at   int
	none bool
	why  string
}

func (t *Template) firstMiss(k Known) misses {
	switch {
	case k.Force:
		return misses{at: 0, why: "--no-cache"}
	case t.Action == ActionUpToDate:
		return misses{at: -1, none: true}
	case t.Parent != nil && t.Parent.Action != ActionUpToDate:
		return misses{at: 0, why: "what it is based on, " + t.Parent.Address + ", is built again"}
	}
	changed := t.changed(k)
	if k.Cached == nil {
		return changed
	}
	at := slices.Index(k.Cached, false)
	switch {
	case at < 0:
		return misses{at: -1, none: true}
	case at == changed.at:
		return changed
	case k.Past == nil:
		return misses{at: at, why: "it was not built here before"}
	case changed.at >= 0 && changed.at < at:
		return misses{at: at, why: "it was not built here before with these steps ahead of it"}
	}
	return misses{at: at, why: "the cache does not hold it any more"}
}

// changed compares the steps with those of the last build.
func (t *Template) changed(k Known) misses {
	past := k.Past
	switch {
	case past == nil && t.Action == ActionCreate:
		return misses{at: 0, why: "the template is new"}
	case past == nil:
		return misses{at: -1}
	case past.From != t.from():
		return misses{at: 0, why: fmt.Sprintf("base %s -> %s", past.From, t.from())}
	case past.Base != "" && k.Base != "" && past.Base != k.Base:
		return misses{at: 0, why: "base image digest moved"}
	}
	for i, s := range t.Steps {
		if i >= len(past.Steps) || past.Steps[i].Digest != s.digest() {
			return misses{at: i, why: difference(past.Steps, i, s)}
		}
	}
	return misses{at: len(t.Steps)} // finalize alone is made again
}

// difference says in words why step i is not what it was.
func difference(past []PastStep, i int, s Step) string {
	label := stepName(s)
	if i >= len(past) {
		return label + " is new"
	}
	was := past[i]
	if was.Label != s.Label() {
		if later := slices.IndexFunc(past[i+1:], func(p PastStep) bool { return p.Label == s.Label() }); later >= 0 {
			return fmt.Sprintf("%s was taken out before %s", was.Label, label)
		}
		if slices.ContainsFunc(past[:i], func(p PastStep) bool { return p.Label == s.Label() }) {
			return label + " was moved"
		}
		return label + " is new"
	}
	if changes := packageChanges(was.Packages, s.packages()); len(changes) > 0 {
		return label + ": " + few(changes)
	}
	if s.Tree != nil && was.Files == nil {
		return label + ": its files changed, or where they go" // which ones is not in a lock file
	}
	if s.Tree != nil {
		if changes := fileChanges(was.Files, s.Tree.Digests()); len(changes) > 0 {
			return label + ": " + few(below(s.Args[0], changes))
		}
		return label + ": where it goes, its user or its mode changed"
	}
	if s.Config.Batch != nil {
		return label + ": its commands, user, environment or timeout changed"
	}
	return label + " changed"
}

// stepName is what the author calls a step.
func stepName(s Step) string {
	if s.Config.Batch != nil {
		return "batch " + s.Batch
	}
	return s.Label()
}

// packageChanges lists what differs between two sets of packages.
func packageChanges(was, is map[string]string) (out []string) {
	for _, name := range sortedUnion(was, is) {
		before, had := was[name]
		after, has := is[name]
		switch {
		case !had:
			out = append(out, name+versionText(after)+" added")
		case !has:
			out = append(out, name+" removed")
		case before != after:
			out = append(out, fmt.Sprintf("%s %s -> %s", name, orDefault(before, "any"), orDefault(after, "any")))
		}
	}
	return out
}

func versionText(version string) string {
	if version == "" {
		return ""
	}
	return " " + version
}

// fileChanges lists what differs between two sets of files.
func fileChanges(was, is map[string]string) (out []string) {
	for _, name := range sortedUnion(was, is) {
		before, had := was[name]
		after, has := is[name]
		switch {
		case !had:
			out = append(out, name+" added")
		case !has:
			out = append(out, name+" removed")
		case before != after:
			out = append(out, name+" changed")
		}
	}
	return out
}

// below writes paths as seen from the directory that is copied.
func below(from string, paths []string) []string {
	prefix := path.Clean(from) + "/"
	for i := range paths {
		paths[i] = strings.TrimPrefix(paths[i], prefix)
	}
	return paths
}

func sortedUnion(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// few lists the first changes and counts the rest.
func few(changes []string) string {
	const most = 3
	if len(changes) <= most {
		return strings.Join(changes, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(changes[:most], ", "), len(changes)-most)
}

// estimate adds up what the steps that will be built took before; 0 where that
// is not known of each.
func (t *Template) estimate(past *Past) float64 {
	if past == nil || t.Action == ActionUpToDate {
		return 0
	}
	byDigest, byLabel := map[string]float64{}, map[string]float64{}
	for _, s := range past.Steps {
		byDigest[s.Digest], byLabel[s.Label] = s.Seconds, s.Seconds
	}
	sum := past.Seconds
	for _, s := range t.Steps {
		if s.Cache == cacheHit {
			continue
		}
		took := orDefault(byDigest[s.digest()], byLabel[s.Label()])
		if took == 0 {
			return 0
		}
		sum += took
	}
	return sum
}
