package qos

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var milliseconds = Scale{Kind: Log, Alpha: 0.01, Min: 0.0001, Max: 60000}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestLogScale(t *testing.T) {
	s := milliseconds
	if !near(s.Gamma(), 1.02020202020202, 1e-14) || !near(s.LnGamma(), 0.020000666706669435, 1e-17) {
		t.Errorf("γ %v, ln γ %v", s.Gamma(), s.LnGamma())
	}
	if got := fmt.Sprintf("%.16g", 1/s.LnGamma()); got != "49.99833328888678" {
		t.Errorf("1/ln γ is %s", got)
	}
	indices := map[float64]int32{0.001: -345, 0.5: -34, 1: 0, 1.0000001: 1, 20: 150, 150: 251, 1000: 346, 60000: 551,
		0: ZeroBin, 0.00009: ZeroBin, 60000.1: OverflowBin, -1e-9: Negative, math.Inf(1): NotFinite, math.Inf(-1): NotFinite}
	for x, want := range indices {
		if got := s.Index(x); got != want {
			t.Errorf("%v is in bin %d, want %d", x, got, want)
		}
	}
	if got := s.Index(math.NaN()); got != NotFinite {
		t.Errorf("NaN is in bin %d", got)
	}
	representatives := map[int32]float64{0: 0.99, 150: 19.886670241, 251: 149.922277157, 346: 1002.428008522, 551: 60495.061919434, ZeroBin: 0, OverflowBin: 60000}
	for index, want := range representatives {
		if got := s.Representative(index); !near(got, want, 1e-9) {
			t.Errorf("bin %d stands for %.9f, want %.9f", index, got, want)
		}
	}
}

func TestLinearScale(t *testing.T) {
	s := Scale{Kind: Linear, Width: 0.25, Min: 1, Max: 5}
	tests := []struct {
		x              float64
		index          int32
		low, high, mid float64
	}{
		{1, 0, 1, 1.25, 1.125},
		{1.2, 0, 1, 1.25, 1.125},
		{1.25, 1, 1.25, 1.5, 1.375},
		{4.999, 15, 4.75, 5, 4.875},
		{5, 16, 5, 5, 5}, // of this value alone
		{5.01, OverflowBin, 5, math.Inf(1), 5},
		{0.99, Negative, math.Inf(-1), 1, math.NaN()},
		{-2, Negative, math.Inf(-1), 1, math.NaN()},
		{math.Inf(1), NotFinite, math.NaN(), math.NaN(), math.NaN()},
	}
	for _, tt := range tests {
		index := s.Index(tt.x)
		low, high := s.Bounds(index)
		if got, want := fmt.Sprint(index, low, high, s.Representative(index)), fmt.Sprint(tt.index, tt.low, tt.high, tt.mid); got != want {
			t.Errorf("%v: got %s, want %s", tt.x, got, want)
		}
	}
}

func TestBoundsHoldTheirValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		x := math.Exp(6 * rng.NormFloat64())
		index := milliseconds.Index(x)
		low, high := milliseconds.Bounds(index)
		if !(x >= low*(1-1e-12) && x <= high*(1+1e-12)) {
			t.Fatalf("%v is in bin %d of %v to %v", x, index, low, high)
		}
		if index != ZeroBin && index != OverflowBin && !near(milliseconds.Representative(index), x, (0.01+1e-12)*x) {
			t.Fatalf("%v is %v", x, milliseconds.Representative(index))
		}
	}
	if low, high := milliseconds.Bounds(ZeroBin); low != 0 || high != milliseconds.Min {
		t.Errorf("the zero bin is %v to %v", low, high)
	}
}

