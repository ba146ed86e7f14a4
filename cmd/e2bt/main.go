// Command e2bt builds E2B sandbox templates from HCL files.
//
// This package holds flags, wiring, printing and exit codes; what is decided
// is decided in the packages below it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/e2bt/e2bt/local/engine"
)

func main() {
	engine.Child() // never returns in a process that the local engine started
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		<-signals
		os.Exit(exitInterrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}
