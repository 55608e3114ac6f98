package chart

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot"
)

func labels(ticks []plot.Tick) []string {
	all := make([]string, len(ticks))
	for i, t := range ticks {
		all[i] = t.Label
	}
	return all
}

func TestScales(t *testing.T) {
	tests := []struct {
		name      string
		low, high float64
		percent   bool
		want      []string
	}{
		{"begins at 0 where that costs little", 3, 19, false, []string{"0", "5", "10", "15", "20"}},
		{"stays away from 0 where that would flatten", 93.1, 94.7, false, []string{"93.0", "93.5", "94.0", "94.5", "95.0"}},
		{"percentages", 0.009, 0.0301, true, []string{"0\u00a0%", "1\u00a0%", "2\u00a0%", "3\u00a0%", "4\u00a0%"}},
		{"percentages end at 100", 0.88, 0.999, true, []string{"85\u00a0%", "90\u00a0%", "95\u00a0%", "100\u00a0%"}},
		{"near 100", 0.995, 1, true, []string{"99.4\u00a0%", "99.6\u00a0%", "99.8\u00a0%", "100.0\u00a0%"}},
		{"one value", 5, 5, false, []string{"4.50", "4.75", "5.00", "5.25", "5.50"}},
		{"nothing but zeros", 0, 0, true, []string{"0.000\u00a0%", "0.025\u00a0%", "0.050\u00a0%", "0.075\u00a0%", "0.100\u00a0%"}},
		{"below 0", -3, 4, false, []string{"−4", "−2", "0", "2", "4"}},
		{"thousands", 0, 20495, false, []string{"0", "10\u202f000", "20\u202f000", "30\u202f000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := labels(linear(tt.low, tt.high, 4, tt.percent).ticks()); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzScalesHoldTheirValues(f *testing.F) {
	f.Add(0.0, 1.0, true)
	f.Add(5.0, 5.0, false)
	f.Add(-1e9, 1e-9, false)
	f.Add(-50.0, -50.0, true)
	f.Add(1e15, 1e15+1, false)
	f.Fuzz(func(t *testing.T, low, high float64, percent bool) {
		if !(low <= high) || math.Abs(low) > 1e100 || math.Abs(high) > 1e100 {
			return
		}
		s := linear(low, high, 4, percent)
		slack := 1e-6 * (math.Abs(low) + math.Abs(high) + s.step)
		if !(s.low <= low+slack) || !(s.high >= high-slack) || !(s.low < s.high) {
			t.Errorf("%v to %v: scale %+v", low, high, s)
		}
		if n := len(s.ticks()); n < 2 || n > mostTicks {
			t.Errorf("%v to %v: %d ticks", low, high, n)
		}
	})
}
