// Command provides makes diagnose/debian.txt.gz: which Debian package holds a
// header, a command or a pkg-config file. It asks apt for the indexes of the
// configured mirror, so it runs on a Debian with apt-file installed and
// "apt-get update" done:
//
//	go run ./diagnose/internal/provides diagnose/debian.txt.gz
//
// One line a package: its name, then what it holds, as H:zlib.h, D:curl (the
// headers in a directory), C:jq and P:libcurl. Commands of packages that nothing
// depends on are left out, so that the table stays small.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

var (
	header  = regexp.MustCompile(`^usr/include/(?:x86_64-linux-gnu/|python3\.\d+/)*((?:[^/]+/){0,2})([^/]+\.(?:h|hpp|hh|hxx))$`)
	command = regexp.MustCompile(`^(?:usr/)?s?bin/([A-Za-z0-9][A-Za-z0-9_.+-]*)$`)
	config  = regexp.MustCompile(`^usr/(?:lib|share)/(?:x86_64-linux-gnu/)?pkgconfig/([^/]+)\.pc$`)
	// What builds need and scripts call; not games, desktops or whole sciences.
	sections = regexp.MustCompile(`^(?:.*/)?(?:admin|comm|database|devel|editors|golang|graphics|interpreters|java|javascript|libdevel|libs|mail|misc|net|perl|php|python|ruby|rust|shells|sound|text|utils|vcs|video|web)$`)
	depends  = regexp.MustCompile(`^(?:Pre-)?(?:Depends|Recommends): `)
	name     = regexp.MustCompile(`[a-z0-9][a-z0-9.+-]+`)
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "provides:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("name the file to write")
	}
	uses, err := popularity()
	if err != nil {
		return err
	}
	holder, err := holders(uses)
	if err != nil {
		return err
	}
	return write(args[0], holder)
}

// indexes calls f with each line of the indexes that apt downloaded.
func indexes(kind string, f func(line string)) error {
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: "+kind).Output()
	if err != nil {
		return fmt.Errorf("asking apt for its %s: %w", kind, err)
	}
	files := strings.Fields(string(out))
	if len(files) == 0 {
		return fmt.Errorf("apt has no index %s: install apt-file and run apt-get update", kind)
	}
	for _, file := range files {
		cat := exec.Command("/usr/lib/apt/apt-helper", "cat-file", file)
		cat.Stderr = os.Stderr
		pipe, err := cat.StdoutPipe()
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		if err := cat.Start(); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		lines := bufio.NewScanner(pipe)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			f(lines.Text())
		}
		if err := errors.Join(lines.Err(), cat.Wait()); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
	}
	return nil
}

// popularity counts, for each package, the packages that need it.
func popularity() (map[string]int, error) {
	uses := map[string]int{}
	err := indexes("Packages", func(line string) {
		if at := depends.FindStringIndex(line); at != nil {
			for dependency := range strings.SplitSeq(line[at[1]:], ",") {
				uses[name.FindString(dependency)]++
			}
		}
	})
	return uses, err
}

// minShare is the part of the headers of a directory, in percent, that must be
// of one package for the directory to stand for it.
const minShare = 30

// holders picks one package for each file.
func holders(uses map[string]int) (map[string]string, error) {
	holder := map[string]string{}
	headers := map[string]map[string]int{} // by directory and package
	err := indexes("Contents-deb", func(line string) {
		at := strings.LastIndexAny(line, " \t")
		if at < 0 {
			return
		}
		key, directories := keyOf(strings.TrimSpace(line[:at]))
		for place := range strings.SplitSeq(line[at+1:], ",") {
			section, pkg, _ := cutLast(place)
			if !sections.MatchString(section) {
				continue
			}
			if key != "" && wanted(key, pkg, uses) && better(key, pkg, holder[key], uses) {
				holder[key] = pkg
			}
			for _, d := range directories {
				if headers[d] == nil {
					headers[d] = map[string]int{}
				}
				headers[d][pkg]++
			}
		}
	})
	for directory, counts := range headers {
		if pkg := majority(counts, uses); strings.HasSuffix(pkg, "-dev") {
			holder["D:"+directory] = pkg
		}
	}
	return holder, err
}

func majority(counts, uses map[string]int) string {
	total, best := 0, ""
	for _, pkg := range slices.Sorted(maps.Keys(counts)) {
		total += counts[pkg]
		if cmp.Or(counts[pkg]-counts[best], uses[pkg]-uses[best]) > 0 {
			best = pkg
		}
	}
	if counts[best]*100 < total*minShare {
		return ""
	}
	return best
}

func cutLast(place string) (section, pkg string, ok bool) {
	at := strings.LastIndexByte(place, '/')
	if at < 0 {
		return "", place, false
	}
	return place[:at], place[at+1:], true
}

// keyOf is what the table calls a file, or the directories that a header is in.
func keyOf(path string) (key string, directories []string) {
	if m := header.FindStringSubmatch(path); m != nil {
		if m[1] == "" {
			return "H:" + m[2], nil
		}
		return "", strings.Split(strings.Trim(m[1], "/"), "/")
	}
	if m := command.FindStringSubmatch(path); m != nil {
		return "C:" + m[1], nil
	}
	if m := config.FindStringSubmatch(path); m != nil {
		return "P:" + m[1], nil
	}
	return "", nil
}

// wanted leaves out what few will ever miss.
func wanted(key, pkg string, uses map[string]int) bool {
	switch key[:2] {
	case "H:":
		return strings.HasSuffix(pkg, "-dev")
	case "C:":
		return key[2:] == pkg || uses[pkg] > 0
	}
	return true
}

// better prefers the package that is called like the file, then the one that
// more packages need, then the shorter name.
func better(key, pkg, than string, uses map[string]int) bool {
	if than == "" {
		return true
	}
	if same := key[2:]; pkg == same || than == same {
		return pkg == same
	}
	if uses[pkg] != uses[than] {
		return uses[pkg] > uses[than]
	}
	return len(pkg) < len(than) || len(pkg) == len(than) && pkg < than
}

func write(path string, holder map[string]string) error {
	by := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(holder)) {
		by[holder[key]] = append(by[holder[key]], key)
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a level that there is
	for _, pkg := range slices.Sorted(maps.Keys(by)) {
		if _, err := io.WriteString(z, pkg+" "+strings.Join(by[pkg], " ")+"\n"); err != nil {
			return fmt.Errorf("compressing: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}
