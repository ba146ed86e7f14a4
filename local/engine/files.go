package engine

import (
	"io/fs"
	"time"
)

// FileEntry describes a file of a sandbox.
type FileEntry struct {
	Path         string
	Mode         fs.FileMode // of a symbolic link: the link's own
	TargetMode   fs.FileMode // what a symbolic link leads to; irregular where that is nothing
	Size         int64
	Owner, Group string // names, or numbers that nobody has
	Modified     time.Time
	Target       string            // where a symbolic link leads in the end
	Metadata     map[string]string // the attributes user.e2b.*
}

// FileOwner is a user of the sandbox, for files that are made for it.
type FileOwner struct {
	Home     string
	UID, GID int
}

// FileChange is what happened to a file below a watched directory.
type FileChange struct {
	Name string // from the watched directory
	Kind ChangeKind
}

// ChangeKind says what happened to a file.
type ChangeKind int

// The kinds of changes.
const (
	Created ChangeKind = iota + 1
	Written
	Removed
	Renamed
	ModeChanged
)
