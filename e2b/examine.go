package e2b

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// The stages of the way to an endpoint, in their order.
const (
	StageDNS  = "dns"
	StageTCP  = "tcp"
	StageTLS  = "tls"
	StageHTTP = "http"
)

// examineTime is how long the way to an endpoint may take.
const examineTime = 15 * time.Second

// Stage is one part of the way to an endpoint.
type Stage struct {
	Name    string
	Elapsed time.Duration
	Detail  string // what was found there: addresses, a protocol, a status
	Err     error
}

// Reach is what came of the way to an endpoint: its stages up to the one that
// failed. Names and addresses are those of the proxy where there is one.
type Reach struct {
	Proxy  string // its host; "" : none
	Stages []Stage

	// Skew is how far the clock of this machine is ahead of the server's, to
	// the second; HasClock: the server has told its time.
	Skew     time.Duration
	HasClock bool
}

// Examine goes the way to the endpoint once, on a connection of its own, with a
// request that needs no key.
func (c *Client) Examine(ctx context.Context) Reach {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	way := &way{open: map[string]time.Time{}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, way.trace()), http.MethodGet, c.opts.APIURL+"/health", nil)
	if err != nil {
		return Reach{Stages: []Stage{{Name: StageHTTP, Err: fmt.Errorf("making a request: %w", err)}}}
	}
	req.Header.Set("User-Agent", c.userAgent())
	client, proxy := c.apart(req)
	way.proxy = proxy
	defer client.CloseIdleConnections()
	way.begin(StageHTTP)
	resp, err := client.Do(req)
	if err != nil {
		way.fail(c.transport(err))
		return way.reach()
	}
	defer resp.Body.Close()
	now := time.Now()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody)) // only the status counts
	if resp.StatusCode >= 300 {
		way.end(StageHTTP, resp.Status, fmt.Errorf("GET %s: %s", bare(req.URL), resp.Status))
	} else {
		way.end(StageHTTP, resp.Status, nil)
	}
	if sent, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		way.skew, way.hasClock = now.Sub(sent.Add(500*time.Millisecond)).Round(time.Second), true // the header has whole seconds
	}
	return way.reach()
}

// apart is the client with no connection open, and the host of the proxy that a
// request of it goes through.
func (c *Client) apart(req *http.Request) (client *http.Client, proxy string) {
	client = &http.Client{Transport: c.base, CheckRedirect: c.http.CheckRedirect}
	transport, ok := c.base.(*http.Transport)
	if !ok {
		return client, ""
	}
	fresh := transport.Clone()
	client.Transport = recorder{fresh, c.log}
	if fresh.Proxy == nil {
		return client, ""
	}
	if u, err := fresh.Proxy(req); err == nil && u != nil {
		proxy = u.Host
	}
	return client, proxy
}

// way collects what a trace says. Connections to several addresses are tried
// side by side; the first that stands counts.
type way struct {
	mu       sync.Mutex
	open     map[string]time.Time // stages that have begun
	done     []Stage
	proxy    string
	skew     time.Duration
	hasClock bool
}

func (w *way) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { w.begin(StageDNS) },
		DNSDone: func(info httptrace.DNSDoneInfo) {
			var addresses []string
			for _, a := range info.Addrs {
				addresses = append(addresses, a.String())
			}
			w.end(StageDNS, strings.Join(addresses, ", "), info.Err)
		},
		ConnectStart: func(string, string) { w.begin(StageTCP) },
		ConnectDone: func(_, address string, err error) {
			if err == nil { // one that fails is not the last: the error of all comes in the end
				w.end(StageTCP, address, nil)
			}
		},
		TLSHandshakeStart: func() { w.begin(StageTLS) },
		TLSHandshakeDone:  func(state tls.ConnectionState, err error) { w.end(StageTLS, describeTLS(state), err) },
	}
}

func describeTLS(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return tls.VersionName(state.Version)
	}
	leaf := state.PeerCertificates[0]
	return fmt.Sprintf("%s, certificate of %s, until %s", tls.VersionName(state.Version), issuer(leaf.Issuer.Organization, leaf.Issuer.CommonName), leaf.NotAfter.UTC().Format(time.DateOnly))
}

func issuer(organization []string, name string) string {
	if len(organization) > 0 {
		return organization[0]
	}
	return name
}

func (w *way) begin(stage string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, begun := w.open[stage]; !begun {
		w.open[stage] = time.Now()
	}
}

// end closes a stage, once.
func (w *way) end(stage, detail string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	start, begun := w.open[stage]
	if !begun {
		return
	}
	if stage == StageHTTP { // it is what comes after the connection
		for _, s := range w.done {
			start = start.Add(s.Elapsed)
		}
	}
	delete(w.open, stage)
	w.done = append(w.done, Stage{Name: stage, Elapsed: max(time.Since(start), 0), Detail: detail, Err: err})
}

// fail gives the error of the request to the stage in which it came about.
func (w *way) fail(err error) {
	for _, s := range w.done {
		if s.Err != nil {
			return
		}
	}
	var dns *net.DNSError
	var dial *net.OpError
	stage := StageHTTP
	switch {
	case errors.As(err, &dns):
		stage = StageDNS
	case errors.As(err, &dial) && dial.Op == "dial":
		stage = StageTCP
	default:
		for _, s := range []string{StageDNS, StageTCP, StageTLS} {
			if _, begun := w.open[s]; begun {
				stage = s
				break
			}
		}
	}
	w.end(stage, "", err)
}

func (w *way) reach() Reach {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := Reach{Proxy: w.proxy, Skew: w.skew, HasClock: w.hasClock}
	for _, s := range w.done {
		r.Stages = append(r.Stages, s)
		if s.Err != nil {
			break
		}
	}
	return r
}
