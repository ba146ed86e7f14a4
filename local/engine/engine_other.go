//go:build !linux

package engine

import (
	"context"
	"errors"
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
