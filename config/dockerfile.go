package config

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// What a Dockerfile that does not say otherwise is run as, and what E2B's
// templates are used as afterwards.
const (
	dockerUser, dockerWorkdir = "root", "/"
	userAfter, workdirAfter   = "user", "/home/user"
)

// dockerfile turns a Dockerfile into a base: FROM is the image, what follows
// are steps whose ranges are in that file. What E2B has nothing for is named
// with its line.
type dockerfile struct {
	*decoder
	name  string
	lines []int // where each line begins, in bytes
	end   int
	lex   *shell.Lex
	base  *Base

	given    map[string]string // build arguments of the base block
	declared map[string]bool   // by ARG, anywhere
	meta     map[string]string // ARG before FROM
	args     map[string]string // ARG after it
	env      map[string]string
	user     string // "": not said
	workdir  string
	placed   bool     // by WORKDIR
	shell    []string // of SHELL; nil: the default
	stages   int
	start    [2]*commandLine // ENTRYPOINT and CMD
}

// instruction is how one kind of line is carried over.
type instruction struct {
	read func(f *dockerfile, at hcl.Range, parsed any)
	// Or why it is not: an error where the result would be another one.
	why     string
	warning bool
}

var instructionTable = map[string]instruction{
	"from":       {read: (*dockerfile).from},
	"arg":        {read: (*dockerfile).arg},
	"env":        {read: (*dockerfile).setEnv},
	"run":        {read: (*dockerfile).run},
	"copy":       {read: (*dockerfile).copyFiles},
	"add":        {read: (*dockerfile).addFiles},
	"workdir":    {read: (*dockerfile).setWorkdir},
	"user":       {read: (*dockerfile).setUser},
	"shell":      {read: func(f *dockerfile, _ hcl.Range, c any) { f.shell = c.(*instructions.ShellCommand).Shell }},
	"cmd":        {read: (*dockerfile).cmd},
	"entrypoint": {read: (*dockerfile).entrypoint},
	"expose":     {read: func(*dockerfile, hcl.Range, any) {}}, // every port of a sandbox can be reached

	"healthcheck": {why: "Templates have no health checks. Say when the start command is ready with start { ready { ... } }, and what must hold with check blocks.", warning: true},
	"volume":      {why: "Sandboxes have no volumes: the directory stays as it is in the template.", warning: true},
	"label":       {why: "Templates have no labels.", warning: true},
	"maintainer":  {why: "Templates have no labels.", warning: true},
	"stopsignal":  {why: "A sandbox is stopped as a whole, without signals.", warning: true},
	"onbuild":     {why: "Templates have no triggers: write what is to be done into the template that is based on this one.", warning: true},
}

// dockerfile reads the file that the argument names.
func (d *decoder) dockerfile(attr *hcl.Attribute, out *Base, args map[string]string, argsAt hcl.Range) {
	var name string
	if d.text(&name)(attr); name == "" {
		return
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.FromSlash(dirOf(attr.Range.Filename)), filepath.FromSlash(name))
	}
	name = filepath.ToSlash(name)
	src, err := readText(d.host(name))
	switch {
	case err != nil:
		d.wrong(attr.Expr.Range(), "Cannot read the Dockerfile", "%s", noFile(name, err).Detail)
		return
	case len(src) > source.MaxPiece:
		d.wrong(attr.Expr.Range(), "Too large or too deep", "A Dockerfile may have at most %d MiB.", source.MaxPiece>>20)
		return
	}
	if diags := notText(name, src); diags.HasErrors() {
		d.diags = append(d.diags, diags...)
		return
	}
	d.interpret(name, src, out, args, argsAt)
}

