package diagnose

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxEvidence = 400   // bytes of one line of evidence
	commandMark = "++ " // as bash -x has it
	minCode     = 1000  // bytes of a line that may be minified source
	codeShare   = 40    // bytes in which source has a ";" or "("
)

// spaces are what pnpm and French messages have where a blank is meant.
var spaces = [][]byte{[]byte("\u2009"), []byte("\u00a0"), []byte("\u202f")}

var (
	escapes = regexp.MustCompile("\x1b(?:\\[[0-9;:?<=>!]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[()][A-Za-z0-9]|[@-Z\\\\^_=>a-z0-9])")
	// What builders write before the line of a command: BuildKit, and the
	// loggers of the E2B SDKs and of its API.
	buildkit = regexp.MustCompile(`^#\d+ \d+\.\d+ `)
	logger   = regexp.MustCompile(`^\d+\.\ds +\| +[\d:]+(?: [AP]M)? +[A-Z]+ +`)
	stream   = regexp.MustCompile(`^\[[a-z]+ ?[\d/]*\] \[std(?:out|err)\]: `)
	// Lines in which a builder repeats the command: no failure of their own.
	echo       = regexp.MustCompile(`^(?:> )?(?:#\d+ )?\[[^\]]+\] (?:RUN|CMD|COPY|ADD) |^Step \d+/\d+ : |^(?:#\d+ )?(?:ERROR: )?executor failed running|^The command '|^ERROR: failed to solve: process "|^\++ |^\d+ \|(?: |$)|^=> `)
	runCommand = regexp.MustCompile(`(?s)failed to run command '.*'(: (?:exit|signal))`)
	secrets    = []*regexp.Regexp{
		regexp.MustCompile(`(://)[^/\s@'"]+(@)`),
		regexp.MustCompile(`(?i)((?:_authtoken|auth_?token|access_?token|api_?key|apikey|password|passwd|secret|token)["']?\s*[=:]\s*["']?)[^\s"'&,;]{6,}()`),
		regexp.MustCompile(`(?i)(authorization:\s*(?:bearer|basic|token)\s+)\S+()`),
		regexp.MustCompile(`()\b(?:e2b_[0-9a-f]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|AKIA[0-9A-Z]{16}|xox[abpr]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)()`),
	}
)

// plain is line as the rules see it: no colours, no prefix of a builder.
// streamed says that the prefix was that of a piece of output of E2B's.
func plain(line []byte) (text []byte, streamed bool) {
	if bytes.IndexByte(line, 0x1b) >= 0 {
		line = escapes.ReplaceAll(line, nil)
	}
	if len(line) > 3 && line[0] == '#' {
		line = line[len(buildkit.Find(line)):]
	}
	for _, space := range spaces {
		if bytes.Contains(line, space) {
			line = bytes.ReplaceAll(line, space, []byte{' '})
		}
	}
	line = bytes.TrimSpace(line)
	if len(line) > 8 && line[0] >= '0' && line[0] <= '9' {
		line = line[len(logger.Find(line)):]
	}
	if len(line) > 8 && line[0] == '[' {
		prefix := len(stream.Find(line))
		return line[prefix:], prefix > 0
	}
	return line, false
}

// isCode says whether a line is a piece of minified source, which Node prints
// where it threw an error: every message is in it.
func isCode(line []byte) bool {
	return len(line) > minCode && (bytes.Count(line, []byte{';'})+bytes.Count(line, []byte{'('}))*codeShare > len(line)
}

// isEcho says whether a line repeats a command.
func isEcho(line []byte) bool { return echo.Match(line) }

// withoutCommand takes the command out of the line in which the API says that
// it failed, so that its words are not taken for a message.
func withoutCommand(line []byte) []byte {
	return runCommand.ReplaceAll(line, []byte("failed to run a command${1}"))
}

// evidence is line as a person may see it: capped, printable, without secrets.
func evidence(line string) string {
	return cut(redact(printable(line)), maxEvidence)
}

func hasSecret(text []byte) bool {
	return slices.ContainsFunc(secrets, func(re *regexp.Regexp) bool { return re.Match(text) })
}

func redact(s string) string {
	for _, re := range secrets {
		s = re.ReplaceAllString(s, "${1}***${2}")
	}
	return s
}

func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// cut shortens s to n bytes or a little less, at a character's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
