//go:build !linux

package engine

import (
	"context"
	"errors"
	"os"
	"syscall"
)

var errOther = errors.New("the local engine needs Linux")

// Engine opens sandboxes, on Linux.
type Engine struct{}

// Sandbox is a root filesystem with namespaces of its own, on Linux.
type Sandbox struct{}

// Child does nothing here.
func Child() {}

// New returns an error: the local engine needs Linux.
func New() (*Engine, error) { return nil, errOther }

// Close does nothing here.
func (e *Engine) Close() error { return nil }

// Open returns an error: the local engine needs Linux.
func (e *Engine) Open(context.Context, Spec) (*Sandbox, error) { return nil, errOther }

// Run returns an error: the local engine needs Linux.
func (s *Sandbox) Run(context.Context, Command) (Exit, error) { return Exit{}, errOther }

// Signal returns an error: the local engine needs Linux.
func (s *Sandbox) Signal(int, syscall.Signal) error { return errOther }

// Close does nothing here.
func (s *Sandbox) Close() error { return nil }

// Sync returns an error: the local engine needs Linux.
func Sync(string) error { return errOther }

// EnterUserNamespace returns an error: the local engine needs Linux.
func EnterUserNamespace() (int, error) { return 0, errOther }

// RemoveAll is os.RemoveAll.
func RemoveAll(path string) error { return os.RemoveAll(path) }

// Workdir returns an error: the local engine needs Linux.
func (s *Sandbox) Workdir(context.Context, string, string) error { return errOther }

// AddUser returns an error: the local engine needs Linux.
func (s *Sandbox) AddUser(string, bool) error { return errOther }

// Finalize returns an error: the local engine needs Linux.
func (s *Sandbox) Finalize(context.Context, IDs, string) error { return errOther }

// Copy returns an error: the local engine needs Linux.
func (s *Sandbox) Copy(context.Context, CopySpec) error { return errOther }

// Expand returns an error: the local engine needs Linux.
func (s *Sandbox) Expand(context.Context, string) (string, error) { return "", errOther }

// MemoryLimited returns false.
func (s *Sandbox) MemoryLimited() bool { return false }

// FreeDisk returns an error: the local engine needs Linux.
func FreeDisk(string) (int64, error) { return 0, errOther }
