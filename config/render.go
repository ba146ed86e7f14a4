package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// maxShown is how many diagnostics are written for people: nobody reads more,
// and the library reads the whole file again for each.
const maxShown = 40

// RenderOptions say how diagnostics are written.
type RenderOptions struct {
	Color   bool
	Width   uint     // of the terminal; 0: 100
	Secrets []string // never written
}

// WriteDiagnostics writes diagnostics for people: what is wrong, where, the
// line itself, and what to do. Sorted by place, so that all that is wrong with
// a file stands together.
func WriteDiagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, opts RenderOptions) {
	var buf bytes.Buffer
	width := opts.Width
	if width == 0 {
		width = 100
	}
	writer := hcl.NewDiagnosticTextWriter(&buf, harmless(files), width, opts.Color)
	diags = sorted(diags)
	if len(diags) > maxShown {
		slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return int(a.Severity) - int(b.Severity) }) // errors first
	}
	for i, d := range diags {
		if i == maxShown {
			fmt.Fprintf(&buf, "And %d more.\n\n", len(diags)-maxShown)
			break
		}
		shown := *d
		shown.Summary = printable(d.Summary)
		shown.Detail = hide(printable(d.Detail), opts.Secrets) // before it is wrapped: a secret may have spaces
		shown.Expression, shown.EvalContext = nil, nil         // the library would print the values of variables
		if shown.Subject != nil && shown.Context != nil && !overlaps(*shown.Context, *shown.Subject) {
			shown.Context = nil
		}
		_ = writer.WriteDiagnostic(&shown) // a buffer takes everything
	}
	_, _ = io.WriteString(w, hide(buf.String(), opts.Secrets)) // nobody is left to be told
}

// sorted puts errors and warnings in the order of their places, each once: the
// instances of a template repeat the mistakes of its block.
func sorted(diags hcl.Diagnostics) hcl.Diagnostics {
	type what struct{ at, summary, detail string }
	seen := map[what]bool{}
	var out hcl.Diagnostics
	for _, d := range diags {
		key := what{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			key.at = d.Subject.String()
		}
		if !seen[key] {
			out = append(out, d)
		}
		seen[key] = true
	}
	slices.SortStableFunc(out, func(a, b *hcl.Diagnostic) int {
		if a.Subject == nil || b.Subject == nil {
			return boolInt(a.Subject != nil) - boolInt(b.Subject != nil)
		}
		if c := strings.Compare(a.Subject.Filename, b.Subject.Filename); c != 0 {
			return c
		}
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// harmless copies files without what a terminal would act on, length unchanged
// so that ranges still fit.
func harmless(files map[string]*hcl.File) map[string]*hcl.File {
	out := map[string]*hcl.File{}
	for name, f := range files {
		src := f.Bytes
		if bytes.ContainsFunc(src, harmful) {
			src = make([]byte, 0, len(f.Bytes))
			for rest := f.Bytes; len(rest) > 0; {
				r, size := utf8.DecodeRune(rest)
				if harmful(r) {
					src = append(src, bytes.Repeat([]byte("?"), size)...)
				} else {
					src = append(src, rest[:size]...)
				}
				rest = rest[size:]
			}
		}
		out[name] = &hcl.File{Body: f.Body, Bytes: src, Nav: f.Nav}
	}
	return out
}

// harmful reports whether a terminal may do something else with r than show it.
func harmful(r rune) bool {
	return r != '\n' && r != '\t' && r != '\r' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError)
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || harmful(r) {
			return -1
		}
		return r
	}, text)
}

func hide(text string, secrets []string) string {
	for _, s := range secrets {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, "(sensitive)")
		}
	}
	return text
}

