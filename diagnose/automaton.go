package diagnose

// automaton finds many literals in one pass (Aho and Corasick, 1975), ASCII
// letters folded. The states are rows of a dense table over byte classes, so
// that a byte costs two look-ups.
type automaton struct {
	class   [256]uint8
	classes int
	next    []uint32  // state*classes + class -> state*classes
	out     [][]int32 // state -> what ends there
	final   []bool    // by state*classes, whether anything ends there
	depth   []int     // state -> how many bytes led there
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
	a.final = make([]bool, len(a.next))
	for row, out := range a.out {
		a.final[row*a.classes] = len(out) > 0
	}
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
	a.depth = append(a.depth, 0)
	return state
}

func (a *automaton) insert(s string, id int32) {
	state := uint32(0)
	for i := range len(s) {
		at := state + uint32(a.class[s[i]])
		if a.next[at] == 0 {
			child := a.grow() // moves a.next
			a.next[at] = child
			a.depth[int(a.next[at])/a.classes] = i + 1
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

// find calls hit for each literal that line holds, in order of their ends. It
// begins in the state in which the line before ended and returns its own last
// one, so that a literal that was cut in two is found: then across is true.
func (a *automaton) find(state uint32, line []byte, hit func(id int32, end int, across bool)) uint32 {
	classes := a.classes
	for i, c := range line {
		state = a.next[state+uint32(a.class[c])]
		if !a.final[state] {
			continue
		}
		row := int(state) / classes
		for _, id := range a.out[row] {
			hit(id, i+1, a.depth[row] > i+1)
		}
	}
	return state
}
