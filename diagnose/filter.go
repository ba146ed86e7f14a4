package diagnose

import (
	"encoding/binary"
	"math/bits"
)

const (
	gram     = 4 // bytes that are hashed at a time
	hashBits = 16
	foldMask = 0x20202020
)

// filter finds many literals in one pass, ASCII letters folded. Of each literal
// it knows the four bytes that are rarest in logs; only where the hash of four
// bytes is known are literals compared. That is a load, a multiplication and a
// bit test a byte, in tables that stay in the first-level cache.
type filter struct {
	known   [1 << hashBits / 64]uint64
	heads   [1 << hashBits]uint16 // hash -> entry + 1
	entries []entry
}

// entry is a literal whose rarest gram begins at offset.
type entry struct {
	literal  string
	offset   int
	patterns []int32
	next     uint16 // entry + 1 with the same hash
}

// newFilter takes the literals of each pattern, each at least gram bytes long.
func newFilter(literals [][]string) *filter {
	f := &filter{}
	at := map[string]int{}
	for id, list := range literals {
		for _, s := range list {
			if i, ok := at[s]; ok {
				f.entries[i].patterns = append(f.entries[i].patterns, int32(id))
				continue
			}
			at[s] = len(f.entries)
			f.entries = append(f.entries, entry{literal: s, offset: rarest(s), patterns: []int32{int32(id)}})
		}
	}
	for i := range f.entries {
		e := &f.entries[i]
		h := hash(load(e.literal[e.offset:]))
		e.next, f.heads[h] = f.heads[h], uint16(i+1)
		f.known[h/64] |= 1 << (h % 64)
	}
	return f
}

func load(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// hash folds letters by a bit that changes other bytes too, which costs a few
// needless comparisons and no match.
func hash(gram uint32) uint32 {
	return (gram | foldMask) * 0x9E3779B1 >> (32 - hashBits)
}

// rarest picks the offset of the four bytes of s that are least common in logs.
func rarest(s string) int {
	best, least := 0, 1<<30
	for i := 0; i+gram <= len(s); i++ {
		weight := 0
		for _, c := range []byte(s[i : i+gram]) {
			weight += commonness(c)
		}
		if weight < least {
			best, least = i, weight
		}
	}
	return best
}

func commonness(c byte) int {
	for rank, group := range []string{" ", "eatoinsr", "/.-0123456789dlcupm", "bfghvwy_:"} {
		for _, g := range []byte(group) {
			if g == c {
				return 16 >> rank
			}
		}
	}
	return bits.Len8(1)
}

// find calls hit with each pattern of each literal that line holds, and with
// the literal's start and end.
func (f *filter) find(line []byte, hit func(pattern int32, start, end int)) {
	for i := 0; i+gram <= len(line); i++ {
		h := hash(binary.LittleEndian.Uint32(line[i:]))
		if f.known[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for n := f.heads[h]; n != 0; n = f.entries[n-1].next {
			e := &f.entries[n-1]
			start := i - e.offset
			if start < 0 || start+len(e.literal) > len(line) || !folds(line[start:], e.literal) {
				continue
			}
			for _, p := range e.patterns {
				hit(p, start, start+len(e.literal))
			}
		}
	}
}

// folds says whether line begins with the literal, which is in lower case.
func folds(line []byte, literal string) bool {
	for i := range len(literal) {
		c := line[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != literal[i] {
			return false
		}
	}
	return true
}
