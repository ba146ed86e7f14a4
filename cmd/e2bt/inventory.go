package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/spf13/cobra"
)

// sheet is an inventory with what it is of.
type sheet struct {
	builder.Inventory
	template string // its name
	buildID  string // of the build; "" : not known
}

// formats write an inventory.
var formats = map[string]func(io.Writer, sheet) error{
	"table": writeTable, "json": writeInventoryJSON, "cyclonedx": writeCycloneDX, "spdx": writeSPDX,
}

func newInventory(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "inventory TEMPLATE",
		Short: "List what is installed in a template",
		Long: `List every package that is installed in a template, as its package managers say
in a sandbox of it. TEMPLATE is a template's name on the endpoint, with :TAG where
another build than the default one is meant. The formats cyclonedx (1.6) and spdx
(2.3) are software bills of materials, in JSON.`,
		Example: `  e2bt inventory claude-agent
  e2bt inventory claude-agent:nightly --format cyclonedx > bom.json`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.inventory(cmd.Context(), args[0], format) },
	}
	cmd.Flags().StringVar(&format, "format", "table", "write it as `FORMAT`: table, json, cyclonedx or spdx")
	return cmd
}

func (a *app) inventory(ctx context.Context, name, format string) error {
	write, ok := formats[format]
	if !ok {
		return exitWith(exitConfig, fmt.Errorf("--format %s: want %s", format, strings.Join(slices.Sorted(maps.Keys(formats)), ", ")))
	}
	var in sheet
	err := a.with(ctx, func(at *endpoint) (err error) {
		in.template, in.buildID = name, buildOf(ctx, at, name)
		in.Inventory, err = builder.ReadInventory(ctx, at.client, name)
		return err
	})
	if err != nil {
		return err
	}
	return write(a.stdout, in)
}

// buildOf finds which build a name means; an endpoint need not say.
func buildOf(ctx context.Context, at *endpoint, name string) string {
	name, wanted, ok := strings.Cut(name, ":")
	if !ok {
		wanted = "default"
	}
	tags, err := at.client.Tags(ctx, name)
	if err != nil {
		return ""
	}
	for _, tag := range tags {
		if tag.Tag == wanted || tag.BuildID == wanted {
			return tag.BuildID
		}
	}
	return ""
}

// item is one package of an inventory.
type item struct {
	Manager string `json:"manager"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// items lists the packages by manager and name; one that is there in several
// versions is several items.
func (in sheet) items() []item {
	all := []item{}
	for _, manager := range slices.Sorted(maps.Keys(in.Packages)) {
		packages := in.Packages[manager]
		for _, name := range slices.Sorted(maps.Keys(packages)) {
			for _, version := range strings.Fields(packages[name]) {
				all = append(all, item{manager, name, version})
			}
		}
	}
	return all
}

func writeTable(out io.Writer, in sheet) error {
	w := table(out, "MANAGER", "PACKAGE", "VERSION")
	for _, p := range in.items() {
		w.row(p.Manager, p.Name, p.Version)
	}
	return w.Flush()
}

func writeInventoryJSON(out io.Writer, in sheet) error {
	return printJSON(out, struct {
		Version  int    `json:"version"`
		Template string `json:"template"`
		BuildID  string `json:"build_id"`
		OS       string `json:"os"`
		Packages []item `json:"packages"`
	}{1, in.template, in.buildID, in.OS, in.items()})
}
