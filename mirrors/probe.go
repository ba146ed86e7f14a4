package mirrors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// How much a test of a profile may take. Its candidates are many, and their
// operators give them away.
const (
	testTime     = 5 * time.Second
	answerTime   = 3 * time.Second
	connectTime  = 1500 * time.Millisecond
	answerBytes  = 64 << 10
	statusBytes  = 1 << 20
	sampleBytes  = 384 << 10
	sampledBest  = 2 // of each ecosystem
	perHost      = 4 // requests at once
	wantedToShow = 2 // measurements of latency beyond the first answer
)

// maxAge is how old a mirror may be before it counts as stale.
const maxAge = 24 * time.Hour

// TestOptions say what is tested.
type TestOptions struct {
	Only     []string          // ecosystems; nil: all that have a probe
	Upstream map[string]string // the official sources, by ecosystem, where they are known
}

// TestReport is what a test of a profile found.
type TestReport struct {
	Profile    string            `json:"profile"`
	Seconds    float64           `json:"seconds"`
	Bytes      int64             `json:"bytes"`
	Ecosystems []EcosystemReport `json:"ecosystems"`
	Registries []EcosystemReport `json:"registries"` // of images
}

// EcosystemReport holds the candidates of one ecosystem or image registry, the
// best first.
type EcosystemReport struct {
	Name    string       `json:"name"`
	Results []TestResult `json:"results"`
}

// TestResult is what one candidate did.
type TestResult struct {
	Name           string  `json:"name"` // the provider, a host, or official
	URL            string  `json:"url"`
	OK             bool    `json:"ok"`
	Status         int     `json:"status"`
	Problem        string  `json:"problem,omitempty"`
	FirstByteMS    float64 `json:"first_byte_ms"`
	BytesPerSecond float64 `json:"bytes_per_second"`
	AgeSeconds     float64 `json:"age_seconds"` // 0: not known

	candidate Candidate
	ecosystem Ecosystem
	official  bool
	registry  bool   // of images
	choice    string // what a Choice calls it
}

// Official is the name of a result that is no mirror's.
const Official = "official"

// Test asks every candidate of p for something small, as its client would, all
// at once; then it measures the best of each ecosystem.
func Test(ctx context.Context, p *Profile, opts TestOptions) TestReport {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	t := newTester()
	report := TestReport{Profile: p.Name, Ecosystems: []EcosystemReport{}, Registries: []EcosystemReport{}}
	if opts.Only == nil {
		report.Registries = registries(p)
	}
	for _, e := range Ecosystems() {
		if e.Probe == nil || opts.Only != nil && !slices.Contains(opts.Only, e.Name) || len(p.All(e.Name)) == 0 {
			continue
		}
		row := EcosystemReport{Name: e.Name}
		for i, c := range p.All(e.Name) {
			row.Results = append(row.Results, TestResult{Name: nameOf(c), URL: c.URL, candidate: c, ecosystem: e, choice: choiceName(c, i)})
		}
		if u := opts.Upstream[e.Name]; u != "" {
			row.Results = append(row.Results, TestResult{Name: Official, URL: u, candidate: Candidate{Endpoint: Endpoint{URL: u}}, ecosystem: e, official: true, choice: Official})
		}
		report.Ecosystems = append(report.Ecosystems, row)
	}
	everything := slices.Concat(report.Ecosystems, report.Registries)
	t.all(ctx, everything, t.answer)
	t.ages(ctx, report.Ecosystems)
	t.all(ctx, everything, t.latency)
	for _, row := range everything {
		slices.SortStableFunc(row.Results, better)
	}
	t.all(ctx, best(report.Ecosystems), t.throughput)
	for _, row := range report.Ecosystems {
		slices.SortStableFunc(row.Results, better)
	}
	report.Seconds, report.Bytes = time.Since(start).Seconds(), t.read.Load()
	return report
}

// registryProbe is the question that every client of images begins with: a
// registry says that it is one, with or without asking for a login.
var registryProbe = Probe{Path: "/v2/", Agent: "docker/28.0.0"}

