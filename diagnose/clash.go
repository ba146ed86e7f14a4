package diagnose

import (
	"regexp"
	"strings"
)

// requirement is one of uv's "X depends on Y==1", "you require Y>2" or what
// another "and" adds to it.
var requirement = regexp.MustCompile(`(?:(conclude that )?(you|your \w+) )?(?:depends? on|requires?|and) (?:one of: )?([A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?(?:\{[^}]*\})?([<>=!~]=?[^\s,<>=!~]+(?:,[<>=!~]=?[^\s,]+)*)`)

// clash names the package on which the reasons of uv's resolver want different
// versions, and the version that the user's own requirement has, else the first.
func clash(reasons string) (name, version string) {
	specs := map[string][]string{}
	own := map[string]string{}
	for _, m := range requirement.FindAllStringSubmatch(reasons, -1) {
		if m[1] != "" {
			continue // what the resolver concludes, not what somebody wrote
		}
		pkg, spec := strings.ToLower(m[3]), strings.TrimRight(m[4], ".")
		specs[pkg] = append(specs[pkg], spec)
		if m[2] != "" && own[pkg] == "" {
			own[pkg] = spec
		}
		if name == "" && len(specs[pkg]) > 1 && specs[pkg][0] != spec {
			name = pkg
		}
	}
	if name == "" {
		return "", ""
	}
	return name, coalesce(own[name], specs[name][0])
}
