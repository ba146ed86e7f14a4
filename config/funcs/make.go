package funcs

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// ofText makes a function of one string. What goes wrong is its argument's fault.
func ofText(name string, f func(string) (string, error)) function.Function {
	return make1(name, cty.String, cty.String, func(v cty.Value) (cty.Value, error) {
		out, err := f(v.AsString())
		return cty.StringVal(out), err
	})
}

// make1 makes a function of one argument.
func make1(name string, of, to cty.Type, f func(cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: name, Type: of}}, Type: function.StaticReturnType(to),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, err := f(args[0])
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return out, nil
		},
	})
}

// make2 makes a function of two strings.
func make2(first, second string, to cty.Type, f func(a, b string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: first, Type: cty.String}, {Name: second, Type: cty.String}}, Type: function.StaticReturnType(to),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return f(args[0].AsString(), args[1].AsString())
		},
	})
}

// inferred makes a function whose result says what its type is.
func inferred(params []function.Parameter, rest *function.Parameter, f func(args []cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: params, VarParam: rest,
		Type: func(args []cty.Value) (cty.Type, error) {
			for _, a := range args {
				if !a.IsWhollyKnown() {
					return cty.DynamicPseudoType, nil
				}
			}
			v, err := f(args)
			if err != nil {
				return cty.NilType, err
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f(args) },
	})
}

// limited is f with a check of its arguments before it runs.
func limited(f function.Function, check func(args []cty.Value) error) function.Function {
	return function.New(&function.Spec{
		Description: f.Description(), Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args); err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

// toType makes a conversion.
func toType(want cty.Type) function.Function {
	return inferred([]function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}}, nil, func(args []cty.Value) (cty.Value, error) {
		v, err := Convert(args[0], want)
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(0, "this cannot become a %s: %w", want.FriendlyNameForConstraint(), err)
		}
		return v, nil
	})
}
