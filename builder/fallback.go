package builder

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/mirrors"
)

// Cause is what a diagnosis says of a failure that another source of packages
// may cure.
type Cause struct {
	Tool     string // the package manager, where it is known
	Missing  bool   // something is said not to exist
	Why      string // in a few words
	Evidence string // the lines of the log that say so
	Vague    bool   // it need not be the source's fault, unless the evidence names it
}

// Source says where one ecosystem was installed from in one batch.
type Source struct {
	Batch     string
	Ecosystem string
	From      string // a host, or several where the tool itself goes on to the next
}

// Switch is one ecosystem that is installed from somewhere else, or a base image
// that is pulled from there, since where it came from before has failed.
type Switch struct {
	Ecosystem string `json:"ecosystem"` // "images" for a base image
	From      string `json:"from"`
	To        string `json:"to"`
}

func (s Switch) String() string { return s.Ecosystem + " from " + s.To + " instead of " + s.From }

func switchText(all []Switch) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = s.String()
	}
	return strings.Join(parts, ", ")
}

// sources follows through the attempts to build one template where packages
// come from.
type sources struct {
	planned  *Template
	switches map[int]*mirrors.Profile // by the planned step before which they are made
	tried    map[string]map[int]bool  // by ecosystem: candidates, the tool's default being one more
	images   []string                 // where the base image is still to be looked for; the last is the official place
}

func newSources(t *Template) *sources {
	s := &sources{planned: t, switches: map[int]*mirrors.Profile{}, tried: map[string]map[int]bool{}, images: []string{t.PullImage}}
	if t.PullImage != "" {
		for _, other := range t.profile.Image(t.FromImage)[1:] {
			s.images = append(s.images, Pinned(other, t.digest))
		}
		s.images = append(s.images, "")
	}
	return s
}

// template is the plan with the switches that have been made: each is a step
// of its own before the batch that failed, so that what is before it stays
// cached. The fingerprint is the plan's, since the result is the same.
func (s *sources) template() *Template {
	if len(s.switches) == 0 && s.images[0] == s.planned.PullImage {
		return s.planned
	}
	t := *s.planned
	t.Steps, t.PullImage = nil, s.images[0]
	for i, step := range s.planned.Steps {
		if p := s.switches[i]; p != nil {
			change := prologue(s.planned, p)
			change.Reason = "another source, since this batch failed with the one before"
			t.Steps = append(t.Steps, change)
		}
		step.planned = i + 1
		t.Steps = append(t.Steps, step)
	}
	t.number()
	return &t
}

// at is the profile that is in force in the planned step i.
func (s *sources) at(i int) *mirrors.Profile {
	p := s.planned.profile
	for _, before := range slices.Sorted(maps.Keys(s.switches)) {
		if before <= i {
			p = s.switches[before]
		}
	}
	return p
}

// elsewhere makes the switch that may cure f, and says what it changes: nothing
// where there is none, or none is left.
func (s *sources) elsewhere(f Failure, cause Cause) []Switch {
	if s.planned.profile == nil || f.Step == nil || f.Step.Config.Batch == nil || f.GaveUp {
		return nil
	}
	i := f.Step.place() - 1
	p := s.at(i)
	var made []Switch
	for _, e := range concerned(p, f.Step.Config.Batch, cause) {
		current := len(p.All(e.Name)) - len(p.Candidates(e.Name))
		next, ok := s.next(p, e, current, cause.Missing)
		if !ok {
			continue
		}
		one := Switch{Ecosystem: orDefault(e.Group, e.Name), From: place(p, e), To: place(p.From(e.Name, next), e)}
		if !slices.Contains(made, one) { // Debian and Ubuntu are both apt
			made = append(made, one)
		}
		p = p.From(e.Name, next)
	}
	if len(made) > 0 {
		s.switches[i] = p
	}
	return made
}

// place is the step's Index in the plan, whatever was put before it since.
func (s Step) place() int { return orDefault(s.planned, s.Index) }

// next picks the candidate to try after the current one has failed: the next in
// order, the official source last. What two mirrors say is missing is asked of
// the official source, which knows; and a tool that goes from one candidate to
// the next by itself has tried all others.
func (s *sources) next(p *mirrors.Profile, e mirrors.Ecosystem, current int, missing bool) (int, bool) {
	upstream := len(p.All(e.Name))
	if s.tried[e.Name] == nil {
		s.tried[e.Name] = map[int]bool{}
	}
	tried := s.tried[e.Name]
	tried[current] = true
	if current == upstream && missing {
		return 0, false
	}
	if (missing && len(tried) > 1 || e.Native != "") && !tried[upstream] {
		tried[upstream] = true
		return upstream, true
	}
	for i := range upstream + 1 {
		if !tried[i] && e.Native == "" {
			tried[i] = true
			return i, true
		}
	}
	return 0, false
}

