package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/e2bt/e2bt/local/engine"
)

const (
	readyTimeout  = 10 * time.Minute
	readyFirst    = 100 * time.Millisecond
	readyInterval = 2 * time.Second
	defaultReady  = "sleep 20" // of a start command without a ready command
)

// finalize makes the last layer, which is never cached: ids, permissions, and
// what the start command leaves until it is ready.
func (x *executor) finalize(ctx context.Context) error {
	x.res.StartCmd, x.res.ReadyCmd = x.req.StartCmd, x.req.ReadyCmd
	x.chain("finalize", x.build)
	x.info("[finalize] Finalizing template build [%s]", x.key)
	made, err := x.put(ctx, func(box Sandbox) (stepContext, error) {
		ids := engine.IDs{TemplateID: x.template, BuildID: x.build}
		if err := box.Finalize(ctx, ids, defaultUser); err != nil {
			return stepContext{}, fmt.Errorf("configuration script failed: %w", err)
		}
		return x.res.Context, x.start(ctx, box)
	})
	if err != nil {
		return err
	}
	x.push(made)
	return nil
}

// start runs the start command until the ready command succeeds. A start
// command that ends with success is fine.
func (x *executor) start(ctx context.Context, box Sandbox) error {
	ready := x.req.ReadyCmd
	if x.req.StartCmd == "" && ready == "" {
		return nil // E2B runs `sleep 0` here
	}
	if ready == "" {
		ready = defaultReady
	}
	running, stop := context.WithCancel(ctx)
	ended, done := make(chan error, 1), make(chan struct{})
	if x.req.StartCmd != "" {
		x.info("Running start command: %s", x.req.StartCmd)
	}
	go func() {
		defer close(done)
		if x.req.StartCmd != "" {
			ended <- x.shell(running, box, x.req.StartCmd, x.res.Context.User, "info", "[start]")
		}
	}()
	err := x.waitReady(ctx, box, ready, ended)
	stop()
	<-done
	return err
}

var errNotReady = errors.New("ready command timed out")

// waitReady polls the ready command, soon at first and then as E2B does.
func (x *executor) waitReady(ctx context.Context, box Sandbox, ready string, ended <-chan error) error {
	x.info("Waiting for template to be ready: %s", ready)
	polling, stop := context.WithTimeoutCause(ctx, readyTimeout, errNotReady)
	defer stop()
	answered := make(chan error, 1)
	for wait := readyFirst; ; wait = min(2*wait, readyInterval) {
		go func() { answered <- x.shell(polling, box, ready, x.res.Context.User, "debug", "[ready]") }()
		err, failed := awaitAnswer(answered, &ended)
		if failed != nil {
			stop()
			<-answered
			return failed
		}
		switch {
		case err == nil:
			x.info("Template is ready")
			return nil
		case polling.Err() != nil:
			return notReady(ctx, polling)
		}
		x.say("debug", "Template is not ready: "+err.Error())
		select {
		case <-polling.Done():
			return notReady(ctx, polling)
		case <-time.After(wait):
		}
	}
}

// awaitAnswer waits for one answer of the ready command. failed is set when
// the start command fails first.
func awaitAnswer(answered <-chan error, ended *<-chan error) (err, failed error) {
	for {
		select {
		case err := <-answered:
			return err, nil
		case err := <-*ended:
			if err != nil {
				return nil, fmt.Errorf("start command failed: error running start command: %w", err)
			}
			*ended = nil // it is done, and that is fine
		}
	}
}

func notReady(ctx, polling context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("ready command failed: %w after %s", context.Cause(polling), readyTimeout)
}
