package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed zh.json
var zhText []byte

// chinese are the texts of the program, by the English ones.
var chinese = sync.OnceValue(func() map[string]string {
	texts := map[string]string{}
	if err := json.Unmarshal(zhText, &texts); err != nil {
		panic(fmt.Sprintf("zh.json: %v", err)) // a test reads it
	}
	return texts
})

// tr says a text, which may be a format, in the language of the user. What has
// no translation is said in English.
func (a *app) tr(format string, args ...any) string {
	if a.lang == "zh" {
		if text, ok := chinese()[format]; ok {
			format = text
		}
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// systemLanguage is the language of findings where --lang does not say: that of
// the environment, if e2bt speaks it.
func systemLanguage(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(value, "zh") {
				return "zh"
			}
			break
		}
	}
	return "en"
}

// translate puts the help of a command, and of all below it, into the language
// of the user.
func (a *app) translate(root *cobra.Command) {
	if a.lang != "zh" {
		return
	}
	usage := root.UsageTemplate()
	for _, word := range usageHeads {
		usage = strings.ReplaceAll(usage, word, a.tr(word))
	}
	root.SetUsageTemplate(usage)
	each := func(f *pflag.Flag) {
		if f.Name == "help" {
			f.Usage = a.tr("show this help")
		} else {
			f.Usage = a.tr(f.Usage)
		}
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		cmd.Short, cmd.Long = a.tr(cmd.Short), a.tr(cmd.Long)
		cmd.LocalFlags().VisitAll(each)
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(root)
}

// usageHeads are the headings of a command's usage.
var usageHeads = []string{"Usage:", "Examples:", "Commands:", "Common flags:", "Flags:"}
