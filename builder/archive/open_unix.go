//go:build unix

package archive

import "syscall"

// noFollow keeps a link that was put in a file's place from being followed, and
// a pipe from blocking.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
