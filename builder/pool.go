package builder

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// DefaultChecks is how many checks run at once.
const DefaultChecks = 4

// pool hands out sandboxes, each for one use. As many as are in use are made
// ahead, so that a check waits for no creation but those of the first ones.
type pool struct {
	once  sync.Once
	alive chan struct{} // made and not yet ended
	busy  chan struct{} // in use

	mu      sync.Mutex
	longest time.Duration // that one sandbox was asked for
}

func (p *pool) open(size int) {
	p.once.Do(func() {
		size = orDefault(size, DefaultChecks)
		p.alive, p.busy = make(chan struct{}, 2*size), make(chan struct{}, size)
	})
}

// useTimes is how long the parts of a sandbox's life took.
type useTimes struct{ create, first, use, cleanup time.Duration }

// event is the form in events: seconds.
func (u useTimes) event() map[string]float64 {
	return map[string]float64{"create": *secs(u.create), "first_command": *secs(u.first), "check": *secs(u.use), "cleanup": *secs(u.cleanup)}
}

// use runs f with a sandbox of ref, which ends with it. limit is how long f may
// take.
func (p *pool) use(ctx context.Context, client *e2b.Client, ref string, limit time.Duration, f func(*e2b.Sandbox) error) (times useTimes, err error) {
	if err := take(ctx, p.alive); err != nil {
		return times, err
	}
	defer func() { <-p.alive }()
	// It may have to wait for its turn, until one of those in use is done.
	var box *e2b.Sandbox
	times.create = timed(func() { box, err = createSandbox(ctx, client, ref, limit+p.wait(limit)) })
	if err != nil {
		return times, err
	}
	defer func() { times.cleanup = timed(func() { endSandbox(ctx, box) }) }()
	times.first = timed(func() {
		_, err = box.Run(ctx, e2b.Command{Cmd: "/bin/bash", Args: []string{"-c", ":"}, Timeout: limit})
	})
	if err != nil {
		return times, fmt.Errorf("running a first command: %w", err)
	}
	if err := take(ctx, p.busy); err != nil {
		return times, err
	}
	defer func() { <-p.busy }()
	times.use = timed(func() { err = f(box) })
	return times, err
}

// wait is the longest that a use may have to wait for another one.
func (p *pool) wait(limit time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.longest = max(p.longest, limit)
	return p.longest
}

func take(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// inSandbox runs f with a sandbox that ends with it.
func inSandbox(ctx context.Context, client *e2b.Client, ref string, limit time.Duration, f func(*e2b.Sandbox) error) error {
	box, err := createSandbox(ctx, client, ref, limit)
	if err != nil {
		return err
	}
	defer endSandbox(ctx, box)
	return f(box)
}

func createSandbox(ctx context.Context, client *e2b.Client, ref string, life time.Duration) (*e2b.Sandbox, error) {
	box, err := client.CreateSandbox(ctx, e2b.NewSandbox{TemplateID: ref, Timeout: int((life + time.Minute).Seconds())})
	if err != nil {
		return nil, fmt.Errorf("creating a sandbox: %w", err)
	}
	return box, nil
}

// endSandbox ends a sandbox, also where ctx has ended.
func endSandbox(ctx context.Context, box *e2b.Sandbox) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = box.Kill(ctx) // else it ends by itself when its time is over
}
