package chart

import (
	"math"

	"gonum.org/v1/plot"

	"qosreport/internal/report"
)

// scale is a stretch of an axis with round ends and ticks at round values.
type scale struct {
	low, high float64
	step      float64
	percent   bool
}

// linear is a scale around the values from low to high with about so many steps. It
// begins at 0 where that costs little, and a percentage ends at 100.
func linear(low, high float64, steps int, percent bool) scale {
	if low > 0 && low < high/2 {
		low = 0
	}
	if high-low <= 1e-9*math.Abs(high) {
		around := math.Max(math.Abs(low)/10, 1e-3)
		if percent && low >= 0 && high <= 1 {
			low, high = math.Max(low-around, 0), math.Min(high+around, 1)
		} else {
			low, high = low-around, high+around
		}
	}
	s := scale{step: roundStep((high - low) / float64(steps)), percent: percent}
	s.low = math.Floor(low/s.step+1e-9) * s.step
	s.high = math.Ceil(high/s.step-1e-9) * s.step
	if percent && high <= 1 {
		s.high = math.Min(s.high, 1)
	}
	return s
}

// counts is a scale of whole numbers from 0 to most.
func counts(most float64) scale {
	s := linear(0, math.Max(most, 1), 4, false)
	s.step = math.Ceil(s.step)
	s.high = math.Ceil(s.high/s.step) * s.step
	return s
}

// roundStep is the least of 1, 2, 2.5 and 5 times a power of ten that is not below step.
func roundStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 2.5, 5} {
		if step <= factor*power*(1+1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// mostTicks ends the ticks of scales beyond what numbers can tell apart.
const mostTicks = 40

// ticks are at the multiples of the step.
func (s scale) ticks() []plot.Tick {
	shown, unit := 1.0, ""
	if s.percent {
		shown, unit = 100, "\u00a0%"
	}
	decimals := 0
	for step := s.step * shown; decimals < 6 && math.Abs(step-math.Round(step)) > 1e-6*step; step *= 10 {
		decimals++
	}
	var ticks []plot.Tick
	for i := range mostTicks {
		v := s.low + float64(i)*s.step
		if v > s.high+s.step/2 {
			break
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: report.FormatNumber(v*shown, decimals) + unit})
	}
	return ticks
}
