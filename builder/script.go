package builder

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
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
	for _, r := range s {
		if strings.ContainsRune("*?[]", r) {
			flush()
			out.WriteRune(r)
			continue
		}
		word.WriteRune(r)
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
	if n := len(s.parts); n > 0 && s.parts[n-1].user == user {
		s.parts[n-1].lines = append(s.parts[n-1].lines, lines...)
		return
	}
	s.parts = append(s.parts, part{user, lines})
}

// text renders the script and names the user that is to run it. Where several
// users take part it is root, who hands each piece to its user.
func (s *script) text(home bool) (text, user string) {
	if len(s.parts) == 1 {
		return strings.Join(chain(append(s.preamble(), s.parts[0].lines...)), "\n"), s.parts[0].user
	}
	lines := s.preamble()
	for _, p := range s.parts {
		if p.user == "root" {
			lines = append(lines, p.lines...)
			continue
		}
		lines = append(lines, asUser(p, home && s.workdir == ""))
	}
	return strings.Join(chain(lines), "\n"), "root"
}

// asUser runs a part the way E2B would run it for that user: in a login shell
// and, where no workdir is set, in the user's home.
func asUser(p part, home bool) string {
	lines := p.lines
	if home {
		lines = append([]string{"cd"}, lines...)
	}
	inner := "/bin/bash -l -c " + quote(strings.Join(chain(lines), "\n"))
	return "su -s /bin/bash -c " + quote(inner) + " " + quote(p.user)
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

// chain makes the first failure stop the script. set -e alone does not: the
// status of a list such as `a && b` is ignored unless it is the last line.
func chain(lines []string) []string {
	if len(lines) == 1 && !strings.Contains(lines[0], "\n") {
		return lines
	}
	out := []string{"set -e"}
	for i, line := range lines {
		out = append(out, line)
		if i < len(lines)-1 && needsCheck(line) {
			out = append(out, "(exit $?)")
		}
	}
	return out
}

// needsCheck reports whether set -e may overlook that line's failure.
func needsCheck(line string) bool {
	return strings.Contains(line, "&&") || strings.Contains(line, "||") || strings.Contains(line, "!") || strings.Contains(line, "\n")
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
	return fmt.Sprint(d.Seconds())
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
