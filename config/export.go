package config

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// notCarried is the summary of what a Dockerfile has and E2B has nothing for.
const notCarried = "Not carried over from the Dockerfile"

// ReadDockerfile turns a Dockerfile into what a template starts from. What
// cannot be carried over is left out and among the diagnostics, as a warning.
func ReadDockerfile(name string, src []byte) (Base, map[string]*hcl.File, hcl.Diagnostics) {
	var base Base
	if diags := notText(name, src); diags.HasErrors() {
		return base, nil, diags
	}
	l := newLoader(Options{})
	d := &decoder{scope: newScope(l, &roots{})}
	d.interpret(name, src, &base, nil, hcl.Range{})
	for _, diag := range l.diags {
		if diag.Summary == notCarried {
			diag.Severity = hcl.DiagWarning
		}
	}
	return base, l.files, l.diags
}

// Export writes a template as HCL in the canonical style; notes are comments
// before its first block.
func Export(t *Template, notes []string) []byte {
	file := hclwrite.NewEmptyFile()
	block := file.Body().AppendNewBlock("template", []string{t.Label})
	e := exporter{body: block.Body(), names: map[string]int{}}
	e.template(t, notes)
	return hclwrite.Format(file.Bytes())
}

type exporter struct {
	body  *hclwrite.Body
	names map[string]int // of batches, and how often each was taken
}

func (e *exporter) template(t *Template, notes []string) {
	for _, note := range notes {
		e.comment(note)
	}
	setText(e.body, "description", t.Description)
	if t.Name != t.Label {
		setText(e.body, "name", t.Name)
	}
	setNumber(e.body, "cpu_count", t.CPUCount)
	setNumber(e.body, "memory_mb", t.MemoryMB)
	if t.Base.Image != "" || t.Base.External != "" {
		base := e.block("base")
		setText(base, "image", t.Base.Image)
		setText(base, "template", t.Base.External)
	}
	for _, s := range joinSets(slices.Concat(t.Base.Steps, t.Steps)) {
		e.step(s)
	}
	if t.Start != nil {
		e.start(t.Start)
	}
}

// comment is a line of its own.
func (e *exporter) comment(text string) {
	for line := range strings.Lines(text) {
		e.body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte("# " + strings.TrimSpace(printable(line)) + "\n")}})
	}
}

// block begins a block, a line apart from what is before it.
func (e *exporter) block(kind string, labels ...string) *hclwrite.Body {
	if len(e.body.Attributes())+len(e.body.Blocks()) > 0 {
		e.body.AppendNewline()
	}
	return e.body.AppendNewBlock(kind, labels).Body()
}

// joinSets makes one block of those that follow each other, where the later one
// takes nothing back.
func joinSets(steps []Step) []Step {
	var out []Step
	for _, s := range steps {
		if len(out) == 0 || s.Set == nil || out[len(out)-1].Set == nil {
			out = append(out, s)
			continue
		}
		last := *out[len(out)-1].Set
		if s.Set.Env != nil && (last.Env != nil || last.User != "" || last.Workdir != "") || s.Set.User != "" && (last.User != "" || last.Workdir != "") || s.Set.Workdir != "" && last.Workdir != "" {
			out = append(out, s) // a set block gives env, user and workdir in this order
			continue
		}
		if s.Set.Env != nil {
			last.Env = s.Set.Env
		}
		if s.Set.User != "" {
			last.User = s.Set.User
		}
		if s.Set.Workdir != "" {
			last.Workdir = s.Set.Workdir
		}
		out[len(out)-1].Set = &last
	}
	return out
}

func (e *exporter) step(s Step) {
	switch {
	case s.Set != nil:
		body := e.block("set")
		if len(s.Set.Env) > 0 {
			body.SetAttributeValue("env", stringMap(s.Set.Env))
		}
		setText(body, "user", s.Set.User)
		setText(body, "workdir", s.Set.Workdir)
	case s.Copy != nil:
		body := e.block("copy")
		setText(body, "from", s.Copy.From)
		setText(body, "to", s.Copy.To)
		setText(body, "user", s.Copy.User)
		setText(body, "mode", s.Copy.Mode)
	case s.Batch != nil:
		e.batch(s.Batch)
	}
}

func (e *exporter) batch(b *Batch) {
	var lines []cty.Value
	for _, line := range b.Run {
		lines = append(lines, cty.StringVal(line.Text))
	}
	body := e.block("batch", e.name(b))
	body.SetAttributeValue("run", cty.ListVal(lines))
	setText(body, "user", b.User)
	setText(body, "workdir", b.Workdir)
	if len(b.Env) > 0 {
		body.SetAttributeValue("env", stringMap(b.Env))
	}
}

var wordForm = regexp.MustCompile(`^[a-z][a-z0-9.-]*$`)

// name is what a batch does, in the first words of its command.
func (e *exporter) name(b *Batch) string {
	var words []string
	for _, word := range strings.Fields(b.Run[0].Text) {
		word = strings.ToLower(path.Base(strings.Trim(word, `"'`)))
		if wordForm.MatchString(word) && word != "set" && word != "sudo" {
			words = append(words, word)
		}
		if len(words) == 2 {
			break
		}
	}
	name := strings.Join(words, "-")
	if name == "" {
		name = "run"
	}
	e.names[name]++
	if n := e.names[name]; n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	return name
}

func (e *exporter) start(s *Start) {
	body := e.block("start")
	setText(body, "command", s.Command)
	if s.Ready == nil {
		return
	}
	ready := body.AppendNewBlock("ready", nil).Body()
	setText(ready, "command", s.Ready.Command)
	setNumber(ready, "port", s.Ready.Port)
	setText(ready, "url", s.Ready.URL)
	setText(ready, "process", s.Ready.Process)
	setText(ready, "file", s.Ready.File)
	if s.Ready.Delay > 0 {
		setText(ready, "delay", s.Ready.Delay.String())
	}
}

func stringMap(m map[string]string) cty.Value {
	values := map[string]cty.Value{}
	for name, value := range m {
		values[name] = cty.StringVal(value)
	}
	return cty.ObjectVal(values)
}

func setText(body *hclwrite.Body, name, value string) {
	if value != "" {
		body.SetAttributeValue(name, cty.StringVal(value))
	}
}

func setNumber(body *hclwrite.Body, name string, value int) {
	if value != 0 {
		body.SetAttributeValue(name, cty.NumberIntVal(int64(value)))
	}
}
