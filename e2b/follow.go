package e2b

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	pageSize     = 100
	shortestPoll = 200 * time.Millisecond
	prefetch     = 4 // pages asked for at once while the log is long
)

// FollowOptions say what to do with what comes. The functions are called by
// one goroutine at a time, in the order of the log.
type FollowOptions struct {
	Offset    int           // entries that are known already
	Poll      time.Duration // how soon an idle build is asked again, at first; 0: 200 ms
	OnEntries func([]LogEntry)
	OnRetry   func(err error, wait time.Duration)
}

// Status returns one page of a build's status.
func (c *Client) Status(ctx context.Context, templateID, buildID string, offset int) (BuildStatus, error) {
	var out BuildStatus
	_, err := c.do(ctx, statusCall(templateID, buildID, offset, &out))
	return out, err
}

func statusCall(templateID, buildID string, offset int, out *BuildStatus) call {
	return call{
		method: http.MethodGet, path: "/templates/" + url.PathEscape(templateID) + "/builds/" + url.PathEscape(buildID) + "/status",
		query: url.Values{"logsOffset": {strconv.Itoa(offset)}}, out: out, repeat: true,
	}
}

// Follow waits for the end of a build and hands out its log up to the last
// entry. It goes on through lost connections, rate limits and server errors for
// as long as ctx lives; only a refusal ends it.
func (c *Client) Follow(ctx context.Context, templateID, buildID string, opts FollowOptions) (BuildStatus, error) {
	f := follower{client: c, templateID: templateID, buildID: buildID, opts: opts, offset: opts.Offset, shortest: opts.Poll, widest: prefetch}
	if f.shortest == 0 {
		f.shortest = shortestPoll
	}
	f.poll = f.shortest
	for {
		pages, err := f.ask(ctx)
		if err != nil {
			if err := f.retry(ctx, err); err != nil {
				return BuildStatus{}, err
			}
			continue
		}
		f.wait = 0
		last, full := f.take(pages)
		switch {
		case full:
			f.poll = f.shortest
			f.wide = min(max(2, 2*f.wide), f.widest)
			continue
		case last.Status.Done() && len(last.LogEntries) == 0:
			return last, nil
		case last.Status.Done():
			f.wide = 1
			continue // once more: an empty page is the end of the log
		}
		f.wide = 1
		if len(last.LogEntries) > 0 {
			f.poll = f.shortest
		}
		if err := sleep(ctx, f.poll); err != nil {
			return BuildStatus{}, err
		}
		f.poll = min(f.poll*3/2, 10*f.shortest)
	}
}

// Logs hands out the log of a build as far as it is there.
func (c *Client) Logs(ctx context.Context, templateID, buildID string, each func([]LogEntry)) error {
	f := follower{opts: FollowOptions{OnEntries: each}}
	for {
		page, err := c.Status(ctx, templateID, buildID, f.offset)
		if err != nil {
			return err
		}
		if last, _ := f.take([]BuildStatus{page}); len(last.LogEntries) == 0 {
			return nil
		}
	}
}

// follower is where following a build stands.
type follower struct {
	client              *Client
	templateID, buildID string
	opts                FollowOptions
	offset              int
	first               LogEntry // of the log, once it came
	wide                int      // pages to ask for at once
	widest              int      // what that may grow to
	poll, wait          time.Duration
	shortest            time.Duration // of poll; it grows to ten times that
}

// ask fetches the next pages. Pages after one that is not full are empty or
// begin elsewhere than asked for, so take drops them.
func (f *follower) ask(ctx context.Context) ([]BuildStatus, error) {
	pages := make([]BuildStatus, max(f.wide, 1))
	errs := make(chan error, len(pages))
	for i := range pages {
		one := func() {
			_, err := f.client.once(ctx, statusCall(f.templateID, f.buildID, f.offset+i*pageSize, &pages[i]), nil)
			errs <- err
		}
		if i == len(pages)-1 {
			one()
		} else {
			go one()
		}
	}
	var failed error
	for range pages {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return pages, failed
}

// take hands out what is new, up to the first page that is not full, and
// returns that page, or the last one.
func (f *follower) take(pages []BuildStatus) (last BuildStatus, full bool) {
	for _, page := range pages {
		asked := len(page.LogEntries)
		page.LogEntries = f.fresh(page.LogEntries)
		f.offset += len(page.LogEntries)
		if f.opts.OnEntries != nil && len(page.LogEntries) > 0 {
			f.opts.OnEntries(page.LogEntries)
		}
		if asked != pageSize { // a longer one overlaps what was asked for next
			return page, false
		}
		last = page
	}
	return last, len(last.LogEntries) > 0
}

// fresh leaves out what is known already of a page. There are servers that
// ignore the offset: they would repeat the log for ever.
func (f *follower) fresh(page []LogEntry) []LogEntry {
	if len(page) == 0 {
		return page
	}
	if f.offset == 0 {
		f.first = page[0]
	} else if at := page[0]; at.Message == f.first.Message && at.Timestamp.Equal(f.first.Timestamp) {
		return page[min(f.offset, len(page)):]
	}
	return page
}

// retry waits before asking again, or returns the error that ends it all.
func (f *follower) retry(ctx context.Context, err error) error {
	var refused *Error
	if ctx.Err() != nil || untrusted(err) || errors.As(err, &refused) && !refused.Temporary() {
		return err
	}
	f.wait = min(max(2*f.wait, firstWait), longestWait)
	wait := jitter(f.wait)
	f.wide = 1
	if refused != nil {
		wait = max(wait, refused.RetryAfter)
		if refused.StatusCode == http.StatusTooManyRequests {
			f.widest = 1
		}
	}
	if f.opts.OnRetry != nil {
		f.opts.OnRetry(err, wait)
	}
	return sleep(ctx, wait)
}
