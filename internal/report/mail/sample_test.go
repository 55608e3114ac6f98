package mail

import (
	"fmt"
	"math"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// rowSet is rows of a query in memory.
type rowSet [][]query.Cell

func (r rowSet) Len() int { return len(r) }
func (r rowSet) Each(row func(cells []query.Cell) error) error {
	for i := range r {
		if err := row(r[i]); err != nil {
			return err
		}
	}
	return nil
}

func ptr(v float64) *float64 { return &v }

// ratio and plain are figures as the model has them.
func ratio(v, n float64, verdict string) report.Figure {
	show := func(v float64) string { return report.FormatNumber(100*v, 2) + "\u00a0%" }
	low, high := v*0.9, v*1.1
	return report.Figure{Value: &v, N: n, Low: &low, High: &high, Percent: true, Decimals: 2, Text: show(v), Interval: show(low) + " – " + show(high), Verdict: verdict}
}

func plain(v float64, decimals int, unit, verdict string) report.Figure {
	return report.Figure{Value: &v, N: 812, Decimals: decimals, Text: strings.TrimSuffix(report.FormatNumber(v, decimals)+"\u00a0"+unit, "\u00a0"), Verdict: verdict}
}

func tooFew() report.Figure {
	f := ratio(0.5, 12, "too few data")
	f.Few, f.Text = true, "n<30"
	return f
}

func noData() report.Figure { return report.Figure{Text: "no data"} }

var (
	poor   = report.Head{Measure: "poor", Kind: "ratio", Label: "Poor calls", Percent: true, Decimals: 2, Better: "down", Good: ptr(0.02), Acceptable: ptr(0.03), Limits: "good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%"}
	score  = report.Head{Measure: "score", Kind: "mean", Label: "Mean opinion score", Decimals: 2, Better: "up", Good: ptr(4), Acceptable: ptr(3.6), Limits: "good ≥ 4, acceptable ≥ 3.6"}
	jitter = report.Head{Measure: "jitter", Kind: "quantile", Label: "Jitter p95", Unit: "ms", Decimals: 1}
	calls  = report.Head{Measure: "calls", Kind: "sum", Label: "Calls"}
)

func sampleTiles() []report.Tile {
	before := func(f report.Figure, change string) []report.Comparison {
		return []report.Comparison{{Kind: "day", Label: "day before", Figure: f, Text: change}, {Kind: "base", Label: "median of 4 Tuesdays", Figure: f, Text: change}}
	}
	return []report.Tile{
		{Head: poor, Figure: ratio(0.0278, 13804, "watch"), Compare: before(ratio(0.0096, 13389, ""), "+1.82 points")},
		{Head: score, Figure: plain(4.23, 2, "", "good"), Compare: before(plain(4.25, 2, "", ""), "−0.5\u00a0%")},
		{Head: calls, Figure: plain(10395, 0, "", ""), Compare: before(noData(), "no data")},
		{Head: jitter, Figure: tooFew()},
		{Head: report.Head{Kind: "ratio", Label: "Answered", Percent: true}, Figure: noData()},
	}
}

func sampleFindings(n int) *report.Findings {
	f := &report.Findings{Tested: 212, TooFew: 204, Hidden: 3, Text: "2 findings: 212 cells were tested, 204 had too few data to test."}
	for i := range n {
		f.Items = append(f.Items, report.Finding{Verdict: []string{"breach", "watch"}[i%2], Day: "2017-09-12", Label: "Poor calls", Title: fmt.Sprintf("Zürich %02d:00–%02d:00: Poor calls 81.70\u00a0%%", i%24, i%24+1),
			Text: "250 of 306 bad, 74.20\u00a0% – 87.39\u00a0% (99.7\u00a0% interval); usual 0.20\u00a0%, at most 0.58\u00a0% (95\u00a0%, same weekday); 249 more than usual. Rule poor_calls."})
		if i%2 == 0 {
			f.Items[i].Cause = "Not confined to one carrier or codec. Of the excess, loss above 5\u00a0% in 85\u00a0%."
		}
	}
	return f
}

func sampleHeatmap() *report.Heatmap {
	h := &report.Heatmap{Head: poor, RowDim: "site", ColDim: "hour"}
	for hour := range 24 {
		h.Columns = append(h.Columns, fmt.Sprintf("%02d", hour))
	}
	for i, site := range []string{"Zürich", "東京-本社", "São Paulo"} {
		row := report.HeatRow{Member: site}
		for hour := range 24 {
			v := float64((7*hour+5*i)%19) / 1000
			cell := report.HeatCell{Figure: ratio(v, 80, "good")}
			switch {
			case hour < 2:
				cell = report.HeatCell{Figure: noData(), Empty: true}
			case hour < 4:
				cell = report.HeatCell{Figure: tooFew()}
			case i == 0 && hour == 14:
				cell = report.HeatCell{Figure: ratio(0.817, 306, "breach"), Level: 4}
			case i == 0 && hour > 14 && hour < 18:
				cell = report.HeatCell{Figure: ratio(0.022+0.03*float64(17-hour), 150, "watch"), Level: 18 - hour}
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func sampleRanking(n int) *report.Ranking {
	base := ratio(0.0093, 54612, "")
	r := &report.Ranking{Dimension: "site", By: poor, BaseRate: &base, Columns: []report.Head{calls, poor, score, jitter, {Measure: "rtt_max", Kind: "max", Label: "Longest round trip", Unit: "ms"}, {Measure: "acd", Kind: "mean", Label: "Mean call duration", Unit: "s"}}, Members: n + 2}
	row := func(member string, v float64, verdict string) report.RankRow {
		return report.RankRow{Member: member, Bad: ptr(math.Round(v * 2048)), Excess: ptr(v*2048 - 19), Figures: []report.Figure{
			plain(2048, 0, "", ""), ratio(v, 2048, verdict), plain(4.15, 2, "", "good"), plain(32.8, 1, "ms", ""), plain(412.7, 1, "ms", ""), tooFew()}}
	}
	for i := range n {
		r.Rows = append(r.Rows, row([]string{"Zürich", "München", "e\u0301cole", "東京-本社"}[i%4], 0.13/float64(1+i), []string{"breach", "watch", "good"}[min(i, 2)]))
	}
	other := row("(other)", 0.001, "good")
	r.Other = &other
	return r
}

func sampleTrend(n int) *report.Trend {
	t := &report.Trend{Series: []report.Series{{Head: poor}, {Head: score}}, Volume: &report.Series{Head: calls}}
	for i := range n {
		t.Days = append(t.Days, time.Date(2017, 9, 12+i-n+1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		v := 0.01 + 0.001*float64(i%3)
		points := []report.Figure{ratio(v, 2000, "good"), plain(4.2, 2, "", "good"), plain(float64(9000+100*i), 0, "", "")}
		switch i {
		case n - 1:
			points[0] = ratio(0.0278, 2000, "breach")
		case 1:
			points = []report.Figure{noData(), noData(), noData()}
		}
		t.Series[0].Points, t.Series[1].Points, t.Volume.Points = append(t.Series[0].Points, points[0]), append(t.Series[1].Points, points[1]), append(t.Volume.Points, points[2])
	}
	return t
}

func sampleHistogram() *report.Histogram {
	h := &report.Histogram{Dataset: "jitter", Label: "Jitter of a leg", Unit: "ms", Log: true, N: 1817, Above: 17, NotFinite: 3,
		Labels: []string{"median", "p99"}, Quantiles: []report.Figure{plain(4.1, 1, "ms", ""), tooFew()}}
	for i, n := range []float64{1, 0, 250, 1200, 349} {
		h.Bars = append(h.Bars, report.Bar{Low: float64(i), High: float64(i + 1), N: n, Text: fmt.Sprintf("%d – %d", i, i+1)})
	}
	return h
}

func sampleTable(rows report.RowSet) *report.Table {
	t := &report.Table{Rows: rows}
	for _, name := range []string{"started", "site", "endpoint", "model", "carrier"} {
		t.Columns = append(t.Columns, report.Column{Name: name, Type: "STRING", ID: wire.String})
	}
	t.Columns = append(t.Columns, report.Column{Name: "jitter_ms", Type: "DOUBLE", ID: wire.Double})
	return t
}

func sampleRows(n int) rowSet {
	word := func(s string) query.Cell { return query.Cell{Kind: query.CellText, Text: s} }
	var rows rowSet
	for i := range n {
		rows = append(rows, []query.Cell{{Kind: query.CellTime, Text: fmt.Sprintf("2017-09-12 15:14:%02d.590000000", i%60)}, word("Zürich"), word("#d8cf248584"), word("softphone 9.0"), {Kind: query.CellNull}, {Kind: query.CellNumber, Num: 14.584}})
	}
	return rows
}

func sampleQuality() *report.Quality {
	return &report.Quality{Rows: 21056, Checks: []report.Check{
		{What: "rows", Label: "rows read", Count: 21056, Share: ptr(1.005), Limit: ptr(0.5), Text: "100.53\u00a0% of the median", Bound: "at least 50.00\u00a0% of the median 20\u202f944 of 4 Tuesdays"},
		{What: "hours", Label: "hours without any row", Limit: ptr(0), Text: "0.00\u00a0%", Bound: "at most 0.00\u00a0%"},
		{Column: "jitter_ms", What: "low", Label: "below the range", Count: 822, Share: ptr(0.04), Limit: ptr(0.01), Text: "4.00\u00a0%", Bound: "at most 1.00\u00a0%", Failed: true},
		{Column: "jitter_ms", What: "null", Label: "no value", Count: 6855, Share: ptr(0.3256), Text: "32.56\u00a0%"},
	}}
}

// sample is a page with every kind of section.
func sample() *report.Page {
	return &report.Page{
		Schema: report.Schema, Report: "voice-daily", Title: "Voice <quality>",
		Window: report.Window{FromDate: "2017-09-12", ToDate: "2017-09-12", Zone: "Europe/Bratislava",
			From: time.Date(2017, 9, 11, 22, 0, 0, 0, time.UTC), To: time.Date(2017, 9, 12, 22, 0, 0, 0, time.UTC)},
		Params: []report.Param{{Name: "sites", Values: []string{"Zürich", "<b>"}}},
		Verdict: report.Verdict{Word: "breach", Sentence: "Zürich 14:00–15:00 caused 250 of 384 (Poor calls); the whole window is at 2.78\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%).",
			Incomplete: []string{"jitter_ms below the range: 4.00\u00a0% (at most 1.00\u00a0%)"}},
		Sections: []report.Section{
			{Name: "summary", Title: "Summary", Kind: report.KindKPI, Tiles: sampleTiles(), Notes: []string{"The baseline lacks 2017-09-05."}},
			{Name: "findings", Title: "Findings", Kind: report.KindFindings, Findings: sampleFindings(2)},
			{Name: "heat", Title: "Poor calls by site and hour", Kind: report.KindHeatmap, Heatmap: sampleHeatmap(), Notes: []string{"6 cells have too few data to show a figure."}},
			{Name: "sites", Title: "Sites", Kind: report.KindRanking, Ranking: sampleRanking(4), Notes: []string{"Excess is the bad items beyond the rate of the 4 Tuesdays before. It is 0.93\u00a0%."}},
			{Name: "trend", Title: "Last days", Kind: report.KindTrend, Trend: sampleTrend(6)},
			{Name: "jitter", Title: "Jitter", Kind: report.KindHistogram, Histogram: sampleHistogram()},
			{Name: "worst", Title: "Worst calls", Kind: report.KindTable, Table: sampleTable(sampleRows(23)), Notes: []string{"Personal data are shown as hashes: endpoint."}},
			{Name: "quality", Title: "Data quality", Kind: report.KindQuality, Quality: sampleQuality()},
			{Name: "definitions", Title: "Definitions", Kind: report.KindDefinitions, Terms: []report.Term{
				{Head: poor, Formula: "poor / classified", Source: "rollout targets", About: "Legs that sound bad, of those that can be judged.", MinN: 30}, {Head: jitter, Formula: "0.95 quantile of jitter", MinN: 60, Method: "nearest rank in logarithmic bins"}, {Head: calls, Formula: "sum of calls"}}},
			{Name: "provenance", Title: "Provenance", Kind: report.KindProvenance},
		},
		Provenance: report.Provenance{Program: "v0", Definition: strings.Repeat("ab", 32), Run: "r1", Instance: "prod-1", Principal: "report@EXAMPLE.COM", Generated: time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC),
			Options: []report.Param{{Name: "MEM_LIMIT", Values: []string{"8g"}}},
			Queries: []report.Query{{Dataset: "worst", Days: "2017-09-12", Coordinator: "impala-1.example.com:21050", QueryID: "1:2", Statement: "SELECT 1", SHA256: strings.Repeat("cd", 32),
				Started: time.Date(2017, 9, 13, 3, 59, 0, 0, time.UTC), Seconds: 1.25, Rows: 2, Warnings: []string{"2 files skipped"}}}},
	}
}

// options are those of a mail with two files.
func options() Options {
	return Options{Attached: []string{"voice-daily_2017-09-12.html", "voice-daily_2017-09-12.xlsx"}}
}

// sampleSection is one of the sample's.
func sampleSection(name string) report.Section { return sample().Pick([]string{name})[0] }
