// Package e2btest serves a handler to a real HTTP client without sockets.
//
// What blocks on a socket stops the fake clock of testing/synctest; what blocks
// here does not. So a test in a bubble lives through minutes of waiting in no
// time, sees how long each wait was, and fails where a goroutine is left.
package e2btest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Client starts a server of h and returns a client whose connections all lead
// to it, whatever host they are for. Both end with the test.
func Client(t testing.TB, h http.Handler) *http.Client {
	l := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	var open sync.WaitGroup
	server := &http.Server{Handler: h, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Done()
		}
	}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // ends with the listener
	}()
	transport := &http.Transport{DialContext: l.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		<-served
		open.Wait()
	})
	return &http.Client{Transport: transport}
}

// Refusing returns a client whose connections are all refused; dialled counts
// them.
func Refusing() (client *http.Client, dialled func() int) {
	var mu sync.Mutex
	count := 0
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		count++
		return nil, errRefused
	}}
	return &http.Client{Transport: transport}, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

// Hang answers nothing until the client is gone. A server notices that only
// once it has read the whole request.
func Hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// Cut ends the connection without an answer.
func Cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Truncate promises an answer and ends the connection in the middle of it.
func Truncate(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"templateID":"`)) // the client sees what came of it
	panic(http.ErrAbortHandler)
}

// listener hands the server's ends of pipes to a server.
type listener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
