package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Rule says how one kind of failure looks in a log and what to say of it. Its
// texts are HCL expressions over the named captures of Match, over the facts
// that other lines of the log gave, and over the Context; see Variables.
type Rule struct {
	Name     string
	Category Category
	// Match holds regexps; one that matches a line is enough. In a rule
	// without any, the exit code alone decides.
	Match []string
	// Unless holds regexps; a line anywhere that matches one silences the rule.
	Unless []string
	// Until holds regexps; a line that matches one takes back what matched
	// before it, as a warning that the tool survived.
	Until []string
	// Except holds regexps; a line that matches one does not count as a match,
	// such as the announcement of another try.
	Except []string
	// Join is how many further lines are added to the one that matches.
	Join       int
	ExitCodes  []int  // nil: any
	Priority   int    // the deepest cause has the highest; then the earliest wins
	Confidence string // high, medium or low
	Retryable  *bool  // nil: as the category has it

	When, Tool, Subject, Version, Summary, Detail hcl.Expression
	SummaryZH, DetailZH                           hcl.Expression // in Chinese; nil: as Summary and Detail
	Fixes                                         []FixRule
}

// FixRule makes a Fix. One whose When is false is left out.
type FixRule struct {
	When     hcl.Expression `hcl:"when,optional"`
	Title    hcl.Expression `hcl:"title"`
	Detail   hcl.Expression `hcl:"detail,optional"`
	TitleZH  hcl.Expression `hcl:"title_zh,optional"`
	DetailZH hcl.Expression `hcl:"detail_zh,optional"`
	Safe     bool           `hcl:"safe,optional"`
	Edits    []EditRule     `hcl:"edit,block"`
}

// EditRule makes an Edit. Where the batch is not known, one that names it is
// left out.
type EditRule struct {
	Address hcl.Expression `hcl:"address"`
	Set     hcl.Expression `hcl:"set"`
}

// fact is what a line tells that is of use to rules about other lines, such as
// the package that pip works on. The last line before a match counts, or with
// first the first one of the log.
type fact struct {
	Name  string         `hcl:"name,label"`
	Match hcl.Expression `hcl:"match"`
	Value hcl.Expression `hcl:"value,optional"`
	First bool           `hcl:"first,optional"`
}

type category struct {
	Name      string    `hcl:"name,label"`
	Retryable bool      `hcl:"retryable,optional"`
	Fixes     []FixRule `hcl:"fix,block"`
}

type ruleBlock struct {
	Name       string         `hcl:"name,label"`
	Category   string         `hcl:"category"`
	Match      hcl.Expression `hcl:"match,optional"`
	Unless     hcl.Expression `hcl:"unless,optional"`
	Until      hcl.Expression `hcl:"until,optional"`
	Except     hcl.Expression `hcl:"except,optional"`
	Join       int            `hcl:"join,optional"`
	ExitCodes  []int          `hcl:"exit_codes,optional"`
	Priority   *int           `hcl:"priority,optional"`
	Confidence string         `hcl:"confidence,optional"`
	Retryable  *bool          `hcl:"retryable,optional"`
	When       hcl.Expression `hcl:"when,optional"`
	Tool       hcl.Expression `hcl:"tool,optional"`
	Subject    hcl.Expression `hcl:"subject,optional"`
	Version    hcl.Expression `hcl:"version,optional"`
	Summary    hcl.Expression `hcl:"summary"`
	Detail     hcl.Expression `hcl:"detail,optional"`
	SummaryZH  hcl.Expression `hcl:"summary_zh,optional"`
	DetailZH   hcl.Expression `hcl:"detail_zh,optional"`
	Fix        hcl.Expression `hcl:"fix,optional"`
	Fixes      []FixRule      `hcl:"fix,block"`
}

// sample is a log that the rule beside it must explain; tests run them all.
type sample struct {
	Name     string            `hcl:"name,label"`
	Log      string            `hcl:"log"`
	ExitCode int               `hcl:"exit_code,optional"`
	User     string            `hcl:"user,optional"`
	Reason   string            `hcl:"reason,optional"`
	Phase    string            `hcl:"phase,optional"`
	Batch    string            `hcl:"batch,optional"`
	Template string            `hcl:"template,optional"`
	Command  string            `hcl:"command,optional"`
	TimeoutS float64           `hcl:"timeout_s,optional"`
	SecondsS float64           `hcl:"seconds_s,optional"`
	MemoryMB int               `hcl:"memory_mb,optional"`
	Versions string            `hcl:"versions,optional"`
	Language string            `hcl:"language,optional"`
	Want     map[string]string `hcl:"want"`
}

type ruleFile struct {
	Rules      []ruleBlock `hcl:"rule,block"`
	Facts      []fact      `hcl:"fact,block"`
	Categories []category  `hcl:"category,block"`
	Samples    []sample    `hcl:"sample,block"`
}

