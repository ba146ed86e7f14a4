package local

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 129)
	for _, c := range []struct {
		text string
		want name
		err  string
	}{
		{text: "web", want: name{alias: "web"}},
		{text: " Web ", want: name{alias: "web"}},
		{text: "a-b_9", want: name{alias: "a-b_9"}},
		{text: "web:v1.0-rc_1", want: name{alias: "web", tag: "v1.0-rc_1"}},
		{text: "team/web", want: name{namespace: "team", alias: "web"}},
		{text: "Team / Web : V1 ", want: name{namespace: "team", alias: "web", tag: "v1"}},
		{text: long[:128], want: name{alias: long[:128]}},
		{text: long, err: "Invalid name: longer than 128 characters"},
		{text: "", err: "Invalid name: invalid template ID: "},
		{text: ":x", err: "Invalid name: invalid template ID: :x"},
		{text: "/x", err: "Invalid name: invalid template ID: /x"},
		{text: "x/", err: "Invalid name: invalid template ID: x/"},
		{text: "a/b/c", err: "Invalid name: invalid template ID: a/b/c"},
		{text: "a b", err: "Invalid name: invalid template ID: a b"},
		{text: "a.b", err: "Invalid name: invalid template ID: a.b"},
		{text: "../x", err: "Invalid name: invalid template ID: ../x"},
		{text: "wéb", err: "Invalid name: invalid template ID: wéb"},
		{text: "a\x00b", err: "Invalid name: invalid template ID: a\x00b"},
		{text: "web:", err: "Invalid tag: "},
		{text: "web:a:b", err: "Invalid tag: a:b"},
		{text: "web:a/b", err: "Invalid tag: a/b"},
	} {
		got, err := parseName(c.text)
		if text(err) != c.err {
			t.Errorf("parseName(%q): error %q; want %q", c.text, text(err), c.err)
		}
		if err == nil && got != c.want {
			t.Errorf("parseName(%q) = %+v; want %+v", c.text, got, c.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestParseTags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tags []string
		want []string
		err  string
	}{
		{},
		{tags: []string{"b", "a", "B ", "a"}, want: []string{"b", "a"}},
		{tags: []string{"v1.2-x_y"}, want: []string{"v1.2-x_y"}},
		{tags: []string{"ok", ""}, err: "Invalid tag: "},
		{tags: []string{"a:b"}, err: "Invalid tag: a:b"},
		{tags: []string{"a/b"}, err: "Invalid tag: a/b"},
		{tags: []string{"7b3c5a52-8b1c-4b6e-9d57-0d8f6f1c2e3a"}, err: "Invalid tag: 7b3c5a52-8b1c-4b6e-9d57-0d8f6f1c2e3a"},
		{tags: []string{"7B3C5A52-8B1C-4B6E-9D57-0D8F6F1C2E3A"}, err: "Invalid tag: 7B3C5A52-8B1C-4B6E-9D57-0D8F6F1C2E3A"},
	} {
		got, err := parseTags(c.tags)
		if text(err) != c.err {
			t.Errorf("parseTags(%q): error %q; want %q", c.tags, text(err), c.err)
		}
		if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("parseTags(%q): %s", c.tags, diff)
		}
	}
}

// FuzzParseName: whatever is taken is of the grammar and stays what it is when
// it is read again.
func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"web", "team/web:v1", " A/B : C ", ":", "/", "a:b:c", "a/b/c", "\x00", "ⅷ:ⅷ", "K:K"} {
		f.Add(seed)
	}
	alias, tag := regexp.MustCompile(`^[a-z0-9_-]+$`), regexp.MustCompile(`^[a-z0-9_.-]*$`)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseName(text)
		if err != nil {
			var refused *apiError
			if !errors.As(err, &refused) || refused.code != 400 {
				t.Errorf("parseName(%q): %v; want a refusal with 400", text, err)
			}
			return
		}
		if !alias.MatchString(n.alias) || !tag.MatchString(n.tag) || n.namespace != "" && !alias.MatchString(n.namespace) {
			t.Errorf("parseName(%q) = %+v", text, n)
		}
		full := n.alias
		if n.namespace != "" {
			full = n.namespace + "/" + full
		}
		if n.tag != "" {
			full += ":" + n.tag
		}
		if again, err := parseName(full); err != nil || again != n {
			t.Errorf("parseName(%q) = %+v, %v; want %+v", full, again, err, n)
		}
	})
}
