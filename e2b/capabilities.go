package e2b

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Capabilities say which parts of the API an endpoint has. Compatible services
// have some of them.
type Capabilities struct {
	List    bool `json:"list"`    // of templates, by pages
	Aliases bool `json:"aliases"` // names that are looked up
	Tags    bool `json:"tags"`    // of builds
	Files   bool `json:"files"`   // of COPY steps
}

// nobody is a name that no template has.
const nobody = "e2bt-no-such-template"

// Capabilities asks for things that are not there: an API that has a call says
// so of the thing, one that has not says it of the call.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	var out Capabilities
	group, ctx := errgroup.WithContext(ctx)
	for path, has := range map[string]*bool{
		"/templates/aliases/" + nobody:                               &out.Aliases,
		"/templates/" + nobody + "/tags":                             &out.Tags,
		"/templates/" + nobody + "/files/" + strings.Repeat("0", 64): &out.Files,
		"/v2/templates": &out.List,
	} {
		group.Go(func() (err error) {
			*has, err = c.has(ctx, path)
			return err
		})
	}
	return out, group.Wait()
}

func (c *Client) has(ctx context.Context, path string) (bool, error) {
	_, err := c.do(ctx, call{method: http.MethodGet, path: path, query: url.Values{"limit": {"1"}}, repeat: true})
	var refused *Error
	switch {
	case err == nil:
		return true, nil
	case !errors.As(err, &refused), refused.StatusCode == http.StatusUnauthorized, refused.Temporary():
		return false, err
	}
	return refused.FromAPI && refused.StatusCode != http.StatusMethodNotAllowed && refused.StatusCode != http.StatusNotImplemented, nil
}
