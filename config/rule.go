package config

// rules collects the rule blocks. Their texts are expressions over what a log
// holds, so nothing of them is evaluated here.
func (s *scope) rules(blocks []*block) []Rule {
	var out []Rule
	for _, b := range blocks {
		body, _ := s.open(b)
		out = append(out, Rule{Name: b.label, Body: body, Range: b.at})
	}
	return out
}

// LoadRules reads the rule blocks alone of the files that the paths name. What
// else is in them may be wrong.
func LoadRules(paths []string, dir string) []Rule {
	l := newLoader(Options{Dir: dir})
	l.paths(paths)
	root := l.roots()
	return newScope(l, root).rules(root.of("rule"))
}
