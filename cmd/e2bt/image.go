package main

import (
	"fmt"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/local/image"
	"github.com/spf13/cobra"
)

func newImage(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Base images of the local engine"}
	list := &cobra.Command{
		Use: "list", Short: "List the base images", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.listImages() },
	}
	imports := &cobra.Command{
		Use: "import NAME FILE", Short: "Import an OCI layout, a docker save archive or a root filesystem tar", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importImage(cmd, args[0], args[1]) },
	}
	remove := &cobra.Command{
		Use: "rm NAME...", Short: "Remove base images", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.removeImages(args) },
	}
	cmd.AddCommand(list, imports, newBootstrap(a), remove)
	return cmd
}

func newBootstrap(a *app) *cobra.Command {
	var opts image.BootstrapOptions
	var include []string
	cmd := &cobra.Command{
		Use:   "bootstrap [NAME]",
		Short: "Make a base image from a Debian mirror, without any image registry",
		Long: `Make a base image from a Debian mirror, the one that this machine uses, with
mmdebstrap. Without NAME it is a stand-in for ` + builder.DefaultImage + `, E2B's default base: Python,
pip, Node, npm, git, curl, sudo.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, list := range include {
				opts.Include = append(opts.Include, strings.Split(list, ",")...)
			}
			return a.bootstrap(cmd, args, opts)
		},
	}
	cmd.Flags().StringVar(&opts.Suite, "suite", "", "Debian's `SUITE`, such as bookworm (default: this machine's)")
	cmd.Flags().StringArrayVar(&include, "include", nil, "install these `PACKAGES` instead of the default ones, comma-separated")
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
	w := table(a.stdout, "NAME", "DIGEST", "SIZE", "MADE")
	for _, img := range list {
		fmt.Fprintf(w, "%s\t%.19s\t%s\t%s\n", img.Name, img.Digest, bytesText(img.Size), stamp(img.Created))
	}
	return w.Flush()
}

func (a *app) importImage(cmd *cobra.Command, name, file string) error {
	store, err := a.images()
	if err != nil {
		return err
	}
	img, err := store.Import(cmd.Context(), name, a.resolve(file), image.ImportOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s %s, %s\n", img.Name, img.Digest, bytesText(img.Size))
	return nil
}

func (a *app) bootstrap(cmd *cobra.Command, args []string, opts image.BootstrapOptions) error {
	name := builder.DefaultImage
	if len(args) > 0 {
		name = args[0]
	}
	store, err := a.images()
	if err != nil {
		return err
	}
	opts.Progress = func(line string) { fmt.Fprintln(a.stderr, clean(line)) }
	img, err := store.Bootstrap(cmd.Context(), name, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s %s, %s\n", img.Name, img.Digest, bytesText(img.Size))
	return nil
}

func (a *app) removeImages(names []string) error {
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
	return nil
}
