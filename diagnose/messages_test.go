package diagnose

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestMessages classifies single messages of many tools and versions.
func TestMessages(t *testing.T) {
	data, err := os.ReadFile("testdata/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t)
	for line := range strings.Lines(string(data)) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), " ", 4)
		if strings.HasPrefix(line, "#") || len(fields) < 4 {
			continue
		}
		code, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		log := strings.ReplaceAll(fields[3], `\n`, "\n")
		got := e.DiagnoseText([]byte(log), Context{ExitCode: code})
		if got.Category != Category(fields[0]) {
			t.Errorf("Diagnose(%q) = %s (%s); want %s", log, got.Category, got.Summary, fields[0])
		} else if want := fields[2]; want != "-" && got.Subject != want {
			t.Errorf("Diagnose(%q): subject %q; want %q", log, got.Subject, want)
		}
	}
}
