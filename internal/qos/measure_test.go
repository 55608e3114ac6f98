package qos

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// sums is a table of one state, for measures of sums.
func sums(values map[string]float64) (*Table, State) {
	t, s := new(Table), State{}
	for name, v := range values {
		t.Sums, s.Sums = append(t.Sums, name), append(s.Sums, v)
	}
	return t, s
}

func ratio(part, whole string) Measure {
	return Measure{Kind: Ratio, Numerator: part, Denominator: whole}
}

// Pooled, not averaged: groups of 9000 and 300 legs.
func TestMeansAndRatiosArePooled(t *testing.T) {
	table := &Table{Dimensions: []string{"g"}, Sums: []string{"mos", "n", "poor"}, States: []State{
		{Key: []Member{Text("a")}, Sums: []float64{4.20 * 9000, 9000, 45}},
		{Key: []Member{Text("b")}, Sums: []float64{3.10 * 300, 300, 30}},
	}}
	total := table.Total()
	if got := (Measure{Kind: Mean, Numerator: "mos", Denominator: "n"}).Eval(table, total); !near(got.Value, 4.164516129, 1e-9) || got.N != 9300 {
		t.Errorf("mean %+v", got)
	}
	if got := ratio("poor", "n").Eval(table, total); !near(got.Value, 0.008064516, 1e-9) || got.N != 9300 {
		t.Errorf("ratio %+v", got)
	}
}

