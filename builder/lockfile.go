package builder

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

const (
	lockVersion = 1
	maxLock     = 64 << 20 // bytes of a lock file
	maxNesting  = 8        // of brackets; ours has three
)

const lockHeader = "# Written by e2bt after a build: what every template was made of. Commit it;\n# `e2bt build --locked` builds exactly this.\n\n"

// Text writes the lock file: the same lock gives the same bytes.
func (l *Lock) Text() []byte {
	file := hclwrite.NewEmptyFile()
	body := file.Body()
	body.SetAttributeValue("version", cty.NumberIntVal(lockVersion))
	for _, name := range slices.Sorted(maps.Keys(l.Mirrors)) {
		body.AppendNewline()
		choice := body.AppendNewBlock("mirror", []string{name}).Body()
		for _, ecosystem := range slices.Sorted(maps.Keys(l.Mirrors[name])) {
			var from []cty.Value
			for _, candidate := range l.Mirrors[name][ecosystem] {
				from = append(from, cty.StringVal(candidate))
			}
			choice.SetAttributeValue(ecosystem, cty.TupleVal(from))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Templates)) {
		body.AppendNewline()
		l.Templates[name].write(body.AppendNewBlock("template", []string{name}).Body())
	}
	return append([]byte(lockHeader), hclwrite.Format(file.Bytes())...)
}

func (t *Locked) write(body *hclwrite.Body) {
	set(body, "address", t.Address)
	set(body, "fingerprint", t.Fingerprint)
	set(body, "template_id", t.TemplateID)
	set(body, "build_id", t.BuildID)
	body.AppendNewline()
	base := body.AppendNewBlock("base", nil).Body()
	set(base, "image", t.Base.Image)
	set(base, "template", t.Base.Template)
	set(base, "digest", t.Base.Digest)
	for _, s := range t.Steps {
		body.AppendNewline()
		s.write(body.AppendNewBlock("step", nil).Body())
	}
	if t.Unread {
		return
	}
	body.AppendNewline()
	in := body.AppendNewBlock("inventory", nil).Body()
	set(in, "os", t.Inventory.OS)
	for _, manager := range slices.Sorted(maps.Keys(t.Inventory.Packages)) {
		if len(t.Inventory.Packages[manager]) == 0 {
			continue
		}
		in.SetAttributeRaw(manager, packageList(t.Inventory.Packages[manager]))
	}
}

func (s LockedStep) write(body *hclwrite.Body) {
	set(body, "type", s.Type)
	set(body, "batch", s.Batch)
	set(body, "from", s.From)
	set(body, "digest", s.Digest)
	set(body, "files", s.Files)
	if len(s.Packages) == 0 {
		return
	}
	lists := map[string]cty.Value{}
	for manager, list := range s.Packages {
		var words []cty.Value
		for _, text := range list {
			words = append(words, cty.StringVal(text))
		}
		lists[manager] = cty.TupleVal(words)
	}
	body.SetAttributeValue("packages", cty.ObjectVal(lists))
}

// set writes what is said, and nothing where it is not.
func set(body *hclwrite.Body, name, value string) {
	if value != "" {
		body.SetAttributeValue(name, cty.StringVal(value))
	}
}

// packageList writes a line for every package, so that one that changes is one
// line that changes.
func packageList(packages Packages) hclwrite.Tokens {
	newline := &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")}
	out := hclwrite.Tokens{{Type: hclsyntax.TokenOBrack, Bytes: []byte("[")}, newline}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		out = append(out, hclwrite.TokensForValue(cty.StringVal(name+" "+packages[name]))...)
		out = append(out, &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte(",")}, newline)
	}
	return append(out, &hclwrite.Token{Type: hclsyntax.TokenCBrack, Bytes: []byte("]")})
}

func readLimited(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxLock+1))
	if err == nil && len(text) > maxLock {
		err = fmt.Errorf("it is larger than %d MiB", maxLock>>20)
	}
	return text, err
}

// LockError is a lock file that cannot be used.
type LockError struct {
	Name string
	Line int // 0: the whole of it
	Text string
}

func (e *LockError) Error() string {
	at := e.Name
	if e.Line > 0 {
		at += fmt.Sprintf(":%d", e.Line)
	}
	return at + ": " + e.Text + "; take the committed file, or delete it and build again"
}

// lockDocument is the file's form, for the library that decodes it.
type lockDocument struct {
	Version   int            `hcl:"version"`
	Mirrors   []lockMirror   `hcl:"mirror,block"`
	Templates []lockTemplate `hcl:"template,block"`
}

type lockMirror struct {
	Name  string    `hcl:"name,label"`
	Rest  hcl.Body  `hcl:",remain"` // a list for every ecosystem
	Range hcl.Range `hcl:",def_range"`
}

type lockTemplate struct {
	Name        string     `hcl:"name,label"`
	Address     string     `hcl:"address,optional"`
	Fingerprint string     `hcl:"fingerprint,optional"`
	TemplateID  string     `hcl:"template_id,optional"`
	BuildID     string     `hcl:"build_id,optional"`
	Base        *lockBase  `hcl:"base,block"`
	Steps       []lockStep `hcl:"step,block"`
	Inventory   *struct {
		Rest hcl.Body `hcl:",remain"` // os, and one list for every manager
	} `hcl:"inventory,block"`
	Range hcl.Range `hcl:",def_range"`
}

type lockBase struct {
	Image    string `hcl:"image,optional"`
	Template string `hcl:"template,optional"`
	Digest   string `hcl:"digest,optional"`
}

