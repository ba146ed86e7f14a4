package mirrors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// read decodes a data file. The files are HCL, but of a simple kind: constants,
// lists, maps, heredocs, blocks with one label at most. HCL's own parser takes
// 25 ms for all of them, as long as a whole plan; a test compares the two.
//
// A block is a value of a list under its type, with its label under "label".
func read(name, text string, into any) {
	r := &reader{name: name, text: text, line: 1}
	tree := r.body("")
	asJSON, err := json.Marshal(tree)
	if err != nil {
		r.fail(err.Error())
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		r.fail(err.Error())
	}
}

// reader is the position in a file.
type reader struct {
	name, text string
	line       int
}

// fail panics: the files are part of the program, and a test reads them all.
func (r *reader) fail(why string) { panic(fmt.Sprintf("mirrors: %s:%d: %s", r.name, r.line, why)) }

// next skips blanks, comments and commas, and returns what comes then: a word,
// or one character.
func (r *reader) next() string {
	for r.text != "" {
		switch c := r.text[0]; {
		case c == '\n':
			r.line++
			r.text = r.text[1:]
		case c == ' ' || c == '\t' || c == ',':
			r.text = r.text[1:]
		case c == '#':
			_, rest, _ := strings.Cut(r.text, "\n")
			r.text = "\n" + rest
		default:
			n := 0
			for n < len(r.text) && isWord(r.text[n]) {
				n++
			}
			n = max(n, 1)
			if strings.HasPrefix(r.text, "<<-") {
				n = 3
			}
			token := r.text[:n]
			r.text = r.text[n:]
			return token
		}
	}
	return ""
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// body reads arguments and blocks up to end, "" being the file's.
func (r *reader) body(end string) map[string]any {
	out := map[string]any{}
	for {
		name := r.next()
		if name == end {
			return out
		}
		if name == `"` { // the key of a map
			name = r.str()
		} else if name == "" || !isWord(name[0]) {
			r.fail("unexpected " + strconv.Quote(name))
		}
		token := r.next()
		if token == "=" {
			if _, twice := out[name]; twice {
				r.fail(name + " for the second time")
			}
			out[name] = r.value()
			continue
		}
		label, labelled := "", token == `"`
		if labelled {
			label, token = r.str(), r.next()
		}
		if token != "{" {
			r.fail("expected a block")
		}
		block := r.body("}")
		if labelled {
			block["label"] = label
		}
		list, _ := out[name].([]any)
		out[name] = append(list, block)
	}
}

func (r *reader) value() any {
	switch token := r.next(); token {
	case `"`:
		return r.str()
	case "<<-":
		return r.heredoc()
	case "{":
		return r.body("}")
	case "[":
		list := []any{}
		for {
			token := r.next()
			if token == "]" {
				return list
			}
			if token != `"` {
				r.fail("expected a string")
			}
			list = append(list, r.str())
		}
	case "true":
		return true
	case "false":
		return false
	default:
		n, err := strconv.Atoi(token)
		if err != nil {
			r.fail("unexpected " + strconv.Quote(token))
		}
		return n
	}
}

// str reads a string after its opening quote.
func (r *reader) str() string {
	end := 0
	for end < len(r.text) && r.text[end] != '"' && r.text[end] != '\n' {
		if r.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(r.text) || r.text[end] != '"' {
		r.fail("a string without end")
	}
	text, err := strconv.Unquote(`"` + r.text[:end] + `"`)
	if err != nil {
		r.fail("a string that is none")
	}
	r.text = r.text[end+1:]
	return r.literal(text)
}

// heredoc reads lines up to the word after <<-, without what all are indented by.
func (r *reader) heredoc() string {
	word := r.next()
	_, r.text, _ = strings.Cut(r.text, "\n")
	var lines []string
	indent := -1
	for {
		line, rest, ok := strings.Cut(r.text, "\n")
		if !ok {
			r.fail("a heredoc without end")
		}
		r.text = rest
		r.line++
		if strings.TrimSpace(line) == word {
			break
		}
		if n := len(line) - len(strings.TrimLeft(line, " ")); line != "" && (indent < 0 || n < indent) {
			indent = n
		}
		lines = append(lines, line)
	}
	for i, line := range lines {
		lines[i] = line[min(max(indent, 0), len(line)):] + "\n"
	}
	return r.literal(strings.Join(lines, ""))
}

// literal undoes the escaping of ${ and %{, and refuses a template.
func (r *reader) literal(text string) string {
	plain := strings.NewReplacer("$${", "", "%%{", "").Replace(text)
	if strings.Contains(plain, "${") || strings.Contains(plain, "%{") {
		r.fail("an expression in a string")
	}
	return strings.NewReplacer("$${", "${", "%%{", "%{").Replace(text)
}
