package local

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	var h holds
	var all sync.WaitGroup
	inside := map[string]int{}
	for _, key := range []string{"a", "b", "a", "b", "a", "a"} {
		all.Go(func() {
			for range 200 {
				release, err := h.take(t.Context(), key)
				if err != nil {
					t.Error(err)
					return
				}
				h.mu.Lock() // of another key than ours there may be one inside
				inside[key]++
				if inside[key] != 1 {
					t.Errorf("%d have %s", inside[key], key)
				}
				inside[key]--
				h.mu.Unlock()
				release()
			}
		})
	}
	all.Wait()
	if len(h.all) != 0 {
		t.Errorf("%d keys are left; want none", len(h.all))
	}
}

// TestHoldCancelled: who is told to stop does not wait for the other one.
func TestHoldCancelled(t *testing.T) {
	t.Parallel()
	var h holds
	release, err := h.take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := h.take(ctx, "a"); !errors.Is(err, why) {
		t.Errorf("take = %v; want %v", err, why)
	}
	release()
	if len(h.all) != 0 {
		t.Errorf("%d keys are left; want none", len(h.all))
	}
}
