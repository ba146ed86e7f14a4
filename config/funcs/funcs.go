// Package funcs holds the functions of the language: those that users know
// from Terraform and Packer, as far as they cannot change a plan from one
// minute to the next.
//
// A function depends on its arguments and on the Env alone. What it may use of
// time and memory is bounded. It reports mistakes by naming its argument.
package funcs

import (
	"time"

	"github.com/hashicorp/go-cty-funcs/cidr"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Mark is what a value is marked with; it goes with everything made of it.
type Mark string

// The marks.
const (
	Sensitive Mark = "sensitive" // must never be shown
	Fleeting  Mark = "fleeting"  // differs from run to run
)

// Env is the world that functions see.
type Env struct {
	Dir    string              // where relative paths start
	Getenv func(string) string // nil: no variable is set
	Now    time.Time           // zero: there is no timestamp()
}

// Table returns the functions by name.
func Table(env Env) map[string]function.Function {
	out := make(map[string]function.Function, len(plain)+16)
	for name, f := range plain {
		out[name] = f
	}
	for name, f := range files(env.Dir) {
		out[name] = f
	}
	out["env"] = envFunc(env.Getenv)
	if !env.Now.IsZero() {
		out["timestamp"] = timestamp(env.Now)
	}
	out["templatefile"] = templateFile(env.Dir, out)
	return out
}

// plain are the functions that depend on their arguments alone.
var plain = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc, "max": stdlib.MaxFunc,
	"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc, "sum": sum,

	"chomp": stdlib.ChompFunc, "format": limited(stdlib.FormatFunc, narrow), "formatlist": limited(limited(stdlib.FormatListFunc, narrow), times),
	"indent": limited(stdlib.IndentFunc, indentation), "join": limited(stdlib.JoinFunc, times), "lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc,
	"regexall": stdlib.RegexAllFunc, "regex_replace": limited(stdlib.RegexReplaceFunc, everywhere), "replace": limited(replace, replacing), "split": stdlib.SplitFunc,
	"strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc,
	"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,
	"startswith": startsWith, "endswith": endsWith, "strcontains": strContains,

	"alltrue": allTrue, "anytrue": anyTrue, "chunklist": stdlib.ChunklistFunc, "coalesce": coalesce, "coalescelist": stdlib.CoalesceListFunc,
	"compact": stdlib.CompactFunc, "concat": modest(stdlib.ConcatFunc), "contains": stdlib.ContainsFunc, "distinct": distinct,
	"element": stdlib.ElementFunc, "flatten": modest(stdlib.FlattenFunc), "index": index, "keys": stdlib.KeysFunc, "length": length,
	"lookup": lookup, "matchkeys": matchKeys, "merge": stdlib.MergeFunc, "one": one, "range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc,
	"setintersection": stdlib.SetIntersectionFunc, "setproduct": limited(stdlib.SetProductFunc, product), "setsubtract": stdlib.SetSubtractFunc,
	"setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "transpose": transpose, "values": stdlib.ValuesFunc,
	"zipmap": stdlib.ZipmapFunc,

	"tostring": toType(cty.String), "tonumber": toType(cty.Number), "tobool": toType(cty.Bool),
	"tolist": toType(cty.List(cty.DynamicPseudoType)), "toset": toType(cty.Set(cty.DynamicPseudoType)), "tomap": toType(cty.Map(cty.DynamicPseudoType)),

	"base64encode": base64Encode, "base64decode": base64Decode, "base64gzip": base64Gzip, "urlencode": urlEncode, "urldecode": urlDecode,
	"csvdecode": stdlib.CSVDecodeFunc, "jsondecode": modest(stdlib.JSONDecodeFunc), "jsonencode": limited(stdlib.JSONEncodeFunc, shortText),
	"yamldecode": modest(ctyyaml.YAMLDecodeFunc), "yamlencode": limited(ctyyaml.YAMLEncodeFunc, shortText),

	"md5": md5Sum, "sha1": sha1Sum, "sha256": sha256Sum, "sha512": sha512Sum, "base64sha256": base64sha256, "base64sha512": base64sha512, "uuidv5": uuidV5,

	"basename": baseName, "dirname": dirName, "formatdate": stdlib.FormatDateFunc, "timeadd": stdlib.TimeAddFunc, "timecmp": timeCompare,
	"cidrhost": cidr.HostFunc, "cidrnetmask": cidr.NetmaskFunc, "cidrsubnet": cidr.SubnetFunc, "cidrsubnets": cidr.SubnetsFunc,

	"can": tryfunc.CanFunc, "try": tryfunc.TryFunc, "type": typeOf,
	"sensitive": marking(true), "nonsensitive": marking(false), "issensitive": isSensitive,
}
