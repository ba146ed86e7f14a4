package funcs

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

var anything = function.Parameter{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowMarked: true, AllowNull: true, AllowUnknown: true}

// marking makes sensitive() and its opposite.
func marking(secret bool) function.Function {
	change := func(v cty.Value) cty.Value {
		v, marks := v.Unmark()
		delete(marks, Sensitive)
		if v = v.WithMarks(marks); secret {
			v = v.Mark(Sensitive)
		}
		return v
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{anything},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return change(args[0]), nil },
	})
}

var isSensitive = function.New(&function.Spec{
	Params: []function.Parameter{anything}, Type: function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.BoolVal(args[0].HasMark(Sensitive)), nil
	},
})

// typeOf names the type of a value.
var typeOf = function.New(&function.Spec{
	Params: []function.Parameter{anything}, Type: function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.StringVal(args[0].Type().FriendlyNameForConstraint()), nil
	},
})
