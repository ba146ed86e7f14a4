package local

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

// place is where something stands in a list: the newest first, then by id.
type place struct {
	made time.Time
	id   string
}

func (p place) compare(q place) int {
	if c := q.made.Compare(p.made); c != 0 {
		return c
	}
	return strings.Compare(p.id, q.id)
}

// token is the place as E2B writes it for the next page.
func (p place) token() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.made.UTC().Format(time.RFC3339Nano) + "__" + p.id))
}

func parseToken(token string) (place, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	made, id, ok := strings.Cut(string(text), "__")
	at, timeErr := time.Parse(time.RFC3339Nano, made)
	if err != nil || !ok || timeErr != nil {
		return place{}, refuse(http.StatusBadRequest, "Invalid next token")
	}
	return place{at, id}, nil
}

func newestFirst[T any](list []T, of func(T) place) {
	slices.SortFunc(list, func(a, b T) int { return of(a).compare(of(b)) })
}

// paged sorts a list and cuts out the page that a request wants. What is
// deleted between two pages moves nothing.
func paged[T any](w http.ResponseWriter, r *http.Request, list []T, of func(T) place) ([]T, error) {
	limit, err := number(r, "limit", 100, 1, 100)
	if err != nil {
		return nil, err
	}
	newestFirst(list, of)
	compare := place.compare
	if r.URL.Query().Get("order") == "asc" {
		slices.Reverse(list)
		compare = func(p, q place) int { return q.compare(p) }
	}
	if token := r.URL.Query().Get("nextToken"); token != "" {
		last, err := parseToken(token)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(v T) bool { return compare(last, of(v)) >= 0 })
	}
	if len(list) > limit {
		list = list[:limit]
		w.Header().Set("X-Next-Token", of(list[limit-1]).token())
	}
	return list, nil
}
