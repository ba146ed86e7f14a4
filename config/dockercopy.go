package config

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

var (
	remote   = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*://|git@)|\.git(?:#|$)`)
	archives = regexp.MustCompile(`(?i)\.(?:tar|tgz|tbz2?|txz|tar\.[a-z0-9]+)$`)
	owner    = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]*(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?$`)
)

// transfer is a COPY or ADD.
type transfer struct {
	instructions.SourcesAndDest
	word         string
	chown, chmod string
	at           hcl.Range
}

func (f *dockerfile) copyFiles(at hcl.Range, parsed any) {
	c := parsed.(*instructions.CopyCommand)
	switch {
	case c.From != "":
		f.notCarried(at, "COPY --from", "Copy files of this machine, or base the template on the other one.", false)
	case c.Parents:
		f.notCarried(at, "COPY --parents", "Copy each directory to its own place.", false)
	case len(c.ExcludePatterns) > 0:
		f.notCarried(at, "COPY --exclude", "Name what is to be left out in .dockerignore.", false)
	default:
		f.transfer(transfer{c.SourcesAndDest, "COPY", c.Chown, c.Chmod, at})
	}
}

func (f *dockerfile) addFiles(at hcl.Range, parsed any) {
	c := parsed.(*instructions.AddCommand)
	switch {
	case slices.ContainsFunc(c.SourcePaths, remote.MatchString):
		f.notCarried(at, "ADD of a URL", "Fetch it in a RUN step, with curl or git.", false)
	case len(c.ExcludePatterns) > 0:
		f.notCarried(at, "ADD --exclude", "Name what is to be left out in .dockerignore.", false)
	case c.Checksum != "" || c.KeepGitDir != nil:
		f.notCarried(at, "ADD with --checksum or --keep-git-dir", "These are for what is fetched from elsewhere.", false)
	case (c.Unpack == nil || *c.Unpack) && slices.ContainsFunc(c.SourcePaths, archives.MatchString):
		f.notCarried(at, "ADD of an archive", "Copy it, and unpack it in a RUN step.", false)
	default:
		f.transfer(transfer{c.SourcesAndDest, "ADD", c.Chown, c.Chmod, at})
	}
}

// transfer adds a copy for every source. Docker's owner is root, whatever USER
// says.
func (f *dockerfile) transfer(t transfer) {
	dest, intoDir := f.destination(t.DestPath)
	user := t.chown
	if user == "" {
		user = dockerUser
	}
	switch {
	case !owner.MatchString(user):
		f.wrong(t.at, "Bad user name", "--chown takes a user, or user:group, not %q.", user)
		return
	case t.chmod != "" && !modeForm.MatchString(t.chmod):
		f.notCarried(t.at, t.word+" --chmod="+t.chmod, "Give octal digits, or change the mode in a RUN step.", false)
		return
	case len(t.SourcePaths)+len(t.SourceContents) > 1 && !intoDir:
		f.wrong(t.at, "Bad Dockerfile", "With more than one source the destination must be a directory and end with a slash.")
		return
	}
	for _, from := range t.SourcePaths {
		if from = path.Clean("./" + strings.TrimLeft(filepath.ToSlash(from), "/")); !filepath.IsLocal(filepath.FromSlash(from)) {
			f.wrong(t.at, "Path leaves the context", "%q is not below the directory of the HCL file, where the paths of its Dockerfile start.", from)
			continue
		}
		c := &Copy{From: from, To: dest, User: user, Range: t.at, FromPos: t.at}
		if t.chmod != "" {
			c.Mode = fourDigits(t.chmod)
		}
		f.base.Steps = append(f.base.Steps, Step{Copy: c})
	}
	for _, content := range t.SourceContents {
		f.inline(t, content, dest, intoDir, user)
	}
}

// destination is where files go, and whether that is a directory for sure.
func (f *dockerfile) destination(dest string) (string, bool) {
	intoDir := strings.HasSuffix(dest, "/") || dest == "." || strings.HasSuffix(dest, "/.")
	dest = f.absolute(dest)
	if intoDir && dest != "/" {
		dest += "/"
	}
	return dest, intoDir
}

// inline writes the heredoc of a COPY.
func (f *dockerfile) inline(t transfer, content instructions.SourceContent, dest string, intoDir bool, user string) {
	to := dest
	if intoDir {
		to = path.Join(dest, content.Path)
	}
	lines := []string{"mkdir -p " + shellWord(path.Dir(to)), "printf %s " + shellWord(content.Data) + " >" + shellWord(to)}
	if user != dockerUser {
		lines = append(lines, "chown "+shellWord(user)+" "+shellWord(to))
	}
	if t.chmod != "" {
		lines = append(lines, "chmod "+fourDigits(t.chmod)+" "+shellWord(to))
	}
	f.batch(t.at, "", "root", strings.Join(lines, " && "))
}
