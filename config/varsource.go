package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// assign sets the variables from all sources, weakest first.
func (l *loader) assign(decls map[string]*variable) {
	for _, e := range l.opts.Environ {
		name, text, _ := strings.Cut(e, "=")
		if name, ok := strings.CutPrefix(name, "E2BT_VAR_"); ok && decls[name] != nil {
			l.fromText(decls[name], text, Origin{Kind: "environment", Name: "E2BT_VAR_" + name})
		}
	}
	for _, file := range l.autoFiles() {
		l.varFile(decls, file, "auto_file")
	}
	for _, file := range l.opts.VarFiles {
		l.varFile(decls, file, "var_file")
	}
	for _, name := range sortedKeys(l.opts.Vars) {
		if decls[name] == nil {
			l.diags = append(l.diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Undeclared variable",
				Detail: fmt.Sprintf("--var %s: no file declares a variable of that name.%s", name, suggest(name, sortedKeys(decls))),
			})
			continue
		}
		l.fromText(decls[name], l.opts.Vars[name], Origin{Kind: "command_line", Name: "--var " + name})
	}
}

// fromText sets a variable to a text from outside: as it is where a text is
// wanted or no type was said, else read as an expression.
func (l *loader) fromText(v *variable, text string, from Origin) {
	if v.sensitive && text != "" {
		l.secrets[text] = true
	}
	if v.kind == cty.String || !v.typed {
		l.set(v, cty.StringVal(text), v.at, from)
		return
	}
	if value, ok := l.expression(text, from.Name); ok {
		l.set(v, value, v.at, from)
		return
	}
	l.wrong(v.at, "Wrong type", "%s sets the variable %q, which wants %s; what it holds is no expression of that kind.", from.Name, v.name, article(v.kind))
	v.value = cty.UnknownVal(v.kind.WithoutOptionalAttributesDeep())
}

// expression reads a text as an expression that refers to nothing.
func (l *loader) expression(text, from string) (cty.Value, bool) {
	if source.Check([]byte(text), from, hcl.InitialPos) != nil {
		return cty.DynamicVal, false
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "<"+from+">", hcl.InitialPos)
	if diags.HasErrors() {
		return cty.DynamicVal, false
	}
	value, diags := expr.Value(nil)
	return value, !diags.HasErrors()
}

// autoFiles lists *.auto.e2btvars beside the configuration, sorted by name.
func (l *loader) autoFiles() []string {
	dirs := map[string]bool{}
	for _, in := range l.inputs {
		dirs[dirOf(in.name)] = true
	}
	var files []string
	for _, dir := range sortedKeys(dirs) {
		entries, err := os.ReadDir(l.host(dir))
		if err != nil {
			continue // its files were read: what is wrong was said
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".auto.e2btvars") || strings.HasSuffix(e.Name(), ".auto.e2btvars.json") {
				files = append(files, filepath.ToSlash(filepath.Join(dir, e.Name())))
			}
		}
	}
	return files
}

// varFile sets the variables that a file names.
func (l *loader) varFile(decls map[string]*variable, name, kind string) {
	name = filepath.ToSlash(name)
	attrs, ok := l.varAttributes(name)
	if !ok {
		return
	}
	for _, key := range sortedKeys(attrs) {
		attr := attrs[key]
		if decls[key] == nil {
			d := problem(attr.NameRange, "Undeclared variable", "No file declares a variable %q.%s", key, suggest(key, sortedKeys(decls)))
			d.Severity = hcl.DiagWarning
			l.diags = append(l.diags, d)
			continue
		}
		value, diags := l.constant(attr.Expr)
		l.diags = append(l.diags, diags...)
		if !diags.HasErrors() {
			l.set(decls[key], value, attr.Expr.Range(), Origin{Kind: kind, Name: name})
		}
	}
}

func (l *loader) varAttributes(name string) (hcl.Attributes, bool) {
	src, ok := l.read(name)
	if !ok {
		return nil, false
	}
	var body hcl.Body
	if strings.HasSuffix(name, ".json") {
		before := len(l.diags)
		body = l.parseJSON(name, src)
		ok = !l.diags[before:].HasErrors()
	} else {
		l.files[name] = &hcl.File{Bytes: src}
		body, ok = l.parse(name, &source.Piece{Start: hcl.InitialPos, Bytes: src})
	}
	if !ok {
		return nil, false
	}
	attrs, diags := body.JustAttributes()
	l.diags = append(l.diags, diags...)
	return attrs, true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
