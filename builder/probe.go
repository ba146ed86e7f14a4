package builder

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config"
)

const (
	defaultCheckTimeout = time.Minute
	agentCheckTimeout   = 2 * time.Minute // it waits for a model
	portPatience        = 20 * time.Second
)

// The scripts of the built-in kinds of checks print what they find in lines of
// their own: "e2bt:found TEXT", "e2bt:wrong TEXT", "e2bt:skipped TEXT".
var (
	//go:embed probes/tools.sh
	toolsScript string
	//go:embed probes/file.sh
	fileScript string
	//go:embed probes/port.sh
	portScript string
	//go:embed probes/claude.sh
	claudeScript string
)

// probe is what a check runs, and what it makes of that.
type probe struct {
	script string // for bash
	env    map[string]string
	limit  time.Duration
	judge  func(code int, stdout, stderr *tail) outcome
}

// outcome is what a check came to.
type outcome struct {
	complaint string // empty where it passed or was skipped
	detail    string // what was found, or why it was skipped
	skipped   bool   // it could not be tried, so it neither passed nor failed
}

// probe lowers a check, of whatever kind, to what is run in the sandbox.
func (r *Runner) probe(c config.Check) probe {
	p := probe{env: c.Env, limit: orDefault(c.Timeout, defaultCheckTimeout), judge: reported}
	switch {
	case len(c.Tools) > 0:
		p.script = withArguments(toolsScript, c.Tools...)
	case c.File != "":
		p.script = withArguments(fileScript, c.File)
	case c.Port != 0:
		p.script = withArguments(portScript, strconv.Itoa(c.Port), wholeSeconds(min(portPatience, p.limit-time.Second)))
	case c.Agent != nil:
		p.limit = orDefault(c.Timeout, agentCheckTimeout)
		r.agentProbe(&p, *c.Agent)
	default:
		p.script = c.Command
		p.judge = func(code int, stdout, stderr *tail) outcome {
			return outcome{complaint: judge(c, code, stdout, stderr)}
		}
	}
	return p
}

// agentProbe asks an agent something, with the keys that Runner.Agent has, and
// those of the check's own env before them.
func (r *Runner) agentProbe(p *probe, a config.Agent) {
	given := AgentVariables(func(name string) string {
		if value, ok := p.env[name]; ok {
			return value
		}
		if r.Variable == nil {
			return ""
		}
		return r.Variable(name)
	})
	env := maps.Clone(given)
	maps.Copy(env, p.env)
	for name, value := range given {
		env["E2BT_WANT_"+name] = value
	}
	key := "no"
	if hasKey(given) {
		key = "yes"
	}
	args := []string{wholeSeconds(p.limit - 2*time.Second), key, a.Model, orDefault(a.Prompt, "Answer with one word: ready")}
	p.script, p.env = withArguments(claudeScript, append(args, slices.Sorted(maps.Keys(given))...)...), env
}

// withArguments gives a script its arguments.
func withArguments(script string, args ...string) string {
	line := "set --"
	for _, a := range args {
		line += " " + quote(a)
	}
	return line + "\n" + script
}

func wholeSeconds(d time.Duration) string { return strconv.Itoa(max(int(d.Seconds()), 1)) }

// agentVariable is a variable that an agent's process reads.
type agentVariable struct {
	name string
	with string // read only where this one is set
	key  bool   // with it, requests are answered
}