// interpret turns the text of a Dockerfile into steps.
func (d *decoder) interpret(name string, src []byte, out *Base, args map[string]string, argsAt hcl.Range) {
	d.files[name] = &hcl.File{Bytes: src}
	f := &dockerfile{
		decoder: d, name: name, end: len(src), base: out, given: args,
		declared: map[string]bool{}, meta: map[string]string{}, args: map[string]string{}, env: map[string]string{},
	}
	f.lines = append(f.lines, 0)
	for i, c := range src {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	f.read(src)
	f.unused(argsAt)
}

func (f *dockerfile) read(src []byte) {
	parsed, err := parser.Parse(bytes.NewReader(src))
	if err != nil {
		f.wrong(f.errorAt(err), "Bad Dockerfile", "%s.", plainMessage(err))
		return
	}
	f.lex = shell.NewLex(parsed.EscapeToken)
	for _, node := range parsed.AST.Children {
		if f.stages < 2 { // what belongs to another stage is said once
			f.instruction(node)
		}
	}
	if f.stages == 0 {
		f.wrong(f.at(1, 1), "Bad Dockerfile", "There is no FROM, which says what the template starts from.")
		return
	}
	f.finish()
}

func (f *dockerfile) instruction(node *parser.Node) {
	at := f.at(node.StartLine, node.EndLine)
	name := strings.ToLower(node.Value)
	in, known := instructionTable[name]
	if known && in.read == nil {
		f.notCarried(at, strings.ToUpper(name), in.why, in.warning)
		return
	}
	parsed, err := instructions.ParseInstruction(node)
	switch {
	case err != nil:
		f.wrong(at, "Bad Dockerfile", "%s.", plainMessage(err))
	case f.stages == 0 && name != "from" && name != "arg":
		f.wrong(at, "Bad Dockerfile", "Only ARG may stand before FROM.")
		f.stages = 2
	case f.expandAll(at, parsed):
		in.read(f, at, parsed)
	}
}

// notCarried says that E2B has nothing for something.
func (f *dockerfile) notCarried(at hcl.Range, what, why string, warning bool) {
	d := problem(at, notCarried, "%s has no counterpart on E2B. %s", what, why)
	if warning {
		d.Severity = hcl.DiagWarning
	}
	f.diags = append(f.diags, d)
}

// finish gives the template the user and workdir that E2B's have, where the
// file says no others, and the start command.
func (f *dockerfile) finish() {
	after := &Set{Range: f.base.Range}
	if f.user == "" {
		after.User = userAfter
	}
	if !f.placed {
		after.Workdir = workdirAfter
	}
	if after.User != "" || after.Workdir != "" {
		f.base.Steps = append(f.base.Steps, Step{Set: after})
	}
	f.base.Command = f.startCommand()
}

// unused complains about build arguments that no ARG declares.
func (f *dockerfile) unused(at hcl.Range) {
	for _, name := range sortedKeys(f.given) {
		if !f.declared[name] && f.stages == 1 && !isPredefined(name) {
			f.wrong(at, "Unknown build argument", "%s has no ARG %s.%s", f.name, name, suggest(name, sortedKeys(f.declared)))
		}
	}
}

// at is the range of some lines, counted from 1.
func (f *dockerfile) at(first, last int) hcl.Range {
	first = max(1, min(first, len(f.lines)))
	last = max(first, min(last, len(f.lines)))
	end := f.end
	if last < len(f.lines) {
		end = f.lines[last] - 1
	}
	end = max(end, f.lines[last-1])
	if src := f.files[f.name].Bytes; end > f.lines[last-1] && src[end-1] == '\r' {
		end--
	}
	return hcl.Range{
		Filename: f.name,
		Start:    hcl.Pos{Line: first, Column: 1, Byte: f.lines[first-1]},
		End:      hcl.Pos{Line: last, Column: end - f.lines[last-1] + 1, Byte: end},
	}
}

func (f *dockerfile) errorAt(err error) hcl.Range {
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		lines := located.Locations[0]
		return f.at(lines[0].Start.Line, lines[len(lines)-1].End.Line)
	}
	return f.at(1, 1)
}

var parsePrefix = regexp.MustCompile(`^(?:dockerfile )?parse error (?:on )?line \d+: `)

