package qos

import (
	"math"
	"slices"
	"time"
)

// BaselineKind says which days, or rows, a figure is compared with.
type BaselineKind string

// The kinds of baselines.
const (
	None        BaselineKind = ""                 // too few days: nothing to compare with
	SameWeekday BaselineKind = "same weekday"     // of the last four weeks
	SameSort    BaselineKind = "same sort of day" // working days, or days of weekends, of the last four weeks
	RestOfDay   BaselineKind = "rest of the day"  // for what has no rows on the days before
)

const (
	baselineDays = 28 // so far back a baseline reaches
	fewestDays   = 7  // of the same sort that make a baseline
)

// BaselineDays are the days before day, as 2017-09-12, that it is compared with, in
// ascending order: the same weekday of the last four weeks when all four days have data,
// else the days of the same sort (Monday to Friday, or weekend) of the last 28 when at
// least seven have. A day that is no date has no baseline. What has reports no data for,
// like a holiday, is left out.
func BaselineDays(day string, has func(day string) bool) ([]string, BaselineKind) {
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, None
	}
	var weekday, sort []string
	for back := baselineDays; back > 0; back-- {
		before := date.AddDate(0, 0, -back)
		name := before.Format(time.DateOnly)
		if weekend(before) != weekend(date) || !has(name) {
			continue
		}
		sort = append(sort, name)
		if before.Weekday() == date.Weekday() {
			weekday = append(weekday, name)
		}
	}
	switch {
	case len(weekday) == baselineDays/7:
		return weekday, SameWeekday
	case len(sort) >= fewestDays:
		return sort, SameSort
	}
	return nil, None
}

func weekend(date time.Time) bool {
	return date.Weekday() == time.Saturday || date.Weekday() == time.Sunday
}

// Median is the middle of the values, or the mean of the two in the middle; NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return sorted[middle-1] + (sorted[middle]-sorted[middle-1])/2
}

// MAD is the median absolute deviation from the median; NaN of no values.
func MAD(values []float64) float64 { return Median(deviations(values)) }

// deviations are the distances from the median.
func deviations(values []float64) []float64 {
	median := Median(values)
	distances := make([]float64, len(values))
	for i, v := range values {
		distances[i] = math.Abs(v - median)
	}
	return distances
}

const (
	// UnusualZ is the robust z, up or down, from which the figure of a day is unusual
	// (Iglewicz and Hoaglin 1993; NIST e-Handbook 1.3.5.17).
	UnusualZ = 3.5
	// MADFloor is the share of the median that the MAD counts as at the least where days
	// are compared: a figure that has hardly moved for weeks may move a little.
	MADFloor = 0.05
)

// RobustZ is how many standard deviations x lies above the median of values, as their MAD
// shows one: 0.6745·(x - median)/MAD. Where the MAD is 0, the mean absolute deviation
// takes its place; where that is 0 too, any other value than the median is infinitely far.
// NaN without values.
func RobustZ(x float64, values []float64) float64 { return RobustZFloor(x, values, 0) }

// RobustZFloor is [RobustZ] with a MAD of at least floor times the absolute median.
func RobustZFloor(x float64, values []float64, floor float64) float64 {
	median, distances := Median(values), deviations(values)
	if mad := max(Median(distances), floor*math.Abs(median)); mad != 0 {
		return 0.6745 * (x - median) / mad
	}
	if x == median {
		return 0
	}
	mean := 0.0
	for _, d := range slices.Sorted(slices.Values(distances)) { // sorted: the same bits in any order
		mean += d / float64(len(distances))
	}
	return (x - median) / (1.253314 * mean) // infinite when the mean is 0
}
