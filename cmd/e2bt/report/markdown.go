package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
)

// maxMarkdown is how many bytes of problems a summary tells; GitHub takes one
// MiB of a step.
const maxMarkdown = 256 << 10

// statusWords are the ends of a build in words.
var statusWords = map[builder.Status]string{
	"": "did not end", builder.StatusReady: "ready", builder.StatusError: "**failed**", builder.StatusTimeout: "**timed out**",
	builder.StatusCancelled: "interrupted", builder.StatusUpToDate: "up to date", builder.StatusNotStarted: "not started",
}

// Markdown writes a table of the templates, then what went wrong.
func (r *Run) Markdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "## e2bt %s: %s\n\n", r.Command, r.verdict())
	if len(r.Templates) > 0 {
		out.WriteString("| template | status | time | usually | batches | checks |\n|---|---|--:|--:|---|---|\n")
	}
	stats := r.usual()
	for _, t := range r.Templates {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", code(t.Name), statusWords[t.Status], clock(t.Seconds()), clock(stats[t.Name]), r.batchText(t), r.checkText(t))
	}
	for _, t := range r.Templates {
		if !t.Drift.Empty() {
			fmt.Fprintf(&out, "\n%s changed since the lock file was written: %s\n", code(t.Name), markdown(t.Drift.String()))
		}
	}
	for i, p := range r.Ranked() {
		if out.Len() > maxMarkdown {
			fmt.Fprintf(&out, "\nAnd %d more.\n", len(r.Ranked())-i)
			break
		}
		out.WriteString(section(p))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// verdict counts the ends of templates: 2 ready, 1 failed.
func (r *Run) verdict() string {
	if r.Ended.IsZero() {
		return "did not come to an end"
	}
	counts := map[builder.Status]int{}
	for _, t := range r.Templates {
		counts[t.Status]++
	}
	var parts []string
	for _, status := range []builder.Status{builder.StatusReady, builder.StatusUpToDate, builder.StatusError, builder.StatusTimeout, builder.StatusCancelled, builder.StatusNotStarted} {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.Trim(statusWords[status], "*")))
		}
	}
	if len(parts) == 0 {
		return "nothing was done"
	}
	return strings.Join(parts, ", ")
}

func (r *Run) batchText(t *Template) string {
	if r.Command == "check" || t.Status == builder.StatusUpToDate || t.Status == builder.StatusNotStarted {
		return ""
	}
	cached, again := 0, []string{}
	all := 0
	for _, p := range t.Planned {
		if !p.Batch {
			continue
		}
		all++
		s, ran := t.step(p.Name)
		if s != nil && s.Cached {
			cached++
		}
		if s != nil && ran > 1 {
			again = append(again, p.Name)
		}
	}
	text := fmt.Sprintf("%d, %d cached", all, cached)
	if len(again) > 0 {
		text += ", tried again: " + markdown(strings.Join(again, ", "))
	}
	return text
}

func (r *Run) checkText(t *Template) string {
	if len(t.Wanted) == 0 || len(t.Checks) == 0 {
		return ""
	}
	counts := map[State]int{}
	for _, c := range r.Cases(t) {
		if strings.HasPrefix(c.Name, "check ") {
			counts[c.State]++
		}
	}
	text := fmt.Sprintf("%d of %d passed", counts[Passed], len(t.Wanted))
	if n := counts[Failed]; n > 0 {
		text += fmt.Sprintf(", **%d failed**", n)
	}
	return text
}

func section(p Problem) string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n### %s\n", markdown(p.Title))
	if p.Place.File != "" {
		fmt.Fprintf(&out, "\n%s line %d\n", code(p.Place.File), p.Place.Line)
	}
	if p.Advice != "" {
		fmt.Fprintf(&out, "\n%s\n", markdown(p.Advice))
	}
	if len(p.Log) > 0 {
		text := strings.Join(p.Log, "\n")
		fence := strings.Repeat("`", max(3, longestRun(text)+1))
		fmt.Fprintf(&out, "\n<details><summary>Log</summary>\n\n%s\n%s\n%s\n\n</details>\n", fence, text, fence)
	}
	return out.String()
}

// longestRun is the number of backticks that stand together in text.
func longestRun(text string) int {
	longest, run := 0, 0
	for i := range len(text) {
		if run++; text[i] != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

var markdownText = strings.NewReplacer(
	"\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "#", "\\#", "|", "\\|", "~", "\\~",
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "\n\n", "\n\n", "\n", "\\\n",
)

// markdown makes text show as it is, with its lines.
func markdown(s string) string { return markdownText.Replace(s) }

// code is a name that is set as code, also in a table.
func code(s string) string {
	return "<code>" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "\n", " ").Replace(s) + "</code>"
}

// clock writes seconds as people say them; nothing for none.
func clock(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case s <= 0:
		return ""
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", s)
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", s)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