// The ratios of signalling: E.425, and RFC 6076, sections 4.6 to 4.8.
func TestRatiosOfSignalling(t *testing.T) {
	table, state := sums(map[string]float64{
		"attempts": 1000, "answered": 620, "delivered": 620 + 90 + 140 + 30, "talk_s": 111_600,
		"invites": 1004, "not_redirected": 1004 - 20, "effective": 620 + 100 + 90 + 5 + 25, "ineffective": 10 + 10 + 40 + 5,
		"half_satisfied": 930 + 50/2,
	})
	for _, tt := range []struct {
		name string
		m    Measure
		want float64
	}{
		{"answer-seizure ratio", ratio("answered", "attempts"), 0.62},
		{"network effectiveness ratio", ratio("delivered", "attempts"), 0.88},
		{"session establishment ratio", ratio("answered", "not_redirected"), 0.630081301},
		{"session establishment effectiveness ratio", ratio("effective", "not_redirected"), 0.853658537},
		{"ineffective session attempts", ratio("ineffective", "invites"), 0.064741036},
		{"Apdex", ratio("half_satisfied", "attempts"), 0.955},
		{"average call duration", Measure{Kind: Mean, Numerator: "talk_s", Denominator: "answered"}, 180},
		{"minutes", Measure{Kind: Sum, Numerator: "talk_s", Scale: 1.0 / 60}, 1860},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if f := tt.m.Eval(table, state); !f.Defined || !near(f.Value, tt.want, 1e-9) {
				t.Errorf("got %+v, want %v", f, tt.want)
			}
			if err := tt.m.Check(table, state); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFiguresThatCannotBe(t *testing.T) {
	table := &Table{Sums: []string{"part", "whole"}, Minima: []string{"low"}, Maxima: []string{"high"}, Scale: &milliseconds}
	nothing := table.Total()
	for _, tt := range []struct {
		name string
		m    Measure
		want Figure
	}{
		{"a sum of nothing is 0", Measure{Kind: Sum, Numerator: "part"}, Figure{Defined: true}},
		{"a ratio of nothing", ratio("part", "whole"), Figure{}},
		{"a mean of nothing", Measure{Kind: Mean, Numerator: "part", Denominator: "whole"}, Figure{}},
		{"the least of nothing", Measure{Kind: Min, Numerator: "low"}, Figure{}},
		{"the greatest of nothing", Measure{Kind: Max, Numerator: "high"}, Figure{}},
		{"a quantile of nothing", p(0.5), Figure{}},
		{"no column", Measure{Kind: Sum, Numerator: "x"}, Figure{}},
		{"no part", ratio("x", "whole"), Figure{}},
		{"no whole", ratio("part", "x"), Figure{}},
		{"a minimum among the sums", Measure{Kind: Min, Numerator: "part"}, Figure{}},
		{"no kind", Measure{Numerator: "part"}, Figure{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.m.Eval(table, nothing); got != tt.want {
				t.Errorf("got %+v", got)
			}
		})
	}
	if got := p(0.5).Eval(&Table{}, State{Bins: []Bin{{1, 1}}}); got.Defined {
		t.Errorf("bins without a scale: %+v", got)
	}
	if got := p(0.5).Eval(nil, State{}); got.Defined {
		t.Errorf("no table: %+v", got)
	}
}

func TestScaleMultiplies(t *testing.T) {
	table := &Table{Sums: []string{"x", "n"}, Minima: []string{"low"}, Maxima: []string{"high"}, Scale: &milliseconds}
	state := State{Sums: []float64{3000, 2}, Minima: []float64{1000}, Maxima: []float64{2000}, Bins: []Bin{{Index: milliseconds.Index(1500), N: 2}}}
	for _, tt := range []struct {
		m    Measure
		want float64
	}{
		{Measure{Kind: Sum, Numerator: "x"}, 3},
		{Measure{Kind: Mean, Numerator: "x", Denominator: "n"}, 1.5},
		{Measure{Kind: Min, Numerator: "low"}, 1},
		{Measure{Kind: Max, Numerator: "high"}, 2},
		{p(0.5), milliseconds.Representative(milliseconds.Index(1500)) / 1000},
		{p(1), 2},
	} {
		tt.m.Scale = 0.001
		if got := tt.m.Eval(table, state); !near(got.Value, tt.want, 1e-12) {
			t.Errorf("%s: got %v, want %v", tt.m.Kind, got.Value, tt.want)
		}
	}
}

func TestCheckRefusesWhatNoRowsAddUpTo(t *testing.T) {
	mean := Measure{Kind: Mean, Numerator: "part", Denominator: "whole"}
	tests := []struct {
		name        string
		m           Measure
		part, whole float64
		text        string // of the mistake; "" for none
	}{
		{"a part", ratio("part", "whole"), 3, 10, ""},
		{"all", ratio("part", "whole"), 10, 10, ""},
		{"nothing", ratio("part", "whole"), 0, 0, ""},
		{"more by rounding", ratio("part", "whole"), 10 + 1e-10, 10, ""},
		{"a part beyond its whole", ratio("part", "whole"), 12, 10, "part is 12 of 10 in whole"},
		{"a part that is negative", ratio("part", "whole"), -1, 10, "part is -1"},
		{"a part of nothing", ratio("part", "whole"), 1, 0, "part is 1 while whole is 0"},
		{"fewer than no items", ratio("part", "whole"), 0, -1, "never negative"},
		{"a part that is no number", ratio("part", "whole"), math.NaN(), 5, "part is NaN"},
		{"a mean of any size", mean, -1e9, 3, ""},
		{"a mean of no items", mean, 5, 0, "part is 5 while whole is 0"},
		{"a sum of any size", Measure{Kind: Sum, Numerator: "part"}, -5, 0, ""},
		{"no such sum", Measure{Kind: Sum, Numerator: "x"}, 0, 0, "no column x"},
		{"no such whole", ratio("part", "x"), 0, 0, "no column x"},
		{"no minimum", Measure{Kind: Min, Numerator: "part"}, 0, 0, "no column part"},
		{"no maximum", Measure{Kind: Max, Numerator: "part"}, 0, 0, "no column part"},
		{"no histogram", p(0.5), 0, 0, "without bins"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.m.Check(&Table{Sums: []string{"part", "whole"}}, State{Sums: []float64{tt.part, tt.whole}})
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
	if err := p(0.5).Check(nil, State{}); err == nil {
		t.Error("no table was taken")
	}
}

func TestWilson(t *testing.T) {
	tests := []struct{ bad, n, z, low, high float64 }{
		{0, 30, Z95, 0, .113513393}, {3, 30, Z95, .034599889, .256210826}, {15, 30, Z95, .331541256, .668458744},
		{50, 1000, Z95, .038130262, .065313820}, {122, 270, 3, .364006213, .542803823}, {0, 0, Z95, 0, 1},
	}
	for _, tt := range tests {
		low, high := tally{tt.bad, tt.n}.wilson(tt.z)
		if !near(low, tt.low, 1e-9) || !near(high, tt.high, 1e-9) {
			t.Errorf("%v of %v: [%.9f, %.9f], want [%.9f, %.9f]", tt.bad, tt.n, low, high, tt.low, tt.high)
		}
	}
}

func TestAPartBeyondItsWholeHasAnInterval(t *testing.T) {
	for _, p := range []float64{-0.5, 2.5} {
		low, high := Wilson(p, 40, Z95)
		if !(low >= 0 && low < high && high <= 1) {
			t.Errorf("%v: got %v to %v", p, low, high)
		}
	}
}

func TestJudge(t *testing.T) {
	pcr := Measure{Kind: Ratio, Numerator: "a", Denominator: "b", Better: Down, Good: 0.02, Acceptable: 0.03}
	ner := Measure{Kind: Ratio, Numerator: "a", Denominator: "b", Better: Up, Good: 0.92, Acceptable: 0.88}
	mos := Measure{Kind: Mean, Numerator: "a", Denominator: "b", Better: Up, Good: 4, Acceptable: 3.6}
	drops := Measure{Kind: Sum, Numerator: "a", Better: Down, Good: 10, Acceptable: 20}
	tests := []struct {
		name string
		m    Measure
		a, b float64
		want Verdict
	}{
		{"at the good limit", pcr, 20, 1000, Good},
		{"between good and acceptable", pcr, 25, 1000, Watch},
		{"beyond acceptable by chance", pcr, 415, 13781, Watch},
		{"beyond acceptable", pcr, 500, 10000, Breach},
		{"too few", pcr, 29, 29, TooFew},
		{"nothing", pcr, 0, 0, TooFew},
		{"up: good", ner, 934, 1000, Good},
		{"up: beyond acceptable by chance", ner, 87, 100, Watch},
		{"up: beyond acceptable", ner, 700, 1000, Breach},
		{"a mean needs no significance", mos, 3.59 * 30, 30, Breach},
		{"a sum needs no items", drops, 15, 0, Watch},
		{"a sum beyond acceptable", drops, 21, 0, Breach},
		{"no limits", ratio("a", "b"), 1, 100, NotJudged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.m.Eval(&Table{Sums: []string{"a", "b"}}, State{Sums: []float64{tt.a, tt.b}})
			if got := tt.m.Judge(f); got != tt.want {
				t.Errorf("%+v is %v, want %v", f, got, tt.want)
			}
		})
	}
}

func TestJudgeExtremesAndQuantiles(t *testing.T) {
	limits := func(m Measure) Measure {
		m.Better, m.Good, m.Acceptable = Down, 20, 30
		return m
	}
	p95, p99, slowest := limits(p(0.95)), limits(p(0.99)), limits(Measure{Kind: Max, Numerator: "high"})
	tests := []struct {
		name string
		m    Measure
		x    float64
		n    int64
		want Verdict
	}{
		{"good", p95, 15, 60, Good},
		{"watch", p95, 25, 60, Watch},
		{"breach", p95, 40, 60, Breach},
		{"too few for this quantile", p95, 40, 59, TooFew},
		{"too few for that quantile", p99, 40, 299, TooFew},
		{"enough for that quantile", p99, 40, 300, Breach},
		{"a maximum of few", slowest, 25, 1, Watch},
		{"a maximum of nothing", slowest, 0, 0, TooFew},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := histogram(t, milliseconds, map[string][]float64{"": slices.Repeat([]float64{tt.x}, int(tt.n))})
			f := tt.m.Eval(table, table.Total())
			if got := tt.m.Judge(f); got != tt.want {
				t.Errorf("%+v is %v, want %v", f, got, tt.want)
			}
			if got, want := tt.m.Suppressed(f), tt.want == TooFew && tt.m.Kind == Quantile; got != want {
				t.Errorf("%+v is suppressed: %v", f, got)
			}
		})
	}
}

func TestMinSample(t *testing.T) {
	for _, tt := range []struct {
		m    Measure
		want float64
	}{
		{ratio("a", "b"), 30}, {Measure{Kind: Mean}, 30}, {p(0.5), 30}, {p(0.9), 30}, {p(0.1), 30}, {p(0.95), 60}, {p(0.05), 60},
		{p(0.99), 300}, {p(0.01), 300}, {p(0.999), 3000}, {p(0), 30}, {p(1), 30}, {p(0.94), 50}, {p(0.93), 43},
		{Measure{Kind: Quantile, Q: 0.99, MinN: 5}, 5}, {Measure{Kind: Ratio, MinN: 100}, 100},
		{Measure{Kind: Sum, MinN: 100}, 0}, {Measure{Kind: Min}, 0}, {Measure{Kind: Max}, 0},
	} {
		if got := tt.m.MinSample(); got != tt.want {
			t.Errorf("%s %v: got %v, want %v", tt.m.Kind, tt.m.Q, got, tt.want)
		}
	}
}

func TestMeasuresThatCannotBe(t *testing.T) {
	good := ratio("a", "b")
	with := func(change func(m *Measure)) Measure {
		m := good
		change(&m)
		return m
	}
	tests := []struct {
		name string
		m    Measure
		text string // of the mistake; "" for none
	}{
		{"a ratio", good, ""},
		{"a quantile", p(0.95), ""},
		{"the least", p(0), ""},
		{"a sum", Measure{Kind: Sum, Numerator: "a", Scale: 2}, ""},
		{"swapped limits, up", Measure{Better: Up, Good: 1, Acceptable: 2}, "below acceptable"},
		{"swapped limits, down", Measure{Better: Down, Good: 2, Acceptable: 1}, "above acceptable"},
		{"sideways", with(func(m *Measure) { m.Better = "left" }), "up or down"},
		{"no kind", with(func(m *Measure) { m.Kind = "" }), "write sum, ratio"},
		{"a percentage as a quantile", p(95), "0 to 1"},
		{"a negative quantile", p(-0.1), "0 to 1"},
		{"a quantile that is no number", p(math.NaN()), "0 to 1"},
		{"a quantile of a ratio", with(func(m *Measure) { m.Q = 0.5 }), "no quantile"},
		{"a quantile of a column", Measure{Kind: Quantile, Q: 0.5, Numerator: "a"}, "0 columns"},
		{"a scaled ratio", with(func(m *Measure) { m.Scale = 100 }), "proportion"},
		{"a scale that is no number", Measure{Kind: Sum, Numerator: "a", Scale: math.NaN()}, "finite"},
		{"a limit without end", with(func(m *Measure) { m.Better, m.Acceptable = Down, math.Inf(1) }), "finite"},
		{"fewer than no items", with(func(m *Measure) { m.MinN = -1 }), "fewest items"},
		{"no whole", with(func(m *Measure) { m.Denominator = "" }), "2 columns"},
		{"a whole of a sum", Measure{Kind: Sum, Numerator: "a", Denominator: "b"}, "1 columns"},
		{"no column", Measure{Kind: Max}, "1 columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.m.Validate()
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	got := fmt.Sprint(ratio("a", "b").Columns(), Measure{Kind: Max, Numerator: "c"}.Columns(), p(0.5).Columns())
	if got != "[a b] [c] []" {
		t.Errorf("got %s", got)
	}
}
