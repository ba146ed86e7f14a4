package e2b

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Register makes a template of that name, or finds it, and a build of it that
// waits. Over the team's limit of builds the error has status 429.
func (c *Client) Register(ctx context.Context, req RegisterRequest) (Registration, error) {
	var out Registration
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/v3/templates", body: req, out: &out, prompt: true})
	return out, known(err)
}

// known takes the doubt from a request that may as well be repeated by whoever
// called: what it left behind, if anything, does no harm.
func known(err error) error {
	var lost *UnknownOutcomeError
	if errors.As(err, &lost) {
		return lost.Err
	}
	return err
}

// Trigger starts a registered build. *UnknownOutcomeError says that it may have
// started: ask for its status, do not trigger it again.
func (c *Client) Trigger(ctx context.Context, templateID, buildID string, b Build) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/v2/templates/" + url.PathEscape(templateID) + "/builds/" + url.PathEscape(buildID), body: b})
	return err
}

// Alias finds what a name, "[ns/]alias[:tag]", stands for.
func (c *Client) Alias(ctx context.Context, name string) (Alias, error) {
	var out Alias
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/templates/aliases/" + url.PathEscape(name), out: &out, repeat: true})
	return out, err
}

// Tags lists the tags of a template, by id or name.
func (c *Client) Tags(ctx context.Context, template string) ([]Tag, error) {
	var out []Tag
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/templates/" + url.PathEscape(template) + "/tags", out: &out, repeat: true})
	return out, err
}

// Tag points tags at a build. Doing it twice does no harm, so it is repeated.
func (c *Client) Tag(ctx context.Context, req TagRequest) (TagAssignment, error) {
	var out TagAssignment
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/templates/tags", body: req, out: &out, repeat: true})
	return out, err
}

// Untag takes tags away from a template.
func (c *Client) Untag(ctx context.Context, name string, tags []string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/templates/tags", body: UntagRequest{Name: name, Tags: tags}, repeat: true})
	return err
}

// Templates lists all templates of the team.
func (c *Client) Templates(ctx context.Context) ([]Template, error) {
	var all []Template
	for query := (url.Values{"limit": {"100"}}); ; {
		var page []Template
		header, err := c.do(ctx, call{method: http.MethodGet, path: "/v2/templates", query: query, out: &page, repeat: true})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		next := header.Get("X-Next-Token")
		if next == "" || len(page) == 0 {
			return all, nil
		}
		query.Set("nextToken", next)
	}
}

// Template returns a template, by id or name, with its newest builds.
func (c *Client) Template(ctx context.Context, template string) (TemplateWithBuilds, error) {
	var out TemplateWithBuilds
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/templates/" + url.PathEscape(template), out: &out, repeat: true})
	return out, err
}

// DeleteTemplate deletes a template, by id or name; its id is dead for ever.
func (c *Client) DeleteTemplate(ctx context.Context, template string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "/templates/" + url.PathEscape(template)})
	return known(err)
}
