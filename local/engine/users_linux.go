package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Everything here runs inside the sandbox, whose root is the root of this
// process: no path and no symbolic link of the template leads out of it.

const maxAccounts = 16 << 20

func (a *account) credential() *syscall.Credential {
	return &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: a.groups}
}

func readOptional(path string) (string, error) {
	text, err := readLimited(path, maxAccounts)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

func lookUpUser(name string) (*account, error) {
	passwd, err := readOptional("/etc/passwd")
	if err != nil {
		return nil, err
	}
	group, err := readOptional("/etc/group")
	if err != nil {
		return nil, err
	}
	return findAccount(passwd, group, name)
}

func readUserFiles() (u userFiles, err error) {
	for path, text := range u.byPath() {
		var err1 error
		*text, err1 = readOptional(path)
		err = errors.Join(err, err1)
	}
	return u, err
}

func (u *userFiles) byPath() map[string]*string {
	return map[string]*string{"/etc/passwd": &u.passwd, "/etc/group": &u.group, "/etc/shadow": &u.shadow, "/etc/gshadow": &u.gshadow}
}

// addUser makes a user with home and shell where there is none of that name,
// and lets it use sudo without a password.
func addUser(name string, sudo bool) error {
	old, err := readUserFiles()
	if err != nil {
		return fmt.Errorf("adding user %q: %w", name, err)
	}
	now, err := old.withUser(name, userShell())
	if err != nil {
		return err
	}
	if sudo {
		now = now.withMember(name, "sudo", "wheel")
	}
	for path, text := range now.byPath() {
		if *text == *old.byPath()[path] {
			continue
		}
		if err := os.WriteFile(path, []byte(*text), 0o644); err != nil {
			return fmt.Errorf("adding user %q: %w", name, err)
		}
	}
	if sudo {
		if err := grantSudo(name); err != nil {
			return err
		}
	}
	if now.passwd == old.passwd {
		return nil
	}
	return makeHome(name)
}

func userShell() string {
	if _, err := os.Stat("/bin/bash"); err != nil {
		return "/bin/sh"
	}
	return "/bin/bash"
}

func grantSudo(name string) error {
	if err := mkdirAllMode("/etc/sudoers.d", 0o750); err != nil {
		return err
	}
	// sudo skips files with a dot in their name.
	file := "/etc/sudoers.d/" + strings.ReplaceAll(name, ".", "_")
	text := name + " ALL=(ALL:ALL) NOPASSWD: ALL\n"
	if have, err := readLimited(file, maxAccounts); err == nil && string(have) == text {
		return nil
	}
	if err := os.WriteFile(file, []byte(text), 0o440); err != nil {
		return fmt.Errorf("letting %s use sudo: %w", name, err)
	}
	return os.Chmod(file, 0o440)
}

func mkdirAllMode(dir string, mode fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, mode)
}

// makeHome makes the home of a new user out of /etc/skel.
func makeHome(name string) error {
	a, err := lookUpUser(name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(a.home); err == nil {
		return nil
	}
	if err := os.MkdirAll(a.home, 0o755); err != nil {
		return err
	}
	if err := copySkeleton("/etc/skel", a.home); err != nil {
		return err
	}
	return chownTree(a.home, int(a.uid), int(a.gid))
}

func copySkeleton(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path == from {
				return fs.SkipAll // no skeleton
			}
			return err
		}
		rest, _ := filepath.Rel(from, path)
		info, err := d.Info()
		if err != nil || rest == "." {
			return err
		}
		return copySkeletonEntry(path, filepath.Join(to, rest), info)
	})
}

func copySkeletonEntry(from, to string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return os.Mkdir(to, info.Mode().Perm())
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		return errors.Join(err, os.Symlink(target, to))
	case info.Mode().IsRegular():
		data, err := readLimited(from, maxAccounts)
		return errors.Join(err, os.WriteFile(to, data, info.Mode().Perm()))
	}
	return nil
}

// chownTree gives a tree to a user. What is the user's already is left alone,
// because every change copies a file into the layer.
func chownTree(root string, uid, gid int) error {
	return walk(root, func(path string, st *syscall.Stat_t) error {
		if int(st.Uid) == uid && int(st.Gid) == gid {
			return nil
		}
		return os.Lchown(path, uid, gid)
	})
}

// walk calls do for root and all below it; what is not there is no error.
func walk(root string, do func(path string, st *syscall.Stat_t) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return do(path, info.Sys().(*syscall.Stat_t))
	})
}

// makeWorkdir makes a directory and, for the user, those above it that are missing.
func makeWorkdir(dir, user string) error {
	who, err := lookUpUser(user)
	if err != nil {
		return err
	}
	if _, err := makeDirs(dir, int(who.uid), int(who.gid)); err != nil {
		return fmt.Errorf("making the working directory %s: %w", dir, err)
	}
	return nil
}

// makeDirs is mkdir -p, with an owner for what it makes; it tells whether the
// last directory is new.
func makeDirs(dir string, uid, gid int) (made bool, err error) {
	sofar := "/"
	for part := range strings.SplitSeq(filepath.Clean("/"+dir), "/") {
		sofar = filepath.Join(sofar, part)
		if info, err := os.Stat(sofar); err == nil && info.IsDir() {
			made = false
			continue
		}
		if err := os.Mkdir(sofar, 0o755); err != nil {
			return false, err
		}
		if err := os.Lchown(sofar, uid, gid); err != nil {
			return false, err
		}
		made = true
	}
	return made, nil
}

// finalize does to a finished root what E2B does after the last step.
func finalize(r *finalizeRequest) error {
	ids := fmt.Sprintf("ENV_ID=%s\nTEMPLATE_ID=%s\nBUILD_ID=%s\n", r.TemplateID, r.TemplateID, r.BuildID)
	if err := os.WriteFile("/.e2b", []byte(ids), 0o644); err != nil {
		return fmt.Errorf("writing /.e2b: %w", err)
	}
	if err := addUser(r.User, true); err != nil {
		return err
	}
	who, err := lookUpUser(r.User)
	if err != nil {
		return err
	}
	if err := chownTree("/home/"+r.User, int(who.uid), int(who.gid)); err != nil {
		return fmt.Errorf("giving /home/%s to its user: %w", r.User, err)
	}
	for _, dir := range []string{"/usr/local", "/code"} {
		if err := openToAll(dir); err != nil {
			return fmt.Errorf("opening %s to all: %w", dir, err)
		}
	}
	return nil
}

// openToAll lets everybody write in the directories of a tree. E2B opens the
// files too; here that would copy all of them into the layer.
func openToAll(root string) error {
	return walk(root, func(path string, st *syscall.Stat_t) error {
		if st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Mode&0o777 == 0o777 {
			return nil
		}
		return unix.Chmod(path, st.Mode&0o7777|0o777)
	})
}
