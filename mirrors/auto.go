package mirrors

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// Auto is the profile that installs from what a test finds best among the
	// mirrors of cn; auto:NAME chooses among those of another profile.
	Auto = "auto"

	autoBase = "cn"
)

// Choice says for ecosystems where they are installed from, best first: names
// of candidates, and Official for the official source. It names no hosts, so
// that it can be kept in a lock file.
type Choice map[string][]string

// AutoOf returns the profile among whose mirrors an automatic one chooses.
func AutoOf(name string) (base string, ok bool) {
	if name == Auto {
		return autoBase, true
	}
	return strings.CutPrefix(name, Auto+":")
}

// choiceName is what a Choice calls the i-th candidate of an ecosystem.
func choiceName(c Candidate, i int) string {
	if c.Provider != "" {
		return c.Provider
	}
	return fmt.Sprintf("#%d", i+1)
}

// Choice is what the test recommends: of each ecosystem what answers, the best
// first, up to the official source. Nothing is said of what was not tested.
func (r TestReport) Choice() Choice {
	choice := Choice{}
	for _, row := range r.Ecosystems {
		names := []string{}
		for _, result := range row.Results {
			if result.OK && !slices.Contains(names, Official) {
				names = append(names, result.choice)
			}
		}
		if !slices.Contains(names, Official) {
			names = append(names, Official) // the last resort, as with every profile
		}
		choice[row.Name] = names
	}
	return choice
}

// choose leaves of each ecosystem that c speaks of what it names, in its order.
func (p *Profile) choose(c Choice) {
	for ecosystem, names := range c {
		var chosen []Candidate
		for _, name := range names {
			if name == Official {
				break
			}
			for i, candidate := range p.candidates[ecosystem] {
				if choiceName(candidate, i) == name {
					chosen = append(chosen, candidate)
				}
			}
		}
		p.candidates[ecosystem] = chosen
	}
}
