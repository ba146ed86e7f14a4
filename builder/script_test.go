package builder

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/google/go-cmp/cmp"
)

// bash runs a script as E2B runs a step's and returns its exit status and what
// it printed.
func bash(t testing.TB, script string) (status int, stdout string) {
	t.Helper()
	path, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash, to compare with")
	}
	cmd := exec.Command(path, "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "LC_ALL=C.UTF-8"}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running bash: %v", err)
	}
	if complaints.Len() > 0 {
		t.Logf("stderr: %s", &complaints)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// forms are commands of every form that a line can have. Each has a variant
// that fails, with that status, and one that does not.
var forms = []struct {
	name       string
	fails      string
	status     int
	passes     string
	also       string // what both print
	unfinished bool   // goes on in the next line of a list
}{
	{name: "a command", fails: `(exit 3)`, status: 3, passes: `true`},
	{name: "a missing command", fails: `no-such-command 2>/dev/null`, status: 127, passes: `:`},
	{name: "a list that fails at its head", fails: `false && echo x`, status: 1, passes: `true && true`},
	{name: "a list that fails at its tail", fails: `true && (exit 4)`, status: 4, passes: `true && (exit 0)`},
	{name: "a long list", fails: `true && (exit 5) && true && echo x`, status: 5, passes: `true && true && true`},
	{name: "an or list", fails: `(exit 6) || (exit 7)`, status: 7, passes: `(exit 6) || true`},
	{name: "a test", fails: `[ -e /no/such/file ] && echo x`, status: 1, passes: `[ -e / ] && true`},
	{name: "a negation", fails: `! true`, status: 1, passes: `! false`},
	{name: "a negated pipe", fails: `! true | true`, status: 1, passes: `! true | false`},
	{name: "a pipe", fails: `true | (exit 8)`, status: 8, passes: `false | true`},
	{name: "a subshell", fails: `(true; exit 9)`, status: 9, passes: `(exit 0)`},
	{name: "a subshell with a list", fails: `(false && true)`, status: 1, passes: `(true && true)`},
	{name: "a group", fails: `{ true; (exit 10); echo x; }`, status: 10, passes: `{ true; true; }`},
	{name: "a group with a list at its end", fails: `{ true; false && echo x; }`, status: 1, passes: `{ true && true; }`},
	{name: "if", fails: `if true; then (exit 11); echo x; fi`, status: 11, passes: `if false; then false; fi`},
	{name: "if with a list", fails: `if true; then (exit 12) && echo x; fi`, status: 12, passes: `if ! true || false; then false; fi`},
	{name: "for", fails: `for i in 1 2; do (exit 13); echo x; done`, status: 13, passes: `for i in 1 2; do true; done`},
	{name: "while", fails: `while true; do (exit 14); done`, status: 14, passes: `while false; do false; done`},
	{name: "case", fails: `case a in a) (exit 15);; esac`, status: 15, passes: `case a in b) false;; esac`},
	{name: "two commands in a line", fails: `(exit 16); echo x`, status: 16, passes: `true; true`},
	{name: "cd", fails: `cd /no/such/dir 2>/dev/null`, status: 1, passes: `cd /`},
	{name: "cd in a list", fails: `cd /no/such/dir 2>/dev/null && echo x`, status: 1, passes: `cd / && true`},
	{name: "an assignment", fails: `x=$(exit 17)`, status: 17, passes: `x=$(true)`},
	{name: "a comment", fails: `false # && it's "odd"`, status: 1, passes: `true # && || ! it's "odd`},
	{name: "a comment alone", fails: "# careful!\nfalse", status: 1, passes: `# careful! && it's "odd`},
	{name: "a list and a comment", fails: `false && true # and so on \`, status: 1, passes: `true && true # and so on \`},
	{name: "a continued line", fails: "false && \\\n  echo x", status: 1, passes: "true && \\\n  true"},
	{name: "a list over lines", fails: "false &&\n  echo x", status: 1, passes: "true ||\n  false"},
	{name: "several lines", fails: "true\n(exit 18)\necho x", status: 18, passes: "true\ntrue"},
	{name: "several lines, a list in the middle", fails: "true\nfalse && echo x\necho x", status: 1, passes: "true && true\ntrue"},
	{name: "several lines, a negation in the middle", fails: "true\n! true\n\n# next\necho x", status: 1, passes: "! false\ntrue"},
	{name: "a here-document", fails: "cat > file <<EOF\na && b\n! c\nEOF\n(exit 19)", status: 19, passes: "cat <<'EOF'\na && b \\\n(exit 1)\nEOF", also: ""},
	{name: "a here-document in a list", fails: "cat <<EOF >/dev/null && (exit 20)\n! x && y\nEOF", status: 20, passes: "cat <<EOF >/dev/null && true\n! x && y\nEOF"},
	{name: "a here-document that is indented", fails: "cat <<-EOF >/dev/null\n\t! x\n\tEOF\n(exit 21)", status: 21, passes: "cat <<-EOF >/dev/null\n\t! x\n\tEOF"},
	{name: "a script for another program", fails: "bash <<'EOF'\nexit 22\nEOF", status: 22, passes: "bash <<'EOF'\nfalse && true\ntrue\nEOF"},
	{name: "a here-string", fails: `read -r x <<< "a && b" && [ "$x" = c ]`, status: 1, passes: `read -r x <<< "a && ! b"`},
	{name: "quotes over lines", fails: "x='a && b\n! c' && (exit 23)", status: 23, passes: "x='a && b\n! c'"},
	{name: "a function", fails: "f() { false && true; }; f", status: 1, passes: "f() { false && true; }"},
	{name: "an arithmetic test", fails: `((0 && 1))`, status: 1, passes: `((1 && 1))`},
	{name: "a conditional", fails: `[[ a == b && ! c ]]`, status: 1, passes: `[[ a == a && ! "" ]]`},
	{name: "a background job that is waited for", fails: `(exit 24) & wait $! && echo x`, status: 24, passes: `(exit 0) & wait $!`},
	{name: "its own exit", fails: `exit 25`, status: 25, passes: `(exit 0)`},
	{name: "a trap", fails: "trap 'true' EXIT; (exit 26)", status: 26, passes: "trap 'true && true' EXIT"},
	{name: "nothing", fails: "\n\nfalse\n\n", status: 1, passes: "\n"},
}

// TestChain runs every form in every place through real bash: a failure stops
// the script with its status, and nothing else does.
func TestChain(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			checkScript(t, chain([]string{f.fails}), f.status, "")
			checkScript(t, chain([]string{"echo before", f.fails, "echo after"}), f.status, "before\n")
			checkScript(t, chain([]string{"echo before", f.fails}), f.status, "before\n")
			status, out := bash(t, chain([]string{"echo before", f.passes, "echo after"}))
			if status != 0 || !strings.HasPrefix(out, "before\n") || !strings.HasSuffix(out, "after\n") {
				t.Errorf("%s: status %d, output %q; want 0 and all of it", chain([]string{"echo before", f.passes, "echo after"}), status, out)
			}
		})
	}
}

