package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// search types into the page's search box and waits for what it does.
const search = `<script>
const box = document.getElementById("find");
box.value = "WEBPACK: command";
box.dispatchEvent(new Event("input"));
</script>`

// TestBrowser opens the page in a browser: nothing of the log runs, the search
// finds, and a link to a line of the log leads there.
func TestBrowser(t *testing.T) {
	if os.Getenv("E2BT_E2E") != "local" {
		t.Skip("needs E2BT_E2E=local")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	var page bytes.Buffer
	if err := nightly(t).Page(&page); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("linked.html", page.String())
	write("searched.html", page.String()+search)
	for at, want := range map[string][]string{
		"searched.html":      {`class="soft">2 lines</span>`, `<span id="log0-2" hidden="">`, `<span id="log0-5">`, `<details class="card log" open="">`},
		"linked.html#log0-3": {`<details class="card log" open="">`},
	} {
		out, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "profile"),
			"--virtual-time-budget=2000", "--dump-dom", "file://"+filepath.Join(dir, at)).Output()
		if err != nil {
			t.Fatalf("opening the page: %v", err)
		}
		for _, text := range want {
			if !strings.Contains(string(out), text) {
				t.Errorf("%s has no %q:\n%s", at, text, out)
			}
		}
	}
}
