package engine

import (
	"errors"
	"golang.org/x/sys/unix"
	"os"
	"syscall"
)

func makeWorkdir(p, user string) error             { return errors.New("x") }
func addUser(name string, sudo bool) error         { return errors.New("x") }
func copyArchive(r *copyRequest, f *os.File) error { return errors.New("x") }
func finalize(r *finalizeRequest) error            { return errors.New("x") }

var _ = unix.Read

func (a *account) credential() *syscall.Credential {
	return &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: a.groups}
}

const maxAccounts = 16 << 20

func lookUpUser(name string) (*account, error) {
	passwd, err := readLimited("/etc/passwd", maxAccounts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	group, err := readLimited("/etc/group", maxAccounts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return findAccount(string(passwd), string(group), name)
}
