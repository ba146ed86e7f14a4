package local

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// mayAsk keeps web pages out: a page that rebinds its name to loopback sends
// its own name as Host, and a cross-site request its Origin.
func (s *Server) mayAsk(r *http.Request) bool {
	if !s.answersTo(r.Host) {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && s.answersTo(u.Host)
}

// answersTo reports whether a host is this machine, or a name that the server
// was given.
func (s *Server) answersTo(host string) bool {
	host = bareHost(host)
	if host == "localhost" {
		return true
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true
	}
	for _, name := range s.opts.Hosts {
		if name = bareHost(name); host == name || net.ParseIP(name) == nil && strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}

// bareHost is a host without port and brackets, in lower case.
func bareHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	return strings.ToLower(host)
}

// sandboxHost is how E2B names a port of a sandbox: 49983-SANDBOX.DOMAIN.
var sandboxHost = regexp.MustCompile(`^([0-9]{1,5})-(i[a-z0-9]+)\.`)

// routeByHost says with headers what the name of a host says, for clients that
// know a domain and not an address.
func routeByHost(r *http.Request) {
	m := sandboxHost.FindStringSubmatch(strings.ToLower(r.Host))
	if m != nil && r.Header.Get("E2b-Sandbox-Id") == "" {
		r.Header.Set("E2b-Sandbox-Port", m[1])
		r.Header.Set("E2b-Sandbox-Id", m[2])
	}
}
