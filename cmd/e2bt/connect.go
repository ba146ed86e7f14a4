package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/image"
)

// localURL stands for this process's own server in records.
const localURL = "local"

// endpoint is what a command talks to: E2B, something compatible, or the
// server that this process runs itself.
type endpoint struct {
	client *e2b.Client
	url    string // "local" for this process's own server
	source string // what said so; "" for the own server
	close  func() error

	embedded bool // the server is this process's, and ends with it
}

// connect finds the endpoint. With --local it starts one; it never does so by
// itself.
func (a *app) connect(ctx context.Context) (*endpoint, error) {
	if a.local {
		return a.serveLocal(ctx)
	}
	env, err := a.environment()
	if err != nil {
		return nil, err
	}
	at, err := e2b.ResolveEndpoint(e2b.EndpointOptions{URL: a.endpoint}, env)
	var missing *e2b.MissingKeyError
	switch {
	case errors.As(err, &missing):
		return nil, exitWith(exitAPI, err)
	case err != nil:
		return nil, exitWith(exitConfig, err)
	}
	a.secrets.add(at.APIKey)
	return &endpoint{client: a.client(at), url: at.APIURL, source: a.source(env), close: func() error { return nil }}, nil
}

// source names what decided on the endpoint.
func (a *app) source(env func(string) string) string {
	switch {
	case a.endpoint != "":
		return "--endpoint"
	case env("E2B_API_URL") != "":
		return "E2B_API_URL"
	case env("E2B_DOMAIN") != "":
		return "E2B_DOMAIN"
	}
	return "e2bt itself: no other is set"
}

func (a *app) client(at e2b.Endpoint) *e2b.Client {
	return e2b.New(a.clientOptions(at))
}

func (a *app) clientOptions(at e2b.Endpoint) e2b.Options {
	return e2b.Options{
		APIURL: at.APIURL, SandboxURL: at.SandboxURL, Domain: at.Domain, APIKey: at.APIKey,
		Version: version(), Logger: a.logger(),
	}
}

// environment looks variables up in the process's environment, then in .env.
func (a *app) environment() (func(string) string, error) {
	path := a.envFile
	if path == "" {
		path = filepath.Join(a.dir, ".env")
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return a.getenv, nil
		}
	}
	file, err := e2b.LoadEnvFile(path)
	if err != nil {
		return nil, exitWith(exitConfig, err)
	}
	return func(name string) string {
		if value := a.getenv(name); value != "" {
			return value
		}
		return file[name]
	}, nil
}

// home is where the local engine keeps everything.
func (a *app) home() (string, error) {
	if dir := a.getenv("E2BT_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := a.getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "e2bt"), nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the home directory: %w; set E2BT_HOME", err)
	}
	return filepath.Join(dir, ".local", "share", "e2bt"), nil
}

// images opens the image store of the local engine.
func (a *app) images() (*image.Store, error) {
	home, err := a.home()
	if err != nil {
		return nil, err
	}
	return image.Open(filepath.Join(home, "images"))
}

// becomeRoot runs this program again in a user namespace, where it is root, if
// it is not: the local engine and its images have files of several users.
func (a *app) becomeRoot() error {
	if os.Geteuid() == 0 {
		return nil
	}
	a.tidies.Store(true) // it gets the signals as well, and ends by itself
	code, err := engine.EnterUserNamespace()
	if err != nil {
		return err
	}
	return exitWith(code, nil)
}

// serveLocal runs the embedded server on a loopback port of this process, with
// a key that nobody else knows.
func (a *app) serveLocal(ctx context.Context) (*endpoint, error) {
	home, err := a.home()
	if err != nil {
		return nil, err
	}
	eng, err := engine.New()
	if err != nil {
		return nil, err
	}
	images, err := a.images()
	if err != nil {
		return nil, err
	}
	key := "e2b_" + randomHex(20)
	server, other, err := a.openServer(ctx, local.Options{Home: home, APIKey: key, Engine: local.RealEngine(eng), Images: images, Logger: a.logger()})
	if err != nil || other != nil {
		return other, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening on loopback: %w", err), server.Close())
	}
	httpServer := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = httpServer.Serve(listener) // ends with ErrServerClosed
	}()
	url := "http://" + listener.Addr().String()
	stop := func() error {
		err := errors.Join(server.Close(), httpServer.Close())
		<-served
		return err
	}
	return &endpoint{client: a.client(e2b.Endpoint{APIURL: url, SandboxURL: url, APIKey: key}), url: localURL, close: stop, embedded: true}, nil
}

// openServer waits while another process holds the store, saying so once. One
// that serves it is used instead.
func (a *app) openServer(ctx context.Context, opts local.Options) (*local.Server, *endpoint, error) {
	for said := false; ; {
		if other, ok := a.running(ctx, opts.Home); ok {
			return nil, other, nil
		}
		server, err := local.New(opts)
		var held *local.HeldError
		if !errors.As(err, &held) {
			return server, nil, err
		}
		if !said {
			fmt.Fprintf(a.stderr, "Waiting: %s\n", held)
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
