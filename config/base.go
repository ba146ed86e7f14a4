package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// registries are the blocks that hold credentials: their fields are all
// required.
var registries = map[string][]string{
	"registry": {"username", "password"},
	"aws":      {"access_key_id", "secret_access_key", "region"},
	"gcp":      {"service_account_json"},
}

// base reads what a template starts from.
func (d *decoder) base(b *hcl.Block) Base {
	out := Base{Range: b.DefRange}
	given := 0
	var args map[string]string // of a Dockerfile; read before it, as names are read in their order
	var argsAt hcl.Range
	pulled, built := false, false // from a registry; from a Dockerfile
	said := func(read func(*hcl.Attribute)) func(*hcl.Attribute) {
		return func(attr *hcl.Attribute) {
			given++
			out.Range = hcl.RangeBetween(attr.NameRange, attr.Expr.Range())
			read(attr)
		}
	}
	c := children{}
	for _, kind := range sortedKeys(registries) {
		c[kind] = child{nil, func(block *hcl.Block) { out.Registry = d.registry(block, out.Registry) }}
	}
	d.decode("base", b.Body, fields{
		"image": said(func(attr *hcl.Attribute) {
			pulled = true
			d.text(&out.Image)(attr)
			if strings.ContainsAny(out.Image, " \t\n") {
				d.wrong(attr.Expr.Range(), "Bad image reference", "%q is no image reference such as python:3.12-slim.", out.Image)
			}
		}),
		"template": said(func(attr *hcl.Attribute) { d.baseTemplate(&out, attr) }),
		"args": func(attr *hcl.Attribute) {
			argsAt = attr.Expr.Range()
			d.as(stepUse).table(&args)(attr)
		},
		"dockerfile": said(func(attr *hcl.Attribute) {
			pulled, built = true, true
			d.as(stepUse).dockerfile(attr, &out, args, argsAt)
		}),
	}, c)
	if given != 1 {
		d.wrong(b.DefRange, "Bad base", "A base has exactly one of image, template and dockerfile; this one has %d.", given)
	}
	if args != nil && !built {
		d.wrong(argsAt, "Bad base", "Build arguments belong to a base with a Dockerfile.")
	}
	if out.Registry != nil && !pulled {
		d.wrong(out.Registry.Range, "Bad base", "Credentials for a registry belong to a base with an image or a Dockerfile.")
	}
	return out
}

// baseTemplate reads a reference to a template of this configuration, or the
// name of one on the endpoint.
func (d *decoder) baseTemplate(out *Base, attr *hcl.Attribute) {
	v, ok := d.eval(attr.Expr, d.referring(attr.Expr))
	if ok {
		v, ok = d.bare(attr, v)
	}
	switch kind := v.Type(); {
	case !ok || v.IsNull():
	case kind == cty.String:
		out.External = v.AsString()
	case kind == templateRef:
		out.Template = *v.EncapsulatedValue().(*string)
	case kind.IsObjectType():
		d.wrong(attr.Expr.Range(), "Wrong type", "A template with for_each has several instances: say which one, such as template.python[\"3.12\"].")
	default:
		d.wrong(attr.Expr.Range(), "Wrong type", "The argument \"template\" wants a template, such as template.python, one instance of it, such as template.python[\"3.12\"], or the name of one on the endpoint.")
	}
}

// referring is the decoder's context with the templates that an expression
// refers to.
func (d *decoder) referring(expr hcl.Expression) *hcl.EvalContext {
	found := map[string]cty.Value{}
	for _, t := range expr.Variables() {
		if name, ok := member(t, "template"); ok && d.templates[name] != nil {
			found[name] = d.reference(name)
		}
	}
	ctx := d.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"template": objectOf(found)}
	return ctx
}

// registry reads credentials; all of them are secrets.
func (d *decoder) registry(b *hcl.Block, before *Registry) *Registry {
	if before != nil {
		d.diags = append(d.diags, again("The login of the registry", before.Range, b.DefRange))
		return before
	}
	out := &Registry{Type: b.Type, Fields: map[string]string{}, Range: b.DefRange}
	f := fields{}
	for _, name := range registries[b.Type] {
		f[name] = func(attr *hcl.Attribute) {
			var value string
			d.text(&value)(attr)
			out.Fields[name] = value
			if value != "" && name != "region" && name != "username" {
				d.secrets[value] = true
			}
		}
	}
	d.decode(b.Type, b.Body, f, nil, registries[b.Type]...)
	return out
}
