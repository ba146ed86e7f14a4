package local

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/local/engine"
)

const (
	largestFile     = 10 << 30 // bytes
	longestProcFile = 1 << 20
	pieceSize       = 256 << 10 // a form's reader takes small pieces, each of which would be a call of the system
	mostParts       = 10_000    // of one upload
	metadataHead    = "X-Metadata-"
)

// fileUser is whose request about files it is: of its signature, or of its header.
func (x *box) fileUser(r *http.Request, operation string) (string, error) {
	query := r.URL.Query()
	user := query.Get("username")
	if query.Has("signature") {
		return user, x.checkSignature(query.Get("signature"), query.Get("path"), operation, user, query.Get("signature_expiration"))
	}
	if user != "" {
		return user, nil
	}
	user, err := userOf(r.Header)
	if err != nil {
		return "", refuse(http.StatusUnauthorized, "%s", err)
	}
	return user, nil
}

// signed finds the sandbox that a signed link is for: on one address for all of
// them, nothing else in it says so.
func (b *boxes) signed(r *http.Request) *box {
	query := r.URL.Query()
	operation := "read"
	if r.Method == http.MethodPost {
		operation = "write"
	}
	for _, x := range b.list() {
		err := x.checkSignature(query.Get("signature"), query.Get("path"), operation, query.Get("username"), query.Get("signature_expiration"))
		if err == nil || errors.Is(err, errExpired) {
			return x
		}
	}
	return nil
}

var errExpired = refuse(http.StatusUnauthorized, "signature is already expired")

// checkSignature checks a link that its holder may use without the token.
func (x *box) checkSignature(got, name, operation, user, expiration string) error {
	text := strings.Join([]string{name, operation, user, x.token}, ":")
	if expiration != "" {
		text += ":" + expiration
	}
	sum := sha256.Sum256([]byte(text))
	if !same(strings.TrimRight(got, "="), "v1_"+base64.RawStdEncoding.EncodeToString(sum[:])) {
		return refuse(http.StatusUnauthorized, "invalid signature")
	}
	if expiration == "" {
		return nil
	}
	if at, err := strconv.ParseInt(expiration, 10, 64); err != nil || time.Now().Unix() > at {
		return errExpired
	}
	return nil
}

// fileRefusal is fileError for plain HTTP.
func fileRefusal(err error) error {
	codes := map[connect.Code]int{
		connect.CodeNotFound: http.StatusNotFound, connect.CodeInvalidArgument: http.StatusBadRequest, connect.CodeUnauthenticated: http.StatusUnauthorized,
		connect.CodePermissionDenied: http.StatusForbidden, connect.CodeAlreadyExists: http.StatusConflict, connect.CodeResourceExhausted: http.StatusInsufficientStorage,
	}
	var refused *apiError
	if err == nil || errors.As(err, &refused) {
		return err
	}
	var told *connect.Error
	if errors.As(fileError(err), &told) && codes[told.Code()] != 0 {
		return &apiError{codes[told.Code()], told.Message()}
	}
	return err
}

// download answers with a file: all of it or a range, compressed where the
// client asks for that.
func download(w http.ResponseWriter, r *http.Request) error {
	x := boxOf(r.Context())
	user, err := x.fileUser(r, "read")
	if err != nil {
		return err
	}
	at, err := x.locate(r.URL.Query().Get("path"), user)
	if err != nil {
		return fileRefusal(err)
	}
	file, err := x.root.Open(at.path)
	switch {
	case errors.Is(err, syscall.EISDIR):
		return refuse(http.StatusBadRequest, "path '%s' is a directory", at.path)
	case errors.Is(err, syscall.EINVAL):
		return refuse(http.StatusBadRequest, "path '%s' is no regular file", at.path)
	case err != nil:
		return fileRefusal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fileRefusal(err)
	}
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": path.Base(at.path)}))
	if e, err := x.root.Stat(at.path); err == nil {
		for key, value := range e.Metadata {
			h.Set(metadataHead+key, value)
		}
	}
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Header.Get("Range") == "" && info.Size() > 0 && worthPacking(r, info.Size()) {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, err := io.Copy(packed, file)
		if err = errors.Join(err, packed.Close()); err != nil {
			panic(http.ErrAbortHandler) // the answer has begun
		}
		return nil
	}
	h.Set("Content-Type", "application/octet-stream")
	if info.Size() == 0 { // those of /proc do not say how long they are
		text, err := io.ReadAll(io.LimitReader(file, longestProcFile))
		if err != nil {
			return fileRefusal(err)
		}
		http.ServeContent(w, r, "", info.ModTime(), bytes.NewReader(text))
		return nil
	}
	http.ServeContent(w, r, "", info.ModTime(), file)
	return nil
}

// smallEnough is how large a file is compressed for a client on this machine:
// more takes longer than to send it.
const smallEnough = 64 << 10