// registries are the rows of the image registries that p has prefixes for.
func registries(p *Profile) []EcosystemReport {
	rows := []EcosystemReport{}
	for _, registry := range sortedKeys(p.Images) {
		row := EcosystemReport{Name: registry}
		for _, prefix := range p.Images[registry] {
			host, _, _ := strings.Cut(prefix, "/")
			at := Endpoint{URL: "https://" + host}
			if name, _, _ := strings.Cut(host, ":"); name == "localhost" || strings.HasPrefix(name, "127.") {
				at.URL = "http://" + host // as every client of images has it
			}
			row.Results = append(row.Results, TestResult{
				Name: host, URL: at.URL, registry: true,
				candidate: Candidate{Endpoint: at}, ecosystem: Ecosystem{Title: "an image registry", Probe: &registryProbe},
			})
		}
		if len(row.Results) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

func nameOf(c Candidate) string {
	if c.Provider != "" {
		return c.Provider
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return c.URL
	}
	return u.Host
}

// best are views of the first results of each row that can be measured.
func best(rows []EcosystemReport) []EcosystemReport {
	var out []EcosystemReport
	for _, row := range rows {
		n := 0
		for n < len(row.Results) && n < sampledBest && row.Results[n].OK {
			n++
		}
		if n > 1 && row.Results[0].ecosystem.Probe.Sample != "" {
			out = append(out, EcosystemReport{row.Name, row.Results[:n]})
		}
	}
	return out
}

// better compares two results: what answers, what is fresh, what is fast.
func better(a, b TestResult) int {
	cost := func(r TestResult) float64 {
		c := r.FirstByteMS * 10
		if r.BytesPerSecond > 0 {
			c += 20e6 / r.BytesPerSecond * 1000
		}
		if r.AgeSeconds > maxAge.Seconds() {
			c *= 2
		}
		return c
	}
	switch {
	case a.OK != b.OK:
		return map[bool]int{true: -1, false: 1}[a.OK]
	case (a.BytesPerSecond > 0) != (b.BytesPerSecond > 0):
		return map[bool]int{true: -1, false: 1}[a.BytesPerSecond > 0]
	case cost(a) < cost(b):
		return -1
	case cost(a) > cost(b):
		return 1
	}
	return 0
}

// tester makes the requests of one test.
type tester struct {
	client *http.Client
	read   atomic.Int64
	mu     sync.Mutex
	hosts  map[string]chan struct{}
}

func newTester() *tester {
	return &tester{hosts: map[string]chan struct{}{}, client: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: connectTime}).DialContext,
			TLSHandshakeTimeout: connectTime, MaxIdleConnsPerHost: perHost, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return errors.New("it redirects in circles")
			}
			return nil
		},
	}}
}

// all calls f for every result at once.
func (t *tester) all(ctx context.Context, rows []EcosystemReport, f func(context.Context, *TestResult)) {
	var group errgroup.Group
	for i := range rows {
		for j := range rows[i].Results {
			group.Go(func() error {
				f(ctx, &rows[i].Results[j])
				return nil
			})
		}
	}
	_ = group.Wait() // no goroutine returns an error
}

// slot waits until a host has fewer than perHost requests of ours.
func (t *tester) slot(host string) (release func()) {
	t.mu.Lock()
	slots := t.hosts[host]
	if slots == nil {
		slots = make(chan struct{}, perHost)
		t.hosts[host] = slots
	}
	t.mu.Unlock()
	slots <- struct{}{}
	return func() { <-slots }
}

// reply is what came back.
type reply struct {
	status    int
	host      string // that answered, after redirects
	body      []byte
	firstByte time.Duration
	total     time.Duration
	registry  bool // its header says that it is one
}

