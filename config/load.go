package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Options say where files are and what variables are set to.
type Options struct {
	Dir      string              // paths are relative to it
	Vars     map[string]string   // from the command line
	VarFiles []string            // from the command line, weakest first
	Getenv   func(string) string // for env(); nil: nothing is set
	Environ  []string            // NAME=VALUE, for E2BT_VAR_NAME
	Version  string              // of e2bt, for required_version; "dev" fits all
}

// Load reads what the paths name, files or directories; none means the
// directory itself. It returns all that is wrong with all of it; the Config is
// whole only where nothing is an error, but its Files always serve to render.
func Load(paths []string, opts Options) (*Config, hcl.Diagnostics) {
	l := &loader{opts: opts, parser: hclparse.NewParser(), secrets: map[string]bool{}}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		l.path(p)
	}
	cfg := &Config{Dir: opts.Dir, Files: l.parser.Files()}
	l.decode(cfg)
	cfg.Secrets = slices.Sorted(maps.Keys(l.secrets))
	return cfg, l.diags
}

// loader is one Load on its way.
type loader struct {
	opts    Options
	parser  *hclparse.Parser
	sources []source
	diags   hcl.Diagnostics
	secrets map[string]bool
	blocks  map[string]map[int]hcl.Range // by file and first byte: all of a block
}

// source is one parsed file.
type source struct {
	name string // as the user would type it
	body hcl.Body
}

// path reads a file, or the files of a directory.
func (l *loader) path(p string) {
	info, err := os.Stat(l.host(p))
	if err != nil {
		l.diags = append(l.diags, noFile(p, err))
		return
	}
	if !info.IsDir() {
		l.file(p)
		return
	}
	names, diags := Files(p, l.opts.Dir)
	l.diags = append(l.diags, diags...)
	for _, name := range names {
		l.file(name)
	}
}

func (l *loader) host(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(l.opts.Dir, p)
}

func noFile(p string, err error) *hcl.Diagnostic {
	detail := fmt.Sprintf("%s cannot be read: %s.", p, err)
	var why *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		detail = fmt.Sprintf("There is no file or directory %s.", p)
	case errors.As(err, &why):
		detail = fmt.Sprintf("%s cannot be read: %s.", p, why.Err)
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot read the configuration", Detail: detail}
}

// Files lists the configuration files of a directory, sorted, as a user would
// write them; dir is relative to base. That there are none is a mistake.
func Files(dir, base string) ([]string, hcl.Diagnostics) {
	at := dir
	if !filepath.IsAbs(dir) {
		at = filepath.Join(base, dir)
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return nil, hcl.Diagnostics{noFile(at, err)}
	}
	var names, others []string
	for _, e := range entries {
		name := e.Name()
		plain := strings.TrimSuffix(name, ".json")
		switch {
		case e.IsDir() || strings.HasPrefix(name, "."):
		case plain == "e2bt.hcl" || strings.HasSuffix(plain, ".e2bt.hcl"):
			names = append(names, filepath.Join(dir, name))
		case strings.HasSuffix(plain, ".hcl"):
			others = append(others, filepath.Join(dir, name))
		}
	}
	if len(names) == 0 {
		return nil, hcl.Diagnostics{noFiles(at, others)}
	}
	return names, nil
}

func noFiles(dir string, others []string) *hcl.Diagnostic {
	advice := "Write one, or name a file."
	if len(others) > 0 {
		advice = fmt.Sprintf("Write one, or name a file: %s.", strings.Join(others[:min(len(others), 5)], ", "))
	}
	if dir == "." {
		dir = "here"
	} else {
		dir = "in " + dir
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "No configuration files",
		Detail: fmt.Sprintf("There is neither e2bt.hcl nor *.e2bt.hcl %s. %s", dir, advice),
	}
}

// file parses one file, once.
func (l *loader) file(name string) {
	name = filepath.ToSlash(filepath.Clean(name))
	if _, done := l.parser.Files()[name]; done {
		return
	}
	file := l.parse(name)
	if file != nil && file.Body != nil {
		l.sources = append(l.sources, source{name, file.Body})
	}
}

// maxFile is how big a file of the configuration may be, in bytes.
const maxFile = 32 << 20

// parse reads and parses a file; what cannot be parsed gives nil.
func (l *loader) parse(name string) *hcl.File {
	src, err := readText(l.host(name))
	if err != nil {
		l.diags = append(l.diags, noFile(name, err))
		return nil
	}
	if diags := notText(name, src); diags.HasErrors() {
		l.diags = append(l.diags, diags...)
		return nil
	}
	parse := l.parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		parse = l.parser.ParseJSON
	}
	file, diags := parse(src, name)
	l.diags = append(l.diags, diags...)
	return file
}

// readText reads a file, or a pipe, that is no bigger than a configuration.
func readText(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(src) > maxFile {
		err = fmt.Errorf("it is bigger than %d MiB, which no configuration is", maxFile>>20)
	}
	return src, err
}

// notText refuses a file that is no UTF-8 text: once, and not a hundred times.
func notText(name string, src []byte) hcl.Diagnostics {
	for line, text := range bytes.Split(src, []byte("\n")) {
		if utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 {
			continue
		}
		return hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "Not a text file",
			Detail: fmt.Sprintf("Line %d of %s is not UTF-8 text. Save the file in that encoding; if it is no configuration at all, name another one.", line+1, name),
		}}
	}
	return nil
}

// whole is a block from its header to its closing brace. Its body may be
// wrapped, so the place is looked up in the file.
func (l *loader) whole(b *hcl.Block) hcl.Range {
	at := b.DefRange
	if l.blocks[at.Filename] == nil {
		found := map[int]hcl.Range{}
		if file := l.parser.Files()[at.Filename]; file != nil {
			if body, ok := file.Body.(*hclsyntax.Body); ok {
				nativeBlocks(body, found)
			}
		}
		if l.blocks == nil {
			l.blocks = map[string]map[int]hcl.Range{}
		}
		l.blocks[at.Filename] = found
	}
	if r, ok := l.blocks[at.Filename][at.Start.Byte]; ok {
		return r
	}
	return at
}

func nativeBlocks(body *hclsyntax.Body, out map[int]hcl.Range) {
	for _, b := range body.Blocks {
		out[b.TypeRange.Start.Byte] = b.Range()
		nativeBlocks(b.Body, out)
	}
}

// decode turns the parsed files into cfg.
func (l *loader) decode(cfg *Config) {
	root := l.roots()
	s := &scope{loader: l, vars: root.variables(l), values: map[string]hclValue{}}
	s.locals = root.locals
	for _, b := range root.settings {
		s.settings(&cfg.Settings, b)
	}
	s.declared = s.profiles(root.mirrors)
	cfg.Mirrors = s.declared
	cfg.Templates = s.templates(root.templates)
	slices.SortFunc(cfg.Templates, func(a, b *Template) int { return strings.Compare(a.Address, b.Address) })
}
