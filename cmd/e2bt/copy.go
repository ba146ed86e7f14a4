package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newSandboxCopy(a *app) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "cp FROM TO",
		Short: "Copy files to a sandbox or from it",
		Long: `Copy a file or a directory to a sandbox or from it. The path in the sandbox is
ID:PATH; a relative one begins in the user's home directory. A directory that is
there takes what is copied in. - is the standard input or output, for one file.`,
		Example: `  e2bt sandbox cp src i4zvq0x1b8h6w2k9d3ms:/home/user
  e2bt sandbox cp i4zvq0x1b8h6w2k9d3ms:/var/log/app.log -`,
		Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.copyFiles(cmd.Context(), args[0], args[1], user)
		},
	}
	cmd.Flags().StringVarP(&user, "user", "u", "", "as this `USER` (default: the template's)")
	return cmd
}

// boxPath is a path in a sandbox, or one of this machine where there is no id.
func boxPath(text string) (id, name string) {
	id, name, ok := strings.Cut(text, ":")
	if !ok || id == "" || strings.ContainsAny(id, `/\.`) || len(id) == 1 { // C:\ is a drive
		return "", text
	}
	return id, name
}

func (a *app) copyFiles(ctx context.Context, from, to, user string) (err error) {
	fromID, source := boxPath(from)
	toID, target := boxPath(to)
	if (fromID == "") == (toID == "") {
		return exitWith(exitConfig, errors.New("one of FROM and TO is a path in a sandbox, ID:PATH, and the other one here"))
	}
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	defer closing(at, &err)
	box, err := at.client.FindSandbox(ctx, fromID+toID, sandboxLife)
	if err != nil {
		return at.apiError(err)
	}
	c := copier{app: a, box: box, user: user}
	if toID != "" {
		err = c.up(ctx, source, target)
	} else {
		err = c.down(ctx, source, target)
	}
	var refused *e2b.Error
	if errors.As(err, &refused) {
		return at.apiError(err)
	}
	return err
}

// copier copies files between here and a sandbox.
type copier struct {
	app  *app
	box  *e2b.Sandbox
	user string
}

func (c copier) up(ctx context.Context, source, target string) error {
	if source == "-" {
		return c.box.WriteFile(ctx, target, c.user, c.app.stdin)
	}
	name := c.app.resolve(source)
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("copying %s: %w", source, cause(err))
	}
	there, err := c.box.Stat(ctx, orDot(target), c.user)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && there.Dir:
		target = path.Join(there.Path, filepath.Base(name))
	case strings.HasSuffix(target, "/"):
		target = path.Join(target, filepath.Base(name))
	}
	if info.IsDir() {
		return c.upTree(ctx, name, target)
	}
	in, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("copying %s: %w", source, cause(err))
	}
	defer in.Close()
	return c.box.WriteFile(ctx, target, c.user, in)
}

func orDot(name string) string {
	if name == "" {
		return "."
	}
	return name
}

// upTree sends a directory as an archive, which the sandbox unpacks.
func (c copier) upTree(ctx context.Context, dir, target string) error {
	archive := scratch()
	packed, pack := io.Pipe()
	go func() {
		w := tar.NewWriter(pack)
		err := w.AddFS(os.DirFS(dir))
		if err == nil {
			err = w.Close()
		}
		pack.CloseWithError(err)
	}()
	err := c.box.WriteFile(ctx, archive, c.user, packed)
	packed.CloseWithError(err)
	if err != nil {
		return fmt.Errorf("copying %s: %w", dir, err)
	}
	return c.command(ctx, `mkdir -p -- "$2" && tar -xf "$1" -C "$2" --no-same-owner; s=$?; rm -f -- "$1"; exit $s`, archive, target)
}

func (c copier) down(ctx context.Context, source, target string) error {
	there, err := c.box.Stat(ctx, orDot(source), c.user)
	if err != nil {
		return err
	}
	if target == "-" {
		if there.Dir {
			return fmt.Errorf("%s is a directory, and - is for one file", source)
		}
		return c.stream(ctx, there.Path, c.app.stdout.w)
	}
	name := c.app.resolve(target)
	if info, err := os.Stat(name); err == nil && info.IsDir() || strings.HasSuffix(target, "/") {
		name = filepath.Join(name, path.Base(there.Path))
	}
	if there.Dir {
		return c.downTree(ctx, there.Path, name)
	}
	out, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("copying to %s: %w", target, cause(err))
	}
	return errors.Join(c.stream(ctx, there.Path, out), out.Close())
}

func (c copier) stream(ctx context.Context, name string, to io.Writer) error {
	in, err := c.box.ReadFile(ctx, name, c.user)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := io.Copy(to, in); err != nil {
		return fmt.Errorf("copying %s: %w", name, err)
	}
	return nil
}

// downTree has the sandbox pack a directory, and unpacks that here.
func (c copier) downTree(ctx context.Context, dir, name string) error {
	archive := scratch()
	if err := c.command(ctx, `tar -cf "$1" -C "$2" .`, archive, dir); err != nil {
		return err
	}
	in, err := c.box.ReadFile(ctx, archive, c.user)
	if err == nil {
		err = errors.Join(unpack(in, name), in.Close())
	}
	return errors.Join(err, c.command(context.WithoutCancel(ctx), `rm -f -- "$1"`, archive))
}

// scratch is a name for a file that is in a sandbox for a moment.
func scratch() string { return "/tmp/.e2bt-" + rand.Text() + ".tar" }

func (c copier) command(ctx context.Context, script string, args ...string) error {
	var stderr bytes.Buffer
	code, err := c.box.Run(ctx, e2b.Command{Cmd: "/bin/sh", Args: append([]string{"-c", script, "e2bt"}, args...), User: c.user, Stderr: &stderr})
	if err == nil && code != 0 {
		err = fmt.Errorf("in the sandbox: %s", orName(cell(stderr.String()), fmt.Sprintf("exit code %d", code)))
	}
	return err
}

// unpack unpacks an archive into a directory, out of which nothing leads: it
// comes from a sandbox, where anybody may have made it.
func unpack(in io.Reader, name string) error {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = unpackEntry(root, h, r)
		}
		if err != nil {
			return fmt.Errorf("unpacking what the sandbox sent: %w", err)
		}
	}
}

// unpackEntry makes one entry; devices and the like are left out.
func unpackEntry(root *os.Root, h *tar.Header, content io.Reader) error {
	name, mode := filepath.FromSlash(path.Clean(h.Name)), h.FileInfo().Mode().Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(name, 0o755); err != nil {
			return err
		}
		return root.Chmod(name, mode|0o700)
	case tar.TypeSymlink:
		_ = root.Remove(name) // an older copy's
		return root.Symlink(h.Linkname, name)
	case tar.TypeLink:
		_ = root.Remove(name)
		return root.Link(filepath.FromSlash(path.Clean(h.Linkname)), name)
	case tar.TypeReg:
		_ = root.Remove(name)
		out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, content)
		return errors.Join(err, out.Close())
	}
	return nil
}
