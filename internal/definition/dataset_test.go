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
		{3, map[string]int{"jitter": 7, "legs": 28, "junk": 0}},
		{9, map[string]int{"jitter": 14, "legs": 28, "junk": 0}},
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

// Values that YAML takes and that mean nothing: each is told, with its place.
func TestValuesThatMeanNothing(t *testing.T) {
	outputs := good[strings.Index(good, "outputs:"):]
	tests := []struct{ name, old, new, want string }{
		{"no limit", "good: 2%", "good: null", "r.yaml:11:8: measures.pcr needs both good and acceptable"},
		{"an empty limit", "good: 2%", `good: ""`, `measures.pcr.good is "nothing": write a number`},
		{"a limit that is a list", "good: 2%", "good: [1]", `measures.pcr.good is "[1]": write a number`},
		{"a percentage without its sign", "good: 2%, acceptable: 3%", "good: 2, acceptable: 3", "measures.pcr.good is 2: the limit of a ratio is from 0 to 1, or from 0% to 100%"},
		{"a scale that overflows", "scale: 1/60", "scale: 1e300", `r.yaml:12:36: measures.minutes.scale is "1e300"`},
		{"a scale of which nothing is left", "scale: 1/60", "scale: 1e-300", `measures.minutes.scale is "1e-300"`},
		{"more items than there are", "scale: 1/60", "min_n: 9223372036854775807", "measures.minutes.min_n is 9223372036854775807: write 1 to 1000000000"},
		{"a number that no integer holds", "scale: 1/60", "min_n: 99999999999999999999", "r.yaml:12:36: "},
		{"an empty measure", "{sum: legs.poor, scale: 1/60}", "null", "r.yaml:12:12: measures.minutes is empty"},
		{"a ratio of nothing", "ratio: [legs.poor, legs.classified]", "ratio: null", "measures.pcr has 0 kinds"},
		{"an empty quantile", "sum: legs.poor, scale: 1/60", "quantile: []", "r.yaml:12:23: measures.minutes.quantile has 0 parts: a quantile has two parts"},
		{"a quantile of lists", "sum: legs.poor, scale: 1/60", "quantile: [[a], {b: c}]", `measures.minutes.quantile is of "[a]"`},
		{"no tile", "kpi: [pcr, minutes]", "kpi: null", "r.yaml:14:12: sections.summary must have exactly one of kpi"},
		{"an empty list of tiles", "kpi: [pcr, minutes]", "kpi: []", "sections.summary must have exactly one of kpi"},
		{"a tile of nothing", "kpi: [pcr, minutes]", "kpi: [null]", `sections.summary.kpi[0] is "": there is no such measure`},
		{"one tile as a text", "kpi: [pcr, minutes]", "kpi: pcr", "r.yaml:14:18: "},
		{"an empty section", "{table: worst}", "null", "sections.worst is empty"},
		{"no findings", "{table: worst}", "{findings: null}", "sections.worst must have exactly one of kpi, findings"},
		{"a word that is not all", "{table: worst}", "{findings: some}", "r.yaml:15:21: "},
		{"an empty histogram", "rows: true", "dimensions: [day], histogram: {}", "datasets.worst.histogram.bin is missing"},
		{"a dimension of nothing", "[day, site]", "[day, null]", `names a column ""`},
		{"a column of nothing to hash", "rows: true", "rows: true, hash: [null]", `datasets.worst.hash[0] is "": write the name of a column`},
		{"a column to hash in capitals", "rows: true", "rows: true, hash: [Endpoint]", `datasets.worst.hash[0] is "Endpoint": write the name of a column in small letters`},
		{"a column that no SQL can name", "sums: [poor, classified]", "sums: [poor, classified], with: {column: 'a`b'}", "datasets.legs.with.column is \"a`b\": write the name of a column"},
		{"a default that is a mapping", "type: int, default: 5", "type: string, default: {a: 1}", "params.top.default is no plain value"},
		{"a default of nothings", "type: int, default: 5", "type: strings, default: [null]", "params.top.default is no plain value"},
		{"an empty parameter", "{type: int, default: 5}", "null", "params.top is empty"},
		{"an output of nothing", outputs, "outputs: {html: , json: {}}", "r.yaml:16:16: outputs.html is empty: write html: {} for all sections"},
		{"a sheet of nothing", outputs, "outputs: {xlsx: {sheets: [null]}}", "outputs.xlsx.sheets[0].sections is missing"},
		{"an empty rule", "version: 1", "version: 1\nfindings: {x: null}", "findings.x is empty"},
		{"no measures", good[strings.Index(good, "measures:"):strings.Index(good, "sections:")], "measures: null\n", `sections.summary.kpi[0] is "pcr": there is no such measure`},
		{"no datasets", good[strings.Index(good, "datasets:"):strings.Index(good, "measures:")], "datasets: null\n", "datasets is missing: a report needs at least one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.old, tt.new, 1)
			if _, err := load(text); text == good || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// Texts and anchors where numbers stand mean what they say.
func TestNumbersInOtherClothes(t *testing.T) {
	text := strings.NewReplacer("good: 2%", `good: &limit "2%"`, "acceptable: 3%", "acceptable: *limit", "default: 5", `default: "5"`).Replace(good)
	d, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	if q := d.Measures["pcr"].QoS(); q.Good != 0.02 || q.Acceptable != 0.02 {
		t.Errorf("limits %v and %v", q.Good, q.Acceptable)
	}
}

// Ten mistakes of ten kinds in one file are told at once, each with its place and cure.
func TestTenMistakesAreToldAtOnce(t *testing.T) {
	text := strings.NewReplacer(
		"version: 1", "version: 3",
		"sites: {type: strings}", "sites: {type: text}",
		"kind: {type: enum, enum: [a, b], default: a}", "kind: {type: enum, enum: [a, b], default: c}",
		"query: s.sql, dimensions: [day, site]", "query: gone.sql, dimensions: [site]",
		"good: 2%, acceptable: 3%", "good: 4%, acceptable: 3%",
		"sum: legs.poor", "sum: legs.rich",
		"kpi: [pcr, minutes]", "kpi: [pcr, hours]",
		"{table: worst}", "{heatmap: pcr, rows: site, columns: hour}",
		"html: {sections: [worst, summary]}", "html: {sections: [best]}",
	).Replace(good)
	_, err := load(text)
	want := []string{
		"reports/r.yaml:1:10: version is 3: write 1",
		`reports/r.yaml:5:45: params.kind.default: "c" is not allowed: write one of a, b`,
		"reports/r.yaml:3:17: params.sites.type is not known: write string, strings, int, ints, double, date, bool, identifier, enum",
		`reports/r.yaml:8:17: datasets.legs.query is "gone.sql": there is no such file below queries/`,
		"reports/r.yaml:8:39: datasets.legs.dimensions must name day: every query of states returns the report day",
		`reports/r.yaml:12:18: measures.minutes.sum is "legs.rich": the dataset has the sums poor, classified`,
		"reports/r.yaml:11:66: measures.pcr: good (0.04) must not be above acceptable (0.03) when better is down",
		`reports/r.yaml:14:24: sections.summary.kpi[1] is "hours": there is no such measure; there are minutes, pcr`,
		"reports/r.yaml:15:10: sections.worst cannot show pcr by hour: its dataset legs has the dimensions site",
		`reports/r.yaml:17:21: outputs.html.sections[0] is "best": there is no such section; there are summary, worst, definitions, provenance`,
	}
	if err == nil {
		t.Fatal("no mistake was found")
	}
	if got := strings.Split(err.Error(), "\n"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", err, strings.Join(want, "\n"))
	}
}

// A rule that no section shows decides over the verdict as others do: its baseline is
// fetched too. A baseline of several days is none, and is not.
func TestLookbackIsForWhatIsUsed(t *testing.T) {
	text := strings.NewReplacer("  unusual: {findings: all}\n", "", "[day, week]", "[base]", "  trend: {trend: [p95], days: 10}\n", "  sites: {ranking: site, by: pcr}\n").Replace(binned)
	for _, tt := range []struct {
		rule string
		days int
		want map[string]int
	}{
		{"findings:\n  poor: {rate: pcr, by: [site]}\n", 1, map[string]int{"jitter": 28, "legs": 28, "junk": 28}},
		{"findings:\n  poor: {rate: pcr, by: [site]}\n", 2, map[string]int{"jitter": 0, "legs": 28, "junk": 0}},
		{"", 2, map[string]int{"jitter": 0, "legs": 0, "junk": 0}},
	} {
		d, err := load(strings.Replace(text, "findings:\n  poor: {rate: pcr, by: [site]}\n", tt.rule, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Lookback(tt.days); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%d days: %v, want %v", tt.days, got, tt.want)
		}
	}
}
