// Command catalog prints the translations of the messages in its list, which
// it takes from the gettext catalogues that packages install. Its output is
// diagnose/messages.txt:
//
//	go run ./diagnose/internal/catalog /usr/share/locale [DIR...] > diagnose/messages.txt
package main

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed msgids.txt
var list string

// wrapped holds formats around messages that are only a part of a line: bash
// writes "NAME:", " line ", the number and ": ".
var wrapped = map[string]string{" line ": ":%s%%d: "}

var languages = []string{"zh_CN", "zh_TW", "de", "fr", "es", "it", "pt_BR", "pt", "ja", "ko", "ru", "nl", "pl"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

func run(dirs []string) error {
	if len(dirs) == 0 {
		return errors.New("name the directories that hold LANGUAGE/LC_MESSAGES/DOMAIN.mo")
	}
	fmt.Println("# Translations of messages, made by diagnose/internal/catalog from the gettext\n# catalogues of Debian packages: the English text after \"= \", then what it is\n# in other languages.")
	for line := range strings.Lines(list) {
		domain, id, ok := strings.Cut(strings.TrimRight(line, "\n"), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		id = strings.ReplaceAll(id, `\n`, "\n")
		all := translations(dirs, domain, id)
		if len(all) == 0 {
			continue
		}
		if format, ok := wrapped[id]; ok {
			id = fmt.Sprintf(format, id)
			for i := range all {
				all[i] = fmt.Sprintf(format, all[i])
			}
		}
		fmt.Printf("= %s\n%s\n", firstLine(id), strings.Join(all, "\n"))
	}
	return nil
}

// translations returns what id is in each language, each text once.
func translations(dirs []string, domain, id string) []string {
	var all []string
	for _, language := range languages {
		for _, path := range catalogs(dirs, language, domain) {
			text := firstLine(lookup(read(path), id))
			if text != "" && text != firstLine(id) && strings.Count(text, "%") == strings.Count(firstLine(id), "%") && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}

// catalogs lists the files of a domain, which may be a pattern: its name may have
// a version in it.
func catalogs(dirs []string, language, domain string) []string {
	var all []string
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join(dir, language, "LC_MESSAGES", domain+".mo"))
		if err == nil {
			all = append(all, paths...)
		}
	}
	return all
}

// lookup finds id, or the one message that begins with it where id is the
// first line of a longer one.
func lookup(catalog map[string]string, id string) string {
	if text, ok := catalog[id]; ok {
		return text
	}
	for key, text := range catalog {
		if strings.HasSuffix(id, "\n") && strings.HasPrefix(key, id) {
			return text
		}
	}
	return ""
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimLeft(s, "\n"), "\n")
	return s
}

// read parses a compiled gettext catalogue; nil where there is none.
func read(path string) map[string]string {
	data, err := os.ReadFile(path)
	if err != nil || len(data) < 20 || binary.LittleEndian.Uint32(data) != 0x950412de {
		return nil
	}
	at := func(offset uint32) uint32 { return binary.LittleEndian.Uint32(data[offset:]) }
	text := func(entry uint32) string {
		n, start := at(entry), at(entry+4)
		s, _, _ := strings.Cut(string(data[start:start+n]), "\x00") // the singular
		return s
	}
	count, from, to := at(8), at(12), at(16)
	var ids, texts []string
	for i := range count {
		ids, texts = append(ids, text(from+8*i)), append(texts, text(to+8*i))
	}
	texts = utf8(texts)
	catalog := make(map[string]string, count)
	for i := range min(len(ids), len(texts)) {
		catalog[ids[i]] = texts[i]
	}
	return catalog
}

// utf8 converts the texts of a catalogue from the encoding that the first of
// them names; nil where iconv cannot.
func utf8(texts []string) []string {
	_, charset, _ := strings.Cut(strings.Join(texts[:min(1, len(texts))], ""), "charset=")
	charset, _, _ = strings.Cut(charset, "\n")
	if charset == "" || strings.EqualFold(charset, "UTF-8") {
		return texts
	}
	convert := exec.Command("iconv", "-f", charset, "-t", "UTF-8")
	convert.Stdin = strings.NewReader(strings.Join(texts, "\x00"))
	out, err := convert.Output()
	if err != nil {
		return nil
	}
	return strings.Split(string(out), "\x00")
}