// concerned lists the ecosystems of p that a failure in a batch is about: those
// of the tool that failed, else those whose mirror the log names, else those of
// the batch where it uses but one tool.
func concerned(p *mirrors.Profile, b *config.Batch, cause Cause) []mirrors.Ecosystem {
	if found := p.Serving(cause.Tool); len(found) > 0 && !cause.Vague {
		return found
	}
	tools := used(p, b)
	named := slices.DeleteFunc(slices.Clone(tools), func(e mirrors.Ecosystem) bool {
		list := p.Candidates(e.Name)
		if len(list) == 0 {
			return true
		}
		name, _, _ := strings.Cut(host(list[0].URL), ":") // logs say the port apart
		return !strings.Contains(cause.Evidence, name)
	})
	if len(named) > 0 {
		return named
	}
	groups := map[string]bool{}
	for _, e := range tools {
		groups[orDefault(e.Group, e.Name)] = true
	}
	if cause.Tool == "" && len(groups) == 1 && !cause.Vague {
		return tools
	}
	return nil
}

var word = regexp.MustCompile(`[A-Za-z0-9_-]+`)

// used lists the ecosystems of p whose tools a batch names: in its lists, or in
// its commands.
func used(p *mirrors.Profile, b *config.Batch) []mirrors.Ecosystem {
	names := map[string]bool{}
	for _, in := range b.Installs {
		names[in.Manager] = true
	}
	for _, line := range b.Run {
		for _, w := range word.FindAllString(line.Text, -1) {
			names[alias(w)] = true
		}
	}
	var out []mirrors.Ecosystem
	for _, e := range mirrors.Ecosystems() {
		if len(p.All(e.Name)) > 0 && slices.ContainsFunc(e.Tools, func(t string) bool { return names[t] }) {
			out = append(out, e)
		}
	}
	return out
}

// alias is the name of a tool behind that of a command.
func alias(command string) string {
	switch command {
	case "apt-get":
		return "apt"
	case "pip3":
		return "pip"
	case "npx":
		return "npm"
	case "bundler":
		return "bundle"
	}
	return command
}

const official = "the official source"

// place says where an ecosystem is installed from, for people.
func place(p *mirrors.Profile, e mirrors.Ecosystem) string {
	list := p.Candidates(e.Name)
	if len(list) == 0 {
		return official
	}
	return host(list[0].URL)
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return u.Host
}

// elsewhere asks what a failure was, and makes the switch that may cure it.
func (r *Runner) elsewhere(ctx context.Context, from *sources, f Failure) bool {
	if ctx.Err() != nil || f.GaveUp {
		return false
	}
	if f.Step == nil {
		return f.Phase == "base" && r.otherImage(from, f)
	}
	if r.Elsewhere == nil {
		return false
	}
	r.emitting.Lock()
	cause, ok := r.Elsewhere(f)
	r.emitting.Unlock()
	if !ok {
		return false
	}
	change := from.elsewhere(f, cause)
	if len(change) == 0 {
		return false
	}
	r.emit(Event{Type: EventRetry, Template: from.planned.Name, Index: f.Step.Index, Batch: f.Step.Batch, Switched: change,
		Message: fmt.Sprintf("%s: building again with %s", cause.Why, switchText(change))})
	return true
}

// otherImage goes on to the next place that has the base image.
func (r *Runner) otherImage(from *sources, f Failure) bool {
	if len(from.images) < 2 {
		return false
	}
	was, next := from.images[0], orDefault(from.images[1], from.planned.FromImage)
	from.images = from.images[1:]
	r.emit(Event{Type: EventRetry, Template: from.planned.Name, Switched: []Switch{{"images", registryHost(was), registryHost(next)}},
		Message: fmt.Sprintf("%s cannot be pulled: building again from %s", was, next)})
	return true
}

// registryHost is the registry of an image's name: a first part that can be no
// folder of the default one's.
func registryHost(image string) string {
	first, _, more := strings.Cut(image, "/")
	if more && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return first
	}
	return official
}

// served lists where each batch was installed from. The parts of a group, such
// as Debian and Ubuntu, are one: an image has one of them.
func (s *sources) served() []Source {
	var out []Source
	for i, step := range s.planned.Steps {
		if step.Config.Batch == nil || s.planned.profile == nil {
			continue
		}
		p := s.at(i)
		for _, e := range used(p, step.Config.Batch) {
			from := Source{step.Batch, orDefault(e.Group, e.Name), place(p, e)}
			if list := p.Candidates(e.Name); e.Native != "" {
				for _, c := range list[min(1, len(list)):] {
					from.From += ", " + host(c.URL)
				}
			}
			if !slices.Contains(out, from) {
				out = append(out, from)
			}
		}
	}
	return out
}
