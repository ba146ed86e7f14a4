package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"

	"github.com/e2bt/e2bt/e2b"
)

// The exit codes are a contract.
const (
	exitError       = 1
	exitChanges     = 2
	exitConfig      = 3
	exitBuild       = 4
	exitCheck       = 5
	exitAPI         = 6
	exitInterrupted = 130
)

// failure is an error with an exit code of its own. A silent one has been
// printed already.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// exitWith gives err an exit code; a nil err says that all was printed.
func exitWith(code int, err error) error { return &failure{code, err} }

// exit prints what is left to print and returns the process's exit code.
func (a *app) exit(ctx context.Context, err error) int {
	code := codeOf(err)
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch lost := a.stdout.failed(); {
	case ctx.Err() != nil && !a.endless.Load():
		code = exitInterrupted
		if text != "" {
			fmt.Fprintln(a.stderr, "Interrupted.")
		}
		return code
	case lost != nil:
		code, text = exitError, fmt.Sprintf("writing the output: %s", cause(lost))
	}
	if text != "" {
		fmt.Fprintln(a.stderr, "Error: "+clean(text))
	}
	return code
}

func codeOf(err error) int {
	var known *failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &known):
		return known.code
	}
	return exitError
}

// cause is the system's own word in an error, without the call and the path
// that Go puts before it.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// ours reports whether an error of a build came about on this side: a file
// that could not be read or written.
func ours(err error) bool { return cause(err) != err }

// apiError gives an error of the client the exit code of the API and says what
// to do about the commonest ones.
func (at *endpoint) apiError(err error) error {
	var refused *e2b.Error
	var known *failure
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case ours(err):
		return exitWith(exitError, err)
	case at.source == "" && errors.As(err, &refused) && refused.StatusCode >= 500: // it is this machine that has failed
		return exitWith(exitError, fmt.Errorf("the local engine: %s", refused.Message))
	}
	if hint := at.hint(err); hint != "" {
		err = fmt.Errorf("%w\n%s", err, hint)
	}
	return exitWith(exitAPI, err)
}

// hint says what to do about an error of the API.
func (at *endpoint) hint(err error) string {
	var refused *e2b.Error
	switch {
	case at.source == "":
		return "" // this process's own server
	case !errors.As(err, &refused), refused.WebPage:
		return fmt.Sprintf("Is %s up, and the right endpoint? It comes from %s.", at.url, at.source)
	case refused.StatusCode == http.StatusUnauthorized:
		return "The endpoint refused the API key. Check E2B_API_KEY, in the environment or in .env; --local needs none."
	case refused.StatusCode == http.StatusForbidden:
		return "The API key is not allowed to do that. Check that E2B_API_KEY is of the right team."
	}
	return ""
}
