package funcs

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// length counts the elements of a collection or the characters of a string.
var length = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowMarked: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, marks := args[0].Unmark()
		switch {
		case v.Type() == cty.String:
			return callMarked(stdlib.StrlenFunc, v, marks)
		case v.Type().IsObjectType():
			return cty.NumberIntVal(int64(len(v.Type().AttributeTypes()))).WithMarks(marks), nil
		}
		return callMarked(stdlib.LengthFunc, v, marks)
	},
})

func callMarked(f function.Function, v cty.Value, marks cty.ValueMarks) (cty.Value, error) {
	out, err := f.Call([]cty.Value{v})
	if err != nil {
		return cty.NilVal, err
	}
	return out.WithMarks(marks), nil
}

// coalesce returns the first argument that is neither null nor an empty string.
var coalesce = inferred(nil, &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}, func(args []cty.Value) (cty.Value, error) {
	kinds := make([]cty.Type, len(args))
	for i, a := range args {
		kinds[i] = a.Type()
	}
	kind, _ := convert.UnifyUnsafe(kinds)
	for _, a := range args {
		if a.IsNull() || a.Type() == cty.String && a.AsString() == "" {
			continue
		}
		if kind == cty.NilType || kind.HasDynamicTypes() {
			return a, nil
		}
		return convert.Convert(a, kind)
	}
	return cty.NilVal, function.NewArgErrorf(max(len(args)-1, 0), "every value is null or empty")
})

// lookup returns an element of a map, or the default.
var lookup = inferred([]function.Parameter{{Name: "map", Type: cty.DynamicPseudoType}, {Name: "key", Type: cty.String}},
	&function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}, func(args []cty.Value) (cty.Value, error) {
		m, key := args[0], args[1].AsString()
		if len(args) > 3 {
			return cty.NilVal, function.NewArgErrorf(3, "lookup takes a map, a key and a default")
		}
		switch kind := m.Type(); {
		case kind.IsObjectType() && kind.HasAttribute(key):
			return m.GetAttr(key), nil
		case kind.IsMapType() && m.HasIndex(args[1]).True():
			return m.Index(args[1]), nil
		case !kind.IsObjectType() && !kind.IsMapType():
			return cty.NilVal, function.NewArgErrorf(0, "a map or an object is required")
		case len(args) < 3:
			return cty.NilVal, function.NewArgErrorf(1, "there is no such key, and no default was given")
		}
		if m.Type().IsMapType() && m.Type().ElementType() != cty.DynamicPseudoType {
			if v, err := convert.Convert(args[2], m.Type().ElementType()); err == nil {
				return v, nil
			}
		}
		return args[2], nil
	})

var aList = function.Parameter{Name: "list", Type: cty.DynamicPseudoType}

// index finds a value in a list.
var index = function.New(&function.Spec{
	Params: []function.Parameter{aList, {Name: "value", Type: cty.DynamicPseudoType}}, Type: function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if kind := args[0].Type(); !kind.IsListType() && !kind.IsTupleType() {
			return cty.NilVal, function.NewArgErrorf(0, "a list is required")
		}
		for i, item := range args[0].AsValueSlice() {
			if item.Type().Equals(args[1].Type()) && item.RawEquals(args[1]) {
				return cty.NumberIntVal(int64(i)), nil
			}
		}
		return cty.NilVal, function.NewArgErrorf(1, "the list does not hold this value")
	},
})

// one returns the only element of a list or set, or null for an empty one.
var one = inferred([]function.Parameter{aList}, nil, func(args []cty.Value) (cty.Value, error) {
	kind := args[0].Type()
	if !kind.IsListType() && !kind.IsTupleType() && !kind.IsSetType() {
		return cty.NilVal, function.NewArgErrorf(0, "a list, set or tuple is required")
	}
	switch items := args[0].AsValueSlice(); len(items) {
	case 0:
		return cty.NullVal(cty.DynamicPseudoType), nil
	case 1:
		return items[0], nil
	}
	return cty.NilVal, function.NewArgErrorf(0, "there is more than one element")
})

