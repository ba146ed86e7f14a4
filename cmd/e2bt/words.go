package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/rivo/uniseg"
)

// count writes a number of things: 1 template, 2 templates.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func elapsed(e builder.Event) string {
	if e.Seconds == nil {
		return "0s"
	}
	return duration(time.Duration(*e.Seconds * float64(time.Second)))
}

// duration writes d the way a person says it: 0.42s, 12.3s, 4m05s.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return clock(d)
}

// clock is duration in whole seconds, for what is still running.
func clock(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// limit writes a timeout as its author does: 5m, not 5m0s.
func limit(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// bytesText writes a size in decimal units.
func bytesText(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/unit, "kMGT"
	for value >= unit && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, units[0])
}

// lineWidth is how wide a text may be that stands in one line with others.
const lineWidth = 100

// oneLine shortens text to one line.
func oneLine(s string) string {
	s = strings.TrimRight(s, "\n")
	if line, _, more := strings.Cut(s, "\n"); more {
		s = line + " ..."
	}
	return clip(s, lineWidth)
}

// clip cuts text to as many columns of a terminal.
func clip(s string, width int) string {
	if len(s) <= width || uniseg.StringWidth(s) <= width {
		return s
	}
	var out strings.Builder
	columns, state := 0, -1
	for len(s) > 0 {
		var cluster string
		var w int
		cluster, s, w, state = uniseg.FirstGraphemeClusterInString(s, state)
		if columns += w; columns > width-1 {
			break
		}
		out.WriteString(cluster)
	}
	return out.String() + "…"
}
