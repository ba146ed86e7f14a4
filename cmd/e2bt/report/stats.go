package report

import (
	"slices"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

// TemplateStats is how one template fared over time.
type TemplateStats struct {
	Template   string            `json:"template"`
	Builds     int               `json:"builds"` // that ended ready or failed
	Ready      int               `json:"ready"`
	Rate       float64           `json:"success_rate"` // of the builds; 0 without any
	MedianS    float64           `json:"median_s"`     // of those that were ready
	CheckRuns  int               `json:"check_runs"`
	CheckOK    int               `json:"check_runs_ok"`
	LastStatus builder.Status    `json:"last_status"`
	LastTime   time.Time         `json:"last_time"`
	LastCause  diagnose.Category `json:"last_category,omitempty"`
}

// BatchStats is a batch that failed and then passed, with nothing changed that
// decides its result.
type BatchStats struct {
	Template   string              `json:"template"`
	Batch      string              `json:"batch"`
	Ran        int                 `json:"ran"` // attempts
	Failed     int                 `json:"failed"`
	Categories []diagnose.Category `json:"categories"`
	Last       time.Time           `json:"last"` // when it passed after failing
}

// MirrorStats is a source of packages that served some batches and failed
// others.
type MirrorStats struct {
	Ecosystem string    `json:"ecosystem"`
	From      string    `json:"from"`
	Served    int       `json:"served"` // batches
	Failed    int       `json:"failed"`
	Last      time.Time `json:"last"` // when it failed
}

// Stats is what the history says.
type Stats struct {
	Version   int             `json:"version"`
	Templates []TemplateStats `json:"templates"`
	Batches   []BatchStats    `json:"flaky_batches"`
	Mirrors   []MirrorStats   `json:"flaky_mirrors"`
}

// Count sums up entries, which are in the order of time.
func Count(entries []Entry) Stats {
	out := Stats{Version: 1, Templates: []TemplateStats{}, Batches: flakyBatches(entries), Mirrors: flakyMirrors(entries)}
	byName := map[string][]Entry{}
	for _, e := range entries {
		byName[e.Template] = append(byName[e.Template], e)
	}
	for name, all := range byName {
		out.Templates = append(out.Templates, countTemplate(name, all))
	}
	slices.SortFunc(out.Templates, func(a, b TemplateStats) int { return strings.Compare(a.Template, b.Template) })
	return out
}

func countTemplate(name string, all []Entry) TemplateStats {
	last := all[len(all)-1]
	s := TemplateStats{Template: name, LastStatus: last.Status, LastTime: last.Time, LastCause: last.Category}
	var took []float64
	for _, e := range all {
		ended := e.Status == builder.StatusReady || e.Status == builder.StatusError || e.Status == builder.StatusTimeout
		switch {
		case !ended:
		case e.Command == "check":
			s.CheckRuns++
			if e.Status == builder.StatusReady {
				s.CheckOK++
			}
		default:
			s.Builds++
			if e.Status == builder.StatusReady {
				s.Ready++
				took = append(took, e.Seconds)
			}
		}
	}
	if s.Builds > 0 {
		s.Rate = float64(s.Ready) / float64(s.Builds)
	}
	s.MedianS = median(took)
	return s
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// usual is the median time of the earlier runs of this command that were ready,
// by template.
func (r *Run) usual() map[string]float64 {
	took := map[string][]float64{}
	for _, e := range r.Past {
		if e.Command == r.Command && e.Status == builder.StatusReady {
			took[e.Template] = append(took[e.Template], e.Seconds)
		}
	}
	return medians(took)
}

func medians(took map[string][]float64) map[string]float64 {
	out := map[string]float64{}
	for name, all := range took {
		out[name] = median(all)
	}
	return out
}

// flakyBatches finds the batches that failed and then passed: in one run, or in
// a later one with the same digest.
func flakyBatches(entries []Entry) []BatchStats {
	type definition struct{ template, batch, digest string }
	type name struct{ template, batch string }
	open := map[definition]bool{} // failed, and not passed since
	stats := map[name]*BatchStats{}
	for _, e := range entries {
		for _, b := range e.Batches {
			key := definition{e.Template, b.Name, b.Digest}
			s := stats[name{e.Template, b.Name}]
			if s == nil {
				s = &BatchStats{Template: e.Template, Batch: b.Name}
				stats[name{e.Template, b.Name}] = s
			}
			s.add(b)
			if cured := b.OK && !b.Cached && (open[key] || b.Attempts > 1 && b.Category != ""); cured {
				s.Last = e.Time
			}
			open[key] = !b.OK && b.Category != "" || open[key] && !b.OK
		}
	}
	out := []BatchStats{}
	for _, s := range stats {
		if !s.Last.IsZero() {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b BatchStats) int {
		return strings.Compare(a.Template+"\x00"+a.Batch, b.Template+"\x00"+b.Batch)
	})
	return out
}

// add counts the attempts of one run.
func (s *BatchStats) add(b BatchEntry) {
	s.Ran += b.Attempts
	failed := b.Attempts
	if b.OK && !b.Cached {
		failed--
	}
	if b.Category == "" {
		failed = 0
	}
	s.Failed += failed
	if b.Category != "" && !slices.Contains(s.Categories, b.Category) {
		s.Categories = append(s.Categories, b.Category)
	}
}

// ofSources are the categories that are the fault of where packages come from.
var ofSources = []diagnose.Category{diagnose.Network, diagnose.TLS, diagnose.ServiceUnavailable, diagnose.RateLimited, diagnose.Integrity}

// flakyMirrors finds the sources that failed and, at another time, served.
func flakyMirrors(entries []Entry) []MirrorStats {
	type key struct{ ecosystem, from string }
	stats := map[key]*MirrorStats{}
	at := func(ecosystem, from string) *MirrorStats {
		k := key{ecosystem, from}
		if stats[k] == nil {
			stats[k] = &MirrorStats{Ecosystem: ecosystem, From: from}
		}
		return stats[k]
	}
	for _, e := range entries {
		for _, s := range e.GivenUp {
			m := at(s.Ecosystem, s.From)
			m.Failed, m.Last = m.Failed+1, e.Time
		}
		for _, b := range e.Batches {
			for _, s := range b.Sources {
				m := at(s.Ecosystem, s.From)
				switch {
				case b.Cached:
				case b.OK:
					m.Served++
				case slices.Contains(ofSources, b.Category):
					m.Failed, m.Last = m.Failed+1, e.Time
				}
			}
		}
	}
	out := []MirrorStats{}
	for _, m := range stats {
		if m.Failed > 0 && m.Served > 0 {
			out = append(out, *m)
		}
	}
	slices.SortFunc(out, func(a, b MirrorStats) int {
		return strings.Compare(a.Ecosystem+"\x00"+a.From, b.Ecosystem+"\x00"+b.From)
	})
	return out
}
