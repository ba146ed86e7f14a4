package builder

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"mvdan.cc/sh/v3/syntax"
)

// killAfter is how long a batch that was told to stop may take to do so.
const killAfter = 10 * time.Second

// quote writes s as one word of bash. It is our own because the bytes of a
// plan, and with them every cache key, must never change with a library.
func quote(s string) string {
	if s != "" && strings.Trim(s, safe) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

// quoteGlob quotes everything of s but the characters that make it a pattern.
func quoteGlob(s string) string {
	var out, word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out.WriteString(quote(word.String()))
			word.Reset()
		}
	}
	for i := range len(s) {
		if strings.IndexByte("*?[]", s[i]) >= 0 {
			flush()
			out.WriteByte(s[i])
			continue
		}
		word.WriteByte(s[i])
	}
	flush()
	return out.String()
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// part is a piece of a batch that one user runs.
type part struct {
	user  string
	lines []string
}

// script is the text of a batch in the making.
type script struct {
	parts   []part
	env     map[string]string
	workdir string
}

func (s *script) add(user string, lines ...string) {
	if len(lines) == 0 {
		return
	}
	if n := len(s.parts); n > 0 && s.parts[n-1].user == user {
		s.parts[n-1].lines = append(s.parts[n-1].lines, lines...)
		return
	}
	s.parts = append(s.parts, part{user, lines})
}

// text renders the script and names the user that is to run it. Where several
// users take part it is root, who hands each piece to its user; goHome is what
// that one does first, where the script has no workdir.
func (s *script) text(goHome string) (text, user string) {
	if s.workdir != "" {
		goHome = ""
	}
	if len(s.parts) == 1 {
		return chain(append(s.preamble(), s.parts[0].lines...)), s.parts[0].user
	}
	lines := s.preamble()
	for _, p := range s.parts {
		if p.user == "root" {
			lines = append(lines, p.lines...)
			continue
		}
		lines = append(lines, asUser(p, goHome))
	}
	return chain(lines), "root"
}

// asUser runs a part the way E2B would run it for that user: in a login shell
// and, where no workdir is set, in the user's home.
func asUser(p part, goHome string) string {
	lines := p.lines
	if goHome != "" {
		lines = append([]string{goHome}, lines...)
	}
	inner := "/bin/bash -l -c " + quote(chain(lines))
	return "su -s /bin/bash -c " + quote(inner) + " " + quote(orDefault(p.user, DefaultUser))
}

func (s *script) preamble() []string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(s.env)) {
		lines = append(lines, "export "+key+"="+quote(s.env[key]))
	}
	if s.workdir != "" {
		lines = append(lines, "cd "+quote(s.workdir))
	}
	return lines
}

// chain joins lines so that the first command that fails stops the script with
// its status. set -e alone does not: it overlooks the failure of a list such as
// `a && b`. So what it may overlook is followed by a line that fails likewise,
// where a line ends together with a command; inside a loop or a function bash's
// own rules hold.
func chain(lines []string) string {
	if slices.ContainsFunc(lines, func(line string) bool { return !isPlain(line) }) || len(lines) == 0 {
		return chainParsed(lines)
	}
	if len(lines) == 1 {
		return lines[0]
	}
	return "set -e\n" + strings.Join(lines, "\n")
}

// plainBytes is what a command is made of that says what it does at first sight.
const plainBytes = safe + " ~"

// keywords begin what only looks like a plain command.
var keywords = []string{
	"if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "select", "function", "time", "coproc",
	"declare", "export", "let", "local", "nameref", "readonly", "typeset",
}

// isPlain reports whether a line is one simple command, without a look at
// shell syntax: nearly all lines are, and reading them takes a while.
func isPlain(line string) bool {
	first, _, _ := strings.Cut(line, " ")
	return first != "" && strings.Trim(unquoted(line), plainBytes) == "" && !slices.Contains(keywords, first)
}

