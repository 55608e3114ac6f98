package report

import (
	"math"
	"testing"

	"qosreport/internal/qos"
)

// A bar that reached beyond the scale would overlap the one of the values below it, and
// seem to hold those that are counted as above.
func TestBarsStayWithinTheScale(t *testing.T) {
	coarse := qos.Scale{Kind: qos.Log, Alpha: 0.2, Min: 100, Max: 101}
	fine := qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000}
	linear := qos.Scale{Kind: qos.Linear, Width: 3, Min: -10, Max: 3}
	tests := []struct {
		name   string
		scale  qos.Scale
		values []float64
	}{
		{"one bin is wider than the range", coarse, []float64{1, 100, 101}},
		{"both ends of a log scale", fine, []float64{0.001, 0.01, 1, 10000}},
		{"a linear scale whose last bin is cut", linear, []float64{-10, 2.9, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := qos.NewHistogram(nil, tt.scale)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range tt.values {
				if err := h.Add(nil, qos.Bin{Index: tt.scale.Index(v), N: 1}, v, v); err != nil {
					t.Fatal(err)
				}
			}
			got, n, end := bars(tt.scale, h.Table().States[0].Bins), 0.0, math.Inf(-1)
			for _, b := range got {
				if b.Low < end || b.High <= b.Low || b.High > tt.scale.Max {
					t.Errorf("bar from %v to %v after one that ends at %v, on a scale to %v", b.Low, b.High, end, tt.scale.Max)
				}
				n, end = n+b.N, b.High
			}
			if n != float64(len(tt.values)) {
				t.Errorf("the bars hold %v of %d values", n, len(tt.values))
			}
		})
	}
}
