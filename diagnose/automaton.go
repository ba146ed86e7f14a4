package diagnose

// automaton finds many literals in one pass (Aho and Corasick, 1975), ASCII
// letters folded. The states are rows of a dense table over byte classes, so
// that a byte costs two look-ups.
type automaton struct {
	class   [256]uint8
	classes int
	next    []uint32  // state*classes + class -> state*classes
	out     [][]int32 // state -> what ends there
}

func newAutomaton(literals [][]string) *automaton {
	a := &automaton{classes: 1}
	for _, list := range literals {
		for _, s := range list {
			a.classify(s)
		}
	}
	a.grow()
	for id, list := range literals {
		for _, s := range list {
			a.insert(s, int32(id))
		}
	}
	a.link()
	return a
}

// classify gives each byte of s a class of its own; class 0 is all the rest.
func (a *automaton) classify(s string) {
	for i := range len(s) {
		c := s[i]
		if a.class[c] != 0 {
			continue
		}
		a.class[c] = uint8(a.classes)
		if c >= 'a' && c <= 'z' {
			a.class[c-'a'+'A'] = uint8(a.classes)
		}
		a.classes++
	}
}

func (a *automaton) grow() uint32 {
	state := uint32(len(a.next))
	a.next = append(a.next, make([]uint32, a.classes)...)
	a.out = append(a.out, nil)
	return state
}

func (a *automaton) insert(s string, id int32) {
	state := uint32(0)
	for i := range len(s) {
		at := state + uint32(a.class[s[i]])
		if a.next[at] == 0 {
			a.next[at] = a.grow()
		}
		state = a.next[at]
	}
	end := int(state) / a.classes
	a.out[end] = append(a.out[end], id)
}

// link fills in the transitions on failure, breadth first.
func (a *automaton) link() {
	fail := make([]uint32, len(a.out))
	var queue []uint32
	for c := range a.classes {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		back := fail[int(state)/a.classes]
		a.out[int(state)/a.classes] = append(a.out[int(state)/a.classes], a.out[int(back)/a.classes]...)
		for c := range a.classes {
			child := a.next[int(state)+c]
			if child == 0 {
				a.next[int(state)+c] = a.next[int(back)+c]
				continue
			}
			fail[int(child)/a.classes] = a.next[int(back)+c]
			queue = append(queue, child)
		}
	}
}

// find calls hit for each literal that line holds, in order of their ends.
func (a *automaton) find(line []byte, hit func(id int32, end int)) {
	state, classes := uint32(0), a.classes
	for i, c := range line {
		state = a.next[state+uint32(a.class[c])]
		if out := a.out[int(state)/classes]; out != nil {
			for _, id := range out {
				hit(id, i+1)
			}
		}
	}
}