func checkScript(t *testing.T, script string, status int, out string) {
	t.Helper()
	gotStatus, gotOut := bash(t, script)
	if gotStatus != status || gotOut != out {
		t.Errorf("%s\n: status %d, output %q; want %d, %q", script, gotStatus, gotOut, status, out)
	}
}

// What one line sets is there for the next, and a command may be written over
// several entries of a list.
func TestChainGoesOn(t *testing.T) {
	tests := []struct {
		lines  []string
		status int
		out    string
	}{
		{[]string{"cd / && true", "x=1", "f() { pwd; }", "f && echo $x"}, 0, "/\n1\n"},
		{[]string{"echo a \\", "  b && true \\", "  && echo c"}, 0, "a b\nc\n"},
		{[]string{"if true && true; then", "  echo yes && true", "fi", "echo end"}, 0, "yes\nend\n"},
		{[]string{"if true; then", "  echo yes", "  (exit 3) && true", "fi", "echo end"}, 3, "yes\n"},
		{[]string{"for i in 1 2; do", "  true && echo $i", "done", "echo end"}, 0, "1\n2\nend\n"},
		{[]string{"cat <<EOF", "a && b", "! c", "EOF", "echo end"}, 0, "a && b\n! c\nend\n"},
		{[]string{"cat <<EOF && false", "a && b", "EOF", "echo end"}, 1, "a && b\n"},
		{[]string{"echo 'a && b", "! c' && true", "echo end"}, 0, "a && b\n! c\nend\n"},
		{[]string{"{ false || true", "echo x", "}", "(", "false && true", "echo y", ")", "echo end"}, 0, "x\ny\nend\n"},
		{[]string{"set +e", "(exit 3)", "echo went on"}, 0, "went on\n"}, // the author's own word counts
		{[]string{"set -o pipefail", "(exit 3) | true", "echo end"}, 3, ""},
		{[]string{"echo one", "fi", "echo two"}, 2, "one\n"},         // bash says what is wrong with it
		{[]string{"false && true", "fi", "echo two"}, 1, ""},         // what comes before still stops it
		{[]string{"echo one", "echo 'open", "echo two"}, 2, "one\n"}, // bash says what is wrong with it
		{[]string{"#"}, 0, ""},
		{[]string{""}, 0, ""},
	}
	for _, tt := range tests {
		checkScript(t, chain(tt.lines), tt.status, tt.out)
	}
}

