package e2b_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/e2b/envd/process"
	"github.com/e2bt/e2bt/e2b/envd/process/processconnect"
)

// TestHeartbeat lets a sandbox end while a command runs in it that says nothing.
func TestHeartbeat(t *testing.T) {
	const after = time.Minute
	gone := func(code string) string {
		return fmt.Sprintf(`{"code":404,"message":"sandbox \"i123\" not found","error_code":%q}`, code)
	}
	tests := []struct {
		name   string
		life   int
		memory int    // percent, before it ended
		pulse  int    // what its envd answers then; 0: nothing
		status int    // of the API's answer
		said   string // its body
		want   e2b.End
	}{
		{"the server says why", 600, 10, 502, 404, gone("sandbox_crashed"), e2b.EndCrash},
		{"killed, says the server", 600, 10, 502, 404, gone("sandbox_killed"), e2b.EndKilled},
		{"its time was over", 60, 10, 502, 404, gone(""), e2b.EndTimeLimit},
		{"its memory was full", 600, 97, 502, 404, gone(""), e2b.EndMemory},
		{"nobody knows", 600, 10, 502, 404, gone("else"), e2b.EndUnknown},
		{"paused", 600, 10, 502, 200, `{"sandboxID":"i123","state":"paused"}`, e2b.EndPaused},
		{"the network is down", 600, 10, 0, 200, `{"sandboxID":"i123","state":"running"}`, e2b.EndLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, rpc := processconnect.NewProcessHandler(envd{run: func(ctx context.Context, _ *connect.Request[process.StartRequest], _ func(string, string)) (int32, error) {
					<-ctx.Done()
					return 0, ctx.Err()
				}})
				c := client(t, func(w http.ResponseWriter, r *http.Request) {
					over := time.Since(began) >= after
					switch {
					case r.Host == "sandbox.test" && r.URL.Path == "/metrics" && !over:
						fmt.Fprintf(w, `{"mem_used":%d,"mem_total":100}`, tt.memory)
					case r.Host == "sandbox.test" && r.URL.Path == "/metrics" && tt.pulse == 0:
						panic(http.ErrAbortHandler)
					case r.Host == "sandbox.test" && r.URL.Path == "/metrics":
						w.WriteHeader(tt.pulse)
					case r.Host == "sandbox.test":
						rpc.ServeHTTP(w, r)
					case r.Method == http.MethodPost:
						w.WriteHeader(http.StatusCreated)
						fmt.Fprint(w, `{"sandboxID":"i123","envdAccessToken":"envd-token"}`)
					default:
						w.WriteHeader(tt.status)
						fmt.Fprint(w, tt.said)
					}
				})
				box, err := c.CreateSandbox(t.Context(), e2b.NewSandbox{TemplateID: "n", Timeout: tt.life})
				if err != nil {
					t.Fatal(err)
				}
				_, err = box.Run(t.Context(), e2b.Command{Cmd: "x"})
				var ended *e2b.EndedError
				if !errors.As(err, &ended) || ended.Why != tt.want {
					t.Errorf("Run() = %v; want %s", err, tt.want)
				}
				if took := time.Since(began); took < after || took > after+30*time.Second {
					t.Errorf("noticed after %v; it ended after %v", took, after)
				}
			})
		})
	}
}
