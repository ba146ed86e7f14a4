package e2b

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
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
	for next := f.ask(ctx); ; {
		got := <-next
		if got.err != nil {
			if err := f.retry(ctx, got.err); err != nil {
				return BuildStatus{}, err
			}
			next = f.ask(ctx)
			continue
		}
		f.advance(&got)
		if got.full {
			next = f.ask(ctx) // comes while this is handed out
			f.hand(got.pages)
			continue
		}
		f.hand(got.pages)
		last := got.pages[len(got.pages)-1]
		switch {
		case !last.Status.Done():
			if err := f.idle(ctx); err != nil {
				return BuildStatus{}, err
			}
		case len(last.LogEntries) == 0: // only an empty page is the end of the log
			return last, nil
		}
		next = f.ask(ctx)
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
		got := answer{pages: []BuildStatus{page}}
		if f.advance(&got); len(got.pages[0].LogEntries) == 0 {
			return nil
		}
		f.hand(got.pages)
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

// answer is what came of asking for pages: those up to the first that is not
// of the usual size. What comes after it begins elsewhere than asked for.
type answer struct {
	pages []BuildStatus
	full  bool // so that more is there
	err   error
}

// ask fetches the next pages, meanwhile.
func (f *follower) ask(ctx context.Context) <-chan answer {
	pages, errs := make([]BuildStatus, max(f.wide, 1)), make(chan error)
	for i := range pages {
		call := statusCall(f.templateID, f.buildID, f.offset+i*pageSize, &pages[i])
		go func() {
			_, err := f.client.once(ctx, call, nil)
			errs <- err
		}()
	}
	out := make(chan answer, 1)
	go func() {
		var failed error
		for range pages {
			if err := <-errs; err != nil {
				failed = err
			}
		}
		if odd := slices.IndexFunc(pages, func(p BuildStatus) bool { return len(p.LogEntries) != pageSize }); odd >= 0 {
			pages = pages[:odd+1]
		}
		out <- answer{pages, len(pages[len(pages)-1].LogEntries) == pageSize, failed}
	}()
	return out
}

// advance moves on behind an answer, whose pages keep only what is new: soon
// and with several pages at once where the log is long.
func (f *follower) advance(got *answer) {
	f.wait = 0
	before := f.offset
	for i := range got.pages {
		page := &got.pages[i]
		page.LogEntries = f.fresh(page.LogEntries)
		f.offset += len(page.LogEntries)
	}
	if f.offset > before {
		f.poll = f.shortest
	} else {
		got.full = false
	}
	if got.full {
		f.wide = min(max(2, 2*f.wide), f.widest)
	} else {
		f.wide = 1
	}
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

func (f *follower) hand(pages []BuildStatus) {
	for _, page := range pages {
		if f.opts.OnEntries != nil && len(page.LogEntries) > 0 {
			f.opts.OnEntries(page.LogEntries)
		}
	}
}

// idle waits before a build that says nothing new is asked again, ever longer.
func (f *follower) idle(ctx context.Context) error {
	err := sleep(ctx, f.poll)
	f.poll = min(f.poll*3/2, 10*f.shortest)
	return err
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
