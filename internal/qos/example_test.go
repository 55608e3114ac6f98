package qos_test

import (
	"fmt"
	"math"

	"qosreport/internal/qos"
)

func ExampleTable_Merge() {
	table := &qos.Table{Dimensions: []string{"site", "hour"}, Sums: []string{"calls"}, States: []qos.State{
		{Key: []qos.Member{qos.Text("Austin TX"), qos.Number(9)}, Sums: []float64{30}},
		{Key: []qos.Member{qos.Text("Austin TX"), qos.Number(10)}, Sums: []float64{12}},
	}}
	sites, _ := table.Merge("site")
	fmt.Println(sites.States[0].Key[0], sites.States[0].Sums[0])
	// Output: Austin TX 42
}

func ExampleTable_Where() {
	table := &qos.Table{Dimensions: []string{"site"}, Sums: []string{"calls"}, States: []qos.State{
		{Key: []qos.Member{qos.Text("Austin TX")}, Sums: []float64{30}},
		{Key: []qos.Member{qos.Null()}, Sums: []float64{12}},
	}}
	known := table.Where(func(key []qos.Member) bool { return !key[0].Null })
	fmt.Println(known.Total().Sums[0], "of", table.Total().Sums[0])
	// Output: 30 of 42
}

func ExampleUnion() {
	day := func(date string, calls float64) *qos.Table {
		return &qos.Table{Dimensions: []string{"day"}, Sums: []string{"calls"},
			States: []qos.State{{Key: []qos.Member{qos.Text(date)}, Sums: []float64{calls}}}}
	}
	week, err := qos.Union(day("2017-09-11", 20), day("2017-09-12", 22))
	fmt.Println(week.Total().Sums[0], err)
	// Output: 42 <nil>
}

func ExampleScale() {
	jitter := qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000}
	bin := jitter.Index(150)
	low, high := jitter.Bounds(bin)
	fmt.Printf("bin %d holds %.1f to %.1f ms and stands for %.1f\n", bin, low, high, jitter.Representative(bin))
	// Output: bin 251 holds 148.4 to 151.4 ms and stands for 149.9
}

func ExampleHistogram() {
	h, err := qos.NewHistogram([]string{"site"}, qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000})
	if err != nil {
		fmt.Println(err)
		return
	}
	unknown := math.NaN() // this query returns no extremes
	for _, row := range []struct {
		site string
		bin  int32
		n    int64
	}{{"Zürich", 150, 900}, {"Kraków", 311, 100}, {"Zürich", 300, 100}} {
		if err := h.Add([]qos.Member{qos.Text(row.site)}, qos.Bin{Index: row.bin, N: row.n}, unknown, unknown); err != nil {
			fmt.Println(err)
		}
	}
	table := h.Table()
	p95 := qos.Measure{Kind: qos.Quantile, Q: 0.95}
	for _, s := range table.States {
		fmt.Printf("%s %.0f ms\n", s.Key[0], p95.Eval(table, s).Value)
	}
	fmt.Printf("together %.0f ms\n", p95.Eval(table, table.Total()).Value)
	// Output:
	// Kraków 498 ms
	// Zürich 399 ms
	// together 498 ms
}

func ExampleMeasure_Judge() {
	poor := qos.Measure{Kind: qos.Ratio, Numerator: "poor", Denominator: "classified", Better: qos.Down, Good: 0.02, Acceptable: 0.03}
	table := &qos.Table{Sums: []string{"poor", "classified"}, States: []qos.State{{Sums: []float64{500, 10000}}}}
	f := poor.Eval(table, table.Total())
	fmt.Printf("%.1f %% of %.0f: %v\n", 100*f.Value, f.N, poor.Judge(f))
	// Output: 5.0 % of 10000: breach
}

func ExampleMeasure_Check() {
	poor := qos.Measure{Kind: qos.Ratio, Numerator: "poor", Denominator: "classified"}
	table := &qos.Table{Sums: []string{"poor", "classified"}}
	fmt.Println(poor.Check(table, qos.State{Sums: []float64{12, 10}}))
	// Output: poor is 12 of 10 in classified: a part is 0 to its whole
}

