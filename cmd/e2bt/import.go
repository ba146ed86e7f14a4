package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/hashicorp/hcl/v2"
	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
)

func newImport(a *app) *cobra.Command {
	var name, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Write HCL from a Dockerfile, an e2b.toml or the SDK's JSON",
		Long: `Write a template in HCL from a Dockerfile, from an e2b.toml with its Dockerfile, or
from what Template.toJSON of E2B's SDKs prints. Its steps are those of the source,
in their order. What cannot be carried over is named, with its line, and stands as
a comment in the result.`,
		Example: `  e2bt import Dockerfile > e2bt.hcl
  e2bt import e2b.toml --out e2bt.hcl
  e2bt import template.json --name agent`,
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error { return a.importFile(args[0], name, out, force) },
	}
	cmd.Flags().StringVar(&name, "name", "", "call the template `NAME` (default: as the source does, or its directory)")
	cmd.Flags().StringVar(&out, "out", "", "write to `FILE`, beside the source (default: the standard output)")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file of --out")
	return cmd
}

// imported is what was read from a source.
type imported struct {
	template config.Template
	notes    []string
	files    map[string]*hcl.File
	diags    hcl.Diagnostics
}

func (a *app) importFile(source, name, out string, force bool) error {
	if out != "" && filepath.Dir(a.resolve(out)) != filepath.Dir(a.resolve(source)) {
		return exitWith(exitConfig, fmt.Errorf("--out %s: the paths of copied files begin where %s is, so the result has to be there, too", out, source))
	}
	text, err := os.ReadFile(a.resolve(source))
	if err != nil {
		return exitWith(exitConfig, fmt.Errorf("reading %s: %w", source, cause(err)))
	}
	in, err := a.importText(source, text)
	if err != nil {
		return exitWith(exitConfig, fmt.Errorf("reading %s: %w", source, err))
	}
	config.WriteDiagnostics(a.stderr, in.files, in.diags, a.render())
	if in.diags.HasErrors() {
		return exitWith(exitConfig, nil)
	}
	t := &in.template
	switch {
	case name != "":
		t.Name = name
	case t.Name == "":
		t.Name = filepath.Base(filepath.Dir(a.absolute(source)))
	}
	t.Name = templateForm(t.Name)
	t.Label = labelOf(t.Name)
	return a.writeImported(config.Export(t, in.notes), out, force)
}

func (a *app) writeImported(text []byte, out string, force bool) error {
	if out == "" {
		_, _ = a.stdout.Write(text) // exit tells of what could not be written
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if !force {
		flags |= os.O_EXCL
	}
	file, err := os.OpenFile(a.resolve(out), flags, 0o666)
	if errors.Is(err, os.ErrExist) {
		return exitWith(exitConfig, fmt.Errorf("%s is there already: --force replaces it", out))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", out, cause(err))
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", out, cause(err))
	}
	fmt.Fprintf(a.stdout, "Wrote %s.\n", clean(out))
	return nil
}

func (a *app) absolute(name string) string {
	full, err := filepath.Abs(a.resolve(name))
	if err != nil {
		return name
	}
	return full
}

var (
	notInName  = regexp.MustCompile(`[^a-z0-9-_/]+`)
	notInLabel = regexp.MustCompile(`[^a-z0-9_-]+`)
)

// templateForm makes a name that E2B takes.
func templateForm(name string) string {
	if name = strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-/"); name == "" {
		return "imported"
	}
	return name
}

func labelOf(name string) string {
	return notInLabel.ReplaceAllString(path.Base(name), "-")
}

// importText reads a source of any kind.
func (a *app) importText(source string, text []byte) (imported, error) {
	switch trimmed := bytes.TrimSpace(text); {
	case strings.HasSuffix(source, ".toml"):
		return a.importProject(source, text)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return importJSON(trimmed)
	}
	return importDockerfile(filepath.Base(source), text), nil
}

func importDockerfile(name string, text []byte) imported {
	var in imported
	in.template.Base, in.files, in.diags = config.ReadDockerfile(name, text)
	for _, d := range in.diags {
		if d.Severity == hcl.DiagError || d.Subject == nil {
			continue
		}
		in.notes = append(in.notes, fmt.Sprintf("Not carried over, line %d: %s", d.Subject.Start.Line, d.Detail))
	}
	if command := in.template.Base.Command; command.Text != "" {
		in.template.Start = &config.Start{Command: command.Text}
	}
	return in
}

// e2bProject is an e2b.toml of the CLI's first generation.
type e2bProject struct {
	TemplateID   string `toml:"template_id"`
	TemplateName string `toml:"template_name"`
	Dockerfile   string `toml:"dockerfile"`
	StartCmd     string `toml:"start_cmd"`
	ReadyCmd     string `toml:"ready_cmd"`
	CPUCount     int    `toml:"cpu_count"`
	MemoryMB     int    `toml:"memory_mb"`
	TeamID       string `toml:"team_id"`
}

