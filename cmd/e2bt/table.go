package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rivo/uniseg"
)

// tableWriter aligns rows of cells, which may come from anywhere.
type tableWriter struct{ *tabwriter.Writer }

func table(out io.Writer, columns ...string) tableWriter {
	w := tableWriter{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	return w
}

func (w tableWriter) row(values ...any) {
	cells := make([]string, len(values))
	for i, v := range values {
		if cells[i] = cell(fmt.Sprint(v)); cells[i] == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(w, strings.Join(cells, "\t")) // Flush has the error
}

// cell makes text from elsewhere fit into one line.
func cell(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// pad fills text up to as many columns of a terminal.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-uniseg.StringWidth(s), 0))
}
