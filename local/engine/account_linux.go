package engine

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// account is what a command needs to know of its user.
type account struct {
	name, home, shell string
	uid, gid          uint32
	groups            []uint32
}

// findAccount looks a user up in the texts of /etc/passwd and /etc/group. Root
// is there even where the files are not, and so is an id that nobody has.
func findAccount(passwd, group, name string) (*account, error) {
	if name == "" {
		name = "root"
	}
	for line := range strings.Lines(passwd) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(f) < 7 || f[0] != name {
			continue
		}
		uid, err1 := parseID(f[2])
		gid, err2 := parseID(f[3])
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("reading /etc/passwd: ids of %q are %q and %q", name, f[2], f[3])
		}
		a := &account{name: name, uid: uid, gid: gid, home: f[5], shell: f[6]}
		a.groups = groupsOf(group, name, gid)
		return a, nil
	}
	if name == "root" {
		return &account{name: name, home: "/root", shell: "/bin/sh", groups: []uint32{0}}, nil
	}
	return nil, &UserError{Name: name}
}

func groupsOf(group, name string, gid uint32) []uint32 {
	ids := []uint32{gid}
	for line := range strings.Lines(group) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(f) < 4 || !slices.Contains(strings.Split(f[3], ","), name) {
			continue
		}
		if id, err := parseID(f[2]); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// findGroup returns the id of a group by its name or number.
func findGroup(group, name string) (uint32, bool) {
	for line := range strings.Lines(group) {
		if f := strings.Split(strings.TrimRight(line, "\r\n"), ":"); len(f) >= 3 && f[0] == name {
			id, err := parseID(f[2])
			return id, err == nil
		}
	}
	id, err := parseID(name)
	return id, err == nil
}

func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	return uint32(id), err
}

func (a *account) homeOrRoot() string {
	if a.home == "" {
		return "/"
	}
	return a.home
}

// environment adds what a login would set and env does not.
func (a *account) environment(env []string) []string {
	shell := a.shell
	if shell == "" {
		shell = "/bin/sh"
	}
	return merge(env, []string{"HOME=" + a.homeOrRoot(), "USER=" + a.name, "LOGNAME=" + a.name, "SHELL=" + shell, "PATH=" + DefaultPath})
}

// merge returns env with those of the defaults that it does not set; of a name
// that is there twice the last one counts, as in a shell.
func merge(env, defaults []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, v := range slices.Backward(slices.Concat(defaults, env)) {
		name, _, ok := strings.Cut(v, "=")
		if !ok || name == "" || seen[name] {
			continue
		}
		seen[name] = true
		out = append(out, v)
	}
	slices.Reverse(out)
	return out
}

func variable(env []string, name string) string {
	for _, v := range slices.Backward(env) {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			return rest
		}
	}
	return ""
}

func names(env []string) []string {
	out := make([]string, len(env))
	for i, v := range env {
		out[i], _, _ = strings.Cut(v, "=")
	}
	return out
}

// proxyVariables picks what makes the host's proxies work inside as well.
func proxyVariables(environ []string) (out []string) {
	known := []string{"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if value != "" && slices.Contains(known, strings.ToLower(name)) {
			out = append(out, v)
		}
	}
	return out
}

// lookPath finds a program as execvp would, relative names from dir.
func lookPath(name, searchPath, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, p := range strings.Split(searchPath, ":") {
		if !path.IsAbs(p) {
			p = path.Join(dir, p)
		}
		file := path.Join(p, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("starting %s: %w in PATH (%s)", name, fs.ErrNotExist, searchPath)
}
