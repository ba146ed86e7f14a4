package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// list is what a manager's packages, or commands, are written in.
func (e *editor) list(b place, attr *hclsyntax.Attribute) (string, *hclsyntax.TupleConsExpr, error) {
	file, expr, err := e.definition(b.file, attr.Expr)
	if err != nil {
		return "", nil, err
	}
	list, ok := expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		return "", nil, computed("the list "+attr.Name, expr.Range())
	}
	return file, list, nil
}

// addToList adds a text to a list of them, once.
func (e *editor) addToList(at []place, name, item string) error {
	b, attr := find(at, name)
	if attr == nil {
		e.insertArgument(b, name, "["+rendered(item)+"]", nil)
		return nil
	}
	file, list, err := e.list(b, attr)
	if err != nil {
		return err
	}
	for _, expr := range list.Exprs {
		if has, ok := constant(expr); ok && has == item {
			return nil
		}
	}
	e.addItem(file, list.SrcRange, elements(list), rendered(item))
	return nil
}

// addPackage adds a package, or a command, to what a batch installs or runs. A
// distribution's package is installed by root, whoever runs the batch.
func (e *editor) addPackage(at []place, args []string, set any) error {
	manager, item := args[0], text(set)
	m, known := mirrors.LookupManager(manager)
	batch := e.batchNamed(at[0].Labels[0])
	name, _ := m.Split(item)
	switch {
	case !known:
		return e.addToList(at, manager, item)
	case hasPackage(batch, manager, name):
		return nil
	case m.System() && batch.User != "" && batch.User != "root":
		return e.addInstall(at, manager, item)
	}
	b, attr := find(at, manager)
	if attr == nil {
		e.insertArgument(b, manager, "["+rendered(item)+"]", func(other string) bool {
			m2, list := mirrors.LookupManager(other)
			return other == "run" || list && m2.Order > m.Order
		})
		return nil
	}
	if e.addToList(at, manager, item) != nil {
		return e.addInstall(at, manager, item) // beside a list that is computed
	}
	return nil
}

// addInstall adds the long form of a list, which root installs.
func (e *editor) addInstall(at []place, manager, item string) error {
	for _, b := range inside(at, "install", manager) {
		if user := b.Body.Attributes["user"]; user != nil {
			if who, ok := constant(user.Expr); ok && who == "root" {
				return e.addToList([]place{b}, "packages", item)
			}
		}
	}
	b := at[len(at)-1]
	if oneLine(b) {
		return fmt.Errorf("the batch at %s is written in one line; add install %q { packages = [%q], user = \"root\" } to it", b.Range(), manager, item)
	}
	indent := e.indent(b.file, b.TypeRange.Start.Byte)
	block := fmt.Sprintf("install %q {\npackages = [%s]\nuser     = \"root\"\n}\n", manager, rendered(item))
	start := e.lineStart(b.file, b.CloseBraceRange.Start.Byte)
	e.replace(b.file, start, start, indented(block, indent+"  "))
	return nil
}

func (e *editor) batchNamed(name string) *Batch {
	for _, s := range e.t.Steps {
		if s.Batch != nil && s.Batch.Name == name {
			return s.Batch
		}
	}
	return &Batch{Name: name}
}

func hasPackage(b *Batch, manager, name string) bool {
	for _, in := range b.Installs {
		if in.Manager == manager && slices.ContainsFunc(in.Packages, func(p Package) bool { return p.Name == name }) {
			return true
		}
	}
	return false
}

// setPackage changes the list entry of a package, or the commands that name it;
// nil takes the entry away.
func (e *editor) setPackage(at []place, args []string, set any) error {
	manager, name := args[0], args[1]
	m, known := mirrors.LookupManager(manager)
	if !known {
		return errors.New("there is no such place")
	}
	lists := inside(at, "install", manager)
	if b, attr := find(at, manager); attr != nil {
		if done, err := e.changeEntry(b, attr, m, name, set); done || err != nil {
			return err
		}
	}
	for _, b := range lists {
		if _, attr := find([]place{b}, "packages"); attr != nil {
			if done, err := e.changeEntry(b, attr, m, name, set); done || err != nil {
				return err
			}
		}
	}
	now, _ := m.Split(text(set))
	switch {
	case set == nil:
		return fmt.Errorf("no list of the batch names %s", name)
	case hasPackage(e.batchNamed(at[0].Labels[0]), manager, now):
		return nil // it has its new name
	}
	return e.replacePackageWords(at, m, name, text(set))
}

