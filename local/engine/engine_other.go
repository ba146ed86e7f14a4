//go:build !linux

package engine

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
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

// CopyTree returns an error: the local engine needs Linux.
func CopyTree(context.Context, string, string) error { return errOther }

// RemoveAll removes a directory.
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

// Root is the root filesystem of a sandbox, on Linux.
type Root struct{}

// Terminal is a pseudo-terminal of a sandbox, on Linux.
type Terminal struct{}

// Watch tells of changes, on Linux.
type Watch struct{}

// OpenRoot returns an error: the local engine needs Linux.
func OpenRoot(string) (*Root, error) { return nil, errOther }

// Root returns an error: the local engine needs Linux.
func (s *Sandbox) Root() (*Root, error) { return nil, errOther }

// Close does nothing here.
func (r *Root) Close() error { return nil }

// Open returns an error: the local engine needs Linux.
func (r *Root) Open(string) (*os.File, error) { return nil, errOther }

// Create returns an error: the local engine needs Linux.
func (r *Root) Create(string, FileOwner) (*os.File, error) { return nil, errOther }

// MakeDir returns an error: the local engine needs Linux.
func (r *Root) MakeDir(string, FileOwner) (FileEntry, error) { return FileEntry{}, errOther }

// Move returns an error: the local engine needs Linux.
func (r *Root) Move(string, string, FileOwner) (FileEntry, error) { return FileEntry{}, errOther }

// Remove returns an error: the local engine needs Linux.
func (r *Root) Remove(string) error { return errOther }

// Stat returns an error: the local engine needs Linux.
func (r *Root) Stat(string) (FileEntry, error) { return FileEntry{}, errOther }

// List returns an error: the local engine needs Linux.
func (r *Root) List(string, int) ([]FileEntry, error) { return nil, errOther }

// Owner returns an error: the local engine needs Linux.
func (r *Root) Owner(string) (FileOwner, error) { return FileOwner{}, errOther }

// Dead is nil: the local engine needs Linux.
func (s *Sandbox) Dead() <-chan struct{} { return nil }

// OutOfMemory is false: the local engine needs Linux.
func (s *Sandbox) OutOfMemory() bool { return false }

// Usage returns an error: the local engine needs Linux.
func (r *Root) Usage() (used, total int64, err error) { return 0, 0, errOther }

// Watch returns an error: the local engine needs Linux.
func (r *Root) Watch(string, bool) (*Watch, error) { return nil, errOther }

// Changes is closed here.
func (w *Watch) Changes() <-chan FileChange { return nil }

// Close does nothing here.
func (w *Watch) Close() error { return nil }

// SetMetadata returns an error: the local engine needs Linux.
func SetMetadata(*os.File, map[string]string) error { return errOther }

// NewTerminal returns an error: the local engine needs Linux.
func (s *Sandbox) NewTerminal(int, int) (*Terminal, error) { return nil, errOther }

// Resize returns an error: the local engine needs Linux.
func (t *Terminal) Resize(int, int) error { return errOther }

// Close does nothing here.
func (t *Terminal) Close() error { return nil }

// Usage is what the processes of a sandbox use, on Linux.
type Usage struct {
	CPU    time.Duration
	Memory int64
}

// Usage returns an error: the local engine needs Linux.
func (s *Sandbox) Usage() (Usage, error) { return Usage{}, errOther }
