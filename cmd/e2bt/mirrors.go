package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/e2bt/e2bt/local/image"
	"github.com/e2bt/e2bt/mirrors"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/spf13/cobra"
)

func newMirrors(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "mirrors", Short: "Mirror profiles: what there is, what it does, what answers",
		Long: `A mirror profile says where a build installs from: --mirror NAME, or mirror in a
template. It holds for the build alone: nothing of it is left in the finished
template unless the profile says bake = true. What a template, a project or an
image says itself wins over it.`,
	}
	var asJSON bool
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	list := &cobra.Command{
		Use: "list", Short: "List the profiles", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.listMirrors(asJSON) },
	}
	show := &cobra.Command{
		Use: "show NAME", Short: "Show where a profile installs everything from, and how", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.showMirrors(args[0], asJSON) },
	}
	var only []string
	var pin bool
	test := &cobra.Command{
		Use: "test NAME", Short: "Ask the mirrors of a profile, and say which answer, how fresh and how fast", Args: cobra.ExactArgs(1),
		Long: `Ask every mirror of a profile for something small, as its own client does, and
measure the best two or three; a few seconds and megabytes. It says what this
machine sees: for a build elsewhere, run it there. --pin makes it the choice of
the profile auto, which the lock file keeps.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.testMirrors(cmd.Context(), args[0], only, pin, asJSON)
		},
	}
	test.Flags().BoolVar(&pin, "pin", false, "write the result to the lock file, as the choice of the profile auto")
	test.Flags().StringSliceVar(&only, "only", nil, "ask for these `ECOSYSTEMS` alone, comma-separated")
	cmd.AddCommand(list, show, test)
	return cmd
}

// declares reports whether this directory has a configuration.
func (a *app) declares() (bool, error) {
	for _, pattern := range []string{"e2bt.hcl", "*.e2bt.hcl", "*.e2bt.hcl.json"} {
		found, err := filepath.Glob(filepath.Join(a.dir, pattern))
		if err != nil || len(found) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// ownMirrors are the profiles that the configuration of this directory
// declares, if there is one.
func (a *app) ownMirrors() ([]mirrors.Declared, error) {
	if declared, err := a.declares(); err != nil || !declared {
		return nil, err
	}
	cfg, diags, err := a.read(nil)
	if err != nil {
		return nil, err
	}
	return cfg.Mirrors, a.report(cfg, diags)
}

func (a *app) profile(name string) (*mirrors.Profile, error) {
	own, err := a.ownMirrors()
	if err != nil {
		return nil, err
	}
	return resolveMirror(name, own)
}

// mirrorProfile is the profile of --mirror; one that does nothing without it.
func (a *app) mirrorProfile() (*mirrors.Profile, error) {
	if a.mirror == "" {
		return mirrors.Resolve(mirrors.None, nil)
	}
	return a.profile(a.mirror)
}

// resolveMirror finds a profile that the command line names.
func resolveMirror(name string, own []mirrors.Declared) (*mirrors.Profile, error) {
	p, err := mirrors.Resolve(name, own)
	if err != nil {
		return nil, exitWith(exitConfig, fmt.Errorf("%w; there are: %s", err, strings.Join(mirrors.ProfileNames(own), ", ")))
	}
	return p, nil
}

// chooseMirror lets --mirror win over what templates say.
func (a *app) chooseMirror(cfg *config.Config) {
	for _, t := range cfg.Templates {
		if a.mirror != "" {
			t.Mirror = a.mirror
		}
	}
}

// keepImages lets the local engine take the images that it has, under their own
// names: what was imported or made here is on no mirror.
func (a *app) keepImages(plan *builder.Plan) error {
	if !a.local || !slices.ContainsFunc(plan.Templates, func(t *builder.Template) bool { return t.PullImage != "" }) {
		return nil
	}
	store, err := a.images()
	if err != nil {
		return err
	}
	list, err := store.List()
	if err != nil {
		return err
	}
	for _, t := range plan.Templates {
		if slices.ContainsFunc(list, func(i *image.Image) bool { return fullName(i.Name) == fullName(t.FromImage) }) {
			t.PullImage = ""
		}
	}
	return nil
}

func fullName(ref string) string {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return ref
	}
	return parsed.Name()
}

// digestTime is how long the official registry has to say an image's digest.
const digestTime = 3 * time.Second

// pinImages makes sure that a mirror gives what the official registry has: where
// that can be asked, images are pulled by its digest.
func (a *app) pinImages(ctx context.Context, plan *builder.Plan) {
	ctx, cancel := context.WithTimeout(ctx, digestTime)
	defer cancel()
	var group sync.WaitGroup
	for _, t := range plan.Templates {
		if t.PullImage == "" || strings.Contains(t.PullImage, "@") {
			continue
		}
		group.Go(func() {
			if digest := a.officialDigest(ctx, t.FromImage); digest != "" {
				t.PinImage(digest)
			}
		})
	}
	group.Wait()
}

// officialDigest asks the registry that an image is named after for its digest;
// "" where it cannot be asked, as it often cannot where mirrors are of use.
func (a *app) officialDigest(ctx context.Context, image string) string {
	ref, err := name.ParseReference(image)
	if err != nil {
		return ""
	}
	found, err := remote.Head(ref, remote.WithContext(ctx), remote.WithRetryPredicate(func(error) bool { return false }))
	if err != nil {
		a.logger().Info("asking for an image's digest", "image", image, "error", err)
		return ""
	}
	return found.Digest.String()
}

// warnMirror says where a mirror does not help.
func (a *app) warnMirror(plan *builder.Plan, at *endpoint) {
	abroad := isE2B(at.url)
	said := map[string]bool{}
	for _, t := range plan.Templates {
		if a.local || t.Mirror == mirrors.None || said[t.Mirror] || !t.MirrorIsBuiltin() {
			continue
		}
		said[t.Mirror] = true
		if abroad {
			fmt.Fprintf(a.stderr, "Warning: --mirror %s: E2B's own builders are outside of China, where these mirrors are slower than the official sources. It helps with endpoints in China and with --local.\n", t.Mirror)
			continue
		}
		if t.FromImage != "" {
			fmt.Fprintf(a.stderr, "Note: before the first step the endpoint itself installs what a sandbox needs, from where the image %s says: no mirror helps there. base { template = ... } on a template that was built once is faster.\n", t.FromImage)
		}
	}
}

// isE2B reports whether an endpoint is E2B's own.
func isE2B(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".e2b.app") || strings.HasSuffix(u.Hostname(), ".e2b.dev"))
}

// profileJSON is a profile for programs.
type profileJSON struct {
	Name       string              `json:"name"`
	Title      string              `json:"title,omitempty"`
	Bake       bool                `json:"bake"`
	Ecosystems []ecosystemJSON     `json:"ecosystems"`
	Images     map[string][]string `json:"images"`
}

type ecosystemJSON struct {
	Name       string          `json:"name"`
	Title      string          `json:"title"`
	How        string          `json:"how"`
	Native     string          `json:"native,omitempty"`
	Candidates []candidateJSON `json:"candidates"` // in order; after the last comes the official source
}

type candidateJSON struct {
	Provider  string `json:"provider,omitempty"`
	URL       string `json:"url"`
	Note      string `json:"note,omitempty"`
	Source    string `json:"source,omitempty"`
	CheckedAt string `json:"checked_at,omitempty"`
}

func describeProfile(p *mirrors.Profile) profileJSON {
	out := profileJSON{Name: p.Name, Title: p.Title, Bake: p.Bake, Ecosystems: []ecosystemJSON{}, Images: p.Images}
	for _, e := range mirrors.Ecosystems() {
		if len(p.All(e.Name)) == 0 {
			continue
		}
		row := ecosystemJSON{Name: e.Name, Title: e.Title, How: e.How, Native: e.Native}
		for _, c := range p.All(e.Name) {
			row.Candidates = append(row.Candidates, candidateJSON{c.Provider, c.URL, c.Note, c.Source, c.CheckedAt})
		}
		out.Ecosystems = append(out.Ecosystems, row)
	}
	return out
}

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) listMirrors(asJSON bool) error {
	own, err := a.ownMirrors()
	if err != nil {
		return err
	}
	all := []profileJSON{}
	for _, name := range mirrors.ProfileNames(own) {
		p, err := resolveMirror(name, own)
		if err != nil {
			return err
		}
		all = append(all, describeProfile(p))
	}
	if asJSON {
		return a.printJSON(all)
	}
	w := table(a.stdout, "NAME", "ECOSYSTEMS", "WHAT")
	for _, p := range all {
		title := p.Title
		if title == "" {
			title = "declared here"
		}
		if p.Bake {
			title += "; stays in the template"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\n", p.Name, len(p.Ecosystems), title)
	}
	return w.Flush()
}

func (a *app) showMirrors(name string, asJSON bool) error {
	p, err := a.profile(name)
	if err != nil {
		return err
	}
	described := describeProfile(p)
	if asJSON {
		return a.printJSON(described)
	}
	if len(described.Ecosystems) == 0 && len(p.Images) == 0 {
		fmt.Fprintf(a.stdout, "%s leaves everything as it is.\n", name)
		return nil
	}
	w := table(a.stdout, "ECOSYSTEM", "FIRST CHOICE", "THEN", "APPLIED BY")
	for _, e := range described.Ecosystems {
		then := []string{}
		for _, c := range e.Candidates[1:] {
			then = append(then, who(c))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, e.Candidates[0].URL, strings.Join(append(then, "official"), ", "), e.How)
	}
	for _, registry := range slices.Sorted(maps.Keys(p.Images)) {
		if prefixes := p.Images[registry]; len(prefixes) > 0 {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", registry, prefixes[0], strings.Join(append(append([]string{}, prefixes[1:]...), "official"), ", "), "the base image's reference")
		}
	}
	return w.Flush()
}

func who(c candidateJSON) string {
	if c.Provider == "" {
		return c.URL
	}
	return c.Provider
}

// curable are the categories that another source of packages may cure, and
// whether they say that something does not exist.
var curable = map[diagnose.Category]bool{
	diagnose.MissingPackage: true, diagnose.VersionNotFound: true,
	diagnose.Network: false, diagnose.TLS: false, diagnose.Auth: false, diagnose.RateLimited: false, diagnose.Integrity: false,
	diagnose.ServiceUnavailable: false, diagnose.Timeout: false,
}

// elsewhere says whether another source may cure the failure that came last.
func (s *session) elsewhere(f builder.Failure) (builder.Cause, bool) {
	found := s.pending[f.Template.Name].Finding
	missing, ok := curable[found.Category]
	cause := builder.Cause{
		Tool: found.Tool, Missing: missing, Why: string(found.Category), Evidence: found.Subject + "\n",
		Vague: found.Category == diagnose.Timeout, // most often the work is just too much for the time
	}
	if found.Subject != "" {
		cause.Why += " (" + found.Subject + ")"
	}
	for _, e := range found.Evidence {
		cause.Evidence += e.Text + "\n"
	}
	return cause, ok
}

// testMirrors asks the mirrors of a profile.
func (a *app) testMirrors(ctx context.Context, name string, only []string, pin, asJSON bool) error {
	if _, auto := mirrors.AutoOf(name); pin && (!auto || only != nil) {
		return exitWith(exitConfig, errors.New("--pin: the profile that chooses is auto, or auto:NAME, and it chooses for every ecosystem: leave --only out"))
	}
	p, err := a.profile(name)
	if err != nil {
		return err
	}
	for _, ecosystem := range only {
		if _, ok := mirrors.LookupEcosystem(ecosystem); !ok {
			return exitWith(exitConfig, fmt.Errorf("--only %s: there is no such ecosystem; see e2bt mirrors show %s", ecosystem, name))
		}
	}
	report := mirrors.Test(ctx, p, mirrors.TestOptions{Only: only, Upstream: officialSources(ctx, only)})
	if pin {
		file := builder.LockFile{Path: filepath.Join(a.dir, builder.LockName), Guard: a.state()}
		if err := file.Pin(map[string]mirrors.Choice{name: report.Choice()}); err != nil {
			return err
		}
	}
	if asJSON {
		return a.printJSON(report)
	}
	return a.printTest(report)
}

func (a *app) printTest(report mirrors.TestReport) error {
	w := table(a.stdout, "ECOSYSTEM", "MIRROR", "STATE", "FIRST BYTE", "SPEED", "AGE", "")
	for _, e := range slices.Concat(report.Ecosystems, report.Registries) {
		for i, r := range e.Results {
			note := clean(r.Problem)
			if i == 0 && r.OK {
				note = strings.TrimSpace("best " + note)
			}
			if i == 0 && r.OK && r.Name == mirrors.Official {
				note = "better than every mirror, seen from here"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Name, r.Name, word(r.OK), millis(r.FirstByteMS), speed(r.BytesPerSecond), age(r.AgeSeconds), note)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n%s in %.1f s, seen from this machine: what counts is where the build runs.\n", bytesText(report.Bytes), report.Seconds)
	return nil
}

// officialSources asks the package managers of this machine where they install
// from by themselves. One that is not here, or slow to say, is left out.
func officialSources(ctx context.Context, only []string) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	found := map[string]string{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for ecosystem, command := range map[string][]string{"npm": {"npm", "config", "get", "registry"}, "go": {"go", "env", "GOPROXY"}, "pip": {"python3", "-m", "pip", "install", "--help"}} {
		if only != nil && !slices.Contains(only, ecosystem) {
			continue
		}
		group.Go(func() {
			out, err := exec.CommandContext(ctx, command[0], command[1:]...).Output()
			if match := firstURL.FindString(string(out)); err == nil && match != "" {
				mu.Lock()
				defer mu.Unlock()
				found[ecosystem] = match
			}
		})
	}
	group.Wait()
	return found
}

var firstURL = regexp.MustCompile(`https?://[^\s,|)]+`)

func word(ok bool) string {
	if ok {
		return "ok"
	}
	return "FAILED"
}

func millis(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f ms", n)
}

func speed(n float64) string {
	if n == 0 {
		return "-"
	}
	return bytesText(int64(n)) + "/s"
}

func age(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return duration(time.Duration(seconds) * time.Second)
}
