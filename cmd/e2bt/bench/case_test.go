//go:build linux

package bench

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// contender is a program that takes part in a case.
type contender struct {
	name   string
	rounds int
	run    func(round int) (sample, error)
	absent string // why it cannot be measured here
}

// target is what e2bt has to reach in a case. Where it is a ratio, it is one to
// the case's second contender.
type target struct {
	text  string
	ratio bool
	got   func(ours, peer sample) (text string, met bool)
}

func within(limit time.Duration) target {
	return target{text: "<= " + seconds(limit), got: func(ours, _ sample) (string, bool) { return seconds(ours.Wall), ours.Wall <= limit }}
}

func memory(mib int64) target {
	return target{text: fmt.Sprintf("<= %d MiB", mib), got: func(ours, _ sample) (string, bool) { return mebibytes(ours.RSS), ours.RSS <= mib<<20 }}
}

// faster wants the peer to take so many times longer.
func faster(times float64) target {
	return target{text: fmt.Sprintf("%gx as fast", times), ratio: true, got: func(ours, peer sample) (string, bool) {
		got := peer.Wall.Seconds() / ours.Wall.Seconds()
		return fmt.Sprintf("%.1fx", got), got >= times
	}}
}

// compare sets the contenders up, runs them in turn, and puts what they took
// into the table. The first is e2bt.
func compare(b *testing.B, tbl *table, name string, targets []target, setUp func(*testing.B) []contender) {
	b.Run(name, func(b *testing.B) {
		contenders := setUp(b)
		samples := make([][]sample, len(contenders))
		for round := range slices.MaxFunc(contenders, func(x, y contender) int { return x.rounds - y.rounds }).rounds {
			for i := range contenders {
				if c := &contenders[i]; c.absent == "" && round < c.rounds {
					samples[i] = append(samples[i], c.measure(b, round, i > 0))
				}
			}
		}
		tbl.add(name, targets, contenders, samples)
		b.ReportMetric(0, "ns/op") // of no meaning here
		for i, c := range contenders {
			if c.absent == "" {
				b.ReportMetric(middle(samples[i]).Wall.Seconds(), strings.ReplaceAll(c.name, " ", "-")+"-s")
			}
		}
	})
}

// measure is one run. A peer that fails is out, and the case goes on.
func (c *contender) measure(b *testing.B, round int, peer bool) sample {
	b.Helper()
	s, err := c.run(round)
	switch {
	case err != nil && peer:
		b.Log(err)
		c.absent = "failed: see above"
	case err != nil:
		b.Fatal(err)
	}
	return s
}

// table is what one benchmark prints in the end.
type table struct {
	title string
	rows  [][]string
}

var tables []*table // in the order of the benchmarks

// newTable begins a table, or skips the benchmark where nobody wants it.
func newTable(b *testing.B, title string) *table {
	if os.Getenv("E2BT_BENCH") == "" {
		b.Skip("set E2BT_BENCH=1 to measure whole processes, which takes minutes")
	}
	t := &table{title: title}
	tables = append(tables, t)
	return t
}

func (t *table) add(name string, targets []target, contenders []contender, samples [][]sample) {
	for i, c := range contenders {
		if c.absent != "" {
			t.rows = append(t.rows, []string{name, c.name, "-", "-", "-", "-", "-", c.absent})
			continue
		}
		m := middle(samples[i])
		row := []string{name, c.name, seconds(m.Wall), spread(samples[i]), seconds(m.CPU), mebibytes(m.RSS), fmt.Sprint(len(samples[i]))}
		if i == 0 {
			row = append(row, t.verdict(targets, contenders, samples))
		} else {
			row = append(row, fmt.Sprintf("%.1fx e2bt's time", m.Wall.Seconds()/middle(samples[0]).Wall.Seconds()))
		}
		t.rows = append(t.rows, row)
	}
}

// skip leaves a benchmark out and says so in its table.
func (t *table) skip(b *testing.B, why string) {
	t.rows = append(t.rows, []string{"all", "e2bt", "-", "-", "-", "-", "-", why})
	b.Skip(why)
}

// verdict says of every target whether it was met.
func (t *table) verdict(targets []target, contenders []contender, samples [][]sample) string {
	var out []string
	for _, want := range targets {
		var peer sample
		if want.ratio {
			if contenders[1].absent != "" {
				out = append(out, want.text+": no peer")
				continue
			}
			peer = middle(samples[1])
		}
		got, met := want.got(middle(samples[0]), peer)
		word := "ok"
		if !met {
			word = "MISSED"
		}
		out = append(out, fmt.Sprintf("%s: %s %s", want.text, got, word))
	}
	return strings.Join(out, "; ")
}

func printTables(out io.Writer) {
	for _, t := range tables {
		fmt.Fprintf(out, "\n%s\n", t.title)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "  CASE\tPROGRAM\tWALL\tRANGE\tCPU\tPEAK RSS\tRUNS\tTARGETS")
		last := ""
		for _, row := range t.rows {
			if row[0] == last {
				row[0] = ""
			} else {
				last = row[0]
			}
			fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
		}
		_ = w.Flush() // nobody reads it any more
	}
	if len(tables) > 0 {
		fmt.Fprintln(out, "\nWALL and CPU are medians of whole processes, PEAK RSS the highest; docker's CPU and RSS are those of its client.")
	}
}

func spread(samples []sample) string {
	low, high := samples[0].Wall, samples[0].Wall
	for _, s := range samples {
		low, high = min(low, s.Wall), max(high, s.Wall)
	}
	return seconds(low) + "-" + seconds(high)
}

func seconds(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
