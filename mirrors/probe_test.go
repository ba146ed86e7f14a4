package mirrors

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// served starts a mirror for a test.
func served(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// release answers as a Debian mirror of that age does, and gives what a client asks for.
func release(age time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.UserAgent() != "Debian APT-HTTP/1.3 (2.6.1)":
			http.Error(w, "who are you?", http.StatusForbidden)
		case strings.HasSuffix(r.URL.Path, "InRelease"):
			fmt.Fprintf(w, "Origin: Debian\nDate: %s\n", time.Now().Add(-age).UTC().Format(time.RFC1123))
		case strings.HasSuffix(r.URL.Path, ".gz"):
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("x", 1<<20)))
		default:
			http.NotFound(w, r)
		}
	}
}

func TestTest(t *testing.T) {
	good := served(t, release(time.Hour))
	elsewhere := served(t, release(time.Hour))
	stopped := httptest.NewServer(nil)
	stopped.Close()
	hanging := served(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	tests := []struct {
		name, url string
		ok        bool
		problem   string
	}{
		{"good", good, true, ""},
		{"forbidden", served(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }), false, "answers 403 Forbidden"},
		{"a page", served(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Welcome</html>") }), false, "answers with something else than Debian packages"},
		{"elsewhere", served(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusFound)
		}), false, "sends its clients to " + strings.TrimPrefix(elsewhere, "http://")},
		{"circle", served(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }), false, "it redirects in circles"},
		{"hanging", hanging, false, "does not answer in time"},
		{"stopped", stopped.URL, false, "connection refused"},
	}
	d := Declared{Name: "x", Entries: map[string][]string{}}
	for _, tt := range tests {
		d.Entries["debian"] = append(d.Entries["debian"], tt.url)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	report := Test(ctx, mustResolve(t, "x", []Declared{d}), TestOptions{Upstream: map[string]string{"debian": served(t, release(time.Minute))}})
	if len(report.Ecosystems) != 1 || len(report.Ecosystems[0].Results) != len(tests)+1 {
		t.Fatalf("report = %+v", report)
	}
	results := map[string]TestResult{}
	for _, r := range report.Ecosystems[0].Results {
		results[r.URL] = r
	}
	for _, tt := range tests {
		r := results[tt.url]
		if r.OK != tt.ok || !strings.Contains(r.Problem, tt.problem) || tt.problem == "" && r.Problem != "" {
			t.Errorf("%s: ok %v, problem %q; want %v, %q", tt.name, r.OK, r.Problem, tt.ok, tt.problem)
		}
	}
	if r := results[good]; r.FirstByteMS <= 0 || r.AgeSeconds < 3500 || r.AgeSeconds > 3700 {
		t.Errorf("good = %+v; want a time, and an age of an hour", r)
	}
	if best := report.Ecosystems[0].Results[0]; !best.OK {
		t.Errorf("the first result is %+v", best)
	}
	if report.Seconds > 4 || report.Bytes > 2<<20 {
		t.Errorf("it took %.1f s and %d bytes", report.Seconds, report.Bytes)
	}
}

// TestTestOrder: of two that answer the faster is first, and both are measured.
func TestTestOrder(t *testing.T) {
	fast := served(t, release(time.Hour))
	slow := served(t, func(w http.ResponseWriter, r *http.Request) {
		<-time.After(60 * time.Millisecond)
		release(time.Hour)(w, r)
	})
	p := mustResolve(t, "x", []Declared{{Name: "x", Entries: map[string][]string{"debian": {slow, fast}, "npm": {slow}}}})
	report := Test(t.Context(), p, TestOptions{Only: []string{"debian"}})
	results := report.Ecosystems[0].Results
	if len(report.Ecosystems) != 1 || results[0].URL != fast || results[0].BytesPerSecond == 0 || results[1].BytesPerSecond == 0 {
		t.Errorf("report = %+v; want %s first, and both measured", report, fast)
	}
}

func TestFreshness(t *testing.T) {
	now := time.Now().Unix()
	tests := []struct {
		format, text, job string
		age               int64
		problem           string
	}{
		{"tunasync", fmt.Sprintf(`[{"name":"debian","status":"success","last_update_ts":%d}]`, now-60), "debian", 60, ""},
		{"tunasync", fmt.Sprintf(`[{"name":"pypi","status":"failed","last_update_ts":%d}]`, now-7200), "pypi", 7200, "its synchronisation is failed"},
		{"mirrorz", fmt.Sprintf(`{"mirrors":[{"cname":"debian","url":"/debian","status":"S%dN%d"}]}`, now-90, now), "debian", 90, ""},
		{"mirrorz", fmt.Sprintf(`{"mirrors":[{"cname":"crates","url":"/crates.io-index/","status":"F%dO%d"}]}`, now, now-3600), "crates.io-index", 3600, "its synchronisation is failed"},
		{"mirrorz", `{"mirrors":[{"cname":"npm","status":"C"}]}`, "npm", 0, ""},
	}
	for _, tt := range tests {
		jobs, err := statusFormats[tt.format]([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		job, age := jobs[tt.job], int64(0)
		if !job.updated.IsZero() {
			age = now - job.updated.Unix()
		}
		if age != tt.age || job.problem != tt.problem {
			t.Errorf("%s in %s = %d s, %q; want %d s, %q", tt.job, tt.text, age, job.problem, tt.age, tt.problem)
		}
	}
	if at := stampOf("apt", []byte("Origin: Debian\nDate: Sat, 06 Sep 2025 10:21:11 UTC\n")); at.Unix() != 1757154071 {
		t.Errorf("stampOf(apt) = %v", at)
	}
	if at := stampOf("seconds", []byte("1757154071\n")); at.Unix() != 1757154071 {
		t.Errorf("stampOf(seconds) = %v", at)
	}
}

func TestPins(t *testing.T) {
	cn := mustResolve(t, "cn", nil)
	tests := []struct {
		name, text string
		p          *Profile
		want       []Pin
	}{
		{"package-lock.json", "{\n\"resolved\": \"https://registry.npm.taobao.org/a/-/a-1.tgz\",\n\"resolved\": \"https://registry.npm.taobao.org/b\"}", nil, []Pin{{Host: "registry.npm.taobao.org", Line: 2, Count: 2, Mirror: true}}},
		{"package-lock.json", "\"resolved\": \"https://registry.example/a/-/a-1.tgz\"", cn, nil},
		{"uv.lock", "\nurl = \"https://files.example/a.whl\"", cn, []Pin{{Host: "files.example", Line: 2, Count: 1}}},
		{"uv.lock", "\nurl = \"https://files.example/a.whl\"", nil, nil},
		{"uv.lock", "url = \"https://pypi.tuna.tsinghua.edu.cn/packages/a.whl\"", cn, []Pin{{Host: "pypi.tuna.tsinghua.edu.cn", Line: 1, Count: 1, Mirror: true}}},
		{"yarn.lock", "  resolved \"https://registry.example/a/-/a-1.tgz#0\"", cn, []Pin{{Host: "registry.example", Line: 1, Count: 1}}},
		{"README.md", "https://registry.npmmirror.com", cn, nil},
	}
	for _, tt := range tests {
		p := tt.p
		if p == nil {
			p = mustResolve(t, None, nil)
		}
		got := Pins(tt.name, []byte(tt.text), p)
		for i := range got {
			if got[i].Fix == "" {
				t.Errorf("%s: no advice", tt.name)
			}
			got[i].Fix = ""
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("Pins(%q, %q) = %+v; want %+v", tt.name, tt.text, got, tt.want)
		}
	}
}