func worthPacking(r *http.Request, size int64) bool {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	here := net.ParseIP(host).IsLoopback()
	return acceptsGzip(r.Header.Get("Accept-Encoding")) && (!here || size <= smallEnough)
}

// acceptsGzip reports whether a client wants gzip above all: those that would
// rather have the bytes themselves, such as browsers' video players, say so.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.TrimSpace(q) != "q=0"
		}
	}
	return false
}

// uploaded is a file that was written.
type uploaded struct {
	Path     string            `json:"path"`
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// uploadFiles writes files: the one that is the body, or the parts of a form.
func uploadFiles(w http.ResponseWriter, r *http.Request) error {
	x := boxOf(r.Context())
	user, err := x.fileUser(r, "write")
	if err != nil {
		return err
	}
	u := &uploading{x: x, user: user, metadata: metadataOf(r.Header), into: r.URL.Query().Get("path")}
	body, err := plainBody(r)
	if err != nil {
		return err
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "multipart/form-data":
		err = u.form(multipart.NewReader(bufio.NewReaderSize(body, pieceSize), params["boundary"]), params["boundary"])
	case "application/octet-stream":
		if u.into == "" {
			return refuse(http.StatusBadRequest, "path is required")
		}
		err = u.write(u.into, body)
	default:
		return refuse(http.StatusUnsupportedMediaType, "unsupported content type: %s", r.Header.Get("Content-Type"))
	}
	if err != nil {
		return fileRefusal(err)
	}
	return reply(w, http.StatusOK, u.done)
}

// plainBody is the body without its compression.
func plainBody(r *http.Request) (io.Reader, error) {
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return r.Body, nil
	case "gzip":
		plain, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "reading the body: %s", err)
		}
		return plain, nil
	default:
		return nil, refuse(http.StatusBadRequest, "unsupported content encoding: %s", encoding)
	}
}

func metadataOf(h http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		if key, ok := strings.CutPrefix(name, metadataHead); ok && len(values) > 0 {
			out[strings.ToLower(key)] = values[0]
		}
	}
	return out
}

// uploading is one request that writes files.
type uploading struct {
	x        *box
	user     string
	into     string // of the query; wins over the name of the one part
	metadata map[string]string
	done     []uploaded
}

func (u *uploading) form(parts *multipart.Reader, boundary string) error {
	u.done = []uploaded{}
	if boundary == "" {
		return refuse(http.StatusBadRequest, "the form has no boundary")
	}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return refuse(http.StatusBadRequest, "reading the form: %s", err)
		case n == mostParts:
			return refuse(http.StatusBadRequest, "the form has more than %d parts", mostParts)
		case part.FormName() != "file":
			continue
		}
		name := partPath(part.Header.Get("Content-Disposition"))
		if u.into != "" {
			name = u.into
		}
		switch {
		case name == "":
			return refuse(http.StatusBadRequest, "a part of the form has no file name")
		case u.into != "" && len(u.done) > 0:
			return refuse(http.StatusBadRequest, "the path of the query is for one file alone")
		}
		if err := u.write(name, part); err != nil {
			return err
		}
	}
}

// partPath is the file name of a part with its directories, which the standard
// library takes away.
func partPath(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return ""
	}
	return params["filename"]
}

// write writes one file.
func (u *uploading) write(name string, body io.Reader) (err error) {
	at, err := u.x.locate(name, u.user)
	if err != nil {
		return err
	}
	file, err := u.x.root.Create(at.path, at.user)
	if errors.Is(err, syscall.EISDIR) {
		return refuse(http.StatusBadRequest, "path is a directory: %s", at.path)
	}
	if err != nil {
		return err
	}
	gathered := bufio.NewWriterSize(file, pieceSize)
	n, err := io.Copy(gathered, io.LimitReader(body, largestFile+1))
	if err == nil {
		err = gathered.Flush()
	}
	if err == nil {
		err = engine.SetMetadata(file, u.metadata)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", at.path, err)
	}
	if n > largestFile {
		return refuse(http.StatusRequestEntityTooLarge, "a file has at most %d bytes", int64(largestFile))
	}
	one := uploaded{Path: at.path, Name: path.Base(at.path), Type: "file"}
	if len(u.metadata) > 0 {
		one.Metadata = maps.Clone(u.metadata)
	}
	u.done = append(u.done, one)
	return nil
}

// envdMetrics tells what a sandbox uses.
func envdMetrics(w http.ResponseWriter, r *http.Request) error {
	m, err := boxOf(r.Context()).metrics()
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{
		"ts": m.at.Unix(), "cpu_count": m.cpus, "cpu_used_pct": m.cpuPercent, "mem_total": m.memoryTotal, "mem_used": m.memoryUsed,
		"mem_total_mib": m.memoryTotal >> 20, "mem_used_mib": m.memoryUsed >> 20, "mem_cache": 0, "disk_used": m.diskUsed, "disk_total": m.diskTotal,
	})
}
