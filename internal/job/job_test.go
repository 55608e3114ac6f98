package job

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	_ "time/tzdata"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

const voice = `version: 1
params: {sites: {type: strings}}
datasets:
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, classified]}
  worst: {query: r.sql, rows: true, limit: 3}
measures:
  pcr: {ratio: [legs.poor, legs.classified], better: down, good: 2%, acceptable: 3%, headline: true}
sections:
  summary: {kpi: [pcr]}
  worst: {table: worst}
outputs: {html: {}, xlsx: {}, json: {}}
`

// engine answers every statement with two rows of states or of text.
type engine struct {
	fail       string // part of the statement that fails
	day        string // of the states; "" means 2017-09-12
	statements []string
}

func (e *engine) Execute(_ context.Context, _ *hs2server.Session, statement string) (hs2server.Result, error) {
	e.statements = append(e.statements, statement)
	r := &result{columns: []wire.ColumnDesc{{Name: "name", Type: wire.String}}, rows: [][]any{{"a"}, {"b"}}}
	if strings.Contains(statement, "poor") {
		r.columns = []wire.ColumnDesc{{Name: "day", Type: wire.String}, {Name: "site", Type: wire.String}, {Name: "poor", Type: wire.BigInt}, {Name: "classified", Type: wire.BigInt}}
		day := cmp.Or(e.day, "2017-09-12")
		r.rows = [][]any{{day, "Zürich", 415, 13000}, {day, nil, 0, 781}}
	}
	if e.fail != "" && strings.Contains(statement, e.fail) {
		r.fail = errors.New("Disk I/O error on exec-3:27000")
	}
	return r, nil
}

type result struct {
	columns []wire.ColumnDesc
	rows    [][]any
	fail    error
}

func (r *result) Columns() []wire.ColumnDesc { return r.columns }
func (r *result) Poll() (bool, error)        { return true, nil }
func (r *result) Log() string                { return "" }
func (r *result) Fetch(_ context.Context, _ int, into []wire.ColumnBuilder) (bool, error) {
	if len(r.rows) == 0 {
		return false, r.fail
	}
	for i, v := range r.rows[0] {
		switch v := v.(type) {
		case nil:
			into[i].Null()
		case string:
			into[i].Text(v)
		case int:
			into[i].Int(int64(v))
		case float64:
			into[i].Float(v)
		}
	}
	r.rows = r.rows[1:]
	return len(r.rows) > 0 || r.fail != nil, nil
}

type session struct{ *impala.Client }

func (session) Principal() string { return "report@EXAMPLE.COM" }
func (s session) Query(ctx context.Context, statement string, w query.Watch) (Result, error) {
	rows, err := s.QueryWatched(ctx, statement, w)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// steps remembers the phases.
type steps []string

func (s *steps) Phase(phase string)     { *s = append(*s, phase) }
func (s *steps) Started(dataset string) { *s = append(*s, "query "+dataset) }
func (s *steps) Query(_, _, _ string)   {}
func (s *steps) State(_, _ string)      {}
func (s *steps) Rows(string, int)       {}
func (s *steps) Finished(string)        {}

func options(t *testing.T, e *engine) (Options, *steps) {
	t.Helper()
	files := fstest.MapFS{
		"reports/voice.yaml": {Data: []byte(voice)},
		"queries/s.sql":      {Data: []byte(`SELECT day, site, poor, classified FROM t WHERE {{partition "dt"}} AND {{window "ts"}}`)},
		"queries/r.sql":      {Data: []byte(`SELECT name FROM t WHERE {{partition "dt"}}`)},
	}
	templates, err := query.LoadTemplates(files, "queries")
	if err != nil {
		t.Fatal(err)
	}
	d, err := definition.Load(files, "reports", "voice", templates)
	if err != nil {
		t.Fatal(err)
	}
	args, err := d.Args(nil)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Bratislava")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC)
	phases := &steps{}
	return Options{
		Run: "r1", Program: "v0", Definition: d, Templates: templates, Args: args, Window: report.Day(day, day, zone),
		Now: func() time.Time { return day.AddDate(0, 0, 1) }, Out: filepath.Join(t.TempDir(), "out"), Progress: phases,
		Connect: served(t, e),
	}, phases
}

// served are sessions of the real client on a server with this engine.
func served(t *testing.T, e hs2server.Engine) func(context.Context, string) (Coordinator, error) {
	server := hs2server.New(hs2server.Options{Engine: e})
	return func(ctx context.Context, _ string) (Coordinator, error) {
		client, end := net.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			server.ServeConn(context.Background(), end)
		}()
		t.Cleanup(func() { <-ended })
		c, err := impala.Connect(ctx, impala.Options{Hosts: []string{"coordinator:21050"},
			Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }})
		if err != nil {
			return nil, err
		}
		return session{c}, nil
	}
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestARunWritesItsFiles(t *testing.T) {
	e := &engine{}
	o, phases := options(t, e)
	outcome, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"voice_2017-09-12.html", "voice_2017-09-12.json", "voice_2017-09-12.xlsx"}
	if got := listing(t, o.Out); !reflect.DeepEqual(got, want) || len(outcome.Files) != 3 {
		t.Errorf("files %v, outcome %v", got, outcome.Files)
	}
	if outcome.Verdict.Word != "watch" {
		t.Errorf("verdict %+v", outcome.Verdict)
	}
	wantSQL := "SELECT day, site, poor, classified FROM t WHERE dt BETWEEN '2017-09-11' AND '2017-09-12'" +
		" AND ts >= CAST('2017-09-11 22:00:00' AS TIMESTAMP) AND ts < CAST('2017-09-12 22:00:00' AS TIMESTAMP)"
	if e.statements[0] != wantSQL {
		t.Errorf("statement %s", e.statements[0])
	}
	if want := (steps{"query", "query legs", "query worst", "render"}); !reflect.DeepEqual(*phases, want) {
		t.Errorf("phases %v", *phases)
	}
	data, err := os.ReadFile(outcome.Files[2])
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Sections   []struct{ Tiles []report.Tile }
		Provenance report.Provenance
	}
	if err := json.Unmarshal(data, &page); err != nil {
		t.Fatal(err)
	}
	p := page.Provenance
	if len(p.Queries) != 2 || p.Queries[0].Rows != 2 || p.Queries[0].Coordinator != "coordinator:21050" || p.Principal != "report@EXAMPLE.COM" || p.Queries[0].QueryID == "" {
		t.Errorf("provenance %+v", p)
	}
	if *page.Sections[0].Tiles[0].Figure.Value != 415.0/13781 {
		t.Errorf("tile %+v", page.Sections[0].Tiles[0])
	}
	book, err := os.ReadFile(outcome.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zip.NewReader(bytes.NewReader(book), int64(len(book))); err != nil {
		t.Errorf("workbook: %v", err)
	}
}

