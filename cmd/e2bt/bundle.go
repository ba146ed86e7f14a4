package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/e2bt/e2bt/e2b"
)

const (
	bundledFile = 8 << 20 // bytes of one file of a failure that go into a bundle: the last ones
	bundled     = 64      // files of it
)

// told are the variables whose names, never their values, go into a bundle.
var told = regexp.MustCompile(`^(E2B|E2BT|ANTHROPIC|CLAUDE|PIP|UV|NPM_CONFIG|npm_config|SSL_CERT|GITHUB|GITLAB)_|(?i)^(https?_proxy|no_proxy|all_proxy|ci|lang|lc_.*|shell|term|node_extra_ca_certs)$`)

// secretive are the names of variables that hold what nobody may see.
var secretive = regexp.MustCompile(`(?i)(key|token|secret|passw|auth|credential|cookie|session)`)

// hideEnvironment makes the values of variables secret whose names say so, and
// everything in .env.
func (a *app) hideEnvironment() (file map[string]string) {
	path := a.envFile
	if path == "" {
		path = filepath.Join(a.dir, ".env")
	}
	file, _ = e2b.LoadEnvFile(path) // doctor says what is wrong with it
	for _, value := range file {
		a.secrets.add(value)
	}
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); secretive.MatchString(name) {
			a.secrets.add(value)
		}
	}
	return file
}

// platform is what a bundle says about where e2bt runs.
type platform struct {
	E2bt        string   `json:"e2bt"`
	Go          string   `json:"go"`
	OS          string   `json:"os"`
	Arch        string   `json:"arch"`
	Kernel      string   `json:"kernel,omitempty"`
	Environment []string `json:"environment"` // names of variables that are set
	EnvFile     []string `json:"env_file"`    // names in .env
}

// bundle writes an archive for a bug report: what doctor found, the platform,
// and the last failure. It is there whole or not at all.
func (a *app) bundle(path string, found []checkup) (err error) {
	file := a.hideEnvironment()
	about := platform{E2bt: version(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Environment: []string{}, EnvFile: []string{}}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		about.Kernel = strings.TrimSpace(string(kernel))
	}
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value != "" && told.MatchString(name) {
			about.Environment = append(about.Environment, name)
		}
	}
	for name := range file {
		about.EnvFile = append(about.EnvFile, name)
	}
	slices.Sort(about.Environment)
	slices.Sort(about.EnvFile)
	out, err := os.CreateTemp(filepath.Dir(path), ".e2bt-bundle-*")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err == nil {
			err = os.Rename(out.Name(), path)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	z := zip.NewWriter(out)
	if err := a.bundleJSON(z, "doctor.json", a.diagnosis(found)); err != nil {
		return err
	}
	if err := a.bundleJSON(z, "platform.json", about); err != nil {
		return err
	}
	if err := a.bundleFailure(z); err != nil {
		return err
	}
	return z.Close()
}

func (a *app) bundleJSON(z *zip.Writer, name string, v any) error {
	var text bytes.Buffer
	if err := printJSON(&text, v); err != nil {
		return err
	}
	return a.bundleText(z, name, text.Bytes())
}

func (a *app) bundleText(z *zip.Writer, name string, text []byte) error {
	w, err := z.Create(name)
	if err == nil {
		_, err = io.WriteString(w, a.secrets.hide(string(text)))
	}
	return err
}

// bundleFailure packs the snapshot of the last failure, if there is one.
func (a *app) bundleFailure(z *zip.Writer) error {
	dir := newestDir(filepath.Join(a.state(), "failures"))
	if dir == "" {
		return nil
	}
	left := bundled
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || left == 0 {
			return err
		}
		left--
		text, err := tail(path, bundledFile)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return a.bundleText(z, "failure/"+filepath.ToSlash(name), text)
	})
}

// newestDir is the directory below dir that was changed last.
func newestDir(dir string) (newest string) {
	entries, _ := os.ReadDir(dir) // none is as good as empty
	var last fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && (last == nil || info.ModTime().After(last.ModTime())) {
			newest, last = filepath.Join(dir, e.Name()), info
		}
	}
	return newest
}

// tail reads the end of a file.
func tail(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(file, max(info.Size()-most, 0), most))
}
