package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"github.com/e2bt/e2bt/mirrors"
	"golang.org/x/sync/errgroup"
)

// How far a clock may be off: certificates and signed links begin to fail when
// it is minutes.
const (
	skewNoticed = 30 * time.Second
	skewHarmful = 5 * time.Minute
)

// endpoint goes the way to the endpoint, and asks with the key if it got there.
func (d *doctor) endpoint(ctx context.Context, client *e2b.Client, known, usable bool) bool {
	a := d.app
	if !known {
		d.skip(a.tr("way"), a.tr("there is no endpoint to ask: see above"))
		return false
	}
	reach := client.Examine(ctx)
	if reach.Proxy != "" {
		d.ok(a.tr("proxy"), a.tr("%s, by the environment; NO_PROXY holds hosts that need none", reach.Proxy))
	}
	arrived := true
	for _, s := range reach.Stages {
		name := strings.ToUpper(s.Name)
		if s.Err != nil {
			d.fail(exitAPI, name, s.Err.Error(), a.stageAdvice(s, reach.Proxy))
			arrived = false
			continue
		}
		d.ok(name, fmt.Sprintf("%s, %s", s.Detail, duration(s.Elapsed)))
	}
	if reach.HasClock {
		d.clock(reach.Skew)
	}
	if !arrived || !usable {
		return false
	}
	return d.key(ctx, client)
}

// stageAdvice is what to do about a way that ends at a stage.
func (a *app) stageAdvice(s e2b.Stage, proxy string) string {
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	switch {
	case errors.As(s.Err, &authority):
		return a.tr("A proxy in between, or a server of your own, has a certificate of an authority that this machine does not trust: install its CA, or point SSL_CERT_FILE to it.")
	case errors.As(s.Err, &invalid):
		return a.tr("The certificate is not valid now: look at this machine's clock first.")
	case errors.As(s.Err, &host):
		return a.tr("The certificate is another host's: check the URL of the endpoint.")
	case errors.As(s.Err, &record):
		return a.tr("What answers there speaks no TLS: is it http:// instead of https://?")
	}
	switch s.Name {
	case e2b.StageDNS:
		return a.tr("Check the spelling of E2B_API_URL or E2B_DOMAIN, the network, and /etc/resolv.conf.")
	case e2b.StageTCP:
		if proxy != "" {
			return a.tr("The proxy cannot be reached: check HTTPS_PROXY, or add the endpoint to NO_PROXY.")
		}
		return a.tr("Nothing answers there: check the address and the port, firewalls, and whether a proxy is needed (HTTPS_PROXY).")
	case e2b.StageTLS:
		return a.tr("The connection was cut while TLS was set up: often a firewall or a proxy. Try another network, or set HTTPS_PROXY.")
	}
	return a.tr("The endpoint is reached but does not say that it is healthy: look at its status page, and try again later.")
}

func (d *doctor) clock(skew time.Duration) {
	a := d.app
	detail := a.tr("this machine's is %s ahead of the server's", skew)
	if skew < 0 {
		detail = a.tr("this machine's is %s behind the server's", -skew)
	}
	advice := a.tr("Set it: timedatectl set-ntp true, or in a virtual machine let the host do it.")
	switch off := skew.Abs(); {
	case off >= skewHarmful:
		d.fail(exitAPI, a.tr("clock"), detail, advice)
	case off >= skewNoticed:
		d.warn(a.tr("clock"), detail, advice)
	default:
		d.ok(a.tr("clock"), a.tr("the same as the server's, within %s", skewNoticed))
	}
}

// key asks for something that needs the key.
func (d *doctor) key(ctx context.Context, client *e2b.Client) bool {
	a := d.app
	list, err := client.Templates(ctx)
	var refused *e2b.Error
	switch {
	case err == nil:
		d.ok(a.tr("key"), a.tr("accepted; templates of its team: %d", len(list)))
		d.capabilities(ctx, client)
		return true
	case errors.As(err, &refused) && refused.StatusCode == http.StatusUnauthorized:
		d.fail(exitAPI, a.tr("key"), err.Error(), a.tr("The endpoint refuses the key: copy it anew from the dashboard of the endpoint that is asked."))
	case errors.As(err, &refused) && refused.StatusCode == http.StatusForbidden:
		d.fail(exitAPI, a.tr("key"), err.Error(), a.tr("The key may not do that: is it of the right team, and the team not blocked?"))
	case e2b.NotFound(err):
		d.fail(exitAPI, a.tr("key"), err.Error(), a.tr("This endpoint does not list templates: is it an E2B API?"))
	default:
		d.fail(exitAPI, a.tr("key"), err.Error(), a.tr("Try again; if it stays, the endpoint has trouble of its own."))
	}
	return false
}

// capabilities says what of the API the endpoint lacks.
func (d *doctor) capabilities(ctx context.Context, client *e2b.Client) {
	a := d.app
	has, err := client.Capabilities(ctx)
	if err != nil {
		d.fail(exitAPI, a.tr("API"), err.Error(), a.tr("Try again; if it stays, the endpoint has trouble of its own."))
		return
	}
	var lacks []string
	for _, c := range []struct {
		there bool
		what  string
	}{
		{has.Aliases, a.tr("names: templates cannot be looked up")},
		{has.Tags, a.tr("tags: builds cannot be promoted or rolled back")},
		{has.Files, a.tr("files: copy blocks cannot be built")},
	} {
		if !c.there {
			lacks = append(lacks, c.what)
		}
	}
	if len(lacks) > 0 {
		d.warn(a.tr("API"), a.tr("it lacks %s", strings.Join(lacks, "; ")), a.tr("The endpoint speaks E2B's API in part: build elsewhere, or leave out what it lacks."))
		return
	}
	d.ok(a.tr("API"), a.tr("names, tags and files are there"))
}

