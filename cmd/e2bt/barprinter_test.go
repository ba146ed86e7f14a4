package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
)

// screen is the part of a terminal that the bar needs: lines that wrap, and
// are wrapped anew when the width changes, as today's terminals do.
type screen struct {
	t      *testing.T
	width  int
	lines  []string // not wrapped; the last one has the cursor, at its end or its beginning
	home   bool     // the cursor is at the beginning of the last line
	writes int
}

func (s *screen) Write(p []byte) (int, error) {
	s.writes++
	for rest := string(p); rest != ""; {
		rest = s.put(rest)
	}
	return len(p), nil
}

// put takes one character or escape sequence.
func (s *screen) put(text string) string {
	last := len(s.lines) - 1
	switch {
	case strings.HasPrefix(text, "\r"):
		s.home = true
		return text[1:]
	case strings.HasPrefix(text, "\n"):
		s.lines, s.home = append(s.lines, ""), true
		return text[1:]
	case strings.HasPrefix(text, "\x1b[J"), strings.HasPrefix(text, "\x1b[K"), strings.HasPrefix(text, "\x1b[0K"):
		if s.home {
			s.lines[last] = ""
		}
		return text[strings.IndexAny(text, "JK")+1:]
	case strings.HasPrefix(text, "\x1b["):
		var up int
		if n, err := fmt.Sscanf(text, "\x1b[%dA", &up); n != 1 || err != nil || up >= s.rows(s.lines[last]) {
			s.t.Errorf("unexpected sequence %q with the cursor in %q", text, s.lines[last])
		}
		return text[strings.Index(text, "A")+1:]
	}
	cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	if s.home {
		s.lines[last], s.home = "", false
	}
	s.lines[last] += cluster
	return rest
}

func (s *screen) rows(line string) int { return max((uniseg.StringWidth(line)+s.width-1)/s.width, 1) }

func (s *screen) resize(width int) { s.width = width }

// bar is the line with the cursor.
func (s *screen) bar() string { return s.lines[len(s.lines)-1] }

func testBar(t *testing.T) (*barPrinter, *screen) {
	s := &screen{t: t, width: 80, lines: []string{""}, home: true}
	plan := &builder.Plan{Templates: []*builder.Template{
		{Name: "one", Steps: make([]builder.Step, 2)}, {Name: "two", Steps: make([]builder.Step, 1)},
	}}
	p := makeBarPrinter(s, plan, func() int { return s.width })
	return p, s
}

func step(kind, template string, index int, batch string) builder.Event {
	return builder.Event{Type: kind, Template: template, Index: index, Batch: batch, Message: batch, Cached: new(bool), Seconds: new(float64)}
}

// TestBar shows two templates on a screen.
func TestBar(t *testing.T) {
	p, s := testBar(t)
	p.event(builder.Event{Type: builder.EventBuildStart, Template: "one", TemplateID: "t1", BuildID: "b1"})
	p.event(builder.Event{Type: builder.EventBuildStart, Template: "two", TemplateID: "t2", BuildID: "b3", Attempt: 2})
	p.event(step(builder.EventStepStart, "one", 1, "small"))
	p.event(builder.Event{Type: builder.EventLog, Template: "one", Message: "Collecting\nhttpx"})
	p.draw("")
	if got, want := strings.TrimSpace(s.bar()), "0% [--------------------]  0/3  0s  one small: Collecting httpx"; got != want {
		t.Errorf("bar = %q; want %q", got, want)
	}
	p.event(step(builder.EventStepStart, "two", 1, "other"))
	p.event(builder.Event{Type: builder.EventLog, Template: "two", Level: "debug", Message: "not shown"})
	p.event(step(builder.EventStepEnd, "one", 1, "small"))
	p.draw("")
	if got, want := strings.TrimSpace(s.bar()), "33% [######--------------]  1/3  0s  two other: Collecting httpx"; got != want {
		t.Errorf("bar = %q; want %q", got, want)
	}
	p.event(step(builder.EventStepEnd, "two", 1, "other"))
	p.event(step(builder.EventStepEnd, "one", 2, "last"))
	p.draw("")
	if got, want := strings.TrimSpace(s.bar()), "99% [###################-]  3/3  0s"; got != want {
		t.Errorf("bar = %q; want %q: what follows the steps takes time", got, want)
	}
	p.event(builder.Event{Type: builder.EventBuildEnd, Template: "one", Status: builder.StatusReady, TemplateID: "t1", BuildID: "b1", Seconds: new(float64)})
	p.close()
	want := []string{
		"two | building: template t2, build b3, attempt 2",
		"one small | step 1/2 done in 0.00s",
		"two other | step 1/1 done in 0.00s",
		"one last | step 2/2 done in 0.00s",
		"one | ready in 0.00s: template t1, build b1",
		"",
	}
	if diff := cmp.Diff(want, s.lines); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
}

