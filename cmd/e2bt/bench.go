package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

const (
	benchLife  = 5 * time.Minute
	worthwhile = 1024 // KiB that a cleanup has to save to be worth a word
)

//go:embed size.sh
var sizeScript string

func newBench(a *app) *cobra.Command {
	var count, parallel int
	var json bool
	cmd := &cobra.Command{
		Use:   "bench TEMPLATE",
		Short: "Measure how fast sandboxes of a template start, and what fills it",
		Long: `Measure how long it takes to create a sandbox of a template, to run the first
command in it and to end it; then look what fills the template and what a cleanup
block would save. TEMPLATE is its name on the endpoint, name:tag, or name:BUILD.`,
		Example: `  e2bt bench claude-agent
  e2bt bench claude-agent -n 100 -c 10 --json`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 1 || parallel < 1 {
				return exitWith(exitConfig, fmt.Errorf("-n %d -c %d: want 1 or more", count, parallel))
			}
			return a.bench(cmd.Context(), args[0], count, parallel, json)
		},
	}
	cmd.Flags().IntVarP(&count, "count", "n", 20, "create `N` sandboxes")
	cmd.Flags().IntVarP(&parallel, "concurrency", "c", 5, "have `N` at once")
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	return cmd
}

// benchResult is what was measured; its JSON form is printed.
type benchResult struct {
	Template string          `json:"template"`
	Count    int             `json:"count"`
	Parallel int             `json:"concurrency"`
	Times    []phaseTimes    `json:"times"`
	SizeKiB  int64           `json:"size_kib"`
	Largest  []directorySize `json:"largest"`
	Cleanup  []cleanupSaving `json:"cleanup"` // what would be worth it
	Failed   map[string]int  `json:"failed"`  // by the error's text
	samples  [3][]time.Duration
}

// phaseTimes are in seconds.
type phaseTimes struct {
	Phase string  `json:"phase"` // create, first_command or kill
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	Max   float64 `json:"max"`
}

type directorySize struct {
	Path string `json:"path"`
	KiB  int64  `json:"kib"`
}

type cleanupSaving struct {
	Manager string `json:"manager"`
	KiB     int64  `json:"kib"`
}

var phases = [3]string{"create", "first_command", "kill"}

func (a *app) bench(ctx context.Context, name string, count, parallel int, json bool) (err error) {
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	r := &benchResult{Template: name, Count: count, Parallel: parallel, Failed: map[string]int{}, Largest: []directorySize{}, Cleanup: []cleanupSaving{}}
	if err := r.measure(ctx, at.client); err != nil {
		return at.apiError(err)
	}
	if err := r.look(ctx, at.client); err != nil {
		return at.sandboxError(err)
	}
	if json {
		return printJSON(a.stdout, r)
	}
	return a.printBench(r)
}

// measure creates sandboxes. That one fails is counted; where all do, that is
// the result.
func (r *benchResult) measure(ctx context.Context, client *e2b.Client) error {
	var mu sync.Mutex
	var last error
	var group errgroup.Group
	group.SetLimit(r.Parallel)
	for range r.Count {
		group.Go(func() error {
			took, err := oneSandbox(ctx, client, r.Template)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				last = err
				r.Failed[clean(err.Error())]++
				return nil
			}
			for i, d := range took {
				r.samples[i] = append(r.samples[i], d)
			}
			return nil
		})
	}
	_ = group.Wait() // nobody returns one
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(r.samples[0]) == 0 {
		return last
	}
	for i, phase := range phases {
		r.Times = append(r.Times, phaseOf(phase, r.samples[i]))
	}
	return nil
}

