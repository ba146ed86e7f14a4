package image

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hostSuite is the suite of this machine, if it is Debian.
func hostSuite() string {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		fields[name] = strings.Trim(value, `"`)
	}
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
	files, err := filepath.Glob(filepath.Join(dir, "sources.list.d", "*"))
	if err != nil {
		return nil, fmt.Errorf("listing the package sources: %w", err)
	}
	var lines []string
	for _, file := range append(files, filepath.Join(dir, "sources.list")) {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the package sources: %w", err)
		}
		switch filepath.Ext(file) {
		case ".sources":
			lines = append(lines, deb822(string(text), own, suite)...)
		case ".list":
			lines = append(lines, oneLine(string(text), own, suite)...)
		}
	}
	return lines, nil
}

// deb822 reads paragraphs of fields.
func deb822(text, own, suite string) (lines []string) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		f := map[string]string{}
		last := ""
		for line := range strings.Lines(paragraph) {
			name, value, ok := strings.Cut(line, ":")
			switch {
			case strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, " "):
				f[last] += " " + strings.TrimSpace(line)
			case ok:
				last = strings.ToLower(strings.TrimSpace(name))
				f[last] = strings.TrimSpace(value)
			}
		}
		if !strings.Contains(" "+f["types"]+" ", " deb ") || f["enabled"] == "no" {
			continue
		}
		option := ""
		if strings.HasPrefix(f["signed-by"], "/") {
			option = "[signed-by=" + f["signed-by"] + "] "
		}
		for _, uri := range strings.Fields(f["uris"]) {
			for _, s := range strings.Fields(f["suites"]) {
				if line, ok := sourceLine(option, uri, s, f["components"], own, suite); ok {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}

// oneLine reads the classic form: deb [options] URI SUITE COMPONENTS.
func oneLine(text, own, suite string) (lines []string) {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !ok {
			continue
		}
		option := ""
		rest = strings.TrimSpace(rest)
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
		if line, ok := sourceLine(option, fields[0], fields[1], strings.Join(fields[2:], " "), own, suite); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// sourceLine keeps a source of the machine's suite, moved to the other one. A
// source whose URI holds a login stays here.
func sourceLine(option, uri, source, components, own, suite string) (string, bool) {
	rest, ok := strings.CutPrefix(source, own)
	if !ok || rest != "" && rest[0] != '-' && rest[0] != '/' || strings.Contains(uri, "@") || !strings.Contains(uri, "debian") {
		return "", false
	}
	return fmt.Sprintf("deb %s%s %s%s %s", option, uri, suite, rest, components), true
}
