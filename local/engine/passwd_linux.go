package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// userFiles are the texts of the four files that hold users; "" where a file
// is not there, and then it is not made, but for the first two.
type userFiles struct{ passwd, group, shadow, gshadow string }

var userName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,31}$`)

// withUser adds a user with a group, a home below /home and no password that
// would let anybody in. It changes nothing where the user is there already.
func (u userFiles) withUser(name, shell string) (userFiles, error) {
	if !userName.MatchString(name) {
		return u, fmt.Errorf("adding user %q: not a valid user name", name)
	}
	if hasEntry(u.passwd, name) {
		return u, nil
	}
	uid := freeID(1000, idsOf(u.passwd))
	gid, ok := uint32(0), hasEntry(u.group, name)
	if ok {
		gid, _ = findGroup(u.group, name)
	} else {
		gid = freeID(uid, idsOf(u.group))
		u.group = appendLine(u.group, fmt.Sprintf("%s:x:%d:", name, gid))
		u.gshadow = appendWhereAny(u.gshadow, name+":!::")
	}
	u.passwd = appendLine(u.passwd, fmt.Sprintf("%s:x:%d:%d::/home/%s:%s", name, uid, gid, name, shell))
	u.shadow = appendWhereAny(u.shadow, name+":!::0:99999:7:::")
	return u, nil
}

// withMember makes a user a member of the first of the groups that is there.
func (u userFiles) withMember(user string, groups ...string) userFiles {
	for _, g := range groups {
		if hasEntry(u.group, g) {
			u.group = addMember(u.group, g, user)
			u.gshadow = addMember(u.gshadow, g, user)
			break
		}
	}
	return u
}

func hasEntry(text, name string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name+":") {
			return true
		}
	}
	return false
}

// addMember appends to the last field of a group's line.
func addMember(text, group, user string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		entry := strings.TrimRight(line, "\n")
		i := strings.LastIndexByte(entry, ':')
		if !strings.HasPrefix(entry, group+":") || i < 0 || slices.Contains(strings.Split(entry[i+1:], ","), user) {
			b.WriteString(line)
			continue
		}
		if i < len(entry)-1 {
			entry += ","
		}
		b.WriteString(entry + user + "\n")
	}
	return b.String()
}

func appendLine(text, line string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + line + "\n"
}

func appendWhereAny(text, line string) string {
	if text == "" {
		return ""
	}
	return appendLine(text, line)
}

// idsOf reads the third field of every line.
func idsOf(text string) map[uint32]bool {
	ids := map[uint32]bool{}
	for line := range strings.Lines(text) {
		if f := strings.SplitN(line, ":", 4); len(f) == 4 {
			if id, err := parseID(f[2]); err == nil {
				ids[id] = true
			}
		}
	}
	return ids
}

// freeID returns the first id that is not taken, counting from above those of
// the range in which users are made, as useradd does.
func freeID(from uint32, taken map[uint32]bool) uint32 {
	if !taken[from] && from != 1000 {
		return from
	}
	next := uint32(1000)
	for id := range taken {
		if id >= next && id < 60000 {
			next = id + 1
		}
	}
	return next
}
