package config

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func dirOf(name string) string { return path.Dir(name) }

// roots of references, and what a message calls their members.
var kinds = map[string]string{"var": "variable", "local": "local value", "template": "template"}

func (s *scope) names(root string) []string {
	switch root {
	case "var":
		return slices.Collect(maps.Keys(s.variables))
	case "local":
		return slices.Collect(maps.Keys(s.root.locals))
	case "template":
		return slices.Collect(maps.Keys(s.templates))
	}
	return nil
}

// betterNames adds what the library's complaints about names leave out: what
// there is, and a near name.
func (s *scope) betterNames(diags hcl.Diagnostics, expr hcl.Expression) hcl.Diagnostics {
	references := expr.Variables()
	for _, d := range diags {
		if d.Subject == nil {
			continue
		}
		s.betterCall(d)
		for _, t := range references {
			if overlaps(*d.Subject, t.SourceRange()) && s.betterName(d, t) {
				break
			}
		}
	}
	return diags
}

// betterName rewrites the complaint about a reference, if it is about its name.
func (s *scope) betterName(d *hcl.Diagnostic, t hcl.Traversal) bool {
	root := t.RootName()
	name, ok := member(t, root)
	known := slices.Contains(s.names(root), name)
	switch {
	case d.Summary == "Unknown variable":
		d.Summary = "Unknown name"
		d.Detail = fmt.Sprintf("There is nothing called %q here. Texts are written in quotes, references as var.NAME, local.NAME or template.NAME.%s", root, s.elsewhere(root))
	case d.Summary == "Unsupported attribute" && kinds[root] != "" && ok && !known:
		d.Summary = "Unknown name"
		d.Detail = fmt.Sprintf("There is no %s.%s.%s", root, name, suggest(name, s.names(root)))
	case d.Summary == "Unsupported attribute" && root == "template" && known && len(t) == 2:
		d.Summary = "Template out of place"
		d.Detail = "A template can be referred to in the argument \"template\" of a base block alone."
	case d.Summary == "Invalid index" && root == "template" && known && len(t) > 2:
		d.Summary = "Unknown instance"
		d.Detail = fmt.Sprintf("template.%s has no such instance.%s", name, s.instancesOf(name, t[2]))
	default:
		return false
	}
	return true
}

// betterCall rewrites complaints about function calls.
func (s *scope) betterCall(d *hcl.Diagnostic) {
	switch {
	case d.Summary == "Call to unknown function" && !strings.Contains(d.Detail, "Did you mean"):
		if m := quotedName.FindStringSubmatch(d.Detail); m != nil {
			d.Detail += suggest(m[1], s.functionNames())
		}
	case strings.HasPrefix(d.Detail, loopFailed):
		d.Summary = "Too large or too deep"
		d.Detail = strings.ToUpper(d.Detail[len(loopFailed):len(loopFailed)+1]) + d.Detail[len(loopFailed)+1:]
	}
}

var loopFailed = fmt.Sprintf("Call to function %q failed: ", loopCounter)

func (s *scope) functionNames() []string {
	names := slices.Collect(maps.Keys(s.base(s.opts.Dir).Functions))
	return slices.DeleteFunc(names, func(name string) bool { return name == loopCounter })
}

// elsewhere suggests the full name of something that was named without what it
// is, or a near word.
func (s *scope) elsewhere(name string) string {
	if name == "each" {
		return " There is each.key and each.value in a template with for_each alone."
	}
	for _, root := range []string{"var", "local", "template"} {
		if slices.Contains(s.names(root), name) {
			return fmt.Sprintf(" Did you mean %s.%s?", root, name)
		}
	}
	return suggest(name, []string{"var", "local", "template", "each"})
}

func (s *scope) instancesOf(label string, step hcl.Traverser) string {
	if !s.templates[label].repeated {
		return " It has no for_each: leave the key out."
	}
	var keys []string
	for _, in := range s.templates[label].instances {
		keys = append(keys, in.key)
	}
	if index, ok := step.(hcl.TraverseIndex); ok && index.Key.Type() == cty.String && index.Key.IsKnown() && !index.Key.IsNull() {
		if near := suggest(index.Key.AsString(), keys); near != "" {
			return near
		}
	}
	if len(keys) == 0 || len(keys) > 10 {
		return ""
	}
	return fmt.Sprintf(" There are: %s.", strings.Join(keys, ", "))
}

func overlaps(a, b hcl.Range) bool { return a.Filename == b.Filename && a.Overlaps(b) }

// suggest is a sentence that names what was perhaps meant, or nothing.
func suggest(given string, names []string) string {
	if len(given) > 100 {
		return ""
	}
	slices.Sort(names)
	best, distance := "", 3
	for _, name := range names {
		if len(name) > len(given)+2 || len(given) > len(name)+2 {
			continue
		}
		if d := levenshtein.Distance(given, name, nil); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

var quotedName = regexp.MustCompile(`"([^"]+)"`)

// nearer replaces the library's suggestion for an argument or a block that is
// not known, which is the first near name, by the nearest one.
func nearer(diags hcl.Diagnostics, arguments, blocks []string) hcl.Diagnostics {
	for _, d := range diags {
		var names []string
		switch d.Summary {
		case "Unsupported argument":
			names = arguments
		case "Unsupported block type":
			names = blocks
		}
		if strings.Contains(d.Detail, "Did you mean to define") {
			continue // an argument where a block was meant, or the other way round
		}
		if m := quotedName.FindStringSubmatch(d.Detail); m != nil && strings.Contains(d.Detail, "not expected here.") && names != nil {
			what, _, _ := strings.Cut(d.Detail, "not expected here.")
			d.Detail = what + "not expected here." + suggest(m[1], slices.Clone(names))
		}
	}
	return diags
}
