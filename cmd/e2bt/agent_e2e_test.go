package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
)

const goodKey = "a-key-for-this-test-alone"

// testAgentCheck runs the checks of the claude-agent example, which was built
// in home: the real SDK and the real CLI, and a stand-in for the model's API.
func testAgentCheck(t *testing.T, home string) {
	api := httptest.NewServer(http.HandlerFunc(answerMessages))
	defer api.Close()
	for _, tt := range []struct {
		name    string
		env     []string
		code    int
		ok      bool
		skipped bool
		message string
	}{
		{"no key", []string{"ANTHROPIC_API_KEY=", "ANTHROPIC_AUTH_TOKEN=", "CLAUDE_CODE_OAUTH_TOKEN="}, 0, false, true, "no key to ask it something with"},
		{"a key", []string{"ANTHROPIC_API_KEY=" + goodKey, "ANTHROPIC_BASE_URL=" + api.URL}, 0, true, false, "it answers"},
		{"a refused key", []string{"ANTHROPIC_API_KEY=a-refused-key", "ANTHROPIC_BASE_URL=" + api.URL}, exitCheck, false, false, "Invalid API key"},
		{"nobody there", []string{"ANTHROPIC_API_KEY=" + goodKey, "ANTHROPIC_BASE_URL=http://127.0.0.1:1"}, exitCheck, false, false, "Connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := e2bt(t, t.TempDir(), home, "check", "--local", "--json", example(t, "claude-agent.hcl"))
			cmd.Env = append(cmd.Env, tt.env...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if cmd.ProcessState.ExitCode() != tt.code {
				t.Fatalf("exit code %d (%v); want %d\n%s%s", cmd.ProcessState.ExitCode(), err, tt.code, out, stderr.String())
			}
			if text := string(out) + stderr.String(); strings.Contains(text, goodKey) || strings.Contains(text, "a-refused-key") {
				t.Errorf("a key is shown:\n%s", text)
			}
			for _, e := range parseEvents(t, string(out)) {
				if e.Type != builder.EventCheck {
					continue
				}
				wantOK, wantSkipped, wantMessage := true, false, ""
				if e.Name == "agent" {
					wantOK, wantSkipped, wantMessage = tt.ok, tt.skipped, tt.message
				}
				if *e.OK != wantOK || e.Skipped != wantSkipped || !strings.Contains(e.Message, wantMessage) {
					t.Errorf("check %s: ok %v, skipped %v, %q", e.Name, *e.OK, e.Skipped, e.Message)
				}
			}
		})
	}
}

// answerMessages does as the model's API: it answers with a stream, and refuses
// every other key.
func answerMessages(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, "/v1/messages") {
		http.NotFound(rw, r)
		return
	}
	if r.Header.Get("X-Api-Key") != goodKey {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(rw, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)
		return
	}
	var req struct {
		Model string `json:"model"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	rw.Header().Set("Content-Type", "text/event-stream")
	for _, e := range []string{
		fmt.Sprintf(`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":%q,"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}`, req.Model),
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"ready"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}`,
		`{"type":"message_stop"}`,
	} {
		var event struct{ Type string }
		_ = json.Unmarshal([]byte(e), &event)
		fmt.Fprintf(rw, "event: %s\ndata: %s\n\n", event.Type, e)
	}
}
