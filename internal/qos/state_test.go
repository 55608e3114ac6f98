package qos

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
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

// Zürich's 1 and 11 would be one text with Zürich1's 1, were members not kept apart.
func TestMergeKeepsKeysApart(t *testing.T) {
	table := &Table{Dimensions: []string{"a", "b"}, Sums: []string{"n"}}
	keys := [][]Member{
		{Text("a"), Text("b")}, {Text("ab"), Text("")}, {Text(""), Text("ab")}, {Text("aT1:b"), Null()},
		{Number(1), Number(11)}, {Number(11), Number(1)}, {Text("1"), Text("11")}, {Null(), Null()}, {Text("N"), Text("N")},
		{Number(1), Text("1")}, {Number(-1), Text("1")}, {Null(), Text("NULL")},
	}
	for _, key := range keys {
		table.States = append(table.States, State{Key: key, Sums: []float64{1}}, State{Key: key, Sums: []float64{1}})
	}
	got, err := table.Merge("a", "b")
	if err != nil || len(got.States) != len(keys) {
		t.Fatalf("got %d groups of %d, %v", len(got.States), len(keys), err)
	}
	for _, s := range got.States {
		if s.Sums[0] != 2 {
			t.Errorf("%v holds %v", s.Key, s.Sums[0])
		}
	}
}

func TestMergeKeepsExtremesAndAddsBins(t *testing.T) {
	nan := math.NaN()
	table := &Table{Dimensions: []string{"site", "hour"}, Minima: []string{"low"}, Maxima: []string{"high"}, Scale: &milliseconds, States: []State{
		{Key: []Member{Text("a"), Number(1)}, Minima: []float64{nan}, Maxima: []float64{nan}, Bins: []Bin{{NotFinite, 1}}},
		{Key: []Member{Text("a"), Number(2)}, Minima: []float64{4}, Maxima: []float64{9}, Bins: []Bin{{3, 1}, {5, 2}}},
		{Key: []Member{Text("a"), Number(3)}, Minima: []float64{2}, Maxima: []float64{7}, Bins: []Bin{{NotFinite, 2}, {4, 1}, {5, 40}}},
		{Key: []Member{Text("b"), Number(1)}, Minima: []float64{nan}, Maxima: []float64{nan}},
	}}
	before := fmt.Sprint(table.States)
	got, err := table.Merge("site")
	if err != nil {
		t.Fatal(err)
	}
	a, b := got.States[0], got.States[1]
	if a.Minima[0] != 2 || a.Maxima[0] != 9 || !slices.Equal(a.Bins, []Bin{{NotFinite, 3}, {3, 1}, {4, 1}, {5, 42}}) {
		t.Errorf("got %v", a)
	}
	if !math.IsNaN(b.Minima[0]) || !math.IsNaN(b.Maxima[0]) || b.Bins != nil {
		t.Errorf("no value became %v", b)
	}
	if after := fmt.Sprint(table.States); after != before {
		t.Errorf("merging changed its table:\n%s\n%s", before, after)
	}
	if got.Scale != table.Scale || !slices.Equal(got.Minima, table.Minima) {
		t.Errorf("the columns are lost: %+v", got)
	}
}

// random is a table of fractions, extremes and bins, with several states of one key.
func random(rng *rand.Rand, states int) *Table {
	t := &Table{Dimensions: []string{"site", "hour"}, Sums: []string{"x", "n"}, Minima: []string{"low"}, Maxima: []string{"high"}, Scale: &milliseconds}
	for range states {
		x := math.Exp(8 * rng.NormFloat64())
		s := State{
			Key:  []Member{Text(string(rune('a' + rng.IntN(3)))), Number(rng.Int64N(4))},
			Sums: []float64{x, float64(rng.IntN(100))}, Minima: []float64{x}, Maxima: []float64{math.NaN()},
		}
		if rng.IntN(3) == 0 {
			s.Minima[0], s.Maxima[0] = math.NaN(), math.Copysign(0, x-1)
		}
		for i := int32(-2); i < 3; i++ {
			s.Bins = append(s.Bins, Bin{10*i + rng.Int32N(10), rng.Int64N(9)})
		}
		t.States = append(t.States, s)
	}
	return t
}

