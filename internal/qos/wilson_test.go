package qos

import "testing"

// The interval of none and of all begins and ends there: nothing like 2e-19 stands in a
// file that programs read.
func TestWilsonEndsExactly(t *testing.T) {
	for n := 1.0; n < 1e6; n = n*1.7 + 1 {
		for _, z := range []float64{1, Z95, 3} {
			if low, high := Wilson(0, n, z); low != 0 || !(high > 0 && high < 1) {
				t.Errorf("none of %v at z %v: %v to %v", n, z, low, high)
			}
			if low, high := Wilson(1, n, z); high != 1 || !(low > 0 && low < 1) {
				t.Errorf("all of %v at z %v: %v to %v", n, z, low, high)
			}
		}
	}
}
