package funcs

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// maxText is how long a text may become in one call, in bytes.
const maxText = 16 << 20

var errText = fmt.Errorf("the result has more than %d MiB of text", maxText>>20)

// TextSize adds up the texts in a value, in bytes, up to a limit that it may go
// beyond, and finds the longest.
func TextSize(v cty.Value, limit int) (total, longest int) {
	v, _ = v.Unmark()
	switch {
	case v.IsNull() || !v.IsKnown():
		return 0, 0
	case v.Type() == cty.String:
		return len(v.AsString()), len(v.AsString())
	case !v.CanIterateElements():
		return 0, 0
	}
	for it := v.ElementIterator(); it.Next() && total <= limit; {
		_, item := it.Element()
		n, most := TextSize(item, limit-total)
		total, longest = total+n, max(longest, most)
	}
	return total, longest
}

// shortText refuses arguments that together hold too much text.
func shortText(args []cty.Value) error {
	total := 0
	for _, a := range args {
		n, _ := TextSize(a, maxText-total)
		if total += n; total > maxText {
			return errText
		}
	}
	return nil
}

// times refuses texts that are repeated too often: a separator between all
// elements, or a format for each.
func times(args []cty.Value) error {
	if err := shortText(args); err != nil || len(args) == 0 {
		return err
	}
	repeated, _ := TextSize(args[0], maxText)
	for _, a := range args[1:] {
		if list, ok := known(a); ok && list.CanIterateElements() && repeated*list.LengthInt() > maxText {
			return errText
		}
	}
	return nil
}

// replacing refuses replacements that make a text too long.
func replacing(args []cty.Value) error {
	text, search := textOf(args[0]), textOf(args[1])
	if search == "" || strings.HasPrefix(search, "/") {
		return everywhere(args)
	}
	return grown(len(text), strings.Count(text, search), args[2])
}

// everywhere is replacing where there may be a match at every character.
func everywhere(args []cty.Value) error {
	n := len(textOf(args[0]))
	return grown(n, n+1, args[2])
}

func grown(size, often int, replacement cty.Value) error {
	if size+often*len(textOf(replacement)) > 4*maxText { // which is more than it can become
		return errText
	}
	return nil
}

func textOf(v cty.Value) string {
	if v, ok := known(v); ok && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}
