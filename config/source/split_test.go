package source_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config/source"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func TestSplit(t *testing.T) {
	src := "# first\nlocals {\n  a = \"}\" // }\n}\n\ntemplate \"one\" { # x\n  name = \"uno\"\n  for_each = {\n    name = 1\n  }\n} # end\ntemplate \"t\" \"wo\" {\n  run = <<-EOT\n    }\n    ${\"}\" /* } */}\n    EOT\n}\n# last\n"
	got := source.Split([]byte(src), "name", "for_each")
	want := []source.Piece{
		{Start: hcl.Pos{Line: 1, Column: 1}, Type: "locals"},
		{
			Start: hcl.Pos{Line: 5, Column: 1}, Type: "template", Label: "one",
			Header: hcl.Range{Start: hcl.Pos{Line: 6, Column: 1}, End: hcl.Pos{Line: 6, Column: 15}},
			Args:   []source.Arg{{Name: "name", Rest: ` "uno"`}, {Name: "for_each", Rest: " {"}},
		},
		{Start: hcl.Pos{Line: 12, Column: 1}, Type: "template"},
		{Start: hcl.Pos{Line: 18, Column: 1}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(source.Piece{}, "Bytes"), cmpopts.IgnoreFields(hcl.Pos{}, "Byte")); diff != "" {
		t.Errorf("Split (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	deep := func(open, inner, end string, n int) string {
		return "x = " + strings.Repeat(open, n) + inner + strings.Repeat(end, n) + "\n"
	}
	for _, c := range []struct {
		name, src string
		fine      bool
	}{
		{"parentheses", deep("(", "1", ")", 500), false},
		{"few parentheses", deep("(", "1", ")", 100), true},
		{"texts", deep(`"${`, "1", `}"`, 500), false},
		{"signs", deep("!", "true", "", 500), false},
		{"conditions", deep("true?1:", "1", "", 500), false},
		{"sums", deep("1+", "1", "", 50_000), false},
		{"lines", "x = [\n" + strings.Repeat("\"a-b-c!\",\n", 15_000) + "]\n", true},
		{"long list", "x = [" + strings.Repeat("1,", 50_000) + "]\n", false},
		{"heredoc", "x = <<E\n" + strings.Repeat("if ((( [ -n x ]\n", 50_000) + "E\n", true},
		{"arguments", strings.Repeat("b {\n a = [(1), -1]\n}\n", 20_000), true},
		{"large", "x = \"" + strings.Repeat("a", source.MaxPiece) + "\"\n", false},
	} {
		if d := source.Check([]byte(c.src), "x", hcl.InitialPos); (d == nil) != c.fine {
			t.Errorf("%s: Check() = %v; want fine: %v", c.name, d, c.fine)
		}
	}
}

// seeds are all HCL files of the repository.
func seeds(f *testing.F) {
	for _, pattern := range []string{"../../examples/*.hcl", "../../examples/*/*.hcl", "../testdata/wrong/*.hcl", "../../diagnose/rules/*.hcl", "../../mirrors/*/*.hcl"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(src))
		}
	}
}

// FuzzSplit compares the pieces with the whole file: together they are its
// bytes and, where nothing is wrong with it, its blocks, at the same places.
func FuzzSplit(f *testing.F) {
	seeds(f)
	for _, s := range []string{
		"a \"$${x\" {\n}\n", "a {\n x = \"$$${1}\"\n}\n", "a {\n x = \"%%{a}$\"\n y = \"${\"}\"}\"\n}\n", "a {\n x = <<E\n$${\n${<<F\n}\nF\n}\nE\n}\n",
		"a {\r\n x = <<E\r\nE\r\n}\r\n", "a {} // }\nb c \"d\" {}", "a {\n x = \"\\\\\"\n y = \"\\\"}\"\n}\n", "\xef\xbb\xbfa {\n}\nb {\n}\n", "a {\n x = <<E\n E\n}\n",
		"a {\n x = { a = \"~}${~ 1 ~}\" }\n}\n", "a = 1\nb {\n}\n", "a {\n x = 1 /* \n } */\n}\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := []byte(text)
		pieces := source.Split(src, "name")
		var joined []byte
		body := &hclsyntax.Body{}
		for _, p := range pieces {
			if p.Start.Byte != len(joined) || p.Start.Line != bytes.Count(joined, []byte("\n"))+1 {
				t.Fatalf("piece starts at %v after %d bytes", p.Start, len(joined))
			}
			joined = append(joined, p.Bytes...)
		}
		if !bytes.Equal(joined, src) {
			t.Fatalf("pieces are %q; want %q", joined, src)
		}
		if source.Check(src, "x", hcl.InitialPos) != nil || bytes.Contains(src[min(1, len(src)):], []byte("\xef\xbb\xbf")) {
			return
		}
		whole, diags := hclsyntax.ParseConfig(src, "x", hcl.InitialPos)
		if diags.HasErrors() {
			return
		}
		for _, p := range pieces {
			part, diags := hclsyntax.ParseConfig(p.Bytes, "x", p.Start)
			if diags.HasErrors() {
				t.Fatalf("piece %q: %v", p.Bytes, diags)
			}
			add(t, body, part.Body.(*hclsyntax.Body), p)
		}
		if diff := cmp.Diff(shape(whole.Body.(*hclsyntax.Body)), shape(body)); diff != "" {
			t.Fatalf("blocks of the pieces (-whole +pieces):\n%s", diff)
		}
	})
}

func add(t *testing.T, to, part *hclsyntax.Body, p source.Piece) {
	t.Helper()
	if p.Type != "" {
		if len(part.Blocks) != 1 || len(part.Attributes) != 0 || part.Blocks[0].Type != p.Type {
			t.Fatalf("piece %q holds something else than a block %q", p.Bytes, p.Type)
		}
		if b := part.Blocks[0]; p.Label != "" {
			got := b.DefRange()
			got.Filename = ""
			if len(b.Labels) != 1 || b.Labels[0] != p.Label || got != p.Header {
				t.Fatalf("piece %q: label %q at %v; want %q at %v", p.Bytes, p.Label, p.Header, b.Labels, got)
			}
		}
		if _, ok := p.Arg("name"); ok != (part.Blocks[0].Body.Attributes["name"] != nil) && len(part.Blocks[0].Body.Attributes) > 0 {
			t.Fatalf("piece %q: name found: %v", p.Bytes, ok)
		}
	}
	to.Blocks = append(to.Blocks, part.Blocks...)
	if to.Attributes == nil {
		to.Attributes = hclsyntax.Attributes{}
	}
	for name, a := range part.Attributes {
		to.Attributes[name] = a
	}
}

// shape is all blocks and arguments with their places.
func shape(b *hclsyntax.Body) []string {
	var out []string
	for _, block := range b.Blocks {
		out = append(out, block.Type+" "+strings.Join(block.Labels, " ")+" "+block.Range().String())
		out = append(out, shape(block.Body)...)
	}
	var names []string
	for name, a := range b.Attributes {
		names = append(names, name+" "+a.SrcRange.String()+" "+a.Expr.Range().String())
	}
	for _, name := range sorted(names) {
		out = append(out, name)
	}
	return out
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
