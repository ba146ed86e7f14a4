// Command release makes what a release of e2bt consists of: for every platform
// an archive with the static binary, completions, man pages and licence; beside
// them an SBOM of each binary, and the checksums of it all. The same commit
// gives the same bytes.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

const platforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	r := release{}
	flag.StringVar(&r.version, "version", "", "version of the release, such as v1.2.3 (default: what git describes)")
	flag.StringVar(&r.dir, "dir", "dist", "`DIR` to write to; it must be empty or not there")
	only := flag.String("platforms", platforms, "`LIST` of os/arch")
	flag.Parse()
	if err := r.make(strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is what goes into every archive.
type release struct {
	version string
	dir     string
	at      time.Time // of the commit
	extras  []file
}

// file is a file of an archive.
type file struct {
	name string
	data []byte
	mode int64
}

func (r *release) make(platforms []string) error {
	if left, err := os.ReadDir(r.dir); err == nil && len(left) > 0 {
		return fmt.Errorf("%s is not empty", r.dir)
	}
	if err := r.describe(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "e2bt-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := r.gather(work); err != nil {
		return err
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	for _, p := range platforms {
		if err := r.platform(work, p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return r.checksums()
}

// describe finds the version and the time of the commit.
func (r *release) describe() error {
	if r.version == "" {
		out, err := output(nil, "git", "describe", "--tags", "--always", "--dirty")
		if err != nil {
			return err
		}
		r.version = strings.TrimSpace(string(out))
	}
	out, err := output(nil, "git", "log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	r.at, err = time.Parse(time.RFC3339, strings.TrimSpace(string(out)))
	return err
}

// gather makes what is the same for every platform.
func (r *release) gather(work string) error {
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		if err := r.add(name, name); err != nil {
			return err
		}
	}
	host := filepath.Join(work, "host")
	if err := r.compile(host); err != nil {
		return err
	}
	for shell, name := range map[string]string{"bash": "e2bt", "zsh": "_e2bt", "fish": "e2bt.fish", "powershell": "e2bt.ps1"} {
		script, err := output(nil, host, "completion", shell)
		if err != nil {
			return err
		}
		r.extras = append(r.extras, file{"completions/" + shell + "/" + name, script, 0o644})
	}
	man := filepath.Join(work, "man")
	if err := os.Mkdir(man, 0o755); err != nil {
		return err
	}
	if _, err := output([]string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.at.Unix())}, "go", "test", "-count=1", "-run", "^TestManPages$", "./cmd/e2bt", "-man", man); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(man, "*.1"))
	if err != nil || len(pages) == 0 {
		return fmt.Errorf("no man pages were made (%w)", err)
	}
	for _, p := range pages {
		if err := r.add("man/man1/"+filepath.Base(p), p); err != nil {
			return err
		}
	}
	slices.SortFunc(r.extras, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return nil
}

func (r *release) add(name, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r.extras = append(r.extras, file{name, data, 0o644})
	return nil
}

// compile makes a static binary that does not tell where it was made.
func (r *release) compile(path string, env ...string) error {
	_, err := output(append(env, "CGO_ENABLED=0"), "go", "build", "-trimpath", "-ldflags", "-s -w -X main.release="+r.version, "-o", path, "./cmd/e2bt")
	return err
}

// platform makes the archive and the SBOM of one platform.
func (r *release) platform(work, platform string) error {
	system, arch, ok := strings.Cut(platform, "/")
	if !ok {
		return fmt.Errorf("want os/arch")
	}
	name := "e2bt"
	if system == "windows" {
		name += ".exe"
	}
	path := filepath.Join(work, system+"-"+arch)
	if err := r.compile(path, "GOOS="+system, "GOARCH="+arch); err != nil {
		return err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	base := fmt.Sprintf("e2bt_%s_%s_%s", strings.TrimPrefix(r.version, "v"), system, arch)
	files := append([]file{{name, binary, 0o755}}, r.extras...)
	archive, pack := base+".tar.gz", r.tar
	if system == "windows" {
		archive, pack = base+".zip", r.zip
	}
	var out bytes.Buffer
	if err := pack(&out, files); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, archive), out.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%-44s %5.1f MiB, binary %5.1f MiB\n", archive, float64(out.Len())/(1<<20), float64(len(binary))/(1<<20))
	return r.sbom(path, filepath.Join(r.dir, base+".cdx.json"))
}

func (r *release) tar(w io.Writer, files []file) error {
	packed := gzip.NewWriter(w)
	t := tar.NewWriter(packed)
	for _, f := range files {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: r.at, Format: tar.FormatPAX}); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return packed.Close()
}

func (r *release) zip(w io.Writer, files []file) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.at}
		header.SetMode(os.FileMode(f.mode))
		entry, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}

// sbom lists the modules that a binary says it is made of.
func (r *release) sbom(binary, path string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: r.at.UTC().Format(time.RFC3339),
		Component: &cyclonedx.Component{BOMRef: "e2bt", Type: cyclonedx.ComponentTypeApplication, Name: "e2bt", Version: strings.TrimPrefix(r.version, "v")},
	}
	components := []cyclonedx.Component{golang("std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		components = append(components, golang(m.Path, m.Version))
	}
	bom.Components = &components
	var out bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func golang(path, version string) cyclonedx.Component {
	purl := "pkg:golang/" + path + "@" + version
	return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: purl}
}

// checksums writes a file that `sha256sum --check` reads.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(r.dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(r.dir, "SHA256SUMS"), []byte(text.String()), 0o644)
}

func output(env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out, errs.Bytes())
	}
	return out, nil
}
