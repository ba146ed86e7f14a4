package builder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e2bt/e2bt/builder"
	"github.com/google/go-cmp/cmp"
)

// TestRecords reads what runs have left, newest first, and passes over what is
// no record.
func TestRecords(t *testing.T) {
	dir := files{
		"builds/aa11.json":     `{"template":"one","address":"template.one","build_id":"aa11","started":"2026-01-02T00:00:00Z"}`,
		"builds/bb22.json":     `{"template":"two","address":"template.x[\"two\"]","build_id":"bb22","started":"2026-01-03T00:00:00Z","status":"ready"}`,
		"builds/aa33.json":     `{"template":"one","address":"template.one","build_id":"aa33","started":"2026-01-01T00:00:00Z"}`,
		"builds/cut.json":      `{"template":"on`,
		"builds/other.json":    `[]`,
		"builds/empty.json":    ``,
		"builds/dd44.json.tmp": `{"build_id":"dd44"}`,
		"builds/README":        `hello`,
	}.write(t)
	records, err := builder.Records(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, rec := range records {
		ids = append(ids, rec.BuildID)
	}
	if diff := cmp.Diff([]string{"bb22", "aa11", "aa33"}, ids); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for want, id := range map[string]string{
		"": "bb22", "one": "aa11", "template.one": "aa11", `template.x["two"]`: "bb22", "aa": "aa11", "aa3": "aa33", "aa33": "aa33", "none": "", "template": "",
	} {
		if got, ok := builder.FindRecord(records, want); got.BuildID != id || ok != (id != "") {
			t.Errorf("FindRecord(%q) = %s, %v; want %s", want, got.BuildID, ok, id)
		}
	}
	if records, err := builder.Records(t.TempDir()); err != nil || len(records) != 0 {
		t.Errorf("Records() of nothing = %v, %v", records, err)
	}
}

// A record is replaced as a whole: nothing half-written is ever there under its
// name, and no key is in it.
func TestRecordFile(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		res := w.run(w.runner(), w.plan(simple), builder.StatusReady)[0]
		left, err := filepath.Glob(filepath.Join(w.state, "builds", "*"))
		if err != nil || len(left) != 1 {
			t.Errorf("files %v, %v; want one", left, err)
		}
		text, err := os.ReadFile(filepath.Join(w.state, "builds", res.BuildID+".json"))
		if err != nil || strings.Contains(string(text), apiKey) {
			t.Errorf("the record: %s, %v", text, err)
		}
	})
}
