package local

import (
	"context"
	"syscall"

	"github.com/e2bt/e2bt/local/engine"
)

// Engine runs commands in root filesystems made of layers. There are two: the
// real one, and one without namespaces for tests that have no rights.
type Engine interface {
	Open(ctx context.Context, spec engine.Spec) (Sandbox, error)
	CopyTree(ctx context.Context, from, to string) error // of a layer, as it is
	RemoveAll(path string) error                         // also what belongs to users of the root filesystem
	Sync(dir string) error                               // writes all that is below dir to the disk
}

// Sandbox is an open root filesystem. When it is closed, no process of it is
// left.
type Sandbox interface {
	Run(ctx context.Context, c engine.Command) (engine.Exit, error)
	Signal(pid int, sig syscall.Signal) error
	Copy(ctx context.Context, c engine.CopySpec) error
	Workdir(ctx context.Context, path, user string) error
	AddUser(name string, sudo bool) error
	Expand(ctx context.Context, text string) (string, error)
	Finalize(ctx context.Context, ids engine.IDs, user string) error
	Root() (*engine.Root, error) // for the caller to close
	NewTerminal(cols, rows int) (*engine.Terminal, error)
	Usage() (engine.Usage, error)
	Dead() <-chan struct{} // closed when it ends, by itself or by Close; nil: it never does by itself
	OutOfMemory() bool
	Close() error
}

// RealEngine makes the engine of this machine serve a Server.
func RealEngine(e *engine.Engine) Engine { return realEngine{e} }

type realEngine struct{ *engine.Engine }

func (e realEngine) Open(ctx context.Context, spec engine.Spec) (Sandbox, error) {
	box, err := e.Engine.Open(ctx, spec)
	if err != nil {
		return nil, err // not box: a nil *engine.Sandbox is no nil Sandbox
	}
	return box, nil
}

func (realEngine) CopyTree(ctx context.Context, from, to string) error {
	return engine.CopyTree(ctx, from, to)
}

func (realEngine) RemoveAll(path string) error { return engine.RemoveAll(path) }

func (realEngine) Sync(dir string) error { return engine.Sync(dir) }