// changeEntry changes the entry of a list that is about a package, if one is.
func (e *editor) changeEntry(b place, attr *hclsyntax.Attribute, m mirrors.Manager, name string, set any) (bool, error) {
	file, list, err := e.list(b, attr)
	if err != nil {
		return true, err
	}
	var unclear error
	for i, expr := range list.Exprs {
		at, item, err := e.definition(file, expr)
		if err != nil {
			unclear = err
			continue
		}
		entry, literal := constant(item)
		if !literal {
			entry = leading(item)
		}
		has, version := m.Split(entry)
		switch {
		case has == "" || !SamePackage(has, name):
			continue
		case set == nil && len(list.Exprs) == 1:
			e.removeLines(b.file, attr.SrcRange)
			return true, nil
		case set == nil:
			e.removeItem(file, elements(list), i)
			return true, nil
		case !literal:
			return true, e.changePart(at, item, m, entry, text(set))
		case version == "" && e.isPinned(m.Name, has) && versionOf(m, text(set)) != "":
			return true, e.setVersion(e.templateBlocks(), []string{m.Name, has}, versionOf(m, text(set)))
		}
		return true, e.setExpression(at, item, merged(m, entry, text(set)))
	}
	return unclear != nil, unclear
}

func versionOf(m mirrors.Manager, entry string) string {
	_, version := m.Split(entry)
	return version
}

func (e *editor) isPinned(manager, name string) bool {
	for _, p := range inside(e.templateBlocks(), "pins", "") {
		if _, attr := find([]place{p}, manager); attr != nil && e.pinned(p.file, attr, name) {
			return true
		}
	}
	return false
}

// merged is what an entry becomes: extras and markers stay, and so does the
// version where the new entry has none.
func merged(m mirrors.Manager, old, now string) string {
	name, version := m.Split(now)
	oldName, oldVersion := m.Split(old)
	if _, extras, ok := strings.Cut(oldName, "["); ok && !strings.Contains(name, "[") && m.Name != "npm" {
		name += "[" + extras
	}
	if version == "" {
		version = oldVersion
	} else if _, marker, ok := strings.Cut(oldVersion, ";"); ok {
		version += "; " + strings.TrimSpace(marker)
	}
	return m.Join(name, version)
}

// leading is the text that a template such as "name==${var.version}" begins
// with.
func leading(expr hclsyntax.Expression) string {
	template, ok := expr.(*hclsyntax.TemplateExpr)
	if !ok || len(template.Parts) == 0 {
		return ""
	}
	text, _ := constant(template.Parts[0])
	return text
}

// changePart changes the version of an entry such as "name==${var.version}".
func (e *editor) changePart(file string, expr hclsyntax.Expression, m mirrors.Manager, start, now string) error {
	template := expr.(*hclsyntax.TemplateExpr) // it has a leading text
	name, version := m.Split(now)
	old := strings.TrimRight(start, "=@<>~! ")
	if len(template.Parts) != 2 || start != old+m.Separator || version == "" || !SamePackage(name, old) {
		return computed(fmt.Sprintf("the entry %s", e.snippet(expr.Range())), expr.Range())
	}
	return e.setExpression(file, template.Parts[1], version)
}

