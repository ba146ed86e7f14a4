package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/e2bt/e2bt/e2b"
	"github.com/spf13/cobra"
)

func newTemplates(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "templates", Short: "List, show and delete templates on the endpoint"}
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the templates", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listTemplates(cmd.Context(), asJSON) },
	}
	show := &cobra.Command{
		Use: "show TEMPLATE", Short: "Show a template's builds and tags", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showTemplate(cmd.Context(), args[0], asJSON) },
	}
	del := &cobra.Command{
		Use: "delete TEMPLATE...", Short: "Delete templates", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.deleteTemplates(cmd.Context(), args) },
	}
	for _, c := range []*cobra.Command{list, show} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(list, show, del)
	return cmd
}

// with runs f with a connection to the endpoint.
func (a *app) with(ctx context.Context, f func(*endpoint) error) (err error) {
	at, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer closing(at, &err)
	return a.apiError(f(at))
}

func (a *app) listTemplates(ctx context.Context, asJSON bool) error {
	return a.with(ctx, func(at *endpoint) error {
		list, err := at.client.Templates(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(a.stdout, list)
		}
		w := table(a.stdout, "NAME", "TEMPLATE", "STATUS", "CPU", "MIB", "BUILDS", "UPDATED")
		for _, t := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", templateName(t), t.TemplateID, t.BuildStatus, t.CPUCount, t.MemoryMB, t.BuildCount, stamp(t.UpdatedAt))
		}
		return w.Flush()
	})
}

func templateName(t e2b.Template) string {
	switch {
	case len(t.Aliases) > 0:
		return clean(t.Aliases[0])
	case len(t.Names) > 0:
		return clean(t.Names[0])
	}
	return "-"
}

func (a *app) showTemplate(ctx context.Context, name string, asJSON bool) error {
	return a.with(ctx, func(at *endpoint) error {
		t, err := at.client.Template(ctx, name)
		if err != nil {
			return err
		}
		tags, err := at.client.Tags(ctx, name)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(a.stdout, struct {
				e2b.TemplateWithBuilds
				Tags []e2b.Tag `json:"tags"`
			}{t, tags})
		}
		printTemplateBuilds(a.stdout, t, tags)
		return nil
	})
}

func printTemplateBuilds(out io.Writer, t e2b.TemplateWithBuilds, tags []e2b.Tag) {
	byBuild := map[string]string{}
	for _, tag := range tags {
		byBuild[tag.BuildID] += " " + tag.Tag
	}
	fmt.Fprintf(out, "template %s, names %s, made %s\n", t.TemplateID, clean(fmt.Sprint(t.Names)), stamp(t.CreatedAt))
	w := table(out, "BUILD", "STATUS", "CPU", "MIB", "MADE", "TAGS")
	for _, b := range t.Builds {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", b.BuildID, b.Status, b.CPUCount, b.MemoryMB, stamp(b.CreatedAt), clean(byBuild[b.BuildID]))
	}
	_ = w.Flush() // the reader went away
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

func table(out io.Writer, columns ...string) *tabwriter.Writer {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, c := range columns {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, c)
	}
	fmt.Fprintln(w)
	return w
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
