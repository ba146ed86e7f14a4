package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/local"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/spf13/cobra"
)

func newImage(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Base images of the local engine",
		Long: `Base images of the local engine, which builds with --local start from. An image
that is not here is pulled from its registry when a build needs it.`,
		Example: `  e2bt image bootstrap                 # a stand-in for E2B's default base
  e2bt image list`,
	}
	cmd.AddCommand(newImageList(a), newImagePull(a), newImageImport(a), newImageBootstrap(a), newImageRemove(a))
	return cmd
}

func newImageList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the base images",
		Args:  arguments(0, 0),
		RunE:  func(*cobra.Command, []string) error { return a.listImages() },
	}
}

func newImageImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import NAME FILE",
		Short: "Import an image from an archive",
		Long: `Import an image under a NAME from FILE: an OCI layout, as a directory or a tar, what
docker save writes, or a tar of a root filesystem, compressed or not.`,
		Example: `  docker save python:3.12-slim -o python.tar
  e2bt image import python:3.12-slim python.tar`,
		Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.addImage(func(s *image.Store) (*image.Image, error) {
				return s.Import(cmd.Context(), args[0], a.resolve(args[1]), image.ImportOptions{})
			})
		},
	}
}

func newImagePull(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "pull NAME...",
		Short: "Pull images from their registry, or from a mirror of it",
		Long: `Pull images ahead of the builds that need them. With --mirror they come from the
profile's registries, by the official digest where that can be asked for, and are
here under their official names.`,
		Example: `  e2bt image pull debian:12
  e2bt image pull --mirror cn python:3.12-slim`,
		Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.pullImages(cmd.Context(), args) },
	}
}

func (a *app) pullImages(ctx context.Context, names []string) error {
	p, err := a.mirrorProfile()
	if err != nil {
		return err
	}
	for _, name := range names {
		opts := image.PullOptions{Force: true, From: a.mirrored(ctx, p, name), Progress: func(line string) { fmt.Fprintln(a.stderr, clean(line)) }}
		if err := a.addImage(func(s *image.Store) (*image.Image, error) { return s.Resolve(ctx, name, opts) }); err != nil {
			return err
		}
	}
	return nil
}

// mirrored is where a profile has an image, by its official digest where that
// can be asked for.
func (a *app) mirrored(ctx context.Context, p *mirrors.Profile, image string) []string {
	all := p.Image(image)
	if len(all) == 0 || strings.Contains(image, "@") {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, digestTime)
	defer cancel()
	digest := a.officialDigest(ctx, image)
	for i, ref := range all {
		all[i] = builder.Pinned(ref, digest)
	}
	return all
}

func newImageBootstrap(a *app) *cobra.Command {
	var opts image.BootstrapOptions
	var include []string
	cmd := &cobra.Command{
		Use:   "bootstrap [NAME]",
		Short: "Make a base image from a Debian mirror, without any image registry",
		Long: `Make a base image from a Debian mirror, the one that this machine uses, with
mmdebstrap. Without NAME it is a stand-in for ` + builder.DefaultImage + `, E2B's default base:
Python, pip, Node, npm, git, curl, sudo.`,
		Example: `  e2bt image bootstrap
  e2bt image bootstrap debian:12 --suite bookworm --include ca-certificates,curl`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, list := range include {
				opts.Include = append(opts.Include, strings.Split(list, ",")...)
			}
			return a.bootstrap(cmd.Context(), args, opts)
		},
	}
	cmd.Flags().StringVar(&opts.Suite, "suite", "", "Debian's `SUITE`, such as bookworm (default: this machine's)")
	cmd.Flags().StringArrayVar(&include, "include", nil, "install these `PACKAGES` instead of the default ones, comma-separated (repeatable)")
	return cmd
}

func newImageRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rm NAME...",
		Short:   "Remove base images",
		Example: `  e2bt image rm python:3.12-slim`,
		Args:    arguments(1, -1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.removeImages(args) },
	}
	cmd.ValidArgsFunction = names(a.imageNames)
	return cmd
}

func (a *app) listImages() error {
	store, err := a.images()
	if err != nil {
		return err
	}
	list, err := store.List()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stderr, "There are no base images yet; `e2bt image bootstrap` makes one.")
	}
	w := table(a.stdout, "NAME", "DIGEST", "SIZE", "MADE")
	for _, img := range list {
		w.row(img.Name, fmt.Sprintf("%.19s", img.Digest), bytesText(img.Size), stamp(img.Created))
	}
	return w.Flush()
}

// addImage puts an image into the store and says what it is.
func (a *app) addImage(add func(*image.Store) (*image.Image, error)) error {
	if err := a.becomeRoot(); err != nil {
		return err
	}
	store, err := a.images()
	if err != nil {
		return err
	}
	a.tidies.Store(true)
	img, err := add(store)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s %s, %s\n", img.Name, img.Digest, bytesText(img.Size))
	return nil
}

func (a *app) bootstrap(ctx context.Context, args []string, opts image.BootstrapOptions) error {
	name := builder.DefaultImage
	if len(args) > 0 {
		name = args[0]
	}
	opts.Progress = func(line string) { fmt.Fprintln(a.stderr, clean(line)) }
	p, err := a.mirrorProfile()
	if err != nil {
		return err
	}
	for _, c := range p.Candidates("debian") {
		opts.Mirror = c.URL
		err := a.addImage(func(s *image.Store) (*image.Image, error) { return s.Bootstrap(ctx, name, opts) })
		if err == nil || ctx.Err() != nil || errors.Is(err, exec.ErrNotFound) {
			return err
		}
		fmt.Fprintf(a.stderr, "%s failed, trying the next source: %s\n", c.URL, clean(err.Error()))
	}
	opts.Mirror = ""
	return a.addImage(func(s *image.Store) (*image.Image, error) { return s.Bootstrap(ctx, name, opts) })
}

func (a *app) removeImages(names []string) error {
	if err := a.becomeRoot(); err != nil {
		return err
	}
	store, err := a.images()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := store.Remove(name); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, "removed "+name)
	}
	return a.collectImages(store)
}

// collectImages frees the disk of images that nothing needs any more.
func (a *app) collectImages(store *image.Store) error {
	home, err := a.home()
	if err != nil {
		return err
	}
	err = local.Collect(home, store, a.logger())
	var held *local.HeldError
	if errors.As(err, &held) {
		fmt.Fprintf(a.stderr, "Note: %s, so the files are still there; the next `e2bt image rm` removes them.\n", held)
		return nil
	}
	return err
}