// ParseRules reads the rule blocks of an HCL file, the form that the built-in
// ones have.
func ParseRules(src []byte, filename string) ([]Rule, error) {
	file, err := parseFile(src, filename)
	if err != nil {
		return nil, err
	}
	rules := make([]Rule, 0, len(file.Rules))
	for _, b := range file.Rules {
		r, err := b.rule()
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", filename, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// DecodeRule reads a rule from the body of its block, and checks it as far as
// that can be done without the others.
func DecodeRule(name string, body hcl.Body) (Rule, error) {
	b := ruleBlock{Name: name}
	if diags := gohcl.DecodeBody(body, nil, &b); diags.HasErrors() {
		return Rule{}, diags
	}
	return b.rule()
}

func parseFile(src []byte, filename string) (*ruleFile, error) {
	parsed, diags := hclparse.NewParser().ParseHCL(src, filename)
	if diags.HasErrors() {
		return nil, fmt.Errorf("reading rules: %w", diags)
	}
	var file ruleFile
	if diags = gohcl.DecodeBody(parsed.Body, nil, &file); diags.HasErrors() {
		return nil, fmt.Errorf("reading rules: %w", diags)
	}
	return &file, nil
}

func (b *ruleBlock) rule() (Rule, error) {
	r := Rule{
		Name: b.Name, Category: Category(b.Category), Join: b.Join, ExitCodes: b.ExitCodes, Priority: 50,
		Confidence: b.Confidence, Retryable: b.Retryable, When: b.When, Tool: b.Tool, Subject: b.Subject,
		Version: b.Version, Summary: b.Summary, Detail: b.Detail, SummaryZH: b.SummaryZH, DetailZH: b.DetailZH, Fixes: b.Fixes,
	}
	if !null(b.Fix) {
		r.Fixes = append(r.Fixes, FixRule{Title: b.Fix})
	}
	if b.Priority != nil {
		r.Priority = *b.Priority
	}
	var err error
	for _, list := range []struct {
		to   *[]string
		from hcl.Expression
	}{{&r.Match, b.Match}, {&r.Unless, b.Unless}, {&r.Until, b.Until}, {&r.Except, b.Except}} {
		if *list.to, err = patternsOf(list.from); err != nil {
			return Rule{}, fmt.Errorf("rule %q: %w", b.Name, err)
		}
	}
	return r, nil
}

// patternsOf reads a text with one regexp a line, or a list of regexps.
func patternsOf(e hcl.Expression) ([]string, error) {
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return nil, diags
	}
	if v.IsNull() {
		return nil, nil
	}
	if v.Type() == cty.String {
		return lines(v.AsString()), nil
	}
	var all []string
	if !v.CanIterateElements() {
		return nil, fmt.Errorf("patterns must be a text or a list of texts")
	}
	for _, item := range v.AsValueSlice() {
		if item.IsNull() || item.Type() != cty.String {
			return nil, fmt.Errorf("patterns must be a text or a list of texts")
		}
		all = append(all, item.AsString())
	}
	return all, nil
}

func lines(s string) []string {
	var all []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// check compiles what the rule holds, so that a mistake in it shows at load.
func (r *Rule) check(known []string) error {
	if !slices.Contains(categories, r.Category) {
		return fmt.Errorf("rule %q: no category %q", r.Name, r.Category)
	}
	if len(r.Match) == 0 && len(r.ExitCodes) == 0 {
		return fmt.Errorf("rule %q: neither match nor exit_codes", r.Name)
	}
	names := slices.Clone(known)
	for _, pattern := range slices.Concat(r.Match, r.Unless, r.Until, r.Except) {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return fmt.Errorf("rule %q: %w", r.Name, err)
		}
		names = append(names, re.SubexpNames()...)
	}
	for _, e := range r.expressions() {
		if err := checkNames(e, names); err != nil {
			return fmt.Errorf("rule %q: %w", r.Name, err)
		}
	}
	return nil
}

func (r *Rule) expressions() []hcl.Expression {
	all := []hcl.Expression{r.When, r.Tool, r.Subject, r.Version, r.Summary, r.Detail, r.SummaryZH, r.DetailZH}
	for _, f := range r.Fixes {
		all = append(all, f.When, f.Title, f.Detail, f.TitleZH, f.DetailZH)
		for _, e := range f.Edits {
			all = append(all, e.Address, e.Set)
		}
	}
	return slices.DeleteFunc(all, func(e hcl.Expression) bool { return e == nil }) // a rule made in Go leaves some out
}

func checkNames(e hcl.Expression, names []string) error {
	for _, v := range e.Variables() {
		if !slices.Contains(names, v.RootName()) {
			return fmt.Errorf("%s: nothing is called %q", e.Range(), v.RootName())
		}
	}
	node, ok := e.(hclsyntax.Node)
	if !ok {
		return nil
	}
	var err error
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && functions[call.Name] == (function.Function{}) {
			err = fmt.Errorf("%s: there is no function %q", call.Range(), call.Name)
		}
		return nil
	})
	return err
}
