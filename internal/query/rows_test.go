package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
)

// table is a result of any rows, served by a real server and read by the real client.
type table struct {
	columns []wire.ColumnDesc
	rows    [][]any
	fail    error // of the fetch after the rows
	at      int
}

func (r *table) Execute(context.Context, *hs2server.Session, string) (hs2server.Result, error) {
	return r, nil
}
func (r *table) Columns() []wire.ColumnDesc { return r.columns }
func (r *table) Poll() (bool, error)        { return true, nil }
func (r *table) Log() string                { return "" }

func (r *table) Fetch(_ context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	before := r.at
	for ; most > 0 && r.at < len(r.rows); most-- {
		for i, v := range r.rows[r.at] {
			switch v := v.(type) {
			case nil:
				into[i].Null()
			case string:
				into[i].Text(v)
			case float64:
				into[i].Float(v)
			case int:
				into[i].Int(int64(v))
			default:
				return false, fmt.Errorf("row %d: %T", r.at, v)
			}
		}
		r.at++
	}
	if r.fail != nil && r.at == before {
		return false, r.fail
	}
	return r.at < len(r.rows) || r.fail != nil, nil
}

func open(t testing.TB, result *table) *impala.Rows {
	t.Helper()
	server := hs2server.New(hs2server.Options{Engine: result})
	client, end := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.ServeConn(context.Background(), end)
	}()
	c, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{"h:1"}, Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close(context.Background())
		<-ended
	})
	rows, err := c.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func columns(types ...wire.TypeID) []wire.ColumnDesc {
	list := make([]wire.ColumnDesc, len(types))
	for i, typ := range types {
		list[i] = wire.ColumnDesc{Name: fmt.Sprintf("c%d", i), Type: typ}
	}
	return list
}

var everything = &table{
	columns: columns(wire.BigInt, wire.Double, wire.Float, wire.Boolean, wire.String, wire.Char, wire.Decimal),
	rows: [][]any{
		{1, 0.1, float64(float32(1.1)), 1, "plain", "pad  ", "0.10"},
		{-9007199254740993, math.NaN(), math.Inf(1), 0, "", "", "-1.50"},
		{nil, nil, nil, nil, nil, nil, nil},
		{0, 1e300, 1e-7, 0, "a,\"b\"\t\\\r\n\xff", "x", "1"},
	},
}

func TestReadStates(t *testing.T) {
	contract := Contract{Dimensions: []string{"c0", "c1", "day"}, Sums: []string{"n", "x", "d"}}
	desc := []wire.ColumnDesc{{Name: "N", Type: wire.BigInt}, {Name: "c0", Type: wire.String}, {Name: "day", Type: wire.Date},
		{Name: "x", Type: wire.Double}, {Name: "c1", Type: wire.Int}, {Name: "d", Type: wire.Decimal}}
	rows := open(t, &table{columns: desc, rows: [][]any{{7, "Zürich", "2017-09-12", 0.5, 14, "12.25"}, {nil, nil, "2017-09-12", nil, nil, nil}}})
	got, err := ReadStates(t.Context(), rows, contract)
	if err != nil {
		t.Fatal(err)
	}
	want := []qos.State{
		{Key: []qos.Member{qos.Text("Zürich"), qos.Number(14), qos.Text("2017-09-12")}, Sums: []float64{7, 0.5, 12.25}},
		{Key: []qos.Member{qos.Null(), qos.Null(), qos.Text("2017-09-12")}, Sums: []float64{0, 0, 0}},
	}
	if !reflect.DeepEqual(got.States, want) {
		t.Errorf("got %v, want %v", got.States, want)
	}
}

