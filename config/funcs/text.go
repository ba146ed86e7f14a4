package funcs

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

var (
	startsWith  = make2("text", "prefix", cty.Bool, func(s, part string) (cty.Value, error) { return cty.BoolVal(strings.HasPrefix(s, part)), nil })
	endsWith    = make2("text", "suffix", cty.Bool, func(s, part string) (cty.Value, error) { return cty.BoolVal(strings.HasSuffix(s, part)), nil })
	strContains = make2("text", "part", cty.Bool, func(s, part string) (cty.Value, error) { return cty.BoolVal(strings.Contains(s, part)), nil })
	baseName    = ofText("path", func(s string) (string, error) { return path.Base(s), nil })
	dirName     = ofText("path", func(s string) (string, error) { return path.Dir(s), nil })
)

// replace replaces a text or, between slashes, a regular expression.
var replace = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "search", Type: cty.String}, {Name: "replacement", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		search := args[1].AsString()
		if n := len(search); n > 1 && search[0] == '/' && search[n-1] == '/' {
			return stdlib.RegexReplaceFunc.Call([]cty.Value{args[0], cty.StringVal(search[1 : n-1]), args[2]})
		}
		return stdlib.ReplaceFunc.Call(args)
	},
})

var width = regexp.MustCompile(`%[-+ #0\[\]*]*[0-9]{5}|%[^a-zA-Z]*\.[0-9]{5}`)

// narrow refuses formats that would fill memory with space.
func narrow(args []cty.Value) error {
	if f, ok := known(args[0]); ok && f.Type() == cty.String && width.MatchString(f.AsString()) {
		return function.NewArgErrorf(0, "a width or precision may have four digits at most")
	}
	return nil
}

func indentation(args []cty.Value) error {
	if n, ok := known(args[0]); ok && n.Type() == cty.Number && n.GreaterThan(cty.NumberIntVal(1000)).True() {
		return function.NewArgErrorf(0, "a text can be indented by 1000 spaces at most")
	}
	return nil
}

// known is v without marks, if it is there.
func known(v cty.Value) (cty.Value, bool) {
	v, _ = v.Unmark()
	return v, v.IsKnown() && !v.IsNull()
}

// product refuses the products of sets that would fill memory.
func product(args []cty.Value) error {
	n := 1
	for _, a := range args {
		if a, ok := known(a); ok && a.CanIterateElements() {
			if n *= a.LengthInt(); n > MaxElements {
				return fmt.Errorf("the product has more than %d elements", MaxElements)
			}
		}
	}
	return nil
}

// envFunc looks a variable of the environment up: env("NAME", default).
func envFunc(getenv func(string) string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}}, VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			if len(args) > 2 {
				return cty.NilVal, errors.New("env takes a name and a default")
			}
			if getenv != nil && getenv(name) != "" {
				return cty.StringVal(getenv(name)), nil
			}
			if len(args) > 1 {
				return args[1], nil
			}
			return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set, and env(%q, \"...\") was given no default", name, name)
		},
	})
}