func (a *app) importProject(source string, text []byte) (imported, error) {
	var p e2bProject
	if err := toml.Unmarshal(text, &p); err != nil {
		return imported{}, err
	}
	dockerfile := p.Dockerfile
	if dockerfile == "" {
		dockerfile = "e2b.Dockerfile"
	}
	if !filepath.IsLocal(filepath.FromSlash(dockerfile)) || path.Dir(dockerfile) != "." {
		return imported{}, fmt.Errorf("its Dockerfile %s is not beside it: import that by itself", dockerfile)
	}
	name := filepath.Join(filepath.Dir(a.resolve(source)), filepath.FromSlash(dockerfile))
	content, err := os.ReadFile(name)
	if err != nil {
		return imported{}, fmt.Errorf("its Dockerfile %s: %w", dockerfile, cause(err))
	}
	in := importDockerfile(dockerfile, content)
	t := &in.template
	t.Name, t.CPUCount, t.MemoryMB = p.TemplateName, p.CPUCount, p.MemoryMB
	if p.StartCmd != "" {
		t.Start = &config.Start{Command: p.StartCmd}
	}
	if t.Start != nil && p.ReadyCmd != "" {
		t.Start.Ready = &config.Ready{Command: p.ReadyCmd}
	}
	if p.TemplateID != "" {
		in.notes = append([]string{fmt.Sprintf("Its id was %s. E2B finds a template by its name, and keeps the id where the name is the same.", p.TemplateID)}, in.notes...)
	}
	return in, nil
}

// importJSON reads what Template.toJSON prints: the body that starts a build.
func importJSON(text []byte) (imported, error) {
	var b e2b.Build
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&b); err != nil {
		return imported{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return imported{}, errors.New("there is more than one value in it")
	}
	if b.FromImage == "" && b.FromTemplate == "" {
		return imported{}, errors.New("it has neither fromImage nor fromTemplate: want what Template.toJSON prints")
	}
	var in imported
	t := &in.template
	t.Base.Image, t.Base.External = b.FromImage, b.FromTemplate
	if b.FromImage == builder.DefaultImage {
		t.Base.Image = ""
	}
	if b.FromImageRegistry != nil {
		in.note("the credentials of the registry. Give them with base { registry { ... } } from variables.")
	}
	for i, s := range b.Steps {
		step, err := importStep(s)
		if err != nil {
			in.note("step %d: %s", i+1, err)
			continue
		}
		t.Steps = append(t.Steps, step)
	}
	if b.Force {
		in.note("force: build with --no-cache.")
	}
	switch {
	case b.StartCmd != "":
		t.Start = &config.Start{Command: b.StartCmd}
		if b.ReadyCmd != "" {
			t.Start.Ready = &config.Ready{Command: b.ReadyCmd}
		}
	case b.ReadyCmd != "":
		in.note("a ready command without a start command: %s", b.ReadyCmd)
	}
	return in, nil
}

// note keeps what was not carried over.
func (in *imported) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	in.notes = append(in.notes, "Not carried over: "+text)
	in.diags = append(in.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Not carried over", Detail: strings.ToUpper(text[:1]) + text[1:]})
}

func importStep(s e2b.Step) (config.Step, error) {
	arg := func(i int) string {
		if i < len(s.Args) {
			return s.Args[i]
		}
		return ""
	}
	switch {
	case s.Type == "RUN" && arg(0) != "":
		return config.Step{Batch: &config.Batch{Run: []config.Line{{Text: arg(0)}}, User: arg(1)}}, nil
	case s.Type == "COPY" && arg(0) != "" && arg(1) != "":
		return config.Step{Copy: &config.Copy{From: arg(0), To: arg(1), User: arg(2), Mode: fourDigits(arg(3))}}, nil
	case s.Type == "ENV" && len(s.Args) > 0 && len(s.Args)%2 == 0:
		env := map[string]string{}
		for i := 0; i < len(s.Args); i += 2 {
			env[s.Args[i]] = s.Args[i+1]
		}
		return config.Step{Set: &config.Set{Env: env}}, nil
	case s.Type == "WORKDIR" && arg(0) != "":
		return config.Step{Set: &config.Set{Workdir: arg(0)}}, nil
	case s.Type == "USER" && arg(0) != "":
		return config.Step{Set: &config.Set{User: arg(0)}}, nil
	}
	return config.Step{}, fmt.Errorf("%s with %d arguments", s.Type, len(s.Args))
}

func fourDigits(mode string) string {
	if mode == "" {
		return ""
	}
	return fmt.Sprintf("%04s", strings.TrimPrefix(mode, "0o"))
}