// oneSandbox is how long a sandbox took to be created, to run a first command,
// and to end.
func oneSandbox(ctx context.Context, client *e2b.Client, name string) (took [3]time.Duration, err error) {
	mark := time.Now()
	lap := func(i int) {
		took[i] = time.Since(mark)
		mark = time.Now()
	}
	box, err := client.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: name, Timeout: int(benchLife.Seconds())})
	if err != nil {
		return took, err
	}
	lap(0)
	_, err = box.Run(ctx, e2b.Command{Cmd: "/bin/bash", Args: []string{"-l", "-c", "true"}, Timeout: time.Minute})
	lap(1)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if killErr := box.Kill(end); err == nil {
		err = killErr
	}
	lap(2)
	return took, err
}

func phaseOf(name string, all []time.Duration) phaseTimes {
	slices.Sort(all)
	at := func(share float64) float64 { return all[int(share*float64(len(all)-1)+0.5)].Seconds() }
	return phaseTimes{name, at(0.5), at(0.95), at(1)}
}

// look asks a sandbox what fills it, and tries what cleaning up would save.
func (r *benchResult) look(ctx context.Context, client *e2b.Client) error {
	box, err := client.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: r.Template, Timeout: int(benchLife.Seconds())})
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = box.Kill(end) // else it ends by itself
	}()
	args := []string{"-c", sizeScript, "e2bt"}
	for _, m := range mirrors.Managers() {
		if m.Cleanup != "" {
			args = append(args, m.Name, m.Cleanup)
		}
	}
	var out strings.Builder
	if _, err := box.Run(ctx, e2b.Command{Cmd: "/bin/bash", Args: args, User: "root", Timeout: benchLife, Stdout: &out}); err != nil {
		return fmt.Errorf("looking what fills it: %w", err)
	}
	r.read(out.String())
	return nil
}

// read takes what the script has said.
func (r *benchResult) read(text string) {
	for line := range strings.Lines(text) {
		var size int64
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		number, name, _ := strings.Cut(rest, " ")
		if _, err := fmt.Sscan(number, &size); err != nil {
			continue
		}
		switch {
		case word == "e2bt:total":
			r.SizeKiB = size
		case word == "e2bt:dir" && name != "/":
			r.Largest = append(r.Largest, directorySize{name, size})
		case word == "e2bt:saves" && size >= worthwhile:
			r.Cleanup = append(r.Cleanup, cleanupSaving{name, size})
		}
	}
	slices.SortFunc(r.Cleanup, func(a, b cleanupSaving) int { return cmp.Compare(b.KiB, a.KiB) })
}

func (a *app) printBench(r *benchResult) error {
	fmt.Fprintf(a.stdout, "%s: %d sandboxes, %d at once\n\n", clean(r.Template), r.Count, r.Parallel)
	w := table(a.stdout, "PHASE", "P50", "P95", "MAX")
	for _, t := range r.Times {
		w.row(strings.ReplaceAll(t.Phase, "_", " "), inSeconds(t.P50), inSeconds(t.P95), inSeconds(t.Max))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for text, n := range r.Failed {
		fmt.Fprintf(a.stdout, "\n%d failed: %s\n", n, text)
	}
	fmt.Fprintf(a.stdout, "\n%s\n", inMiB(r.SizeKiB))
	w = table(a.stdout, "SIZE", "DIRECTORY")
	for _, d := range r.Largest {
		w.row(inMiB(d.KiB), d.Path)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Cleanup) == 0 {
		fmt.Fprintf(a.stdout, "\n%s\n", a.tr("A cleanup block would save nothing worth mentioning."))
		return nil
	}
	fmt.Fprintf(a.stdout, "\n%s\n\n  cleanup {\n", a.tr("This block at the end of the template would save:"))
	for _, c := range r.Cleanup {
		fmt.Fprintf(a.stdout, "    %s = true    # %s\n", c.Manager, inMiB(c.KiB))
	}
	fmt.Fprintln(a.stdout, "  }")
	return nil
}

func inSeconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Microsecond).String()
}

func inMiB(kib int64) string { return fmt.Sprintf("%.1f MiB", float64(kib)/1024) }
