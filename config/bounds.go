package config

import (
	"fmt"
	"strings"

	"github.com/e2bt/e2bt/config/funcs"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Bounds of what one expression may take, so that a few lines cannot fill the
// memory or run for hours.
const (
	maxWork  = 400_000  // steps that the loops of one expression take
	maxSize  = 400_000  // values in a value, where so many characters of a text count as one:
	textUnit = 32       //
	muchSize = 1_000    // from here on copies of a value are counted as well
	longText = 16 << 10 // bytes; from here on copies of a text are counted
	maxSteps = 10_000   // blocks that the dynamic blocks of one template make
	maxEach  = 20_000   // instances of one template
)

// loopCounter passes on what it is given, and stops an expression that loops
// over too much. Its second argument names the values that the loop refers to.
func (l *loader) loopCounter() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "collection", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
			{Name: "references", Type: cty.String},
		},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), l.count(args[0], args[1].AsString()) },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	})
}

// count adds a loop to the work of the expression.
func (l *loader) count(collection cty.Value, references string) error {
	v, _ := collection.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil
	}
	n := v.LengthInt()
	if n > funcs.MaxElements {
		return fmt.Errorf("this \"for\" loops over more than %d elements", funcs.MaxElements)
	}
	weight := 1
	for name := range strings.FieldsSeq(references) {
		weight += l.weights[name]
	}
	if l.work += 1 + n*weight; l.work > maxWork {
		return fmt.Errorf("the loops of this expression take more than %d steps", maxWork)
	}
	return nil
}

// weigh remembers a value that holds a long text: each copy counts.
func (l *loader) weigh(name string, v cty.Value) {
	if _, longest := funcs.TextSize(v, maxSize*textUnit); longest > longText {
		l.weights[name] = longest / textUnit
	}
}

// light reports whether an expression that copies all that it refers to makes a
// value of a size that one may work with.
func (l *loader) light(expr hcl.Expression) bool {
	total := 0
	for _, t := range expr.Variables() {
		total += l.weights[reference(t)]
	}
	if total > maxSize {
		l.wrong(expr.Range(), "Too large or too deep", "This expression repeats long texts, to more than %d MiB.", maxSize*textUnit>>20)
		return false
	}
	return true
}

// reference is the name of the variable or local value that t begins with.
func reference(t hcl.Traversal) string {
	for _, root := range []string{"local", "var"} {
		if name, ok := member(t, root); ok {
			return root + "." + name
		}
	}
	return ""
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
		return 1 + len(v.AsString())/textUnit
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
