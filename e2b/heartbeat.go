package e2b

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	beat      = 5 * time.Second // between two questions whether a sandbox is alive
	lostBeats = 3               // unanswered ones after which the connection counts as lost
	tightPart = 0.95            // of its memory in use, and the end of a sandbox is put down to that
	endGrace  = 3 * time.Second // by which clocks may differ about a time limit
)

// An End is why a sandbox is no more.
type End string

// What E2B does not tell, and cannot be seen from outside, is EndUnknown. The
// texts are the error_code of e2bt's own server.
const (
	EndTimeLimit End = "sandbox_time_limit"
	EndMemory    End = "sandbox_out_of_memory"
	EndCrash     End = "sandbox_crashed"
	EndKilled    End = "sandbox_killed"
	EndPaused    End = "sandbox_paused"
	EndUnknown   End = "sandbox_gone"
	EndLost      End = "connection_lost" // it may run on
)

var endTexts = map[End]string{
	EndTimeLimit: "the sandbox %s has reached its time limit",
	EndMemory:    "the sandbox %s ran out of memory",
	EndCrash:     "the sandbox %s crashed",
	EndKilled:    "the sandbox %s was killed",
	EndPaused:    "the sandbox %s was paused",
	EndUnknown:   "the sandbox %s is gone: it was killed, or it crashed",
	EndLost:      "the connection to the sandbox %s was lost; it may still be running",
}

// EndedError is a sandbox that ended while it was in use.
type EndedError struct {
	ID  string
	Why End
	Err error // the last trouble with it; may be nil
}

func (e *EndedError) Error() string {
	text := fmt.Sprintf(endTexts[e.Why], e.ID)
	if e.Why == EndLost && e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *EndedError) Unwrap() error { return e.Err }

// heartbeat asks a sandbox again and again whether it is alive, until ctx ends,
// which it does when the sandbox is not.
func (s *Sandbox) heartbeat(ctx context.Context, stop context.CancelCauseFunc) {
	for unanswered := 0; ; {
		if sleep(ctx, beat) != nil {
			return
		}
		err := s.pulse(ctx)
		var gone *goneError
		switch {
		case err == nil:
			unanswered = 0
			continue
		case ctx.Err() != nil:
			return
		case errors.As(err, &gone):
		default:
			if unanswered++; unanswered < lostBeats {
				continue
			}
		}
		stop(s.ended(ctx, err))
		return
	}
}

// goneError is the word of E2B's proxy that there is no such sandbox.
type goneError struct{}

func (*goneError) Error() string { return "the sandbox is not there" }

// pulse asks a sandbox how it is, and keeps how much of its memory is in use.
func (s *Sandbox) pulse(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	resp, err := s.get(ctx, "/metrics")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var m struct {
		Used  float64 `json:"mem_used"`
		Total float64 `json:"mem_total"`
	}
	switch {
	case resp.StatusCode == http.StatusBadGateway:
		return &goneError{}
	case resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&m) == nil && m.Total > 0:
		s.memory.Store(int64(100 * m.Used / m.Total))
	}
	return nil
}

// get asks the sandbox's own API.
func (s *Sandbox) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	s.address(req.Header, "")
	return envdHTTP{s.client}.Do(req)
}

// ended finds out why a sandbox does not answer any longer.
func (s *Sandbox) ended(ctx context.Context, last error) *EndedError {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*beat)
	defer cancel()
	e := &EndedError{ID: s.SandboxID, Why: EndLost}
	if last != nil {
		e.Err = errors.New(s.client.redact(s.client.transport(last).Error()))
	}
	detail, err := s.client.sandboxDetail(ctx, s.SandboxID)
	var refused *Error
	switch {
	case err == nil && detail.State == SandboxPaused:
		e.Why = EndPaused
	case NotFound(err) && errors.As(err, &refused):
		e.Why = s.whyGone(End(refused.Code))
	}
	return e
}

// whyGone is what the server says, or else what was seen of the sandbox.
func (s *Sandbox) whyGone(said End) End {
	switch _, known := endTexts[said]; {
	case known:
		return said
	case s.limit.After(time.Time{}) && time.Now().Add(endGrace).After(s.limit):
		return EndTimeLimit
	case s.MemoryTight():
		return EndMemory
	}
	return EndUnknown
}
