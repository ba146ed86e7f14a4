package config

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Bounds of what any input may take. They are wide, since machines are busy.
const (
	longest = 2 * time.Minute // a hang, on any machine, with the race detector
	mostMiB = 2048
)

// within runs f and fails where it takes too long or allocates too much.
func within(t *testing.T, f func()) {
	t.Helper()
	began, before := time.Now(), allocated()
	f()
	if took := time.Since(began); took > longest {
		t.Errorf("took %v", took)
	}
	if mib := (allocated() - before) >> 20; mib > mostMiB {
		t.Errorf("allocated %d MiB", mib)
	}
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// seed adds the files of some patterns.
func seed(f *testing.F, patterns ...string) {
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %v, %v", pattern, files, err)
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

// nasty is native syntax that once was, or could be, too much.
var nasty = []string{
	"locals {\n  a = " + strings.Repeat("(", 50_000) + "\n}\n",
	"locals {\n  a = " + strings.Repeat("\"${", 10_000) + "\n}\n",
	"locals {\n  a = " + strings.Repeat("!", 100_000) + "true\n}\n",
	"locals {\n  a = " + strings.Repeat("1+", 100_000) + "1\n}\n",
	"locals {\n  a = " + strings.Repeat("[for x in [1]: ", 200) + "1" + strings.Repeat("]", 200) + "\n}\n",
	"locals {\n  n = range(300)\n  a = [for i in local.n : [for j in local.n : [for k in local.n : upper(\"x\")]]]\n}\n",
	"locals {\n  a = range(1000)\n  b = [for x in local.a : local.a]\n  c = [for x in local.b : local.b]\n  d = jsonencode(local.c)\n}\n",
	"locals {\n  a = \"0123456789\"\n  b = join(\"\", [for i in range(1000) : local.a])\n  c = join(\"\", [for i in range(1000) : local.b])\n  d = join(\"\", [for i in range(1000) : local.c])\n}\n",
	"template \"a\" {\n  for_each = toset([for p in setproduct(range(40), range(40)) : join(\"-\", p)])\n}\n",
	"template \"a\" {\n  dynamic \"batch\" {\n    for_each = range(200)\n    labels = [\"x\"]\n    content {\n      dynamic \"install\" {\n        for_each = range(200)\n        labels = [\"pip\"]\n        content {\n          packages = [\"x\"]\n        }\n      }\n    }\n  }\n}\n",
	"variable \"v\" {\n  type = object({ a = optional(list(object({ b = optional(string, \"x\") })), [{}]) })\n  default = {}\n}\n",
	"template \"a\" {\n  base { template = template.a[\"x\"] }\n}\n", "template \"t\" {\n  for_each = { address = \"x\" }\n  base { template = template.t }\n}\n",
	"locals {\n  a = template.t\n}\ntemplate \"t\" {\n  for_each = local.a\n}\n", "locals {\n  a = type(template.t)\n}\ntemplate \"t\" {}\n",
	"locals {\n  a = pow(10, 1000000)\n  b = 1e999999 * 1e999999\n  c = log(0, 0)\n  d = 1 / 0\n  e = parseint(\"1\", 99)\n  f = format(\"%[3]*.[2]*[1]f\", 12.0, 2, 6)\n}\n",
	"\xef\xbb\xbftemplate \"a\" {}\r\n", "template \"a\" {\r\n  batch \"b\" {\r\n    run = [<<EOT\r\nx\r\nEOT\r\n    ]\r\n  }\r\n}\r\n",
}

// FuzzLoad reads any text as a configuration in native syntax.
func FuzzLoad(f *testing.F) {
	seed(f, "../examples/*.hcl", "../examples/*/e2bt.hcl", "../examples/override/*_override.e2bt.hcl", "testdata/wrong/*.hcl")
	for _, s := range nasty {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		within(t, func() { loadTexts(t, dir, map[string]string{"e2bt.hcl": text}) })
	})
}

// FuzzLoadJSON reads any text as a configuration in JSON syntax.
func FuzzLoadJSON(f *testing.F) {
	seed(f, "../examples/json-syntax/e2bt.hcl.json", "testdata/wrong/*.json")
	for _, s := range []string{
		strings.Repeat("[", 100_000), `{"locals":{"a":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000) + "}}",
		`{"locals":{"a":"` + strings.Repeat("${", 30_000) + `"}}`, `{"locals":{"a":"` + strings.Repeat(`\u007b\u0024`, 5_000) + `"}}`,
		`{"locals":{"n":"${range(1000)}","a":"${[for i in local.n : [for j in local.n : [for k in local.n : 1]]]}"}}`,
		`{"locals":[{"a":1},{"b":"${local.a}"}],"template":{"t":{"for_each":["x"],"base":{"image":"x","image":"y"}}}}`,
		`{"template":{"t":[{"batch":[{"x":{"run":["a"]}},{"x":{}}]},{"dynamic":{"batch":{"for_each":"${[1]}","labels":["x"],"content":{"run":["a"]}}}}]}}`,
		`{"//":"comment","template":{"//":"x","t":{"//":1}}}`, `{"template":null}`, `{"template":[[]]}`, `{"e2bt":{"parallel":1e400}}`, "[]", `{"variable":{"v":{"type":"list(","default":{}}}}`,
	} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		within(t, func() { loadTexts(t, dir, map[string]string{"e2bt.hcl.json": text}) })
	})
}

// FuzzVarFile reads any text as values of variables.
func FuzzVarFile(f *testing.F) {
	for _, s := range append([]string{
		"a = \"x\"\nb = { c = [1, 2], d = { e = true } }\nn = null\n", "a = <<EOT\nx\nEOT\n", "b = { c = null, x = 1 }\n", "b {\n}\n", "a = var.b\n", "a = upper(\"x\")\n", "b = [for x in [1] : x]\n",
	}, nasty...) {
		f.Add(s)
	}
	declare := "variable \"a\" {\n  type = string\n  default = \"\"\n  sensitive = true\n}\nvariable \"b\" {\n  type = object({ c = optional(list(number), [1]), d = optional(map(any)) })\n  default = null\n}\nvariable \"n\" {\n  default = 1\n  nullable = false\n}\ntemplate \"t\" {\n  batch \"b\" {\n    run = [\"${var.a} ${jsonencode(var.b)} ${jsonencode(var.n)}\"]\n  }\n}\n"
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		write := func(name string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("x.e2btvars")
		write("x.e2btvars.json")
		within(t, func() {
			loadTexts(t, dir, map[string]string{"e2bt.hcl": declare}, "x.e2btvars")
			loadTexts(t, dir, map[string]string{"e2bt.hcl": declare}, "x.e2btvars.json")
			l := newLoader(Options{})
			l.expression(text, "--var x")
		})
	})
}

// loadTexts loads files that are only in memory, and writes what is wrong.
func loadTexts(t *testing.T, dir string, files map[string]string, varFiles ...string) {
	t.Helper()
	l := newLoader(Options{Dir: dir, Version: "0.1.0", Now: time.Unix(0, 0), VarFiles: varFiles})
	for _, name := range sortedKeys(files) {
		if diags := notText(name, []byte(files[name])); diags.HasErrors() {
			return
		}
		l.inputs = append(l.inputs, l.input(name, []byte(files[name])))
	}
	cfg := &Config{Files: l.files}
	l.decode(cfg)
	render(t, l)
	if !l.diags.HasErrors() {
		consistent(t, cfg)
	}
}

func render(t *testing.T, l *loader) {
	t.Helper()
	diags := once(l.diags)
	WriteDiagnostics(io.Discard, l.files, diags, RenderOptions{Color: true, Secrets: sortedKeys(l.secrets)})
	if _, err := DiagnosticsJSON(diags, l.files); err != nil {
		t.Fatal(err)
	}
}

// consistent checks what everybody relies on in a configuration without mistakes.
func consistent(t *testing.T, cfg *Config) {
	t.Helper()
	names := map[string]bool{}
	for _, tpl := range cfg.Templates {
		if names[tpl.Name] || !nameForm.MatchString(tpl.Name) || len(tpl.Name) > 128 {
			t.Errorf("name %q of %s", tpl.Name, tpl.Address)
		}
		names[tpl.Name] = true
		for _, s := range append(tpl.Base.Steps, tpl.Steps...) {
			if given := btoi(s.Batch != nil) + btoi(s.Copy != nil) + btoi(s.Set != nil); given != 1 {
				t.Errorf("a step of %s is %d things", tpl.Address, given)
			}
		}
		if tpl.Start != nil && tpl.Start.Command == "" {
			continue // an empty text, as the author says
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// FuzzDockerfile reads any text as a Dockerfile.
func FuzzDockerfile(f *testing.F) {
	seed(f, "testdata/dockerfile/*.Dockerfile", "../examples/dockerfile/Dockerfile")
	for _, s := range []string{
		"FROM a\nENV A=1234567890\n" + strings.Repeat("ENV A=$A$A\n", 40), "FROM a\nENV A=" + strings.Repeat("${B:-", 10_000) + "\n", "FROM " + strings.Repeat("${A:-", 300) + "\n",
		"FROM a\nRUN <<A <<B\nA\nB\n", "FROM a\nCOPY <<A /\n${X:?no}\nA\n", "FROM a\nENV A=${A/${A}/b}\nENV B=${A%%*}\n", "FROM a\nRUN --mount\n", "FROM a\nHEALTHCHECK --interval\n",
		"FROM a\nSHELL []\nRUN a\n", "FROM a\nSHELL [\"x\"]\nCMD []\nENTRYPOINT []\n", "FROM a\nUSER \nWORKDIR\n", "FROM a AS b\nFROM b\nRUN x\n", "# escape=x\nFROM a\n", "FROM a\nONBUILD ONBUILD RUN x\n",
		"FROM a\nRUN a \\\n# comment\n\n  b\n", "FROM a\nADD --unpack=false a.tar /\n", "FROM a\nCOPY [\"a\",]\n", "FROM a\nWORKDIR ..\nCOPY . ../..\n", "FROM a\nRUN " + strings.Repeat("\\\n", 10_000) + "x\n",
		"FROM a\n" + strings.Repeat("k\n", 10_000),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if notText("Dockerfile", []byte(text)).HasErrors() || len(text) > source.MaxPiece {
			return
		}
		within(t, func() {
			l := newLoader(Options{})
			d := &decoder{scope: newScope(l, &roots{})}
			var base Base
			d.interpret("Dockerfile", []byte(text), &base, map[string]string{"GIVEN": "x"}, hcl.Range{})
			render(t, l)
			if !l.diags.HasErrors() && (base.Image == "" || len(base.Steps) == 0) {
				t.Errorf("no mistake, but image %q and %d steps", base.Image, len(base.Steps))
			}
			for _, s := range base.Steps {
				if s.Batch != nil && s.Batch.Range.End.Byte > len(text) {
					t.Errorf("range %v is not in the file", s.Batch.Range)
				}
			}
		})
	})
}

// FuzzFormat formats any text: twice is once, and nothing but space changes.
func FuzzFormat(f *testing.F) {
	seed(f, "../examples/*.hcl", "testdata/wrong/*.hcl", "../diagnose/rules/*.hcl", "../mirrors/managers/*.hcl")
	for _, s := range append([]string{
		"a=1#x\n", "a = [\n1,# x\n2]\n", "a = <<E\n  x ${ 1+1 }\nE\n", "a{b=1}\n", "a = \"${  b  }\"\n", "a = {b=1,c=2}\n", "\n\n\na = 1\n\n\n\nb = 2", "a = 1 /* x */ + /* y */ 2\n", "a = b?c:d\n", "a = !b\n", "a = -  1\n", "/* x */ a = 1\n", "a = f(\n1\n)\n", "a   {\n}\n",
		" ", "\t\n \n", "a = 1\n  ", "# x  ", "A=0 .0",
	}, nasty...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		within(t, func() {
			once, diags := Format([]byte(text), "x")
			if diags.HasErrors() {
				return
			}
			twice, diags := Format(once, "x")
			if diags.HasErrors() {
				t.Fatalf("formatted text cannot be formatted: %v\n%q", diags, once)
			}
			if !bytes.Equal(once, twice) {
				t.Errorf("formatted %q\nonce:  %q\ntwice: %q", text, once, twice)
			}
			if a, b := meaning([]byte(text)), meaning(once); a != b {
				t.Errorf("formatting %q changed\n%q to\n%q", text, a, b)
			}
		})
	})
}

// meaning is all of a file but its space.
func meaning(src []byte) string {
	tokens, _ := hclsyntax.LexConfig(src, "x", hcl.InitialPos)
	var out strings.Builder
	for _, tok := range tokens {
		switch tok.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenEOF:
		default:
			out.Write(bytes.TrimSpace(tok.Bytes))
			out.WriteByte(' ')
		}
	}
	return out.String()
}
