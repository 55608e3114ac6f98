package qos

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// order is the members of a ranking; those suppressed in brackets.
func order(ranked []Ranked) string {
	var names []string
	for _, r := range ranked {
		name := r.State.Key[0].String()
		if r.Suppressed {
			name = "(" + name + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// group is a state of the columns bad, n and x, the least and greatest of which are low
// and high.
func group(name string, bad, n, x float64) State {
	s := State{Key: []Member{Text(name)}, Sums: []float64{bad, n, x}, Minima: []float64{math.NaN()}, Maxima: []float64{math.NaN()}}
	if n > 0 {
		s.Minima[0], s.Maxima[0] = x/n, x/n
		s.Bins = []Bin{{Index: milliseconds.Index(x / n), N: int64(n)}}
	}
	return s
}

func groups(states ...State) *Table {
	return &Table{Dimensions: []string{"g"}, Sums: []string{"bad", "n", "x"}, Minima: []string{LowColumn}, Maxima: []string{HighColumn},
		Scale: &milliseconds, States: states}
}

func TestRank(t *testing.T) {
	table := groups(
		group("large", 30, 1000, 5000),
		group("one", 1, 1, 900),
		group("worst", 40, 200, 4000),
		group("empty", 0, 0, 0),
		group("best", 0, 400, 1200),
		group("twin b", 5, 100, 1000),
		group("twin a", 5, 100, 1000),
	)
	mean := Measure{Kind: Mean, Numerator: "x", Denominator: "n"}
	up := func(m Measure) Measure { m.Better = Up; return m }
	down := func(m Measure) Measure { m.Better = Down; return m }
	tests := []struct {
		name string
		m    Measure
		base float64
		want string
	}{
		{"a ratio by excess, not by rate", ratio("bad", "n"), 0.02, "worst large twin a twin b (one) best (empty)"},
		{"its rest, when the part is good", up(ratio("bad", "n")), 0.98, "best (one) twin a twin b large worst (empty)"},
		{"a sum, the greatest first", Measure{Kind: Sum, Numerator: "x"}, 0, "large worst best twin a twin b one empty"},
		{"a sum has no worst", down(Measure{Kind: Sum, Numerator: "x"}), 0, "large worst best twin a twin b one empty"},
		{"a mean, the greatest first", mean, 0, "worst twin a twin b large best (empty) (one)"},
		{"a mean, the least is worst", up(mean), 0, "best large twin a twin b worst (empty) (one)"},
		{"a quantile, the greatest is worst", down(p(0.9)), 0, "worst twin a twin b large best (empty) (one)"},
		{"a maximum, of few items too", down(Measure{Kind: Max, Numerator: HighColumn}), 0, "one worst twin a twin b large best (empty)"},
		{"a minimum, the least is worst", up(Measure{Kind: Min, Numerator: LowColumn}), 0, "best large twin a twin b worst one (empty)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 10 {
				rand.Shuffle(len(table.States), func(i, j int) { table.States[i], table.States[j] = table.States[j], table.States[i] })
				if got := order(Rank(table, tt.m, tt.base)); got != tt.want {
					t.Fatalf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func TestRankTellsTheExcess(t *testing.T) {
	for _, tt := range []struct {
		m           Measure
		base        float64
		bad, excess float64
	}{
		{ratio("bad", "n"), 0.1, 40, 20},
		{Measure{Kind: Ratio, Numerator: "bad", Denominator: "n", Better: Up}, 0.7, 160, 20},
		{Measure{Kind: Sum, Numerator: "bad"}, 0.7, 0, 0},
	} {
		got := Rank(groups(group("a", 40, 200, 0)), tt.m, tt.base)[0]
		if got.Bad != tt.bad || !near(got.Excess, tt.excess, 1e-9) || !got.Figure.Defined {
			t.Errorf("%s, better %s: %+v", tt.m.Kind, tt.m.Better, got)
		}
	}
}

// Equal excesses: the rate that is surer to be high goes first.
func TestRankOfEqualExcessIsByTheLowerBound(t *testing.T) {
	table := groups(group("a", 20, 1000, 0), group("b", 11, 100, 0), group("c", 10.5, 50, 0))
	if got := order(Rank(table, ratio("bad", "n"), 0.01)); got != "c b a" {
		t.Errorf("got %s", got)
	}
}

// The rest is pooled: the mean of its means would be 55.
func TestTopMergesTheOthers(t *testing.T) {
	table := groups(group("a", 50, 100, 0), group("b", 3, 900, 9000), group("c", 1, 100, 10000), group("d", 0, 0, 0))
	ranked := Rank(table, ratio("bad", "n"), 0.01)
	top, others, count := Top(table, ranked, 1)
	if order(top) != "a" || count != 3 || len(others.Key) != 0 {
		t.Fatalf("got %s, %d others, %v", order(top), count, others)
	}
	if !slices.Equal(others.Sums, []float64{4, 1000, 19000}) || others.Minima[0] != 10 || others.Maxima[0] != 100 || len(others.Bins) != 2 {
		t.Errorf("the others are %v", others)
	}
	if f := (Measure{Kind: Mean, Numerator: "x", Denominator: "n"}).Eval(table, others); f.Value != 19 {
		t.Errorf("their mean is %v", f.Value)
	}
	for first, want := range map[int]int{-1: 0, 0: 0, 4: 4, 99: 4} {
		top, others, count := Top(table, ranked, first)
		if len(top) != want || count != 4-want || len(others.Sums) != 3 {
			t.Errorf("top %d: %d, %d others, %v", first, len(top), count, others)
		}
	}
}
