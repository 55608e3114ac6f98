package qos

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

var (
	poor = Measure{Kind: Ratio, Numerator: "poor", Denominator: "classified", Better: Down, Good: 0.02, Acceptable: 0.03}
	cube = []string{"site", "hour"}
)

// cells is a table of rows "site hour bad n"; a hyphen is NULL.
func cells(t *testing.T, rows ...string) *Table {
	t.Helper()
	table := &Table{Dimensions: []string{"site", "hour"}, Sums: []string{"poor", "classified"}}
	for _, row := range rows {
		var site, hour string
		var bad, n float64
		if _, err := fmt.Sscan(row, &site, &hour, &bad, &n); err != nil {
			t.Fatal(err)
		}
		key := []Member{Text(site), Null()}
		if hour != "-" {
			key[1] = Text(hour)
			if h, err := strconv.ParseInt(hour, 10, 64); err == nil {
				key[1] = Number(h)
			}
		}
		table.States = append(table.States, State{Key: key, Sums: []float64{bad, n}})
	}
	return table
}

// summary is one word an incident: key, hours, bad of n, baseline.
func summary(found []Incident) string {
	var words []string
	for _, in := range found {
		words = append(words, fmt.Sprintf("%v %v %v/%v base %v/%v %s", in.Key, in.Hours, in.Bad, in.N, in.BaseBad, in.BaseN, in.BaseKind))
	}
	return strings.Join(words, "; ")
}