// plainMessage is a parser's message without the place, as a sentence.
func plainMessage(err error) string {
	text := strings.TrimRight(parsePrefix.ReplaceAllString(err.Error(), ""), ".\n")
	if text == "" {
		return "It cannot be understood"
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// from takes the image.
func (f *dockerfile) from(at hcl.Range, parsed any) {
	stage := parsed.(*instructions.Stage)
	if f.stages++; f.stages > 1 {
		f.notCarried(at, "A second stage", "Make a template of each stage and base one on the other with base { template = ... }, or build in the one stage and remove what is not needed.", false)
		return
	}
	image, ok := f.expand(at, stage.BaseName, f.global())
	platform, fine := f.expand(at, stage.Platform, f.global())
	switch {
	case !ok || !fine:
	case image == "scratch":
		f.notCarried(at, "FROM scratch", "A template starts from an image or from another template.", false)
	case platform != "" && platform != "linux/amd64" && !strings.HasPrefix(platform, "linux/amd64/"):
		f.notCarried(at, "The platform "+platform, "Sandboxes are linux/amd64.", false)
	default:
		f.base.Image = image
	}
	for _, name := range sortedKeys(f.given) {
		if slices.Contains(proxies, strings.ToUpper(name)) {
			f.args[name] = f.given[name]
		}
	}
	f.workdir = dockerWorkdir
	f.base.Steps = append(f.base.Steps, Step{Set: &Set{User: dockerUser, Workdir: dockerWorkdir, Range: at}})
}

// arg declares build arguments.
func (f *dockerfile) arg(at hcl.Range, parsed any) {
	for _, a := range parsed.(*instructions.ArgCommand).Args {
		f.declared[a.Key] = true
		value, ok := f.given[a.Key]
		if !ok && a.Value != nil {
			value, ok = *a.Value, true
		}
		if !ok {
			value, ok = f.meta[a.Key]
		}
		if !ok {
			value, ok = predefined[a.Key]
		}
		switch {
		case !isVariableName(a.Key):
			f.wrong(at, "Bad environment variable", "%q is no name of an environment variable: use letters, digits and _, and do not begin with a digit.", a.Key)
		case ok && f.stages == 0:
			f.meta[a.Key] = value
		case ok:
			f.args[a.Key] = value
		}
	}
}

// setEnv carries ENV over. Debian's login shells, in which E2B runs everything,
// set PATH anew, so that one goes into their profile as well.
func (f *dockerfile) setEnv(at hcl.Range, parsed any) {
	values := map[string]string{}
	for _, kv := range parsed.(*instructions.EnvCommand).Env {
		if !isVariableName(kv.Key) {
			f.wrong(at, "Bad environment variable", "%q is no name of an environment variable: use letters, digits and _, and do not begin with a digit.", kv.Key)
			continue
		}
		values[kv.Key] = kv.Value
		f.env[kv.Key] = kv.Value
	}
	f.base.Steps = append(f.base.Steps, Step{Set: &Set{Env: values, Range: at}})
	if value, ok := values["PATH"]; ok {
		line := fmt.Sprintf(`export PATH="%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$(", `\$(`).Replace(value))
		f.batch(at, " PATH", "root", "mkdir -p /etc/profile.d && echo "+shellWord(line)+" >>/etc/profile.d/dockerfile.sh")
	}
}

func (f *dockerfile) setWorkdir(at hcl.Range, parsed any) {
	f.placed = true
	f.workdir = f.absolute(parsed.(*instructions.WorkdirCommand).Path)
	f.base.Steps = append(f.base.Steps, Step{Set: &Set{Workdir: f.workdir, Range: at}})
}

// absolute is a path of the template, relative ones starting at the workdir.
func (f *dockerfile) absolute(p string) string {
	if !path.IsAbs(p) {
		p = path.Join(f.workdir, p)
	}
	return path.Clean(p)
}

func (f *dockerfile) setUser(at hcl.Range, parsed any) {
	name, group, _ := strings.Cut(parsed.(*instructions.UserCommand).User, ":")
	switch {
	case group != "" && group != name:
		f.notCarried(at, "The group "+group+" of USER", "A user's own group counts.", false)
	case !userForm.MatchString(name):
		f.wrong(at, "Bad user name", "%q is no name of a Linux user: use lower-case letters, digits, - and _. E2B does not take numbers.", name)
	default:
		f.user = name
		f.base.Steps = append(f.base.Steps, Step{Set: &Set{User: name, Range: at}})
	}
}
