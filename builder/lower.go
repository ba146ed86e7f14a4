package builder

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder/archive"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
)

// Scan reads the files of a COPY: what is sent, and its key.
type Scan func(dir string, c *config.Copy) (*archive.Tree, string, error)

// buildContext is what E2B carries from step to step. An empty workdir means
// the home of whoever runs. What is inherited from a template that only the
// endpoint knows is empty, too, and not known.
type buildContext struct {
	user      string
	workdir   string
	inherited bool
}

// goHome is what a user who takes over from root does first, so that he starts
// where a step of his own would.
func (c buildContext) goHome() string {
	switch {
	case c.workdir != "":
		return ""
	case c.inherited:
		return `if [ "$PWD" = /root ]; then cd; fi` // root's home: no workdir was set
	}
	return "cd"
}

// lowering turns one template into steps.
type lowering struct {
	dir   string
	ctx   buildContext
	scan  Scan
	steps []Step
	diags hcl.Diagnostics
}

// lower makes the plan of t; parent is the plan of what it is based on, if
// that is of the same configuration.
func lower(t *config.Template, parent *Template, scan Scan) (*Template, hcl.Diagnostics) {
	out := &Template{
		Address: t.Address, Name: t.Name, Action: ActionUnknown, Mirror: orDefault(t.Mirror, "none"),
		CPUCount: orDefault(t.CPUCount, defaultCPUCount), MemoryMB: orDefault(t.MemoryMB, defaultMemoryMB),
		Config: t, Parent: parent,
	}
	l := &lowering{dir: t.Dir, ctx: buildContext{user: DefaultUser}, scan: scan, steps: []Step{}}
	switch {
	case parent != nil:
		out.FromTemplate, l.ctx = parent.Name, parent.out
	case t.Base.External != "":
		out.FromTemplate, l.ctx = t.Base.External, buildContext{inherited: true}
	default:
		out.FromImage = orDefault(t.Base.Image, DefaultImage)
	}
	for _, step := range t.Base.Steps {
		l.step(step)
	}
	l.set(&config.Set{Env: t.Env, User: t.User, Workdir: t.Workdir, Range: t.Range})
	for _, step := range t.Steps {
		l.step(step)
	}
	if t.Cleanup != nil {
		l.cleanup(t.Cleanup)
	}
	if t.Start != nil {
		out.StartCmd, out.ReadyCmd = t.Start.Command, readyCommand(t.Start.Ready)
	}
	out.Steps, out.out = append([]Step{}, l.steps...), l.ctx // never null in JSON
	out.Fingerprint = fingerprint(out)
	return out, append(l.diags, warnings(out)...)
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func (l *lowering) add(s Step) {
	s.Index, s.Cache, s.Range = len(l.steps)+1, cacheUnknown, s.Source.String()
	l.steps = append(l.steps, s)
}

func (l *lowering) step(s config.Step) {
	switch {
	case s.Batch != nil:
		l.batch(s.Batch)
	case s.Copy != nil:
		l.copy(s.Copy)
	case s.Set != nil:
		l.set(s.Set)
	}
}

// set lowers env, user and workdir. The user comes before the workdir, since
// a workdir that is not there is made for the current user.
func (l *lowering) set(s *config.Set) {
	if len(s.Env) > 0 {
		var args []string
		for _, key := range slices.Sorted(maps.Keys(s.Env)) {
			args = append(args, key, s.Env[key])
		}
		l.add(Step{Type: "ENV", Args: args, Source: s.Range})
	}
	if s.User != "" && s.User != l.ctx.user {
		l.ctx.user = s.User
		l.add(Step{Type: "USER", Args: []string{s.User}, Source: s.Range})
	}
	if s.Workdir != "" && (s.Workdir != l.ctx.workdir || !path.IsAbs(s.Workdir)) {
		l.ctx.workdir = s.Workdir
		l.add(Step{Type: "WORKDIR", Args: []string{s.Workdir}, Source: s.Range})
	}
}

func (l *lowering) batch(b *config.Batch) {
	before, after, env := hold(b)
	s := &script{env: env, workdir: b.Workdir}
	s.add("root", before...)
	prepared := map[string]bool{}
	for _, in := range b.Installs {
		m, _ := mirrors.LookupManager(in.Manager)
		user := orDefault(in.User, orDefault(b.User, orDefault(m.User, "root")))
		s.add(user, installLines(in, prepared)...)
	}
	for _, line := range b.Run {
		s.add(orDefault(b.User, l.ctx.user), command(line)...)
	}
	s.add("root", after...)
	if len(s.parts) == 0 {
		return
	}
	text, user := s.text(l.ctx.goHome())
	step := l.run(withTimeout(text, b.Timeout), user, b.Name, b.Range)
	step.TimeoutS = int((b.Timeout + time.Second - 1) / time.Second)
	step.Config = config.Step{Batch: b}
	l.add(step)
}

// command is a line of the author's as bash wants it: no line ends of Windows,
// none at its end, and nothing at all where it is blank.
func command(line config.Line) []string {
	text := strings.TrimRight(strings.ReplaceAll(line.Text, "\r\n", "\n"), "\r\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return []string{text}
}

// run makes a RUN; the user is said only where it is not the current one.
func (l *lowering) run(text, user, batch string, at hcl.Range) Step {
	args := []string{text}
	if user != l.ctx.user {
		args = append(args, user)
	}
	return Step{Type: "RUN", Args: args, Batch: batch, Source: at}
}

// envFile is where people keep the API key.
const envFile = ".env"

func (l *lowering) copy(c *config.Copy) {
	tree, key, err := l.scan(l.dir, c)
	at := c.FromPos
	if err != nil {
		l.diags = append(l.diags, unreadable(c, err))
	}
	if secret, ok := tree.Named(envFile); ok && path.Base(c.From) != envFile {
		l.diags = append(l.diags, &hcl.Diagnostic{
			Severity: hcl.DiagWarning, Summary: "A file of secrets is copied", Subject: &at,
			Detail: fmt.Sprintf("%s is copied along, and whoever can start a sandbox of this template can read it. Leave it out with a line **/%s in .dockerignore, or name it as from where it is meant.", secret, envFile),
		})
	}
	l.add(Step{
		Type: "COPY", Args: []string{c.From, c.To, c.User, c.Mode}, FilesHash: key,
		Source: c.Range, Config: config.Step{Copy: c}, Tree: tree,
	})
}

func (l *lowering) cleanup(c *config.Cleanup) {
	s := &script{}
	for _, name := range c.Managers {
		m, _ := mirrors.LookupManager(name)
		s.add("root", m.Cleanup)
	}
	if len(c.Paths) > 0 {
		words := make([]string, len(c.Paths))
		for i, p := range c.Paths {
			words[i] = quoteGlob(p)
		}
		s.add("root", "rm -rf -- "+strings.Join(words, " "))
	}
	for _, line := range c.Run {
		s.add("root", command(line)...)
	}
	if len(s.parts) == 0 {
		return
	}
	text, user := s.text("")
	l.add(l.run(text, user, "cleanup", c.Range))
}

// readyCommand writes a probe as the command that E2B polls. The port probe
// needs nothing but bash.
func readyCommand(r *config.Ready) string {
	switch {
	case r == nil:
		return ""
	case r.Port != 0:
		return fmt.Sprintf("(: </dev/tcp/127.0.0.1/%d) 2>/dev/null || (: </dev/tcp/::1/%d) 2>/dev/null", r.Port, r.Port)
	case r.URL != "":
		return fmt.Sprintf("[ \"$(curl -s -o /dev/null -m 10 -w '%%{http_code}' %s)\" = %d ]", quote(r.URL), orDefault(r.Status, 200))
	case r.Process != "":
		return "pgrep " + quote(r.Process) + " >/dev/null"
	case r.File != "":
		return "[ -e " + quote(r.File) + " ]"
	case r.Delay != 0:
		return "sleep " + seconds(r.Delay)
	}
	return r.Command
}
