package qos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// generator makes days of calls at eight sites, with a quiet rate of poor ones that
// differs from site to site, like a real network's.
type generator struct {
	rng *rand.Rand
	bad func(site, hour int, carrier string) float64 // rate; -1 for the quiet one
}

var (
	siteShares    = []float64{.22, .17, .15, .13, .11, .09, .07, .06}
	hourWeights   = []float64{.4, .3, .2, .2, .3, .6, 1.5, 3.5, 7, 9, 9.2, 8.2, 6.2, 7.6, 9.2, 9, 7.8, 5.6, 3.6, 2.6, 1.9, 1.4, .9, .6}
	carrierShares = map[string]float64{"Blåtel AS": .3, "Norvik Telecom": .5, "Orbis SIP": .2}
	carriers      = []string{"Blåtel AS", "Norvik Telecom", "Orbis SIP"}
)

const callsPerDay = 14000

func (g generator) day(name string) *Table {
	t := &Table{Dimensions: []string{"day", "site", "hour", "carrier"}, Sums: []string{"poor", "classified"}}
	for site, share := range siteShares {
		for hour, weight := range hourWeights {
			for _, carrier := range carriers {
				calls := int(callsPerDay*share*weight/99.1*carrierShares[carrier] + g.rng.Float64())
				rate := g.bad(site, hour, carrier)
				if rate < 0 {
					rate = 0.004 + 0.0015*float64(site)
				}
				bad := 0
				for range calls {
					if g.rng.Float64() < rate {
						bad++
					}
				}
				t.States = append(t.States, State{
					Key:  []Member{Text(name), Text(siteName(site)), Number(int64(hour)), Text(carrier)},
					Sums: []float64{float64(bad), float64(calls)},
				})
			}
		}
	}
	return t
}

func siteName(site int) string { return string(rune('A' + site)) }

func quiet(int, int, string) float64 { return -1 }

func (g generator) baseline(t *testing.T) *Table {
	t.Helper()
	g.bad = quiet
	base, err := Union(g.day("2017-08-15"), g.day("2017-08-22"), g.day("2017-08-29"), g.day("2017-09-05"))
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// A bound of one side only, and no least excess, would report chance every other day.
func TestQuietDaysHaveNoFindings(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(11, 12)), quiet}
	rule := RateRule{Measure: poor}
	tested, naive := 0, 0
	for range 29 {
		day, base := g.day("2017-09-12"), g.baseline(t)
		found, err := rule.Find(day, base, SameWeekday, cube, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Incidents) > 0 {
			t.Errorf("found %+v", found.Incidents)
		}
		tested += found.Tested
		cells, err := rule.count(day, cube)
		if err != nil {
			t.Fatal(err)
		}
		before, err := rule.count(base, cube)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			if low, _ := c.wilson(Z95); c.n >= DefaultMinN && low > before[i].rate() {
				naive++
			}
		}
	}
	if tested < 2500 || naive < 5 {
		t.Errorf("%d cells were tested, %d of them tempting: too easy", tested, naive)
	}
	t.Logf("%d cells tested, 0 found; a bound of one side would find %d", tested, naive)
}

func TestPlantedCellsAreFoundAndExplained(t *testing.T) {
	g := generator{rng: rand.New(rand.NewPCG(13, 14))}
	base := g.baseline(t)
	g.bad = func(site, hour int, carrier string) float64 {
		switch {
		case site == 2 && (hour == 14 || hour == 15):
			return 0.8
		case site == 0 && hour == 10 && carrier == "Orbis SIP":
			return 0.5
		}
		return -1
	}
	day := g.day("2017-09-12")
	rule := RateRule{Measure: poor}
	found, err := rule.Find(day, base, SameWeekday, cube, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Incidents) != 2 || found.Tested < 90 || found.Tested+found.TooFew != 8*24 {
		t.Fatalf("got %+v", found)
	}
	all, one := found.Incidents[0], found.Incidents[1]
	if got := fmt.Sprintf("%v %v %s, %v %v", all.Key, all.Hours, all.BaseKind, one.Key, one.Hours); got != "[C] [14 15] same weekday, [A] [10]" {
		t.Errorf("found %s", got)
	}
	checkIncident(t, all)
	checkIncident(t, one)
	if got := all.Verdict(1e6); got != Breach {
		t.Errorf("an excess of %.0f is %v", all.Excess, got)
	}

	shares, err := rule.Explain(day, base, all, cube, []string{"carrier"})
	if err != nil {
		t.Fatal(err)
	}
	part, excess := 0.0, 0.0
	for _, s := range shares {
		part, excess = part+s.Part, excess+s.Excess
	}
	if len(shares) != 3 || !near(part, 1, 0.05) || !near(excess, all.Excess, 0.05*all.Excess) {
		t.Errorf("shares of %v: %+v", all.Excess, shares)
	}
	if who, ok := Confined(shares); ok {
		t.Errorf("what hits all is confined to %v", who)
	}
	shares, err = rule.Explain(day, base, one, cube, []string{"site", "carrier"})
	if err != nil {
		t.Fatal(err)
	}
	if who, ok := Confined(shares); !ok || who.Dimension != "carrier" || who.Member != Text("Orbis SIP") {
		t.Errorf("confined to %v, %v of %+v", who, ok, shares)
	}
}

func checkIncident(t *testing.T, in Incident) {
	t.Helper()
	low, high := Wilson(in.Bad/in.N, in.N, 3)
	baseLow, baseHigh := Wilson(in.BaseBad/in.BaseN, in.BaseN, Z95)
	if in.Low != low || in.High != high || in.BaseLow != baseLow || in.BaseHigh != baseHigh ||
		in.Rate != in.Bad/in.N || in.BaseRate != in.BaseBad/in.BaseN || in.Excess != in.Bad-in.BaseRate*in.N {
		t.Errorf("the incident contradicts itself: %+v", in)
	}
}

func TestFindGivesTheSameInAnyOrder(t *testing.T) {
	g := generator{rng: rand.New(rand.NewPCG(15, 16)), bad: func(site, hour int, _ string) float64 { return 0.1 * float64(hour%3) }}
	base := g.baseline(t)
	g.bad = func(site, hour int, _ string) float64 { return 0.1 * float64(hour%3) }
	day := g.day("2017-09-12")
	rule := RateRule{Measure: poor}
	var want string
	for range 5 {
		for _, table := range []*Table{day, base} {
			rand.Shuffle(len(table.States), func(i, j int) { table.States[i], table.States[j] = table.States[j], table.States[i] })
		}
		found, err := rule.Find(day, base, SameWeekday, cube, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(found)
		if want == "" {
			want = got
		}
		if got != want || len(found.Incidents) < 10 {
			t.Fatalf("got %s\nwant %s", got, want)
		}
		if !slices.IsSortedFunc(found.Incidents, func(a, b Incident) int { return sign(int(b.Excess - a.Excess)) }) {
			t.Errorf("not by excess: %s", got)
		}
	}
}
