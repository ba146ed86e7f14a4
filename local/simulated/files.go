package simulated

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/e2bt/e2bt/local/engine"
)

// home finds a user in the sandbox's passwd file, which keeps name:home here.
func (s *sandbox) home(user string) (string, error) {
	if user == "" || user == "root" {
		return "/root", nil
	}
	text, err := os.ReadFile(s.host("/etc/passwd"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the users: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); fields[0] == user && len(fields) > 5 {
			return fields[5], nil
		}
	}
	return "", &engine.UserError{Name: user}
}

// AddUser adds a user with a home.
func (s *sandbox) AddUser(name string, _ bool) error {
	if _, err := s.home(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(s.host("/home/"+name), 0o755); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	file, err := os.OpenFile(s.host("/etc/passwd"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("adding a user: %w", err)
	}
	_, err = fmt.Fprintf(file, "%s:x:1000:1000::/home/%s:/bin/bash\n", name, name)
	return errors.Join(err, file.Close())
}

// Workdir makes a directory.
func (s *sandbox) Workdir(_ context.Context, dir, user string) error {
	if _, err := s.home(user); err != nil {
		return err
	}
	return os.MkdirAll(s.host(dir), 0o755)
}

// Expand expands variables and nothing else.
func (s *sandbox) Expand(_ context.Context, text string) (string, error) {
	home, err := s.home("root")
	return os.Expand(text, func(name string) string { return map[string]string{"HOME": home, "USER": "root"}[name] }), err
}

// Finalize writes the file of ids.
func (s *sandbox) Finalize(_ context.Context, ids engine.IDs, user string) error {
	return errors.Join(s.AddUser(user, true), os.WriteFile(s.host("/.e2b"), fmt.Append(nil, ids), 0o644))
}

// Copy unpacks what of an archive lies below the source.
func (s *sandbox) Copy(_ context.Context, c engine.CopySpec) error {
	zipped, err := gzip.NewReader(c.Archive)
	if err != nil {
		return &engine.CopyError{Reason: "reading the archive: " + err.Error()}
	}
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return fmt.Errorf("opening the root filesystem: %w", err)
	}
	defer root.Close()
	prefix := path.Clean(strings.SplitN(c.Source, "*", 2)[0])
	dest := c.Dest
	if !path.IsAbs(dest) {
		dest = path.Join("/home/user", c.Dir, dest)
	}
	found := false
	for r := tar.NewReader(zipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return &engine.CopyError{Reason: "reading the archive: " + err.Error()}
		}
		rest, ok := below(prefix, path.Clean(h.Name))
		if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		found = true
		to := path.Join(dest, rest)
		if rest == "" && strings.HasSuffix(c.Dest, "/") {
			to = path.Join(dest, path.Base(h.Name))
		}
		if err := writeFile(root, strings.TrimPrefix(to, "/"), r, h.FileInfo().Mode().Perm()); err != nil {
			return err
		}
	}
	if !found {
		return &engine.CopyError{Reason: fmt.Sprintf("source %q is not in the archive", c.Source)}
	}
	return nil
}

func below(prefix, name string) (rest string, ok bool) {
	if prefix == "." {
		return name, true
	}
	rest, ok = strings.CutPrefix(name, prefix)
	return strings.TrimPrefix(rest, "/"), ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(prefix, "/"))
}

func writeFile(root *os.Root, name string, r io.Reader, mode fs.FileMode) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("copying %s: %w", name, err)
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("copying %s: %w", name, err)
	}
	_, err = io.Copy(file, r)
	return errors.Join(err, file.Close())
}

func parseSeconds(text string) (float64, error) {
	return strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
}

func rel(root, p string) string {
	r, err := filepath.Rel(root, p)
	if err != nil || strings.HasPrefix(r, "..") {
		return p
	}
	return "/" + r
}