// TestBarFits draws long and wide lines on screens of every width, also one
// that changes: the bar takes one row and leaves none behind.
func TestBarFits(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 3000), strings.Repeat("漢字", 300), strings.Repeat("👩‍👩‍👧", 90), "bad \uFFFD tab\tend", ""} {
		p, s := testBar(t)
		p.event(step(builder.EventStepStart, "one", 1, "batch-with-a-long-name"))
		p.event(builder.Event{Type: builder.EventLog, Template: "one", Message: text})
		for _, width := range []int{80, 200, 40, 30, 79, 20, 120, 80} {
			s.resize(width)
			p.draw("")
			if got := uniseg.StringWidth(s.bar()); width >= 30 && got > width-4 {
				t.Errorf("width %d: the bar has %d columns: %q", width, got, s.bar())
			}
			if len(s.lines) != 1 {
				t.Fatalf("width %d: the bar left %q", width, s.lines)
			}
		}
		p.draw("a line\n")
		p.close()
		if diff := cmp.Diff([]string{"a line", ""}, s.lines); diff != "" {
			t.Errorf("screen (-want +got):\n%s", diff)
		}
	}
}

// TestBarWritesOnce lets nothing flicker: what replaces the bar comes in the
// same write.
func TestBarWritesOnce(t *testing.T) {
	p, s := testBar(t)
	p.draw("")
	before := s.writes
	p.event(builder.Event{Type: builder.EventRetry, Template: "one", Message: "retry 1 of 2"})
	if got := s.writes - before; got != 1 {
		t.Errorf("a line took %d writes; want 1", got)
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly te", 10, "exactly te"},
		{"longer than ten", 10, "longer th…"},
		{"漢字漢字漢字", 10, "漢字漢字…"},
		{"漢字漢字", 8, "漢字漢字"},
		{"anything", 0, "…"},
		{"anything", -5, "…"},
	} {
		if got := clip(c.in, c.width); got != c.want {
			t.Errorf("clip(%q, %d) = %q; want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		d                      time.Duration
		duration, clock, limit string
	}{
		{420 * time.Millisecond, "0.42s", "0s", "420ms"},
		{12300 * time.Millisecond, "12.3s", "12s", "12.3s"},
		{time.Minute, "1m00s", "1m00s", "1m"},
		{59*time.Second + 600*time.Millisecond, "59.6s", "1m00s", "59.6s"},
		{4*time.Minute + 5*time.Second, "4m05s", "4m05s", "4m5s"},
		{time.Hour, "1h00m", "1h00m", "1h"},
		{90 * time.Minute, "1h30m", "1h30m", "1h30m"},
		{10 * time.Minute, "10m00s", "10m00s", "10m"},
		{10 * time.Hour, "10h00m", "10h00m", "10h"},
	} {
		if got := duration(c.d); got != c.duration {
			t.Errorf("duration(%v) = %q; want %q", c.d, got, c.duration)
		}
		if got := clock(c.d); got != c.clock {
			t.Errorf("clock(%v) = %q; want %q", c.d, got, c.clock)
		}
		if got := limit(c.d); got != c.limit {
			t.Errorf("limit(%v) = %q; want %q", c.d, got, c.limit)
		}
	}
}