// get reads at most max bytes of an answer.
func (t *tester) get(ctx context.Context, r *TestResult, path string, max int, header http.Header) (reply, error) {
	target, err := url.Parse(strings.TrimRight(r.URL, "/") + path)
	if err != nil {
		return reply{}, err
	}
	defer t.slot(target.Host)()
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var first atomic.Int64
	start := time.Now()
	trace := &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { first.Store(int64(time.Since(start))) },
		GotFirstResponseByte: func() { first.Store(int64(time.Since(start)) - first.Load()) },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, target.String(), nil)
	if err != nil {
		return reply{}, err
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", r.ecosystem.Probe.Agent)
	res, err := t.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	began := time.Now()
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(max)))
	t.read.Add(int64(len(body)))
	registry := strings.HasPrefix(res.Header.Get("Docker-Distribution-Api-Version"), "registry/2") || res.StatusCode == http.StatusUnauthorized && res.Header.Get("Www-Authenticate") != ""
	return reply{res.StatusCode, res.Request.URL.Host, body, time.Duration(first.Load()), time.Since(began), registry}, err
}

// answer asks for what the client would ask first: the exact status, something
// that only a true answer holds, and from the mirror itself.
func (t *tester) answer(ctx context.Context, r *TestResult) {
	probe := r.ecosystem.Probe
	header := http.Header{}
	if probe.Accept != "" {
		header.Set("Accept", probe.Accept)
	}
	got, err := t.get(ctx, r, probe.Path, answerBytes, header)
	if err != nil {
		r.Problem = plain(err)
		return
	}
	r.Status, r.FirstByteMS = got.status, float64(got.firstByte.Microseconds())/1000
	switch {
	case got.status != http.StatusOK && !(r.registry && got.status == http.StatusUnauthorized):
		r.Problem = fmt.Sprintf("answers %d %s", got.status, http.StatusText(got.status))
	case !r.official && !r.home(got.host):
		r.Problem = "sends its clients to " + got.host
	case !bytes.Contains(got.body, []byte(probe.Marker)), r.registry && !got.registry:
		r.Problem = "answers with something else than " + r.ecosystem.Title
	default:
		r.OK = true
		if made := stampOf(probe.Stamp, got.body); !made.IsZero() {
			r.setAge(made)
		}
	}
}

func (r *TestResult) setAge(made time.Time) {
	r.AgeSeconds = max(time.Since(made).Round(time.Second).Seconds(), 1)
	if age := time.Since(made); age > maxAge && r.ecosystem.Probe.Stamp != "apt" {
		r.Problem = fmt.Sprintf("stale: %s behind", age.Round(time.Hour))
	}
}

// home reports whether a host is the mirror's own.
func (r *TestResult) home(host string) bool {
	for _, text := range append([]string{r.URL}, r.candidate.Also...) {
		if u, err := url.Parse(text); err == nil && u.Host == host {
			return true
		}
	}
	provider, _ := lookupProvider(r.candidate.Provider)
	return slices.ContainsFunc(provider.Endpoints, func(e Endpoint) bool {
		u, err := url.Parse(e.URL)
		return err == nil && u.Host == host
	})
}

// latency takes the median of some more answers, on a warm connection.
func (t *tester) latency(ctx context.Context, r *TestResult) {
	if !r.OK {
		return
	}
	var times []float64
	for range wantedToShow {
		got, err := t.get(ctx, r, r.ecosystem.Probe.Path, 1, http.Header{"Range": {"bytes=0-0"}})
		if err == nil && got.firstByte > 0 {
			times = append(times, float64(got.firstByte.Microseconds())/1000)
		}
	}
	if len(times) > 0 {
		slices.Sort(times)
		r.FirstByteMS = times[len(times)/2]
	}
}

// throughput reads the beginning of something larger.
func (t *tester) throughput(ctx context.Context, r *TestResult) {
	header := http.Header{"Range": {fmt.Sprintf("bytes=0-%d", sampleBytes-1)}, "Accept-Encoding": {"identity"}}
	got, err := t.get(ctx, r, r.ecosystem.Probe.Sample, sampleBytes, header)
	if err == nil && (got.status == http.StatusOK || got.status == http.StatusPartialContent) && got.total > 0 {
		r.BytesPerSecond = float64(len(got.body)) / max(got.total.Seconds(), 0.001)
	}
}

// plain says what went wrong with a request without repeating its URL.
func plain(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "does not answer in time"
	case errors.Is(err, context.Canceled):
		return "was not waited for"
	}
	return err.Error()
}
