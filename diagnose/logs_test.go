package diagnose

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestLogs runs the whole, real logs of many tools, made with servers that
// refuse, stall or lie, with full disks, limits, missing tools and in other
// languages.
func TestLogs(t *testing.T) {
	data, err := os.ReadFile("testdata/logs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t)
	for line := range strings.Lines(string(data)) {
		var l struct {
			ID, Log, Package string
			Label            Category
			ExitCode         int `json:"exit_code"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		got := e.DiagnoseText([]byte(l.Log), Context{ExitCode: l.ExitCode})
		if got.Category != l.Label {
			t.Errorf("%s: %s (%s); want %s", l.ID, got.Category, got.Summary, l.Label)
		}
		if l.Package != "" && !strings.EqualFold(strings.ReplaceAll(got.Subject, "_", "-"), strings.ReplaceAll(l.Package, "_", "-")) {
			t.Errorf("%s: subject %q; want %q", l.ID, got.Subject, l.Package)
		}
	}
}
