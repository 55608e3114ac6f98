package job

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

const judged = `version: 1
datasets:
  legs: {query: legs.sql, dimensions: [day, site, hour], sums: [poor, classified]}
  jitter: {query: jitter.sql, dimensions: [day], histogram: {bin: bin, count: n, scale: log, alpha: 1%, min: 0.01, max: 10000}}
  junk: {query: junk.sql, dimensions: [day], quality: true}
  worst: {query: worst.sql, rows: true, hash: [who]}
measures:
  pcr: {ratio: [legs.poor, legs.classified], better: down, good: 2%, acceptable: 3%, headline: true}
  legs: {sum: legs.classified}
  p95: {quantile: [jitter, 0.95], unit: ms}
sections:
  summary: {kpi: [pcr, legs, p95], compare: [base]}
  heat: {heatmap: pcr, rows: site, columns: hour}
  quality: {quality: junk}
  worst: {table: worst}
outputs: {html: {}, xlsx: {}, json: {}, csv: {}}
`

// told is an engine that answers the statement of each dataset with rows of its own.
type told map[string]*result

func (e told) Execute(_ context.Context, _ *hs2server.Session, statement string) (hs2server.Result, error) {
	return e[strings.Fields(statement)[1]], nil
}

// columns are written name:type.
func answer(columns string, rows ...[]any) *result {
	r := &result{rows: rows}
	for _, c := range strings.Fields(columns) {
		name, kind, _ := strings.Cut(c, ":")
		r.columns = append(r.columns, wire.ColumnDesc{Name: name, Type: map[string]wire.TypeID{"text": wire.String, "int": wire.BigInt, "double": wire.Double}[kind]})
	}
	return r
}

const judgedDay = "2017-09-12"

// honest are rows of a day on which nothing is wrong.
func honest() told {
	return told{
		"legs":   answer("day:text site:text hour:int poor:int classified:int", []any{judgedDay, "Zürich", 14, 1, 100}, []any{judgedDay, nil, 15, 0, 20}),
		"jitter": answer("day:text bin:int n:int", []any{judgedDay, 70, 90}),
		"junk":   answer("day:text rows:int late:int", []any{judgedDay, 1000, 3}),
		"worst":  answer("who:text mos:double", []any{"+421900123456", 1.5}, []any{nil, nil}),
	}
}

// judgedOptions is a run on the engine, over two sessions.
func judgedOptions(t *testing.T, e told) Options {
	t.Helper()
	o, _ := options(t, nil)
	files := fstest.MapFS{"r/judged.yaml": {Data: []byte(judged)}}
	for name := range e {
		files["q/"+name+".sql"] = &fstest.MapFile{Data: []byte("SELECT " + name + ` FROM t WHERE {{partition "dt"}}`)}
	}
	var err error
	if o.Templates, err = query.LoadTemplates(files, "q"); err != nil {
		t.Fatal(err)
	}
	if o.Definition, err = definition.Load(files, "r", "judged", o.Templates); err != nil {
		t.Fatal(err)
	}
	o.Args, o.Progress, o.Sessions = definition.Args{}, quiet{}, 2
	o.Connect = served(t, e)
	return o
}

