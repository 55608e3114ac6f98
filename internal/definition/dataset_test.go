package definition

import (
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/qos"
)

const binned = `version: 1
datasets:
  jitter: {query: s.sql, with: {column: jitter_ms}, dimensions: [day, site], histogram: {bin: bin, count: n, low: low, high: high, scale: log, alpha: 1%, min: 0.01, max: 10000, unit: ms}}
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, classified], maxima: [rtt]}
  junk: {query: s.sql, dimensions: [day], quality: true, limits: {late: 3%, "null": 10%}}
measures:
  p95: {quantile: [jitter, 0.95], unit: ms, better: down, good: 20, acceptable: 30}
  pcr: {ratio: [legs.poor, legs.classified], better: down, good: 2%, acceptable: 3%}
  rtt: {max: legs.rtt, unit: ms}
findings:
  poor: {rate: pcr, by: [site]}
sections:
  summary: {kpi: [p95, rtt], compare: [day, week]}
  unusual: {findings: all}
  trend: {trend: [p95], days: 10}
  quality: {quality: junk}
outputs: {html: {}}
`

func TestHistogramsQuantilesAndQuality(t *testing.T) {
	d, err := load(binned)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Datasets["jitter"].Scale(); *got != (qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000}) {
		t.Errorf("scale %+v", got)
	}
	want := qos.Measure{Kind: qos.Quantile, Q: 0.95, Better: qos.Down, Good: 20, Acceptable: 30}
	if got := d.Measures["p95"]; got.QoS() != want || got.Dataset() != "jitter" {
		t.Errorf("got %+v of %s", got.QoS(), got.Dataset())
	}
	for what, want := range map[string]float64{"late": 0.03, "null": 0.1, "high": 0.01} {
		if got, found := d.Datasets["junk"].QualityLimit(what); !found || got != want {
			t.Errorf("limit of %s: %v, %v", what, got, found)
		}
	}
	if _, found := (&Dataset{}).QualityLimit("null"); found {
		t.Error("NULL has a limit that nobody wrote")
	}
}

// A dataset is asked for the days before the window only where a section looks at them.
func TestLookback(t *testing.T) {
	d, err := load(binned)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		days int
		want map[string]int
	}{
		{1, map[string]int{"jitter": 9, "legs": 28, "junk": 28}},
		{3, map[string]int{"jitter": 7, "legs": 28, "junk": 28}},
		{9, map[string]int{"jitter": 14, "legs": 28, "junk": 28}},
	} {
		if got := d.Lookback(tt.days); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%d days: %v, want %v", tt.days, got, tt.want)
		}
	}
}

func TestMistakesOfHistogramsAndQuality(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"no bins", "bin: bin, ", "", "histogram.bin is missing"},
		{"low alone", "high: high, ", "", "low and high go together"},
		{"scale", "scale: log", "scale: cubic", `histogram.scale is "cubic": write log or linear`},
		{"alpha of a linear scale", "scale: log", "scale: linear, width: 1", "goes with scale: log only"},
		{"alpha", "alpha: 1%", "alpha: 200%", "must be 0.001 to 0.2"},
		{"range", "max: 10000", "max: 0.001", "must be greater than min"},
		{"zero on a log scale", "min: 0.01", "min: 0", "must be above 0 on a log scale"},
		{"sums beside bins", "dimensions: [day, site], histogram", "dimensions: [day, site], sums: [x], histogram", "does not go with histogram or quality"},
		{"a limit of nothing", "late: 3%", "lost: 3%", "limits.lost is not counted"},
		{"a limit beyond all", "late: 3%", "late: 300%", "must be a share from 0% to 100%"},
		{"a quantile beyond all", "[jitter, 0.95]", "[jitter, 95]", "must be from 0 to 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(binned, tt.old, tt.new, 1)
			if _, err := load(text); text == binned || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestSubject(t *testing.T) {
	d := &Definition{Title: "Voice"}
	got, err := d.MakeSubject(SubjectData{Verdict: "breach", Title: "Voice\r\nBcc: a@example.invalid", Date: "2017-09-12"})
	if err != nil || got != "[breach] Voice Bcc: a@example.invalid 2017-09-12" {
		t.Errorf("got %q, %v", got, err)
	}
	d.Email = &Email{Subject: "{{.Measures.pcr}}"}
	if _, err := d.MakeSubject(SubjectData{Measures: map[string]string{"ner": "93 %"}}); err == nil {
		t.Error("a measure that is not shown was taken")
	}
}
