package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// barPrinter shows a run on a terminal: a line for everything that is done, and
// below them one bar over all steps of all templates, with the time, what runs
// now and the last line of the log. What it writes, it writes in one piece, so
// that nothing flickers.
type barPrinter struct {
	mu      sync.Mutex
	out     io.Writer
	size    func() (width int)
	frame   bytes.Buffer // what is drawn next
	drawn   int          // columns of the bar that is on the screen
	width   int          // of the screen then
	bar     *progressbar.ProgressBar
	columns int // of the bar alone
	started time.Time
	running map[string]builder.Event // by template: the step that runs
	total   map[string]int           // steps by template
	done    map[string]int
	last    string // of the log
	stop    chan struct{}
	stopped sync.WaitGroup
}

const (
	barWidth     = 20
	beside       = 16  // columns: what progressbar writes beside bar and text, and room for the terminal's own ^C
	fine         = 100 // parts of a step: progressbar's own unit
	defaultWidth = 80  // columns of a screen that does not tell
	refresh      = 100 * time.Millisecond
)

func newBarPrinter(out io.Writer, file *os.File, plan *builder.Plan) *barPrinter {
	p := makeBarPrinter(out, plan, func() int {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
		return defaultWidth
	})
	p.stopped.Add(1)
	go p.tick()
	return p
}

// makeBarPrinter is newBarPrinter without the ticker.
func makeBarPrinter(out io.Writer, plan *builder.Plan, size func() int) *barPrinter {
	p := &barPrinter{
		out: out, size: size, started: time.Now(), running: map[string]builder.Event{},
		total: map[string]int{}, done: map[string]int{}, stop: make(chan struct{}),
	}
	for _, t := range plan.Templates {
		p.total[t.Name] = len(t.Steps)
	}
	return p
}

// tick redraws ten times a second at most, however fast the log is.
func (p *barPrinter) tick() {
	defer p.stopped.Done()
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.draw("")
			p.mu.Unlock()
		}
	}
}

func (p *barPrinter) event(e builder.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Type {
	case builder.EventBuildStart:
		p.done[e.Template] = 0
		if e.Attempt <= 1 {
			return // the bar says that it began, and the end has the ids
		}
	case builder.EventStepStart:
		p.running[e.Template] = e
		return
	case builder.EventStepEnd:
		p.done[e.Template] = e.Index
		delete(p.running, e.Template)
	case builder.EventBuildEnd:
		delete(p.running, e.Template)
		p.done[e.Template] = p.total[e.Template]
	case builder.EventLog:
		if text := logText(e); text != "" {
			p.last = text
		}
		return
	}
	if text := describe(e, p.total[e.Template]); text != "" {
		p.draw(text)
	}
}

// draw writes text above the bar and the bar anew.
func (p *barPrinter) draw(text string) {
	width := p.size()
	line := p.line(width)
	p.frame.Reset()
	p.clear(width)
	p.frame.WriteString(text)
	p.frame.WriteString(line)
	_, _ = p.out.Write(p.frame.Bytes()) // the output remembers its own errors
	p.drawn, p.width = uniseg.StringWidth(strings.TrimSuffix(strings.TrimPrefix(line, "\r"), "\x1b[0K")), width
}

// line renders the bar for a screen of that width.
func (p *barPrinter) line(width int) string {
	if columns := min(max(width/4, 4), barWidth); columns != p.columns {
		p.columns, p.bar = columns, p.newBar(columns)
	}
	sum, total := 0, 0
	for _, n := range p.done {
		sum += n
	}
	for _, n := range p.total {
		total += n
	}
	_ = p.bar.Set(min(sum*fine, max(total*fine-1, 0))) // a full bar would draw nothing more, and what follows the steps may take long
	p.frame.Reset()
	p.bar.Describe(clip(p.describe(sum, total), width-p.columns-beside))
	return p.frame.String()
}

func (p *barPrinter) newBar(columns int) *progressbar.ProgressBar {
	total := 0
	for _, n := range p.total {
		total += n
	}
	return progressbar.NewOptions(max(total, 1)*fine,
		progressbar.OptionSetWriter(&p.frame), progressbar.OptionSetWidth(columns), progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: "-", BarStart: "[", BarEnd: "]"}),
	)
}

// clear takes the bar off the screen. A screen that has become narrower since
// has wrapped it.
func (p *barPrinter) clear(width int) {
	if p.drawn == 0 {
		return
	}
	if width < p.width && p.drawn > width {
		fmt.Fprintf(&p.frame, "\x1b[%dA", (p.drawn-1)/width)
	}
	p.frame.WriteString("\r\x1b[J")
	p.drawn = 0
}

// describe says how far it is, how long it took, what runs, and what the log
// said last.
func (p *barPrinter) describe(sum, total int) string {
	text := fmt.Sprintf("%d/%d  %s", sum, total, clock(time.Since(p.started)))
	var names []string
	for name, e := range p.running {
		names = append(names, name+" "+oneLine(e.Message))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return text
	}
	text += "  " + strings.Join(names, ", ")
	if p.last != "" {
		text += ": " + strings.Join(strings.Fields(p.last), " ")
	}
	return text
}

func (p *barPrinter) finding(found) {}

func (p *barPrinter) close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frame.Reset()
	p.clear(p.size())
	_, _ = p.out.Write(p.frame.Bytes())
}
