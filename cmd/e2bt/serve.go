package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/spf13/cobra"
)

const (
	defaultListen = "127.0.0.1:3030"
	baseTemplate  = "base" // what E2B's clients start sandboxes from where they are not told
	stopTime      = 5 * time.Second
)

// serveFlags are the flags of serve.
type serveFlags struct {
	listen string
	tls    bool
	domain string
	hosts  []string
	faults string
	quiet  bool
}

func newServe(a *app) *cobra.Command {
	var s serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve E2B's API on this machine, for its SDKs and its CLI",
		Long: `Serve E2B's API on this machine: templates are built and sandboxes run here. It
prints the environment variables with which E2B's SDKs and CLI use it, and goes on
until it is stopped. Everything is kept; while it runs, --local uses it, too.

It listens on loopback alone unless --listen says otherwise, and wants the key
that E2B_API_KEY holds, else one that it makes and keeps. --tls is for clients that
know a domain only: it makes a certificate authority of its own.`,
		Example: `  e2bt serve
  e2bt serve --listen 127.0.0.1:8080 --fault latency=200ms,rate_limit=1@0.05
  e2bt serve --tls --domain e2b.test    # with api.e2b.test and *.e2b.test in the DNS`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", defaultListen, "listen on `ADDRESS`:PORT; port 0 takes a free one")
	f.BoolVar(&s.tls, "tls", false, "speak TLS, with a certificate of an own authority")
	f.StringVar(&s.domain, "domain", "", "with --tls: the `DOMAIN` for E2B_DOMAIN (default: localhost)")
	f.StringArrayVar(&s.hosts, "host", nil, "also answer to the host `NAME` and what is below it (repeatable)")
	f.StringVar(&s.faults, "fault", "", "let things go wrong, for tests of clients: a `LIST` of "+strings.Join(local.FaultKinds(), ", ")+"; kind=value@share")
	f.BoolVar(&s.quiet, "quiet", false, "print no line for every request")
	return cmd
}

func (a *app) serve(ctx context.Context, flags serveFlags) (err error) {
	opts, err := a.serveOptions(flags)
	if err != nil {
		return err
	}
	if err := a.becomeRoot(); err != nil {
		return err
	}
	eng, err := engine.New()
	if err != nil {
		return err
	}
	opts.Engine = local.RealEngine(eng)
	if opts.Images, err = a.images(); err != nil {
		return err
	}
	a.tidies.Store(true)
	a.endless.Store(true)
	server, err := local.New(opts)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", flags.listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listening on %s: %w", flags.listen, cause(err)), server.Close())
	}
	return a.serveOn(ctx, listener, server, opts, flags)
}

// serveOptions are what the flags and the environment say, with the key.
func (a *app) serveOptions(flags serveFlags) (opts local.Options, err error) {
	if opts.Home, err = a.home(); err != nil {
		return opts, err
	}
	if opts.Faults, err = local.ParseFaults(flags.faults); err != nil {
		return opts, exitWith(exitConfig, fmt.Errorf("--fault: %w", err))
	}
	host, _, err := net.SplitHostPort(flags.listen)
	if err != nil {
		return opts, exitWith(exitConfig, fmt.Errorf("--listen %s: want an address and a port, such as %s", flags.listen, defaultListen))
	}
	if flags.domain != "" && !flags.tls {
		return opts, exitWith(exitConfig, errors.New("--domain is for --tls: without it, clients are told URLs"))
	}
	opts.Hosts, opts.Logger = flags.hosts, a.logger()
	if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
		opts.Hosts = append(opts.Hosts, host)
	}
	if flags.domain != "" {
		opts.Hosts = append(opts.Hosts, flags.domain)
	}
	opts.APIKey, err = a.serveKey(opts.Home)
	return opts, err
}

// serveKey is the key that clients need: that of the environment, else one that
// was made for this store.
func (a *app) serveKey(home string) (string, error) {
	env, err := a.environment()
	if err != nil {
		return "", err
	}
	if key := env("E2B_API_KEY"); key != "" {
		a.secrets.add(key)
		return key, nil
	}
	path := filepath.Join(home, "key")
	if text, err := os.ReadFile(path); err == nil && len(strings.TrimSpace(string(text))) >= 8 {
		return strings.TrimSpace(string(text)), nil
	}
	key := "e2b_" + randomHex(20)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", fmt.Errorf("keeping the key: %w", err)
	}
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping the key: %w", err)
	}
	return key, nil
}