// unquoted is what of a line is outside of single quotes and is no escaped one.
// A quote that is left over stays.
func unquoted(line string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(line, "'")
		escaped := found && strings.HasSuffix(before, `\`)
		if escaped {
			before = strings.TrimSuffix(before, `\`)
		}
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if line = rest; escaped {
			continue
		}
		if _, line, found = strings.Cut(rest, "'"); !found {
			return "'"
		}
	}
}

// chainParsed is chain for any shell text.
func chainParsed(lines []string) string {
	text := strings.Join(lines, "\n")
	file, err := parse(text)
	switch {
	case err != nil: // bash will say what is wrong
		return "set -e\n" + strings.Join(lines, "\n"+sameStatus+"\n")
	case len(file.Stmts) == 0 || len(file.Stmts) == 1 && simple(file.Stmts[0]):
		return text
	}
	rows, done := strings.Split(text, "\n"), 0
	out := []string{"set -e"}
	for i, next := range file.Stmts[1:] {
		last := file.Stmts[i]
		if row := int(next.Pos().Line()) - 1; next.Pos().Line() > last.End().Line() && overlooked(last) {
			out = append(append(out, rows[done:row]...), sameStatus)
			done = row
		}
	}
	return strings.Join(append(out, rows[done:]...), "\n")
}

// parse reads a script. A comment ends with its line, for bash; the parser
// goes on in the next one after a backslash, so it is not shown that.
func parse(text string) (*syntax.File, error) {
	rows := strings.Split(text, "\n")
	for {
		file, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(strings.Join(rows, "\n")), "")
		if err != nil {
			return nil, err
		}
		changed := false
		syntax.Walk(file, func(n syntax.Node) bool {
			if c, ok := n.(*syntax.Comment); ok {
				row := &rows[c.Hash.Line()-1]
				if strings.HasSuffix(*row, `\`) {
					*row, changed = strings.TrimRight(*row, `\`), true
				}
			}
			return true
		})
		if !changed {
			return file, nil
		}
	}
}

// sameStatus ends with the status of what came before it.
const sameStatus = "(exit $?)"

// simple reports whether set -e changes nothing for a command.
func simple(s *syntax.Stmt) bool {
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		return true
	case *syntax.BinaryCmd:
		return simple(c.X) && simple(c.Y)
	}
	return false
}

// overlooked reports whether set -e may overlook the failure of a command.
func overlooked(s *syntax.Stmt) bool {
	if _, ok := s.Cmd.(*syntax.FuncDecl); ok || s.Background {
		return false
	}
	found := false
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			found = found || n.Negated
		case *syntax.BinaryCmd:
			found = found || n.Op == syntax.AndStmt || n.Op == syntax.OrStmt
		}
		return !found
	})
	return found
}

// withTimeout runs text under a limit that holds inside the sandbox, so that a
// batch ends even when nobody is watching. Exit status 124, or 137 where it
// had to be killed.
func withTimeout(text string, limit time.Duration) string {
	if limit == 0 {
		return text
	}
	return fmt.Sprintf("timeout -k %d %s /bin/bash -c %s", int(killAfter.Seconds()), seconds(limit), quote(text))
}

func seconds(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprint(int(d / time.Second))
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// installLines writes the commands of one package manager's list.
func installLines(in config.Install, prepared map[string]bool) []string {
	m, ok := mirrors.LookupManager(in.Manager)
	if !ok {
		panic("builder: unknown manager " + in.Manager) // config has checked it
	}
	var lines []string
	if m.Prepare != "" && !prepared[m.Name] {
		prepared[m.Name] = true
		lines = append(lines, m.Prepare)
	}
	for _, words := range groups(m, in.Packages) {
		lines = append(lines, envPrefix(m.Env)+fill(m.Install, in.Flags, words))
	}
	return lines
}

// fill puts quoted flags and packages into a manager's command.
func fill(command string, flags, packages []string) string {
	if len(flags) == 0 {
		command = strings.Replace(command, "${flags} ", "", 1)
	}
	return strings.NewReplacer("${flags}", quoteAll(flags), "${packages}", quoteAll(packages)).Replace(command)
}

// groups splits packages into the lists of the commands that install them.
func groups(m mirrors.Manager, packages []config.Package) [][]string {
	var words []string
	for _, p := range packages {
		text := p.Text
		if p.Version == "" && m.Default != "" {
			text = m.Join(p.Name, m.Default)
		}
		words = append(words, text)
	}
	if !m.Each {
		return [][]string{words}
	}
	var each [][]string
	for _, w := range words {
		each = append(each, []string{w})
	}
	return each
}

func envPrefix(env map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(env)) {
		b.WriteString(key + "=" + quote(env[key]) + " ")
	}
	return b.String()
}
