package qos

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestBaselineDays(t *testing.T) {
	all := func(string) bool { return true }
	except := func(days ...string) func(string) bool {
		return func(day string) bool { return !slices.Contains(days, day) }
	}
	tests := []struct {
		name, day string
		has       func(string) bool
		kind      BaselineKind
		count     int
		days      string // the first and last ones, or all
	}{
		{"four Tuesdays", "2017-09-12", all, SameWeekday, 4, "2017-08-15 2017-08-22 2017-08-29 2017-09-05"},
		{"over the turn of a year", "2018-01-02", all, SameWeekday, 4, "2017-12-05 2017-12-12 2017-12-19 2017-12-26"},
		{"a Sunday after clocks change", "2017-11-05", all, SameWeekday, 4, "2017-10-08 2017-10-15 2017-10-22 2017-10-29"},
		{"a Tuesday is missing", "2017-09-12", except("2017-08-22"), SameSort, 19, "2017-08-15 2017-08-16 … 2017-09-08 2017-09-11"},
		{"a Sunday is missing", "2017-09-10", except("2017-09-03"), SameSort, 7, "2017-08-13 2017-08-19 … 2017-09-02 2017-09-09"},
		{"seven days of weekends are the fewest", "2017-09-10", except("2017-09-03", "2017-08-13"), None, 0, ""},
		{"not of days to come", "2017-09-12", func(day string) bool { return day >= "2017-09-12" }, None, 0, ""},
		{"seven working days", "2017-09-12", func(day string) bool { return day >= "2017-09-01" }, SameSort, 7, "2017-09-01 2017-09-04 … 2017-09-08 2017-09-11"},
		{"six working days", "2017-09-12", func(day string) bool { return day >= "2017-09-02" }, None, 0, ""},
		{"nothing", "2017-09-12", func(string) bool { return false }, None, 0, ""},
		{"no date", "yesterday", all, None, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			days, kind := BaselineDays(tt.day, tt.has)
			text := days
			if len(days) > 4 {
				text = slices.Concat(days[:2], []string{"…"}, days[len(days)-2:])
			}
			if kind != tt.kind || len(days) != tt.count || strings.Join(text, " ") != tt.days {
				t.Errorf("got %q, %v", kind, days)
			}
		})
	}
}

func TestRobustZ(t *testing.T) {
	jitter := []float64{2.1, 1.9, 2.3, 2.0, 2.2, 1.8, 2.4, 2.1}
	before := slices.Clone(jitter)
	if got := Median(jitter); !near(got, 2.1, 1e-12) {
		t.Errorf("median %v", got)
	}
	if got := MAD(jitter); !near(got, 0.15, 1e-12) {
		t.Errorf("MAD %v", got)
	}
	if !slices.Equal(jitter, before) {
		t.Errorf("the values are in another order: %v", jitter)
	}
	tests := []struct {
		name   string
		x      float64
		values []float64
		floor  float64
		want   float64
	}{
		{"of a MAD", 3.4, jitter, 0, 5.845666667},
		{"below", 0.8, jitter, 0, -5.845666667},
		{"of the mean deviation, where the MAD is 0", 9, []float64{5, 5, 5, 5, 5, 6}, 0, 19.149231557},
		{"of nothing but one value", 9, []float64{5, 5, 5}, 0, math.Inf(1)},
		{"below nothing but one value", 1, []float64{5, 5, 5}, 0, math.Inf(-1)},
		{"unchanged", 5, []float64{5, 5, 5}, 0, 0},
		{"the median of unequal ones", 5, []float64{5, 5, 5, 5, 5, 6}, 0, 0},
		{"a floor", 9, []float64{5, 5, 5, 5, 5, 6}, 0.05, 0.6745 * 4 / 0.25},
		{"a floor below the MAD", 3.4, jitter, 0.05, 5.845666667},
		{"a floor of negatives", -9, []float64{-5, -5, -5}, 0.05, 0.6745 * -4 / 0.25},
		{"a floor of zero", 1, []float64{0, 0, 0, 6}, 0.05, 1 / (1.253314 * 1.5)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := RobustZFloor(tt.x, tt.values, tt.floor); got != tt.want && !near(got, tt.want, 1e-8) {
				t.Errorf("got %.9f, want %.9f", got, tt.want)
			}
		})
	}
	if got := RobustZ(1, nil); !math.IsNaN(got) {
		t.Errorf("without values: %v", got)
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 5}, 5}, {[]float64{1, 2, 3, 100}, 2.5}, {[]float64{-1, 1}, 0},
	} {
		if got := Median(tt.values); got != tt.want {
			t.Errorf("%v: got %v", tt.values, got)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("of nothing: %v", got)
	}
}
