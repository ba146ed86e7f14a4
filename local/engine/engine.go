// Package engine runs commands in a root filesystem made of layers: an overlay
// of directories, in new mount, pid, ipc and uts namespaces, with the host's
// network. It keeps nothing between runs; stores and caches are its callers'.
//
// It needs Linux, and root or subordinate user ids. It is no security boundary
// against a hostile kernel exploit, but a command cannot see the host's files
// or processes, and when a Sandbox is closed no process of it is left. Even its
// root cannot mount, load modules, set the clock or change /proc/sys.
//
// This program is its own helper: its main must begin with Child. A Sandbox is
// one such helper, process 1 of the new namespaces, that starts commands when
// asked over a socket; it ends when the socket does.
//
// Every command sees the host's resolv.conf, its own name in /etc/hosts, the
// host's proxies, and, where the image does not trust all that the host trusts,
// the host's CA certificates: in the image's bundle, by variables, and through
// sudo and login shells. Nothing of that stays in a layer.
//
// Layers keep setuid programs: their directory must be closed to other users.
package engine

import (
	"io"
	"time"
)

// DefaultPath is the PATH of a command whose environment has none.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Spec describes a root filesystem and the surroundings of its commands.
type Spec struct {
	Lowers   []string // directories, topmost first; read only
	Upper    string   // an existing empty directory that receives every change
	Work     string   // an existing empty directory on Upper's filesystem, for the kernel
	Hostname string
	MemoryMB int // limit of all commands together where cgroups allow one; 0: none
}

// Command is one process to run in a Sandbox.
type Command struct {
	Args   []string // Args[0] is looked up in the PATH of Env
	Env    []string // the whole environment but for HOME, USER, LOGNAME, SHELL, which come from the user where Env does not set them
	Dir    string   // "" : the user's home
	User   string   // "" : root
	Stdin  io.Reader
	Stdout io.Writer // written to by one goroutine at a time; while that hangs, so does Run
	Stderr io.Writer

	Terminal *Terminal // if not nil, the command runs in it: it reads Stdin and says everything to Stdout

	// Started, if not nil, is called once with the process's id as seen inside.
	Started func(pid int)
}

// Exit says how a command ended.
type Exit struct {
	Code      int    // 128+n after signal n
	Signal    string // "killed", "terminated", ...; "" where it exited by itself
	OOMKilled bool   // the memory limit killed something of this Sandbox
	Elapsed   time.Duration
}

// UserError says that a user does not exist in the root filesystem.
type UserError struct{ Name string }

func (e *UserError) Error() string { return "invalid username: '" + e.Name + "'" }

// DirError says that the working directory does not exist in the root filesystem.
type DirError struct{ Path string }

func (e *DirError) Error() string { return "cwd '" + e.Path + "' does not exist" }

// CopySpec is a COPY step: what of an unpacked archive goes where. A file is
// renamed to Dest, or goes into it where Dest is a directory or ends in a slash;
// of a directory the contents are merged into Dest. A directory that becomes
// Dest belongs to Owner; those above it that are missing belong to root.
type CopySpec struct {
	Archive io.Reader // a gzip-compressed tar, hostile for all we know
	Source  string    // the path inside the archive, as the author wrote it; may be a glob
	Dest    string    // absolute, or relative to Dir
	Dir     string    // the current working directory
	Owner   string    // user or user:group
	Mode    string    // "" or octal digits, for everything copied

	MaxBytes int64 // limit of the unpacked files together; 0: 16 GiB
	MaxFiles int   // limit of the number of entries; 0: 1,000,000
}

// CopyError says why a COPY step cannot be done: the archive is not what it
// should be, or the source is not in it.
type CopyError struct{ Reason string }

func (e *CopyError) Error() string { return e.Reason }

// IDs are what Finalize writes to /.e2b.
type IDs struct{ TemplateID, BuildID string }