func TestScalesThatCannotBe(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name  string
		scale Scale
		text  string // of the mistake; "" for none
	}{
		{"log", Scale{Kind: Log, Alpha: 0.01, Min: 0.01, Max: 10000}, ""},
		{"linear below zero", Scale{Kind: Linear, Width: 1, Min: -100, Max: 0}, ""},
		{"no kind", Scale{Alpha: 0.01, Min: 1, Max: 2}, "log or linear"},
		{"no error", Scale{Kind: Log, Min: 1, Max: 2}, "relative error"},
		{"an error of everything", Scale{Kind: Log, Alpha: 1, Min: 1, Max: 2}, "relative error"},
		{"an error that is no number", Scale{Kind: Log, Alpha: nan, Min: 1, Max: 2}, "relative error"},
		{"logarithm of zero", Scale{Kind: Log, Alpha: 0.01, Max: 2}, "above 0"},
		{"no width", Scale{Kind: Linear, Max: 2}, "width"},
		{"swapped ends", Scale{Kind: Log, Alpha: 0.01, Min: 2, Max: 1}, "empty"},
		{"no end", Scale{Kind: Log, Alpha: 0.01, Min: 2, Max: math.Inf(1)}, "no end"},
		{"an end that is no number", Scale{Kind: Linear, Width: 1, Max: nan}, "empty"},
		{"bins beyond the reserved numbers", Scale{Kind: Log, Alpha: 1e-6, Min: 0.01, Max: 10000}, "wider"},
		{"bins beyond the reserved numbers, linear", Scale{Kind: Linear, Width: 1e-6, Max: 5}, "wider"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.scale.Validate()
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

// histogram sorts values into bins as the database does: a row a key and bin, with its
// extremes, in any order.
func histogram(t testing.TB, scale Scale, groups map[string][]float64) *Table {
	t.Helper()
	h, err := NewHistogram([]string{"g"}, scale)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range groups {
		for _, x := range values {
			if err := h.Add([]Member{Text(name)}, Bin{scale.Index(x), 1}, x, x); err != nil {
				t.Fatal(err)
			}
		}
	}
	return h.Table()
}

func p(q float64) Measure { return Measure{Kind: Quantile, Q: q} }

func TestQuantilesOfAThousandValues(t *testing.T) {
	values := make([]float64, 1000)
	for i := range values {
		values[i] = float64(i + 1)
	}
	table := histogram(t, milliseconds, map[string][]float64{"a": values})
	total := table.Total()
	if len(total.Bins) != 200 {
		t.Errorf("%d bins are occupied, want 200", len(total.Bins))
	}
	for q, want := range map[float64]float64{0: 1, 0.5: 497.779401456, 0.95: 944.049257684, 0.99: 982.577948947, 1: 1000} {
		if f := p(q).Eval(table, total); !near(f.Value, want, 1e-9) || f.N != 1000 || !f.Defined {
			t.Errorf("%v: got %+v, want %.9f", q, f, want)
		}
	}
}

// Percentiles cannot be averaged: those of the parts are 400 and 500, and 500 is true.
func TestQuantilesAreOfTheMergedBins(t *testing.T) {
	table := histogram(t, milliseconds, map[string][]float64{
		"a": slices.Concat(slices.Repeat([]float64{20}, 900), slices.Repeat([]float64{400}, 100)),
		"b": slices.Repeat([]float64{500}, 100),
	})
	for i, want := range []float64{400, 500} {
		if f := p(0.95).Eval(table, table.States[i]); !near(f.Value, want, 0.01*want) {
			t.Errorf("%v: got %v, want %v", table.States[i].Key, f.Value, want)
		}
	}
	if f := p(0.95).Eval(table, table.Total()); !near(f.Value, 500, 5) || f.N != 1100 {
		t.Errorf("together: %+v", f)
	}
}

// The promise of the scheme, for every quantile of values that arrive in parts.
func TestQuantilesAreWithinTheRelativeError(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, alpha := range []float64{0.005, 0.01, 0.05} {
		for _, n := range []int{1, 2, 7, 100, 5000} {
			scale := Scale{Kind: Log, Alpha: alpha, Min: 0.01, Max: 1e6}
			groups := make(map[string][]float64)
			var all []float64
			for range n {
				x, part := 40*math.Exp(1.2*rng.NormFloat64()), string(rune('a'+rng.IntN(5)))
				groups[part], all = append(groups[part], x), append(all, x)
			}
			slices.Sort(all)
			table := histogram(t, scale, groups)
			for q := 0.0; q <= 1; q += 0.01 {
				exact := all[int(math.Floor(q*float64(n-1)))]
				if f := p(q).Eval(table, table.Total()); !near(f.Value, exact, (alpha+1e-12)*exact) {
					t.Fatalf("α %v, n %d, q %v: got %v, exact %v", alpha, n, q, f.Value, exact)
				}
			}
		}
	}
}

func TestQuantilesAtTheEndsOfTheScale(t *testing.T) {
	scale := Scale{Kind: Log, Alpha: 0.01, Min: 1, Max: 100}
	nan := math.NaN()
	tests := []struct {
		name      string
		bins      []Bin
		low, high float64
		q, want   float64
		n         int64
	}{
		{"nothing", nil, nan, nan, 0.5, 0, 0},
		{"nothing but junk", []Bin{{NotFinite, 5}, {Negative, 5}}, nan, nan, 0.5, 0, 0},
		{"junk does not count", []Bin{{NotFinite, 500}, {Negative, 500}, {0, 3}}, nan, nan, 0.5, 0.99, 3},
		{"the zero bin stands for 0", []Bin{{ZeroBin, 9}, {50, 1}}, nan, nan, 0.5, 0, 10},
		{"or for the minimum where it is known", []Bin{{ZeroBin, 9}, {50, 1}}, 0.25, 2.7, 0.5, 0.25, 10},
		{"the overflow bin stands for the end", []Bin{{1, 1}, {OverflowBin, 9}}, nan, nan, 0.5, 100, 10},
		{"or for the maximum where it is known", []Bin{{1, 1}, {OverflowBin, 9}}, 1, 777, 0.5, 777, 10},
		{"not below the minimum", []Bin{{0, 10}}, 0.995, 1, 0.5, 0.995, 10},
		{"not above the maximum", []Bin{{0, 10}}, 0.98, 0.985, 0.5, 0.985, 10},
		{"0 is the minimum", []Bin{{10, 10}, {20, 5}}, 1.21, 1.48, 0, 1.21, 15},
		{"1 is the maximum", []Bin{{10, 10}, {20, 5}}, 1.21, 1.48, 1, 1.48, 15},
		{"the last of the first bin", []Bin{{0, 2}, {100, 1}}, nan, nan, 0.5, 0.99, 3},
		{"the first of the second", []Bin{{0, 1}, {scale.Index(scale.Max), 2}}, 1, 100, 0.5, 100, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, n := scale.quantile(tt.bins, tt.q, tt.low, tt.high); !near(got, tt.want, 1e-12) || n != tt.n {
				t.Errorf("got %v of %d, want %v of %d", got, n, tt.want, tt.n)
			}
		})
	}
}

func TestHistogramGroupsRowsInAnyOrder(t *testing.T) {
	nan := math.NaN()
	rows := []struct {
		site      string
		bin       Bin
		low, high float64
	}{
		{"b", Bin{7, 2}, 1.14, 1.15}, {"a", Bin{7, 1}, 1.145, 1.145}, {"b", Bin{-3, 1}, 0.93, 0.94}, {"b", Bin{NotFinite, 4}, nan, nan},
		{"b", Bin{Negative, 2}, -9, -1}, {"b", Bin{7, 3}, 1.13, 1.14}, {"c", Bin{1, 1}, nan, nan}, {"c", Bin{2, 0}, 5, 5},
	}
	want := "[{[a] [] [1.145] [1.145] [{7 1}]} " +
		"{[b] [] [0.93] [1.15] [{-2147483647 4} {-2147483646 2} {-3 1} {7 5}]} {[c] [] [NaN] [NaN] [{1 1}]}]"
	for range 20 {
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		h, err := NewHistogram([]string{"site"}, milliseconds)
		if err != nil {
			t.Fatal(err)
		}
		key := make([]Member, 1) // one for all rows
		for _, row := range rows {
			key[0] = Text(row.site)
			if err := h.Add(key, row.bin, row.low, row.high); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(h.Table().States); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

func TestHistogramRefusesRowsOfNoScale(t *testing.T) {
	if _, err := NewHistogram(nil, Scale{}); err == nil {
		t.Error("a scale of no kind was taken")
	}
	linear := Scale{Kind: Linear, Width: 0.1, Min: 1, Max: 5}
	tests := []struct {
		name  string
		scale Scale
		key   []Member
		bin   Bin
		ok    bool
	}{
		{"the last bin", milliseconds, []Member{Null()}, Bin{551, 1}, true},
		{"one that a database rounds to", milliseconds, []Member{Null()}, Bin{552, 1}, true},
		{"beyond the scale", milliseconds, []Member{Null()}, Bin{553, 1}, false},
		{"of a finer scale", milliseconds, []Member{Null()}, Bin{-1000, 1}, false},
		{"a negative count", milliseconds, []Member{Null()}, Bin{1, -1}, false},
		{"a count that no double holds", milliseconds, []Member{Null()}, Bin{1, 1<<53 + 1}, false},
		{"a member too few", milliseconds, nil, Bin{1, 1}, false},
		{"linear", linear, []Member{Null()}, Bin{40, 1}, true},
		{"below a linear scale", linear, []Member{Null()}, Bin{Negative, 1}, true},
		{"a zero bin of a linear scale", linear, []Member{Null()}, Bin{ZeroBin, 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := NewHistogram([]string{"site"}, tt.scale)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Add(tt.key, tt.bin, 1, 1); (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A group of many rows is added up on the way: memory goes with the bins.
func TestManyRowsOfFewBinsTakeLittleMemory(t *testing.T) {
	var a binAdder
	for i := range 100_000 {
		a.add(Bin{int32(i % 7), 1})
	}
	if cap(a.all) > 4096 {
		t.Errorf("room for %d bins", cap(a.all))
	}
	if got := a.bins(); len(got) != 7 || got[0] != (Bin{0, 14286}) {
		t.Errorf("got %v", got)
	}
}

func FuzzQuantile(f *testing.F) {
	f.Add(int32(-34), int64(5), int32(OverflowBin), int64(1<<53), 0.95, 3.0)
	f.Add(NotFinite, int64(1), ZeroBin, int64(2), 0.0, math.NaN())
	f.Fuzz(func(t *testing.T, i int32, n int64, j int32, m int64, q, low float64) {
		h, err := NewHistogram(nil, milliseconds)
		if err != nil {
			t.Fatal(err)
		}
		taken := 0.0
		for _, b := range []Bin{{i, n}, {j, m}} {
			if math.IsInf(low, 0) || h.Add(nil, b, low, low) != nil || b.Index <= Negative {
				continue
			}
			taken += float64(b.N)
		}
		table := h.Table()
		got := p(q).Eval(table, table.Total())
		if got.N != taken || got.Defined != (taken > 0) || math.IsNaN(got.Value) || math.IsInf(got.Value, 0) {
			t.Errorf("got %+v of %v values", got, taken)
		}
	})
}
