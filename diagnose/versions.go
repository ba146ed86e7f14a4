package diagnose

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	numbers    = regexp.MustCompile(`\d+`)
	prerelease = regexp.MustCompile(`(?i)\d(?:a|b|rc|alpha|beta|dev|pre|\.dev|-)`)
)

// nearest picks from a list of versions (as tools print them, between commas or
// blanks) the one nearest to what was asked for: the newest that is not newer,
// else the oldest. Pre-releases count only where nothing else is there.
func nearest(asked, list string) string {
	want := parts(asked)
	var stable, all []string
	for _, v := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", \t", r) }) {
		if !strings.ContainsAny(v[:1], "0123456789v") || v == "none" {
			continue
		}
		all = append(all, v)
		if !prerelease.MatchString(v) {
			stable = append(stable, v)
		}
	}
	if len(stable) == 0 {
		stable = all
	}
	return pick(want, stable)
}

func pick(want []int, versions []string) string {
	var below, above string
	for _, v := range versions {
		p := parts(v)
		if order(p, want) <= 0 {
			if below == "" || order(p, parts(below)) >= 0 {
				below = v
			}
		} else if above == "" || order(p, parts(above)) < 0 {
			above = v
		}
	}
	if below != "" {
		return below
	}
	return above
}

func parts(version string) []int {
	var all []int
	for _, n := range numbers.FindAllString(version, -1) {
		i, err := strconv.Atoi(n)
		if err != nil {
			i = int(^uint(0) >> 1)
		}
		all = append(all, i)
	}
	return all
}

func order(a, b []int) int {
	for i := range max(len(a), len(b)) {
		var x, y int
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return x - y
		}
	}
	return 0
}

// akin returns version where its first number is that of the one asked for,
// else "".
func akin(asked, version string) string {
	a, b := parts(asked), parts(version)
	if len(a) == 0 || len(b) == 0 || a[0] != b[0] {
		return ""
	}
	return version
}
