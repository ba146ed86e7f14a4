package mirrors

import (
	_ "embed"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

//go:embed mirror.sh
var library string

// stateDir holds what the prologue changed until the epilogue puts it back. It
// is root's alone, and its parent is nobody else's either.
const stateDir = "/var/lib/e2bt-mirror"

// Prologue is the text that applies p to a root filesystem, for every user of
// it; root runs it before the first step that installs something. What an
// earlier one left, of this build or of a base that was never finished, is
// undone first: so a second one replaces the first.
func (p *Profile) Prologue() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("set -euo pipefail")
	line("umask 022")
	line("state=%s", stateDir)
	line(`if [ -e "$state" ] || [ -L "$state" ]; then`)
	line(`  [ ! -L "$state" ] && [ "$(stat -c %%u:%%a -- "$state")" = 0:700 ] || { echo "mirror: $state is there and does not belong to root alone" >&2; exit 1; }`)
	line(`  bash "$state/run" leftover`)
	line("fi")
	line(`made=''`)
	line(`for dir in /var /var/lib; do [ -d "$dir" ] || { mkdir -- "$dir"; made="$dir $made"; }; done`) // the smallest images have neither
	line(`mkdir -m 700 -- "$state"`)
	line(`printf %%s "$made" >"$state/made"`)
	heredoc(&b, "run", withoutComments(library))
	heredoc(&b, "hosts", lines(p.Hosts()))
	heredoc(&b, "caches", lines(p.caches()))
	heredoc(&b, "locks", lines(p.locks()))
	line(`. "$state/run"`)
	line("begin")
	for _, e := range Ecosystems() {
		if len(p.Candidates(e.Name)) > 0 {
			b.WriteString(p.calls(e))
		}
	}
	b.WriteString("finish")
	return b.String()
}

// Own is what the template itself says of mirrors, which is none of ours.
type Own struct {
	Hosts []string // that its commands and variables name
	Files []string // that it copies: paths in the finished template, or ends of them
}

// Epilogue is the text that undoes the prologue; root runs it after the last
// step. It fails where a mirror would stay in the template.
func (p *Profile) Epilogue(own Own) string {
	run := stateDir + "/run"
	text := fmt.Sprintf("[ -f %s ] || { echo 'mirror: %s is gone: a step of the template has removed it, and what the mirror changed cannot be put back' >&2; exit 1; }\n", run, stateDir)
	if p.Bake {
		return text + p.bake()
	}
	text += "bash " + run + " restore"
	for _, host := range own.Hosts {
		text += " --own-host " + quote(host)
	}
	for _, file := range own.Files {
		text += " --own-file " + quote(file)
	}
	return text
}

// bake keeps the mirror and leaves a note of it.
func (p *Profile) bake() string {
	return fmt.Sprintf(`{ echo %s; cut -f 3 %s/applied | LC_ALL=C sort; } >/etc/e2bt-mirror
rm -rf %s`, quote(fmt.Sprintf("This system installs through the mirror profile %s of e2bt, on purpose (bake = true). It is in these files:", p.Name)), stateDir, stateDir)
}

// calls writes what mirror.sh has to do for one ecosystem.
func (p *Profile) calls(e Ecosystem) string {
	var b strings.Builder
	fill := p.filler(e, 0)
	for _, edit := range e.Edits {
		existing := ""
		if edit.Existing {
			existing = "yes"
		}
		words := []string{"edit", edit.Path, orEnd(edit.Place), edit.Unless, existing, p.editText(e, edit)}
		b.WriteString(quoteAll(append(words, edit.Also...)) + "\n")
	}
	for _, r := range e.Rewrites {
		words := []string{"rewrite", r.Kind, r.Match}
		for _, c := range p.Candidates(e.Name) {
			words = append(words, c.URL)
		}
		b.WriteString(quoteAll(words) + "\n")
	}
	for _, name := range sortedKeys(e.Env) {
		b.WriteString(quoteAll([]string{"variable", name, fill(e.Env[name])}) + "\n")
	}
	return b.String()
}

func orEnd(place string) string {
	if place == "" {
		return "end"
	}
	return place
}

func (p *Profile) editText(e Ecosystem, edit Edit) string {
	var parts []string
	for i, c := range p.Candidates(e.Name) {
		if i > 0 && !edit.Repeat {
			break
		}
		fill := p.filler(e, i)
		parts = append(parts, strings.TrimRight(fill(edit.Text), "\n"))
		if edit.Insecure != "" && strings.HasPrefix(c.URL, "http:") {
			parts = append(parts, fill(edit.Insecure))
		}
	}
	return strings.Join(parts, "\n")
}

// filler puts a candidate into a text.
func (p *Profile) filler(e Ecosystem, i int) func(string) string {
	list := p.Candidates(e.Name)
	var urls []string
	for _, c := range list {
		urls = append(urls, bare(c.URL))
	}
	return strings.NewReplacer("${url}", urls[i], "${urls}", strings.Join(urls, e.Join), "${host}", hostOf(list[i].URL)).Replace
}

func bare(url string) string { return strings.TrimRight(url, "/") }

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// caches lists what the epilogue removes.
func (p *Profile) caches() []string {
	var out []string
	for _, e := range Ecosystems() {
		for _, c := range p.candidates[e.Name] {
			for _, pattern := range e.Caches {
				out = append(out, strings.ReplaceAll(pattern, "${host}", hostOf(c.URL)))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// locks lists files with URLs in them, how to learn the default, and the URLs.
func (p *Profile) locks() []string {
	var out []string
	for _, e := range Ecosystems() {
		var urls []string
		for _, c := range p.candidates[e.Name] {
			urls = append(urls, c.URL)
			urls = append(urls, c.Also...)
		}
		for _, l := range e.Locks {
			if len(urls) > 0 {
				out = append(out, strings.Join(l.Files, " ")+"\t"+l.Default+"\t"+strings.Join(urls, " "))
			}
		}
	}
	return out
}

// heredoc writes a file below the state.
func heredoc(b *strings.Builder, name, text string) {
	fmt.Fprintf(b, "cat >\"$state/%s\" <<'E2BT_END'\n%sE2BT_END\n", name, text)
}

func lines(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "\n") + "\n"
}

// withoutComments leaves out the lines that are comments: the text becomes part
// of every template's log.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "# ") && t != "#" {
			b.WriteString(line)
		}
	}
	return b.String()
}

// quote writes s as one word of bash. The bytes must never change: they are
// part of every cache key.
func quote(s string) string {
	if s != "" && strings.Trim(s, safeCharacters) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

const safeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}
