package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/e2b"
)

// official are the endpoints of E2B itself, which have all of the API.
var official = map[string]bool{"https://api." + e2b.DefaultDomain: true}

// carries refuses a plan that the endpoint has no calls for, before anything is
// registered there: some services speak E2B's API in part.
func (at *endpoint) carries(ctx context.Context, plan *builder.Plan) error {
	if at.source == "" || official[at.url] || at.client.Ours() {
		return nil
	}
	has, err := at.client.Capabilities(ctx)
	if err != nil {
		return at.apiError(err)
	}
	if !has.Tags {
		return exitWith(exitAPI, errors.New("the endpoint has no tags, with which a build is checked before it is served: e2bt cannot build there. It can build in another place, and e2bt sandbox works"))
	}
	for _, t := range plan.Templates {
		for _, s := range t.Steps {
			if s.Tree != nil && !has.Files {
				return exitWith(exitAPI, fmt.Errorf("%s: the endpoint takes no files, so that this copy cannot be built there. Put them into the base image, or fetch them in a batch", s.Range))
			}
		}
	}
	return nil
}
