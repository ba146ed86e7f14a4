package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	userNSName     = "e2bt-user-namespace"
	removeName     = "e2bt-remove"
	insideVariable = "E2BT_USER_NAMESPACE_OF" // the process id of the parent
)

// EnterUserNamespace runs this program again, with the same arguments, as the
// root of a new user namespace, and returns its exit code: a program that New
// refuses for want of root calls it and ends with that code. It needs
// subordinate ids and the setuid helpers newuidmap and newgidmap; the error
// says what is missing and how to get it.
func EnterUserNamespace() (code int, err error) {
	return inNewUserNamespace(os.Args)
}

// inNewUserNamespace runs this program with the arguments argv in a new user namespace.
func inNewUserNamespace(argv []string) (int, error) {
	maps, err := idMaps()
	if err != nil {
		return 0, err
	}
	// The child is killed when the thread that made it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ready, release, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer release.Close()
	cmd := userNamespaceCommand(argv, ready)
	err = cmd.Start()
	ready.Close()
	if err != nil {
		return 0, fmt.Errorf("making a user namespace: %w", userNamespaceHint(err))
	}
	stop := forwardSignals(cmd.Process)
	defer stop()
	if err := maps.write(cmd.Process.Pid); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return 0, err
	}
	release.Write([]byte{1})
	release.Close()
	cmd.Wait()
	return exitOf(cmd.ProcessState.Sys().(syscall.WaitStatus)).Code, nil
}

func userNamespaceCommand(argv []string, ready *os.File) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{userNSName, strconv.Itoa(os.Getpid())}, argv...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{ready}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// enterUserNamespace is the first stage inside. It has no capabilities, since
// its user was not mapped when it was started, so once that is done it starts
// this program another time.
func enterUserNamespace() int {
	var ok [1]byte
	if n, _ := os.NewFile(3, "ready").Read(ok[:]); n != 1 || len(os.Args) < 3 {
		return 1
	}
	env := append(os.Environ(), insideVariable+"="+os.Args[1])
	err := syscall.Exec("/proc/self/exe", os.Args[2:], env)
	fmt.Fprintln(os.Stderr, "entering the user namespace:", err)
	return 1
}

// keepParentDeath asks again to die with the parent: the kernel forgets it
// when a program gains capabilities, as it does on entering the namespace.
func keepParentDeath() {
	parent := os.Getenv(insideVariable)
	if parent == "" {
		return
	}
	os.Unsetenv(insideVariable)
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	runtime.UnlockOSThread()
	if strconv.Itoa(os.Getppid()) != parent {
		os.Exit(1) // it ended before we asked
	}
}

// forwardSignals passes on what is sent to this process alone. A terminal's
// Ctrl-C goes to both by itself.
func forwardSignals(p *os.Process) (stop func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	go func() {
		for s := range signals {
			if (s == unix.SIGINT || s == unix.SIGQUIT) && inForeground() {
				continue
			}
			p.Signal(s)
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}

func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// idMap is what newuidmap and newgidmap are told.
type idMap struct{ uid, gid []string }

func idMaps() (*idMap, error) {
	for _, helper := range []string{"newuidmap", "newgidmap"} {
		if _, err := exec.LookPath(helper); err != nil {
			return nil, fmt.Errorf("the local engine without root needs %s: install the package uidmap (Debian, Ubuntu), shadow-utils (Fedora), shadow (Arch) or shadow-uidmap (Alpine)", helper)
		}
	}
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	uid, err := subordinate("/etc/subuid", name, os.Getuid())
	if err != nil {
		return nil, err
	}
	gid, err := subordinate("/etc/subgid", name, os.Getgid())
	return &idMap{uid, gid}, err
}

// subordinate reads the ranges of a user, after whom they are either named or numbered.
func subordinate(file, name string, id int) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	mapping := []string{"0", strconv.Itoa(id), "1"}
	if ranges := subordinateRanges(string(text), name, strconv.Itoa(os.Getuid())); ranges != nil {
		return append(mapping, ranges...), nil
	}
	return nil, fmt.Errorf("the local engine without root needs subordinate ids: %s has no range of 65536 in %s: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
		name, file, name)
}

// subordinateRanges returns the first range that is large enough, for the ids from 1 on.
func subordinateRanges(text, name, uid string) []string {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] != name && f[0] != uid {
			continue
		}
		if n, err := strconv.Atoi(f[2]); err == nil && n >= 65536 {
			return []string{"1", f[1], "65536"}
		}
	}
	return nil
}

func (m *idMap) write(pid int) error {
	ctx, stop := context.WithTimeout(context.Background(), patience) // they may ask a directory service
	defer stop()
	for helper, args := range map[string][]string{"newuidmap": m.uid, "newgidmap": m.gid} {
		out, err := exec.CommandContext(ctx, helper, append([]string{strconv.Itoa(pid)}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("mapping ids with %s: %w: %s", helper, userNamespaceHint(err), strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// switches are settings that forbid user namespaces, with the value that does.
var switches = []struct{ file, value, advice string }{
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor restricts user namespaces: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root"},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0", "user namespaces are for root alone: sudo sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", "0", "user namespaces are off: sudo sysctl user.max_user_namespaces=15000"},
}

func userNamespaceHint(err error) error {
	for _, s := range switches {
		if text, readErr := os.ReadFile(s.file); readErr == nil && strings.TrimSpace(string(text)) == s.value {
			return fmt.Errorf("%w: %s", err, s.advice)
		}
	}
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%w: in a container, run it with --privileged or as its root", err)
	}
	return err
}

// inUserNamespace tells whether ids here are other than those of the machine.
func inUserNamespace() bool {
	m, err := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(m))
	return err == nil && !(len(f) == 3 && f[0] == "0" && f[1] == "0" && f[2] == "4294967295")
}

// RemoveAll is os.RemoveAll for layers: without root it also removes what
// belongs to subordinate ids, by way of a user namespace.
func RemoveAll(path string) error {
	err := os.RemoveAll(path)
	if err == nil || os.Geteuid() == 0 || !errors.Is(err, os.ErrPermission) {
		return err
	}
	code, err := inNewUserNamespace([]string{removeName, path})
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

func removeInside() int {
	keepParentDeath()
	for _, path := range os.Args[1:] {
		if err := os.RemoveAll(path); err != nil {
			fmt.Fprintln(os.Stderr, "removing:", err)
			return 1
		}
	}
	return 0
}
