package html

import (
	"fmt"
	"math"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// rows are cells in memory.
type rows [][]query.Cell

func (r rows) Len() int { return len(r) }
func (r rows) Each(row func(cells []query.Cell) error) error {
	for _, cells := range r {
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

func text(s string) query.Cell { return query.Cell{Kind: query.CellText, Text: s} }

func at(v float64) *float64 { return &v }

var (
	pcr = report.Head{Measure: "pcr", Kind: "ratio", Label: "Poor calls", Percent: true, Decimals: 2, Better: "down", Good: at(0.02), Acceptable: at(0.03), Limits: "good ≤ 2 %, acceptable ≤ 3 %"}
	ner = report.Head{Measure: "ner", Kind: "ratio", Label: "Network effectiveness", Percent: true, Decimals: 1, Better: "up", Good: at(0.92), Acceptable: at(0.88), Limits: "good ≥ 92 %, acceptable ≥ 88 %"}
	mos = report.Head{Measure: "mos", Kind: "mean", Label: "Mean opinion score", Decimals: 2, Better: "up", Good: at(4), Acceptable: at(3.6), Limits: "good ≥ 4, acceptable ≥ 3.6"}
	acd = report.Head{Measure: "acd", Kind: "mean", Label: "Call duration", Unit: "s", Decimals: 1}
	leg = report.Head{Measure: "calls", Kind: "sum", Label: "Calls"}
)

// figure is a number of a measure as the model would hold it, with an interval of its own.
func figure(h report.Head, v, n float64, verdict string) report.Figure {
	f := report.Figure{Value: at(v), N: n, Percent: h.Percent, Decimals: h.Decimals, Verdict: verdict}
	show := func(v float64) string {
		if h.Percent {
			return report.FormatNumber(v*100, h.Decimals) + "\u00a0%"
		}
		return report.FormatNumber(v, h.Decimals)
	}
	if f.Text = show(v); h.Unit != "" {
		f.Text += "\u00a0" + h.Unit
	}
	if h.Percent {
		half := 1.96 * math.Sqrt(v*(1-v)/n)
		f.Low, f.High = at(math.Max(v-half, 0)), at(math.Min(v+half, 1))
		f.Interval = show(*f.Low) + " – " + show(*f.High)
	}
	return f
}

// few is a figure that stands on too few items, none one without any.
func few(h report.Head, n float64) report.Figure {
	return report.Figure{Value: at(0.5), N: n, Percent: h.Percent, Decimals: h.Decimals, Few: true, Text: "n<30", Verdict: "too few data"}
}

func none() report.Figure { return report.Figure{Text: "no data"} }

func judge(h report.Head, v float64) string {
	switch {
	case h.Good == nil:
		return ""
	case h.Better == "down" && v <= *h.Good || h.Better == "up" && v >= *h.Good:
		return "good"
	case h.Better == "down" && v <= *h.Acceptable || h.Better == "up" && v >= *h.Acceptable:
		return "watch"
	}
	return "breach"
}

func compared(h report.Head, values []float64, deltas ...string) []report.Comparison {
	labels := []string{"the day before", "a week before", "median of 4 Tuesdays"}
	var all []report.Comparison
	for i, v := range values {
		c := report.Comparison{Kind: []string{"day", "week", "base"}[i], Label: labels[i], Figure: figure(h, v, 13000, ""), Text: deltas[i]}
		all = append(all, c)
	}
	return all
}

func tiles() []report.Tile {
	tile := func(h report.Head, v float64, values []float64, deltas ...string) report.Tile {
		return report.Tile{Head: h, Figure: figure(h, v, 13781, judge(h, v)), Compare: compared(h, values, deltas...)}
	}
	all := []report.Tile{
		tile(leg, 20412, []float64{19988, 20630, 20377}, "+2.1 %", "−1.1 %", "+0.2 %"),
		tile(pcr, 0.0301, []float64{0.0098, 0.0102, 0.0101}, "+2.03 points", "+1.99 points", "+2.00 points"),
		tile(ner, 0.926, []float64{0.934, 0.935, 0.934}, "−0.8 points", "−0.9 points", "−0.8 points"),
		tile(mos, 4.21, []float64{4.25, 4.25, 4.25}, "−0.9 %", "−0.9 %", "−0.9 %"),
		tile(acd, 174.2, []float64{173.8, 175.1, 174}, "+0.2 %", "−0.5 %", "+0.1 %"),
		{Head: report.Head{Measure: "asr", Kind: "ratio", Label: "Answered", Percent: true}, Figure: none()},
		{Head: pcr, Figure: few(pcr, 12)},
		tile(report.Head{Measure: "jitter", Kind: "quantile", Label: "Jitter, 95th percentile", Unit: "ms", Decimals: 1, Better: "down", Good: at(20), Acceptable: at(30), Limits: "good ≤ 20 ms, acceptable ≤ 30 ms"},
			38.4, []float64{12.6, 12.7, 12.6}, "+204.8 %", "+202.4 %", "+204.8 %"),
	}
	all[5].Compare = []report.Comparison{{Kind: "day", Label: "the day before", Figure: none(), Text: "no data"}}
	return all
}

func findings() *report.Findings {
	return &report.Findings{Tested: 187, TooFew: 5, Hidden: 2, Text: "187 cells were tested, 5 had too few items; 2 incidents were found.", Items: []report.Finding{
		{Rule: "site_hours", Measure: "pcr", Label: "Poor calls", Verdict: "breach", Day: "2017-09-12", Title: "Zürich 14:00–16:00: Poor calls 84.7\u00a0%",
			Text:  "293 of 346 classified calls were poor (95 %: 80.5 – 88.1 %), against 0.60 % on the same weekday of 4 weeks. The rule site_hours asks for at least 10 beyond the limit of 3 %.",
			Cause: "Jitter accounts for 71 % of the excess and loss for 64 %. It is not confined to one carrier or codec."},
		{Rule: "site_hours", Measure: "ner", Label: "NER", Verdict: "watch", Day: "2017-09-12", Title: "São Paulo 03:00–04:00: Network effectiveness 71.0\u00a0%", Text: "22 of 31 calls were delivered."},
	}}
}

func heatmap() *report.Heatmap {
	h := &report.Heatmap{Head: pcr, RowDim: "site", ColDim: "hour"}
	for hour := range 24 {
		h.Columns = append(h.Columns, fmt.Sprintf("%02d", hour))
	}
	for i, site := range []string{"Košice-1", "Praha-Žižkov", "Zürich", "Kraków", "São Paulo", "東京-本社", "Reykjavík", "Austin TX"} {
		row := report.HeatRow{Member: site}
		for hour := range 24 {
			v, level, n := 0.004+0.012*math.Abs(math.Sin(float64(7*i+hour))), 0, 40+float64(10*hour)
			switch {
			case i == 2 && (hour == 14 || hour == 15):
				v, level = 0.855-0.016*float64(hour-14), 4
			case i == 2 && hour == 16:
				v, level = 0.026, 1
			case i == 6 && hour == 10:
				v, level = 0.041, 2
			case i == 7 && hour == 11:
				v, level = 0.094, 3
			case hour < 4 && i > 3:
				row.Cells = append(row.Cells, report.HeatCell{Empty: true, Figure: none()})
				continue
			case hour < 6:
				row.Cells = append(row.Cells, report.HeatCell{Figure: few(pcr, 11)})
				continue
			}
			row.Cells = append(row.Cells, report.HeatCell{Figure: figure(pcr, v, n, judge(pcr, v)), Level: level})
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func ranking() *report.Ranking {
	r := &report.Ranking{Dimension: "site", By: pcr, Columns: []report.Head{leg, pcr, mos, acd}, Members: 8}
	base := figure(pcr, 0.0101, 52000, "")
	r.BaseRate = &base
	for i, site := range []string{"Zürich", "Reykjavík", "São Paulo", "Košice-1"} {
		v, n := 0.18/float64(1+7*i*i), 2100-300*float64(i)
		r.Rows = append(r.Rows, report.RankRow{Member: site, Bad: at(math.Round(v * n)), Excess: at(v*n - 0.0101*n), Figures: []report.Figure{
			figure(leg, n, 0, ""), figure(pcr, v, n, judge(pcr, v)), figure(mos, 3.4+0.3*float64(i), n, judge(mos, 3.4+0.3*float64(i))), figure(acd, 170, n, "")}})
	}
	r.Other = &report.RankRow{Member: "(other)", Bad: at(40), Figures: []report.Figure{figure(leg, 5100, 0, ""), figure(pcr, 0.008, 5100, "good"), none(), few(acd, 3)}}
	return r
}

// trend has a day that is missing, one with too few items, and a day between gaps.
func trend() *report.Trend {
	t := &report.Trend{Series: []report.Series{{Head: pcr}, {Head: ner}, {Head: mos}}, Volume: &report.Series{Head: leg}}
	first := time.Date(2017, 8, 16, 0, 0, 0, 0, time.UTC)
	for i := range 28 {
		day := first.AddDate(0, 0, i)
		t.Days = append(t.Days, day.Format(time.DateOnly))
		calls := 20000 + 500*math.Sin(float64(i))
		if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
			calls *= 0.3
		}
		poor, delivered, score := 0.0101+0.0012*math.Sin(float64(3*i)), 0.934+0.003*math.Cos(float64(2*i)), 4.25+0.01*math.Sin(float64(i))
		if i == 27 {
			poor, delivered, score = 0.0301, 0.926, 4.21
		}
		if i == 20 {
			poor = 0.0248
		}
		points := []report.Figure{figure(pcr, poor, 0.7*calls, judge(pcr, poor)), figure(ner, delivered, calls, judge(ner, delivered)), figure(mos, score, calls, judge(mos, score))}
		volume := figure(leg, math.Round(calls), 0, "")
		switch i {
		case 18:
			points, volume = []report.Figure{none(), none(), none()}, none()
		case 16:
			points = []report.Figure{few(pcr, 7), few(ner, 7), few(mos, 7)}
		}
		for k := range t.Series {
			t.Series[k].Points = append(t.Series[k].Points, points[k])
		}
		t.Volume.Points = append(t.Volume.Points, volume)
	}
	return t
}

func histogram(log bool) *report.Histogram {
	h := &report.Histogram{Dataset: "jitter", Label: "Jitter", Unit: "ms", Log: log, Above: 17, NotFinite: 3,
		Labels: []string{"median", "p95", "p99"}, Quantiles: []report.Figure{figure(acd, 4.0, 9000, ""), figure(acd, 12.6, 9000, ""), few(acd, 12)}}
	low, high, peak := 0.0, 0.0, 9.0
	if !log {
		h.Label, h.Unit, peak = "Score", "", 19
		h.Quantiles = []report.Figure{figure(mos, 4.21, 9000, ""), figure(mos, 4.4, 9000, ""), figure(mos, 4.41, 9000, "")}
	}
	for i := range 24 {
		if log {
			low, high = math.Pow(10, float64(i-4)/8), math.Pow(10, float64(i-3)/8)
		} else {
			low, high = 1+float64(i)/6, 1+float64(i+1)/6
		}
		b := report.Bar{Low: low, High: high, N: math.Round(1400 * math.Exp(-math.Pow(float64(i)-peak, 2)/18)), Text: fmt.Sprintf("%.2f – %.2f", low, high)}
		h.N += b.N
		h.Bars = append(h.Bars, b)
	}
	return h
}

func quality() *report.Quality {
	return &report.Quality{Rows: 20550, Checks: []report.Check{
		{What: "duplicates", Label: "duplicate keys", Count: 71, Share: at(0.00345), Limit: at(0.01), Text: "0.35\u00a0%", Bound: "1.00\u00a0%"},
		{What: "hours", Label: "hours without rows", Count: 2},
		{Column: "jitter_ms", What: "low", Label: "jitter_ms: below the range", Count: 822, Share: at(0.04), Limit: at(0.01), Text: "4.00\u00a0%", Bound: "1.00\u00a0%", Failed: true},
	}}
}

func terms() []report.Term {
	return []report.Term{
		{Head: pcr, Formula: "Σ poor / Σ classified", Source: "rollout targets of a large vendor", About: "Calls whose jitter, loss, round trip time or score was poor.", MinN: 30},
		{Head: acd, Formula: "Σ talk_s / Σ answered", MinN: 30, Method: "exact"},
	}
}

func worst(table rows) report.Section {
	return report.Section{Name: "worst", Title: "Worst calls", Kind: report.KindTable, Table: &report.Table{Rows: table,
		Columns: []report.Column{{Name: "name", Type: "STRING", ID: wire.String}, {Name: "n", Type: "BIGINT", ID: wire.BigInt}}}}
}

// sample is a page with every kind of section.
func sample(table rows) *report.Page {
	return &report.Page{
		Schema: report.Schema, Report: "voice-daily", Title: "Voice <quality>",
		Window: report.Window{FromDate: "2017-09-12", ToDate: "2017-09-12", Zone: "Europe/Bratislava",
			From: time.Date(2017, 9, 11, 22, 0, 0, 0, time.UTC), To: time.Date(2017, 9, 12, 22, 0, 0, 0, time.UTC)},
		Params: []report.Param{{Name: "sites", Values: []string{"Zürich", "<b>"}}},
		Verdict: report.Verdict{Word: "breach", Sentence: "Zürich 14:00–16:00 caused 293 of 415 poor calls.",
			Incomplete: []string{"jitter_ms: below the range: 4.00\u00a0% of the rows, limit 1.00\u00a0%."}},
		Sections: []report.Section{
			{Name: "summary", Title: "Summary", Kind: report.KindKPI, Tiles: tiles(), Notes: []string{"The baseline lacks 2017-09-05."}},
			{Name: "findings", Title: "Findings", Kind: report.KindFindings, Findings: findings()},
			{Name: "calm", Title: "Other findings", Kind: report.KindFindings, Findings: &report.Findings{Tested: 40, Text: "40 cells were tested; nothing was unusual."}},
			{Name: "heat", Title: "Poor calls by site and hour", Kind: report.KindHeatmap, Heatmap: heatmap()},
			{Name: "sites", Title: "Sites", Kind: report.KindRanking, Ranking: ranking()},
			{Name: "trend", Title: "28 days", Kind: report.KindTrend, Trend: trend()},
			{Name: "jitter", Title: "Distribution of jitter", Kind: report.KindHistogram, Histogram: histogram(true)},
			{Name: "scores", Title: "Distribution of scores", Kind: report.KindHistogram, Histogram: histogram(false)},
			worst(table),
			{Name: "nothing", Title: "No rows", Kind: report.KindTable, Table: &report.Table{Rows: rows{}, Columns: []report.Column{{Name: "id", Type: "INT", ID: wire.Int}}}},
			{Name: "quality", Title: "Data quality", Kind: report.KindQuality, Quality: quality()},
			{Name: "definitions", Title: "Definitions", Kind: report.KindDefinitions, Terms: terms()},
			{Name: "provenance", Title: "Provenance", Kind: report.KindProvenance},
		},
		Provenance: report.Provenance{Program: "v0", Definition: strings.Repeat("ab", 32), Run: "r1", Instance: "prod-1", Principal: "report@EXAMPLE.COM", Generated: time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC),
			Options: []report.Param{{Name: "MEM_LIMIT", Values: []string{"8g"}}, {Name: "REQUEST_POOL", Values: []string{"reports"}}},
			Queries: []report.Query{{Dataset: "worst", Days: "2017-09-12", Coordinator: "impala-1.example.com:21050", QueryID: "1:2", Statement: "SELECT '<x>' AS a,\n\tn\nFROM t", SHA256: strings.Repeat("cd", 32),
				Started: time.Date(2017, 9, 13, 3, 59, 0, 0, time.UTC), Seconds: 1.25, Rows: 2, Warnings: []string{"2 files skipped"}}}},
	}
}

// someRows are values of each kind.
func someRows() rows {
	return rows{
		{text("Zürich"), {Kind: query.CellInt, Int: 3}},
		{{Kind: query.CellNull}, {Kind: query.CellNumber, Num: 0.5}},
		{text(""), {Kind: query.CellNull}},
		{text(strings.Repeat("endless", 60)), {Kind: query.CellInt, Int: -12}},
		{{Kind: query.CellTime, Text: "2017-09-12 15:14:58.590000000"}, {Kind: query.CellDecimal, Text: "0.10"}},
	}
}