// configuration reads what the directory declares, if anything.
func (d *doctor) configuration(paths []string) *config.Config {
	a := d.app
	if len(paths) == 0 {
		declared, err := a.declares()
		if err == nil && !declared {
			d.skip(a.tr("configuration"), a.tr("there is none here; e2bt init writes one"))
			return nil
		}
	}
	cfg, diags, err := a.read(paths)
	switch {
	case err != nil:
		d.fail(exitConfig, a.tr("configuration"), err.Error(), a.tr("See e2bt validate."))
		return nil
	case diags.HasErrors():
		d.fail(exitConfig, a.tr("configuration"), diags.Error(), a.tr("See e2bt validate."))
		return nil
	}
	d.ok(a.tr("configuration"), a.tr("valid; templates: %d", len(cfg.Templates)))
	return cfg
}

// templates asks what each template's name leads to.
func (d *doctor) templates(ctx context.Context, cfg *config.Config, client *e2b.Client) {
	if cfg == nil {
		return
	}
	found := make([]checkup, len(cfg.Templates))
	var group errgroup.Group
	group.SetLimit(16)
	for i, t := range cfg.Templates {
		group.Go(func() error {
			found[i] = d.template(ctx, client, t.Name)
			return nil
		})
	}
	_ = group.Wait() // what is wrong is in found
	for _, c := range found {
		d.add(c)
	}
}

// template follows a name to its build, as creating a sandbox does.
func (d *doctor) template(ctx context.Context, client *e2b.Client, name string) checkup {
	a := d.app
	c := checkup{Name: name, Status: healthFailed, code: exitAPI}
	tags, err := client.Tags(ctx, name)
	if e2b.NotFound(err) {
		return checkup{Name: name, Status: healthWarning, Detail: a.tr("not there yet"), Advice: a.tr("Build it: e2bt build -t %s", name)}
	}
	var t e2b.TemplateWithBuilds
	if err == nil {
		t, err = client.Template(ctx, name)
	}
	if err != nil {
		c.Detail, c.Advice = err.Error(), a.tr("Try again; if it stays, the endpoint has trouble of its own.")
		return c
	}
	served := ""
	for _, tag := range tags {
		if tag.Tag == "default" {
			served = tag.BuildID
		}
	}
	if served == "" {
		c.Detail, c.Advice = a.tr("no build carries the tag default: its sandboxes cannot be created by name"), a.tr("Build it: e2bt build -t %s", name)
		return c
	}
	for _, b := range t.Builds {
		if b.BuildID == served && b.Status != e2b.StateReady {
			c.Detail, c.Advice = a.tr("its name leads to build %s, which is %s", served, b.Status), a.tr("See e2bt logs %s, and build it again.", served)
			return c
		}
	}
	return checkup{Name: name, Status: healthOK, Detail: a.tr("build %s is served", served)}
}

// mirrors asks the profiles that are in use.
func (d *doctor) mirrors(ctx context.Context, cfg *config.Config) {
	a := d.app
	names := d.usedMirrors(cfg)
	if len(names) == 0 {
		d.skip(a.tr("profiles"), a.tr("none is in use; e2bt mirrors test NAME asks one"))
	}
	var own []mirrors.Declared
	if cfg != nil {
		own = cfg.Mirrors
	}
	for _, name := range names {
		p, err := resolveMirror(name, own)
		if err != nil {
			d.fail(exitConfig, name, err.Error(), a.tr("Name one of these."))
			continue
		}
		report := mirrors.Test(ctx, p, mirrors.TestOptions{})
		dead := deadEcosystems(report)
		detail := a.tr("ecosystems: %d, in %.1f s, seen from this machine", len(report.Ecosystems), report.Seconds)
		if len(dead) > 0 {
			d.warn(name, detail, a.tr("No mirror answers for %s: a build falls back to the official source. See e2bt mirrors test %s", strings.Join(dead, ", "), name))
			continue
		}
		d.ok(name, detail)
	}
}

func (d *doctor) usedMirrors(cfg *config.Config) []string {
	if m := d.app.mirror; m != "" {
		if m == mirrors.None {
			return nil
		}
		return []string{m}
	}
	var names []string
	seen := map[string]bool{"": true, mirrors.None: true}
	if cfg != nil {
		for _, t := range cfg.Templates {
			if !seen[t.Mirror] {
				seen[t.Mirror] = true
				names = append(names, t.Mirror)
			}
		}
	}
	return names
}

// deadEcosystems are those of which no candidate answers.
func deadEcosystems(report mirrors.TestReport) []string {
	var dead []string
	for _, e := range report.Ecosystems {
		if len(e.Results) > 0 && !e.Results[0].OK {
			dead = append(dead, e.Name)
		}
	}
	return dead
}
