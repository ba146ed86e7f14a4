package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Workdir makes a directory, and gives to user those of its path that are new.
func (s *Sandbox) Workdir(ctx context.Context, path, user string) error {
	return s.ask(ctx, request{Workdir: &workdirRequest{Path: path, User: user}})
}

// AddUser makes a user with a home, bash and a locked password, unless it is
// there already; with sudo, it may use that without a password in both cases.
func (s *Sandbox) AddUser(name string, sudo bool) error {
	ctx, stop := s.limited(context.Background(), "adding a user")
	defer stop()
	return s.ask(ctx, request{AddUser: &addUserRequest{Name: name, Sudo: sudo}})
}

// Finalize does what follows the last step: it writes /.e2b, makes sure of
// user and its home, and lets everybody write below /usr/local and /code.
func (s *Sandbox) Finalize(ctx context.Context, ids IDs, user string) error {
	return s.ask(ctx, request{Finalize: &finalizeRequest{ids.TemplateID, ids.BuildID, user}})
}

// Copy does a COPY step. A *CopyError says what is wrong with the archive or
// the step, a *UserError that the owner does not exist.
func (s *Sandbox) Copy(ctx context.Context, c CopySpec) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	// A larger pipe means fewer switches; above a limit it is refused, and stays.
	unix.FcntlInt(r.Fd(), unix.F_SETPIPE_SZ, 1<<20)
	fed := make(chan error, 1)
	go func() {
		_, err := io.Copy(struct{ io.Writer }{w}, c.Archive)
		fed <- err // first: the sandbox may answer to the pipe's end at once
		w.Close()
	}()
	req := &copyRequest{c.Source, c.Dest, c.Dir, c.Owner, c.Mode, c.MaxBytes, c.MaxFiles}
	err = s.ask(ctx, request{Copy: req}, r)
	r.Close()
	if readErr := readError(ctx, fed, err != nil); readErr != nil {
		return fmt.Errorf("reading the archive: %w", readErr)
	}
	return err
}

// readError returns why an archive could not be read, where that is the reason
// and not only a consequence. After a failure of the copying it does not wait
// for a reader that may never end.
func readError(ctx context.Context, fed <-chan error, failed bool) error {
	if failed {
		select {
		case err := <-fed:
			return notBrokenPipe(err)
		default:
			return nil
		}
	}
	select {
	case err := <-fed:
		return notBrokenPipe(err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func notBrokenPipe(err error) error {
	if errors.Is(err, unix.EPIPE) {
		return nil
	}
	return err
}

// Expand returns the value of an ENV step: text as a login shell of root has
// it in double quotes, with only variables expanded.
func (s *Sandbox) Expand(ctx context.Context, text string) (string, error) {
	if !strings.Contains(text, "$") {
		return text, nil
	}
	// The profile of a login shell may write something before.
	mark := rand.Text()
	script := `printf '%s%s' ` + mark + ` "` + expandable(text) + `"`
	var out, problems bytes.Buffer
	exit, err := s.Run(ctx, Command{Args: []string{"/bin/bash", "-l", "-c", script}, Stdout: &out, Stderr: &problems})
	if err != nil {
		return "", fmt.Errorf("expanding %q: %w", text, err)
	}
	_, value, ok := strings.Cut(out.String(), mark)
	if exit.Code != 0 || !ok {
		return "", fmt.Errorf("expanding %q: %s", text, strings.TrimSpace(problems.String()))
	}
	return value, nil
}

// expandable escapes what a shell does in double quotes, but for variables.
func expandable(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$(`, `\$(`, `$[`, `\$[`).Replace(text)
}
