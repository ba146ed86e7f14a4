package e2b

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"unicode"

	"github.com/joho/godotenv"
)

// DefaultDomain is where E2B's cloud is.
const DefaultDomain = "e2b.app"

// Endpoint says where the API is and how to log in.
type Endpoint struct {
	APIURL     string // no slash at its end
	SandboxURL string // of all sandboxes; "" : made from the domain
	Domain     string
	APIKey     string
}

// EndpointOptions are what a user said on the command line.
type EndpointOptions struct {
	URL string
}

// MissingKeyError says that no API key is set, and what to do.
type MissingKeyError struct{ URL string }

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf(`E2B_API_KEY is not set, and %s wants a key.
Make one in the E2B dashboard (https://e2b.dev/dashboard, "API keys"), then set it in the environment
or put a line E2B_API_KEY=... into a file .env here. To build on this machine instead, use --local: it needs no key`, e.URL)
}

// ResolveEndpoint finds the endpoint as E2B's own SDKs do: an explicit URL,
// E2B_API_URL, or api.<E2B_DOMAIN>.
func ResolveEndpoint(opts EndpointOptions, getenv func(string) string) (Endpoint, error) {
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	at := Endpoint{Domain: cmp.Or(env("E2B_DOMAIN"), DefaultDomain), APIKey: env("E2B_API_KEY")}
	if u, err := url.Parse("https://" + at.Domain); err != nil || u.Host != at.Domain {
		return at, fmt.Errorf("E2B_DOMAIN is not a domain such as %s: it has neither https:// nor a path", DefaultDomain)
	}
	source, text := "E2B_API_URL", cmp.Or(env("E2B_API_URL"), "https://api."+at.Domain)
	if opts.URL != "" {
		source, text = "--endpoint", strings.TrimSpace(opts.URL)
	}
	var err error
	if at.APIURL, err = baseURL(source, text); err != nil {
		return at, err
	}
	if text := env("E2B_SANDBOX_URL"); text != "" {
		if at.SandboxURL, err = baseURL("E2B_SANDBOX_URL", text); err != nil {
			return at, err
		}
	}
	switch {
	case at.APIKey == "":
		return at, &MissingKeyError{URL: at.APIURL}
	case strings.ContainsFunc(at.APIKey, unicode.IsControl):
		return at, errors.New("E2B_API_KEY holds a line break or another control character, which no key has: set it again")
	}
	return at, nil
}

// baseURL checks a URL that paths are appended to. It is in no error: people
// put credentials there.
func baseURL(source, text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%s is not a URL such as https://api.%s: it needs http or https and a host, and has no user and no query", source, DefaultDomain)
	}
	return strings.TrimRight(text, "/"), nil
}

// sandboxURL is where a sandbox's envd answers.
func (e Endpoint) sandboxURL(id string) string {
	switch {
	case e.SandboxURL != "":
		return e.SandboxURL
	case shared[e.Domain]:
		return "https://sandbox." + e.Domain
	}
	return fmt.Sprintf("https://%d-%s.%s", envdPort, id, e.Domain)
}

// shared domains serve all sandboxes from one host and route by headers.
var shared = map[string]bool{"e2b.app": true, "e2b.dev": true, "e2b.pro": true, "e2b-staging.dev": true}

// LoadEnvFile reads a .env file. Its values are in no error.
func LoadEnvFile(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the environment file: %w", err)
	}
	env, err := godotenv.UnmarshalBytes(bytes.TrimPrefix(text, []byte("\ufeff"))) // some editors put a mark there
	if err != nil {
		return nil, fmt.Errorf("reading %s: it is not a file of NAME=VALUE lines", path) // the parser's own text quotes the file
	}
	return env, nil
}
