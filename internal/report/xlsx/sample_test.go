package xlsx

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
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

func words(s string) query.Cell { return query.Cell{Kind: query.CellText, Text: s} }

func pointer(v float64) *float64 { return &v }

var (
	pcrHead   = report.Head{Measure: "pcr", Kind: "ratio", Label: "Poor calls", Percent: true, Decimals: 2, Better: "down", Good: pointer(0.02), Acceptable: pointer(0.03), Limits: "good ≤ 2 %, acceptable ≤ 3 %"}
	mosHead   = report.Head{Measure: "mos", Kind: "mean", Label: "Mean opinion score", Decimals: 2, Better: "up", Limits: "good ≥ 4.0, acceptable ≥ 3.6"}
	nerHead   = report.Head{Measure: "ner", Kind: "ratio", Label: "Network effectiveness ratio", Percent: true, Decimals: 1, Better: "up", Limits: "good ≥ 92 %, acceptable ≥ 88 %"}
	callsHead = report.Head{Measure: "calls", Kind: "sum", Label: "Calls"}
	talkHead  = report.Head{Measure: "talk", Kind: "sum", Label: "Talk time", Unit: "min"}
)

// figure is a figure of n items; good and watch are its limits when it has any.
func figure(h report.Head, value, n float64) report.Figure {
	f := report.Figure{Value: &value, N: n, Percent: h.Percent, Decimals: h.Decimals, Text: report.FormatNumber(value, h.Decimals)}
	if h.Percent {
		f.Text = report.FormatNumber(value*100, h.Decimals) + " %"
		f.Low, f.High = pointer(math.Round(value*0.9e6)/1e6), pointer(math.Min(1, math.Round(value*1.1e6)/1e6))
		f.Interval = "about"
	}
	if h.Good != nil && h.Better == "down" {
		switch {
		case value <= *h.Good:
			f.Verdict = "good"
		case value <= *h.Acceptable:
			f.Verdict = "watch"
		default:
			f.Verdict = "breach"
		}
	}
	return f
}

func few() report.Figure {
	return report.Figure{Value: pointer(0.5), N: 4, Few: true, Percent: true, Decimals: 2, Text: "n<30"}
}

func noData() report.Figure { return report.Figure{Text: "no data"} }

func compared(t report.Tile, by float64) report.Tile {
	then := math.Round(*t.Figure.Value*by*1e4) / 1e4
	t.Compare = []report.Comparison{
		{Kind: "day", Label: "the day before", Days: []string{"2017-09-11"}, Figure: figure(t.Head, then, 900), Text: "+0.42 points"},
		{Kind: "base", Label: "median of 4 Tuesdays", Days: []string{"2017-09-05"}, Figure: figure(t.Head, then-0.001, 900), Text: "no data"},
	}
	return t
}

func sampleTrend(days int) *report.Trend {
	t := &report.Trend{Series: []report.Series{{Head: pcrHead}, {Head: nerHead}}, Volume: &report.Series{Head: callsHead}}
	for i := range days {
		t.Days = append(t.Days, time.Date(2017, 9, 13+i-days, 0, 0, 0, 0, time.UTC).Format(query.DateLayout))
		wave := math.Sin(float64(i))
		pcr, ner, calls := figure(pcrHead, 0.021+0.008*wave, 13000), figure(nerHead, 0.93-0.01*wave, 14000), figure(callsHead, math.Round(14000+3000*wave), 0)
		if i == days/3 {
			pcr, ner, calls = noData(), noData(), noData()
		}
		t.Series[0].Points = append(t.Series[0].Points, pcr)
		t.Series[1].Points = append(t.Series[1].Points, ner)
		t.Volume.Points = append(t.Volume.Points, calls)
	}
	return t
}

