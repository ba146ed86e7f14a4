package local

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLineWriter cuts a stream in every way that writes can fall.
func TestLineWriter(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"one\ntwo", []string{"one", "two"}},
		{"one\r\ntwo\r\n", []string{"one", "two"}},
		{"10%\r20%\r\rdone\n", []string{"10%", "20%", "done"}},
		{"\n\n  \t\n a b \n", []string{"a b"}},
		{"caf\xc3\xa9 \xff\xfe end\n", []string{"café \ufffd end"}},
		{"\x1b[31mred\x1b[0m\n", []string{"\x1b[31mred\x1b[0m"}},
		{long + "yz\nnext", []string{long, "yz", "next"}},
		{long + "\nnext", []string{long, "next"}},
		{long[1:] + "éa\n", []string{long[1:], "éa"}},
		{long[2:] + "\xf0\x9f\x98\x80", []string{long[2:], "\U0001F600"}},
		{long[1:] + "\xffa\n", []string{long[1:] + "\ufffd", "a"}},
	} {
		for _, size := range []int{1, 2, 3, 7, maxLine - 1, maxLine, maxLine + 1, 1 << 20} {
			if size < 3 && len(c.text) > 1000 {
				continue
			}
			var got []string
			w := &lineWriter{emit: func(line string) { got = append(got, line) }}
			for rest := c.text; rest != ""; {
				n := min(size, len(rest))
				if wrote, err := w.Write([]byte(rest[:n])); wrote != n || err != nil {
					t.Fatalf("Write = %d, %v; want %d", wrote, err, n)
				}
				rest = rest[n:]
			}
			w.flush()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%.40q in writes of %d: %s", c.text, size, diff)
			}
		}
	}
}

func BenchmarkLineWriter(b *testing.B) {
	chunk := []byte(strings.Repeat("Get:12 some/package and what one says about it\n", 600))
	b.SetBytes(int64(len(chunk)))
	w := &lineWriter{emit: func(string) {}}
	for b.Loop() {
		_, _ = w.Write(chunk)
	}
}
