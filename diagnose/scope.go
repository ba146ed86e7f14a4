package diagnose

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"encoding/json"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Variables are the names that a rule's expressions may use beside its captures
// and the facts. "subject", "version" and "category" are the finding's own; in
// the fixes alone. batch and template are addresses, "" where not known.
var Variables = []string{
	"exit_code", "user", "reason", "phase", "timeout_s", "seconds_s", "command", "batch", "template", "image", "line", "memory_mb", "available",
	"found_subject", "found_version", "found_tool",
}

// scope holds what expressions can see.
type scope struct {
	captures map[string]string
	facts    map[string]string
	context  Context
	line     int
	finding  *Finding
}

// newScope takes what a hit saw. A fact that was told only after it counts too.
func newScope(h hit, later map[string]string, c Context) *scope {
	facts := maps.Clone(later)
	maps.Copy(facts, h.facts)
	captures := map[string]string{}
	maps.Copy(captures, h.captures)
	return &scope{captures: captures, facts: facts, context: c, line: h.line}
}

// values holds every name of the expression: a capture that did not take part
// in the match and a fact that was not told are "".
func (s *scope) values(e hcl.Expression) *hcl.EvalContext {
	vars := s.fixed()
	for _, v := range e.Variables() {
		name := v.RootName()
		if text, ok := s.captures[name]; ok {
			vars[name] = cty.StringVal(text)
		} else if _, ok := vars[name]; !ok {
			vars[name] = cty.StringVal(s.facts[name])
		}
	}
	return &hcl.EvalContext{Variables: vars, Functions: functions}
}

func (s *scope) fixed() map[string]cty.Value {
	c, template := s.context, s.template()
	vars := map[string]cty.Value{
		"exit_code": cty.NumberIntVal(int64(c.ExitCode)), "line": cty.NumberIntVal(int64(s.line)),
		"timeout_s": cty.NumberFloatVal(c.TimeoutS), "seconds_s": cty.NumberFloatVal(c.SecondsS),
		"user": cty.StringVal(c.User), "reason": cty.StringVal(c.Reason), "phase": cty.StringVal(c.Phase),
		"command": cty.StringVal(c.Command), "image": cty.StringVal(c.Image),
		"memory_mb": cty.NumberIntVal(int64(c.MemoryMB)), "available": cty.StringVal(c.Versions),
		"batch": cty.StringVal(c.Batch), "template": cty.StringVal(template),
	}
	if s.finding != nil {
		vars["found_subject"] = cty.StringVal(s.finding.Subject)
		vars["found_version"] = cty.StringVal(s.finding.Version)
		vars["found_tool"] = cty.StringVal(s.finding.Tool)
	}
	return vars
}

// template is the template's address, which a batch's begins with.
func (s *scope) template() string {
	if s.context.Template != "" {
		return s.context.Template
	}
	address, _, _ := strings.Cut(s.context.Batch, ".batch.")
	return address
}

func (s *scope) value(e hcl.Expression) cty.Value {
	if e == nil {
		return cty.NilVal
	}
	v, diags := e.Value(s.values(e))
	if diags.HasErrors() || v.IsNull() || !v.IsWhollyKnown() {
		return cty.NilVal
	}
	return v
}

// text is the value of e, "" where it has none; a rule's mistake in types must
// not hide the rest of its finding.
func (s *scope) text(e hcl.Expression) string {
	v := s.value(e)
	if v == cty.NilVal {
		return ""
	}
	v, err := convert.Convert(v, cty.String)
	if err != nil {
		return ""
	}
	return v.AsString()
}

// say is the value of the text in the finding's language, where there is one.
func (s *scope) say(english, chinese hcl.Expression) string {
	if s.context.Language == "zh" {
		if text := s.text(chinese); text != "" {
			return text
		}
	}
	return s.text(english)
}

func (s *scope) truth(e hcl.Expression) bool {
	v := s.value(e)
	return v != cty.NilVal && v.Type() == cty.Bool && v.True()
}

func (s *scope) fixes(rules []FixRule, f *Finding) []Fix {
	s.finding = f
	var all []Fix
	for _, r := range rules {
		if !null(r.When) && !s.truth(r.When) {
			continue
		}
		fix := Fix{Title: s.say(r.Title, r.TitleZH), Detail: s.say(r.Detail, r.DetailZH), Safe: r.Safe, Edits: []Edit{}}
		for _, e := range r.Edits {
			if edit, ok := s.edit(e); ok {
				fix.Edits = append(fix.Edits, edit)
			}
		}
		if len(fix.Edits) == 0 {
			fix.Safe = false
		}
		if fix.Title != "" {
			all = append(all, fix)
		}
	}
	return all
}

// edit leaves out what names a batch that is not known.
func (s *scope) edit(r EditRule) (Edit, bool) {
	for _, v := range r.Address.Variables() {
		if v.RootName() == "batch" && s.context.Batch == "" || v.RootName() == "template" && s.template() == "" {
			return Edit{}, false
		}
	}
	address, set := s.text(r.Address), s.value(r.Set)
	if address != "" && null(r.Set) {
		return Edit{Address: address}, true
	}
	if address == "" || set == cty.NilVal || set.Type() == cty.String && set.AsString() == "" {
		return Edit{}, false
	}
	plain, err := native(set)
	return Edit{address, plain}, err == nil
}

// native turns a value into what encoding/json makes of its JSON.
func native(v cty.Value) (any, error) {
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil, fmt.Errorf("writing a value: %w", err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("reading a value: %w", err)
	}
	return out, nil
}

// seconds writes a length of time as the configuration has it.
func seconds(s float64) string {
	n := int(s)
	switch {
	case n >= 3600 && n%3600 == 0:
		return strconv.Itoa(n/3600) + "h"
	case n >= 60 && n%60 == 0:
		return strconv.Itoa(n/60) + "m"
	}
	return strconv.Itoa(n) + "s"
}
