package local

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	linkLife     = 30 * time.Minute
	maxUpload    = 32 << 30 // bytes of one archive; the disk ends before
	halfUploaded = "upload-"
)

// uploads holds the archives of COPY steps, by their hash, and the links that
// they may still come through.
type uploads struct {
	dir string

	mu    sync.Mutex
	links map[string]link // by token
}

type link struct {
	hash    string
	expires time.Time
}

// open makes the directory and throws away what an upload that was cut off
// left.
func (u *uploads) open() error {
	if err := os.MkdirAll(u.dir, 0o700); err != nil {
		return fmt.Errorf("making %s: %w", u.dir, err)
	}
	entries, err := os.ReadDir(u.dir)
	if err != nil {
		return fmt.Errorf("reading %s: %w", u.dir, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), halfUploaded) {
			err = errors.Join(err, os.Remove(filepath.Join(u.dir, e.Name())))
		}
	}
	u.links = map[string]link{}
	return err
}

func (u *uploads) path(hash string) string { return filepath.Join(u.dir, hash+".tar.gz") }

// has reports whether an archive is here; it stays for a while, since whoever
// asked relies on it.
func (u *uploads) has(hash string) bool {
	return os.Chtimes(u.path(hash), time.Time{}, time.Now()) == nil
}

// forget removes an archive. Who reads it reads on.
func (u *uploads) forget(hash string) { _ = os.Remove(u.path(hash)) }

// offer makes a link for an archive of that hash.
func (u *uploads) offer(hash string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for token, l := range u.links {
		if time.Now().After(l.expires) {
			delete(u.links, token)
		}
	}
	token := randomID(40)
	u.links[token] = link{hash, time.Now().Add(linkLife)}
	return token
}

func (u *uploads) hash(token string) (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	l, ok := u.links[token]
	return l.hash, ok && time.Now().Before(l.expires)
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// fileLink is GET /templates/{id}/files/{hash}.
func (s *Server) fileLink(w http.ResponseWriter, r *http.Request) error {
	hash := r.PathValue("hash")
	if !hashForm.MatchString(hash) {
		return refuse(http.StatusBadRequest, "Invalid files hash")
	}
	s.store.mu.Lock()
	_, err := s.named(r.PathValue("id"))
	s.store.mu.Unlock()
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, map[string]any{
		"present": s.uploads.has(hash), "url": scheme(r) + r.Host + "/_upload/" + s.uploads.offer(hash),
	})
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https://"
	}
	return "http://"
}

// upload is where the links lead. Like the object store behind E2B it wants
// the length before the body.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) error {
	hash, ok := s.uploads.hash(r.PathValue("token"))
	switch {
	case !ok:
		return refuse(http.StatusForbidden, "the upload link is unknown or has expired")
	case r.ContentLength < 0:
		return refuse(http.StatusNotImplemented, "a transfer without Content-Length is not implemented")
	case r.ContentLength > maxUpload:
		return refuse(http.StatusRequestEntityTooLarge, "the archive is larger than %d bytes", int64(maxUpload))
	}
	err := s.uploads.keep(hash, r.Body, r.ContentLength)
	if errors.Is(err, syscall.ENOSPC) {
		return refuse(http.StatusInsufficientStorage, "no space left on device for the archive")
	}
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, nil)
}

// keep stores an archive whole or not at all.
func (u *uploads) keep(hash string, body io.Reader, length int64) (err error) {
	file, err := os.CreateTemp(u.dir, halfUploaded)
	if err != nil {
		return fmt.Errorf("storing an archive: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	n, err := io.Copy(file, body)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("storing an archive: %w", err)
	}
	if n != length {
		return refuse(http.StatusBadRequest, "the archive has %d bytes, Content-Length said %d", n, length)
	}
	return os.Rename(file.Name(), u.path(hash))
}
