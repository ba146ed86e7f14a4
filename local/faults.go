package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultHeader asks for faults of one request, in the words of ParseFaults.
const FaultHeader = "X-E2bt-Fault"

// longestLatency is how long a request may be held back at most.
const longestLatency = 5 * time.Minute

// Faults are what goes wrong on request, for tests of clients.
type Faults []fault

// fault is one of them: it happens to that share of what it can happen to.
type fault struct {
	kind  string
	value string // a duration, or seconds to wait; "" where there is none
	share float64
}

// requestFaults answer in the place of the server, or make its answer worse.
// They report whether the request is over with.
var requestFaults = map[string]func(w http.ResponseWriter, r *http.Request, value string) bool{
	"latency": func(_ http.ResponseWriter, r *http.Request, value string) bool {
		wait, _ := time.ParseDuration(value) // ParseFaults has read it
		select {
		case <-r.Context().Done():
		case <-time.After(wait):
		}
		return false
	},
	"drop": func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20)) // some clients see the end only once they have sent all
		panic(http.ErrAbortHandler)
	},
	"rate_limit": func(w http.ResponseWriter, _ *http.Request, value string) bool {
		if value != "" {
			w.Header().Set("Retry-After", value)
		}
		writeError(w, &apiError{http.StatusTooManyRequests, "Rate limit exceeded"})
		return true
	},
	"500": says(http.StatusInternalServerError, "An internal error occurred."),
	"502": says(http.StatusBadGateway, "Bad gateway"),
	"503": says(http.StatusServiceUnavailable, "The service is busy, please try again later"),
	"504": says(http.StatusGatewayTimeout, "The request timed out"),
	"upload": func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if !strings.HasPrefix(r.URL.Path, "/_upload/") {
			return false
		}
		writeError(w, &apiError{http.StatusForbidden, "the upload is refused"})
		return true
	},
}

func says(code int, message string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		writeError(w, &apiError{code, message})
		return true
	}
}

// buildFault is how a build fails: in a step, "" being the first that the user
// wrote, with the words of E2B.
type buildFault struct{ step, reason string }

var buildFaults = map[string]buildFault{
	"image_not_found": {"base", "image '%s' not found: the image or tag does not exist in the registry"},
	"oom":             {"", "failed to run command '%s': signal: killed"},
	"hang":            {"", ""},
	"internal":        {"", "An internal error occurred. Please try again or contact support with the build ID."},
	"superseded":      {"", errCancelled.Error()},
	"not_ready":       {"finalize", "ready command failed: ready command timed out after 10m0s"},
}

// FaultKinds lists what can go wrong on request.
func FaultKinds() []string {
	kinds := append(slices.Collect(maps.Keys(requestFaults)), "truncate")
	return slices.Sorted(slices.Values(slices.AppendSeq(kinds, maps.Keys(buildFaults))))
}

// ParseFaults reads a list such as "latency=200ms,rate_limit=2@0.1,oom": kinds
// with a value, where they have one, and the share of requests or builds that
// they happen to.
func ParseFaults(text string) (Faults, error) {
	var all Faults
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		f, err := parseFault(part)
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", part, err)
		}
		all = append(all, f)
	}
	return all, nil
}

func parseFault(part string) (fault, error) {
	part, share, shared := strings.Cut(part, "@")
	f := fault{share: 1}
	f.kind, f.value, _ = strings.Cut(part, "=")
	if !slices.Contains(FaultKinds(), f.kind) {
		return f, fmt.Errorf("want one of %s", strings.Join(FaultKinds(), ", "))
	}
	if shared {
		n, err := strconv.ParseFloat(share, 64)
		if err != nil || !(n >= 0 && n <= 1) {
			return f, errors.New("the share after @ must be a number from 0 to 1")
		}
		f.share = n
	}
	switch f.kind {
	case "latency":
		if d, err := time.ParseDuration(f.value); err != nil || d < 0 || d > longestLatency {
			return f, fmt.Errorf("want a duration of at most %s, such as latency=200ms", longestLatency)
		}
	case "rate_limit":
		if n, err := strconv.Atoi(f.value); f.value != "" && (err != nil || n < 0) {
			return f, errors.New("want the seconds of Retry-After, such as rate_limit=2")
		}
	default:
		if f.value != "" {
			return f, errors.New("it takes no value")
		}
	}
	return f, nil
}

func (f fault) happens() bool { return f.share >= 1 || rand.Float64() < f.share }

// Expose lets things go wrong as Options.Faults say: until then the server is
// being prepared.
func (s *Server) Expose() { s.exposed.Store(true) }

// common are the faults that happen to every client.
func (s *Server) common() Faults {
	if !s.exposed.Load() {
		return nil
	}
	return s.opts.Faults
}

// faultsOf are the faults of a request: those of every one, and those that one
// with the key, or to an upload link, asks for itself.
func (s *Server) faultsOf(r *http.Request) (Faults, error) {
	text := r.Header.Get(FaultHeader)
	if text == "" || !same(r.Header.Get("X-API-KEY"), s.opts.APIKey) && !strings.HasPrefix(r.URL.Path, "/_upload/") {
		return s.common(), nil
	}
	own, err := ParseFaults(text)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "validation error: header %s: %s", FaultHeader, err)
	}
	return slices.Concat(own, s.common()), nil
}

// fault lets go wrong what should, and reports whether the request is over with.
func (s *Server) fault(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, bool) {
	all, err := s.faultsOf(r)
	if err != nil {
		writeError(w, err)
		return w, true
	}
	for _, f := range all {
		do := requestFaults[f.kind]
		switch {
		case r.URL.Path == "/health" || do == nil && f.kind != "truncate" || !f.happens():
		case f.kind == "truncate":
			w = &truncated{ResponseWriter: w}
		case do(w, r, f.value):
			return w, true
		}
	}
	return w, false
}

// truncated ends the connection in the middle of the first answer.
type truncated struct{ http.ResponseWriter }

func (t *truncated) Write(p []byte) (int, error) {
	_, _ = t.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(t.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// Flush implements http.Flusher, which streams insist on.
func (t *truncated) Flush() { _ = http.NewResponseController(t.ResponseWriter).Flush() }

// buildFault is the kind of failure that a build was asked for with, if any.
func (s *Server) buildFault(r *http.Request) string {
	all, _ := s.faultsOf(r) // a header that cannot be read was refused
	for _, f := range all {
		if _, ok := buildFaults[f.kind]; ok && f.happens() {
			return f.kind
		}
	}
	return ""
}

// goWrong fails where the fault of the build belongs to the step that comes now.
func (x *executor) goWrong(ctx context.Context) error {
	f, ok := buildFaults[x.fault]
	first := x.step == "1" || x.step == "finalize" && len(x.req.Steps) == 0
	if !ok || f.step != x.step && !(f.step == "" && first) {
		return nil
	}
	switch x.fault {
	case "hang":
		<-ctx.Done()
		return context.Cause(ctx)
	case "image_not_found":
		return fmt.Errorf(f.reason, x.req.FromImage)
	case "oom":
		return fmt.Errorf(f.reason, x.firstCommand())
	}
	return errors.New(f.reason)
}

func (x *executor) firstCommand() string {
	if len(x.req.Steps) == 0 || len(x.req.Steps[0].Args) == 0 {
		return x.req.StartCmd
	}
	return x.req.Steps[0].Args[0]
}