func TestContractsAreKept(t *testing.T) {
	good := []wire.ColumnDesc{{Name: "day", Type: wire.String}, {Name: "n", Type: wire.BigInt}}
	contract := Contract{Dimensions: []string{"day"}, Sums: []string{"n"}, FirstDay: "2017-09-12", LastDay: "2017-09-13"}
	tests := []struct {
		name    string
		columns []wire.ColumnDesc
		row     []any
		want    string
	}{
		{"a column is missing", good[:1], []any{"2017-09-12"}, "column n is missing"},
		{"a column is not expected", append(good[:2:2], wire.ColumnDesc{Name: "x", Type: wire.Int}), []any{"2017-09-12", 1, 1}, "column x is not in the contract"},
		{"a column comes twice", append(good[:2:2], good[1]), []any{"2017-09-12", 1, 1}, "column n comes twice"},
		{"a sum is a text", []wire.ColumnDesc{good[0], {Name: "n", Type: wire.String}}, []any{"2017-09-12", "1"}, "column n has type STRING where a number is due"},
		{"the day is a timestamp", []wire.ColumnDesc{{Name: "day", Type: wire.Timestamp}, good[1]}, []any{"2017-09-12 00:00:00", 1}, "column day has type TIMESTAMP where DATE or STRING is due"},
		{"the day is no date", good, []any{"12.9.2017", 1}, `column day holds "12.9.2017", which is no date`},
		{"the day lies before the window", good, []any{"2017-09-11", 1}, "column day holds 2017-09-11, which lies outside of the days asked for, 2017-09-12 to 2017-09-13"},
		{"the day lies after the window", good, []any{"2017-09-14", 1}, "lies outside of the days asked for"},
		{"the day is NULL", good, []any{nil, 1}, "which is no date"},
		{"a sum is NaN", []wire.ColumnDesc{good[0], {Name: "n", Type: wire.Double}}, []any{"2017-09-12", math.NaN()}, "column n: the value is NaN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadStates(t.Context(), open(t, &table{columns: tt.columns, rows: [][]any{tt.row}}), contract)
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.ClassOf(err) != fault.Contract || fault.AreaOf(err) != fault.Impala {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestStatesOfAFailedFetchAreThrownAway(t *testing.T) {
	rows := open(t, &table{columns: []wire.ColumnDesc{{Name: "day", Type: wire.String}, {Name: "n", Type: wire.BigInt}},
		rows: [][]any{{"2017-09-12", 1}}, fail: errors.New("Disk I/O error on x")})
	got, err := ReadStates(t.Context(), rows, Contract{Dimensions: []string{"day"}, Sums: []string{"n"}})
	if got != nil || fault.ClassOf(err) != fault.Lost {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSpoolKeepsEveryValue(t *testing.T) {
	copied := *everything
	spool, err := ReadRows(t.Context(), open(t, &copied), RowContract{Limit: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	for range 2 { // every renderer reads them anew
		var lines []string
		err := spool.Each(func(cells []Cell) error {
			var parts []string
			for _, c := range cells {
				parts = append(parts, map[CellKind]string{CellNull: "NULL", CellInt: fmt.Sprint(c.Int), CellBool: fmt.Sprint(c.Int != 0),
					CellNumber: fmt.Sprint(c.Num), CellText: "'" + c.Text + "'", CellDecimal: c.Text}[c.Kind])
			}
			lines = append(lines, strings.Join(parts, " "))
			return nil
		})
		want := []string{"1 0.1 1.1 true 'plain' 'pad' 0.10", "-9007199254740993 NaN +Inf false '' '' -1.50", "NULL NULL NULL NULL NULL NULL NULL",
			"0 1e+300 1e-07 false 'a,\"b\"\t\\\r\n\xff' 'x' 1"}
		if err != nil || !reflect.DeepEqual(lines, want) {
			t.Errorf("got %q, %v", lines, err)
		}
	}
}

func TestTooManyRowsAreAnError(t *testing.T) {
	copied := *everything
	if _, err := ReadRows(t.Context(), open(t, &copied), RowContract{Limit: 3}); fault.ClassOf(err) != fault.Contract || !strings.Contains(fault.Remedy(err), "LIMIT") {
		t.Errorf("got %v", err)
	}
}
