package diagnose

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"sync"
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
	// What the loggers of the E2B SDKs write before a line.
	logger = regexp.MustCompile(`^\d+\.\ds +\| +[\d:]+(?: [AP]M)? +[A-Z]+ +`)
	// Lines in which a builder repeats the command: no failure of their own.
	echo       = regexp.MustCompile(`^(?:(?:> )?(?:#\d+ )?\[[^\]]+\] (?:RUN|CMD|COPY|ADD) |Step \d+/\d+ : |(?:#\d+ )?(?:ERROR: )?executor failed running|The command '|ERROR: failed to solve: process "|\++ |\d+ \|(?: |$)|=> )`)
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
		line = withoutEscapes(line)
	}
	if !isASCII(line) {
		for _, space := range spaces {
			if bytes.Contains(line, space) {
				line = bytes.ReplaceAll(line, space, []byte{' '})
			}
		}
	}
	text, streamed = withoutPrefix(bytes.TrimSpace(line))
	return bytes.TrimLeft(text, " \t"), streamed
}

// isASCII looks at eight bytes at a time.
func isASCII(line []byte) bool {
	for len(line) >= 8 {
		if binary.LittleEndian.Uint64(line)&0x8080808080808080 != 0 {
			return false
		}
		line = line[8:]
	}
	for _, c := range line {
		if c >= 0x80 {
			return false
		}
	}
	return true
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

// secretWords are texts of which a line with a secret holds one.
var secretWords = sync.OnceValue(func() *filter {
	return newFilter([][]string{{
		"token", "passw", "secret", "apikey", "api_key", "authorization", "github_pat_", "glpat-", "pypi-",
	}})
})

// tokenStarts are what tokens begin with, too short for the filter.
var tokenStarts = [][]byte{
	[]byte("sk-"), []byte("xox"), []byte("eyJ"), []byte("e2b_"), []byte("npm_"), []byte("AKIA"),
	[]byte("ghp_"), []byte("gho_"), []byte("ghu_"), []byte("ghs_"), []byte("ghr_"),
}

func mayHaveSecret(text []byte) bool {
	found := bytes.IndexByte(text, '@') >= 0 && bytes.Contains(text, []byte("://")) ||
		slices.ContainsFunc(tokenStarts, func(start []byte) bool { return bytes.Contains(text, start) })
	if !found {
		secretWords().find(text, func(int32, int, int) { found = true })
	}
	return found
}

func hasSecret(text []byte) bool {
	return mayHaveSecret(text) && slices.ContainsFunc(secrets, func(re *regexp.Regexp) bool { return re.Match(text) })
}

func redact(s string) string {
	if !mayHaveSecret([]byte(s)) {
		return s
	}
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
