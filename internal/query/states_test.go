package query

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
)

func described(columns string) (list []wire.ColumnDesc) {
	types := map[string]wire.TypeID{"text": wire.String, "int": wire.BigInt, "double": wire.Double, "float": wire.Float, "decimal": wire.Decimal, "date": wire.Date, "time": wire.Timestamp, "bool": wire.Boolean, "char": wire.Char}
	for _, c := range strings.Fields(columns) {
		name, kind, _ := strings.Cut(c, ":")
		list = append(list, wire.ColumnDesc{Name: name, Type: types[kind]})
	}
	return list
}

func TestExtremesAreNumbersOrNothing(t *testing.T) {
	c := Contract{Dimensions: []string{"day", "late"}, Minima: []string{"low"}, Maxima: []string{"high"}}
	got, err := ReadStates(t.Context(), open(t, &table{columns: described("late:bool high:decimal low:float day:date"), rows: [][]any{{1, "12.50", 0.5, "2017-09-12"}, {nil, nil, nil, "2017-09-12"}}}), c)
	if err != nil {
		t.Fatal(err)
	}
	first, second := got.States[0], got.States[1]
	if first.Minima[0] != 0.5 || first.Maxima[0] != 12.5 || !reflect.DeepEqual(first.Key, []qos.Member{qos.Text("2017-09-12"), qos.Text("true")}) {
		t.Errorf("got %+v", first)
	}
	if !math.IsNaN(second.Minima[0]) || !math.IsNaN(second.Maxima[0]) || second.Key[1] != qos.Null() || second.Sums != nil {
		t.Errorf("got %+v", second)
	}
}

var binContract = Contract{Dimensions: []string{"day"}, Histogram: &Histogram{Bin: "bin", Count: "n", Low: "low", High: "high", Scale: qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000}}}

func TestBinsAreReadAsStates(t *testing.T) {
	got, err := ReadStates(t.Context(), open(t, &table{columns: described("day:text bin:int n:int low:double high:double"), rows: [][]any{
		{"2017-09-12", 70, 4, 4.0, 4.05}, {"2017-09-12", nil, 99, nil, nil}, {"2017-09-12", int(qos.NotFinite), 2, math.NaN(), math.Inf(1)}, {"2017-09-12", int(qos.Negative), 3, -5.0, -1.0},
		{"2017-09-12", int(qos.ZeroBin), 1, 0.0, 0.001}, {"2017-09-12", int(qos.OverflowBin), 1, 20000.0, 9e9}, {"2017-09-13", 70, 0, nil, nil},
	}}), binContract)
	if err != nil {
		t.Fatal(err)
	}
	want := []qos.Bin{{Index: qos.NotFinite, N: 2}, {Index: qos.Negative, N: 3}, {Index: qos.ZeroBin, N: 1}, {Index: 70, N: 4}, {Index: qos.OverflowBin, N: 1}}
	if len(got.States) != 1 || !reflect.DeepEqual(got.States[0].Bins, want) || got.States[0].Minima[0] != 0 || got.States[0].Maxima[0] != 9e9 {
		t.Errorf("got %+v", got.States)
	}
}

