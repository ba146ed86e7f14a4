package funcs

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// sums are the checksums, by the name that functions of files end in.
var sums = map[string]func([]byte) string{
	"md5":          func(b []byte) string { h := md5.Sum(b); return hex.EncodeToString(h[:]) },
	"sha1":         func(b []byte) string { h := sha1.Sum(b); return hex.EncodeToString(h[:]) },
	"sha256":       func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) },
	"sha512":       func(b []byte) string { h := sha512.Sum512(b); return hex.EncodeToString(h[:]) },
	"base64sha256": func(b []byte) string { h := sha256.Sum256(b); return base64.StdEncoding.EncodeToString(h[:]) },
	"base64sha512": func(b []byte) string { h := sha512.Sum512(b); return base64.StdEncoding.EncodeToString(h[:]) },
}

func sumOf(name string) function.Function {
	return ofText("text", func(s string) (string, error) { return sums[name]([]byte(s)), nil })
}

var (
	md5Sum, sha1Sum, sha256Sum, sha512Sum = sumOf("md5"), sumOf("sha1"), sumOf("sha256"), sumOf("sha512")
	base64sha256, base64sha512            = sumOf("base64sha256"), sumOf("base64sha512")

	base64Encode = ofText("text", func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil })
	base64Decode = ofText("text", decode64)
	base64Gzip   = ofText("text", gzip64)
	urlEncode    = ofText("text", func(s string) (string, error) { return url.QueryEscape(s), nil })
	urlDecode    = ofText("text", func(s string) (string, error) {
		out, err := url.QueryUnescape(s)
		if err != nil || !utf8.ValidString(out) {
			return "", errors.New("this is not the URL encoding of a text")
		}
		return out, nil
	})
)

func decode64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	switch {
	case err != nil:
		return "", errors.New("this is not base64")
	case !utf8.Valid(b):
		return "", errors.New("what is encoded is not a text in UTF-8")
	}
	return string(b), nil
}

// gzip64 compresses; the header holds no time, so the bytes are always the same.
func gzip64(s string) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	if err = errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("compressing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// namespaces are the well-known ones of RFC 4122.
var namespaces = map[string]uuid.UUID{"dns": uuid.NameSpaceDNS, "url": uuid.NameSpaceURL, "oid": uuid.NameSpaceOID, "x500": uuid.NameSpaceX500}

var uuidV5 = make2("namespace", "name", cty.String, func(space, name string) (cty.Value, error) {
	id, ok := namespaces[space]
	if !ok {
		var err error
		if id, err = uuid.Parse(space); err != nil {
			return cty.NilVal, function.NewArgErrorf(0, "a UUID, or one of dns, url, oid and x500, is required")
		}
	}
	return cty.StringVal(uuid.NewSHA1(id, []byte(name)).String()), nil
})

// timestamp is when this run began, marked as something that no plan may hold.
func timestamp(now time.Time) function.Function {
	text := cty.StringVal(now.UTC().Format(time.RFC3339)).Mark(Fleeting)
	return function.New(&function.Spec{
		Type: function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) { return text, nil },
	})
}

// timeCompare is -1, 0 or 1.
var timeCompare = make2("first", "second", cty.Number, func(a, b string) (cty.Value, error) {
	var times [2]time.Time
	for i, text := range []string{a, b} {
		var err error
		if times[i], err = time.Parse(time.RFC3339, text); err != nil {
			return cty.NilVal, function.NewArgErrorf(i, "a time such as 2006-01-02T15:04:05Z is required")
		}
	}
	return cty.NumberIntVal(int64(times[0].Compare(times[1]))), nil
})