// bits writes what a table holds such that tables of other bits read otherwise.
func bits(t *Table) string {
	var b strings.Builder
	for _, s := range t.States {
		fmt.Fprint(&b, s.Key, s.Bins)
		for _, v := range slices.Concat(s.Sums, s.Minima, s.Maxima) {
			fmt.Fprintf(&b, " %x", math.Float64bits(v))
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func TestMergeGivesTheSameBitsInAnyOrderAndSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		table := random(rng, 1+rng.IntN(60))
		merged, err := table.Merge("site")
		if err != nil {
			t.Fatal(err)
		}
		want := bits(merged)
		rng.Shuffle(len(table.States), func(i, j int) { table.States[i], table.States[j] = table.States[j], table.States[i] })
		cut := rng.IntN(len(table.States) + 1)
		first, second := *table, *table
		first.States, second.States = table.States[:cut], table.States[cut:]
		both, err := Union(&second, nil, &first)
		if err != nil {
			t.Fatal(err)
		}
		again, err := both.Merge("site")
		if err != nil {
			t.Fatal(err)
		}
		if got := bits(again); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// What adds up exactly may also be merged on the way.
func TestMergeByStepsGivesTheSameCountsAndExtremes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	table := random(rng, 200)
	for i := range table.States {
		table.States[i].Sums[0] = math.Round(1e6 * rng.Float64())
	}
	step, err := table.Merge("hour", "site")
	if err != nil {
		t.Fatal(err)
	}
	got, want := *step.like(nil), *table.like(nil)
	got.States, want.States = []State{step.Total()}, []State{table.Total()}
	if bits(&got) != bits(&want) {
		t.Errorf("got\n%s\nwant\n%s", bits(&got), bits(&want))
	}
}

func TestTotalOfNothing(t *testing.T) {
	got := (&Table{Sums: []string{"n"}, Minima: []string{"low"}, Maxima: []string{"high"}}).Total()
	if !slices.Equal(got.Sums, []float64{0}) || !math.IsNaN(got.Minima[0]) || !math.IsNaN(got.Maxima[0]) || got.Bins != nil {
		t.Errorf("got %v", got)
	}
}

func TestWhereKeepsStates(t *testing.T) {
	table := legs()
	got := table.Where(func(key []Member) bool { return key[2] == Number(9) && !key[1].Null })
	if len(got.States) != 2 || len(table.States) != 4 || !slices.Equal(got.Sums, table.Sums) {
		t.Errorf("got %v of %v", got, table)
	}
}

func TestUnionRefusesOtherTables(t *testing.T) {
	histogram := func(alpha float64) *Table {
		return &Table{Dimensions: []string{"day"}, Scale: &Scale{Kind: Log, Alpha: alpha, Min: 1, Max: 9}}
	}
	tests := []struct {
		name string
		a, b *Table
		ok   bool
	}{
		{"the same columns", legs(), legs(), true},
		{"no table", nil, legs(), true},
		{"equal scales", histogram(0.01), histogram(0.01), true},
		{"another relative error", histogram(0.01), histogram(0.02), false},
		{"no scale", histogram(0.01), &Table{Dimensions: []string{"day"}}, false},
		{"other dimensions", &Table{Dimensions: []string{"a"}}, &Table{Dimensions: []string{"b"}}, false},
		{"other sums", &Table{Sums: []string{"a"}}, &Table{Sums: []string{"b"}}, false},
		{"sums in another order", &Table{Sums: []string{"a", "b"}}, &Table{Sums: []string{"b", "a"}}, false},
		{"other minima", &Table{Minima: []string{"a"}}, &Table{}, false},
		{"other maxima", &Table{}, &Table{Maxima: []string{"a"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Union(tt.a, tt.b)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, %v", got, err)
			}
			if tt.ok && tt.a != nil && len(got.States) != len(tt.a.States)+len(tt.b.States) {
				t.Errorf("%d states of %d and %d", len(got.States), len(tt.a.States), len(tt.b.States))
			}
		})
	}
	if none, err := Union(); err != nil || len(none.States) != 0 {
		t.Errorf("of nothing: %v, %v", none, err)
	}
}

func TestMembersAreOrdered(t *testing.T) {
	order := []Member{Text(""), Text("Austin TX"), Text("a"), Number(-3), Number(2), Number(10), Null()}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.Compare(b), sign(i-j); got != want {
				t.Errorf("%v and %v: %d, want %d", a, b, got, want)
			}
		}
	}
	if got := fmt.Sprint(order[1], order[3], order[6]); got != "Austin TX -3 (none)" {
		t.Errorf("reads %q", got)
	}
}

func sign(i int) int { return max(-1, min(1, i)) }

func BenchmarkMerge(b *testing.B) {
	table := random(rand.New(rand.NewPCG(5, 6)), 50_000)
	sorted := *table
	sorted.States = nil
	for _, s := range table.sorted() {
		sorted.States = append(sorted.States, *s)
	}
	for name, t := range map[string]*Table{"in any order": table, "sorted": &sorted} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.Merge("site"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSplitPartsByMember(t *testing.T) {
	parts := legs().Split("site")
	if len(parts) != 3 || len(parts[Text("Zürich")].States) != 2 || len(parts[Null()].States) != 1 || len(parts[Text("")].States) != 1 {
		t.Errorf("got %v", parts)
	}
	if part := parts[Text("Zürich")]; part.Dimensions[2] != "hour" || part.States[0].Key[2] != Number(14) {
		t.Errorf("got %+v", part)
	}
	if parts := legs().Split("carrier"); parts != nil {
		t.Errorf("a dimension that is not there: %v", parts)
	}
}
