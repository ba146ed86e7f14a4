package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/spf13/cobra"
)

// graphFormats write a graph; more of them need an entry here alone.
var graphFormats = map[string]func(io.Writer, []edge){"dot": writeDot, "mermaid": writeMermaid}

func newGraph(a *app) *cobra.Command {
	var templates []string
	var format string
	cmd := &cobra.Command{
		Use:   "graph [PATH...]",
		Short: "Draw what is based on what",
		Long: `Print templates, the images and templates that they are based on, and their
batches, as a graph for Graphviz or Mermaid. Nothing is asked of an endpoint.`,
		Example: `  e2bt graph | dot -Tsvg > templates.svg
  e2bt graph --format mermaid >> README.md`,
		RunE: func(_ *cobra.Command, args []string) error {
			write, ok := graphFormats[format]
			if !ok {
				return exitWith(exitConfig, fmt.Errorf("--format %s: want dot or mermaid", format))
			}
			_, plan, err := a.plan(args, templates)
			if err != nil {
				return err
			}
			write(a.stdout, edges(plan))
			return nil
		},
	}
	a.templateFlag(cmd, &templates, "draw")
	cmd.Flags().StringVar(&format, "format", "dot", "`FORMAT` of the graph: dot, mermaid")
	complete(cmd, "format", func([]string) []string { return []string{"dot", "mermaid"} })
	return cmd
}

// edge leads from what a template is based on to the template.
type edge struct{ from, to node }

// node is a template, or an image or template that others have made.
type node struct {
	name  string
	kind  nodeKind
	notes []string
}

type nodeKind int

const (
	templateNode nodeKind = iota
	imageNode
	foreignNode // a template of the endpoint that is not in the plan
)

// edges are in the order of the plan.
func edges(plan *builder.Plan) []edge {
	var all []edge
	nodes := map[*builder.Template]node{}
	for _, t := range plan.Templates {
		n := node{name: t.Name, notes: batches(t)}
		nodes[t] = n
		from := node{name: t.FromImage, kind: imageNode}
		switch {
		case t.Parent != nil:
			from = nodes[t.Parent]
		case t.FromTemplate != "":
			from = node{name: t.FromTemplate, kind: foreignNode}
		}
		all = append(all, edge{from, n})
	}
	return all
}

// batches names what a template is made of.
func batches(t *builder.Template) []string {
	var names []string
	for _, s := range t.Steps {
		if s.Batch != "" {
			names = append(names, s.Batch)
		}
	}
	return names
}

// distinct are the nodes of a graph, each once.
func distinct(all []edge) []node {
	var nodes []node
	seen := map[string]bool{}
	for _, e := range all {
		for _, n := range []node{e.from, e.to} {
			if key := fmt.Sprint(n.kind, n.name); !seen[key] {
				seen[key] = true
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

func writeDot(w io.Writer, all []edge) {
	shapes := map[nodeKind]string{templateNode: "box", imageNode: "cylinder", foreignNode: "box, style=dashed"}
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(clean(s)) + `"`
	}
	fmt.Fprint(w, "digraph e2bt {\n  rankdir=LR\n  node [fontname=\"sans-serif\"]\n")
	for _, n := range distinct(all) {
		fmt.Fprintf(w, "  %s [shape=%s, label=%s]\n", quote(n.id()), shapes[n.kind], quote(strings.Join(append([]string{n.name}, n.notes...), "\n")))
	}
	for _, e := range all {
		fmt.Fprintf(w, "  %s -> %s\n", quote(e.from.id()), quote(e.to.id()))
	}
	fmt.Fprintln(w, "}")
}

// id tells an image from a template of the same name.
func (n node) id() string {
	return [...]string{"", "image ", "template "}[n.kind] + n.name
}

func writeMermaid(w io.Writer, all []edge) {
	shapes := map[nodeKind]string{templateNode: `["%s"]`, imageNode: `[("%s")]`, foreignNode: `>"%s"]`}
	quote := strings.NewReplacer("&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "#", "#35;")
	ids := map[string]string{}
	fmt.Fprintln(w, "flowchart LR")
	for i, n := range distinct(all) {
		label := quote.Replace(clean(n.name))
		for _, note := range n.notes {
			label += "<br/>" + quote.Replace(clean(note))
		}
		ids[n.id()] = fmt.Sprintf("n%d", i+1)
		fmt.Fprintf(w, "  %s"+shapes[n.kind]+"\n", ids[n.id()], label)
	}
	for _, e := range all {
		fmt.Fprintf(w, "  %s --> %s\n", ids[e.from.id()], ids[e.to.id()])
	}
}
