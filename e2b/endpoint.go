package e2b

import (
	"fmt"
	"net/url"
	"strings"

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
	at := Endpoint{Domain: getenv("E2B_DOMAIN"), SandboxURL: strings.TrimRight(getenv("E2B_SANDBOX_URL"), "/"), APIKey: strings.TrimSpace(getenv("E2B_API_KEY"))}
	if at.Domain == "" {
		at.Domain = DefaultDomain
	}
	source := "--endpoint"
	at.APIURL = opts.URL
	if at.APIURL == "" {
		source, at.APIURL = "E2B_API_URL", getenv("E2B_API_URL")
	}
	if at.APIURL == "" {
		source, at.APIURL = "E2B_DOMAIN", "https://api."+at.Domain
	}
	at.APIURL = strings.TrimRight(at.APIURL, "/")
	u, err := url.Parse(at.APIURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return at, fmt.Errorf("%s is not a URL such as https://api.%s: it needs http or https, a host, and no user", source, DefaultDomain)
	}
	if at.APIKey == "" {
		return at, &MissingKeyError{URL: at.APIURL}
	}
	return at, nil
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
	env, err := godotenv.Read(path)
	if err != nil {
		if strings.Contains(err.Error(), "open ") {
			return nil, fmt.Errorf("reading the environment file: %w", err)
		}
		return nil, fmt.Errorf("reading %s: it is not a file of NAME=VALUE lines", path) // the parser's own text quotes the file
	}
	return env, nil
}
