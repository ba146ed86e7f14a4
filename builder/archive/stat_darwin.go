package archive

import (
	"io/fs"
	"syscall"
)

// statOf reads what tells that a file has changed; none where it is not known.
func statOf(info fs.FileInfo) stat {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stat{}
	}
	return stat{s.Size, s.Mtimespec.Nano(), s.Ctimespec.Nano(), int64(s.Ino)}
}