// Each row breaks one column of one kind of contract: the message names the column.
func TestBrokenColumnsAreNamed(t *testing.T) {
	plain := Contract{Dimensions: []string{"day"}, Sums: []string{"n"}, Minima: []string{"low"}, Maxima: []string{"high"}}
	junk := Contract{Dimensions: []string{"day"}, Quality: true}
	const (
		plainColumns = "day:text n:int low:double high:double"
		binColumns   = "day:text bin:int n:int low:double high:double"
	)
	bin := func(values ...any) []any { return append([]any{"2017-09-12"}, values...) }
	tests := []struct {
		name     string
		contract Contract
		columns  string
		row      []any
		want     string
	}{
		{"a minimum is missing", plain, "day:text n:int high:double", bin(1, 1.0), "column low is missing"},
		{"a maximum is a text", plain, "day:text n:int low:double high:text", bin(1, 1.0, "x"), "column high has type STRING where a number is due"},
		{"a minimum is NaN", plain, plainColumns, bin(1, math.NaN(), 1.0), "column low: the value is NaN"},
		{"a maximum is infinite", plain, plainColumns, bin(1, 1.0, math.Inf(1)), "column high: the value is +Inf"},
		{"a sum is a decimal that no number holds", plain, "day:text n:decimal low:double high:double", bin("1e999", 1.0, 1.0), `column n: "1e999" is no number`},
		{"several at once", plain, "day:time n:text low:double lower:double", []any{"2017-09-12 00:00:00", "1", 1.0, 1.0}, "column day has type TIMESTAMP where DATE or STRING is due\ncolumn n has type STRING where a number is due\ncolumn high is missing\ncolumn lower is not in the contract"},
		{"bins are fractions", binContract, "day:text bin:double n:int low:double high:double", bin(1.5, 1, 1.0, 1.0), "column bin has type DOUBLE where an integer is due"},
		{"counts are decimals", binContract, "day:text bin:int n:decimal low:double high:double", bin(1, "1", 1.0, 1.0), "column n has type DECIMAL(0,0) where an integer is due"},
		{"no counts", binContract, "day:text bin:int low:double high:double", bin(1, 1.0, 1.0), "column n is missing"},
		{"no smallest value", binContract, "day:text bin:int n:int high:double", bin(1, 1, 1.0), "column low is missing"},
		{"a bin beyond the scale", binContract, binColumns, bin(463, 1, 10000.0, 10000.0), "bin 463"},
		{"a bin before the scale", binContract, binColumns, bin(-232, 1, 0.01, 0.01), "bin -232"},
		{"a bin that no integer of 32 bits holds", binContract, binColumns, bin(1<<40, 1, 1.0, 1.0), "column bin holds bin 1099511627776 with 1 values"},
		{"a count below zero", binContract, binColumns, bin(70, -1, 4.0, 4.0), "with -1 values"},
		{"a count that is NULL", binContract, binColumns, bin(70, nil, 4.0, 4.0), "column n is NULL, where the number of values is due"},
		{"a smallest value that is NaN", binContract, binColumns, bin(70, 1, math.NaN(), 4.0), "bin 70: the value is NaN"},
		{"a largest value that is infinite", binContract, binColumns, bin(70, 1, 4.0, math.Inf(1)), "bin 70: the value is +Inf"},
		{"extremes that are swapped", binContract, binColumns, bin(70, 1, 4.05, 4.0), "low is 4.05 and high is 4"},
		{"extremes of another bin", binContract, binColumns, bin(70, 1, 4.0, 9000.0), "high is 9000, in a bin from"},
		{"a zero that is none", binContract, binColumns, bin(int(qos.ZeroBin), 1, 0.0, 0.5), "high is 0.5, in a bin from 0 to 0.01"},
		{"no number of rows", junk, "day:text x__null:int x__low:int x__high:int x__nonfinite:int", bin(1, 1, 1, 1), "column rows is missing"},
		{"three counts of four", junk, "day:text rows:int x__null:int x__low:int x__high:int", bin(1, 1, 1, 1), "column x__nonfinite is missing"},
		{"a count that nobody knows", junk, "day:text rows:int lost:int", bin(1, 1), "column lost is not in the contract"},
		{"a count of no column", junk, "day:text rows:int __null:int", bin(1, 1), "column __null is not in the contract"},
		{"a count that is a text", junk, "day:text rows:int late:text", bin(1, "1"), "column late has type STRING where a number is due"},
		{"a dimension that is a number with a fraction", Contract{Dimensions: []string{"day", "x"}, Sums: []string{"n"}}, "day:text x:double n:int", bin(1.5, 1), "column x has type DOUBLE where STRING, an integer, DATE or BOOLEAN is due"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadStates(t.Context(), open(t, &table{columns: described(tt.columns), rows: [][]any{tt.row}}), tt.contract)
			if got != nil || err == nil || !strings.Contains(err.Error(), tt.want) || fault.ClassOf(err) != fault.Contract || fault.AreaOf(err) != fault.Impala {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestQualityCountsWhatItsColumnsSay(t *testing.T) {
	got, err := ReadStates(t.Context(), open(t, &table{columns: described("Late:int day:text x__high:int x__low:int ROWS:int x__null:int x__nonfinite:int"), rows: [][]any{{1, "2017-09-12", 2, 3, 100, 4, 5}}}),
		Contract{Dimensions: []string{"day"}, Quality: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"rows", "late", "x__null", "x__low", "x__high", "x__nonfinite"}; !reflect.DeepEqual(got.Sums, want) || !reflect.DeepEqual(got.States[0].Sums, []float64{100, 1, 4, 3, 2, 5}) {
		t.Errorf("got %v of %v", got.States, got.Sums)
	}
}

func TestNoRowsKeepTheColumns(t *testing.T) {
	got, err := ReadStates(t.Context(), open(t, &table{columns: described("day:text rows:int late:int")}), Contract{Dimensions: []string{"day"}, Quality: true})
	if err != nil || len(got.States) != 0 || !reflect.DeepEqual(got.Sums, []string{"rows", "late"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = ReadStates(t.Context(), open(t, &table{columns: described("day:text bin:int n:int low:double high:double")}), binContract); err != nil || len(got.States) != 0 || got.Scale == nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestHashedColumnsNeverShowTheirText(t *testing.T) {
	secret := "+421 900 123 456"
	columns := append(described("Endpoint:text n:int other:text"), wire.ColumnDesc{Name: "padded", Type: wire.Char, MaxLength: 20})
	rows := [][]any{{secret, 1, "x", secret + "    "}, {nil, 2, nil, nil}, {secret, 3, "", nil}, {"", 4, "y", nil}}
	spool, err := ReadRows(t.Context(), open(t, &table{columns: columns, rows: rows}), RowContract{Limit: 9, Hash: []string{"endpoint", "padded"}})
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	var got []string
	if err := spool.Each(func(cells []Cell) error {
		got = append(got, fmt.Sprintf("%t %s %s", cells[0].Kind == CellNull, cells[0].Text, cells[2].Text+cells[3].Text))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	hash := Pseudonym([]byte(secret))
	if want := []string{"false " + hash + " x" + hash, "true  ", "false " + hash + " ", "false " + Pseudonym(nil) + " y"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(hash) != 11 || hash[0] != '#' || strings.Trim(hash[1:], "0123456789abcdef") != "" || strings.Contains(secret, hash[1:]) || Pseudonym([]byte("a")) == Pseudonym([]byte("b")) {
		t.Errorf("pseudonym %q", hash)
	}
}

func TestRowsThatCannotBeHashedAreRefused(t *testing.T) {
	tests := []struct {
		name, columns string
		hash          []string
		want          string
	}{
		{"two columns of one name", "a:text A:int", nil, "column A comes twice"},
		{"a column that is missing", "a:text", []string{"b"}, "column b is missing, which is to be hashed"},
		{"a column of numbers", "b:int", []string{"b"}, "column b has type BIGINT, and only texts are hashed"},
		{"a column of times", "b:time", []string{"b"}, "column b has type TIMESTAMP, and only texts are hashed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spool, err := ReadRows(t.Context(), open(t, &table{columns: described(tt.columns)}), RowContract{Limit: 1, Hash: tt.hash})
			if spool != nil || err == nil || !strings.Contains(err.Error(), tt.want) || fault.ClassOf(err) != fault.Contract {
				t.Errorf("got %v", err)
			}
		})
	}
}
