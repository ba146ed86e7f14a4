package config

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// shellWord writes s as one word of a shell.
func shellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellWord(w)
	}
	return strings.Join(quoted, " ")
}

// batch adds a step that runs a line; the caller may change it.
func (f *dockerfile) batch(at hcl.Range, suffix, user, line string) *Batch {
	b := &Batch{
		Name: fmt.Sprintf("%s:%d%s", path.Base(f.name), at.Start.Line, suffix), User: user,
		Run: []Line{{line, at}}, Range: at, Header: at,
	}
	f.base.Steps = append(f.base.Steps, Step{Batch: b})
	return b
}

// run carries RUN over. Build arguments are variables of its environment.
func (f *dockerfile) run(at hcl.Range, parsed any) {
	c := parsed.(*instructions.RunCommand)
	if !f.runFlags(at, c) {
		return
	}
	text := f.commandText(c.ShellDependantCmdLine)
	if strings.TrimSpace(text) == "" {
		f.wrong(at, "Bad Dockerfile", "RUN has no command.")
		return
	}
	b := f.batch(at, "", "", text)
	b.Env = maps.Clone(f.args)
	for name := range f.env {
		delete(b.Env, name)
	}
}

// mountAdvice is what to do without a mount.
var mountAdvice = map[instructions.MountType]string{
	instructions.MountTypeBind:   "Copy the files in a step before.",
	instructions.MountTypeSecret: "Whatever a step can read may stay in the template: give secrets to sandboxes when they are created.",
	instructions.MountTypeSSH:    "Fetch what needs a key on this machine, and copy it.",
}

// runFlags reports whether RUN means the same without its flags.
func (f *dockerfile) runFlags(at hcl.Range, c *instructions.RunCommand) bool {
	ok := true
	for _, m := range instructions.GetMounts(c) {
		if m.Type == instructions.MountTypeCache || m.Type == instructions.MountTypeTmpfs {
			f.notCarried(at, "RUN --mount=type="+string(m.Type), "Without it the step does the same, and what it writes there stays in the template.", true)
			continue
		}
		ok = false
		f.notCarried(at, "RUN --mount=type="+string(m.Type), mountAdvice[m.Type], false)
	}
	if mode := instructions.GetNetwork(c); mode != "" && mode != instructions.NetworkDefault {
		ok = false
		f.notCarried(at, "RUN --network="+mode, "Every step has the network.", false)
	}
	if mode := instructions.GetSecurity(c); mode != "" && mode != instructions.SecuritySandbox {
		ok = false
		f.notCarried(at, "RUN --security="+mode, "Steps have the rights of their user.", false)
	}
	return ok
}

// commandText writes a command for a shell, as Docker would run it.
func (f *dockerfile) commandText(c instructions.ShellDependantCmdLine) string {
	if !c.PrependShell {
		return shellWords(c.CmdLine)
	}
	text := strings.Join(c.CmdLine, " ")
	if len(c.Files) > 0 {
		if text = heredocText(text, c.Files); strings.HasPrefix(text, "#!") {
			return `f=$(mktemp) && printf %s ` + shellWord(text) + ` >"$f" && chmod 755 "$f" && "$f" && rm "$f"`
		}
	}
	if f.shell != nil {
		return shellWords(f.shell) + " " + shellWord(text)
	}
	return dockerShell(text)
}

// dockerShell runs a text as /bin/sh -c would. A single command or a list of
// them with && and || is the same in the shell that a step has anyway; in
// anything longer that shell would stop at the first failure.
func dockerShell(text string) string {
	if strings.ContainsAny(strings.ReplaceAll(text, "&&", ""), ";&\n") {
		return "/bin/sh -c " + shellWord(text)
	}
	return text
}

// heredocText is a command with its heredocs, or the one heredoc that is the
// command.
func heredocText(text string, files []instructions.ShellInlineFile) string {
	if doc, err := parser.ParseHeredoc(text); err == nil && doc != nil {
		script := files[0].Data
		if files[0].Chomp {
			script = parser.ChompHeredocContent(script)
		}
		return script
	}
	for _, file := range files {
		text += "\n" + file.Data + file.Name
	}
	return text
}

// commandLine is ENTRYPOINT or CMD.
type commandLine struct {
	words []string // of the exec form
	text  string   // of the shell form
	at    hcl.Range
}

func (f *dockerfile) commandLine(c instructions.ShellDependantCmdLine, at hcl.Range) *commandLine {
	if !c.PrependShell {
		return &commandLine{words: c.CmdLine, at: at}
	}
	return &commandLine{text: f.commandText(c), at: at}
}

func (f *dockerfile) entrypoint(at hcl.Range, parsed any) {
	f.start = [2]*commandLine{f.commandLine(parsed.(*instructions.EntrypointCommand).ShellDependantCmdLine, at), nil} // as Docker forgets CMD
}

func (f *dockerfile) cmd(at hcl.Range, parsed any) {
	f.start[1] = f.commandLine(parsed.(*instructions.CmdCommand).ShellDependantCmdLine, at)
}

// startCommand joins ENTRYPOINT and CMD as Docker does: CMD is arguments of an
// ENTRYPOINT in exec form, and nothing beside one in shell form.
func (f *dockerfile) startCommand() Line {
	entrypoint, cmd := f.start[0], f.start[1]
	switch {
	case entrypoint == nil && cmd == nil:
		return Line{}
	case entrypoint == nil:
		return Line{cmd.line(), cmd.at}
	case cmd == nil || entrypoint.text != "":
		return Line{entrypoint.line(), entrypoint.at}
	}
	rest := cmd.words
	if cmd.text != "" {
		rest = []string{"/bin/sh", "-c", cmd.text}
	}
	return Line{shellWords(append(append([]string{}, entrypoint.words...), rest...)), entrypoint.at}
}

func (c *commandLine) line() string {
	if c.text != "" {
		return c.text
	}
	return shellWords(c.words)
}
