package definition

import (
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"qosreport"
	"qosreport/internal/fault"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

const good = `version: 1
params:
  sites: {type: strings}
  top: {type: int, default: 5}
  kind: {type: enum, enum: [a, b], default: a}
  table: {type: identifier, default: qos.t}
datasets:
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, classified]}
  worst: {query: r.sql, rows: true}
measures:
  pcr: {ratio: [legs.poor, legs.classified], better: down, good: 2%, acceptable: 3%, headline: true}
  minutes: {sum: legs.poor, scale: 1/60}
sections:
  summary: {kpi: [pcr, minutes]}
  worst: {table: worst}
outputs:
  html: {sections: [worst, summary]}
  xlsx: {sheets: [{name: Summary, sections: [summary]}]}
`

func load(text string) (*Definition, error) {
	files := fstest.MapFS{"reports/r.yaml": {Data: []byte(text)}, "queries/s.sql": {Data: []byte("SELECT 1")}, "queries/r.sql": {Data: []byte("SELECT 2")}}
	templates, err := query.LoadTemplates(files, "queries")
	if err != nil {
		return nil, err
	}
	return Load(files, "reports", "r", templates)
}

func TestLoad(t *testing.T) {
	d, err := load(good)
	if err != nil {
		t.Fatal(err)
	}
	if d.Title != "r" || len(d.SHA256) != 64 || !reflect.DeepEqual(d.SectionOrder, []string{"summary", "worst", "definitions", "provenance"}) || !reflect.DeepEqual(d.DatasetOrder, []string{"legs", "worst"}) {
		t.Errorf("got %+v", d)
	}
	want := qos.Measure{Kind: qos.Ratio, Numerator: "poor", Denominator: "classified", Better: qos.Down, Good: 0.02, Acceptable: 0.03}
	if got := d.Measures["pcr"].QoS(); got != want {
		t.Errorf("got %+v", got)
	}
	if got := d.Measures["minutes"]; got.QoS().Scale != 1.0/60 || got.Dataset() != "legs" {
		t.Errorf("got %+v", got)
	}
	if d.Datasets["worst"].RowLimit() != 1000 {
		t.Errorf("limit %d", d.Datasets["worst"].RowLimit())
	}
}

func TestAnchorsAndMergesLoseNothing(t *testing.T) {
	text := strings.NewReplacer("datasets:\n", "datasets: &d\n", "  worst: {table: worst}\n", "  <<: {second: {table: worst}, first: {table: worst}}\n  worst: {table: worst}\n").Replace(good)
	d, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"summary", "worst", "first", "second", "definitions", "provenance"}; !reflect.DeepEqual(d.SectionOrder, want) || len(d.Sections) != 4 {
		t.Errorf("sections %v of %v", d.SectionOrder, d.Sections)
	}
	if want := []string{"legs", "worst"}; !reflect.DeepEqual(d.DatasetOrder, want) {
		t.Errorf("datasets %v", d.DatasetOrder)
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct {
		text string
		want float64
	}{
		{"2.9%", 29.0 / 1000}, {"92%", 0.92}, {"-0.5%", -0.005}, {"1e1%", 0.1}, {"3", 3}, {"1/60", 1.0 / 60}, {`"3%"`, 0.03},
	}
	for _, tt := range tests {
		var n Number
		if err := n.UnmarshalYAML([]byte(tt.text)); err != nil || n != (Number{Value: tt.want}) {
			t.Errorf("%s is %+v, %v; want %v", tt.text, n, err, tt.want)
		}
	}
}

// Each row changes one line of a good definition into a mistake.
func TestMistakes(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"version", "version: 1", "version: 2", "r.yaml:1:10: version is 2: write 1"},
		{"unknown key", "version: 1", "version: 1\nslos: []", `r.yaml:2:1: unknown key "slos"`},
		{"section kind that nothing draws", "{table: worst}", "{scatter: pcr}", `unknown key "scatter"`},
		{"two kinds of a section", "{table: worst}", "{table: worst, kpi: [pcr]}", "sections.worst must have exactly one of kpi, findings"},
		{"query", "query: s.sql", "query: x.sql", `datasets.legs.query is "x.sql": there is no such file`},
		{"no day", "[day, site]", "[site]", "datasets.legs.dimensions must name day"},
		{"column twice", "[day, site]", "[day, site, poor]", "names the column poor twice"},
		{"column name", "[day, site]", "[day, Site]", `names a column "Site"`},
		{"sums of rows", "rows: true", "rows: true, sums: [x]", "does not go with rows: true"},
		{"limit without rows", "sums: [poor, classified]", "sums: [poor, classified], limit: 5", "goes with rows: true only"},
		{"limit", "rows: true", "rows: true, limit: 2000000", "write 1 to 1000000"},
		{"dataset of a measure", "sum: legs.poor", "sum: lags.poor", `there is no dataset "lags"`},
		{"column of a measure", "sum: legs.poor", "sum: legs.pour", "the dataset has the sums poor, classified"},
		{"one column of a ratio", "[legs.poor, legs.classified]", "[legs.poor]", "write two, [part, whole]"},
		{"scale of a ratio", "[legs.poor, legs.classified], ", "[legs.poor, legs.classified], scale: 100, ", "measures.pcr.scale does not go with ratio"},
		{"two kinds of a measure", "sum: legs.poor", "sum: legs.poor, mean: [legs.poor, legs.poor]", "has 2 kinds"},
		{"limits swapped", "good: 2%, acceptable: 3%", "good: 3%, acceptable: 2%", "must not be above acceptable"},
		{"one limit", "good: 2%, acceptable: 3%", "good: 2%", "needs both good and acceptable"},
		{"no direction", "better: down, ", "", `better is "": write up or down`},
		{"headline without limits", "scale: 1/60", "scale: 1/60, headline: true", "without them there is no verdict"},
		{"a number", "scale: 1/60", "scale: 1/0", `r.yaml:12:36: measures.minutes.scale is "1/0": write a number`},
		{"measure of a tile", "kpi: [pcr, minutes]", "kpi: [pcr, hours]", `sections.summary.kpi[1] is "hours"`},
		{"table of states", "{table: worst}", "{table: legs}", "must name a dataset with rows: true"},
		{"section of an output", "sections: [worst, summary]", "sections: [best]", `outputs.html.sections[0] is "best"`},
		{"sheet name", "name: Summary", `name: "a/b"`, "none of []:*?/"},
		{"no outputs", good[strings.Index(good, "outputs:"):], "", "outputs is missing"},
		{"parameter type", "type: strings", "type: text", "params.sites.type is not known"},
		{"parameter default", "type: int, default: 5", "type: int, default: x", `"x" is no integer`},
		{"enum default", "default: a}", "default: c}", `"c" is not allowed: write one of a, b`},
		{"pattern", "type: strings", "type: strings, pattern: \"(\"", "params.sites.pattern"},
		{"name", "  summary: {", "  Summary: {", "is no name"},
		{"grain of a heat map", "{table: worst}", "{heatmap: pcr, rows: site, columns: hour}", "sections.worst cannot show pcr by hour: its dataset legs has the dimensions day, site"},
		{"heat map without columns", "{table: worst}", "{heatmap: pcr, rows: site}", "needs rows and columns"},
		{"grain of a ranking", "{table: worst}", "{ranking: carrier, by: pcr}", "sections.worst.by cannot show pcr by carrier"},
		{"ranking without order", "{table: worst}", "{ranking: site}", "sections.worst.by is missing"},
		{"key of another section", "{table: worst}", "{table: worst, top: 5}", "sections.worst.top goes with ranking, and not with table"},
		{"comparison", "kpi: [pcr, minutes]", "kpi: [pcr], compare: [month]", `sections.summary.compare[0] is "month"`},
		{"a measure twice", "kpi: [pcr, minutes]", "kpi: [pcr, pcr]", `names "pcr" a second time`},
		{"findings without rules", "{table: worst}", "{findings: all}", "sections.worst.findings has no rule"},
		{"unknown rule", "{table: worst}", "{findings: [x]}", `is "x": there is no such rule`},
		{"volume", "{table: worst}", "{trend: [pcr], volume: pcr}", "it must name a measure that is a sum"},
		{"days of a trend", "{table: worst}", "{trend: [pcr], days: 1}", "write 2 to 366"},
		{"histogram of no bins", "{table: worst}", "{histogram: legs}", "it must name a dataset with a histogram"},
		{"quality of states", "{table: worst}", "{quality: legs}", "it must name a dataset with quality: true"},
		{"built-in section", "  summary: {", "  provenance: {", "sections.provenance is built in"},
		{"two kinds of a dataset", "rows: true", "rows: true, quality: true", "is more than one of rows, quality, histogram"},
		{"hash of states", "sums: [poor, classified]", "sums: [poor, classified], hash: [site]", "datasets.legs.hash goes with rows: true only"},
		{"limits of states", "sums: [poor, classified]", "sums: [poor, classified], limits: {late: 1%}", "goes with quality: true only"},
		{"block", "query: s.sql", "query: s.sql, with: {where: x}", `datasets.legs.with.where is "x": no template defines such a block`},
		{"quantile of states", "sum: legs.poor", "quantile: [legs, 0.95]", "it must name a dataset with a histogram"},
		{"parts of a quantile", "sum: legs.poor", "quantile: [legs]", "a quantile has two parts"},
		{"maximum of a sum", "sum: legs.poor", "max: legs.poor", `measures.minutes.max is "legs.poor": the dataset has the maxima`},
		{"source without limits", "scale: 1/60", "scale: 1/60, source: me", "is of limits, and there are none"},
		{"rule of a sum", "sections:", "findings: {x: {rate: minutes, by: [site]}}\nsections:", `findings.x.rate is "minutes": it must name a ratio with limits`},
		{"cube of a rule", "sections:", "findings: {x: {rate: pcr, by: [hour]}}\nsections:", "findings.x.by cannot show pcr by hour"},
		{"rule by day", "sections:", "findings: {x: {rate: pcr, by: [day]}}\nsections:", "findings are made day by day"},
		{"reason of another whole", "sections:", "findings: {x: {rate: pcr, by: [site], reasons: [minutes]}}\nsections:", "a reason is a ratio whose whole is legs.classified"},
		{"address", "outputs:", "email: {to: [nobody]}\noutputs:", `email.to[0] is "nobody": write an address`},
		{"subject", "outputs:", "email: {subject: '{{.Measures.ner}}'}\noutputs:", "email.subject"},
		{"attachment", "outputs:", "email: {attach: [pdf]}\noutputs:", `email.attach[0] is "pdf"`},
		{"send_when, which nothing reads", "outputs:", "email: {send_when: always}\noutputs:", `unknown key "send_when"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.old, tt.new, 1)
			if text == good {
				t.Fatal("the row changes nothing")
			}
			_, err := load(text)
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.AreaOf(err) != fault.Usage {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := load(strings.NewReplacer("query: s.sql", "query: x.sql", "sum: legs.poor", "sum: legs.pour", "table: worst}", "table: legs}").Replace(good))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownReportNamesTheKnownOnes(t *testing.T) {
	files := fstest.MapFS{"reports/a.yaml": {}, "reports/b.yaml": {}, "reports/c.txt": {}}
	for _, name := range []string{"x", "", "./a", "../reports/a", "a/"} {
		_, err := Load(files, "reports", name, nil)
		if fault.Remedy(err) != "the reports are: a, b" || fault.AreaOf(err) != fault.Usage {
			t.Errorf("%q: got %v, %q", name, err, fault.Remedy(err))
		}
	}
}

func TestArgs(t *testing.T) {
	d, err := load(good)
	if err != nil {
		t.Fatal(err)
	}
	args, err := d.Args(map[string][]string{"sites": {"Zürich", "O'Brien"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"sites": `'Zürich', 'O\'Brien'`, "top": "5", "kind": "'a'", "table": "`qos`.`t`"} {
		if got := fmt.Sprint(args.Literals[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if args.Canonical() != `{"sites":["Zürich","O'Brien"]}` {
		t.Errorf("canonical %s", args.Canonical())
	}
	for _, bad := range []map[string][]string{{"nope": {"1"}}, {"top": {"x"}}, {"top": {"1", "2"}}, {"kind": {"c"}}, {"table": {"a`b"}}, {"sites": {"\xff"}}} {
		if _, err := d.Args(bad); fault.AreaOf(err) != fault.Usage {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestTheSmallestReportWorks(t *testing.T) {
	text := `version: 1
datasets:
  acme: {query: s.sql, rows: true}
sections:
  acme: {table: acme}
outputs:
  html: {}
`
	if _, err := load(text); err != nil {
		t.Error(err)
	}
}

func TestShippedReportsLoad(t *testing.T) {
	templates, err := query.LoadTemplates(qosreport.Files, "queries")
	if err != nil {
		t.Fatal(err)
	}
	names, err := Names(qosreport.Files, "configs/reports")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		if _, err := Load(qosreport.Files, "configs/reports", name, templates); err != nil {
			t.Error(err)
		}
	}
}

// The seeds of the fuzzer are whole definitions, not files that end at the first mistake.
func TestTheShippedReportIsASeed(t *testing.T) {
	text, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(text); err != nil {
		t.Error(err)
	}
}

// seed is the shipped report with all its queries under one name, so that it loads here.
func seed() (string, error) {
	shipped, err := fs.ReadFile(qosreport.Files, "configs/reports/voice-daily.yaml")
	text := strings.ReplaceAll(string(shipped), ", where: classified", "")
	return regexp.MustCompile(`voice/[a-z]+\.sql`).ReplaceAllString(text, "s.sql"), err
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add(binned)
	text, err := seed()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := load(text)
		if err != nil {
			return
		}
		if _, err := d.Args(nil); err != nil {
			t.Errorf("a definition that loads has bad defaults: %v", err)
		}
		d.Lookback(1)
		for name, m := range d.Measures {
			if err := m.QoS().Validate(); err != nil {
				t.Errorf("a definition that loads has a bad measure %s: %v", name, err)
			}
		}
		for name, dataset := range d.Datasets {
			if scale := dataset.Scale(); scale != nil && scale.Validate() != nil {
				t.Errorf("a definition that loads has a bad histogram %s: %v", name, scale.Validate())
			}
		}
	})
}