// The text is what people read in the log and what the cache goes by: it has
// no more in it than it needs.
func TestChainText(t *testing.T) {
	tests := []struct {
		lines []string
		want  string
	}{
		{[]string{"make"}, "make"},
		{[]string{"a && b || c | d"}, "a && b || c | d"},
		{[]string{"A=1 b $(c; d) > e"}, "A=1 b $(c; d) > e"},
		{[]string{"cat <<EOF\nx; y\nEOF"}, "cat <<EOF\nx; y\nEOF"},
		{[]string{"a; b"}, "set -e\na; b"},
		{[]string{"for x in y; do z; done"}, "set -e\nfor x in y; do z; done"},
		{[]string{"a", "b"}, "set -e\na\nb"},
		{[]string{"a && b", "c"}, "set -e\na && b\n(exit $?)\nc"},
		{[]string{"a", "b && c"}, "set -e\na\nb && c"},
		{[]string{"! a", "b"}, "set -e\n! a\n(exit $?)\nb"},
		{[]string{"a && b; c && d", "e"}, "set -e\na && b; c && d\n(exit $?)\ne"},
		{[]string{"a && b # why", "# more", "c"}, "set -e\na && b # why\n# more\n(exit $?)\nc"},
		{[]string{"echo 'a && b!' && c &", "d"}, "set -e\necho 'a && b!' && c &\nd"},
		{[]string{"echo 'a && b!'", "c"}, "set -e\necho 'a && b!'\nc"},
		{[]string{"f() { a && b; }", "f"}, "set -e\nf() { a && b; }\nf"},
		{[]string{"if a; then b; fi", "c"}, "set -e\nif a; then b; fi\nc"},
		{[]string{"if a; then b && c; fi", "d"}, "set -e\nif a; then b && c; fi\n(exit $?)\nd"},
		{[]string{"[[ a && b ]]", "c"}, "set -e\n[[ a && b ]]\nc"},
		{[]string{"cat <<EOF && true\na && b\nEOF", "c"}, "set -e\ncat <<EOF && true\na && b\nEOF\n(exit $?)\nc"},
		{[]string{"fi", "b"}, "set -e\nfi\n(exit $?)\nb"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, chain(tt.lines)); diff != "" {
			t.Errorf("chain(%q) (-want +got):\n%s", tt.lines, diff)
		}
	}
}

// FuzzChain builds scripts of the forms: bash stops at the first that fails.
func FuzzChain(f *testing.F) {
	f.Add([]byte{0, 2, 4})
	f.Add([]byte{1, 60, 7, 33})
	f.Add([]byte{90, 88, 5, 40, 12, 6})
	f.Fuzz(func(t *testing.T, picks []byte) {
		if len(picks) > 12 {
			t.Skip("long enough")
		}
		lines, want := []string{"exec 3>&1 >/dev/null"}, 0
		for i, p := range picks {
			form := forms[int(p/2)%len(forms)]
			if form.name == "a trap" || form.name == "its own exit" {
				continue
			}
			lines = append(lines, fmt.Sprintf("echo %d >&3", i))
			if p%2 == 1 {
				lines, want = append(lines, form.fails), form.status
				break
			}
			lines = append(lines, form.passes)
		}
		reached := strings.Count(strings.Join(lines, "\n"), ">&3")
		status, out := bash(t, chain(append(lines, "echo end >&3")))
		if want == 0 {
			reached++
		}
		if status != want || strings.Count(out, "\n") != reached {
			t.Errorf("%q: status %d after %q; want %d after %d lines", lines, status, out, want, reached)
		}
	})
}

