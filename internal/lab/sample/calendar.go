package sample

import "time"

// A calendar knows the hours of local days.
type calendar struct{ zone *time.Location }

// An hour is an hour of real time with the number that the local clock shows.
type hour struct {
	start int64 // seconds since 1970
	local int
}

// hours are those of a local date: 24, or 23 and 25 when the clocks change.
func (c calendar) hours(day int64) []hour {
	year, month, dom := time.Unix(day*secondsPerDay, 0).UTC().Date()
	end := time.Date(year, month, dom+1, 0, 0, 0, 0, c.zone)
	var list []hour
	for t := time.Date(year, month, dom, 0, 0, 0, 0, c.zone); t.Before(end); t = t.Add(time.Hour) {
		list = append(list, hour{t.Unix(), t.Hour()})
	}
	return list
}

// weekdayFactors scale a day's traffic, Sunday first.
var weekdayFactors = [7]float64{.24, 1.05, 1.03, 1, 1, .92, .34}

// hourWeights are the traffic of each local hour.
var hourWeights = [24]float64{.4, .3, .2, .2, .3, .6, 1.5, 3.5, 7, 9, 9.2, 8.2, 6.2, 7.6, 9.2, 9, 7.8, 5.6, 3.6, 2.6, 1.9, 1.4, .9, .6}

// normalWeight is the sum of hourWeights.
const normalWeight = 96.8

// weights are the cumulated weights of hours.
func weights(hours []hour) weighted {
	list := make([]float64, len(hours))
	for i, h := range hours {
		list[i] = hourWeights[h.local]
	}
	return cumulate(list...)
}

func weekday(day int64) int { return int((day%7 + 11) % 7) } // 1970-01-01 was a Thursday
