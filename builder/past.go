package builder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/e2bt/e2bt/mirrors"
)

// Past is what the last promoted build of a template was made of, as far as a
// later plan needs it to say what has changed. It holds digests of texts, not
// the texts, which may be secret.
type Past struct {
	Template string     `json:"template"` // its name
	BuildID  string     `json:"build_id"`
	Endpoint string     `json:"endpoint"`
	Built    time.Time  `json:"built"`
	From     string     `json:"from"`           // image or template
	Base     string     `json:"base,omitempty"` // the endpoint's key of the base layer; "" : it said none
	Steps    []PastStep `json:"steps"`
	Seconds  float64    `json:"seconds"` // beside the steps: base, start, checks
}

// PastStep is one step of a Past.
type PastStep struct {
	Digest   string            `json:"digest"` // over type, arguments and files
	Label    string            `json:"label"`
	Packages map[string]string `json:"packages,omitempty"` // "pip httpx" to "0.27.0", or to "" without a version
	Files    map[string]string `json:"files,omitempty"`    // path to a digest of content, mode or target
	Seconds  float64           `json:"seconds"`
}

// digest covers what decides a step's result.
func (s Step) digest() string {
	text, err := json.Marshal([]any{s.Type, s.Args, s.FilesHash})
	if err != nil {
		panic(err) // strings alone
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Definitions are digests by step, each over all that decides its result: the
// base, and the steps up to it.
func (t *Template) Definitions() []string {
	chain := t.from()
	if t.Parent != nil {
		chain += "\x00" + t.Parent.Fingerprint
	}
	out := make([]string, len(t.Steps))
	for i, s := range t.Steps {
		sum := sha256.Sum256([]byte(chain + "\x00" + s.digest()))
		chain = hex.EncodeToString(sum[:])
		out[i] = chain[:16]
	}
	return out
}

// packages lists what a batch installs, by manager and name.
func (s Step) packages() map[string]string {
	if s.Config.Batch == nil {
		return nil
	}
	out := map[string]string{}
	for _, in := range s.Config.Batch.Installs {
		for _, p := range in.Packages {
			out[in.Manager+" "+p.Name] = p.Version
		}
	}
	return out
}

func (t *Template) from() string {
	if t.FromImage != "" {
		return t.FromImage
	}
	return "template " + t.FromTemplate
}

// past makes the Past of a build of t. What a cached step took is not known
// from this build, but it may be from the one before.
func (t *Template) past(before *Past, buildID string, seconds map[int]float64) *Past {
	took := map[string]float64{}
	if before != nil {
		for _, s := range before.Steps {
			took[s.Digest] = s.Seconds
		}
	}
	p := &Past{Template: t.Name, BuildID: buildID, From: t.from(), Steps: []PastStep{}}
	for _, s := range t.Steps {
		step := PastStep{Digest: s.digest(), Label: s.Label(), Packages: s.packages()}
		step.Seconds = took[step.Digest]
		if now, ok := seconds[s.Index]; ok {
			step.Seconds = max(now, 0.001) // 0: not known
		}
		if s.Tree != nil {
			step.Files = s.Tree.Digests()
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

// lockedPast is what a lock file knows of the build that it describes. Which
// files of a COPY changed and how long steps took it does not, and it has no
// steps for mirrors: those of t stand for them.
func (t *Template) lockedPast(entry *Locked) *Past {
	p := &Past{Template: t.Name, BuildID: entry.BuildID, From: entry.Base.Image}
	if entry.Base.Template != "" {
		p.From = "template " + entry.Base.Template
	}
	left := entry.Steps
	for _, s := range t.Steps {
		switch {
		case s.Mirror():
			p.Steps = append(p.Steps, PastStep{Digest: s.digest(), Label: s.Label()})
		case len(left) > 0:
			p.Steps = append(p.Steps, left[0].past(s))
			left = left[1:]
		}
	}
	for _, l := range left {
		p.Steps = append(p.Steps, l.past(Step{}))
	}
	return p
}

// past is a locked step as a PastStep; now is the step that is in its place.
func (l LockedStep) past(now Step) PastStep {
	p := PastStep{Digest: strings.TrimPrefix(l.Digest, "sha256:"), Packages: map[string]string{}}
	switch {
	case l.Batch != "":
		p.Label = l.Batch
	case l.From != "":
		p.Label = "copy " + l.From
	case now.Type == l.Type:
		p.Label = now.Label()
	default:
		p.Label = l.Type
	}
	for manager, list := range l.Packages {
		m, ok := mirrors.LookupManager(manager)
		if !ok {
			continue
		}
		for _, text := range list {
			name, version := m.Split(text)
			p.Packages[manager+" "+name] = version
		}
	}
	return p
}

// hide takes secrets out of the texts.
func (p *Past) hide(hide func(string) string) {
	p.From = hide(p.From)
	for i := range p.Steps {
		p.Steps[i].Label = hide(p.Steps[i].Label)
		for name, version := range p.Steps[i].Packages {
			if hide(name+version) != name+version {
				delete(p.Steps[i].Packages, name)
			}
		}
	}
}

func pastPath(dir, template string) string {
	return filepath.Join(dir, "last", strings.NewReplacer("/", "_", ":", "_").Replace(template)+".json")
}

func (p *Past) write(dir string) error {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings, numbers and times alone
	}
	return writeFile(pastPath(dir, p.Template), append(text, '\n'))
}

// ReadPast reads what the last promoted build of a template was made of, nil
// where nothing is known.
func ReadPast(dir, template string) (*Past, error) {
	text, err := os.ReadFile(pastPath(dir, template))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what was built last: %w", err)
	}
	p := new(Past)
	if json.Unmarshal(text, p) != nil || p.Template != template {
		return nil, nil // another version's, or torn: as good as none
	}
	return p, nil
}

// writeFile replaces a file as a whole, so that a crash leaves the old one or
// the new one.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", text, 0o644); err != nil {
		return errors.Join(err, os.Remove(path+".tmp"))
	}
	return os.Rename(path+".tmp", path)
}
