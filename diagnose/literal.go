package diagnose

import (
	"regexp/syntax"
	"slices"
	"strings"
)

const (
	minLiteral  = 4  // bytes; shorter literals are in too many lines
	minLength   = 5  // bytes, with what is common, that the filter needs
	maxLiterals = 48 // of one pattern; more would bloat the automaton
	maxClass    = 10 // characters of a class that are taken one by one
)

// need is what every match of a regexp holds, in lower case: all of it, where
// that is one of a few texts, and at least one of some texts.
type need struct {
	all  []string // nil: too many to say
	some []string // nil: nothing is sure
}

// literals finds texts of which every match of re holds at least one. They let
// the scanner skip nearly every line without a regexp.
func literals(re *syntax.Regexp) []string {
	n := needOf(re)
	return better(n.some, n.all)
}

// leading is the literal that re begins with.
func leading(re *syntax.Regexp) []string {
	if re.Op == syntax.OpConcat {
		re = re.Sub[0]
	}
	if re.Op == syntax.OpCapture {
		return leading(re.Sub[0])
	}
	return needOf(re).all
}

func needOf(re *syntax.Regexp) need {
	switch re.Op {
	case syntax.OpLiteral:
		return need{all: []string{lower(string(re.Rune))}}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return need{all: []string{""}}
	case syntax.OpCharClass:
		return need{all: class(re.Rune)}
	case syntax.OpCapture:
		return needOf(re.Sub[0])
	case syntax.OpPlus:
		return need{some: literals(re.Sub[0])}
	case syntax.OpQuest:
		return optional(needOf(re.Sub[0]))
	case syntax.OpRepeat:
		if re.Min > 0 {
			return need{some: literals(re.Sub[0])}
		}
	case syntax.OpAlternate:
		return alternatives(re.Sub)
	case syntax.OpConcat:
		return sequence(re.Sub)
	}
	return need{}
}

// class lists a small class of characters, pairs of bounds, in lower case.
func class(bounds []rune) []string {
	var all []string
	for i := 0; i < len(bounds); i += 2 {
		if bounds[i+1]-bounds[i] > maxClass {
			return nil
		}
		for r := bounds[i]; r <= bounds[i+1]; r++ {
			if s := lower(string(r)); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	if len(all) > maxClass {
		return nil
	}
	return all
}

func optional(n need) need {
	if n.all == nil {
		return need{}
	}
	return need{all: union(n.all, []string{""})}
}

func alternatives(subs []*syntax.Regexp) need {
	all, some := []string{}, []string{}
	for _, sub := range subs {
		n := needOf(sub)
		if all != nil {
			all = union(all, n.all)
		}
		if n.all == nil {
			all = nil
		}
		if one := better(n.some, n.all); one != nil && some != nil {
			some = union(some, one)
		} else {
			some = nil
		}
	}
	return need{all: limited(all), some: limited(some)}
}

// sequence joins what its parts are, for as long as that stays a short list,
// and picks the stretch whose shortest text is longest.
func sequence(subs []*syntax.Regexp) need {
	var some []string
	run, whole := []string{""}, true
	for _, sub := range subs {
		n := needOf(sub)
		some = better(some, n.some)
		joined := limited(cross(run, n.all))
		if joined == nil {
			some, whole = better(some, run), false
			if joined = n.all; joined == nil {
				joined = []string{""}
			}
		}
		run = joined
	}
	if whole {
		return need{all: run, some: some}
	}
	return need{some: better(some, run)}
}

func cross(a, b []string) []string {
	if len(a)*len(b) > maxLiterals {
		return nil
	}
	var all []string
	for _, x := range a {
		for _, y := range b {
			all = union(all, []string{x + y})
		}
	}
	return all
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a[:len(a):len(a)], s)
		}
	}
	return a
}

func limited(list []string) []string {
	if len(list) > maxLiterals || len(list) == 0 {
		return nil
	}
	return list
}

// common is in so many lines that it finds nothing.
var common = strings.NewReplacer("https://", "", "http://", "", ".deb", "")

// better is the list whose shortest text is longer; what is common counts for
// nothing.
func better(a, b []string) []string {
	if shortest(b) > shortest(a) {
		return b
	}
	return a
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	n := 1 << 30
	for _, t := range texts {
		n = min(n, len(common.Replace(t)))
	}
	return n
}

// usable says whether the filter can look for the literals.
func usable(literals []string) bool {
	return shortest(literals) >= minLiteral && !slices.ContainsFunc(literals, func(s string) bool { return len(s) < minLength })
}

// lower folds ASCII letters alone, as the automaton does.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
