package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// said collects every text that the program can say in two languages: what is
// given to tr, and the help of the commands and flags.
func said(t *testing.T) map[string]bool {
	texts := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := given(n); ok {
				texts[text] = true
			}
			return true
		})
	}
	root := newRoot(&app{getenv: os.Getenv})
	root.InitDefaultVersionFlag()
	for _, word := range usageHeads {
		texts[word] = true
	}
	collect(root, texts)
	return texts
}

// given is the text of a call of tr.
func given(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	f, isMethod := call.Fun.(*ast.SelectorExpr)
	literal, isText := call.Args[0].(*ast.BasicLit)
	if !isMethod || !isText || f.Sel.Name != "tr" {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

func collect(cmd *cobra.Command, texts map[string]bool) {
	texts[cmd.Short] = true
	if cmd.Long != "" {
		texts[cmd.Long] = true
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { texts[f.Usage] = true })
	for _, c := range cmd.Commands() {
		collect(c, texts)
	}
}

// Every text has a translation with the same blanks, and no translation has
// lost its text.
func TestChinese(t *testing.T) {
	texts := said(t)
	var missing []string
	for text := range texts {
		if chinese()[text] == "" {
			missing = append(missing, strconv.Quote(text))
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("zh.json lacks %d texts:\n%s", len(missing), strings.Join(missing, "\n"))
	}
	blank := regexp.MustCompile("%[-+# 0-9.\\[\\]]*[a-zA-Z]|`[^`]+`")
	for text, chinese := range chinese() {
		if !texts[text] {
			t.Errorf("zh.json has a text that nothing says: %q", text)
		}
		if want, got := blank.FindAllString(text, -1), blank.FindAllString(chinese, -1); !slices.Equal(want, got) {
			t.Errorf("%q has the blanks %q in Chinese; want %q", text, got, want)
		}
	}
}
