//go:build !unix

package local

import (
	"errors"
	"os"
)

// lockDir refuses: the local engine needs Linux.
func lockDir(string) (*os.File, error) {
	return nil, errors.New("the local engine needs Linux: build on E2B, or in a Linux virtual machine")
}