func ExampleWilson() {
	low, high := qos.Wilson(3.0/30, 30, qos.Z95)
	fmt.Printf("3 of 30 is 10 %%, somewhere from %.1f to %.1f %%\n", 100*low, 100*high)
	// Output: 3 of 30 is 10 %, somewhere from 3.5 to 25.6 %
}

func ExampleBaselineDays() {
	days, kind := qos.BaselineDays("2017-09-12", func(day string) bool { return day >= "2017-08-01" })
	fmt.Println(kind, days)
	// Output: same weekday [2017-08-15 2017-08-22 2017-08-29 2017-09-05]
}

func ExampleRobustZFloor() {
	tuesdays := []float64{4.20, 4.21, 4.20, 4.20} // a steady figure: 4.10 is no news
	fmt.Printf("%.2f without a floor, %.2f with\n", qos.RobustZ(4.10, tuesdays), qos.RobustZFloor(4.10, tuesdays, qos.MADFloor))
	// Output: -31.92 without a floor, -0.32 with
}

func ExampleRateRule() {
	table := func(rows map[string][3]float64) *qos.Table {
		t := &qos.Table{Dimensions: []string{"site", "carrier", "hour"}, Sums: []string{"poor", "classified"}}
		for carrier, v := range rows {
			t.States = append(t.States, qos.State{
				Key: []qos.Member{qos.Text("Zürich"), qos.Text(carrier), qos.Number(int64(v[0]))}, Sums: v[1:]})
		}
		return t
	}
	day := table(map[string][3]float64{"Blåtel AS": {14, 80, 100}, "Norvik Telecom": {14, 2, 150}})
	tuesdays := table(map[string][3]float64{"Blåtel AS": {14, 4, 400}, "Norvik Telecom": {14, 6, 600}})

	rule := qos.RateRule{Measure: qos.Measure{
		Kind: qos.Ratio, Numerator: "poor", Denominator: "classified", Better: qos.Down, Good: 0.02, Acceptable: 0.03}}
	cube := []string{"site", "hour"}
	found, err := rule.Find(day, tuesdays, qos.SameWeekday, cube, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, in := range found.Incidents {
		fmt.Printf("%v at %v h: %.0f of %.0f are poor, %.1f %% before, %v\n",
			in.Key, in.Hours, in.Bad, in.N, 100*in.BaseRate, in.Verdict(82))
		shares, err := rule.Explain(day, tuesdays, in, cube, []string{"carrier"})
		if err != nil {
			fmt.Println(err)
			return
		}
		if who, ok := qos.Confined(shares); ok {
			fmt.Printf("%s %v has %.0f of them\n", who.Dimension, who.Member, who.Excess)
		}
	}
	// Output:
	// [Zürich] at [14] h: 82 of 250 are poor, 1.0 % before, breach
	// carrier Blåtel AS has 79 of them
}

func ExampleRank() {
	table := &qos.Table{Dimensions: []string{"trunk"}, Sums: []string{"poor", "classified"}, States: []qos.State{
		{Key: []qos.Member{qos.Text("one call")}, Sums: []float64{1, 1}},
		{Key: []qos.Member{qos.Text("busy")}, Sums: []float64{60, 1000}},
		{Key: []qos.Member{qos.Text("quiet")}, Sums: []float64{2, 500}},
	}}
	poor := qos.Measure{Kind: qos.Ratio, Numerator: "poor", Denominator: "classified", Better: qos.Down}
	top, others, count := qos.Top(table, qos.Rank(table, poor, 0.01), 1)
	fmt.Printf("%v %+.0f, and %d others at %.1f %%\n", top[0].State.Key, top[0].Excess, count, 100*poor.Eval(table, others).Value)
	// Output: [busy] +50, and 2 others at 0.6 %
}