func sampleHeat(sites, hours int) *report.Heatmap {
	h := &report.Heatmap{Head: pcrHead, RowDim: "site", ColDim: "hour"}
	for hour := range hours {
		h.Columns = append(h.Columns, fmt.Sprint(hour))
	}
	for site := range sites {
		row := report.HeatRow{Member: []string{"Zürich", "Genève", "Lausanne", "東京", "Žilina"}[site%5]}
		for hour := range hours {
			level := (site*hour + hour) % 6
			cell := report.HeatCell{Figure: figure(pcrHead, 0.01*float64(level+1), 300), Level: min(level, report.MaxLevel)}
			switch {
			case (site+hour)%7 == 3:
				cell = report.HeatCell{Figure: few()}
			case (site+2*hour)%11 == 4:
				cell = report.HeatCell{Empty: true}
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func sampleFindings() *report.Findings {
	from, to := 14, 16
	return &report.Findings{
		Tested: 96, TooFew: 3, Text: "96 cells were tested, 3 had too few items; one finding.",
		Items: []report.Finding{{
			Rule: "poor_cells", Measure: "pcr", Label: "Poor calls", Verdict: "breach", Day: "2017-09-12",
			Where: []report.Pair{{Dimension: "site", Member: "Zürich"}}, FromHour: &from, ToHour: &to, Hours: "14:00–16:00",
			Bad: 293, N: 355, Rate: figure(pcrHead, 0.8254, 355), Base: figure(pcrHead, 0.0171, 9000), Excess: 286.9, Of: 415,
			Title: "Zürich 14:00–16:00: Poor calls 82.5 %",
			Text:  "293 of 355 calls were poor (82.5 %, 95 % interval 78.2 % to 86.1 %); the same weekday usually has 1.7 %. Rule poor_cells: lower bound above limit and baseline, and at least 10 more than usual.",
			Cause: "Not confined to one carrier or codec; jitter holds 71 % of the excess.",
		}},
	}
}

func sampleRanking() *report.Ranking {
	base := figure(pcrHead, 0.0171, 9000)
	row := func(member string, bad, excess, pcr, mos float64) report.RankRow {
		return report.RankRow{Member: member, Bad: &bad, Excess: &excess, Figures: []report.Figure{figure(pcrHead, pcr, 3000), figure(mosHead, mos, 3000)}}
	}
	other := row("(other)", 17, -3.5, 0.012, 4.21)
	return &report.Ranking{
		Dimension: "site", By: pcrHead, BaseRate: &base, Columns: []report.Head{pcrHead, mosHead}, Members: 7, Other: &other,
		Rows: []report.RankRow{row("Zürich", 330, 292.5, 0.112, 3.41), row("Genève", 52, 11.2, 0.0215, 4.02), row("=1+1", 40, 0.4, 0.0173, 4.1)},
	}
}

func sampleHistogram(bars int) *report.Histogram {
	h := &report.Histogram{Dataset: "mos", Label: "Mean opinion score", N: 13781, Above: 3, NotFinite: 2,
		Quantiles: []report.Figure{figure(mosHead, 4.12, 13781), figure(mosHead, 2.31, 13781)}, Labels: []string{"median", "5 %"}}
	for i := range bars {
		low := 1 + 4*float64(i)/float64(bars)
		n := math.Round(1000 * math.Exp(-math.Pow(float64(i)-0.7*float64(bars), 2)/float64(bars)))
		h.Bars = append(h.Bars, report.Bar{Low: low, High: low + 4/float64(bars), N: n})
	}
	return h
}

func sampleQueries(statement string) []report.Query {
	return []report.Query{{Dataset: "legs", Days: "2017-09-12", Coordinator: "impalad-1.example.com:21050", QueryID: "1a2b:3c4d", Statement: statement, SHA256: "beef",
		Started: time.Date(2017, 9, 13, 3, 59, 58, 0, time.UTC), Seconds: 1.25, Rows: 3241, Warnings: []string{"2 files skipped"}}}
}

// size is how much of everything a sample has.
type size struct{ days, sites, hours, bars int }

// sample is a page with every kind of section.
func sample(of size, table rows) *report.Page {
	p := page(table)
	p.Params = []report.Param{{Name: "sites", Values: []string{"Zürich", "Genève"}}}
	p.Verdict.Incomplete = []string{"jitter_ms: null in 3.1 % of the rows, limit 1 %"}
	kpi, worst := p.Sections[0], p.Sections[1]
	p.Sections = []report.Section{
		kpi,
		{Name: "findings", Title: "Findings", Kind: report.KindFindings, Findings: sampleFindings()},
		{Name: "trend", Title: "The last days", Kind: report.KindTrend, Trend: sampleTrend(of.days), Notes: []string{"One day has no data."}},
		{Name: "sites", Title: "Sites", Kind: report.KindRanking, Ranking: sampleRanking()},
		{Name: "heat", Title: "Poor calls by site and hour", Kind: report.KindHeatmap, Heatmap: sampleHeat(of.sites, of.hours), Notes: []string{"Hours are local."}},
		{Name: "dist", Title: "How it sounded", Kind: report.KindHistogram, Histogram: sampleHistogram(of.bars)},
		worst,
		{Name: "quality", Title: "Data quality", Kind: report.KindQuality, Quality: &report.Quality{Rows: 20000, Checks: []report.Check{
			{What: "rows", Label: "rows", Count: 20000},
			{Column: "jitter_ms", What: "null", Label: "jitter_ms: null", Count: 620, Share: pointer(0.031), Limit: pointer(0.01), Text: "3.10 %", Bound: "1 %", Failed: true},
			{Column: "mos", What: "high", Label: "mos: above the range", Count: 2, Share: pointer(0.0001), Limit: pointer(0.01), Text: "0.01 %", Bound: "1 %"},
		}}},
		{Name: "definitions", Title: "Definitions", Kind: report.KindDefinitions, Terms: []report.Term{
			{Head: pcrHead, Formula: "poor / classified", Source: "agreed with operations", MinN: 30, Method: "95 % interval by Wilson",
				About: "A call is poor when its mean opinion score is below 3.6, or its loss is above 5 %, or nobody could be heard on one side for more than ten seconds."},
			{Head: talkHead, Formula: "talk_s × 1/60"},
		}},
		{Name: "provenance", Title: "Provenance", Kind: report.KindProvenance},
	}
	return p
}

// sheets are the sheets of the shipped report.
var sheets = []definition.Sheet{
	{Name: "Summary", Sections: []string{"summary", "findings", "trend"}},
	{Name: "Sites", Sections: []string{"sites"}},
	{Name: "Hours", Sections: []string{"heat"}},
	{Name: "How it sounded", Sections: []string{"dist"}},
	{Name: "Worst calls", Sections: []string{"worst"}},
	{Name: "Data quality", Sections: []string{"quality"}},
	{Name: "About", Sections: []string{"definitions", "provenance"}},
}

// page is a small page: tiles and a table.
func page(table rows) *report.Page {
	columns := []report.Column{{Name: "name", Type: "STRING", ID: wire.String}, {Name: "value", Type: "DOUBLE", ID: wire.Double}}
	return &report.Page{
		Report: "voice-daily", Title: "Voice & more", Window: report.Window{FromDate: "2017-09-12", ToDate: "2017-09-12", Zone: "UTC",
			From: time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC), To: time.Date(2017, 9, 13, 0, 0, 0, 0, time.UTC)},
		Verdict: report.Verdict{Word: "breach", Sentence: "Poor calls at 3.01 %; Zürich 14:00–16:00 caused 293 of 415."},
		Sections: []report.Section{
			{Name: "summary", Title: "Summary", Kind: report.KindKPI, Tiles: []report.Tile{
				compared(report.Tile{Head: pcrHead, Figure: figure(pcrHead, 0.0301, 13781)}, 0.86),
				compared(report.Tile{Head: nerHead, Figure: figure(nerHead, 0.931, 14801)}, 1.01),
				{Head: mosHead, Figure: noData()},
				{Head: talkHead, Figure: figure(talkHead, -50, 0)},
				{Head: report.Head{Measure: "few", Kind: "ratio", Label: "Few", Percent: true}, Figure: few()},
			}},
			{Name: "worst", Title: "Worst calls", Kind: report.KindTable, Table: &report.Table{Columns: columns, Rows: table}},
		},
		Provenance: report.Provenance{Program: "v0", Definition: "abc", Run: "r1", Instance: "prod-1", Principal: "report@EXAMPLE.COM", Generated: time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC),
			Options: []report.Param{{Name: "MEM_LIMIT", Values: []string{"8g"}}},
			Queries: sampleQueries("SELECT site, count(*) AS legs\nFROM qos.call_quality\nWHERE dt = '2017-09-12'\n  AND name <> '=1+1'\nGROUP BY site\n")},
	}
}

func render(t *testing.T, p *report.Page, sheets []definition.Sheet) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Render(&out, p, sheets); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(t *testing.T, data []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
