package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// toJSON writes a file in JSON syntax. A name that comes again is written again,
// as that syntax allows, so that blocks keep their order.
func toJSON(t *testing.T, src []byte, name string) []byte {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(bodyJSON(t, src, file.Body.(*hclsyntax.Body))), "", "  "); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func bodyJSON(t *testing.T, src []byte, body *hclsyntax.Body) string {
	var items []string
	for name, attr := range body.Attributes {
		value, err := json.Marshal(exprJSON(src, name, attr.Expr))
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, fmt.Sprintf("%q: %s", name, value))
	}
	for _, b := range body.Blocks {
		inner := bodyJSON(t, src, b.Body)
		for _, label := range slices.Backward(b.Labels) {
			inner = fmt.Sprintf("{%q: %s}", label, inner)
		}
		items = append(items, fmt.Sprintf("%q: %s", b.Type, inner))
	}
	return "{" + strings.Join(items, ",") + "}"
}

// exprJSON keeps written-out lists and maps, and puts all else into a template.
func exprJSON(src []byte, name string, expr hclsyntax.Expression) any {
	text := string(expr.Range().SliceBytes(src))
	switch e := expr.(type) {
	case *hclsyntax.TupleConsExpr:
		out := []any{}
		for _, item := range e.Exprs {
			out = append(out, exprJSON(src, "", item))
		}
		return out
	case *hclsyntax.ObjectConsExpr:
		out := map[string]any{}
		for _, item := range e.Items {
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() {
				return "${" + text + "}"
			}
			out[key.AsString()] = exprJSON(src, "", item.ValueExpr)
		}
		return out
	case *hclsyntax.TemplateExpr:
		if strings.HasPrefix(text, `"`) {
			return templateJSON(src, e)
		}
		v, _ := e.Value(nil)
		if v.IsWhollyKnown() {
			return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(v.AsString())
		}
	case *hclsyntax.LiteralValueExpr:
		switch {
		case e.Val.IsNull():
			return nil
		case e.Val.Type() == cty.Bool:
			return e.Val.True()
		case e.Val.Type() == cty.Number:
			return json.RawMessage(text)
		}
	}
	if name == "type" || name == "iterator" { // which are read, not evaluated
		return text
	}
	return "${" + text + "}"
}

// templateJSON is what is between the quotes, without their escapes.
func templateJSON(src []byte, e *hclsyntax.TemplateExpr) string {
	var out strings.Builder
	for _, part := range e.Parts {
		if literal, ok := part.(*hclsyntax.LiteralValueExpr); ok && literal.Val.Type() == cty.String {
			out.WriteString(strings.NewReplacer("${", "$${", "%{", "%%{").Replace(literal.Val.AsString()))
			continue
		}
		out.WriteString("${" + string(part.Range().SliceBytes(src)) + "}")
	}
	return out.String()
}

// configs compares configurations apart from where everything is written.
var configs = cmp.Options{
	cmp.FilterPath(func(p cmp.Path) bool {
		last := p.Last().String()
		return last == ".Files" || last == ".Dir"
	}, cmp.Ignore()),
	cmp.Comparer(func(a, b hcl.Range) bool { return true }),
	cmp.Comparer(func(a, b cty.Value) bool { return a.RawEquals(b) }),
	cmp.FilterValues(func(a, b hcl.Body) bool { return true }, cmp.Ignore()),
}

// TestJSON loads every example in both syntaxes; the results are equal.
func TestJSON(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "examples", "*.hcl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	dirs, err := filepath.Glob(filepath.Join("..", "examples", "*", "e2bt.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, dirs...) {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Dir(file))); err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(file)
			write(t, filepath.Join(dir, name+".json"), string(toJSON(t, src, name)))
			native, diags := config.Load([]string{name}, config.Options{Dir: dir, Version: "dev"})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			fromJSON, diags := config.Load([]string{name + ".json"}, config.Options{Dir: dir, Version: "dev"})
			if diags.HasErrors() {
				t.Fatalf("%v\n%s", diags, toJSON(t, src, name))
			}
			if diff := cmp.Diff(native, fromJSON, configs); diff != "" {
				t.Errorf("native and JSON syntax differ (-native +JSON):\n%s", diff)
			}
		})
	}
}