type (
	jsonReport struct {
		FormatVersion string           `json:"format_version"`
		Valid         bool             `json:"valid"`
		ErrorCount    int              `json:"error_count"`
		WarningCount  int              `json:"warning_count"`
		Diagnostics   []jsonDiagnostic `json:"diagnostics"`
		Variables     []jsonVariable   `json:"variables,omitempty"`
	}
	jsonVariable struct {
		Name        string          `json:"name"`
		Type        string          `json:"type"`
		Description string          `json:"description,omitempty"`
		Sensitive   bool            `json:"sensitive"`
		Value       json.RawMessage `json:"value,omitempty"` // none where it is sensitive or not known
		Origin      jsonOrigin      `json:"origin"`
		Range       jsonRange       `json:"range"` // of the declaration
		ValueRange  *jsonRange      `json:"value_range,omitempty"`
	}
	jsonOrigin struct {
		Kind string `json:"kind,omitempty"` // default, environment, auto_file, var_file or command_line
		Name string `json:"name,omitempty"`
	}
	jsonDiagnostic struct {
		Severity string       `json:"severity"`
		Summary  string       `json:"summary"`
		Detail   string       `json:"detail"`
		Range    *jsonRange   `json:"range,omitempty"`
		Snippet  *jsonSnippet `json:"snippet,omitempty"`
	}
	jsonRange struct {
		Filename string  `json:"filename"`
		Start    jsonPos `json:"start"`
		End      jsonPos `json:"end"`
	}
	jsonPos struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Byte   int `json:"byte"`
	}
	jsonSnippet struct {
		Context              *string `json:"context"`
		Code                 string  `json:"code"`
		StartLine            int     `json:"start_line"`
		HighlightStartOffset int     `json:"highlight_start_offset"`
		HighlightEndOffset   int     `json:"highlight_end_offset"`
		Values               []any   `json:"values"`
	}
)

// DiagnosticsJSON writes diagnostics for programs, in the shape of Terraform's
// validate -json; beside them the variables, with where each value came from.
func DiagnosticsJSON(diags hcl.Diagnostics, files map[string]*hcl.File, variables ...Variable) ([]byte, error) {
	out := jsonReport{FormatVersion: "1.0", Valid: !diags.HasErrors(), Diagnostics: []jsonDiagnostic{}}
	for _, d := range sorted(diags) {
		j := jsonDiagnostic{Severity: "error", Summary: printable(d.Summary), Detail: printable(d.Detail)}
		if d.Severity == hcl.DiagWarning {
			j.Severity = "warning"
			out.WarningCount++
		} else {
			out.ErrorCount++
		}
		if at := d.Subject; at != nil {
			j.Range = rangeJSON(*at)
			j.Snippet = snippet(files[at.Filename], *at)
		}
		out.Diagnostics = append(out.Diagnostics, j)
	}
	for _, v := range variables {
		out.Variables = append(out.Variables, v.json())
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding diagnostics: %w", err)
	}
	return text, nil
}

func rangeJSON(at hcl.Range) *jsonRange {
	return &jsonRange{at.Filename, jsonPos(at.Start), jsonPos(at.End)}
}

func (v Variable) json() jsonVariable {
	j := jsonVariable{
		Name: v.Name, Type: v.Type, Description: printable(v.Description), Sensitive: v.Sensitive,
		Origin: jsonOrigin{v.Origin.Kind, printable(v.Origin.Name)}, Range: *rangeJSON(v.Range),
	}
	if v.ValueRange.Filename != "" && v.ValueRange != v.Range {
		j.ValueRange = rangeJSON(v.ValueRange)
	}
	value, _ := v.Value.UnmarkDeep()
	if v.Sensitive || value == cty.NilVal || !value.IsWhollyKnown() {
		return j
	}
	if text, err := (ctyjson.SimpleJSONValue{Value: value}).MarshalJSON(); err == nil {
		j.Value = text
	}
	return j
}

// snippet is the line that a range begins on.
func snippet(file *hcl.File, at hcl.Range) *jsonSnippet {
	if file == nil || at.Start.Byte > len(file.Bytes) {
		return nil
	}
	start := bytes.LastIndexByte(file.Bytes[:at.Start.Byte], '\n') + 1
	end := len(file.Bytes)
	if n := bytes.IndexByte(file.Bytes[at.Start.Byte:], '\n'); n >= 0 {
		end = at.Start.Byte + n
	}
	return &jsonSnippet{
		Code: printable(string(file.Bytes[start:end])), StartLine: at.Start.Line, Values: []any{},
		HighlightStartOffset: at.Start.Byte - start, HighlightEndOffset: max(min(at.End.Byte, end)-start, at.Start.Byte-start),
	}
}
