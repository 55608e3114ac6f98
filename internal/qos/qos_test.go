package qos

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func legs() *Table {
	return &Table{
		Dimensions: []string{"day", "site", "hour"},
		Sums:       []string{"poor", "classified", "x"},
		States: []State{
			{Key: []Member{Text("2017-09-12"), Text("Zürich"), Number(14)}, Sums: []float64{153, 179, 0.1}},
			{Key: []Member{Text("2017-09-12"), Text("Zürich"), Number(9)}, Sums: []float64{1, 200, 0.2}},
			{Key: []Member{Text("2017-09-12"), Null(), Number(9)}, Sums: []float64{2, 100, 0.3}},
			{Key: []Member{Text("2017-09-12"), Text(""), Number(9)}, Sums: []float64{3, 50, 1e17}},
		},
	}
}

func TestMergeAddsStates(t *testing.T) {
	afternoon := 0.2 // a variable: constants would be added exactly
	got, err := legs().Merge("site")
	if err != nil {
		t.Fatal(err)
	}
	want := []State{
		{Key: []Member{Text("")}, Sums: []float64{3, 50, 1e17}},
		{Key: []Member{Text("Zürich")}, Sums: []float64{154, 379, afternoon + 0.1}},
		{Key: []Member{Null()}, Sums: []float64{2, 100, 0.3}},
	}
	if !reflect.DeepEqual(got.States, want) {
		t.Errorf("got %v", got.States)
	}
	hours, _ := legs().Merge("hour")
	if len(hours.States) != 2 || hours.States[0].Key[0].Int != 9 {
		t.Errorf("hours are not in the order of numbers: %v", hours.States)
	}
	if _, err := legs().Merge("carrier"); err == nil || !strings.Contains(err.Error(), "day, site, hour") {
		t.Errorf("an unknown dimension: %v", err)
	}
}

func TestMergeGivesTheSameBitsInAnyOrder(t *testing.T) {
	table := legs()
	want := fmt.Sprintf("%b", table.Total().Sums)
	for range 50 {
		rand.Shuffle(len(table.States), func(i, j int) { table.States[i], table.States[j] = table.States[j], table.States[i] })
		if got := fmt.Sprintf("%b", table.Total().Sums); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func TestTotalOfNothingIsZero(t *testing.T) {
	if got := (&Table{Sums: []string{"n"}}).Total(); !reflect.DeepEqual(got.Sums, []float64{0}) {
		t.Errorf("got %v", got)
	}
}

// Pooled, not averaged: groups of 9000 and 300 legs.
func TestMeansAndRatiosArePooled(t *testing.T) {
	table := &Table{Dimensions: []string{"g"}, Sums: []string{"mos", "n", "poor"}, States: []State{
		{Key: []Member{Text("a")}, Sums: []float64{4.20 * 9000, 9000, 45}},
		{Key: []Member{Text("b")}, Sums: []float64{3.10 * 300, 300, 30}},
	}}
	total := table.Total()
	if got := (Measure{Kind: Mean, Numerator: "mos", Denominator: "n"}).Eval(table, total); math.Abs(got.Value-4.164516129) > 1e-9 || got.N != 9300 {
		t.Errorf("mean %+v", got)
	}
	if got := (Measure{Kind: Ratio, Numerator: "poor", Denominator: "n"}).Eval(table, total); math.Abs(got.Value-0.008064516) > 1e-9 {
		t.Errorf("ratio %+v", got)
	}
	if got := (Measure{Kind: Sum, Numerator: "mos", Scale: 1.0 / 60}).Eval(table, total); math.Abs(got.Value-645.5) > 1e-9 {
		t.Errorf("sum %+v", got)
	}
}

func TestWilson(t *testing.T) {
	tests := []struct{ bad, n, z, low, high float64 }{
		{0, 30, Z95, 0, .113513393}, {3, 30, Z95, .034599889, .256210826}, {15, 30, Z95, .331541256, .668458744},
		{50, 1000, Z95, .038130262, .065313820}, {122, 270, 3, .364006213, .542803823}, {0, 0, Z95, 0, 1},
	}
	for _, tt := range tests {
		p := 0.0
		if tt.n > 0 {
			p = tt.bad / tt.n
		}
		low, high := Wilson(p, tt.n, tt.z)
		if math.Abs(low-tt.low) > 1e-9 || math.Abs(high-tt.high) > 1e-9 {
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
		{"no limits", Measure{Kind: Ratio, Numerator: "a", Denominator: "b"}, 1, 100, NotJudged},
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

func TestSwappedLimitsAreAMistake(t *testing.T) {
	for _, m := range []Measure{{Better: Up, Good: 1, Acceptable: 2}, {Better: Down, Good: 2, Acceptable: 1}} {
		if m.Validate() == nil {
			t.Errorf("%+v was taken", m)
		}
	}
}

func ExampleTable_Merge() {
	table := &Table{Dimensions: []string{"site", "hour"}, Sums: []string{"calls"}, States: []State{
		{Key: []Member{Text("Austin TX"), Number(9)}, Sums: []float64{30}},
		{Key: []Member{Text("Austin TX"), Number(10)}, Sums: []float64{12}},
	}}
	sites, _ := table.Merge("site")
	fmt.Println(sites.States[0].Key[0], sites.States[0].Sums[0])
	// Output: Austin TX 42
}

func ExampleMeasure_Judge() {
	poor := Measure{Kind: Ratio, Numerator: "poor", Denominator: "classified", Better: Down, Good: 0.02, Acceptable: 0.03}
	table := &Table{Sums: []string{"poor", "classified"}, States: []State{{Sums: []float64{500, 10000}}}}
	f := poor.Eval(table, table.Total())
	fmt.Printf("%.1f %% of %.0f: %v\n", 100*f.Value, f.N, poor.Judge(f))
	// Output: 5.0 % of 10000: breach
}