func TestFind(t *testing.T) {
	tests := []struct {
		name      string
		rule      RateRule
		day, base []string
		skip      int // this hour; 0 for none
		want      string
	}{
		{"adjacent hours are one incident", RateRule{}, []string{"a 9 40 100", "a 10 50 100", "a 12 60 100"},
			[]string{"a 9 4 400", "a 10 8 400", "a 12 4 400"}, 0,
			"[a] [9 10] 90/200 base 12/800 same weekday; [a] [12] 60/100 base 4/400 same weekday"},
		{"the hours of two sites are two", RateRule{}, []string{"a 9 40 100", "b 10 50 100"}, []string{"a 9 4 400", "b 10 4 400"}, 0,
			"[b] [10] 50/100 base 4/400 same weekday; [a] [9] 40/100 base 4/400 same weekday"},
		{"as bad as ever", RateRule{}, []string{"a 9 40 100"}, []string{"a 9 160 400"}, 0, ""},
		{"worse than ever, but acceptable", RateRule{}, []string{"a 9 200 10000"}, []string{"a 9 4 40000"}, 0, ""},
		{"beyond acceptable by chance", RateRule{}, []string{"a 9 12 180"}, []string{"a 9 0 4000"}, 0, ""},
		{"beyond acceptable, but few", RateRule{}, []string{"a 9 9 40"}, []string{"a 9 0 4000"}, 0, ""},
		{"few are enough when asked", RateRule{MinExcess: 5}, []string{"a 9 9 40"}, []string{"a 9 0 4000"}, 0,
			"[a] [9] 9/40 base 0/4000 same weekday"},
		{"chance is enough when asked", RateRule{Z: 1}, []string{"a 9 12 180"}, []string{"a 9 0 4000"}, 0,
			"[a] [9] 12/180 base 0/4000 same weekday"},
		{"too few items", RateRule{}, []string{"a 9 29 29"}, []string{"a 9 4 400"}, 0, ""},
		{"an hour of a change of clocks", RateRule{}, []string{"a 1 40 100", "a 2 40 100", "a 3 40 100"},
			[]string{"a 1 4 400", "a 2 4 400", "a 3 4 400"}, 2,
			"[a] [1] 40/100 base 4/400 same weekday; [a] [3] 40/100 base 4/400 same weekday"},
		{"a new site beside the rest of the day", RateRule{}, []string{"a 9 4 400", "b 9 40 100", "b 10 40 100"}, []string{"a 9 4 400"}, 0,
			"[b] [9 10] 80/200 base 4/400 rest of the day"},
		{"no baseline at all", RateRule{}, []string{"a 9 4 400", "b 9 40 100"}, nil, 0, "[b] [9] 40/100 base 4/400 rest of the day"},
		{"a baseline of no items is none", RateRule{}, []string{"a 9 4 400", "b 9 40 100"}, []string{"b 9 0 0"}, 0,
			"[b] [9] 40/100 base 4/400 rest of the day"},
		{"nothing to compare with", RateRule{}, []string{"b 9 40 100"}, nil, 0, ""},
		{"a new hour goes with the baseline of its neighbour", RateRule{}, []string{"a 3 40 100", "a 4 40 100", "b 4 1 400"}, []string{"a 4 4 400"}, 0,
			"[a] [3 4] 80/200 base 4/400 same weekday"},
		{"no hour is no time", RateRule{}, []string{"a - 90 100", "a 9 4 400"}, []string{"a - 1 400"}, 0, ""},
		{"nothing", RateRule{}, nil, nil, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.rule.Measure = poor
			skip := func(hour int) bool { return tt.skip > 0 && hour == tt.skip }
			found, err := tt.rule.Find(cells(t, tt.day...), cells(t, tt.base...), SameWeekday, cube, skip)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(found.Incidents); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFindCountsWhatItTests(t *testing.T) {
	found, err := RateRule{Measure: poor}.Find(cells(t, "a 1 1 100", "a 2 1 29", "a 3 1 30", "a 4 0 0", "a - 1 100"), nil, None, cube,
		func(hour int) bool { return hour == 1 })
	if err != nil || found.Tested != 1 || found.TooFew != 2 {
		t.Errorf("got %+v, %v", found, err)
	}
}

// Of a measure whose part is good, the rest is bad: the same calls, told the other way.
func TestFindWhereTheRestIsBad(t *testing.T) {
	delivered := Measure{Kind: Ratio, Numerator: "poor", Denominator: "classified", Better: Up, Good: 0.92, Acceptable: 0.88}
	day, base := cells(t, "a 9 70 100", "b 9 95 100"), cells(t, "a 9 380 400", "b 9 380 400")
	found, err := RateRule{Measure: delivered}.Find(day, base, SameSort, cube, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(found.Incidents); got != "[a] [9] 30/100 base 20/400 same sort of day" {
		t.Errorf("got %s", got)
	}
	if in := found.Incidents[0]; in.Excess != 25 || in.Rate != 0.3 {
		t.Errorf("got %+v", in)
	}
}

func TestFindWithoutHours(t *testing.T) {
	day, base := cells(t, "a 9 40 100", "a 15 50 100", "b 9 1 100"), cells(t, "a 9 4 400", "b 9 4 400")
	rule := RateRule{Measure: poor}
	found, err := rule.Find(day, base, SameWeekday, []string{"site"}, func(int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(found.Incidents); got != "[a] [] 90/200 base 4/400 same weekday" || found.Incidents[0].Hours != nil {
		t.Errorf("got %s", got)
	}
	shares, err := rule.Explain(day, base, found.Incidents[0], []string{"site"}, []string{"hour"})
	if err != nil || len(shares) != 2 || shares[0].Member != Number(15) || !near(shares[0].Excess, 49, 1e-12) || shares[1].Bad != 40 {
		t.Errorf("got %+v, %v", shares, err)
	}
}

func TestFindRefuses(t *testing.T) {
	tests := []struct {
		name      string
		m         Measure
		day, base *Table
		dims      []string
		text      string
	}{
		{"a mean", Measure{Kind: Mean, Better: Up}, cells(t), nil, cube, "needs a ratio"},
		{"a ratio without limits", ratio("poor", "classified"), cells(t), nil, cube, "limits"},
		{"a dimension that is not there", poor, cells(t, "a 1 1 9"), nil, []string{"trunk"}, "no dimension trunk"},
		{"one that the baseline has not", poor, cells(t, "a 1 1 9"), &Table{States: make([]State, 1)}, cube, "baseline: no dimension site"},
		{"a part beyond its whole", poor, cells(t, "a 1 11 9"), nil, cube, "[site hour] [a 1]: poor is 11 of 9"},
		{"the same in the baseline", poor, cells(t, "a 1 1 9"), cells(t, "a 1 11 9"), cube, "baseline: [site hour] [a 1]: poor is 11"},
		{"an hour that is a text", poor, cells(t, "a 9h 1 9"), nil, cube, `hour holds "9h"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := (RateRule{Measure: tt.m}).Find(tt.day, tt.base, SameWeekday, tt.dims, nil); err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

func TestExplainRefusesAnotherCube(t *testing.T) {
	day := cells(t, "a 9 40 100")
	in := Incident{Key: []Member{Text("a")}, Hours: []int{9}}
	for _, tt := range []struct {
		name     string
		in       Incident
		cube, by []string
		text     string
	}{
		{"an unknown dimension", in, []string{"trunk"}, nil, "no dimension trunk"},
		{"an unknown dimension to split by", in, cube, []string{"trunk"}, "no dimension trunk"},
		{"a key too short", Incident{Hours: []int{9}}, cube, nil, "none of the cube"},
		{"no hours", Incident{Key: []Member{Text("a")}}, cube, nil, "none of the cube"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := (RateRule{Measure: poor}).Explain(day, nil, tt.in, tt.cube, tt.by); err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

func TestConfined(t *testing.T) {
	share := func(dimension, member string, part float64) Share {
		return Share{Dimension: dimension, Member: Text(member), Part: part, N: 10}
	}
	tests := []struct {
		name   string
		shares []Share
		want   string
	}{
		{"one of two", []Share{share("carrier", "a", 0.7), share("carrier", "b", 0.3)}, "a"},
		{"60 % is not more than 60 %", []Share{share("carrier", "a", 0.6), share("carrier", "b", 0.4)}, ""},
		{"a dimension of one member", []Share{share("carrier", "a", 1)}, ""},
		{"the next dimension", []Share{share("carrier", "a", 1), share("codec", "x", 0.8), share("codec", "y", 0.2)}, "x"},
		{"a member without items is not present", []Share{share("carrier", "a", 1), {Dimension: "carrier", Member: Text("b")}}, ""},
		{"nothing", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Confined(tt.shares)
			if got.Member.Text != tt.want || ok != (tt.want != "") {
				t.Errorf("got %+v, %v", got, ok)
			}
		})
	}
}

func TestVerdictOfIncidents(t *testing.T) {
	for _, tt := range []struct {
		excess, total float64
		want          Verdict
	}{{50, 1e6, Breach}, {49.9, 1e6, Watch}, {12, 120, Breach}, {12, 121, Watch}, {12, 0, Watch}} {
		if got := (Incident{Excess: tt.excess}).Verdict(tt.total); got != tt.want {
			t.Errorf("%v of %v: %v", tt.excess, tt.total, got)
		}
	}
}
