package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var manDir = flag.String("man", "", "write the man pages into `DIR`, for a release")

// TestManPages writes a page for every command; releases keep them. The library
// that does so is of no use to the program itself, so that only tests have it.
func TestManPages(t *testing.T) {
	dir := *manDir
	if dir == "" {
		dir = t.TempDir()
	}
	root := newRoot(&app{getenv: os.Getenv})
	root.InitDefaultHelpCmd()
	header := &doc.GenManHeader{Title: "E2BT", Section: "1", Source: "e2bt " + version(), Manual: "e2bt"} // its date is SOURCE_DATE_EPOCH, if that is set
	if err := doc.GenManTree(root, header, dir); err != nil {
		t.Fatal(err)
	}
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		if !cmd.IsAvailableCommand() {
			return
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(page), ".SH SYNOPSIS") {
			t.Errorf("%s: no page (%v)", cmd.CommandPath(), err)
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(root)
}
