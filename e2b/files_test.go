package e2b_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e2bt/e2bt/e2b/e2btest"
)

// store is an endpoint's side of an upload: it gives a fresh link for every
// question, and answers the PUTs in turn; the last answer stays.
type store struct {
	t       *testing.T
	answers []http.HandlerFunc
	headers string // of the link's answer

	mu     sync.Mutex
	links  int
	puts   []string // the links that were used
	stored []byte
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if r.Method == http.MethodGet {
		defer s.mu.Unlock()
		s.links++
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"present":%v,"url":"http://bucket.test/put/%d?signature=verysecretvalue"%s}`, s.stored != nil, s.links, s.headers)
		return
	}
	s.puts = append(s.puts, r.Host+r.URL.Path)
	answer := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	answer(w, r)
}

func (s *store) keep(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("reading an upload: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = text
}

var content = bytes.Repeat([]byte("0123456789abcdef"), 20_000)

func openContent() (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
}

func TestUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{t: t, headers: `,"headers":{"X-Ms-Blob-Type":"BlockBlob"}`}
		s.answers = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength != int64(len(content)) || len(r.TransferEncoding) > 0 {
				t.Errorf("Content-Length %d, Transfer-Encoding %v; want %d and none", r.ContentLength, r.TransferEncoding, len(content))
			}
			for name, want := range map[string]string{"X-Api-Key": "", "Authorization": "", "Cookie": "", "Content-Type": "", "X-Ms-Blob-Type": "BlockBlob"} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s = %q; want %q", name, got, want)
				}
			}
			s.keep(w, r)
		}}
		var reports [][2]int64
		progress := func(sent, total int64) { reports = append(reports, [2]int64{sent, total}) }
		c := client(t, s.ServeHTTP)
		if err := c.UploadFile(t.Context(), "t", "h", openContent, progress); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.stored, content) {
			t.Errorf("%d bytes were stored; want the %d of the file", len(s.stored), len(content))
		}
		if len(reports) == 0 || reports[len(reports)-1] != [2]int64{int64(len(content)), int64(len(content))} {
			t.Errorf("progress = %v; want the whole at the end", reports)
		}
		// What is stored already is not sent again.
		if err := c.UploadFile(t.Context(), "t", "h", openContent, nil); err != nil || len(s.puts) != 1 {
			t.Errorf("UploadFile() of what is there: %v and %d PUTs; want 1", err, len(s.puts))
		}
	})
}

// TestUploadRetries wants a fresh link for every attempt, and none after a
// refusal that no link cures.
func TestUploadRetries(t *testing.T) {
	tests := []struct {
		name  string
		fails []http.HandlerFunc
		puts  int
		fatal bool
	}{
		{"an expired link", []http.HandlerFunc{answer(403)}, 2, false},
		{"a full store", []http.HandlerFunc{answer(500), answer(503)}, 3, false},
		{"a lost connection", []http.HandlerFunc{e2btest.Cut, e2btest.Cut}, 3, false},
		{"too many requests", []http.HandlerFunc{answer(429)}, 2, false},
		{"a refusal", []http.HandlerFunc{answer(400)}, 1, true},
		{"no such method", []http.HandlerFunc{answer(501)}, 1, true},
		{"always", []http.HandlerFunc{answer(500), answer(500), answer(500), answer(500), answer(500)}, attempts, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &store{t: t}
				s.answers = append(slices.Clone(tt.fails), s.keep)
				opened := 0
				err := client(t, s.ServeHTTP).UploadFile(t.Context(), "t", "h", func() (io.ReadCloser, int64, error) {
					opened++
					return openContent()
				}, nil)
				if (err != nil) != tt.fatal || !tt.fatal && !bytes.Equal(s.stored, content) {
					t.Errorf("UploadFile() = %v, %d bytes stored", err, len(s.stored))
				}
				if len(s.puts) != tt.puts || opened != tt.puts || s.links != tt.puts {
					t.Errorf("%d PUTs, %d links, %d times opened; want %d", len(s.puts), s.links, opened, tt.puts)
				}
				if distinct := slices.Compact(slices.Sorted(slices.Values(s.puts))); len(distinct) != len(s.puts) {
					t.Errorf("links used: %v; want a fresh one each time", s.puts)
				}
			})
		})
	}
}

// A store that says when to come back is believed.
func TestUploadRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{t: t}
		s.answers = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "9")
			answer(503)(w, r)
		}, s.keep}
		start := time.Now()
		if err := client(t, s.ServeHTTP).UploadFile(t.Context(), "t", "h", openContent, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("took %s; want 9s", took)
		}
	})
}

// A store that takes nothing, or never answers, is given up after minutes.
func TestUploadHangs(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"takes nothing":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"answers nothing": e2btest.Hang,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &store{t: t}
				release := make(chan struct{})
				s.answers = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
					if name == "takes nothing" {
						<-release // a server with an unread body does not see the client go
						return
					}
					h(w, r)
				}}
				start := time.Now()
				err := client(t, s.ServeHTTP).UploadFile(t.Context(), "t", "h", openContent, nil)
				close(release)
				if err == nil || !strings.Contains(err.Error(), "nothing moved for") {
					t.Errorf("UploadFile() = %v; want an error that says that nothing moved", err)
				}
				if took := time.Since(start); took > 30*time.Minute {
					t.Errorf("took %s; want at most 30m", took)
				}
			})
		})
	}
}

// A slow store is no hanging one.
func TestUploadSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{t: t}
		s.answers = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			buf := make([]byte, 32<<10)
			for {
				n, err := io.ReadFull(r.Body, buf)
				s.mu.Lock()
				s.stored = append(s.stored, buf[:n]...)
				s.mu.Unlock()
				if err != nil {
					break
				}
				time.Sleep(time.Minute)
			}
		}}
		if err := client(t, s.ServeHTTP).UploadFile(t.Context(), "t", "h", openContent, nil); err != nil || !bytes.Equal(s.stored, content) {
			t.Errorf("UploadFile() = %v, %d bytes stored", err, len(s.stored))
		}
	})
}

// The link is a credential: it is in no error, also where the store echoes it.
func TestUploadLinkStaysSecret(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		fmt.Fprintf(w, `<Error><Code>SignatureDoesNotMatch</Code><Message>bad %s</Message><SignatureProvided>x</SignatureProvided></Error>`, r.URL.Query().Get("signature"))
	}
	for name, h := range map[string]http.HandlerFunc{"echoed": echo, "cut": e2btest.Cut, "refused": answer(400), "redirect": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://bucket.eu.test"+r.RequestURI, 307)
	}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &store{t: t, answers: []http.HandlerFunc{h}}
				err := client(t, s.ServeHTTP).UploadFile(t.Context(), "t", "h", openContent, nil)
				if err == nil || strings.Contains(err.Error(), "verysecret") || strings.Contains(err.Error(), "bucket.test") {
					t.Errorf("error = %v; want one without the link", err)
				}
			})
		})
	}
}

func TestUploadOwnTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{t: t}
		s.answers = []http.HandlerFunc{s.keep}
		opened := 0
		err := client(t, s.ServeHTTP).UploadFile(t.Context(), "t", "h", func() (io.ReadCloser, int64, error) {
			opened++
			return nil, 0, os.ErrPermission
		}, nil)
		if !errors.Is(err, os.ErrPermission) || opened != 1 {
			t.Errorf("UploadFile() = %v after opening %d times; want the error at once", err, opened)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"present":false}`) })
		if err := c.UploadFile(t.Context(), "t", "h", openContent, nil); err == nil || !strings.Contains(err.Error(), "gave no link") {
			t.Errorf("UploadFile() without a link = %v; want an error that says so", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := client(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"url":"http://bad host/x?secret"}`) })
		if err := c.UploadFile(t.Context(), "t", "h", openContent, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("UploadFile() with a bad link = %v; want an error without it", err)
		}
	})
}
