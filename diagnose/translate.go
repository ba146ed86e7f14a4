package diagnose

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed messages.txt
var catalog string

var (
	verbs  = regexp.MustCompile(`%(?:(\d+)\$)?[-.\d]*(?:l|q|j|z)*([a-zA-Z])`)
	quotes = "'\"`‘’“”„«»‹›「」 \u00a0\u202f"
)

// blanks are what plain turns into a blank.
var blanks = strings.NewReplacer("\u2009", " ", "\u00a0", " ", "\u202f", " ")

// translation turns a message in another language into the English one that
// rules know.
type translation struct {
	source  string
	english string // with ${a1}, ${a2}, ... and ${end}
	literal string // that every such message holds
	compile func() *regexp.Regexp
}

// translations parses the catalogue: "= English", then what it is elsewhere.
func translations() []translation {
	var all []translation
	english := ""
	for line := range strings.Lines(catalog) {
		line = blanks.Replace(strings.TrimSuffix(line, "\n"))
		if text, ok := strings.CutPrefix(line, "= "); ok {
			english = replacement(text)
		} else if !strings.HasPrefix(line, "#") {
			source := foreign(line)
			all = append(all, translation{source, english, constant(line), sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(source) })})
		}
	}
	return all
}

// replacement writes a printf format as a template of regexp.Expand.
func replacement(format string) string {
	n := 0
	return verbs.ReplaceAllStringFunc(format, func(string) string {
		n++
		return "${a" + string(rune('0'+n)) + "}"
	}) + "${end}"
}

// foreign writes a printf format as a regexp. What the last verb stands for
// ends where ": " tells the reason.
func foreign(format string) string {
	var b strings.Builder
	n, rest := 0, format
	for {
		at := verbs.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		n++
		name := string(rune('0' + n))
		if at[2] >= 0 {
			name = rest[at[2]:at[3]]
		}
		b.WriteString(regexp.QuoteMeta(strings.ReplaceAll(rest[:at[0]], "%%", "%")))
		kind := rest[at[4]:at[5]]
		rest = rest[at[1]:]
		b.WriteString("(?P<a" + name + ">" + argument(kind) + ")")
		if rest == "" && kind == "s" {
			b.WriteString("(?P<end>[:：] ?|$)")
		}
	}
	b.WriteString(regexp.QuoteMeta(strings.ReplaceAll(rest, "%%", "%")))
	return b.String()
}

func argument(verb string) string {
	switch verb {
	case "d", "u", "i":
		return `\d+`
	case "c":
		return `\S`
	}
	return `.+?`
}

// constant is the longest part of a format that is the same in every message,
// in lower case.
func constant(format string) string {
	best := ""
	for _, part := range verbs.Split(format, -1) {
		if len(part) > len(best) {
			best = part
		}
	}
	return lower(best)
}

// apply translates the message in text, if it is there.
func (t *translation) apply(text string) string {
	re := t.compile()
	at := re.FindStringSubmatchIndex(text)
	if at == nil {
		return text
	}
	var b []byte
	b = append(b, text[:at[0]]...)
	names, last := re.SubexpNames(), 0
	for _, m := range expansions.FindAllStringSubmatchIndex(t.english, -1) {
		b = append(b, t.english[last:m[0]]...)
		last = m[1]
		for i, name := range names {
			if name == t.english[m[2]:m[3]] && at[2*i] >= 0 {
				b = append(b, unquoted(text[at[2*i]:at[2*i+1]])...)
			}
		}
	}
	return string(append(append(b, t.english[last:]...), text[at[1]:]...))
}

var expansions = regexp.MustCompile(`\$\{(\w+)\}`)

// unquoted gives an argument the quotes of English messages.
func unquoted(argument string) string {
	if bare := strings.Trim(argument, quotes); bare != "" && len(bare)+2 <= len(argument) {
		return "'" + bare + "'"
	}
	return argument
}
