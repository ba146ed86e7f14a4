package image

import (
	"archive/tar"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOwners: owners, modes, attributes and devices are those of the archive.
// Attributes that mean something to an overlay stay out.
func TestOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: gives files to other users")
	}
	t.Parallel()
	capability := string([]byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) // cap_net_raw=ep
	root, err := unpack(t, tarOf(t,
		entry{name: "su", text: "x", mode: 0o4755, uid: 1234},
		entry{name: "ping", text: "x", mode: 0o755, xattr: "security.capability=" + capability},
		entry{name: "d/", mode: 0o2775, uid: 1234},
		entry{name: "l", kind: tar.TypeSymlink, text: "su", uid: 1234},
		entry{name: "opaque/", xattr: "trusted.overlay.opaque=y"},
		entry{name: "useropaque/", xattr: "user.overlay.opaque=y"},
		entry{name: "null", kind: tar.TypeChar, text: "1:3", mode: 0o666},
		entry{name: "h", kind: tar.TypeLink, text: "su"},
	))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		mode     uint32
		uid      uint32
		rdev     uint64
		sameFile string
	}{
		{"su", unix.S_IFREG | 0o4755, 1234, 0, "h"},
		{"ping", unix.S_IFREG | 0o755, 0, 0, ""},
		{"d", unix.S_IFDIR | 0o2775, 1234, 0, ""},
		{"l", unix.S_IFLNK | 0o777, 1234, 0, ""},
		{"null", unix.S_IFCHR | 0o666, 0, unix.Mkdev(1, 3), ""},
	} {
		var st, other unix.Stat_t
		if err := unix.Lstat(root+"/"+c.name, &st); err != nil {
			if c.name == "null" {
				t.Logf("no devices can be made here: %v", err)
				continue
			}
			t.Fatal(err)
		}
		if st.Mode != c.mode || st.Uid != c.uid || st.Gid != c.uid || st.Rdev != c.rdev {
			t.Errorf("%s: mode %o, owner %d:%d, device %d; want %o, %d, %d", c.name, st.Mode, st.Uid, st.Gid, st.Rdev, c.mode, c.uid, c.rdev)
		}
		if c.sameFile == "" {
			continue
		}
		if err := unix.Lstat(root+"/"+c.sameFile, &other); err != nil || other.Ino != st.Ino {
			t.Errorf("%s and %s are two files, %v", c.name, c.sameFile, err)
		}
	}
	value := make([]byte, 100)
	if n, err := unix.Lgetxattr(root+"/ping", "security.capability", value); err != nil || string(value[:n]) != capability {
		t.Errorf("ping's capability: %q, %v", value[:max(n, 0)], err)
	}
	for _, c := range [][2]string{{"opaque", "trusted.overlay.opaque"}, {"useropaque", "user.overlay.opaque"}} {
		if n, err := unix.Lgetxattr(root+"/"+c[0], c[1], value); err == nil {
			t.Errorf("%s has %s=%q", c[0], c[1], value[:n])
		}
	}
}
