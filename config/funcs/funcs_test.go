package funcs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/config/funcs"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// table evaluates expressions with all functions, in a directory with a few files.
func table(t testing.TB) func(string) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.txt": "hello", "sub/b.txt": "b", "sub/deep/c.py": "c", "page.tpl": "Hi ${name}%{ for x in list }, ${upper(x)}%{ endfor }",
		"self.tpl": "${templatefile(\"self.tpl\", {})}", "binary": "\xff\xfe",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := func(name string) string { return map[string]string{"HOME": "/home/me"}[name] }
	ctx := &hcl.EvalContext{
		Functions: funcs.Table(funcs.Env{Dir: dir, Getenv: env, Now: time.Unix(1_700_000_000, 0)}),
		Variables: map[string]cty.Value{"secret": cty.StringVal("s").Mark(funcs.Sensitive)},
	}
	return func(text string) (cty.Value, hcl.Diagnostics) {
		expr, diags := hclsyntax.ParseExpression([]byte(text), "test", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %v", text, diags)
		}
		return expr.Value(ctx)
	}
}

// TestFunctions compares what a call returns with an expression that needs none.
func TestFunctions(t *testing.T) {
	eval := table(t)
	for call, want := range map[string]string{
		`abs(-1.5)`: `1.5`, `ceil(1.2)`: `2`, `floor(1.8)`: `1`, `log(8, 2)`: `3`, `max(1, 3, 2)`: `3`, `min(1, 3)`: `1`, `parseint("ff", 16)`: `255`,
		`pow(2, 10)`: `1024`, `signum(-3)`: `-1`, `sum([1, 2.5])`: `3.5`,

		`chomp("a\n")`: `"a"`, `format("%s-%03d", "a", 7)`: `"a-007"`, `formatlist("%s!", ["a", "b"])[1]`: `"b!"`, `indent(2, "a\nb")`: `"a\n  b"`,
		`join(",", ["a", "b"])`: `"a,b"`, `lower("AB")`: `"ab"`, `upper("ab")`: `"AB"`, `regex("[a-z]+", "12ab")`: `"ab"`, `length(regexall("a", "banana"))`: `3`,
		`regex_replace("a1b2", "[0-9]", "#")`: `"a#b#"`, `replace("a.b.c", ".", "-")`: `"a-b-c"`, `replace("a1b2", "/[0-9]/", "#")`: `"a#b#"`,
		`split(",", "a,b")[1]`: `"b"`, `strrev("abc")`: `"cba"`, `substr("hello", 1, 3)`: `"ell"`, `title("a b")`: `"A B"`, `trim("xxaxx", "x")`: `"a"`,
		`trimprefix("v1", "v")`: `"1"`, `trimsuffix("a.py", ".py")`: `"a"`, `trimspace("  a ")`: `"a"`, `startswith("abc", "ab")`: `true`,
		`endswith("abc", "ab")`: `false`, `strcontains("abc", "b")`: `true`,

		`alltrue([true, true])`: `true`, `alltrue([])`: `true`, `anytrue([false])`: `false`, `anytrue([false, true])`: `true`, `length(chunklist([1, 2, 3], 2))`: `2`,
		`coalesce("", null, "x")`: `"x"`, `coalesce(null, 3)`: `3`, `coalescelist([], ["a"])[0]`: `"a"`, `length(compact(["a", "", null]))`: `1`,
		`length(concat([1], [2, 3]))`: `3`, `contains(["a"], "a")`: `true`, `join("", distinct(["b", "a", "b"]))`: `"ba"`, `element(["a", "b"], 3)`: `"b"`,
		`length(flatten([[1], [2, [3]]]))`: `3`, `index(["a", "b"], "b")`: `1`, `keys({ b = 1, a = 2 })[0]`: `"a"`, `length("añb")`: `3`, `length({ a = 1 })`: `1`,
		`lookup({ a = 1 }, "a", 2)`: `1`, `lookup({ a = 1 }, "b", 2)`: `2`, `lookup(tomap({ a = "x" }), "b", "y")`: `"y"`, `lookup({ a = 1 }, "a")`: `1`, `lookup({}, "a", null) == null`: `true`, `tostring(null) == null`: `true`,
		`matchkeys(["i1", "i2"], ["a", "b"], ["b"])[0]`: `"i2"`, `length(matchkeys(["i1"], ["a"], ["x"]))`: `0`, `merge({ a = 1 }, { a = 2 }).a`: `2`, `one(["a"])`: `"a"`, `one([]) == null`: `true`,
		`range(3)[2]`: `2`, `reverse(["a", "b"])[0]`: `"b"`, `length(setintersection(["a", "b"], ["b"]))`: `1`, `length(setproduct(["a", "b"], [1, 2, 3]))`: `6`,
		`length(setsubtract(["a", "b"], ["b"]))`: `1`, `length(setunion(["a"], ["b"]))`: `2`, `slice(["a", "b", "c"], 1, 2)[0]`: `"b"`, `sort(["b", "a"])[0]`: `"a"`,
		`join(",", transpose({ a = ["1", "2"], b = ["2"] })["2"])`: `"a,b"`, `values({ b = 1, a = 2 })[0]`: `2`, `zipmap(["a"], [1]).a`: `1`,

		`tostring(1)`: `"1"`, `tonumber("1")`: `1`, `tobool("true")`: `true`, `tolist(toset(["a"]))[0]`: `"a"`, `length(toset(["a", "a"]))`: `1`, `tomap({ a = 1 })["a"]`: `1`,

		`base64encode("hi")`: `"aGk="`, `base64decode("aGk=")`: `"hi"`, `base64gzip("hi") == base64gzip("hi")`: `true`, `urlencode("a b/c")`: `"a+b%2Fc"`, `urldecode("a+b%2Fc")`: `"a b/c"`,
		`csvdecode("a,b\n1,2")[0].b`: `"2"`, `jsondecode("{\"a\":[1]}").a[0]`: `1`, `jsonencode({ a = [1, null] })`: `"{\"a\":[1,null]}"`, `yamldecode("a: [1]").a[0]`: `1`,
		`yamlencode({ a = 1 })`: `"\"a\": 1\n"`,

		`md5("")`: `"d41d8cd98f00b204e9800998ecf8427e"`, `sha1("")`: `"da39a3ee5e6b4b0d3255bfef95601890afd80709"`,
		`sha256("hello")`: `"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`, `length(sha512(""))`: `128`,
		`base64sha256("")`: `"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="`, `length(base64sha512(""))`: `88`, `uuidv5("dns", "www.example.com")`: `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`,

		`basename("/a/b.c")`: `"b.c"`, `dirname("/a/b.c")`: `"/a"`, `formatdate("YYYY-MM-DD", "2024-02-03T04:05:06Z")`: `"2024-02-03"`,
		`timeadd("2024-02-03T04:05:06Z", "1h")`: `"2024-02-03T05:05:06Z"`, `timecmp("2024-02-03T04:05:06Z", "2025-02-03T04:05:06Z")`: `-1`, `timestamp()`: `"2023-11-14T22:13:20Z"`,
		`cidrhost("10.1.0.0/16", 5)`: `"10.1.0.5"`, `cidrnetmask("10.0.0.0/8")`: `"255.0.0.0"`, `cidrsubnet("10.0.0.0/8", 8, 2)`: `"10.2.0.0/16"`, `cidrsubnets("10.0.0.0/8", 8, 8)[1]`: `"10.1.0.0/16"`,

		`can(tonumber("x"))`: `false`, `try(tonumber("x"), 7)`: `7`, `type([1])`: `"tuple"`, `sensitive("a")`: `"a"`, `nonsensitive(secret)`: `"s"`, `issensitive("${secret}x")`: `true`, `issensitive("x")`: `false`,
		`length("${secret}x")`: `2`,

		`file("a.txt")`: `"hello"`, `filebase64("a.txt")`: `"aGVsbG8="`, `fileexists("nope")`: `false`, `fileexists("sub/b.txt")`: `true`, `join(",", fileset(".", "**/*.{py,txt}"))`: `"a.txt,sub/b.txt,sub/deep/c.py"`,
		`join(",", fileset("sub", "*"))`: `"b.txt"`, `filesha256("a.txt") == sha256("hello")`: `true`, `filemd5("a.txt") == md5("hello")`: `true`, `filesha1("a.txt") == sha1(file("a.txt"))`: `true`,
		`filesha512("a.txt") == sha512("hello")`: `true`, `filebase64sha256("a.txt") == base64sha256("hello")`: `true`, `filebase64sha512("a.txt") == base64sha512("hello")`: `true`,
		`templatefile("page.tpl", { name = "me", list = ["a", "b"] })`: `"Hi me, A, B"`, `env("HOME")`: `"/home/me"`, `env("NOPE", "x")`: `"x"`,
	} {
		got, diags := eval(call)
		if diags.HasErrors() {
			t.Errorf("%s: %v", call, diags)
			continue
		}
		expected, diags := eval(want)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got, _ = got.Unmark(); !got.RawEquals(expected) {
			t.Errorf("%s = %#v; want %s", call, got, want)
		}
	}
}

