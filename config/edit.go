package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Edit changes one place of a configuration. The address is a path of names from
// a template on, the value what stands there afterwards; nil takes it away:
//
//	template.x.memory_mb                      an argument
//	template.x.batch.small.timeout            an argument of a batch
//	template.x.batch.small.pip["flask"]       an item of a list, by its package
//	template.x.batch.small.pip[+]             one more item
//	template.x.batch.small.run["old"]         words in the batch's commands
//	template.x.batch.small.env["NAME"]        an entry of a map
//	template.x.batch.small.before.copy        a block before the batch; an object of arguments
//	template.x.batch.small.before.batch.venv  the same, with a label
//	template.x.batch.small.split              the batch becomes two
//	template.x.copy["app/"].ignore[+]         a copy block, by its from
//	template.x.pins.pip["flask"]              the version of a package, wherever it is said
//	template.x.start.ready.port               the port that a probe asks
type Edit struct {
	Address string
	Set     any
}

// Apply makes edits and returns the texts of the files that they change, by
// name. Comments and layout stay. What has been said in a variable's default or
// a local value is changed there. An edit that has no certain place is an error
// that says why, and then nothing is changed.
func (c *Config) Apply(edits []Edit) (map[string][]byte, error) {
	e := &editor{cfg: c, texts: map[string][]byte{}, canonical: map[string]bool{}}
	for _, edit := range edits {
		if err := e.apply(edit); err != nil {
			return nil, fmt.Errorf("%s cannot be edited: %w", edit.Address, err)
		}
	}
	for name, text := range e.texts {
		if string(text) == string(c.Files[name].Bytes) {
			delete(e.texts, name)
		}
	}
	return e.texts, nil
}

// editor holds the texts on their way. Places are found anew for every change,
// since each moves what comes after it.
type editor struct {
	cfg       *Config
	texts     map[string][]byte
	canonical map[string]bool // by file: it was formatted, and stays so
	t         *Template
}

func (e *editor) apply(edit Edit) error {
	t, rest := e.template(edit.Address)
	if t == nil {
		return errors.New("the configuration has no such template")
	}
	e.t = t
	at := e.templateBlocks()
	if len(at) == 0 {
		return fmt.Errorf("%s is not written in native syntax, the only one that can be edited", t.Address)
	}
	if name, tail, ok := e.batch(rest); ok {
		return e.editBatch(at, name, tail, edit.Set)
	}
	for _, f := range templatePlaces {
		if m := f.form.FindStringSubmatch(rest); m != nil {
			return f.edit(e, at, m[1:], edit.Set)
		}
	}
	return errors.New("there is no such place")
}

// template finds the template that an address begins with, and the rest of it.
func (e *editor) template(address string) (*Template, string) {
	var best *Template
	for _, t := range e.cfg.Templates {
		if strings.HasPrefix(address, t.Address+".") && (best == nil || len(t.Address) > len(best.Address)) {
			best = t
		}
	}
	if best == nil {
		return nil, ""
	}
	return best, address[len(best.Address)+1:]
}

// batch takes "batch.NAME.TAIL" apart; a name may hold dots.
func (e *editor) batch(rest string) (name, tail string, ok bool) {
	for _, s := range e.t.Steps {
		if s.Batch == nil {
			continue
		}
		if after, found := strings.CutPrefix(rest, "batch."+s.Batch.Name+"."); found && len(s.Batch.Name) >= len(name) {
			name, tail, ok = s.Batch.Name, after, true
		}
	}
	return name, tail, ok
}

// form is a kind of place and how it is edited; the groups of its pattern are
// the arguments.
type form struct {
	form *regexp.Regexp
	edit func(e *editor, at []place, args []string, set any) error
}

var templatePlaces = []form{
	{regexp.MustCompile(`^pins\.(\w+)\["(.+)"\]$`), (*editor).setVersion},
	{regexp.MustCompile(`^start\.ready\.(port)$`), (*editor).setReadyPort},
	{regexp.MustCompile(`^copy\["(.+)"\]\.(\w+)(\[\+\])?$`), (*editor).editCopy},
	{regexp.MustCompile(`^(base|start|cleanup)\.(\w+)$`), func(e *editor, at []place, args []string, set any) error {
		inner := inside(at, args[0], "")
		if len(inner) == 0 {
			return fmt.Errorf("the template has no %s block", args[0])
		}
		return e.setArgument(inner, args[1], set)
	}},
	{regexp.MustCompile(`^(\w+)$`), func(e *editor, at []place, args []string, set any) error { return e.setArgument(at, args[0], set) }},
}

