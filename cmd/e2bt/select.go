package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/spf13/cobra"
)

// selection narrows a plan to some of its templates.
type selection struct {
	since  string // a revision of git
	failed bool
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.since, "since", "", "only templates whose files or definitions changed since the git revision `REF`")
	cmd.Flags().BoolVar(&s.failed, "failed", false, "only templates whose last build failed")
}

// narrow keeps what the selection picks of a plan, with what that is based on.
func (a *app) narrow(ctx context.Context, plan *builder.Plan, paths []string, s selection) (*builder.Plan, error) {
	if s.since != "" {
		then, err := a.fingerprintsAt(ctx, s.since, paths)
		if err != nil {
			return nil, exitWith(exitConfig, fmt.Errorf("--since %s: %w", s.since, err))
		}
		plan = plan.Only(func(t *builder.Template) bool { return then[t.Address] != t.Fingerprint })
		if len(plan.Templates) == 0 {
			fmt.Fprintln(a.stderr, "Nothing has changed since "+clean(s.since)+".")
		}
	}
	if s.failed {
		failed, err := a.failedTemplates()
		if err != nil {
			return nil, err
		}
		plan = plan.Only(func(t *builder.Template) bool { return failed[t.Name] })
		if len(plan.Templates) == 0 {
			fmt.Fprintln(a.stderr, "No last build failed.")
		}
	}
	return plan, nil
}

// failedTemplates are those whose newest record is of a failure.
func (a *app) failedTemplates() (map[string]bool, error) {
	records, err := builder.Records(a.state())
	if err != nil {
		return nil, err
	}
	failed := map[string]bool{}
	for _, rec := range records { // newest first
		if _, known := failed[rec.Template]; !known {
			failed[rec.Template] = rec.Status == builder.StatusError || rec.Status == builder.StatusTimeout
		}
	}
	return failed, nil
}

// fingerprintsAt plans the configuration as it was at a revision: that tells
// exactly what has changed, whichever file it is in. A configuration that had
// mistakes then has no fingerprints, so that everything counts as changed.
func (a *app) fingerprintsAt(ctx context.Context, ref string, paths []string) (map[string]string, error) {
	dir, err := os.MkdirTemp("", "e2bt-since-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := a.checkOut(ctx, ref, dir); err != nil {
		return nil, err
	}
	for _, p := range paths {
		if filepath.IsAbs(p) {
			return nil, fmt.Errorf("the path %s is absolute: name it as seen from %s", p, a.dir)
		}
	}
	vars, err := a.variables()
	if err != nil {
		return nil, err
	}
	then := a.options(vars)
	then.Dir = dir
	cfg, diags := config.Load(paths, then)
	a.secrets.add(cfg.Secrets...)
	plan, planned := a.planned(cfg, diags, nil)
	out := map[string]string{}
	if append(diags, planned...).HasErrors() {
		fmt.Fprintf(a.stderr, "The configuration had mistakes at %s: everything counts as changed.\n", clean(ref))
		return out, nil
	}
	for _, t := range plan.Templates {
		out[t.Address] = t.Fingerprint
	}
	return out, nil
}

// checkOut writes what git has of the working directory at a revision into dir.
func (a *app) checkOut(ctx context.Context, ref, dir string) error {
	if strings.HasPrefix(ref, "-") {
		return errors.New("this is no revision")
	}
	cmd := exec.CommandContext(ctx, "git", "archive", "--format=tar", ref, "--", ".")
	cmd.Dir = a.dir
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting git: %w", err)
	}
	unpackErr := unpackTree(out, dir)
	_, _ = io.Copy(io.Discard, out) // so that git ends
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("git: %s", strings.TrimSpace(said.String()))
	}
	return unpackErr
}

// unpackTree writes the files of a tar below dir.
func unpackTree(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir) // no link in the archive leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what git gave: %w", err)
		}
		name := filepath.Clean(filepath.FromSlash(h.Name))
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, name)
		case tar.TypeReg:
			err = unpackFile(root, name, h, t)
		}
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", h.Name, err)
		}
	}
}

func unpackFile(root *os.Root, name string, h *tar.Header, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, os.FileMode(h.Mode&0o777)|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	return errors.Join(err, file.Close())
}
