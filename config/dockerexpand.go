package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// predefined are the build arguments that need only be declared.
var predefined = map[string]string{
	"TARGETPLATFORM": "linux/amd64", "TARGETOS": "linux", "TARGETARCH": "amd64", "TARGETVARIANT": "",
	"BUILDPLATFORM": "linux/amd64", "BUILDOS": "linux", "BUILDARCH": "amd64", "BUILDVARIANT": "",
}

// proxies are the build arguments that may be given without being declared.
var proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}

func isPredefined(name string) bool {
	_, ok := predefined[name]
	return ok || slices.Contains(proxies, strings.ToUpper(name))
}

// variables is what $NAME means in a Dockerfile.
type variables map[string]string

// Get implements shell.EnvGetter.
func (v variables) Get(key string) (string, bool) {
	value, ok := v[key]
	return value, ok
}

// Keys implements shell.EnvGetter.
func (v variables) Keys() []string { return sortedKeys(v) }

// global is what FROM sees.
func (f *dockerfile) global() map[string]string {
	all := maps.Clone(predefined)
	maps.Copy(all, f.meta)
	return all
}

// visible is what an instruction after FROM sees: ENV hides ARG.
func (f *dockerfile) visible() map[string]string {
	if f.stages == 0 {
		return f.global()
	}
	all := maps.Clone(f.args)
	maps.Copy(all, f.env)
	return all
}

// Bounds of a word, since its expansion is recursive, and values can be doubled.
const (
	maxReferences = 200
	maxWord       = 64 << 10 // bytes
)

var errWord = errors.New("this word is too long, or refers to too many variables")

// process expands a word within bounds.
func process(lex shell.Lex, word string, values map[string]string) (shell.ProcessWordResult, error) {
	if strings.Count(word, "${") > maxReferences {
		return shell.ProcessWordResult{}, errWord
	}
	out, err := lex.ProcessWordWithMatches(word, variables(values))
	if err == nil && len(out.Result) > maxWord {
		err = errWord
	}
	return out, err
}

// expand replaces variables in a word. One that has no value is a mistake.
func (f *dockerfile) expand(at hcl.Range, word string, values map[string]string) (string, bool) {
	out, err := process(*f.lex, word, values)
	if err != nil {
		f.wrong(at, "Bad Dockerfile", "%s.", plainMessage(err))
		return "", false
	}
	for _, name := range sortedKeys(out.Unmatched) {
		if hasFallback(word, name) {
			continue
		}
		f.wrong(at, "Unknown variable in the Dockerfile", "Neither ENV nor ARG gives %s a value before this line. Those of the base image are not known here: give the value in args of the base block, and declare it with ARG.", name)
		return "", false
	}
	return out.Result, true
}

// hasFallback reports whether a word says what to do without a variable.
func hasFallback(word, name string) bool {
	for _, op := range []string{":", "-", "+"} {
		if strings.Contains(word, "${"+name+op) {
			return true
		}
	}
	return false
}

// expandAll replaces the variables of an instruction.
func (f *dockerfile) expandAll(at hcl.Range, parsed any) bool {
	ok := true
	values := f.visible()
	word := func(word string) (string, error) {
		out, fine := f.expand(at, word, values)
		ok = ok && fine
		return out, nil
	}
	if _, isEnv := parsed.(*instructions.EnvCommand); isEnv {
		word = func(word string) (string, error) { return f.expandEnv(at, word, values) }
	}
	var err error
	if c, can := parsed.(instructions.SupportsSingleWordExpansion); can {
		err = c.Expand(word)
	}
	if c, can := parsed.(instructions.SupportsSingleWordExpansionRaw); can && err == nil {
		err = c.ExpandRaw(func(text string) (string, error) {
			raw := *f.lex
			raw.RawQuotes, raw.RawEscapes = true, true
			out, _, err := raw.ProcessWord(text, variables(values)) // a file may be long
			return out, err
		})
	}
	if err != nil {
		f.wrong(at, "Bad Dockerfile", "%s.", plainMessage(err))
		return false
	}
	return ok
}

// ofTheShell are variables that E2B's shell knows when it expands ENV.
var ofTheShell = []string{"PATH", "HOME", "USER"}

// expandEnv leaves what is not known to E2B, which expands the values of ENV in
// a login shell.
func (f *dockerfile) expandEnv(at hcl.Range, word string, values map[string]string) (string, error) {
	lex := *f.lex
	lex.SkipUnsetEnv = true
	out, err := process(lex, word, values)
	if err != nil {
		return "", fmt.Errorf("expanding: %w", err)
	}
	for _, name := range sortedKeys(out.Unmatched) {
		if !slices.Contains(ofTheShell, name) {
			d := problem(at, "Unknown variable in the Dockerfile", "Neither ENV nor ARG gives %s a value before this line. E2B expands it in a login shell, which does not know the variables of the base image.", name)
			d.Severity = hcl.DiagWarning
			f.diags = append(f.diags, d)
		}
	}
	return out.Result, nil
}
