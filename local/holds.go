package local

import (
	"context"
	"sync"
)

// holds lets one at a time do something, by a key. The zero value holds nothing.
type holds struct {
	mu  sync.Mutex
	all map[string]*hold
}

// hold is a key that somebody has or waits for.
type hold struct {
	turn  chan struct{} // full while somebody has it
	users int           // who has it, and who waits
}

// take waits until nobody else has the key.
func (h *holds) take(ctx context.Context, key string) (release func(), err error) {
	one := h.join(key)
	select {
	case one.turn <- struct{}{}:
		return func() { <-one.turn; h.leave(key) }, nil
	case <-ctx.Done():
		h.leave(key)
		return nil, context.Cause(ctx)
	}
}

func (h *holds) join(key string) *hold {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.all[key]
	if one == nil {
		if h.all == nil {
			h.all = map[string]*hold{}
		}
		one = &hold{turn: make(chan struct{}, 1)}
		h.all[key] = one
	}
	one.users++
	return one
}

func (h *holds) leave(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.all[key]
	if one.users--; one.users == 0 {
		delete(h.all, key)
	}
}
