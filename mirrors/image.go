package mirrors

import "strings"

// dockerHub is the registry of a reference that names none.
const dockerHub = "docker.io"

// Image lists where the image of that reference can be pulled from, in order:
// none where p has no mirror of its registry. Tags and digests stay.
func (p *Profile) Image(ref string) []string {
	registry, path := splitImage(ref)
	var out []string
	for _, prefix := range p.Images[registry] {
		if path != "" {
			out = append(out, strings.TrimRight(prefix, "/")+"/"+path)
		}
	}
	return out
}

// splitImage takes a reference apart as every client does: what comes before
// the first slash is a registry if it looks like a host.
func splitImage(ref string) (registry, path string) {
	first, rest, ok := strings.Cut(ref, "/")
	switch {
	case !ok:
		registry, path = dockerHub, ref
	case strings.ContainsAny(first, ".:") || first == "localhost":
		registry, path = first, rest
	default:
		registry, path = dockerHub, ref
	}
	if registry == dockerHub && path != "" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return registry, path
}
