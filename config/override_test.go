package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/google/go-cmp/cmp"
)

var moment = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const declared = `
e2bt { parallel = 2 }
variable "v" {
  type    = string
  default = "declared"
}
locals {
  a = "declared"
  b = "declared"
}
template "t" {
  description = "declared"
  memory_mb   = 512
  base { image = "debian" }
  pins { pip = { httpx = "1.0" } }
  batch "one" {
    timeout = "1m"
    run     = ["one ${local.a} ${local.b} ${var.v}"]
  }
  copy {
    from = "a"
    to   = "/a"
  }
  copy {
    from = "b"
    to   = "/b"
  }
  batch "two" {
    pip = ["httpx"]
    install "npm" {
      packages = ["x"]
    }
  }
  check "c" {
    command  = "true"
    contains = "declared"
  }
}
`

const override = `
e2bt { parallel = 4 }
variable "v" { default = "override" }
locals { b = "override" }
template "t" {
  description = "override"
  base { template = template.u }
  pins { pip = { httpx = "2.0" } }
  batch "two" {
    timeout = "2m"
    install "npm" {
      flags = ["--no-fund"]
    }
  }
  batch "three" { run = ["three"] }
  copy {
    from = "c"
    to   = "/c"
  }
  check "c" { contains = "override" }
}
`

const overrideJSON = `{
  "e2bt": {"parallel": 4},
  "variable": {"v": {"default": "override"}},
  "locals": {"b": "override"},
  "template": {"t": {
    "description": "override",
    "base": {"template": "${template.u}"},
    "pins": {"pip": {"httpx": "2.0"}},
    "batch": {"two": {"timeout": "2m", "install": {"npm": {"flags": ["--no-fund"]}}}, "three": {"run": ["three"]}},
    "copy": {"from": "c", "to": "/c"},
    "check": {"c": {"contains": "override"}}
  }}
}`

// TestOverride lays a file over another, in either syntax: arguments and blocks
// with labels one by one, blocks without labels as a whole.
func TestOverride(t *testing.T) {
	for _, over := range [][2]string{{"x_override.e2bt.hcl", override}, {"override.e2bt.hcl", override}, {"override.e2bt.hcl.json", overrideJSON}} {
		cfg, messages := load(t, map[string]string{"e2bt.hcl": declared, "u.e2bt.hcl": "template \"u\" {}\n", over[0]: over[1]}, config.Options{})
		if messages != "" {
			t.Fatalf("%s: %s", over[0], messages)
		}
		tpl := cfg.Templates[0]
		var steps []string
		for _, s := range tpl.Steps {
			switch {
			case s.Copy != nil:
				steps = append(steps, "copy "+s.Copy.From)
			case s.Batch != nil:
				text := "batch " + s.Batch.Name + " " + s.Batch.Timeout.String()
				for _, in := range s.Batch.Installs {
					text += " " + in.Manager + " " + in.Packages[0].Text + strings.Join(in.Flags, "")
				}
				for _, line := range s.Batch.Run {
					text += " " + line.Text
				}
				steps = append(steps, text)
			}
		}
		want := []string{"batch one 1m0s one declared override override", "copy c", "batch two 2m0s pip httpx==2.0 npm x--no-fund", "batch three 0s three"}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("%s: steps (-want +got):\n%s", over[0], diff)
		}
		if tpl.Base.Image != "" || tpl.Base.Template != "template.u" || tpl.Description != "override" || tpl.MemoryMB != 512 || cfg.Settings.Parallel != 4 {
			t.Errorf("%s: template is %+v, parallel %d", over[0], tpl, cfg.Settings.Parallel)
		}
		if c := tpl.Checks[0]; c.Command != "true" || c.Contains != "override" || len(tpl.Checks) != 1 {
			t.Errorf("%s: checks are %+v", over[0], tpl.Checks)
		}
		if name := tpl.Steps[2].Batch.Range.Filename; name != "e2bt.hcl" {
			t.Errorf("%s: a batch that is declared in e2bt.hcl has its range in %s", over[0], name)
		}
	}
}

// TestSelection reads some templates of many: they are what they are when all
// are read, and mistakes in others are not looked for.
func TestSelection(t *testing.T) {
	text := `
template "plain" {}
template "named" { name = "other-name" }
template "computed" { name = "com${"puted"}-name" }
template "base" {
  for_each = toset(["a", "b"])
  name     = "base-of-${each.key}"
}
template "child" {
  base { template = template.base["b"] }
}
template "grandchild" {
  base { template = template.child }
}
template "unrelated" {
  batch "b" { run = ["true"] }
}
`
	all, messages := load(t, map[string]string{"e2bt.hcl": text}, config.Options{})
	if messages != "" {
		t.Fatal(messages)
	}
	for glob, want := range map[string][]string{
		"plain": {"template.plain"}, "named": {"template.named"}, "other-*": {"template.named"}, "computed-name": {"template.computed"},
		"base": {`template.base["a"]`, `template.base["b"]`}, `template.base["a"]`: {`template.base["a"]`}, "base-of-a": {`template.base["a"]`},
		"child": {`template.base["b"]`, "template.child"}, "grandchild": {`template.base["b"]`, "template.child", "template.grandchild"},
		"template.unrelated": {"template.unrelated"}, "*child": {`template.base["b"]`, "template.child", "template.grandchild"},
	} {
		cfg, messages := load(t, map[string]string{"e2bt.hcl": text + "template \"wrong\" {\n  nonsense = 1\n}\n"}, config.Options{Templates: []string{glob}})
		if messages != "" {
			t.Errorf("%s: %s", glob, messages)
		}
		// A name that is not written out is found by reading its block.
		cfg.Templates = slices.DeleteFunc(cfg.Templates, func(t *config.Template) bool { return t.Label == "computed" && !strings.HasPrefix(glob, "comp") })
		var got []string
		for _, tpl := range cfg.Templates {
			got = append(got, tpl.Address)
			i := slices.IndexFunc(all.Templates, func(other *config.Template) bool { return other.Address == tpl.Address })
			if diff := cmp.Diff(all.Templates[i], tpl, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Dir" }, cmp.Ignore())); diff != "" {
				t.Errorf("%s: %s (-all +selected):\n%s", glob, tpl.Address, diff)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: templates (-want +got):\n%s", glob, diff)
		}
	}
	if _, messages := load(t, map[string]string{"e2bt.hcl": text + "template \"twin\" { name = \"plain\" }\n"}, config.Options{Templates: []string{"twin"}}); !strings.Contains(messages, "Two templates of one name") {
		t.Errorf("a name that a template has which was not read: %q", messages)
	}
}