var (
	bools   = cty.List(cty.Bool)
	allTrue = make1("list", bools, cty.Bool, func(v cty.Value) (cty.Value, error) { return cty.BoolVal(!hasBool(v, false)), nil })
	anyTrue = make1("list", bools, cty.Bool, func(v cty.Value) (cty.Value, error) { return cty.BoolVal(hasBool(v, true)), nil })
)

// hasBool looks for a value in a list; null counts as false.
func hasBool(list cty.Value, want bool) bool {
	for _, item := range list.AsValueSlice() {
		if (!item.IsNull() && item.True()) == want {
			return true
		}
	}
	return false
}

// sum adds the numbers of a list.
var sum = make1("list", cty.List(cty.Number), cty.Number, func(v cty.Value) (cty.Value, error) {
	total := cty.Zero
	for _, item := range v.AsValueSlice() {
		if item.IsNull() {
			return cty.NilVal, function.NewArgErrorf(0, "null is no number")
		}
		if item.RawEquals(cty.PositiveInfinity) || item.RawEquals(cty.NegativeInfinity) {
			return cty.NilVal, function.NewArgErrorf(0, "infinity cannot be added up")
		}
		total = total.Add(item)
	}
	return total, nil
})

// matchKeys filters one list by the elements of another.
var matchKeys = inferred([]function.Parameter{{Name: "values", Type: cty.List(cty.DynamicPseudoType)}, {Name: "keys", Type: cty.List(cty.String)}, {Name: "search", Type: cty.List(cty.String)}},
	nil, func(args []cty.Value) (cty.Value, error) {
		values, keys := args[0].AsValueSlice(), args[1].AsValueSlice()
		if len(values) != len(keys) {
			return cty.NilVal, function.NewArgErrorf(1, "there must be as many keys as values")
		}
		wanted := map[string]bool{}
		for _, s := range args[2].AsValueSlice() {
			if !s.IsNull() {
				wanted[s.AsString()] = true
			}
		}
		var out []cty.Value
		for i, k := range keys {
			if !k.IsNull() && wanted[k.AsString()] {
				out = append(out, values[i])
			}
		}
		if len(out) == 0 {
			return cty.ListValEmpty(args[0].Type().ElementType()), nil
		}
		return cty.ListVal(out), nil
	})

// transpose turns a map of lists round: every element becomes a key.
var transpose = make1("map", cty.Map(cty.List(cty.String)), cty.Map(cty.List(cty.String)), func(v cty.Value) (cty.Value, error) {
	turned := map[string][]cty.Value{}
	for it := v.ElementIterator(); it.Next(); { // in the order of the keys
		key, list := it.Element()
		if list.IsNull() {
			continue
		}
		for _, item := range list.AsValueSlice() {
			if !item.IsNull() {
				turned[item.AsString()] = append(turned[item.AsString()], key)
			}
		}
	}
	if len(turned) == 0 {
		return cty.MapValEmpty(cty.List(cty.String)), nil
	}
	out := map[string]cty.Value{}
	for key, list := range turned {
		out[key] = cty.ListVal(list)
	}
	return cty.MapVal(out), nil
})

// distinct leaves the first of equal elements.
var distinct = inferred([]function.Parameter{{Name: "list", Type: cty.List(cty.DynamicPseudoType)}}, nil, func(args []cty.Value) (cty.Value, error) {
	seen := map[int][]cty.Value{}
	var out []cty.Value
next:
	for _, item := range args[0].AsValueSlice() {
		hash := item.Hash()
		for _, other := range seen[hash] {
			if other.RawEquals(item) {
				continue next
			}
		}
		seen[hash], out = append(seen[hash], item), append(out, item)
	}
	if len(out) == 0 {
		return args[0], nil
	}
	return cty.ListVal(out), nil
})
