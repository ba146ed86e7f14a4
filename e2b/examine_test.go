package e2b_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

func stages(r e2b.Reach) string {
	var out []string
	for _, s := range r.Stages {
		name := s.Name
		if s.Err != nil {
			name += " failed"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

func TestExamine(t *testing.T) {
	healthy := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})
	plain := httptest.NewServer(healthy)
	defer plain.Close()
	unknown := httptest.NewTLSServer(healthy)
	defer unknown.Close()
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer sick.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go hangUp(silent)
	defer silent.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, test := range []struct{ name, url, want string }{
		{"healthy", plain.URL, "tcp, http"},
		{"a name", strings.Replace(plain.URL, "127.0.0.1", "localhost", 1), "dns, tcp, http"},
		{"a certificate that nobody trusts", unknown.URL, "tcp, tls failed"},
		{"not healthy", sick.URL, "tcp, http failed"},
		{"hangs up", "http://" + silent.Addr().String(), "tcp, http failed"},
		{"speaks no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "tcp, tls failed"},
		{"nobody listens", "http://" + gone.Addr().String(), "tcp failed"},
		{"no such name", "http://nobody.invalid", "dns failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := e2b.New(e2b.Options{APIURL: test.url, APIKey: "e2b_secret"}).Examine(context.Background())
			if diff := cmp.Diff(test.want, stages(r)); diff != "" {
				t.Errorf("stages (-want +got):\n%s%+v", diff, r)
			}
		})
	}
}

func hangUp(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.Close()
	}
}

func TestExamineClock(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
	}))
	defer server.Close()
	r := e2b.New(e2b.Options{APIURL: server.URL}).Examine(context.Background())
	if off := r.Skew + 10*time.Minute; !r.HasClock || off.Abs() > 5*time.Second {
		t.Errorf("skew %v, told %v; want the clock ten minutes behind", r.Skew, r.HasClock)
	}
}

// The key goes to the API alone, not with the first request to whoever answers.
func TestExamineSendsNoKey(t *testing.T) {
	var sent http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.Header }))
	defer server.Close()
	e2b.New(e2b.Options{APIURL: server.URL, APIKey: "e2b_secret"}).Examine(context.Background())
	if sent == nil || sent.Get("X-Api-Key") != "" {
		t.Errorf("sent %v; want a request without the key", sent)
	}
}
