package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// barPrinter shows a run on a terminal: a line for everything that is done, and
// below them one bar over all steps of all templates, with what runs now, the
// time it has taken and the last line of the log.
type barPrinter struct {
	mu      sync.Mutex
	out     io.Writer
	file    *os.File
	bar     *progressbar.ProgressBar
	started time.Time
	running map[string]builder.Event // by template: the step that runs
	total   map[string]int           // steps by template
	done    map[string]int
	last    string // of the log
	stop    chan struct{}
	stopped sync.WaitGroup
}

func newBarPrinter(out io.Writer, file *os.File, plan *builder.Plan) *barPrinter {
	p := &barPrinter{
		out: out, file: file, started: time.Now(), running: map[string]builder.Event{},
		total: map[string]int{}, done: map[string]int{}, stop: make(chan struct{}),
	}
	sum := 0
	for _, t := range plan.Templates {
		p.total[t.Name] = len(t.Steps)
		sum += len(t.Steps)
	}
	p.bar = progressbar.NewOptions(max(sum, 1),
		progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(20), progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: "-", BarStart: "[", BarEnd: "]"}),
	)
	p.stopped.Add(1)
	go p.tick()
	return p
}

// tick redraws ten times a second at most, however fast the log is.
func (p *barPrinter) tick() {
	defer p.stopped.Done()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.draw()
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
	case builder.EventStepStart:
		p.running[e.Template] = e
	case builder.EventStepEnd:
		p.done[e.Template] = e.Index
		delete(p.running, e.Template)
	case builder.EventBuildEnd:
		delete(p.running, e.Template)
		p.done[e.Template] = p.total[e.Template]
	case builder.EventLog:
		if e.Level != "debug" {
			p.last = clean(e.Message)
		}
		return
	}
	if e.Type == builder.EventStepStart {
		return
	}
	if line := describe(e, p.total[e.Template]); line != "" {
		p.line(line)
	}
}

// line prints above the bar.
func (p *barPrinter) line(text string) {
	_ = p.bar.Clear()
	fmt.Fprintln(p.out, text)
}

func (p *barPrinter) draw() {
	sum := 0
	for _, n := range p.done {
		sum += n
	}
	p.bar.Describe(p.describe())
	_ = p.bar.Set(sum)
}

// describe fits what runs, how long, and the last log line beside the bar.
func (p *barPrinter) describe() string {
	var names []string
	for name, e := range p.running {
		names = append(names, name+" "+oneLine(e.Message))
	}
	slices.Sort(names)
	text := duration(time.Since(p.started).Round(time.Second)) + " " + strings.Join(names, ", ")
	if len(names) == 1 && p.last != "" {
		text += ": " + p.last
	}
	width, _, err := term.GetSize(int(p.file.Fd()))
	if err != nil {
		width = 80
	}
	return clip(text, max(width-45, 20))
}

func clip(s string, width int) string {
	runes := []rune(oneLine(s))
	if len(runes) <= width {
		return string(runes)
	}
	return string(runes[:width-1]) + "…"
}

func (p *barPrinter) finding(found) {}

func (p *barPrinter) close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Clear()
}
