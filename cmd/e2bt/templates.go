package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newTemplates(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "templates",
		Short: "List, show, tag, roll back, prune and delete templates",
		Example: `  e2bt templates list
  e2bt templates show claude-agent --local`,
	}
	cmd.AddCommand(newTemplatesList(a), newTemplatesShow(a), newTemplatesDelete(a), newTemplatesTag(a), newTemplatesUntag(a), newTemplatesRollback(a), newTemplatesPrune(a))
	return cmd
}

func newTemplatesList(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the templates",
		Args:  arguments(0, 0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.listTemplates(cmd.Context(), json) },
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	return cmd
}

func newTemplatesShow(a *app) *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "show TEMPLATE",
		Short: "Show a template's builds and tags",
		Args:  arguments(1, 1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.showTemplate(cmd.Context(), args[0], json) },
	}
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	return cmd
}

func newTemplatesDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "delete TEMPLATE...",
		Short: "Delete templates, with all their builds",
		Args:  arguments(1, -1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.deleteTemplates(cmd.Context(), args) },
	}
}

// with runs f with a connection to the endpoint; its errors are the API's.
func (a *app) with(ctx context.Context, f func(*endpoint) error) (err error) {
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	return at.apiError(f(at))
}

func (a *app) listTemplates(ctx context.Context, json bool) error {
	var list []e2b.Template
	err := a.with(ctx, func(at *endpoint) (err error) {
		list, err = at.client.Templates(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if json {
		return printJSON(a.stdout, append([]e2b.Template{}, list...))
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stderr, "There are no templates yet.")
	}
	w := table(a.stdout, "NAME", "TEMPLATE", "STATUS", "CPU", "MIB", "BUILDS", "UPDATED")
	for _, t := range list {
		w.row(templateName(t), t.TemplateID, t.BuildStatus, t.CPUCount, t.MemoryMB, t.BuildCount, stamp(t.UpdatedAt))
	}
	return w.Flush()
}

func templateName(t e2b.Template) string {
	for _, name := range slices.Concat(t.Aliases, t.Names) {
		return name
	}
	return "-"
}

func (a *app) showTemplate(ctx context.Context, name string, json bool) error {
	var t e2b.TemplateWithBuilds
	var tags []e2b.Tag
	err := a.with(ctx, func(at *endpoint) (err error) {
		if t, err = at.client.Template(ctx, name); err == nil {
			tags, err = at.client.Tags(ctx, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if json {
		return printJSON(a.stdout, struct {
			e2b.TemplateWithBuilds
			Tags []e2b.Tag `json:"tags"`
		}{t, append([]e2b.Tag{}, tags...)})
	}
	return printTemplateBuilds(a.stdout, t, tags)
}

func printTemplateBuilds(out io.Writer, t e2b.TemplateWithBuilds, tags []e2b.Tag) error {
	byBuild := map[string][]string{}
	for _, tag := range tags {
		byBuild[tag.BuildID] = append(byBuild[tag.BuildID], tag.Tag)
	}
	fmt.Fprintf(out, "template %s: %s, made %s\n\n", cell(t.TemplateID), cell(strings.Join(t.Names, ", ")), stamp(t.CreatedAt))
	w := table(out, "BUILD", "STATUS", "CPU", "MIB", "MADE", "TAGS")
	for _, b := range t.Builds {
		w.row(b.BuildID, b.Status, b.CPUCount, b.MemoryMB, stamp(b.CreatedAt), strings.Join(byBuild[b.BuildID], ", "))
	}
	return w.Flush()
}

func (a *app) deleteTemplates(ctx context.Context, names []string) error {
	return a.with(ctx, func(at *endpoint) error {
		for _, name := range names {
			if err := at.client.DeleteTemplate(ctx, name); err != nil {
				return fmt.Errorf("deleting %s: %w", name, err)
			}
			fmt.Fprintln(a.stdout, "deleted "+name)
		}
		return nil
	})
}
