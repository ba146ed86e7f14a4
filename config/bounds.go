package config

import (
	"fmt"

	"github.com/e2bt/e2bt/config/funcs"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Bounds of what one expression may take, so that a few lines cannot fill the
// memory or run for hours.
const (
	maxWork  = 1_000_000 // elements that the "for" of one expression pass
	maxSize  = 400_000   // values in a value, each 32 characters of a string counting as one
	muchSize = 1_000     // from here on copies of a value are counted as well
	maxSteps = 10_000    // blocks that the dynamic blocks of one template make
	maxEach  = 25_000    // instances of one template
)

// loopCounter passes on what it is given, and stops an expression that loops
// over too much.
func (l *loader) loopCounter() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "collection", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, _ := args[0].Unmark()
			if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
				return args[0].Type(), nil
			}
			if n := v.LengthInt(); n > funcs.MaxElements {
				return cty.NilType, fmt.Errorf("this \"for\" loops over more than %d elements", funcs.MaxElements)
			}
			if l.work += 1 + v.LengthInt(); l.work > maxWork {
				return cty.NilType, fmt.Errorf("the loops of this expression take more than %d steps", maxWork)
			}
			return args[0].Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	})
}

// bounded reports whether a value is of a size that one may work with.
func (l *loader) bounded(v cty.Value, at hcl.Range) bool {
	if size(v, maxSize) > maxSize {
		l.wrong(at, "Too large or too deep", "This value is made of more than %d values, or of as much text. Copy large data into the template as a file instead.", maxSize)
		return false
	}
	return true
}

// size counts the values in a value, up to a limit that it may go beyond a bit.
func size(v cty.Value, limit int) int {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return 1
	}
	if v.Type() == cty.String {
		return 1 + len(v.AsString())/32
	}
	n := 1
	if !v.CanIterateElements() {
		return n
	}
	for it := v.ElementIterator(); it.Next() && n <= limit; {
		_, item := it.Element()
		n += size(item, limit-n)
	}
	return n
}