// TestEveryFunction finds functions that TestFunctions does not call.
func TestEveryFunction(t *testing.T) {
	src, err := os.ReadFile("funcs_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for name := range funcs.Table(funcs.Env{Now: time.Now()}) {
		if !strings.Contains(string(src), name+"(") {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("not tested: %s", strings.Join(missing, ", "))
	}
}

// TestMistakes compares what is said of wrong calls.
func TestMistakes(t *testing.T) {
	eval := table(t)
	for call, want := range map[string]string{
		`file("binary")`:                         "not a text in UTF-8",
		`file("nope.txt")`:                       `"path" parameter: reading the file nope.txt: there is no such file`,
		`file("sub")`:                            "sub is not a file",
		`fileset("nope", "*")`:                   `"path" parameter: there is no such directory`,
		`templatefile("page.tpl", {})`:           `page.tpl, line 1, uses "name", which is not among vars`,
		`templatefile("self.tpl", {})`:           `no function named "templatefile"`,
		`templatefile("page.tpl", 1)`:            `"vars" parameter: a map or an object is required`,
		`base64decode("/w==")`:                   "not a text in UTF-8",
		`urldecode("%zz")`:                       "not the URL encoding",
		`uuidv5("x", "y")`:                       `"namespace" parameter: a UUID`,
		`timecmp("2024-02-03T04:05:06Z", "now")`: `"second" parameter: a time such as`,
		`env("NOPE")`:                            "NOPE is not set",
		`env("A", "b", "c")`:                     "a name and a default",
		`indent(1000000, "a")`:                   "1000 spaces at most",
		`format("%-99999s|", "a")`:               "four digits at most",
		`format("%.99999f", 1)`:                  "four digits at most",
		`lookup([1], 0)`:                         "a map or an object is required",
		`lookup({}, "a")`:                        "there is no such key",
		`index({}, 1)`:                           "a list is required",
		`one({})`:                                "a list, set or tuple is required",
		`sum([null])`:                            "null is no number",
		`sum([1/0])`:                             "",
		`matchkeys(["a"], [], [])`:               "as many keys as values",
		`coalesce()`:                             "every value is null or empty",
		`toset(1)`:                               "this cannot become a set of any single type",
		`concat([for i in setproduct(range(100), range(150)) : 1], range(6000))`: "",
	} {
		_, diags := eval(call)
		if want == "" {
			continue // what it says is the library's
		}
		if !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: %v; want %q", call, diags, want)
		}
	}
}

