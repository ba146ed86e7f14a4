package diagnose

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	minLiteral  = 4  // bytes; shorter literals are in too many lines
	maxLiterals = 48 // of one pattern; more would bloat the automaton
)

// literals finds texts of which every match of re holds at least one, in lower
// case. They let the scanner skip nearly every line without a regexp.
func literals(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case syntax.OpCapture, syntax.OpPlus:
		return literals(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literals(re.Sub[0])
		}
	case syntax.OpAlternate:
		return alternatives(re.Sub)
	case syntax.OpConcat:
		return best(re.Sub)
	}
	return nil
}

func alternatives(subs []*syntax.Regexp) []string {
	var all []string
	for _, sub := range subs {
		one := literals(sub)
		if len(one) == 0 {
			return nil
		}
		all = append(all, one...)
	}
	if len(all) > maxLiterals {
		return nil
	}
	return all
}

// best picks the part of a concatenation whose shortest literal is longest.
func best(subs []*syntax.Regexp) []string {
	var found []string
	length := 0
	for _, sub := range subs {
		one := literals(sub)
		if n := shortest(one); n > length {
			found, length = one, n
		}
	}
	return found
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	n := len(texts[0])
	for _, t := range texts[1:] {
		n = min(n, len(t))
	}
	return n
}

// foldable says whether lower-casing ASCII letters is all that s needs to be
// found by an automaton that folds ASCII alone.
func foldable(s string) bool {
	return utf8.ValidString(s) && s == strings.ToLower(s)
}
