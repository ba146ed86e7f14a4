package diagnose

import (
	"math"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are what expressions of rules may call.
var functions = map[string]function.Function{
	"format": stdlib.FormatFunc, "join": stdlib.JoinFunc, "split": stdlib.SplitFunc, "lower": stdlib.LowerFunc,
	"replace": stdlib.ReplaceFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimsuffix": stdlib.TrimSuffixFunc,
	"trim": stdlib.TrimFunc, "element": stdlib.ElementFunc, "length": stdlib.LengthFunc, "regexall": stdlib.RegexAllFunc,
	"regex_replace": stdlib.RegexReplaceFunc, "coalesce": text(coalesce), "basename": text(basename),
	"nearest":   text(func(s ...string) string { return nearest(s[0], s[1]) }),
	"known":     text(func(s ...string) string { return known(s[0], s[1]) }),
	"provides":  text(func(s ...string) string { return provides(s[0], s[1]) }),
	"needs":     text(func(s ...string) string { return lookup(s[0]+" "+strings.ToLower(s[1]), "needs") }),
	"clash":     text(func(s ...string) string { name, _ := clash(s[0]); return name }),
	"clashing":  text(func(s ...string) string { _, version := clash(s[0]); return version }),
	"akin":      text(func(s ...string) string { return akin(s[0], s[1]) }),
	"word":      text(func(s ...string) string { return word(s[0], s[1]) }),
	"elsewhere": text(func(s ...string) string { return elsewhere(s[0], s[1]) }),
	"duration":  longer, "parseint": stdlib.ParseIntFunc,
}

// text makes a function of texts.
func text(f func(...string) string) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "texts", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = a.AsString()
			}
			return cty.StringVal(f(texts...)), nil
		},
	})
}

// longer is duration(seconds): rounded up to whole minutes and written as the
// configuration has it.
var longer = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "seconds", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		f, _ := args[0].AsBigFloat().Float64()
		if f > 60 {
			f = math.Ceil(f/60) * 60
		}
		return cty.StringVal(seconds(f)), nil
	},
})

// coalesce is the first text that is not empty.
func coalesce(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func basename(texts ...string) string {
	path := strings.TrimRight(texts[0], "/")
	return path[strings.LastIndex(path, "/")+1:]
}

// word is the nth word of a text, counted from 1; "" where there is none.
func word(s, nth string) string {
	n, err := strconv.Atoi(nth)
	words := strings.Fields(s)
	if err != nil || n < 1 || n > len(words) {
		return ""
	}
	return words[n-1]
}