// serveOn serves until it is told to stop, and then ends in order: running
// requests have some seconds, builds and sandboxes are ended.
func (a *app) serveOn(ctx context.Context, listener net.Listener, server *local.Server, opts local.Options, flags serveFlags) (err error) {
	defer func() { err = errors.Join(err, server.Close()) }()
	s := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	var ready atomic.Bool // before that, requests are our own
	if !flags.quiet {
		s.Handler = a.logRequests(server, &ready)
	}
	at := served{URL: "http://" + listener.Addr().String(), Key: opts.APIKey}
	serve := s.Serve
	if flags.tls {
		authority, err := openAuthority(filepath.Join(opts.Home, "tls"), append([]string{"localhost", "127.0.0.1", "::1"}, opts.Hosts...))
		if err != nil {
			return err
		}
		s.TLSConfig, at.CA = authority.config(), authority.file
		at.URL = "https://" + listener.Addr().String()
		serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(listener) }()
	if err := a.prepareBase(ctx, at); err != nil {
		fmt.Fprintf(a.stderr, "Note: the template %s is not there: %s\n", baseTemplate, clean(err.Error()))
	}
	if err := at.write(opts.Home); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(servedFile(opts.Home))) }()
	server.Expose()
	ready.Store(true)
	a.sayServed(at, listener, flags)
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	fmt.Fprintln(a.stderr, "Stopping; what was built is kept.")
	late, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	_ = s.Shutdown(late) // what is not done by then is cut off
	return s.Close()
}

// sayServed prints what clients need. A key that the environment held is not
// repeated.
func (a *app) sayServed(at served, listener net.Listener, flags serveFlags) {
	fmt.Fprintf(a.stderr, "Serving on %s. Set these for E2B's SDKs and CLI:\n\n", at.URL)
	if at.Key == a.secrets.hide(at.Key) {
		fmt.Fprintf(a.stdout, "export E2B_API_KEY=%s\n", at.Key)
	} else {
		fmt.Fprintln(a.stdout, "# E2B_API_KEY stays as it is")
	}
	fmt.Fprintf(a.stdout, "export E2B_API_URL=%s\nexport E2B_SANDBOX_URL=%s\n", at.URL, at.URL)
	domain := flags.domain
	if domain == "" {
		domain = "localhost"
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // it is an address of ours
	if port != "443" || !flags.tls {
		domain += ":" + port
	}
	fmt.Fprintf(a.stdout, "export E2B_DOMAIN=%s\n", domain)
	if at.CA != "" {
		fmt.Fprintf(a.stdout, "export NODE_EXTRA_CA_CERTS=%s SSL_CERT_FILE=%s\n", at.CA, at.CA)
	}
	fmt.Fprintln(a.stderr)
	if host, _, _ := net.SplitHostPort(listener.Addr().String()); !net.ParseIP(host).IsLoopback() {
		fmt.Fprintln(a.stderr, "Warning: others can reach this address; the key is all that keeps them out.")
	}
}

// prepareBase builds the template that clients start from where they are not
// told, once, from the base image.
func (a *app) prepareBase(ctx context.Context, at served) error {
	client, err := at.client(a)
	if err != nil {
		return err
	}
	if _, err := client.Alias(ctx, baseTemplate); !e2b.NotFound(err) {
		return err
	}
	images, err := a.images()
	if err != nil {
		return err
	}
	if img, err := images.Lookup(builder.DefaultImage); err != nil || img == nil {
		return errors.Join(err, errors.New("there is no base image; e2bt image bootstrap makes one"))
	}
	reg, err := client.Register(ctx, e2b.RegisterRequest{Name: baseTemplate, CPUCount: 2, MemoryMB: 1024})
	if err != nil {
		return err
	}
	if err := client.Trigger(ctx, reg.TemplateID, reg.BuildID, e2b.Build{FromImage: builder.DefaultImage, Steps: []e2b.Step{}}); err != nil {
		return err
	}
	end, err := client.Follow(ctx, reg.TemplateID, reg.BuildID, e2b.FollowOptions{Poll: localPoll})
	if err == nil && end.Status != e2b.StateReady {
		err = fmt.Errorf("its build ended as %s", end.Status)
	}
	return err
}

// logRequests prints a line for every request: never a query, a body, or the
// rest of a link that is a key by itself.
func (a *app) logRequests(next http.Handler, ready *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready.Load() {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		status := &statusWriter{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			path := r.URL.Path
			if strings.HasPrefix(path, "/_upload/") {
				path = "/_upload/..."
			}
			code := fmt.Sprint(status.code)
			if reason := recover(); reason != nil {
				defer panic(reason) // the connection is dropped on purpose
				code = "dropped"
			}
			fmt.Fprintf(a.stderr, "%s %s %s %s %s\n", start.Format("15:04:05"), clean(r.Method), clean(path), code, duration(time.Since(start)))
		}()
		next.ServeHTTP(status, r)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	if code >= http.StatusOK {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is how http.ResponseController finds what it needs.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher, which streams insist on.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