var batchPlaces = []form{
	{regexp.MustCompile(`^before\.(\w+)(?:\.(.+))?$`), (*editor).insertBefore},
	{regexp.MustCompile(`^(split)$`), (*editor).split},
	{regexp.MustCompile(`^(run)\["(.+)"\]$`), func(e *editor, at []place, args []string, set any) error {
		return e.replaceWords(at, args[1], text(set))
	}},
	{regexp.MustCompile(`^(\w+)\[\+\]$`), (*editor).addPackage},
	{regexp.MustCompile(`^(env)\["(.+)"\]$`), func(e *editor, at []place, args []string, set any) error {
		return e.setEntry(at, args[0], args[1], set)
	}},
	{regexp.MustCompile(`^(\w+)\["(.+)"\]$`), (*editor).setPackage},
	{regexp.MustCompile(`^(\w+)$`), func(e *editor, at []place, args []string, set any) error { return e.setArgument(at, args[0], set) }},
}

func (e *editor) editBatch(at []place, name, tail string, set any) error {
	inner := inside(at, "batch", name)
	if len(inner) == 0 {
		return fmt.Errorf("the batch %q is made by a dynamic block or a Dockerfile, where an edit has no place of its own", name)
	}
	for _, f := range batchPlaces {
		if m := f.form.FindStringSubmatch(tail); m != nil {
			return f.edit(e, inner, m[1:], set)
		}
	}
	return errors.New("there is no such place")
}

func text(set any) string {
	s, _ := set.(string)
	return s
}

// setArgument sets an argument where it stands, or adds it.
func (e *editor) setArgument(at []place, name string, set any) error {
	b, attr := find(at, name)
	switch {
	case attr == nil && set == nil:
		return nil
	case attr == nil:
		e.insertArgument(b, name, rendered(set), nil)
		return nil
	case set == nil:
		e.removeLines(b.file, attr.SrcRange)
		return nil
	}
	return e.setExpression(b.file, attr.Expr, set)
}

// setExpression replaces a value, where it is written out or where the variable
// or local value that stands for it is.
func (e *editor) setExpression(file string, expr hclsyntax.Expression, set any) error {
	file, expr, err := e.definition(file, expr)
	if err != nil {
		return err
	}
	if len(expr.Variables()) > 0 || isCall(expr) {
		return fmt.Errorf("its value is computed at %s; write %s there", expr.Range(), rendered(set))
	}
	r := expr.Range()
	e.replace(file, r.Start.Byte, r.End.Byte, rendered(set))
	return nil
}

// setEntry sets an entry of a map, or adds it.
func (e *editor) setEntry(at []place, name, key string, set any) error {
	b, attr := find(at, name)
	if attr == nil {
		e.insertArgument(b, name, "{ "+entry(key, set)+" }", nil)
		return nil
	}
	file, expr, err := e.definition(b.file, attr.Expr)
	if err != nil {
		return err
	}
	object, ok := expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return fmt.Errorf("the map is computed at %s; add %s there", expr.Range(), entry(key, set))
	}
	for _, item := range object.Items {
		if k, ok := constant(item.KeyExpr); ok && SamePackage(k, key) {
			return e.setExpression(file, item.ValueExpr, set)
		}
	}
	e.addItem(file, object.SrcRange, itemRanges(object), entry(key, set))
	return nil
}

func entry(key string, set any) string {
	if !hclsyntax.ValidIdentifier(key) {
		key = rendered(key)
	}
	return key + " = " + rendered(set)
}

// setVersion gives a package a version where it has one: in a pin, or else in
// the lists that name it.
func (e *editor) setVersion(at []place, args []string, set any) error {
	manager, name := args[0], args[1]
	for _, p := range inside(at, "pins", "") {
		if _, attr := find([]place{p}, manager); attr != nil && e.pinned(p.file, attr, name) {
			return e.setEntry([]place{p}, manager, name, set)
		}
	}
	m, _ := mirrors.LookupManager(manager)
	tried := false
	for _, s := range e.t.Steps {
		if s.Batch == nil || !says(s.Batch, manager, name) {
			continue
		}
		tried = true
		batch := inside(e.templateBlocks(), "batch", s.Batch.Name)
		if len(batch) == 0 {
			return fmt.Errorf("the batch %q is made by a dynamic block", s.Batch.Name)
		}
		if err := e.setPackage(batch, []string{manager, name}, m.Join(name, text(set))); err != nil {
			return err
		}
	}
	if tried {
		return nil
	}
	pins := inside(at, "pins", "")
	if len(pins) == 0 {
		return fmt.Errorf("no list or pin of the template gives %s a version", name)
	}
	return e.setEntry(pins, manager, name, set)
}

