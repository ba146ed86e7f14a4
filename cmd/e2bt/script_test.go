package main

import (
	"errors"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/engine"
	"github.com/e2bt/e2bt/local/localtest"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output of scripts")

func TestMain(m *testing.M) {
	engine.Child()
	if os.Getenv("E2BT_TEST_MAIN") != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"e2bt": main})
}

// TestScript runs the scripts, which are the manual's proof. They have a real
// server with the simulated engine where they say "server".
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("E2BT_HOME", filepath.Join(env.WorkDir, ".home"))
			examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
			env.Setenv("EXAMPLES", examples)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bytes": bytesFile, "exits": exits, "nothing-holds": nothingHolds, "server": server, "shape": shape, "shell-part": shellPart, "stand-in": standIn,
		},
	})
}

// exits runs a command and wants exactly that exit code: exits 3 e2bt validate.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d; want %d", got, want)
	}
}

const testKey = "e2b_0123456789abcdef"

// server starts an endpoint that has a base image and sets the environment to it.
func server(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: server")
	}
	api, err := localtest.Open(local.Options{Home: ts.MkAbs(".server"), APIKey: testKey})
	ts.Check(err)
	http := httptest.NewServer(api)
	ts.Defer(func() {
		http.Close()
		ts.Check(api.Close())
	})
	ts.Setenv("E2B_API_URL", http.URL)
	ts.Setenv("E2B_SANDBOX_URL", http.URL)
	ts.Setenv("E2B_API_KEY", testKey)
}
