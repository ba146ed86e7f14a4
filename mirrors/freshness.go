package mirrors

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stampOf reads when a repository was made from what it says itself: the Date
// of an InRelease file, or seconds since 1970. Zero: it does not say.
func stampOf(kind string, body []byte) time.Time {
	switch kind {
	case "apt":
		for line := range bytes.Lines(body) {
			if text, ok := bytes.CutPrefix(line, []byte("Date: ")); ok {
				made, err := time.Parse(time.RFC1123, strings.TrimSpace(string(text)))
				if err == nil {
					return made
				}
			}
		}
	case "seconds":
		if n, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64); err == nil {
			return time.Unix(n, 0)
		}
	}
	return time.Time{}
}

// statusFormats reads a provider's report: when each job last succeeded, and
// what is wrong with it.
var statusFormats = map[string]func([]byte) (map[string]jobStatus, error){"tunasync": readTunasync, "mirrorz": readMirrorz}

// jobStatus is the state of one mirror of a provider.
type jobStatus struct {
	updated time.Time
	problem string
}

func readTunasync(text []byte) (map[string]jobStatus, error) {
	var jobs []struct {
		Name    string `json:"name"`
		Status  string `json:"status"`
		Updated int64  `json:"last_update_ts"`
	}
	if err := json.Unmarshal(text, &jobs); err != nil {
		return nil, err
	}
	out := map[string]jobStatus{}
	for _, j := range jobs {
		s := jobStatus{}
		if j.Updated > 0 {
			s.updated = time.Unix(j.Updated, 0)
		}
		if j.Status == "failed" || j.Status == "paused" || j.Status == "disabled" {
			s.problem = "its synchronisation is " + j.Status
		}
		out[j.Name] = s
	}
	return out, nil
}

// mirrorzTroubles are the letters of a MirrorZ status that are no good news.
var mirrorzTroubles = map[byte]string{'F': "failed", 'P': "paused"}

func readMirrorz(text []byte) (map[string]jobStatus, error) {
	var report struct {
		Mirrors []struct {
			Name   string `json:"cname"`
			URL    string `json:"url"`
			Status string `json:"status"`
		} `json:"mirrors"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, err
	}
	out := map[string]jobStatus{}
	for _, m := range report.Mirrors {
		s := mirrorzStatus(m.Status)
		out[m.Name] = s
		if path := strings.Trim(m.URL, "/"); path != "" {
			out[path[strings.LastIndex(path, "/")+1:]] = s
		}
	}
	return out, nil
}

// mirrorzStatus reads a string of letters, each with seconds since 1970: in
// S1700000000N1700003600 the S is the last success.
func mirrorzStatus(text string) jobStatus {
	var s jobStatus
	for len(text) > 0 {
		letter := text[0]
		digits := 1
		for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
			digits++
		}
		n, err := strconv.ParseInt(text[1:digits], 10, 64)
		if err == nil && (letter == 'S' || letter == 'O') {
			s.updated = time.Unix(n, 0)
		}
		if trouble := mirrorzTroubles[letter]; trouble != "" {
			s.problem = "its synchronisation is " + trouble
		}
		text = text[digits:]
	}
	return s
}

// ages asks each provider once how fresh its mirrors are.
func (t *tester) ages(ctx context.Context, rows []EcosystemReport) {
	reports := map[string]*sync.Once{}
	found := map[string]map[string]jobStatus{}
	for _, row := range rows {
		for _, r := range row.Results {
			if r.candidate.Job != "" {
				reports[r.candidate.Provider] = new(sync.Once)
			}
		}
	}
	var mu sync.Mutex
	t.all(ctx, rows, func(ctx context.Context, r *TestResult) {
		once := reports[r.candidate.Provider]
		if once == nil || r.candidate.Job == "" || !r.OK {
			return
		}
		once.Do(func() {
			report, err := t.status(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				found[r.candidate.Provider] = report
			}
		})
		mu.Lock()
		job, ok := found[r.candidate.Provider][r.candidate.Job]
		mu.Unlock()
		if !ok {
			return
		}
		if !job.updated.IsZero() {
			r.setAge(job.updated)
		}
		if job.problem != "" {
			r.Problem = job.problem
		}
	})
}

func (t *tester) status(ctx context.Context, r *TestResult) (map[string]jobStatus, error) {
	provider, ok := lookupProvider(r.candidate.Provider)
	if !ok || provider.Status == nil {
		return nil, fmt.Errorf("provider %s has no status", r.candidate.Provider)
	}
	at := *r
	at.URL = provider.Status.URL
	got, err := t.get(ctx, &at, "", statusBytes, http.Header{})
	if err != nil {
		return nil, err
	}
	return statusFormats[provider.Status.Format](got.body)
}
