package diagnose

import (
	"encoding/binary"
	"strings"
	"sync"
)

const (
	gram     = 4 // bytes that are hashed at a time
	hashBits = 18
	foldMask = 0x20202020
)

// filter finds many literals in one pass, ASCII letters folded. Of each literal
// it knows the five bytes that are rarest in logs, as two grams of four: one of
// them begins at an even place of the line, so that only these are looked at.
// Only where the hash of a gram is known are literals compared. That is a load,
// a multiplication and a bit test for two bytes, in a table that stays in the
// first-level cache.
type filter struct {
	known   [1 << hashBits / 64]uint64
	heads   [1 << hashBits]uint16 // hash -> entry + 1
	entries []entry
}

// entry is a literal whose rarest gram begins at offset.
type entry struct {
	literal  string
	gram     uint32 // that gram, folded
	offset   int
	patterns []int32
	next     uint16 // entry + 1 with the same hash
}

// newFilter takes the literals of each pattern, each at least minLength long.
func newFilter(literals [][]string) *filter {
	f := &filter{}
	patterns, common := map[string][]int32{}, commonGrams()
	var order []string
	for id, list := range literals {
		for _, s := range list {
			if patterns[s] == nil {
				order = append(order, s)
			}
			patterns[s] = append(patterns[s], int32(id))
		}
	}
	for _, s := range order {
		offset := rarest(s, common)
		f.entries = append(f.entries, entry{literal: s, offset: offset, patterns: patterns[s]}, entry{literal: s, offset: offset + 1, patterns: patterns[s]})
	}
	for i := range f.entries {
		e := &f.entries[i]
		e.gram = load(e.literal[e.offset:]) | foldMask
		h := hash(e.gram)
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

// noise is what logs are full of while all is well. Its grams are no good to
// look for.
const noise = ` get: http://deb https:// /debian bookworm trixie main amd64 amd64 packages [ kb] setting up unpacking (1. ) ...
selecting previously unselected package preparing to unpack .../ .deb processing triggers for libc-bin reading package lists...
building dependency tree... reading state information... the following new packages will be installed: after this operation, need to get of archives
copying src/ /__init__.py -> build/lib.linux-x86_64-cpython-312/ creating running build_py adding using cached downloading -py3-none-any.whl (
collecting (from -r requirements.txt (line 1)) requirement already satisfied: in /usr/local/lib/python3.12/site-packages (from installing collected packages:
successfully installed  - installing build dependencies: started finished with status 'done' getting requirements to build wheel preparing metadata (pyproject.toml)
npm http fetch get 200 /- .tgz ms (cache hit) npm warn deprecated this version is no longer supported added packages, and audited in found 0 vulnerabilities
progress: resolved , reused , downloaded , added , done node_modules/.pnpm/ node_modules/ /usr/bin/ /usr/lib/x86_64-linux-gnu/ /usr/share/doc/ /root/.cache/
compiling checking finished  v0.1. gcc -pthread -wall -o2 -fpic -i/usr/include -c .c -o .o g++ -std=c++17 -dndebug [ 50%] building cxx object linking
remote: counting objects: compressing receiving objects: 100% resolving deltas: extracting sha256: pull complete step 1/ ---> running in removing intermediate container
info debug warning error message the of and to in is for with not this that from on as are be or file files 0123456789 2026-11-23t18:34:04z ====== ------ ###### ......
at object. (node:internal/modules/ javascript typescript install update version python release test test_ _test tests/ lib/ src/ include/ module modules config example examples files.example registry.example pypi.example`

// commonGrams counts what is in noise, once.
var commonGrams = sync.OnceValue(func() map[uint32]int {
	grams := map[uint32]int{}
	for i := 0; i+gram <= len(noise); i++ {
		grams[load(noise[i:])|foldMask]++
	}
	return grams
})

// rarest picks the offset of the five bytes of s that are least common in logs.
func rarest(s string, common map[uint32]int) int {
	best, least := 0, 1<<30
	before := weigh(s, common)
	for i := 0; i+minLength <= len(s); i++ {
		after := weigh(s[i+1:], common)
		if before+after < least {
			best, least = i, before+after
		}
		before = after
	}
	return best
}

func weigh(s string, common map[uint32]int) int {
	weight := common[load(s)|foldMask] << 10
	for _, c := range []byte(s[:gram]) {
		weight += int(commonBytes[c])
	}
	return weight
}

// commonBytes is commonness by byte.
var commonBytes = func() (table [256]uint8) {
	for c := range table {
		table[c] = uint8(commonness(byte(c)))
	}
	return table
}()

func commonness(c byte) int {
	for rank, group := range []string{" ", "eatoinsr", "/.-0123456789dlcupm", "bfghvwy_:"} {
		if strings.IndexByte(group, c) >= 0 {
			return 16 >> rank
		}
	}
	return 1
}

// find calls hit with each pattern of each literal that line holds, and with
// the literal's start and end.
func (f *filter) find(line []byte, hit func(pattern int32, start, end int)) {
	for i := 0; i+gram <= len(line); i += 2 {
		folded := binary.LittleEndian.Uint32(line[i:]) | foldMask
		h := hash(folded)
		if f.known[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for n := f.heads[h]; n != 0; n = f.entries[n-1].next {
			e := &f.entries[n-1]
			start := i - e.offset
			if e.gram != folded || start < 0 || start+len(e.literal) > len(line) || !folds(line[start:], e.literal) {
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
