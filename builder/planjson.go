package builder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes the plan as its contract has it, template by template, so
// that a large plan is in memory once.
func (p *Plan) WriteJSON(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(out, "{\n  \"version\": %d,\n  \"templates\": [", p.Version)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	for i, t := range p.Templates {
		text.Reset()
		if err := enc.Encode(t); err != nil {
			return fmt.Errorf("encoding the plan of %s: %w", t.Address, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n    ")
		out.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	}
	if len(p.Templates) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteString("]\n}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}
