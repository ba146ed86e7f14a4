package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPhaseOf(t *testing.T) {
	var all []time.Duration
	for i := 100; i > 0; i-- {
		all = append(all, time.Duration(i)*time.Second)
	}
	for _, tt := range []struct {
		all  []time.Duration
		want phaseTimes
	}{
		{all, phaseTimes{"create", 51, 95, 100}},
		{[]time.Duration{time.Second}, phaseTimes{"create", 1, 1, 1}},
		{[]time.Duration{3 * time.Second, time.Second}, phaseTimes{"create", 3, 3, 3}},
	} {
		if diff := cmp.Diff(tt.want, phaseOf("create", tt.all)); diff != "" {
			t.Errorf("of %d (-want +got):\n%s", len(tt.all), diff)
		}
	}
}

func TestReadSizes(t *testing.T) {
	var r benchResult
	r.read("e2bt:total 595500\ne2bt:dir 595000 /usr\ne2bt:dir 12 /with space\nnoise\ne2bt:saves 12 apt\ne2bt:saves 2048 npm\ne2bt:saves 5000 pip\ne2bt:saves -3 go\ne2bt:total\n")
	want := benchResult{
		SizeKiB: 595500, Largest: []directorySize{{"/usr", 595000}, {"/with space", 12}}, Cleanup: []cleanupSaving{{"pip", 5000}, {"npm", 2048}},
	}
	if diff := cmp.Diff(want, r, cmpopts.IgnoreUnexported(benchResult{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
