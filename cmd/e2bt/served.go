package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/e2bt/e2bt/e2b"
)

// served is where a server of this store can be found: it writes that down, for
// commands with --local that run while it does.
type served struct {
	URL string `json:"url"`
	Key string `json:"key"`
	CA  string `json:"ca,omitempty"` // a file; with TLS
}

func servedFile(home string) string { return filepath.Join(home, "serve.json") }

func (at served) write(home string) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	if err := os.WriteFile(servedFile(home), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing where the server is: %w", err)
	}
	return nil
}

// client is a client of it that trusts its authority.
func (at served) client(a *app) (*e2b.Client, error) {
	opts := a.clientOptions(e2b.Endpoint{APIURL: at.URL, SandboxURL: at.URL, APIKey: at.Key})
	if at.CA != "" {
		text, err := os.ReadFile(at.CA)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(text)
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
		opts.HTTPClient = &http.Client{Transport: transport}
	}
	return e2b.New(opts), nil
}

// running finds the server that holds a store, if it is one of serve and
// answers.
func (a *app) running(ctx context.Context, home string) (*endpoint, bool) {
	text, err := os.ReadFile(servedFile(home))
	if err != nil {
		return nil, false
	}
	var at served
	if json.Unmarshal(text, &at) != nil || at.URL == "" {
		return nil, false
	}
	client, err := at.client(a)
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := client.Alias(ctx, baseTemplate); err != nil && !e2b.NotFound(err) {
		return nil, false // it was killed, or another one has its port
	}
	a.secrets.add(at.Key)
	return &endpoint{client: client, url: localURL, close: func() error { return nil }}, true
}

// authority is a certificate authority of this store's own, and a certificate
// of it for this server.
type authority struct {
	file string // of its certificate
	cert tls.Certificate
}

const (
	authorityLife   = 10 * 365 * 24 * time.Hour
	certificateLife = 90 * 24 * time.Hour
)

// openAuthority reads the authority of a directory, or makes one. The server's
// certificate is new at every start.
func openAuthority(dir string, hosts []string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	file := filepath.Join(dir, "ca.pem")
	ca, err := tls.LoadX509KeyPair(file, filepath.Join(dir, "ca.key"))
	if err != nil || time.Until(ca.Leaf.NotAfter) < certificateLife {
		if ca, err = makeAuthority(dir, file); err != nil {
			return nil, fmt.Errorf("making the certificate authority: %w", err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := template("e2bt serve", certificateLife)
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
			continue
		}
		leaf.DNSNames = append(leaf.DNSNames, host, "*."+host)
	}
	raw, err := x509.CreateCertificate(rand.Reader, leaf, ca.Leaf, key.Public(), ca.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("making the certificate: %w", err)
	}
	return &authority{file, tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}}, nil
}

func makeAuthority(dir, file string) (ca tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return ca, err
	}
	root := template("e2bt serve, on this machine alone", authorityLife)
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return ca, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ca, err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "ca.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
		os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o644),
	)
	if err != nil {
		return ca, err
	}
	return tls.LoadX509KeyPair(file, filepath.Join(dir, "ca.key"))
}

func template(name string, life time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails, by its contract
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
	}
}

func (a *authority) config() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{a.cert}} }
