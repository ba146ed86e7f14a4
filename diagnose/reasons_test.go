package diagnose_test

import (
	"testing"

	"github.com/e2bt/e2bt/diagnose"
)

// TestReasons knows what E2B itself says where it fails a build, without a log.
func TestReasons(t *testing.T) {
	rules, err := diagnose.New()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		reason, phase string
		want          diagnose.Category
	}{
		{"failed to run command 'x': signal: killed", "step", diagnose.OutOfMemory},
		{"failed to run command 'x': exit status 127", "step", diagnose.CommandNotFound},
		{"command failed: unauthenticated: invalid username: 'agent'", "step", diagnose.Unknown},
		{"command failed: invalid_argument: cwd '/srv/app' does not exist", "step", diagnose.MissingFile},
		{"image 'x:1' not found: the image or tag does not exist in the registry", "base", diagnose.BaseImage},
		{"repository 'x' not found: verify the image name is correct", "base", diagnose.BaseImage},
		{"access denied to 'x': authentication required or insufficient permissions", "base", diagnose.Auth},
		{"access denied to 'x': you don't have permission to pull this image", "base", diagnose.BaseImage},
		{"failed to pull image 'x': registry returned status code 429", "base", diagnose.RateLimited},
		{"failed to pull image 'x': registry returned status code 503", "base", diagnose.ServiceUnavailable},
		{"invalid image reference 'X:': could not parse reference", "base", diagnose.BaseImage},
		{`image architecture "arm64" does not match expected "amd64"`, "base", diagnose.BaseImage},
		{"the uncompressed Docker image size (12 GB) exceeds the limit", "base", diagnose.DiskFull},
		{"unsupported base image distribution: ID='ol'", "base", diagnose.BaseImage},
		{"error waiting for provisioning sandbox: exit status: 1", "base", diagnose.BaseImage},
		{"template 'parent' not found", "base", diagnose.BaseImage},
		{"tag 'stable' does not exist for template 'parent'", "base", diagnose.BaseImage},
		{"you don't have access to template 'parent'", "base", diagnose.BaseImage},
		{"error getting base template, you may need to rebuild it first", "base", diagnose.BaseImage},
		{"ready command failed: ready command timed out after 10m0.0005s", "start", diagnose.ReadyTimeout},
		{"start command failed: error running start command: exit status 3", "start", diagnose.ReadyTimeout},
		{"configuration script failed: exit status 1", "finalize", diagnose.BaseImage},
		{"failed to move files in sandbox: permission denied", "step", diagnose.Permission},
		{"build was cancelled", "step", diagnose.Unknown},
		{"The build was canceled because it was superseded by a newer one.", "", diagnose.Unknown},
		{"build timed out", "", diagnose.Timeout},
		{"build status polling timed out. Maximum build time is 1h0m0s.", "", diagnose.Timeout},
		{"build is in waiting state for too long", "", diagnose.Timeout},
		{"An internal error occurred. Please try again or contact support with the build ID.", "", diagnose.ServiceUnavailable},
		{"error packing CA cert bundle", "", diagnose.ServiceUnavailable},
		{"syncing took too long", "", diagnose.ServiceUnavailable},
	}
	nothing := rules.Scanner(diagnose.Context{}).Finding()
	for _, tt := range tests {
		got := rules.Scanner(diagnose.Context{Reason: tt.reason, Phase: tt.phase, ExitCode: -1}).Finding()
		known := got.Summary != nothing.Summary && len(got.Fixes) > 0
		if got.Category != tt.want || !known {
			t.Errorf("%q: %s, %q; want %s", tt.reason, got.Category, got.Summary, tt.want)
		}
	}
}

// TestReasonQuotesCommand: what the failed command would have said is no message,
// also where the command has several lines.
func TestReasonQuotesCommand(t *testing.T) {
	rules, err := diagnose.New()
	if err != nil {
		t.Fatal(err)
	}
	reason := "failed to run command 'set -e\n[ -e /nope ] || { echo No space left on device; exit 3; }\ntrue': exit status 3"
	got := rules.Scanner(diagnose.Context{Reason: reason, Phase: "step", ExitCode: 3}).Finding()
	if got.Category != diagnose.Unknown {
		t.Errorf("a command that names a failure: %s, %q; want unknown", got.Category, got.Summary)
	}
}