// claudeVariables are what Claude Code documents for where requests go, with
// which key, and to which model. https://code.claude.com/docs/en/env-vars
var claudeVariables = []agentVariable{
	{name: "ANTHROPIC_API_KEY", key: true},
	{name: "ANTHROPIC_AUTH_TOKEN", key: true},
	{name: "CLAUDE_CODE_OAUTH_TOKEN", key: true},
	{name: "ANTHROPIC_BASE_URL"},
	{name: "ANTHROPIC_CUSTOM_HEADERS"},
	{name: "ANTHROPIC_MODEL"},
	{name: "ANTHROPIC_SMALL_FAST_MODEL"},
	{name: "ANTHROPIC_DEFAULT_HAIKU_MODEL"},
	{name: "ANTHROPIC_DEFAULT_SONNET_MODEL"},
	{name: "ANTHROPIC_DEFAULT_OPUS_MODEL"},
	{name: "API_TIMEOUT_MS"},
	{name: "CLAUDE_CODE_USE_BEDROCK"},
	{name: "ANTHROPIC_BEDROCK_BASE_URL", with: "CLAUDE_CODE_USE_BEDROCK"},
	{name: "CLAUDE_CODE_SKIP_BEDROCK_AUTH", with: "CLAUDE_CODE_USE_BEDROCK", key: true},
	{name: "AWS_REGION", with: "CLAUDE_CODE_USE_BEDROCK"},
	{name: "AWS_BEARER_TOKEN_BEDROCK", with: "CLAUDE_CODE_USE_BEDROCK", key: true},
	{name: "AWS_ACCESS_KEY_ID", with: "CLAUDE_CODE_USE_BEDROCK"},
	{name: "AWS_SECRET_ACCESS_KEY", with: "CLAUDE_CODE_USE_BEDROCK", key: true},
	{name: "AWS_SESSION_TOKEN", with: "CLAUDE_CODE_USE_BEDROCK"},
	{name: "CLAUDE_CODE_USE_VERTEX"},
	{name: "ANTHROPIC_VERTEX_BASE_URL", with: "CLAUDE_CODE_USE_VERTEX"},
	{name: "ANTHROPIC_VERTEX_PROJECT_ID", with: "CLAUDE_CODE_USE_VERTEX"},
	{name: "CLAUDE_CODE_SKIP_VERTEX_AUTH", with: "CLAUDE_CODE_USE_VERTEX", key: true},
	{name: "CLOUD_ML_REGION", with: "CLAUDE_CODE_USE_VERTEX"},
	{name: "CLAUDE_CODE_USE_FOUNDRY"},
	{name: "ANTHROPIC_FOUNDRY_BASE_URL", with: "CLAUDE_CODE_USE_FOUNDRY"},
	{name: "ANTHROPIC_FOUNDRY_RESOURCE", with: "CLAUDE_CODE_USE_FOUNDRY"},
	{name: "ANTHROPIC_FOUNDRY_API_KEY", with: "CLAUDE_CODE_USE_FOUNDRY", key: true},
}

// AgentVariables are the variables that a check of an agent passes to its
// sandbox, of those that get knows.
func AgentVariables(get func(string) string) map[string]string {
	given := map[string]string{}
	for _, v := range claudeVariables {
		if value := get(v.name); value != "" && (v.with == "" || get(v.with) != "") {
			given[v.name] = value
		}
	}
	return given
}

// hasKey reports whether something among the variables lets an agent in.
func hasKey(given map[string]string) bool {
	return slices.ContainsFunc(claudeVariables, func(v agentVariable) bool { return v.key && given[v.name] != "" })
}

// reported reads what the script of a built-in kind printed.
func reported(code int, stdout, stderr *tail) outcome {
	said := map[string][]string{}
	for line := range strings.Lines(stdout.String()) {
		if word, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			said[word] = append(said[word], text)
		}
	}
	found, wrong, skipped := said["e2bt:found"], said["e2bt:wrong"], said["e2bt:skipped"]
	switch {
	case len(wrong) > 0:
		return outcome{complaint: strings.Join(wrong, "\n")}
	case code != 0:
		return outcome{complaint: fmt.Sprintf("the check itself failed, exit code %d%s", code, quoteOutput(stdout, stderr))}
	case len(skipped) > 0:
		return outcome{skipped: true, detail: strings.Join(append(found, skipped...), ", ")}
	}
	return outcome{detail: strings.Join(found, ", ")}
}
