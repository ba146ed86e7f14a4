package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/e2bt/e2bt/builder"
)

// planFile is a plan that was written down: what to build, and how things
// stood. It holds no values of variables, which may be secret: they are given
// again, and show in the fingerprints.
type planFile struct {
	Kind      string            `json:"e2bt_plan"` // its version
	Paths     []string          `json:"paths"`
	Endpoint  string            `json:"endpoint,omitempty"` // "" : an offline plan
	Templates []plannedTemplate `json:"templates"`
}

type plannedTemplate struct {
	Address     string         `json:"address"`
	Action      builder.Action `json:"action"`
	Fingerprint string         `json:"fingerprint"`
}

const (
	planKind    = "1"
	maxPlanFile = 64 << 20
)

// planStart is how a plan file begins, so that it is told from a configuration.
var planStart = []byte(`{"e2bt_plan":`)

func (a *app) savePlan(flags planFlags, paths []string, plan *builder.Plan) error {
	out := planFile{Kind: planKind, Paths: paths, Templates: []plannedTemplate{}}
	if !flags.offline {
		out.Endpoint = a.planEndpoint()
	}
	for _, t := range plan.Templates {
		out.Templates = append(out.Templates, plannedTemplate{t.Address, t.Action, t.Fingerprint})
	}
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	if err := os.WriteFile(a.resolve(flags.out), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// planEndpoint says where a plan was compared.
func (a *app) planEndpoint() string {
	if a.local {
		return "local"
	}
	return "remote"
}

// readPlan reads the plan file that paths name; nil where they name none.
func (a *app) readPlan(paths []string) (*planFile, error) {
	if len(paths) != 1 {
		return nil, nil
	}
	path := a.resolve(paths[0])
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, nil // whoever reads the configuration says what is wrong
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	defer file.Close()
	head := make([]byte, len(planStart))
	if _, err := io.ReadFull(file, head); err != nil || !bytes.Equal(head, planStart) {
		return nil, nil
	}
	p := new(planFile)
	rest := io.MultiReader(bytes.NewReader(head), io.LimitReader(file, maxPlanFile))
	if err := json.NewDecoder(rest).Decode(p); err != nil {
		return nil, exitWith(exitConfig, fmt.Errorf("reading the plan %s: %w", paths[0], err))
	}
	if p.Kind != planKind {
		return nil, exitWith(exitConfig, fmt.Errorf("the plan %s is of another version of e2bt: make it again", paths[0]))
	}
	return p, nil
}

func (p *planFile) addresses() []string {
	out := make([]string, len(p.Templates))
	for i, t := range p.Templates {
		out[i] = t.Address
	}
	return out
}

// holds reports what has moved since the plan was made.
func (p *planFile) holds(plan *builder.Plan, at *endpoint) error {
	if p == nil {
		return nil
	}
	now := map[string]*builder.Template{}
	for _, t := range plan.Templates {
		now[t.Address] = t
	}
	for _, t := range p.Templates {
		is := now[t.Address]
		switch {
		case is == nil:
			return moved(t.Address, "it is not in the configuration any more")
		case is.Fingerprint != t.Fingerprint:
			return moved(t.Address, "its definition, its files or a variable is not what it was")
		case p.Endpoint != "" && (p.Endpoint == "local") != (at.url == "local"):
			return moved(t.Address, "it was compared with another endpoint")
		case p.Endpoint != "" && is.Action != t.Action:
			return moved(t.Address, fmt.Sprintf("the plan said %s, now it is %s", t.Action, is.Action))
		}
	}
	if len(plan.Templates) != len(p.Templates) {
		return moved("the configuration", "it has other templates")
	}
	return nil
}

func moved(what, why string) error {
	return errors.New("the plan no longer holds: " + what + ": " + why + ". Make it again with e2bt plan --out")
}