// requirement finds a package in a command, with the version behind it.
func requirement(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[\s'"])` + regexp.QuoteMeta(name) + `(\[[\w,.-]*\])?((?:===?|~=|>=|<=|!=|@|=|<|>)[^\s'";&|]+)?($|[\s'";&|])`)
}

// replacePackageWords changes a package in the commands of a batch.
func (e *editor) replacePackageWords(at []place, m mirrors.Manager, old, now string) error {
	name, version := m.Split(now)
	if version != "" {
		version = m.Join("", version)
	}
	return e.changeCommands(at, old, func(line string) string {
		return requirement(old).ReplaceAllStringFunc(line, func(found string) string {
			g := requirement(old).FindStringSubmatch(found)
			if version != "" {
				g[3] = version
			}
			return g[1] + name + g[2] + g[3] + g[4]
		})
	})
}

// replaceWords changes words in the commands of a batch.
func (e *editor) replaceWords(at []place, old, now string) error {
	word := regexp.MustCompile(`(^|[\s'"=/(])` + regexp.QuoteMeta(old) + `($|[\s'";&|)])`)
	return e.changeCommands(at, old, func(line string) string {
		return word.ReplaceAllString(line, "${1}"+strings.ReplaceAll(now, "$", "$$")+"${2}")
	})
}

// changeCommands rewrites those commands of a batch that hold a word.
func (e *editor) changeCommands(at []place, word string, rewrite func(string) string) error {
	b, attr := find(at, "run")
	if attr == nil {
		return fmt.Errorf("the batch does not name %s", word)
	}
	_, list, err := e.list(b, attr)
	if err != nil {
		return err
	}
	changed := false
	for i := range list.Exprs {
		if b, attr = find(e.again(at), "run"); attr == nil {
			break
		}
		file, list, err := e.list(b, attr)
		if err != nil {
			return err
		}
		file, expr, err := e.definition(file, list.Exprs[i])
		if err != nil {
			return err
		}
		line, literal := constant(expr)
		now := rewrite(line)
		switch {
		case literal && now == line:
			continue
		case !literal && strings.Contains(e.snippet(expr.Range()), word):
			return computed(fmt.Sprintf("the command that names %s", word), expr.Range())
		case literal && strings.Contains(e.snippet(expr.Range()), "<<"):
			return fmt.Errorf("the command that names %s is a heredoc at %s; change it there", word, expr.Range())
		case literal:
			changed = true
			e.replace(file, expr.Range().Start.Byte, expr.Range().End.Byte, rendered(now))
		}
	}
	if !changed {
		return fmt.Errorf("the batch does not name %s", word)
	}
	return nil
}

// again finds the blocks of a batch after a change.
func (e *editor) again(at []place) []place {
	return inside(e.templateBlocks(), at[0].Type, at[0].Labels[0])
}

// stateful commands leave something in the shell that later ones use.
var stateful = regexp.MustCompile(`(?m)^\s*(cd|pushd|export|source|\.|set|alias|\w+=)(\s|$|\S)`)

// split makes two batches of one, so that what the first one does is kept when
// the second one fails.
func (e *editor) split(at []place, _ []string, _ any) error {
	b := at[0]
	if len(at) != 1 || len(b.Body.Blocks) > 0 || oneLine(b) {
		return fmt.Errorf("the batch at %s is not written so that it can be split; split it by hand", b.Range())
	}
	var work []*hclsyntax.Attribute
	var context []*hclsyntax.Attribute
	for _, attr := range inOrder(b.Body) {
		if _, ok := mirrors.LookupManager(attr.Name); ok || attr.Name == "run" {
			work = append(work, attr)
		} else {
			context = append(context, attr)
		}
	}
	slices.SortStableFunc(work, func(x, y *hclsyntax.Attribute) int { return workOrder(x.Name) - workOrder(y.Name) })
	var second []string
	for _, attr := range context {
		second = append(second, e.snippet(attr.SrcRange))
	}
	if len(work) > 1 {
		later := work[len(work)/2:]
		for _, attr := range later {
			second = append(second, e.snippet(attr.SrcRange))
		}
		for _, attr := range later {
			e.removeNamed(b, attr.Name)
		}
		e.writeSecond(b, second)
		return nil
	}
	return e.splitList(b, work, second)
}

func (e *editor) splitList(b place, work []*hclsyntax.Attribute, second []string) error {
	if len(work) == 0 {
		return errors.New("the batch does nothing that could be split")
	}
	attr := work[0]
	list, ok := attr.Expr.(*hclsyntax.TupleConsExpr)
	if !ok || len(list.Exprs) < 2 {
		return fmt.Errorf("the batch does one thing; give it more time")
	}
	if attr.Name == "run" && stateful.MatchString(strings.Join(e.commandTexts(list), "\n")) {
		return fmt.Errorf("the commands at %s share a directory or variables, which would be gone in a second batch", attr.SrcRange)
	}
	items := elements(list)
	half := len(items) / 2
	var moved []string
	for _, r := range items[half:] {
		moved = append(moved, e.snippet(r))
	}
	e.replace(b.file, items[half-1].End.Byte, items[len(items)-1].End.Byte, "")
	e.writeSecond(b, append(second, attr.Name+" = ["+strings.Join(moved, ", ")+"]"))
	return nil
}

func (e *editor) commandTexts(list *hclsyntax.TupleConsExpr) (out []string) {
	for _, expr := range list.Exprs {
		out = append(out, strings.Trim(e.snippet(expr.Range()), `"`))
	}
	return out
}

// writeSecond writes a batch after another one.
func (e *editor) writeSecond(b place, lines []string) {
	name, indent := "", e.indent(b.file, b.TypeRange.Start.Byte)
	for n := 2; name == "" || e.batchNamed(name).Range.Filename != ""; n++ {
		name = b.Labels[0] + "-" + strconv.Itoa(n)
	}
	text := "\n\n" + indent + "batch " + rendered(name) + " {\n"
	for _, line := range lines {
		text += indent + "  " + line + "\n"
	}
	end := e.again([]place{b})[0].CloseBraceRange.End.Byte
	e.replace(b.file, end, end, text+indent+"}")
}

func (e *editor) removeNamed(b place, name string) {
	if now, attr := find(e.again([]place{b}), name); attr != nil {
		e.removeLines(now.file, attr.SrcRange)
	}
}

func workOrder(name string) int {
	if name == "run" {
		return 1 << 20
	}
	return order(name)
}

func inOrder(body *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(body.Attributes))
	for _, attr := range body.Attributes {
		out = append(out, attr)
	}
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return out
}
