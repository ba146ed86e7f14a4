package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/zclconf/go-cty-yaml"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// shellPart runs a text of a CI system's file as that system does, and wants an
// exit code: shell-part CODE FILE KEY... The keys lead to it; in a list they are
// the names of its entries.
func shellPart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: shell-part CODE FILE KEY...")
	}
	at, err := parseYAML(ts.MkAbs(args[1]))
	ts.Check(err)
	for _, key := range args[2:] {
		if at = below(at, key); at == nil {
			ts.Fatalf("%s has no %s", args[1], strings.Join(args[2:], " "))
		}
	}
	text, isText := at.(string)
	if list, ok := at.([]any); ok {
		for _, line := range list {
			text += fmt.Sprintln(line)
		}
	} else if !isText {
		ts.Fatalf("%s is no text to run: %v", strings.Join(args[2:], " "), at)
	}
	exits(ts, false, []string{args[0], "bash", "-e", "-o", "pipefail", "-c", text})
}

func parseYAML(path string) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	ty, err := yaml.ImpliedType(text)
	if err != nil {
		return nil, err
	}
	value, err := yaml.Unmarshal(text, ty)
	if err != nil {
		return nil, err
	}
	asJSON, err := ctyjson.Marshal(value, ty)
	if err != nil {
		return nil, err
	}
	var out any
	err = json.Unmarshal(asJSON, &out)
	return out, err
}

// below is what a key leads to, or nil.
func below(at any, key string) any {
	switch at := at.(type) {
	case map[string]any:
		return at[key]
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i < len(at) {
			return at[i]
		}
		for _, one := range at {
			if m, ok := one.(map[string]any); ok && m["name"] == key {
				return one
			}
		}
	}
	return nil
}
