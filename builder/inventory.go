package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/mirrors"
)

const (
	inventoryTimeout = 2 * time.Minute
	maxInventory     = 16 << 20 // bytes that the managers of one template may print together
	maxPackages      = 50_000   // of one manager
	maxWord          = 256      // bytes of a name or version
)

// Inventory is what is installed in a template.
type Inventory struct {
	OS       string // as os-release has it: debian 12
	Packages map[string]Packages
}

// Packages are the versions of one manager's packages by name; a package that
// is there in several versions has them all, with spaces between.
type Packages map[string]string

// Count is the number of packages.
func (in Inventory) Count() int {
	n := 0
	for _, p := range in.Packages {
		n += len(p)
	}
	return n
}

// ReadInventory reads the inventory of a template in a sandbox of it; ref is a
// name, with a tag or a build's id where that is not the default one.
func ReadInventory(ctx context.Context, client *e2b.Client, ref string) (Inventory, error) {
	var in Inventory
	err := inSandbox(ctx, client, ref, inventoryTimeout, func(box *e2b.Sandbox) (err error) {
		in, err = readInventory(ctx, box)
		return err
	})
	return in, err
}

func readInventory(ctx context.Context, box *e2b.Sandbox) (Inventory, error) {
	in := Inventory{Packages: map[string]Packages{}}
	listings := map[string]*mirrors.Listing{}
	for _, m := range mirrors.Managers() {
		if m.Inventory != nil {
			listings[m.Name] = m.Inventory
		}
	}
	sections, err := listPackages(ctx, box, "", inventoryTimeout, listings)
	if err != nil {
		return in, fmt.Errorf("reading the inventory: %w", err)
	}
	in.OS = osName(sections[systemSection])
	for _, m := range mirrors.Managers() {
		if m.Inventory == nil {
			continue
		}
		for _, line := range sections[m.Name] {
			if name, version, _, ok := m.Inventory.Read(line); ok {
				in.add(m.Site(), name, version)
			}
		}
	}
	return in, nil
}

// systemSection is the section of what the system says of itself.
const systemSection = "os-release"

// listPackages runs the commands of several managers as one script and returns
// the lines of each. A manager that is not there prints nothing.
func listPackages(ctx context.Context, box *e2b.Sandbox, user string, limit time.Duration, listings map[string]*mirrors.Listing) (map[string][]string, error) {
	mark := "e2bt-" + randomID() + randomID() + " " // what a package prints cannot look like it
	var script strings.Builder
	script.WriteString("export LC_ALL=C NO_COLOR=1\necho '" + mark + systemSection + "'\n(. /etc/os-release; echo \"$ID $VERSION_ID\") 2>/dev/null\n")
	for _, m := range mirrors.Managers() {
		if l := listings[m.Name]; l != nil {
			fmt.Fprintf(&script, "echo; echo '%s%s'\n(%s) </dev/null 2>/dev/null\n", mark, m.Name, l.Command)
		}
	}
	script.WriteString("echo; echo '" + mark + "end'\n")
	out := &limited{left: maxInventory}
	_, err := box.Run(ctx, e2b.Command{Cmd: "/bin/bash", Args: []string{"-l", "-c", script.String()}, User: user, Timeout: limit, Stdout: out})
	if err != nil {
		return nil, err
	}
	sections, whole := splitSections(out.buf.String(), mark)
	if !whole {
		return nil, errors.New("what lists the packages ended early")
	}
	return sections, nil
}

// splitSections cuts the output of a script at its marks; whole reports
// whether it got to its end.
func splitSections(out, mark string) (sections map[string][]string, whole bool) {
	sections = map[string][]string{}
	current := ""
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if name, ok := strings.CutPrefix(line, mark); ok {
			current = name
			continue
		}
		if current != "" && line != "" && len(line) <= 8*maxWord {
			sections[current] = append(sections[current], line)
		}
	}
	return sections, current == "end"
}

// limited refuses more than it may hold.
type limited struct {
	buf  bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, fmt.Errorf("the package managers print more than %d MiB", maxInventory>>20)
	}
	return l.buf.Write(p)
}

// add notes a package. What cannot be a name or a version is left out: the
// template may hold anything.
func (in *Inventory) add(manager, name, version string) {
	if !isWord(name) || !isWord(version) {
		return
	}
	all := in.Packages[manager]
	if all == nil {
		all = Packages{}
		in.Packages[manager] = all
	}
	versions := strings.Fields(all[name])
	if slices.Contains(versions, version) || len(all) >= maxPackages || len(all[name]) > 4*maxWord {
		return
	}
	versions = append(versions, version)
	slices.Sort(versions)
	all[name] = strings.Join(versions, " ")
}

func isWord(s string) bool {
	return s != "" && len(s) <= maxWord && strings.IndexFunc(s, func(r rune) bool {
		return r == unicode.ReplacementChar || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) < 0
}

// osName is the line that the system wrote about itself, if it can be one.
func osName(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	words := strings.Fields(lines[0])
	if len(words) == 0 || len(words) > 2 || slices.ContainsFunc(words, func(w string) bool { return !isWord(w) }) {
		return ""
	}
	return strings.Join(words, " ")
}
