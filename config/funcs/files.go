package funcs

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// Limits of what is read; files that become part of a template are copied.
const (
	maxFile  = 4 << 20
	maxFiles = 100_000
)

// files are the functions that read files; dir is where relative paths start.
func files(dir string) map[string]function.Function {
	out := map[string]function.Function{
		"file": ofFile(dir, func(b []byte) (string, error) {
			if !utf8.Valid(b) {
				return "", errors.New("this file is not a text in UTF-8; filebase64 reads any file")
			}
			return string(b), nil
		}),
		"filebase64": ofFile(dir, func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(b), nil }),
		"fileexists": make1("path", cty.String, cty.Bool, func(v cty.Value) (cty.Value, error) {
			info, err := os.Stat(below(dir, v.AsString()))
			return cty.BoolVal(err == nil && info.Mode().IsRegular()), nil
		}),
		"fileset": make2("path", "pattern", cty.Set(cty.String), func(start, pattern string) (cty.Value, error) {
			return fileSet(below(dir, start), pattern)
		}),
	}
	for name, sum := range sums {
		if plain, is64 := strings.CutPrefix(name, "base64"); is64 {
			name = "base64" + plain
			out["filebase64"+plain] = ofFile(dir, func(b []byte) (string, error) { return sum(b), nil })
			continue
		}
		out["file"+name] = ofFile(dir, func(b []byte) (string, error) { return sum(b), nil })
	}
	return out
}

func below(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

func ofFile(dir string, f func([]byte) (string, error)) function.Function {
	return ofText("path", func(name string) (string, error) {
		b, err := read(dir, name)
		if err != nil {
			return "", err
		}
		return f(b)
	})
}

// read reads a regular file; errors name it as the author did.
func read(dir, name string) ([]byte, error) {
	path := below(dir, name)
	info, err := os.Stat(path) // before it is opened: a pipe would wait for its other end
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the file %s: %w", name, plainError(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s is larger than %d MiB: use copy to send it", name, maxFile>>20)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the file %s: %w", name, plainError(err))
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxFile)) // the size of some is not what it says
	if err != nil {
		return nil, fmt.Errorf("reading the file %s: %w", name, plainError(err))
	}
	return b, nil
}

// plainError is what went wrong without the path, which the message names.
func plainError(err error) error {
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case errors.As(err, &at):
		return at.Err
	}
	return err
}

// counted is a directory of which only so much is read.
type counted struct {
	fs.StatFS
	left *int
}

// ReadDir implements fs.ReadDirFS.
func (c counted) ReadDir(name string) ([]fs.DirEntry, error) {
	if *c.left < 0 {
		return nil, fs.ErrInvalid
	}
	entries, err := fs.ReadDir(c.StatFS, name)
	*c.left -= 1 + len(entries)
	return entries, err
}

// fileSet lists the files below root that match, relative to it.
func fileSet(root, pattern string) (cty.Value, error) {
	if !doublestar.ValidatePattern(pattern) {
		return cty.NilVal, function.NewArgErrorf(1, "this is no pattern such as **/*.py")
	}
	if _, err := os.Stat(root); err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "there is no such directory")
	}
	left := maxFiles
	var names []cty.Value
	err := doublestar.GlobWalk(counted{os.DirFS(root).(fs.StatFS), &left}, filepath.ToSlash(pattern), func(name string, _ fs.DirEntry) error {
		names = append(names, cty.StringVal(name))
		return nil
	}, doublestar.WithFilesOnly())
	switch {
	case left < 0:
		return cty.NilVal, function.NewArgErrorf(0, "more than %d files would have to be looked at", maxFiles)
	case err != nil:
		return cty.NilVal, function.NewArgErrorf(1, "the files cannot be listed: %w", plainError(err))
	case len(names) == 0:
		return cty.SetValEmpty(cty.String), nil
	}
	return cty.SetVal(names), nil
}

// templateFile evaluates a file as a template with the given variables.
func templateFile(dir string, table map[string]function.Function) function.Function {
	inside := make(map[string]function.Function, len(table))
	for name, f := range table { // all but itself: a template that reads itself never ends
		inside[name] = f
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return render(dir, args[0].AsString(), args[1], inside)
		},
	})
}

func render(dir, name string, vars cty.Value, table map[string]function.Function) (cty.Value, error) {
	src, err := read(dir, name)
	if err != nil {
		return cty.NilVal, function.NewArgError(0, err)
	}
	if !vars.Type().IsObjectType() && !vars.Type().IsMapType() {
		return cty.NilVal, function.NewArgErrorf(1, "a map or an object is required")
	}
	if d := source.CheckTemplate(src, hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}); d != nil {
		return cty.NilVal, function.NewArgErrorf(0, "%s: %s", name, d.Detail)
	}
	expr, diags := hclsyntax.ParseTemplate(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, function.NewArgErrorf(0, "%w", diags)
	}
	ctx := &hcl.EvalContext{Variables: vars.AsValueMap(), Functions: table}
	for _, t := range expr.Variables() {
		if _, ok := ctx.Variables[t.RootName()]; !ok {
			return cty.NilVal, function.NewArgErrorf(1, "%s, line %d, uses %q, which is not among vars", name, t.SourceRange().Start.Line, t.RootName())
		}
	}
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return cty.NilVal, function.NewArgErrorf(0, "%w", diags)
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "%s: %w", name, err)
	}
	return text, nil
}
