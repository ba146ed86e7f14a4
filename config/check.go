package config

import (
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

var programName = regexp.MustCompile(`^[\w./+][\w./+@-]*$`)

// check reads a check block: a command and what it should do, or one of the
// built-in kinds.
func (d *decoder) check(b *hcl.Block) Check {
	out := Check{Name: b.Labels[0], Range: d.whole(b)}
	var kinds []string
	kind := func(name string, read func(*hcl.Attribute)) func(*hcl.Attribute) {
		return func(attr *hcl.Attribute) {
			kinds = append(kinds, name)
			read(attr)
		}
	}
	var wants []*hcl.Attribute // what only a command can do
	want := func(read func(*hcl.Attribute)) func(*hcl.Attribute) {
		return func(attr *hcl.Attribute) {
			wants = append(wants, attr)
			read(attr)
		}
	}
	d.decode("check", b.Body, fields{
		"command":   kind("command", d.text(&out.Command)),
		"tools":     kind("tools", d.programs(&out.Tools)),
		"file":      kind("file", d.path(&out.File)),
		"port":      kind("port", d.count(&out.Port, 1, 65535, nil, "a port from 1 to 65535")),
		"contains":  want(d.text(&out.Contains)),
		"matches":   want(d.pattern(&out.Matches)),
		"exit_code": want(d.count(&out.ExitCode, 0, 255, nil, "a number from 0 to 255")),
		"env":       d.environment(&out.Env),
		"timeout":   d.duration(&out.Timeout),
		"user":      d.user(&out.User),
	}, children{
		"agent": {[]string{"name"}, func(b *hcl.Block) {
			kinds = append(kinds, "agent")
			out.Agent = d.agent(b)
		}},
	})
	if len(kinds) != 1 {
		d.wrong(b.DefRange, "Bad check block", "A check block has exactly one of command, tools, file, port and agent; this one has %d.", len(kinds))
		return out
	}
	for _, attr := range wants {
		if kinds[0] != "command" {
			d.wrong(attr.NameRange, "Bad check block", "The argument %q belongs to \"command\".", attr.Name)
		}
	}
	return out
}

// pattern reads a regular expression.
func (d *decoder) pattern(dst *string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.text(dst)(attr)
		if _, err := regexp.Compile(*dst); err != nil {
			d.wrong(attr.Expr.Range(), "Bad regular expression", "%s.", err)
			*dst = ""
		}
	}
}

// path reads the path of a file.
func (d *decoder) path(dst *string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.text(dst)(attr)
		if *dst == "" {
			d.wrong(attr.Expr.Range(), "Bad path", "The argument %q wants the path of a file.", attr.Name)
		}
	}
}

// programs reads names of programs.
func (d *decoder) programs(dst *[]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.texts(dst)(attr)
		if len(*dst) == 0 {
			d.wrong(attr.Expr.Range(), "Bad name of a program", "The argument %q wants at least one.", attr.Name)
		}
		for i, name := range *dst {
			if !programName.MatchString(name) {
				d.wrong(d.partAt(attr, cty.IndexIntPath(i)), "Bad name of a program", "%q is no name of a program.", name)
			}
		}
	}
}

// agent reads which agent a check tries.
func (d *decoder) agent(b *hcl.Block) *Agent {
	out := &Agent{Name: b.Labels[0]}
	if out.Name != "claude" {
		d.wrong(b.LabelRanges[0], "Unknown agent", "There is no agent %q to check; there is \"claude\".", out.Name)
	}
	d.decode("agent", b.Body, fields{
		"model":  d.text(&out.Model),
		"prompt": d.text(&out.Prompt),
	}, nil)
	return out
}