// Data that are wrong end the run with the dataset and what is wrong, and without a file.
func TestWrongDataMakeNoReport(t *testing.T) {
	tests := []struct {
		name, dataset string
		result        *result
		want          string
	}{
		{"two columns of one name", "worst", answer("who:text WHO:text", []any{"a", "b"}), "dataset worst: column WHO comes twice"},
		{"two sums of one name", "legs", answer("day:text site:text hour:int poor:int classified:int poor:int", []any{judgedDay, "A", 1, 1, 100, 1}), "dataset legs: column poor comes twice"},
		{"a day before the window", "legs", answer("day:text site:text hour:int poor:int classified:int", []any{"2017-08-14", "A", 1, 1, 100}), "column day holds 2017-08-14, which lies outside of the days asked for, 2017-08-15 to 2017-09-12"},
		{"a day after the window", "jitter", answer("day:text bin:int n:int", []any{"2017-09-13", 70, 90}), "dataset jitter: column day holds 2017-09-13"},
		{"a part that is more than its whole", "legs", answer("day:text site:text hour:int poor:int classified:int", []any{judgedDay, "A", 1, 101, 100}), "measure pcr in dataset legs: poor is 101 of 100"},
		{"also on a day long ago", "legs", answer("day:text site:text hour:int poor:int classified:int", []any{judgedDay, "A", 1, 1, 100}, []any{"2017-08-15", "A", 1, 5, 4}), "poor is 5 of 4"},
		{"a count below zero", "legs", answer("day:text site:text hour:int poor:int classified:int", []any{judgedDay, "A", 1, 0, -100}), "never negative"},
		{"NaN", "legs", answer("day:text site:text hour:int poor:double classified:int", []any{judgedDay, "A", 1, math.NaN(), 100}), "dataset legs: column poor: the value is NaN"},
		{"an infinity", "legs", answer("day:text site:text hour:int poor:double classified:int", []any{judgedDay, "A", 1, math.Inf(1), 100}), "dataset legs: column poor: the value is +Inf"},
		{"a number that no count is", "legs", answer("day:text site:text hour:int poor:double classified:double", []any{judgedDay, "A", 1, 1e200, 1e201}), "dataset legs: column poor holds 1e+200"},
		{"an hour that no day has", "legs", answer("day:text site:text hour:int poor:int classified:int", []any{judgedDay, "A", 24, 1, 100}), `dataset legs: column hour holds "24"`},
		{"an hour that is a text", "legs", answer("day:text site:text hour:text poor:int classified:int", []any{judgedDay, "A", "14", 1, 100}), `dataset legs: column hour holds "14"`},
		{"values below zero in a bin", "jitter", answer("day:text bin:int n:int", []any{judgedDay, 70, -1}), "dataset jitter: column bin holds bin 70 with -1 values"},
		{"a bin that the scale does not have", "jitter", answer("day:text bin:int n:int", []any{judgedDay, 5000, 1}), "dataset jitter: bin 5000"},
		{"more late rows than rows", "junk", answer("day:text rows:int late:int", []any{judgedDay, 10, 11}), "dataset junk: column late adds up to 11 on 2017-09-12, of 10 rows"},
		{"nobody counts the rows", "junk", answer("day:text late:int", []any{judgedDay, 1}), "dataset junk: column rows is missing"},
		{"nothing to hash", "worst", answer("mos:double", []any{1.5}), "dataset worst: column who is missing, which is to be hashed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := honest()
			e[tt.dataset] = tt.result
			o := judgedOptions(t, e)
			_, err := Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.AreaOf(err) != fault.Impala || fault.ClassOf(err) != fault.Contract {
				t.Errorf("got %v", err)
			}
			if got := listing(t, o.Out); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// Queries that return nothing, or nothing but NULL, make a report that says so.
func TestNoDataMakeNoFigures(t *testing.T) {
	empty, nulls := honest(), honest()
	for name, r := range empty {
		r.rows = nil
		row := []any{judgedDay}
		if name == "worst" {
			row[0] = nil
		}
		nulls[name].rows = [][]any{append(row, make([]any, len(r.columns)-1)...)}
	}
	for name, tt := range map[string]struct {
		e          told
		tiles      []string
		incomplete bool
	}{
		"no rows":          {empty, []string{"no data", "no data", "no data"}, true},
		"nothing but NULL": {nulls, []string{"no data", "0", "no data"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := judgedOptions(t, tt.e)
			o.Formats = []string{"json"}
			outcome, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if v := outcome.Verdict; v.Word != "too few data" || v.Sentence != "There are no data to judge Pcr by." || (len(v.Incomplete) > 0) != tt.incomplete {
				t.Errorf("verdict %+v", v)
			}
			text, err := os.ReadFile(outcome.Files[0])
			if err != nil || strings.Contains(string(text), "NaN") {
				t.Errorf("%v in %s", err, text)
			}
			var page struct {
				Sections []struct{ Tiles []report.Tile }
			}
			if err := json.Unmarshal(text, &page); err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.tiles {
				if f := page.Sections[0].Tiles[i].Figure; f.Text != want {
					t.Errorf("tile %d is %+v", i, f)
				}
			}
		})
	}
}

func TestCSVFilesAreOneASection(t *testing.T) {
	o := judgedOptions(t, honest())
	o.Formats = []string{"csv"}
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []string{"judged_2017-09-12_heat.csv", "judged_2017-09-12_quality.csv", "judged_2017-09-12_summary.csv", "judged_2017-09-12_worst.csv"}
	if got := listing(t, o.Out); !reflect.DeepEqual(got, want) {
		t.Errorf("files %v", got)
	}
	for name, want := range map[string]string{
		"heat":  "site,hour,pcr,n,verdict\r\nZürich,14,0.01,100,good\r\n(none),15,,20,too few data\r\n",
		"worst": "who,mos\r\n" + query.Pseudonym([]byte("+421900123456")) + ",1.5\r\n,\r\n",
	} {
		if got, err := os.ReadFile(filepath.Join(o.Out, "judged_2017-09-12_"+name+".csv")); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Each dataset is asked for the days that its sections look back to, and no more.
func TestStatementsLookBack(t *testing.T) {
	o := judgedOptions(t, honest())
	for _, tt := range []struct {
		to   int
		want map[string]string
	}{
		{0, map[string]string{"legs": "'2017-08-14' AND '2017-09-12'", "jitter": "'2017-08-14' AND '2017-09-12'", "junk": "'2017-08-14' AND '2017-09-12'", "worst": "'2017-09-11' AND '2017-09-12'"}},
		{1, map[string]string{"legs": "'2017-09-11' AND '2017-09-13'", "jitter": "'2017-09-11' AND '2017-09-13'", "junk": "'2017-09-11' AND '2017-09-13'", "worst": "'2017-09-11' AND '2017-09-13'"}},
	} {
		zone, err := time.LoadLocation("Europe/Bratislava")
		if err != nil {
			t.Fatal(err)
		}
		first := o.Window.First()
		statements, err := Statements(o.Definition, o.Templates, o.Args, report.Day(first, first.AddDate(0, 0, tt.to), zone))
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, s := range statements {
			_, got[s.Dataset], _ = strings.Cut(s.SQL, "dt BETWEEN ")
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%d further days: %v", tt.to, got)
		}
	}
}
