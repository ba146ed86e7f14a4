package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/e2bt/e2bt/config/source"
	"github.com/hashicorp/hcl/v2"
)

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

// isOverride reports whether a file changes what others declare.
func isOverride(name string) bool {
	base := strings.TrimSuffix(filepath.Base(name), ".json")
	return base == "override.e2bt.hcl" || strings.HasSuffix(base, "_override.e2bt.hcl")
}

// readText reads a file, or a pipe, that is no bigger than a configuration.
func readText(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, source.MaxFile+1))
	if err == nil && len(src) > source.MaxFile {
		err = fmt.Errorf("it is bigger than %d MiB, which no configuration is", source.MaxFile>>20)
	}
	return src, err
}

// notText refuses a file that is no UTF-8 text: once, and not a hundred times.
func notText(name string, src []byte) hcl.Diagnostics {
	if utf8.Valid(src) && bytes.IndexByte(src, 0) < 0 {
		return nil
	}
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
