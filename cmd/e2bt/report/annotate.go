package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// maxAnnotations is how many GitHub shows of one step.
const maxAnnotations = 10

var (
	commandText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// Annotate writes the most important problems as workflow commands of GitHub,
// which shows them on the author's lines.
func (r *Run) Annotate(w io.Writer) error {
	all := r.Ranked()
	for _, p := range all[:min(len(all), maxAnnotations)] {
		if _, err := io.WriteString(w, annotation(p)); err != nil {
			return err
		}
	}
	return nil
}

func annotation(p Problem) string {
	command := "error"
	if p.Warning {
		command = "warning"
	}
	var properties []string
	add := func(name, value string) {
		properties = append(properties, name+"="+commandProperty.Replace(value))
	}
	if p.Place.File != "" {
		add("file", p.Place.File)
		add("line", fmt.Sprint(p.Place.Line))
		add("endLine", fmt.Sprint(p.Place.EndLine))
		if p.Place.Line == p.Place.EndLine { // else GitHub ignores them
			add("col", fmt.Sprint(p.Place.Col))
			add("endColumn", fmt.Sprint(p.Place.EndCol))
		}
	}
	text := p.Advice
	if text == "" {
		text = p.Title
	} else {
		add("title", p.Title)
	}
	if len(properties) > 0 {
		command += " " + strings.Join(properties, ",")
	}
	return "::" + command + "::" + commandText.Replace(text) + "\n"
}

type quality struct {
	Description string          `json:"description"`
	CheckName   string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"`
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string       `json:"path"`
	Lines qualityLines `json:"lines"`
}

type qualityLines struct {
	Begin int `json:"begin"`
}

var severities = map[Kind]string{KindMistake: "blocker", KindBuild: "critical", KindError: "critical", KindCheck: "major"}

// CodeQuality writes the problems that have a place as GitLab's report of that
// name. A problem keeps its fingerprint when it moves.
func (r *Run) CodeQuality(w io.Writer) error {
	out, seen := []quality{}, map[string]int{}
	for _, p := range r.Ranked() {
		if p.Place.File == "" {
			continue
		}
		q := quality{
			Description: p.Title, CheckName: "e2bt/" + string(p.Kind), Severity: severities[p.Kind],
			Location: qualityLocation{p.Place.File, qualityLines{p.Place.Line}},
		}
		if p.Finding.Category != "" {
			q.CheckName = "e2bt/" + string(p.Finding.Category)
		}
		if p.Finding.Summary != "" {
			q.Description += ": " + p.Finding.Summary
		}
		if p.Warning {
			q.Severity = "minor"
		}
		what := strings.Join([]string{q.CheckName, q.Location.Path, p.Template, p.Batch, p.Check, p.Phase, p.Title, p.Finding.Subject}, "\x00")
		seen[what]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", what, seen[what]))
		q.Fingerprint = hex.EncodeToString(sum[:16])
		out = append(out, q)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
