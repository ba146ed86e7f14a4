package main

import (
	"errors"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/diagnose"
	"github.com/hashicorp/hcl/v2"
)

// ruleEngine is the diagnosis with the author's own rules; a rule that cannot
// work is left out, and said.
func ruleEngine(declared []config.Rule) (*diagnose.Engine, hcl.Diagnostics) {
	var rules []diagnose.Rule
	var diags hcl.Diagnostics
	for _, r := range declared {
		rule, err := diagnose.DecodeRule(r.Name, r.Body)
		if err == nil {
			_, err = diagnose.New(rule)
		}
		if err != nil {
			diags = append(diags, badRule(r, err)...)
			continue
		}
		rules = append(rules, rule)
	}
	engine, err := diagnose.New(rules...)
	if err != nil {
		panic(err) // each was tried by itself
	}
	return engine, diags
}

func badRule(r config.Rule, err error) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		return diags
	}
	at := r.Range
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Bad failure rule", Detail: sentenceOf(err), Subject: &at}}
}

func sentenceOf(err error) string { return "It cannot be used: " + err.Error() + "." }
