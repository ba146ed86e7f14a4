package config

import (
	"net/url"
	"slices"

	"github.com/e2bt/e2bt/mirrors"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// profiles reads the mirror blocks; what is wrong with them is said in their
// own places.
func (s *scope) profiles(blocks []*block) []mirrors.Declared {
	var all []mirrors.Declared
	at := map[string]hcl.Range{} // by profile, and by profile and entry
	for _, b := range blocks {
		at[b.label] = b.at
		all = append(all, s.profile(b, at))
	}
	for _, wrong := range mirrors.Check(all) {
		if u, err := url.Parse(wrong.Value); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok && password != "" {
				s.secrets[password] = true // the line is shown
			}
		}
		where, ok := at[wrong.Profile+" "+wrong.Entry]
		if !ok {
			where = at[wrong.Profile]
		}
		s.diags = append(s.diags, problem(where, "Bad mirror profile", "%s.%s", wrong, suggest(wrong.Value, wrong.Known)))
	}
	return all
}

func (s *scope) profile(b *block, at map[string]hcl.Range) mirrors.Declared {
	out := mirrors.Declared{Name: b.label, Entries: map[string][]string{}, Images: map[string][]string{}}
	d := &decoder{scope: s, ctx: s.wholeContext(b.dir), dir: b.dir}
	placed := func(read func(*hcl.Attribute)) func(*hcl.Attribute) {
		return func(attr *hcl.Attribute) {
			at[out.Name+" "+attr.Name] = attr.Expr.Range()
			read(attr)
		}
	}
	f := fields{
		"extends": placed(d.text(&out.Extends)),
		"bake":    d.flag(&out.Bake),
		"images":  placed(d.prefixes(out.Images)),
	}
	for _, name := range mirrors.EntryNames() {
		f[name] = placed(func(attr *hcl.Attribute) {
			v, ok := d.any(attr)
			if list, fits := d.oneOrMore(attr, v, ok); fits {
				out.Entries[name] = list
			}
		})
	}
	body, _ := s.open(b)
	d.decode("mirror", body, f, nil)
	return out
}

// any is an argument's value, of whatever type, without marks.
func (d *decoder) any(attr *hcl.Attribute) (cty.Value, bool) {
	v, ok := d.eval(attr.Expr, d.ctx)
	if !ok {
		return v, false
	}
	return d.bare(attr, v)
}

// prefixes reads images: what a reference begins with in the place of a
// registry's name.
func (d *decoder) prefixes(dst map[string][]string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		v, ok := d.any(attr)
		if !ok || v.IsNull() {
			return
		}
		if !v.Type().IsObjectType() && !v.Type().IsMapType() {
			d.diags = append(d.diags, problem(attr.Expr.Range(), "Wrong type", "images wants a map such as { \"docker.io\" = \"registry.corp.example/hub\" }."))
			return
		}
		for registry, value := range v.AsValueMap() {
			if list, fits := d.oneOrMore(attr, value, true); fits {
				dst[registry] = list
			}
		}
	}
}

// oneOrMore takes a string, or a list of strings in order of preference.
func (d *decoder) oneOrMore(attr *hcl.Attribute, v cty.Value, ok bool) ([]string, bool) {
	if !ok || v.IsNull() {
		return nil, false
	}
	if v.Type() == cty.String {
		return []string{v.AsString()}, true
	}
	list, err := convert.Convert(v, cty.List(cty.String))
	if err != nil {
		d.diags = append(d.diags, problem(attr.Expr.Range(), "Wrong type", "The argument %q wants a string, or a list of strings in order of preference.", attr.Name))
		return nil, false
	}
	var out []string
	for _, item := range list.AsValueSlice() {
		if !item.IsNull() {
			out = append(out, item.AsString())
		}
	}
	return out, true
}

// mirror reads the name of a profile.
func (d *decoder) mirror(dst *string) func(*hcl.Attribute) {
	return func(attr *hcl.Attribute) {
		d.text(dst)(attr)
		name := *dst
		if base, ok := mirrors.AutoOf(name); ok {
			name = base
		}
		if names := mirrors.ProfileNames(d.declared); name != "" && !slices.Contains(names, name) {
			d.diags = append(d.diags, problem(attr.Expr.Range(), "Unknown mirror profile", "There is no mirror profile %q.%s", *dst, suggest(*dst, names)))
		}
	}
}