// words are what quoting has to survive.
var words = []string{
	"", " ", "a", "a b", "'", `"`, "''", `'"'`, "`id`", "$(id)", "$HOME", "${x}", `\`, `\\`, `a\`, `\n`, "a\nb", "\n", "\t", "\r\n", "!", "!!", "#", "a#b", "~", "~root",
	"*", "?", "[a]", "{a,b}", "<", ">", "|", "&", ";", "(", ")", "-rf", "--", "=", "a=b", "%", "^", "httpx[http2]>=0.27,<1", "x; python_version < '3.9'", "@scope/name@1.0.0",
	"ü", "日本", "\U0001f600", "\x01\x02", "\x7f", "\xff\xfe", "a\x00b",
}

// FuzzQuote reads the quoted word back with bash.
func FuzzQuote(f *testing.F) {
	for _, w := range words {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.Contains(word, "\x00") {
			t.Skip("no argument can hold it")
		}
		status, out := bash(t, "printf %s "+quote(word)+"; exit 7")
		if status != 7 || out != word {
			t.Errorf("quote(%q) = %s, which is %q, status %d", word, quote(word), out, status)
		}
	})
}

// A word stays one word through every layer that a command is wrapped in.
func TestQuoteNested(t *testing.T) {
	all := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.Contains(w, "\x00") })
	p := part{user: "u", lines: []string{`printf '%s\0' ` + quoteAll(all), "exit 7"}}
	script := strings.Replace(asUser(p, "cd"), "su -s /bin/bash -c ", "bash -c ", 1)
	checkScript(t, withTimeout(script, time.Minute), 7, strings.Join(all, "\x00")+"\x00")
}

func TestQuoteText(t *testing.T) {
	for word, want := range map[string]string{
		"httpx==0.27.0": "httpx==0.27.0", "@a/b@1.0": "@a/b@1.0", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "~x": "'~x'", "jq=1.6*": "'jq=1.6*'",
	} {
		if got := quote(word); got != want {
			t.Errorf("quote(%q) = %s; want %s", word, got, want)
		}
	}
}

// FuzzQuoteGlob wants a pattern to match what it would match in a directory
// where nothing else has a meaning.
func FuzzQuoteGlob(f *testing.F) {
	for _, w := range words {
		f.Add(w)
	}
	f.Add("tmp/*")
	f.Add("a b/*.[ch]")
	f.Fuzz(func(t *testing.T, pattern string) {
		if strings.ContainsAny(pattern, "\x00/\\*?[]") || pattern == "" {
			t.Skip("not a plain name")
		}
		status, out := bash(t, fmt.Sprintf("touch -- %[1]s %[1]sx; printf '%%s\\n' %[2]s", quote("./"+pattern), quoteGlob("./"+pattern+"*")))
		if want := "./" + pattern + "\n./" + pattern + "x\n"; len(pattern) < 200 && (status != 0 || out != want) {
			t.Errorf("quoteGlob(%q) = %s; found %q, status %d", pattern+"*", quoteGlob(pattern+"*"), out, status)
		}
	})
}

// TestTimeout runs a batch that does not end by itself under its limit.
func TestTimeout(t *testing.T) {
	if _, err := exec.LookPath("timeout"); err != nil {
		t.Skip("needs timeout")
	}
	start := time.Now()
	checkScript(t, withTimeout(chain([]string{"echo a", "sleep 60", "echo b"}), 200*time.Millisecond), 124, "a\n")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	checkScript(t, withTimeout(chain([]string{"echo a && (exit 3)", "echo b"}), time.Minute), 3, "a\n")
	if got := withTimeout("x", 0); got != "x" {
		t.Errorf("withTimeout without a limit = %q", got)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Second: "1", 90 * time.Minute: "5400", 1500 * time.Millisecond: "1.5", time.Millisecond: "0.001", time.Microsecond: "0.000001"} {
		if got := seconds(d); got != want {
			t.Errorf("seconds(%s) = %s; want %s", d, got, want)
		}
	}
}

// TestReadyCommands runs every probe against something that is there, and
// something that is not.
func TestReadyCommands(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	port := func(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/it's" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "it's ready")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		ready config.Ready
		needs string
		want  bool
	}{
		{config.Ready{Port: port(listener)}, "bash", true},
		{config.Ready{Port: port(gone)}, "bash", false},
		{config.Ready{File: file}, "bash", true},
		{config.Ready{File: file + "x"}, "bash", false},
		{config.Ready{URL: server.URL + "/it's"}, "curl", true},
		{config.Ready{URL: server.URL + "/no"}, "curl", false},
		{config.Ready{URL: server.URL + "/no", Status: http.StatusTeapot}, "curl", true},
		{config.Ready{URL: fmt.Sprintf("http://127.0.0.1:%d/", port(gone))}, "curl", false},
		{config.Ready{Process: filepath.Base(os.Args[0])[:9]}, "pgrep", true},
		{config.Ready{Process: "no such process"}, "pgrep", false},
		{config.Ready{Command: "true && true"}, "bash", true},
		{config.Ready{Command: "true && false"}, "bash", false},
		{config.Ready{Delay: time.Millisecond}, "bash", true},
	}
	for _, tt := range tests {
		if _, err := exec.LookPath(tt.needs); err != nil {
			t.Logf("%+v needs %s", tt.ready, tt.needs)
			continue
		}
		status, out := bash(t, readyCommand(&tt.ready))
		if (status == 0) != tt.want || out != "" {
			t.Errorf("%s: status %d, output %q; want ready %v", readyCommand(&tt.ready), status, out, tt.want)
		}
	}
}

// TestSeveralUsers hands a part of a batch to another user, for real.
func TestSeveralUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: becomes another user")
	}
	if _, err := exec.LookPath("su"); err != nil {
		t.Skip("needs su")
	}
	s := &script{env: map[string]string{"SHOWN": "a 'b' $c"}, workdir: "/usr"}
	s.add("root", "id -u")
	s.add("nobody", "id -un && pwd", `printf '%s\n' "$SHOWN"`, "false && true", "echo not reached")
	s.add("root", "echo not reached either")
	text, user := s.text("cd")
	if user != "root" {
		t.Errorf("user %s; want root", user)
	}
	checkScript(t, withTimeout(text, time.Minute), 1, "0\nnobody\n/usr\na 'b' $c\n")
}

// FuzzEntry gives any line of a log to a watch: it is shown, or it begins a
// step, and nothing breaks.
func FuzzEntry(f *testing.F) {
	for _, seed := range [][2]string{
		{"1", "[builder 1/2] RUN x [abc]"}, {"1", "CACHED [builder 1/2] RUN x [abc]"}, {"2", "[builder 2/2] [stdout]: x"}, {"finalize", "x"}, {"base", "[base] FROM x"},
		{"99999999999999999999", "x"}, {"-1", "[builder 1/2] [stderr]:"}, {"", "\x1b[31m\n[builder "}, {"1", "[builder 1/2] [stdout]: [builder 2/2] RUN x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, step, message string) {
		var events []Event
		r := &Runner{Emit: func(e Event) { events = append(events, e) }}
		plan := &Template{Config: &config.Template{}, Steps: []Step{{Index: 1, Type: "RUN", Args: []string{"x"}}, {Index: 2, Type: "RUN", Args: []string{"y"}}}}
		w := r.watch(plan, func(error) {})
		defer w.close()
		w.entries([]e2b.LogEntry{{Step: step, Message: message}, {Step: step, Message: message}})
		lines, starts := 0, 0
		for _, e := range events {
			switch e.Type {
			case EventLog:
				lines++
			case EventStepStart:
				starts++
			}
		}
		if lines != 2 && !(lines == 0 && starts == 1) || starts > 1 {
			t.Errorf("step %q, %q: %d lines, %d steps begun", step, message, lines, starts)
		}
	})
}

// TestChainPlain compares the short way for plain lines with the long one.
func TestChainPlain(t *testing.T) {
	for _, lines := range [][]string{
		nil, {""}, {"true"}, {"apt-get update -q", "apt-get install -y -q jq=1.6 ~/x"}, {"A=b C=d env", "exit 3"},
		{"time ls"}, {"export A=b", "echo %s"}, {"if", "true"}, {" ls"}, {"ls  -l ", "ls"}, {"function f"}, {"echo in do done", "for"}, {"-x", "@", "a=@b"},
		{`su -c '/bin/bash -c '\''a && b; "c" # '\''' user`, "ls"}, {"echo 'a\nb && c' 'd'", "ls"}, {"echo 'a", "b'"}, {`echo '\'' ls`},
		{`echo \'a;b\'`}, {`a '' b`, "c"}, {`'if' a`, "b"}, {`'\''`}, {`'\''ls`, "x"}, {"echo 'a\nb'"},
		{`ls \`, "x"}, {`a \\'b' c`, "d"}, {`a 'b\' c`, "d"},
	} {
		if got, want := chain(lines), chainParsed(lines); got != want {
			t.Errorf("chain(%q) = %q; want %q", lines, got, want)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	lines := []string{"PIP_NO_INPUT=1 pip install httpx==0.27.0 requests", "echo 1 2"}
	for b.Loop() {
		chain(lines)
	}
}
