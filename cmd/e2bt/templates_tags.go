package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

const keepReady = 3 // ready ones of each template, unless prune is told otherwise

func newTemplatesTag(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "tag TEMPLATE[:TAG|:BUILD] TAG...",
		Short: "Point tags at a build of a template",
		Long: `Point tags at a build: the one that TAG names, or that has the id BUILD, or else the
one that is served, which the tag default names.`,
		Example: `  e2bt templates tag claude-agent:3e63c366-0d5b-4f2e-9f1b-2f0a64f3a1cd stable
  e2bt templates tag claude-agent v2`,
		Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(at *endpoint) error {
				done, err := at.client.Tag(cmd.Context(), e2b.TagRequest{Target: args[0], Tags: args[1:]})
				if err == nil {
					fmt.Fprintf(a.stdout, "%s: build %s\n", cell(strings.Join(args[1:], ", ")), cell(done.BuildID))
				}
				return err
			})
		},
	}
}

func newTemplatesUntag(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "untag TEMPLATE TAG...",
		Short: "Take tags away from a template",
		Args:  arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(at *endpoint) error {
				err := at.client.Untag(cmd.Context(), args[0], args[1:])
				if err == nil {
					fmt.Fprintf(a.stdout, "removed %s\n", cell(strings.Join(args[1:], ", ")))
				}
				return err
			})
		},
	}
}

func newTemplatesRollback(a *app) *cobra.Command {
	var to string
	var dry bool
	cmd := &cobra.Command{
		Use:   "rollback TEMPLATE",
		Short: "Serve the build that was served before",
		Long: `Serve an earlier build again: default, and the other tags of the build that is
served now, move to it. Without --to that is the one that was served before; rolling
back twice undoes it. Sandboxes that run keep what they have.`,
		Example: `  e2bt templates rollback claude-agent --dry-run
  e2bt templates rollback claude-agent --to 3e63c366`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.rollback(cmd.Context(), args[0], to, dry) },
	}
	cmd.Flags().StringVar(&to, "to", "", "serve this `BUILD`, an id or its beginning")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done and do nothing")
	return cmd
}

func (a *app) rollback(ctx context.Context, name, to string, dry bool) error {
	return a.with(ctx, func(at *endpoint) error {
		r, err := builder.NewRollback(ctx, at.client, name, to)
		if _, ok := errors.AsType[*builder.NoBuildError](err); ok {
			return exitWith(exitError, err)
		}
		if err != nil {
			return err
		}
		verb := "would move"
		if !dry {
			verb = "moved"
			if err := r.Do(ctx, at.client); err != nil {
				return fmt.Errorf("rolling back: %w", err)
			}
		}
		fmt.Fprintf(a.stdout, "%s: %s %s from build %s to %s\n", name, verb, cell(strings.Join(r.Tags, ", ")), orName(cell(r.From), "none"), cell(r.To))
		return nil
	})
}

func newTemplatesPrune(a *app) *cobra.Command {
	var keep int
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune [TEMPLATE...]",
		Short: "Remove builds that nothing points to",
		Long: `Remove what builds of templates, all unless some are named, have left: builds without
a tag of their own, but for the newest ready ones. What a tag of yours points to, what
is served and what was served before stay. E2B itself deletes no builds: there the
tags go that e2bt has left on them.`,
		Example: `  e2bt templates prune --dry-run
  e2bt templates prune claude-agent --keep 10`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if keep < 0 {
				return exitWith(exitConfig, fmt.Errorf("--keep %d: want 0 or more", keep))
			}
			return a.prune(cmd.Context(), args, keep, dry)
		},
	}
	cmd.Flags().IntVar(&keep, "keep", keepReady, "keep the newest `N` ready builds of each template")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be removed and remove nothing")
	return cmd
}

func (a *app) prune(ctx context.Context, names []string, keep int, dry bool) error {
	return a.with(ctx, func(at *endpoint) error {
		if len(names) == 0 {
			all, err := at.client.Templates(ctx)
			if err != nil {
				return err
			}
			for _, t := range all {
				names = append(names, t.TemplateID)
			}
		}
		w := table(a.stdout, "TEMPLATE", "BUILD", "STATUS", "MADE", "TAGS")
		total, deleted := 0, true
		for _, name := range names {
			t, err := at.client.Template(ctx, name)
			if err != nil {
				return err
			}
			tags, err := at.client.Tags(ctx, name)
			if err != nil {
				return err
			}
			builds := builder.Prunable(t, tags, keep, time.Now())
			for _, b := range builds {
				w.row(orName(strings.Join(t.Names, ", "), t.TemplateID), b.BuildID, b.Status, stamp(b.CreatedAt), strings.Join(b.Tags, ", "))
			}
			total += len(builds)
			if dry || len(builds) == 0 {
				continue
			}
			gone, err := builder.Prune(ctx, at.client, t, builds)
			if err != nil {
				return fmt.Errorf("pruning %s: %w", name, err)
			}
			deleted = deleted && gone
		}
		if total > 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		fmt.Fprintln(a.stderr, a.pruned(total, dry, deleted))
		return nil
	})
}

func (a *app) pruned(total int, dry, deleted bool) string {
	switch {
	case total == 0:
		return a.tr("There is nothing to remove.")
	case dry:
		return fmt.Sprintf(a.tr("Builds that would be removed: %d"), total)
	case !deleted:
		return fmt.Sprintf(a.tr("Builds without tags now: %d. The endpoint deletes no builds."), total)
	}
	return fmt.Sprintf(a.tr("Builds removed: %d"), total)
}