type lockStep struct {
	Type     string              `hcl:"type,optional"`
	Batch    string              `hcl:"batch,optional"`
	From     string              `hcl:"from,optional"`
	Digest   string              `hcl:"digest,optional"`
	Files    string              `hcl:"files,optional"`
	Packages map[string][]string `hcl:"packages,optional"`
}

// ParseLock reads the text of a lock file; the name is for messages. A file
// that holds anything a lock file does not is refused.
func ParseLock(text []byte, name string) (*Lock, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if err := plain(text, name); err != nil {
		return nil, err
	}
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, lockError(name, diags)
	}
	if err := checkVersion(file.Body, name); err != nil {
		return nil, err
	}
	var doc lockDocument
	if diags := gohcl.DecodeBody(file.Body, nil, &doc); diags.HasErrors() {
		return nil, lockError(name, diags)
	}
	out := &Lock{Templates: map[string]*Locked{}, Mirrors: map[string]mirrors.Choice{}}
	for _, m := range doc.Mirrors {
		choice, diags := m.choice()
		if diags.HasErrors() {
			return nil, lockError(name, diags)
		}
		if out.Mirrors[m.Name] != nil {
			return nil, &LockError{name, m.Range.Start.Line, fmt.Sprintf("the mirror profile %q is there twice", m.Name)}
		}
		out.Mirrors[m.Name] = choice
	}
	for _, t := range doc.Templates {
		if out.Templates[t.Name] != nil {
			return nil, &LockError{name, t.Range.Start.Line, fmt.Sprintf("the template %q is there twice", t.Name)}
		}
		locked, diags := t.locked()
		if diags.HasErrors() {
			return nil, lockError(name, diags)
		}
		out.Templates[t.Name] = locked
	}
	return out, nil
}

func lockError(name string, diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			line := 0
			if d.Subject != nil {
				line = d.Subject.Start.Line
			}
			return &LockError{name, line, strings.TrimSuffix(d.Summary+": "+d.Detail, ".")}
		}
	}
	return nil
}

// checkVersion is the first thing that is looked at: a newer file may hold
// anything.
func checkVersion(body hcl.Body, name string) error {
	content, _, diags := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "version"}}})
	attr := content.Attributes["version"]
	if attr == nil || diags.HasErrors() {
		return &LockError{name, 0, "this is no lock file: it does not say its version"}
	}
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() || !v.RawEquals(cty.NumberIntVal(lockVersion)) {
		return &LockError{name, attr.Range.Start.Line, fmt.Sprintf("this e2bt reads lock files of version %d, and this one is of another: a newer e2bt wrote it", lockVersion)}
	}
	return nil
}

// plain refuses what no lock file holds, before the parser sees it: calls,
// references, operators, templates, and deep nesting.
func plain(text []byte, name string) error {
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos) // what is wrong with it shows in the tokens
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack:
			depth--
		case hclsyntax.TokenIdent, hclsyntax.TokenEqual, hclsyntax.TokenComma, hclsyntax.TokenNewline, hclsyntax.TokenOQuote, hclsyntax.TokenCQuote,
			hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenNumberLit, hclsyntax.TokenComment, hclsyntax.TokenEOF:
		default:
			if conflict(text) {
				return &LockError{name, t.Range.Start.Line, "it holds the marks of a merge that was not finished"}
			}
			return &LockError{name, t.Range.Start.Line, "a lock file has nothing but names and texts"}
		}
		if depth > maxNesting {
			return &LockError{name, t.Range.Start.Line, "a lock file has no such nesting"}
		}
	}
	return nil
}

func conflict(text []byte) bool {
	return bytes.HasPrefix(text, []byte("<<<<<<< ")) || bytes.Contains(text, []byte("\n<<<<<<< ")) || bytes.Contains(text, []byte("\n>>>>>>> "))
}

func (m lockMirror) choice() (mirrors.Choice, hcl.Diagnostics) {
	attrs, diags := m.Rest.JustAttributes()
	out := mirrors.Choice{}
	for name, attr := range attrs {
		from := []string{}
		diags = append(diags, gohcl.DecodeExpression(attr.Expr, nil, &from)...)
		out[name] = from
	}
	return out, diags
}

func (t lockTemplate) locked() (*Locked, hcl.Diagnostics) {
	out := &Locked{Name: t.Name, Address: t.Address, Fingerprint: t.Fingerprint, TemplateID: t.TemplateID, BuildID: t.BuildID, Unread: t.Inventory == nil}
	if t.Base != nil {
		out.Base = LockedBase(*t.Base)
	}
	for _, s := range t.Steps {
		out.Steps = append(out.Steps, LockedStep(s))
	}
	if t.Inventory == nil {
		return out, nil
	}
	attrs, diags := t.Inventory.Rest.JustAttributes()
	out.Inventory.Packages = map[string]Packages{}
	for name, attr := range attrs {
		if name == "os" {
			diags = append(diags, gohcl.DecodeExpression(attr.Expr, nil, &out.Inventory.OS)...)
			continue
		}
		var list []string
		diags = append(diags, gohcl.DecodeExpression(attr.Expr, nil, &list)...)
		for _, text := range list {
			pkg, versions, _ := strings.Cut(text, " ")
			if !isWord(pkg) || strings.TrimSpace(versions) == "" {
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Bad package", Detail: fmt.Sprintf("%q is not a name and a version", text), Subject: attr.Expr.Range().Ptr()})
				continue
			}
			for _, version := range strings.Fields(versions) {
				out.Inventory.add(name, pkg, version)
			}
		}
	}
	return out, diags
}
