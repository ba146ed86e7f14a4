package report

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Of each log the page has the end. Logs of many builds share what it has of all.
const (
	maxLogBytes  = 1 << 20
	maxLogLines  = 5000
	maxPageLines = 40_000
	minLogLines  = 100
)

// logs reads the ends of the logs of all attempts.
func (r *Run) logs() []pageLog {
	all := 0
	for _, t := range r.Templates {
		all += len(t.Attempts)
	}
	var out []pageLog
	for _, t := range r.Templates {
		for _, a := range t.Attempts {
			if log, ok := readLog(t, a, len(out), min(max(maxPageLines/all, minLogLines), maxLogLines)); ok {
				out = append(out, log)
			}
		}
	}
	return out
}

// readLog reads the end of the log of an attempt; one that cannot be read is
// left out.
func readLog(t *Template, a *Attempt, n, most int) (pageLog, bool) {
	if a.Log == "" {
		return pageLog{}, false
	}
	text, skipped, err := readEnd(a.Log)
	if err != nil || text == "" {
		return pageLog{}, false
	}
	out := pageLog{ID: fmt.Sprintf("log%d", n), Name: t.Name + " build " + a.BuildID, Template: t.Name, File: a.Log}
	if len(t.Attempts) > 1 {
		out.Name = fmt.Sprintf("%s attempt %d, build %s", t.Name, a.Number, a.BuildID)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	out.Cut = skipped + max(len(lines)-most, 0)
	lines = lines[max(len(lines)-most, 0):]
	for i, line := range lines {
		out.Lines = append(out.Lines, logLine{ID: fmt.Sprintf("%s-%d", out.ID, out.Cut+i+1), Text: line})
	}
	return out, true
}

// readEnd reads the last whole lines of a file and counts those before them.
func readEnd(path string) (text string, skipped int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", 0, err
	}
	before := max(info.Size()-maxLogBytes, 0)
	counter := &lineCounter{}
	if _, err := io.CopyN(counter, file, before); err != nil {
		return "", 0, err
	}
	rest, err := io.ReadAll(io.LimitReader(file, maxLogBytes))
	if err != nil || before == 0 {
		return string(rest), 0, err
	}
	_, whole, _ := strings.Cut(string(rest), "\n")
	return whole, counter.lines + 1, nil
}

// lineCounter counts the lines that are written to it.
type lineCounter struct{ lines int }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.lines += strings.Count(string(p), "\n")
	return len(p), nil
}
