package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	_ "time/tzdata"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

const small = `version: 1
title: Voice
datasets:
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, classified, talk, calls]}
measures:
  pcr: {ratio: [legs.poor, legs.classified], label: Poor calls, better: down, good: 2%, acceptable: 3%, decimals: 2, headline: true}
  acd: {mean: [legs.talk, legs.calls], unit: s}
  calls: {sum: legs.calls}
  hours: {sum: legs.talk, scale: 1/3600, unit: h, decimals: 1}
sections:
  summary: {kpi: [pcr, acd, calls, hours]}
outputs: {html: {}}
`

func build(t *testing.T, poor, classified, talk, calls float64) *Page {
	t.Helper()
	files := fstest.MapFS{"r/voice.yaml": {Data: []byte(small)}, "q/s.sql": {Data: []byte("SELECT 1")}}
	templates, err := query.LoadTemplates(files, "q")
	if err != nil {
		t.Fatal(err)
	}
	d, err := definition.Load(files, "r", "voice", templates)
	if err != nil {
		t.Fatal(err)
	}
	states := &qos.Table{Dimensions: []string{"day", "site"}, Sums: []string{"poor", "classified", "talk", "calls"},
		States: []qos.State{{Key: []qos.Member{qos.Text("2017-09-12"), qos.Null()}, Sums: []float64{poor, classified, talk, calls}}}}
	day := time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC)
	p, err := Build(Input{Definition: d, Window: Day(day, day, time.UTC), States: map[string]*qos.Table{"legs": states}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTilesSayWhatTheyStandOn(t *testing.T) {
	p := build(t, 415, 13781, 111600, 620)
	want := []struct{ text, interval, verdict string }{
		{"3.01\u00a0%", "2.74\u00a0% – 3.31\u00a0%", "watch"}, {"180.0\u00a0s", "", ""}, {"620", "", ""}, {"31.0\u00a0h", "", ""},
	}
	for i, tile := range p.Sections[0].Tiles {
		if tile.Figure.Text != want[i].text || tile.Figure.Interval != want[i].interval || tile.Figure.Verdict != want[i].verdict {
			t.Errorf("%s: %q %q %q, want %q", tile.Measure, tile.Figure.Text, tile.Figure.Interval, tile.Figure.Verdict, want[i])
		}
	}
	if p.Verdict.Word != "watch" || p.Verdict.Sentence != "Poor calls at 3.01\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 13\u202f781)." {
		t.Errorf("verdict %+v", p.Verdict)
	}
}

func TestTooFewItemsAreNotShownAsANumber(t *testing.T) {
	p := build(t, 1, 29, 0, 0)
	tiles := p.Sections[0].Tiles
	if tiles[0].Figure.Text != "n<30" || tiles[0].Figure.Verdict != "too few data" || tiles[1].Figure.Text != "no data" || tiles[2].Figure.Text != "0" {
		t.Errorf("got %+v", tiles)
	}
	if p.Verdict.Word != "too few data" {
		t.Errorf("verdict %+v", p.Verdict)
	}
}

func TestJSONHoldsTheFigures(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, build(t, 415, 13781, 111600, 620)); err != nil {
		t.Fatal(err)
	}
	var back Page
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if tile := back.Sections[0].Tiles[0]; *tile.Figure.Value != 415.0/13781 || tile.Figure.N != 13781 || *tile.Figure.Low >= *tile.Figure.Value {
		t.Errorf("got %+v", tile)
	}
}

func TestFormatNumber(t *testing.T) {
	tests := []struct {
		v        float64
		decimals int
		want     string
	}{{0, 0, "0"}, {999, 0, "999"}, {1000, 0, "1\u202f000"}, {-1234567.891, 2, "−1\u202f234\u202f567.89"}, {-0.001, 2, "0.00"}, {0.5, 0, "0"}, {12, 1, "12.0"}}
	for _, tt := range tests {
		if got := FormatNumber(tt.v, tt.decimals); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.v, got, tt.want)
		}
	}
}

func TestDaysOfAZone(t *testing.T) {
	tests := []struct {
		name, zone, from, to string
		start, end           string
	}{
		{"an ordinary day", "Europe/Bratislava", "2017-09-12", "2017-09-12", "2017-09-11T22:00:00Z", "2017-09-12T22:00:00Z"},
		{"a day of 23 hours", "Europe/Bratislava", "2017-03-26", "2017-03-26", "2017-03-25T23:00:00Z", "2017-03-26T22:00:00Z"},
		{"a day of 25 hours", "Europe/Bratislava", "2017-10-29", "2017-10-29", "2017-10-28T22:00:00Z", "2017-10-29T23:00:00Z"},
		{"several days", "UTC", "2017-02-27", "2017-03-01", "2017-02-27T00:00:00Z", "2017-03-02T00:00:00Z"},
		{"a day without midnight", "America/Sao_Paulo", "2017-10-15", "2017-10-15", "2017-10-15T03:00:00Z", "2017-10-16T02:00:00Z"},
		{"a day with two midnights", "America/Havana", "2017-11-05", "2017-11-05", "2017-11-05T04:00:00Z", "2017-11-06T05:00:00Z"},
		{"the day after a day that does not exist", "Pacific/Apia", "2011-12-31", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			date := func(text string) time.Time {
				d, err := query.ParseDate(text)
				if err != nil {
					t.Fatal(err)
				}
				return time.Time(d)
			}
			w := Day(date(tt.from), date(tt.to), zone)
			if got := w.From.Format(time.RFC3339); got != tt.start {
				t.Errorf("from %s, want %s", got, tt.start)
			}
			if got := w.To.Format(time.RFC3339); got != tt.end {
				t.Errorf("to %s, want %s", got, tt.end)
			}
			if !strings.Contains(w.Text(), tt.from) || !strings.Contains(w.Text(), tt.to) {
				t.Errorf("text %s", w.Text())
			}
		})
	}
}
