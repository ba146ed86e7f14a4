package funcs

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// MaxElements is how many elements a list may have whose elements may differ in
// type: what the library does with such a list takes time in the square of that.
const MaxElements = 20_000

// Convert is the library's conversion, in linear time for lists and maps of one
// type of element.
func Convert(v cty.Value, want cty.Type) (cty.Value, error) {
	if v.IsNull() || !v.IsKnown() || v.IsMarked() || want.IsPrimitiveType() || v.Type().Equals(want) {
		return convert.Convert(v, want)
	}
	switch kind := v.Type(); {
	case kind.IsTupleType() && (want.IsListType() || want.IsSetType()) && alike(kind.TupleElementTypes()):
		v = cty.ListVal(v.AsValueSlice())
	case kind.IsObjectType() && want.IsMapType():
		var kinds []cty.Type
		for _, t := range kind.AttributeTypes() {
			kinds = append(kinds, t)
		}
		if alike(kinds) {
			v = cty.MapVal(v.AsValueMap())
		}
	}
	return convert.Convert(v, want)
}

// alike reports whether there are types, and all are the same one.
func alike(kinds []cty.Type) bool {
	for _, t := range kinds {
		if !t.Equals(kinds[0]) || t.HasDynamicTypes() || t.IsCapsuleType() {
			return false
		}
	}
	return len(kinds) > 0
}

// modest is f with a check of its result.
func modest(f function.Function) function.Function {
	return function.New(&function.Spec{
		Description: f.Description(), Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			kind, err := f.ReturnTypeForValues(args)
			if err == nil && kind.IsTupleType() && kind.Length() > MaxElements {
				err = errLong
			}
			return kind, err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

var errLong = fmt.Errorf("the result has more than %d elements", MaxElements)