// TestMarks wants whatever is made of a sensitive value to be sensitive.
func TestMarks(t *testing.T) {
	eval := table(t)
	for _, text := range []string{
		`upper(secret)`, `secret == "s" ? "a" : "b"`, `[secret][0]`, `{ a = secret }.a`, `length(secret)`, `keys({ (secret) = 1 })`, `tomap({ a = secret })["a"]`,
		`replace(secret, "s", "t")`, `coalesce(null, secret)`, `try(secret, "x")`, `jsonencode([secret])`, `templatefile("page.tpl", { name = secret, list = [] })`,
		`lookup({ a = secret }, "a", "")`, `join("", [secret])`, `distinct([secret])`, `toset([secret])`, `sha256(secret)`, `one([secret])`, `format("%s", secret)`,
	} {
		v, diags := eval(text)
		if diags.HasErrors() || !v.HasMark(funcs.Sensitive) {
			t.Errorf("%s = %#v, %v; want a sensitive value", text, v, diags)
		}
	}
}

// TestConvert compares the quick conversion with the library's.
func TestConvert(t *testing.T) {
	eval := table(t)
	long := make([]cty.Value, 20_000)
	for i := range long {
		long[i] = cty.NumberIntVal(int64(i))
	}
	began := time.Now()
	list, err := funcs.Convert(cty.TupleVal(long), cty.List(cty.String))
	if err != nil || list.LengthInt() != len(long) || time.Since(began) > 5*time.Second {
		t.Errorf("Convert of a long list = %d elements, %v, after %v", list.LengthInt(), err, time.Since(began))
	}
	for _, text := range []string{`["a", "b"]`, `[1, "b"]`, `[null, "a"]`, `[]`, `{ a = 1 }`, `{}`, `"a"`, `null`, `[[1], [2]]`, `{ a = [1], b = [2, 3] }`, `[true, false]`} {
		v, _ := eval(text)
		for _, want := range []cty.Type{cty.List(cty.String), cty.Set(cty.DynamicPseudoType), cty.Map(cty.String), cty.String, cty.List(cty.List(cty.Number)), cty.Map(cty.DynamicPseudoType)} {
			got, err := funcs.Convert(v, want)
			expected, wrong := convert.Convert(v, want)
			if (err == nil) != (wrong == nil) || err == nil && !got.RawEquals(expected) {
				t.Errorf("Convert(%s, %#v) = %#v, %v; want %#v, %v", text, want, got, err, expected, wrong)
			}
		}
	}
}
