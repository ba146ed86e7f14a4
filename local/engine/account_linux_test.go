package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const passwdText = "root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\nbad:x:y:1::/:/bin/sh\nhalf:x\n"

const groupText = "root:x:0:\nuser:x:1000:\nsudo:x:27:a,user\nwheel:x:10:user2\nvideo:x:44:user\n"

func TestFindAccount(t *testing.T) {
	opts := cmp.AllowUnexported(account{})
	tests := []struct {
		passwd, name string
		want         *account
	}{
		{passwdText, "", &account{"root", "/root", "/bin/bash", 0, 0, []uint32{0}}},
		{passwdText, "user", &account{"user", "/home/user", "/bin/bash", 1000, 1000, []uint32{1000, 27, 44}}},
		{"", "root", &account{"root", "/root", "/bin/sh", 0, 0, []uint32{0}}},
	}
	for _, tt := range tests {
		got, err := findAccount(tt.passwd, groupText, tt.name)
		if d := cmp.Diff(tt.want, got, opts); d != "" || err != nil {
			t.Errorf("findAccount(%q) = %v, %v: %s", tt.name, got, err, d)
		}
	}
	for _, name := range []string{"half", "nobody", "use", "user:x"} {
		if _, err := findAccount(passwdText, groupText, name); !errors.As(err, new(*UserError)) {
			t.Errorf("findAccount(%q) = %v; want a UserError", name, err)
		}
	}
	if _, err := findAccount(passwdText, groupText, "bad"); err == nil {
		t.Error("findAccount(\"bad\") = nil; want an error")
	}
}

func TestWithUser(t *testing.T) {
	shadow, gshadow := "root:*:1::::::\n", "root:*::\nsudo:!::a"
	u, err := userFiles{passwdText, groupText, shadow, gshadow}.withUser("eve", "/bin/bash")
	if err != nil {
		t.Fatal(err)
	}
	u = u.withMember("eve", "sudo", "wheel").withMember("eve", "sudo")
	want := userFiles{passwdText + "eve:x:1001:1001::/home/eve:/bin/bash\n",
		"root:x:0:\nuser:x:1000:\nsudo:x:27:a,user,eve\nwheel:x:10:user2\nvideo:x:44:user\neve:x:1001:\n",
		shadow + "eve:!::0:99999:7:::\n", "root:*::\nsudo:!::a,eve\neve:!::\n"}
	if d := cmp.Diff(want, u, cmp.AllowUnexported(userFiles{})); d != "" {
		t.Errorf("withUser(%q): %s", "eve", d)
	}
	for _, name := range []string{"", "-x", "a b", "a:b", "a\nb", "1", strings.Repeat("x", 33)} {
		if _, err := (userFiles{}).withUser(name, ""); err == nil {
			t.Errorf("withUser(%q) = nil; want an error", name)
		}
	}
}

func TestWithUserInEmptyRoot(t *testing.T) {
	got, err := userFiles{}.withUser("user", "/bin/sh")
	want := userFiles{passwd: "user:x:1000:1000::/home/user:/bin/sh\n", group: "user:x:1000:\n"}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(userFiles{})); d != "" || err != nil {
		t.Errorf("withUser = %v: %s", err, d)
	}
}

func TestMerge(t *testing.T) {
	got := merge([]string{"A=1", "B=", "bad", "=x", "A=2"}, []string{"B=default", "C=3"})
	if d := cmp.Diff([]string{"C=3", "B=", "A=2"}, got); d != "" {
		t.Errorf("merge: %s", d)
	}
}

func TestProxyVariables(t *testing.T) {
	got := proxyVariables([]string{"HTTP_PROXY=http://p", "no_proxy=x", "https_proxy=", "PATH=/bin"})
	if d := cmp.Diff([]string{"HTTP_PROXY=http://p", "no_proxy=x"}, got); d != "" {
		t.Errorf("proxyVariables: %s", d)
	}
}
