package engine

import (
	"bytes"
	"errors"
	"hash/maphash"
	"iter"
	"os"
	"strings"
)

// Where distributions keep their CA bundle. The first one is also the
// place of last resort, for images that have none at all.
var imageBundles = []string{
	"etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
	"etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora and relatives
	"etc/ssl/ca-bundle.pem",                            // openSUSE
	"etc/ssl/cert.pem",                                 // Alpine's libraries
}

const (
	bundlePath  = "run/e2bt-ca.crt"
	profilePath = "etc/profile.d/e2bt-host.sh"
	sudoersPath = "etc/sudoers.d/e2bt-host"
)

// shared are the files that may be injected in the place of the image's own.
var shared = append([]string{"etc/resolv.conf", "etc/hosts"}, imageBundles...)

// bundleNames are the variables that make tools use another CA bundle.
var bundleNames = []string{"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO",
	"CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE", "NIX_SSL_CERT_FILE", "DENO_CERT", "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"}

func bundleVariables() []string {
	out := make([]string, len(bundleNames))
	for i, name := range bundleNames {
		out[i] = name + "=/" + bundlePath
	}
	return out
}

// hostBundle finds the CA bundle of this machine.
func hostBundle() string {
	for _, p := range append([]string{os.Getenv("SSL_CERT_FILE")}, imageBundles...) {
		if p == "" {
			continue
		}
		if !strings.HasPrefix(p, "/") {
			p = "/" + p
		}
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p
		}
	}
	return ""
}

// certificates injects the host's CA bundle, together with that of the image,
// unless the image trusts all of the host's already: then nothing is needed.
func (in *injected) certificates(s *setupRequest) error {
	host, err := os.ReadFile(s.Bundle)
	if s.Bundle == "" || err != nil {
		return nil
	}
	var own []byte
	target := imageBundles[0]
	for _, name := range imageBundles {
		if own = in.read(name); own != nil {
			target = name
			break
		}
	}
	all := joinBundles(own, host)
	if len(all) == len(own) {
		return nil
	}
	err = errors.Join(in.write(target, all, 0o644), in.write(bundlePath, all, 0o644))
	if _, missing := os.Lstat(in.path + "/" + bundlePath); missing != nil || err != nil {
		return err // no variable may name what is not there
	}
	in.bundle = true
	return in.shells(s)
}

// shells makes the variables reach those whom sudo and "su -" start.
func (in *injected) shells(s *setupRequest) error {
	var errs []error
	if in.isDir("etc/profile.d") {
		var b strings.Builder
		b.WriteString("if [ -r /" + bundlePath + " ]; then\n")
		for _, name := range bundleNames {
			b.WriteString("  export " + name + "=\"${" + name + ":-/" + bundlePath + "}\"\n")
		}
		b.WriteString("fi\n")
		errs = append(errs, in.write(profilePath, []byte(b.String()), 0o644))
	}
	if in.isDir("etc/sudoers.d") {
		keep := strings.Join(append(append([]string{}, bundleNames...), s.Keep...), " ")
		errs = append(errs, in.write(sudoersPath, []byte("Defaults env_keep += \""+keep+"\"\n"), 0o440))
	}
	return errors.Join(errs...)
}

// What is between these lines in a bundle is the host's.
const (
	hostBegins = "# e2bt: the host trusts these; they are not of this image\n"
	hostEnds   = "# e2bt: end\n"
)

// joinBundles appends the certificates of more that are not in own. Every
// sandbox waits for it.
func joinBundles(own, more []byte) []byte {
	seed, have := maphash.MakeSeed(), map[uint64]bool{}
	for c := range certificateBlocks(own) {
		have[maphash.Bytes(seed, c)] = true
	}
	out := append(make([]byte, 0, len(own)+len(more)+len(hostBegins)+len(hostEnds)+2), own...)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	out = append(out, hostBegins...)
	empty := len(out)
	for c := range certificateBlocks(more) {
		if h := maphash.Bytes(seed, c); !have[h] {
			have[h] = true
			out = append(append(out, c...), '\n')
		}
	}
	if len(out) == empty {
		return own
	}
	return append(out, hostEnds...)
}

// withoutHosts undoes joinBundles in a bundle that a command has changed.
func withoutHosts(bundle []byte) []byte {
	before, rest, ok := bytes.Cut(bundle, []byte(hostBegins))
	_, after, closed := bytes.Cut(rest, []byte(hostEnds))
	if !ok || !closed {
		return bundle
	}
	return append(bytes.Clone(before), after...)
}

func certificateBlocks(pem []byte) iter.Seq[[]byte] {
	begin, end := []byte("-----BEGIN "), []byte("-----END ")
	return func(yield func([]byte) bool) {
		for {
			i := bytes.Index(pem, begin)
			if i < 0 {
				return
			}
			pem = pem[i:]
			j := bytes.Index(pem, end)
			if j < 0 {
				return
			}
			n := bytes.IndexByte(pem[j:], '\n')
			if n < 0 {
				n = len(pem) - j
			}
			if !yield(bytes.TrimSpace(pem[:j+n])) {
				return
			}
			pem = pem[j+n:]
		}
	}
}