func TestAFailedRunLeavesNothing(t *testing.T) {
	stopped := fault.Errorf(fault.Stopped, fault.Cancelled, "stopped")
	tests := []struct {
		name   string
		change func(*Options, *engine) context.Context
		text   string
		area   fault.Area
	}{
		{"a query fails in the middle of the fetch", func(o *Options, e *engine) context.Context {
			e.fail = "name"
			return t.Context()
		}, "dataset worst: ", fault.Impala},
		{"more rows than the limit", func(o *Options, _ *engine) context.Context {
			o.Definition.Datasets["worst"].Limit = 1
			return t.Context()
		}, "dataset worst: more than 1 rows", fault.Impala},
		{"a contract is broken", func(o *Options, _ *engine) context.Context {
			o.Definition.Datasets["legs"].Sums = []string{"poor", "classified", "talk"}
			return t.Context()
		}, "dataset legs: column talk is missing", fault.Impala},
		{"no coordinator", func(o *Options, _ *engine) context.Context {
			o.Connect = func(context.Context, string) (Coordinator, error) {
				return nil, fault.Errorf(fault.Impala, fault.Network, "refused")
			}
			return t.Context()
		}, "refused", fault.Impala},
		{"an unknown format", func(o *Options, _ *engine) context.Context {
			o.Formats = []string{"json", "pdf"}
			return t.Context()
		}, "unknown format", fault.Usage},
		{"the run is stopped", func(o *Options, _ *engine) context.Context {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(stopped)
			return ctx
		}, "stopped", fault.Stopped},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &engine{}
			o, _ := options(t, e)
			ctx := tt.change(&o, e)
			_, err := Run(ctx, o)
			if err == nil || !strings.Contains(err.Error(), tt.text) || fault.AreaOf(err) != tt.area {
				t.Errorf("got %v (area %d)", err, fault.AreaOf(err))
			}
			if got := listing(t, o.Out); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

func TestAFolderThatCannotBeMadeIsFoundBeforeTheQueries(t *testing.T) {
	e := &engine{}
	o, _ := options(t, e)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Out = filepath.Join(file, "out")
	if _, err := Run(t.Context(), o); fault.AreaOf(err) != fault.Output || len(e.statements) != 0 {
		t.Errorf("got %v after %d statements", err, len(e.statements))
	}
}

func TestAFolderInTheWayLeavesNoFile(t *testing.T) {
	o, _ := options(t, &engine{})
	if err := os.MkdirAll(filepath.Join(o.Out, "voice_2017-09-12.html"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); fault.AreaOf(err) != fault.Output || !strings.Contains(fault.Remedy(err), "move it away") {
		t.Errorf("got %v", err)
	}
	if got := listing(t, o.Out); !reflect.DeepEqual(got, []string{"voice_2017-09-12.html"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestFileNames(t *testing.T) {
	o, _ := options(t, &engine{})
	if got := FileName(o, ".xlsx"); got != "voice_2017-09-12.xlsx" {
		t.Error(got)
	}
	o.Window = report.Day(o.Window.First(), o.Window.First().AddDate(0, 0, 2), time.UTC)
	var err error
	if o.Args, err = o.Definition.Args(map[string][]string{"sites": {"Zürich"}}); err != nil {
		t.Fatal(err)
	}
	if got := FileName(o, ".json"); got != "voice_2017-09-12_2017-09-14_c2d6309a.json" {
		t.Error(got)
	}
	o.Name, o.Args = "hourly", definition.Args{}
	from := time.Date(2017, 9, 12, 14, 0, 0, 0, time.UTC)
	o.Window = report.Span(from, from.Add(time.Hour), time.UTC)
	if got := FileName(o, ".json"); got != "hourly_2017-09-12_20170912T140000Z-20170912T150000Z.json" {
		t.Error(got)
	}
}