func (e *editor) pinned(file string, attr *hclsyntax.Attribute, name string) bool {
	_, expr, err := e.definition(file, attr.Expr)
	object, ok := expr.(*hclsyntax.ObjectConsExpr)
	return err == nil && ok && slices.ContainsFunc(object.Items, func(item hclsyntax.ObjectConsItem) bool {
		k, ok := constant(item.KeyExpr)
		return ok && SamePackage(k, name)
	})
}

// says reports whether a batch names a package with a version, in a list or in
// a command.
func says(b *Batch, manager, name string) bool {
	for _, in := range b.Installs {
		for _, p := range in.Packages {
			if in.Manager == manager && SamePackage(p.Name, name) && p.Version != "" {
				return true
			}
		}
	}
	return slices.ContainsFunc(b.Run, func(line Line) bool { return requirement(name).MatchString(line.Text) })
}

// SamePackage compares names as Python does: case and -_. do not count. An
// extra such as httpx[http2] belongs to httpx.
func SamePackage(a, b string) bool {
	normal := strings.NewReplacer("_", "-", ".", "-")
	a, _, _ = strings.Cut(a, "[")
	return strings.EqualFold(normal.Replace(a), normal.Replace(b))
}

// setReadyPort makes a probe ask on another port: of its port, or of its url.
func (e *editor) setReadyPort(at []place, args []string, set any) error {
	start := inside(at, "start", "")
	if len(start) == 0 {
		return errors.New("the template has no start block")
	}
	ready := inside(start, "ready", "")
	if len(ready) == 0 {
		e.insertText(start[0], "ready {\nport = "+rendered(set)+"\n}")
		return nil
	}
	b, url := find(ready, "url")
	if url == nil {
		if _, port := find(ready, "port"); port == nil && len(ready[0].Body.Attributes) > 0 {
			return fmt.Errorf("the probe at %s asks for something else than a port", ready[0].Range())
		}
		return e.setArgument(ready, "port", set)
	}
	file, expr, err := e.definition(b.file, url.Expr)
	if err != nil {
		return err
	}
	was, ok := constant(expr)
	now := portOf.ReplaceAllString(was, "${1}:"+rendered(set))
	if ok && now == was && portOf.MatchString(was) {
		return nil
	}
	if !ok || now == was {
		return fmt.Errorf("the address at %s names no port that could be changed to %s", expr.Range(), rendered(set))
	}
	return e.setExpression(file, expr, now)
}

var portOf = regexp.MustCompile(`^(\w+://[^/:]+):\d+`)

// editCopy changes a copy block, found by its from.
func (e *editor) editCopy(at []place, args []string, set any) error {
	for _, b := range inside(at, "copy", "") {
		_, attr := find([]place{b}, "from")
		if attr == nil {
			continue
		}
		if _, expr, err := e.definition(b.file, attr.Expr); err == nil {
			if from, ok := constant(expr); ok && from == args[0] {
				if args[2] != "" {
					return e.addToList([]place{b}, args[1], text(set))
				}
				return e.setArgument([]place{b}, args[1], set)
			}
		}
	}
	return fmt.Errorf("no copy block of the template is written with from = %q", args[0])
}

// insertBefore writes a block before a batch.
func (e *editor) insertBefore(at []place, args []string, set any) error {
	arguments, ok := set.(map[string]any)
	if !ok {
		return errors.New("a block needs its arguments")
	}
	label := args[1]
	if label != "" {
		for _, s := range e.t.Steps {
			if s.Batch != nil && s.Batch.Name == label {
				return nil // it is there
			}
		}
		label = " " + rendered(label)
	}
	for _, s := range e.t.Steps {
		if args[0] == "copy" && s.Copy != nil && s.Copy.From == text(arguments["from"]) && s.Copy.To == text(arguments["to"]) {
			return nil
		}
	}
	var lines strings.Builder
	for _, name := range sortedKeys(arguments) {
		lines.WriteString(name + " = " + rendered(arguments[name]) + "\n")
	}
	base := at[len(at)-1]
	e.insertLines(base.file, e.withComments(base.file, base.Range().Start.Byte), args[0]+label+" {\n"+lines.String()+"}\n\n")
	return nil
}

// isCall reports whether a value is made by more than writing it out.
func isCall(expr hclsyntax.Expression) bool {
	computed := false
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n.(type) {
		case *hclsyntax.FunctionCallExpr, *hclsyntax.ForExpr, *hclsyntax.ConditionalExpr, *hclsyntax.BinaryOpExpr:
			computed = true
		}
		return nil
	})
	return computed
}
