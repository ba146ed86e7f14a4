package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
)

// load writes files and loads the directory.
func load(t *testing.T, files map[string]string, opts config.Options) (*config.Config, string) {
	t.Helper()
	opts.Dir = t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(opts.Dir, name), text)
	}
	cfg, diags := config.Load(nil, opts)
	var messages []string
	for _, d := range diags {
		messages = append(messages, d.Error())
	}
	return cfg, strings.Join(messages, "\n")
}

// TestVariableSources sets one variable in every way; the later way wins, and
// its name is kept.
func TestVariableSources(t *testing.T) {
	declare := "variable \"v\" {\n  type    = number\n  default = 1\n}\ntemplate \"t\" {\n  batch \"b\" { run = [\"echo ${var.v}\"] }\n}\n"
	auto := map[string]string{"e2bt.hcl": declare, "b.auto.e2btvars": "v = 4\n", "a.auto.e2btvars": "v = 3\n", "prod.e2btvars": "v = 5\n", "prod.e2btvars.json": `{"v": "6"}`}
	none := map[string]string{"e2bt.hcl": declare}
	env := []string{"E2BT_VAR_v=2", "E2BT_VAR_other=1", "PATH=/bin"}
	for _, c := range []struct {
		files map[string]string
		opts  config.Options
		want  string
	}{
		{none, config.Options{}, "1 default "},
		{none, config.Options{Environ: env}, "2 environment E2BT_VAR_v"},
		{auto, config.Options{Environ: env}, "4 auto_file b.auto.e2btvars"},
		{auto, config.Options{Environ: env, VarFiles: []string{"prod.e2btvars"}}, "5 var_file prod.e2btvars"},
		{auto, config.Options{Environ: env, VarFiles: []string{"prod.e2btvars", "prod.e2btvars.json"}}, "6 var_file prod.e2btvars.json"},
		{auto, config.Options{Environ: env, VarFiles: []string{"prod.e2btvars"}, Vars: map[string]string{"v": "7"}}, "7 command_line --var v"},
	} {
		cfg, messages := load(t, c.files, c.opts)
		if messages != "" {
			t.Fatal(messages)
		}
		v := cfg.Variables[0]
		number, _ := v.Value.AsBigFloat().Int64()
		if got := fmt.Sprintf("%d %s %s", number, v.Origin.Kind, v.Origin.Name); got != c.want {
			t.Errorf("variable is %q; want %q", got, c.want)
		}
		if run := cfg.Templates[0].Steps[0].Batch.Run[0].Text; run != fmt.Sprintf("echo %d", number) {
			t.Errorf("run is %q with v = %d", run, number)
		}
	}
}

// TestVariableValues gives values from outside to variables of several types.
func TestVariableValues(t *testing.T) {
	for _, c := range []struct{ declare, value, expr, want string }{
		{`type = string`, `7`, `var.v`, "7"},
		{`type = string`, `[not a list`, `var.v`, "[not a list"},
		{``, `["a"]`, `var.v`, `["a"]`}, // no type: a text
		{`type = any`, `["a"]`, `var.v[0]`, "a"},
		{`type = list(string)`, `["a", 1]`, `join("-", var.v)`, "a-1"},
		{`type = bool`, `true`, `var.v ? "yes" : "no"`, "yes"},
		{`type = object({ a = string, b = optional(number, 3), c = optional(string) })`, `{ a = 1 }`, `"${var.v.a} ${var.v.b} ${var.v.c == null}"`, "1 3 true"},
		{`type = map(object({ n = optional(number, 1) }))`, `{ x = {} }`, `tostring(var.v.x.n)`, "1"},
		{"type = number\n  default = 5\n  nullable = false", `null`, `tostring(var.v)`, "5"},
		{"type = number\n  default = 5", `null`, `var.v == null ? "null" : "5"`, "null"},
		{"type = tuple([string, number])", `["a", 2]`, `"${var.v[0]}${var.v[1]}"`, "a2"},
		{"type = set(string)", `["b", "a", "b"]`, `join("", var.v)`, "ab"},
	} {
		files := map[string]string{"e2bt.hcl": "variable \"v\" {\n  " + c.declare + "\n}\ntemplate \"t\" {\n  description = " + c.expr + "\n}\n"}
		cfg, messages := load(t, files, config.Options{Vars: map[string]string{"v": c.value}})
		if messages != "" {
			t.Errorf("%s = %s: %s", c.declare, c.value, messages)
			continue
		}
		if got := cfg.Templates[0].Description; got != c.want {
			t.Errorf("%s = %s: %s is %q; want %q", c.declare, c.value, c.expr, got, c.want)
		}
	}
}

// TestWrongVariables gives values that do not fit.
func TestWrongVariables(t *testing.T) {
	declare := "variable \"v\" {\n  type = number\n}\nvariable \"s\" {\n  type = number\n  sensitive = true\n  default = 1\n}\n"
	for _, c := range []struct {
		opts config.Options
		want string
	}{
		{config.Options{Vars: map[string]string{"v": "1", "w": "2"}}, "--var w: no file declares a variable of that name"},
		{config.Options{Vars: map[string]string{"v": "many"}}, `--var v sets the variable "v", which wants a number`},
		{config.Options{Vars: map[string]string{"v": "1 +"}}, "what it holds is no expression of that kind"},
		{config.Options{Vars: map[string]string{"v": strings.Repeat("(", 100_000)}}, "what it holds is no expression of that kind"},
		{config.Options{Environ: []string{"E2BT_VAR_v={}"}}, `The variable "v" wants a number: number required`},
		{config.Options{VarFiles: []string{"none.e2btvars"}}, "There is no file or directory none.e2btvars"},
		{config.Options{Vars: map[string]string{"v": "1", "s": "not-a-number-but-a-secret"}}, `--var s sets the variable "s"`},
	} {
		_, messages := load(t, map[string]string{"e2bt.hcl": declare}, c.opts)
		if !strings.Contains(messages, c.want) {
			t.Errorf("%+v: %q; want %q", c.opts.Vars, messages, c.want)
		}
		if strings.Contains(messages, "but-a-secret") {
			t.Errorf("a message shows a sensitive value: %s", messages)
		}
	}
}

// TestTimestamp is one time in a run, and only where it changes no plan.
func TestTimestamp(t *testing.T) {
	text := "locals {\n  at = timestamp()\n}\ntemplate \"t\" {\n  description = local.at\n  tags        = [\"day-${formatdate(\"YYYYMMDD\", local.at)}\"]\n  check \"c\" { command = \"echo ${local.at}\" }\n}\n"
	opts := config.Options{Now: moment}
	cfg, messages := load(t, map[string]string{"e2bt.hcl": text}, opts)
	if messages != "" {
		t.Fatal(messages)
	}
	got := cfg.Templates[0]
	want := []string{"2026-01-02T03:04:05Z", "day-20260102", "echo 2026-01-02T03:04:05Z"}
	if diff := cmp.Diff(want, []string{got.Description, got.Tags[0], got.Checks[0].Command}); diff != "" {
		t.Errorf("timestamp (-want +got):\n%s", diff)
	}
}
