package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hostSuite is the suite of this machine, if it is Debian.
func hostSuite() string {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	fields := osRelease(string(text))
	if fields["ID"] != "debian" {
		return ""
	}
	return fields["VERSION_CODENAME"]
}

// hostSources turns this machine's own package sources, those of its suite,
// into lines for another suite. Sources of other vendors are left out.
func hostSources(dir, own, suite string) ([]string, error) {
	if own == "" {
		return nil, nil
	}
	files := []string{filepath.Join(dir, "sources.list")}
	entries, err := os.ReadDir(filepath.Join(dir, "sources.list.d"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the package sources: %w", err)
	}
	for _, e := range entries {
		files = append(files, filepath.Join(dir, "sources.list.d", e.Name()))
	}
	var lines []string
	for _, file := range files {
		found, err := sourcesIn(file, own, suite)
		if err != nil {
			return nil, fmt.Errorf("reading the package sources: %w", err)
		}
		lines = append(lines, found...)
	}
	return lines, nil
}

// sourcesIn reads one file in the form that its name says; others are none.
func sourcesIn(file, own, suite string) ([]string, error) {
	read := map[string]func(text, own, suite string) []string{".sources": deb822, ".list": oneLine}[filepath.Ext(file)]
	info, err := os.Stat(file)
	if read == nil || errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return read(string(text), own, suite), nil
}

// deb822 reads paragraphs of fields.
func deb822(text, own, suite string) (lines []string) {
	for _, f := range paragraphs(text) {
		if !slices.Contains(strings.Fields(f["types"]), "deb") || slices.Contains(disabled, strings.ToLower(f["enabled"])) {
			continue
		}
		option := ""
		if keys := strings.Fields(f["signed-by"]); len(keys) > 0 && keys[0][0] == '/' {
			option = "[signed-by=" + strings.Join(keys, ",") + "] "
		}
		for _, uri := range strings.Fields(f["uris"]) {
			for _, s := range strings.Fields(f["suites"]) {
				if line, ok := sourceLine(option, uri, s, strings.Fields(f["components"]), own, suite); ok {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}

// disabled is how apt lets one say no.
var disabled = []string{"no", "false", "without", "off", "disable"}

// paragraphs are the fields of a deb822 file, by their names in lower case.
func paragraphs(text string) (out []map[string]string) {
	f, last := map[string]string{}, ""
	for line := range strings.Lines(text + "\n\n") {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			if len(f) > 0 {
				out = append(out, f)
			}
			f, last = map[string]string{}, ""
		case line[0] == ' ' || line[0] == '\t':
			f[last] += " " + strings.TrimSpace(line)
		case ok:
			last = strings.ToLower(strings.TrimSpace(name))
			f[last] = strings.TrimSpace(value)
		}
	}
	return out
}

// oneLine reads the classic form: deb [options] URI SUITE COMPONENTS.
func oneLine(text, own, suite string) (lines []string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.Join(strings.Fields(line), " "), "deb ")
		if !ok {
			continue
		}
		option := ""
		if strings.HasPrefix(rest, "[") {
			options, after, _ := strings.Cut(rest[1:], "]")
			rest = after
			for _, o := range strings.Fields(options) {
				if strings.HasPrefix(o, "signed-by=/") {
					option = "[" + o + "] "
				}
			}
		}
		fields := strings.Fields(rest)
		if len(fields) < 3 {
			continue
		}
		if line, ok := sourceLine(option, fields[0], fields[1], fields[2:], own, suite); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// sourceLine keeps a source of the machine's suite, moved to the other one. A
// source whose URI holds a login stays here.
func sourceLine(option, uri, source string, components []string, own, suite string) (string, bool) {
	rest, ok := strings.CutPrefix(source, own)
	if !ok || len(components) == 0 || rest != "" && rest[0] != '-' && rest[0] != '/' || strings.Contains(uri, "@") || !strings.Contains(uri, "debian") {
		return "", false
	}
	return fmt.Sprintf("deb %s%s %s%s %s", option, uri, suite, rest, strings.Join(components, " ")), true
}
