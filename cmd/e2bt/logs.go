package main

import (
	"context"
	"fmt"
	"regexp"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newLogs(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs [BUILD]",
		Short: "Print the log of a build that runs or ran",
		Long: `Print the log of a build, as far as it is there. BUILD is a build's id or its
beginning, or a template's name; without it, the newest build started from here.`,
		Example: `  e2bt logs                            # of the newest build
  e2bt logs claude-agent
  e2bt logs 3e63c366`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.printLog(cmd.Context(), args) },
	}
	cmd.ValidArgsFunction = names(a.buildNames)
	return cmd
}

// started finds the record of a build that was started from this directory.
func (a *app) started(args []string) (builder.Record, error) {
	records, err := builder.Records(a.state())
	if err != nil {
		return builder.Record{}, err
	}
	what, want := "build", ""
	if len(args) > 0 {
		want = args[0]
		what += " " + want
	}
	rec, ok := builder.FindRecord(records, want)
	if !ok {
		return rec, exitWith(exitConfig, fmt.Errorf("no %s was started from this directory: %s knows of %s; what the endpoint has shows: e2bt templates list",
			what, a.state(), count(len(records), "build")))
	}
	return rec, nil
}

// connectTo connects to the endpoint of a build. One that was made on this
// machine needs no --local; one of another endpoint is not asked for here.
func (a *app) connectTo(ctx context.Context, rec builder.Record) (*endpoint, error) {
	if rec.Endpoint == localURL && a.endpoint == "" && !a.local {
		a.local = true
		if err := a.becomeRoot(); err != nil {
			return nil, err
		}
	}
	at, err := a.connect(ctx)
	if err == nil && at.url != rec.Endpoint {
		err = exitWith(exitConfig, fmt.Errorf("build %s is at %s, not at %s: say --endpoint %[2]s", rec.BuildID, rec.Endpoint, at.url))
		closing(at, &err)
	}
	return at, err
}

func (a *app) printLog(ctx context.Context, args []string) (err error) {
	rec, err := a.started(args)
	if err != nil {
		return err
	}
	if _, _, err := a.read(rec.Paths); err != nil { // for what is sensitive in it
		return err
	}
	at, err := a.connectTo(ctx, rec)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	lines := seams{secrets: &a.secrets}
	defer lines.release("", a.printEntry)
	return at.apiError(at.client.Logs(ctx, rec.TemplateID, rec.BuildID, func(entries []e2b.LogEntry) {
		for _, e := range entries {
			prefix := outputPrefix.FindString(e.Message)
			lines.pass(builder.Event{Type: builder.EventLog, Time: e.Timestamp, Stream: prefix, Message: clean(e.Message[len(prefix):])}, a.printEntry)
		}
	}))
}

// outputPrefix is what the builder puts before what a command printed.
var outputPrefix = regexp.MustCompile(`^\[[a-z]+(?: \d+/\d+)?\] \[(?:stdout|stderr)\]: ?`)

func (a *app) printEntry(e builder.Event) {
	fmt.Fprintf(a.stdout, "%s %s%s\n", e.Time.UTC().Format("15:04:05.000"), e.Stream, e.Message)
}
