package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

// The results of one examination.
const (
	healthOK      = "ok"
	healthWarning = "warning"
	healthFailed  = "failed"
	healthSkipped = "skipped"
)

// checkup is one thing that doctor looked at.
type checkup struct {
	Area   string `json:"area"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Advice string `json:"advice,omitempty"`

	code int // the exit code, where it failed
}

// doctor looks at everything that a build needs, in the order in which a build
// needs it, and goes on after a failure.
type doctor struct {
	app  *app
	area string
	out  []checkup
}

func newDoctor(a *app) *cobra.Command {
	var json bool
	var bundle string
	cmd := &cobra.Command{
		Use:   "doctor [PATH...]",
		Short: "Examine the environment, the endpoint, the templates and the local engine",
		Long: `Examine what a build needs: the key and the environment, the way to the endpoint
(name, connection, TLS, answer, clock), what the endpoint can do, whether each
template's name leads to a ready build, mirrors, and the local engine. Each
thing that is wrong comes with what to do. With --local the endpoint is this
machine. --bundle packs it all, without secrets, for a bug report.`,
		Example: `  e2bt doctor
  e2bt doctor --local
  e2bt doctor --bundle report.zip`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.doctor(cmd.Context(), args, json, bundle) },
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	cmd.Flags().StringVar(&bundle, "bundle", "", "write what was found, versions, and the last failure to `FILE`, a zip archive")
	return cmd
}

func (a *app) doctor(ctx context.Context, paths []string, json bool, bundle string) error {
	d := &doctor{app: a}
	d.examine(ctx, paths)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bundle != "" {
		if err := a.bundle(a.resolve(bundle), d.out); err != nil {
			return fmt.Errorf("writing %s: %w", bundle, cause(err))
		}
	}
	var err error
	if json {
		err = printJSON(a.stdout, a.diagnosis(d.out))
	} else {
		err = d.print(a.stdout)
	}
	if err != nil {
		return err
	}
	if bundle != "" {
		fmt.Fprintln(a.stderr, a.tr("%s holds no secret that e2bt knows of; look it through before you send it.", bundle))
	}
	for _, c := range d.out {
		if c.Status == healthFailed {
			return exitWith(c.code, nil)
		}
	}
	return nil
}

// diagnosis is what doctor found, for programs.
func (a *app) diagnosis(out []checkup) any {
	return struct {
		Version int       `json:"version"`
		E2bt    string    `json:"e2bt"`
		Time    time.Time `json:"time"`
		Checks  []checkup `json:"checks"`
	}{1, version(), time.Now().UTC(), out}
}

func (d *doctor) examine(ctx context.Context, paths []string) {
	d.area = "environment"
	at, usable := d.environment()
	client := d.app.client(at)
	if d.app.local {
		d.area = "local engine"
		d.localEngine(ctx)
		own, stop := d.ownServer(ctx)
		defer stop()
		client, usable = own, own != nil
	} else {
		d.area = "endpoint"
		usable = d.endpoint(ctx, client, at.APIURL != "", usable)
	}
	d.area = "templates"
	cfg := d.configuration(paths)
	if usable {
		d.templates(ctx, cfg, client)
	}
	d.area = "mirrors"
	d.mirrors(ctx, cfg)
	if !d.app.local {
		d.area = "local engine"
		d.localEngine(ctx)
	}
}

func (d *doctor) add(c checkup) {
	c.Area = d.area
	c.Detail, c.Advice = d.app.secrets.hide(clean(c.Detail)), d.app.secrets.hide(clean(c.Advice))
	d.out = append(d.out, c)
}

func (d *doctor) ok(name, detail string) {
	d.add(checkup{Name: name, Status: healthOK, Detail: detail})
}

func (d *doctor) skip(name, detail string) {
	d.add(checkup{Name: name, Status: healthSkipped, Detail: detail})
}

func (d *doctor) warn(name, detail, advice string) {
	d.add(checkup{Name: name, Status: healthWarning, Detail: detail, Advice: advice})
}

func (d *doctor) fail(code int, name, detail, advice string) {
	d.add(checkup{Name: name, Status: healthFailed, Detail: detail, Advice: advice, code: code})
}

func (d *doctor) print(out io.Writer) error {
	a := d.app
	words := map[string]string{healthOK: a.tr("ok"), healthWarning: a.tr("warning"), healthFailed: a.tr("FAILED"), healthSkipped: a.tr("skipped")}
	areas := map[string]string{
		"environment": a.tr("Environment"), "endpoint": a.tr("Endpoint"), "templates": a.tr("Templates"), "mirrors": a.tr("Mirrors"), "local engine": a.tr("Local engine"),
	}
	area, bad := "", 0
	for _, c := range d.out {
		if c.Area != area {
			if area != "" {
				fmt.Fprintln(out)
			}
			area = c.Area
			fmt.Fprintln(out, areas[area])
		}
		fmt.Fprintf(out, "  %s %s %s\n", pad(words[c.Status], 8), pad(c.Name, 16), cell(c.Detail))
		if c.Advice != "" {
			fmt.Fprintf(out, "  %s %s\n", pad("", 8), cell(c.Advice))
		}
		if c.Status == healthFailed {
			bad++
		}
	}
	verdict := a.tr("Nothing is wrong.")
	if bad > 0 {
		verdict = a.tr("Failed: %d. What to do stands below each.", bad)
	}
	_, err := fmt.Fprintf(out, "\n%s\n", verdict)
	return err
}

// environment looks at what is set on this side, and returns the endpoint that
// it leads to.
func (d *doctor) environment() (at e2b.Endpoint, usable bool) {
	a := d.app
	d.ok("e2bt", fmt.Sprintf("%s, %s/%s, %s", version(), runtime.GOOS, runtime.GOARCH, runtime.Version()))
	d.envFile()
	if a.local {
		d.skip("E2B_API_KEY", a.tr("--local needs none"))
		return at, false
	}
	env, err := a.environment()
	if err != nil {
		return at, false // envFile has said so
	}
	at, err = e2b.ResolveEndpoint(e2b.EndpointOptions{URL: a.endpoint}, env)
	a.secrets.add(at.APIKey)
	var missing *e2b.MissingKeyError
	switch {
	case errors.As(err, &missing):
		d.fail(exitAPI, "E2B_API_KEY", a.tr("not set"), a.tr("Make one in the E2B dashboard (https://e2b.dev/dashboard, \"API keys\"), and set it in the environment or put E2B_API_KEY=... into .env. --local needs none."))
	case err != nil:
		d.fail(exitConfig, a.tr("settings"), err.Error(), a.tr("Set it right, or unset it to use E2B's own."))
		return at, false
	default:
		from := a.tr("the environment")
		if a.getenv("E2B_API_KEY") == "" {
			from = a.tr("the .env file")
		}
		d.ok("E2B_API_KEY", a.tr("%s, from %s", mask(at.APIKey), from))
	}
	d.ok(a.tr("address"), a.tr("%s, by %s", at.APIURL, a.source(env)))
	d.certificates()
	return at, err == nil
}

// mask shows enough of a key to tell it from another one.
func mask(key string) string {
	const shown = 4
	if len(key) < 4*shown {
		return "****"
	}
	return key[:shown] + "****" + key[len(key)-shown:]
}

// envFile says whether .env is there and read, and whether it would be
// committed.
func (d *doctor) envFile() {
	a := d.app
	path := a.envFile
	if path == "" {
		path = filepath.Join(a.dir, ".env")
	}
	values, err := e2b.LoadEnvFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && a.envFile == "":
		d.skip(".env", a.tr("there is none here"))
		return
	case err != nil:
		d.fail(exitConfig, ".env", err.Error(), a.tr("Write one NAME=VALUE a line; put quotes around values with spaces or #."))
		return
	}
	found := a.tr("%s, variables: %d", path, len(values))
	if committed(path) {
		d.warn(".env", found, a.tr("git would commit it, or has: add it to .gitignore, and make new keys if it was ever pushed."))
		return
	}
	d.ok(".env", found)
}

// committed reports whether git tracks a file or would.
func committed(path string) bool {
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	if exec.Command("git", "-C", dir, "rev-parse", "--is-inside-work-tree").Run() != nil {
		return false
	}
	if exec.Command("git", "-C", dir, "ls-files", "--error-unmatch", name).Run() == nil {
		return true
	}
	var exit *exec.ExitError
	err := exec.Command("git", "-C", dir, "check-ignore", "-q", name).Run()
	return errors.As(err, &exit) && exit.ExitCode() == 1
}

// certificates looks at the variables that say whom to trust.
func (d *doctor) certificates() {
	a := d.app
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		path := a.getenv(name)
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			d.fail(exitConfig, name, err.Error(), a.tr("Point it to a file or directory of certificates, or unset it."))
		} else {
			d.ok(name, path)
		}
	}
}
