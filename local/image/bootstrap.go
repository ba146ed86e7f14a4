package image

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// BootstrapOptions say what kind of Debian is made.
type BootstrapOptions struct {
	Suite    string            // such as bookworm; "" : this machine's, or bookworm
	Include  []string          // packages; nil: those of E2B's default base
	Mirror   string            // a Debian mirror's URL; "" : what this machine installs from, which the image does in any case
	Progress func(line string) // may be nil
}

// defaultPackages stand in for E2B's default base.
var defaultPackages = []string{
	"ca-certificates", "curl", "git", "iproute2", "iputils-ping", "jq", "less", "nodejs", "npm", "procps",
	"python-is-python3", "python3", "python3-pip", "python3-venv", "sudo", "wget", "xz-utils",
}

const defaultSuite = "bookworm"

var (
	suiteForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]*$`)
	mirrorForm = regexp.MustCompile(`^[a-z][a-z+]*:/\S+$`)
)

// Bootstrap makes an image from a Debian mirror, with mmdebstrap. In it, root
// may install with pip, as in Docker's Python images.
func (s *Store) Bootstrap(ctx context.Context, ref string, opts BootstrapOptions) (*Image, error) {
	if _, _, err := key(ref); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return nil, &Error{Text: "mmdebstrap is not installed: apt-get install mmdebstrap, or import an image instead with `e2bt image import`", Err: err}
	}
	sources, err := bootstrapSources(&opts)
	if err != nil {
		return nil, err
	}
	packages := opts.Include
	if packages == nil {
		packages = defaultPackages
	}
	return s.put(ref, "bootstrap", func(root string) (*Image, error) {
		if err := mmdebstrap(ctx, root, opts, packages, sources); err != nil {
			return nil, err
		}
		if err := restoreSources(root, opts); err != nil {
			return nil, err
		}
		if err := allowPip(root); err != nil {
			return nil, err
		}
		digest, err := debianDigest(root, opts.Suite)
		return &Image{Digest: digest}, err
	})
}

// bootstrapSources says where packages come from: a mirror that was named, or
// the machine's own settings.
func bootstrapSources(opts *BootstrapOptions) ([]string, error) {
	own := hostSuite()
	if opts.Suite == "" {
		opts.Suite = own
	}
	if opts.Suite == "" {
		opts.Suite = defaultSuite
	}
	if !suiteForm.MatchString(opts.Suite) {
		return nil, &Error{Text: fmt.Sprintf("%q is no suite of Debian: give a name such as %s", opts.Suite, defaultSuite)}
	}
	if opts.Mirror != "" && !mirrorForm.MatchString(opts.Mirror) {
		return nil, &Error{Text: fmt.Sprintf("%q is no URL of a mirror", opts.Mirror)}
	}
	if opts.Mirror != "" {
		return []string{fmt.Sprintf("deb %s %s main", opts.Mirror, opts.Suite)}, nil
	}
	sources, err := hostSources("/etc/apt", own, opts.Suite)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, nil // mmdebstrap's own default
	}
	return sources, nil
}

// restoreSources lets an image that was made from a mirror install from where
// this machine does. Where that is not known, the mirror stays.
func restoreSources(root string, opts BootstrapOptions) error {
	if opts.Mirror == "" {
		return nil
	}
	sources, err := hostSources("/etc/apt", hostSuite(), opts.Suite)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		say(opts.Progress, "This machine has no sources of Debian packages: the image keeps %s", opts.Mirror)
		return nil
	}
	dir, text := filepath.Join(root, "etc/apt"), strings.Join(sources, "\n")+"\n"
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "sources.list"), []byte(text), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the image's package sources: %w", err)
	}
	return nil
}

func mmdebstrap(ctx context.Context, root string, opts BootstrapOptions, packages, sources []string) error {
	args := []string{"--variant=minbase", "--format=directory", "--mode=root", "--include=" + strings.Join(packages, ",")}
	if os.Geteuid() != 0 {
		args[2] = "--mode=auto"
	}
	args = append(args, opts.Suite, root)
	args = append(args, sources...)
	cmd := exec.CommandContext(ctx, "mmdebstrap", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	ownMounts(cmd)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("starting mmdebstrap: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting mmdebstrap: %w", err)
	}
	last := follow(out, opts.Progress)
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Text: fmt.Sprintf("mmdebstrap failed: %s:\n%s", err, strings.Join(last, "\n")), Err: err}
	}
	return nil
}

// follow passes lines on and returns the last ones.
func follow(r io.Reader, progress func(string)) (last []string) {
	for lines := bufio.NewReaderSize(r, 64<<10); ; {
		text, err := lines.ReadSlice('\n') // a line that is longer comes in pieces
		line := strings.TrimSpace(string(text))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && line == "" {
			return last
		}
		if line == "" {
			continue
		}
		if progress != nil {
			progress(line)
		}
		if len(last) == 20 {
			last = last[1:]
		}
		last = append(last, line)
	}
}

// allowPip takes away the marker by which Debian keeps root from installing
// with pip.
func allowPip(root string) error {
	markers, err := fs.Glob(os.DirFS(root), "usr/lib/python3*/EXTERNALLY-MANAGED")
	for _, m := range markers {
		err = errors.Join(err, os.Remove(filepath.Join(root, m)))
	}
	return err
}

// debianDigest names a root filesystem by the packages that are in it.
func debianDigest(root, suite string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, suite)
	file, err := os.Open(filepath.Join(root, "var/lib/dpkg/status"))
	if err != nil {
		return "", fmt.Errorf("reading what mmdebstrap installed: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(h, file); err != nil {
		return "", fmt.Errorf("reading what mmdebstrap installed: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
