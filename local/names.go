package local

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

var (
	aliasForm = regexp.MustCompile(`^[a-z0-9-_]+$`)
	tagForm   = regexp.MustCompile(`^[a-z0-9-_.]+$`)
)

// name is "[namespace/]alias[:tag]", taken apart.
type name struct{ namespace, alias, tag string }

// parseName reads a name as E2B does: trimmed, in lower case.
func parseName(text string) (name, error) {
	if len(text) > 128 {
		return name{}, refuse(http.StatusBadRequest, "Invalid name: longer than 128 characters")
	}
	rest, tag, tagged := strings.Cut(text, ":")
	namespace, alias, spaced := strings.Cut(rest, "/")
	if !spaced {
		namespace, alias = "", rest
	}
	n := name{tidy(namespace), tidy(alias), tidy(tag)}
	if !aliasForm.MatchString(n.alias) || spaced && !aliasForm.MatchString(n.namespace) {
		return name{}, refuse(http.StatusBadRequest, "Invalid name: invalid template ID: %s", text)
	}
	if tagged && !tagForm.MatchString(n.tag) {
		return name{}, refuse(http.StatusBadRequest, "Invalid tag: %s", tag)
	}
	return n, nil
}

func tidy(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// parseTags reads tags that a user may give: no build ids.
func parseTags(texts []string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, text := range texts {
		tag := tidy(text)
		if _, err := uuid.Parse(tag); err == nil || !tagForm.MatchString(tag) {
			return nil, refuse(http.StatusBadRequest, "Invalid tag: %s", text)
		}
		if !seen[tag] {
			seen[tag] = true
			out = append(out, tag)
		}
	}
	return out, nil
}
