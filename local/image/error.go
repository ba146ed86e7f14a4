package image

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Error is why there is no such image, in E2B's own words where it has some.
type Error struct {
	Text string
	Err  error // may be nil
}

func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Err }

// pullError words what a registry, or the way to it, said.
func pullError(ref string, err error) error {
	var known *Error
	var t *transport.Error
	if errors.As(err, &known) {
		return known
	}
	if !errors.As(err, &t) {
		return &Error{Text: fmt.Sprintf("failed to pull image '%s': %s. Without a registry: `e2bt image import %s FILE` takes an archive, `e2bt image bootstrap %s` makes one from a Debian mirror", ref, trouble(err), ref, ref), Err: err}
	}
	unknown := slices.ContainsFunc(t.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.NameUnknownErrorCode })
	switch {
	case unknown:
		return &Error{Text: fmt.Sprintf("repository '%s' not found: verify the image name is correct", ref), Err: err}
	case t.StatusCode == http.StatusNotFound:
		return &Error{Text: fmt.Sprintf("image '%s' not found: the image or tag does not exist in the registry", ref), Err: err}
	case t.StatusCode == http.StatusUnauthorized || t.StatusCode == http.StatusForbidden:
		return &Error{Text: fmt.Sprintf("access denied to '%s': authentication required or insufficient permissions", ref), Err: err}
	}
	return &Error{Text: fmt.Sprintf("failed to pull image '%s': registry returned status code %d", ref, t.StatusCode), Err: err}
}

// trouble is what went wrong on the way to a registry. Of several tries, with
// and without TLS, the first one's counts.
func trouble(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Error()
	}
	return cause(err)
}

// cause is the last part of an error's text, without the URLs before it.
func cause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// families are the distributions that E2B can make a template from, by ID or
// ID_LIKE.
var families = []string{"debian", "ubuntu", "fedora", "centos", "rocky", "almalinux", "arch", "alpine", "nixos"}

// supported refuses what E2B would refuse: an image without a distribution that
// it knows.
func supported(root string) error {
	fields := map[string]string{}
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		text, err := readInside(root, name)
		if err == nil {
			fields = osRelease(text)
			break
		}
	}
	if slices.Contains(families, fields["ID"]) {
		return nil
	}
	rejected := []string{"rhel", "ol", "amzn"}
	for _, like := range strings.Fields(fields["ID_LIKE"]) {
		if slices.Contains(families, like) && !slices.Contains(rejected, fields["ID"]) {
			return nil
		}
	}
	return &Error{Text: fmt.Sprintf("unsupported base image distribution: ID='%s' ID_LIKE='%s'. Use an image of Debian, Ubuntu, Fedora, CentOS, Arch or Alpine, or one made from them", fields["ID"], fields["ID_LIKE"])}
}

// osRelease reads the fields of an os-release file.
func osRelease(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		fields[name] = strings.Trim(value, `"'`)
	}
	return fields
}

const maxRelease = 64 << 10 // bytes of an os-release file

// readInside reads a small file of a root filesystem. Its links lead nowhere
// else, and what is no file, such as a pipe, is not opened.
func readInside(root, name string) (string, error) {
	at, err := securejoin.SecureJoin(root, name)
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(at); err != nil || !info.Mode().IsRegular() || info.Size() > maxRelease {
		return "", errors.Join(err, fs.ErrInvalid)
	}
	text, err := os.ReadFile(at)
	return string(text), err
}
