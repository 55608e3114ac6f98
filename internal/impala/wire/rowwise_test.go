package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// everyKind is a batch of all kinds that have a form below V6, NULL in every third row.
func everyKind(rows int) *FetchResultsResp {
	m := &FetchResultsResp{HasResults: true, HasMoreRows: true, StartRow: 7}
	for kind := KindBool; kind <= KindString; kind++ {
		b := ColumnBuilder{Kind: kind}
		for row := range rows {
			switch {
			case row%3 == 1:
				b.Null()
			case kind == KindDouble:
				b.Float([]float64{math.Inf(-1), 1.1, math.SmallestNonzeroFloat64}[row%3])
			case kind == KindString:
				b.Text([]string{"", "x", "\xff\x00 text"}[row%3])
			case kind == KindBool:
				b.Int(int64(row & 1))
			default:
				b.Int(int64(-row % 100))
			}
		}
		m.Build = append(m.Build, b)
	}
	return m
}

func TestRowsBelowV6BecomeTheSameColumns(t *testing.T) {
	for _, rows := range []int{1, 2, 9, 1000} {
		m := everyKind(rows)
		columnar := encode(t, func(c *Codec) error { return c.WriteReply("F", 1, m) })
		m.ByRow = true
		rowwise := encode(t, func(c *Codec) error { return c.WriteReply("F", 1, m) })
		var want, got FetchResultsResp
		if err := reader(columnar).ReadReply("F", 1, &want); err != nil {
			t.Fatal(err)
		}
		r := NewCodec(stream{Reader: io.MultiReader(bytes.NewReader(rowwise), iotest.OneByteReader(bytes.NewReader(rowwise)))}, 0)
		for _, name := range []string{"into new columns", "into used ones, byte by byte"} {
			if err := r.ReadReply("F", 1, &got); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !got.ByRow || got.Rows != rows || !got.HasMoreRows || got.StartRow != 7 || len(got.Columns) != len(want.Columns) {
				t.Fatalf("%s: got %d rows of %d columns from %d on", name, got.Rows, len(got.Columns), got.StartRow)
			}
			for i := range got.Columns {
				sameColumn(t, &got.Columns[i], &want.Columns[i])
			}
		}
	}
}

func sameColumn(t *testing.T, got, want *Column) {
	t.Helper()
	if got.Kind() != want.Kind() || got.Len() != want.Len() || got.HasNulls() != want.HasNulls() ||
		!reflect.DeepEqual(got.Ints(), want.Ints()) && len(want.Ints()) > 0 || !reflect.DeepEqual(got.Floats(), want.Floats()) && len(want.Floats()) > 0 {
		t.Errorf("kind %d: got %v %v, want kind %d: %v %v", got.Kind(), got.Ints(), got.Floats(), want.Kind(), want.Ints(), want.Floats())
	}
	for row := range want.Len() {
		if got.Null(row) != want.Null(row) || want.Kind() == KindString && !bytes.Equal(got.Text(row), want.Text(row)) {
			t.Errorf("kind %d: row %d differs", want.Kind(), row)
		}
	}
}

// rowsOf makes a reply of the rows that are given as hex, each from its list of values on.
func rowsOf(t testing.TB, rows ...string) []byte { return rowsAnd(t, "", rows...) }

// rowsAnd has further fields of the set of rows.
func rowsAnd(t testing.TB, fields string, rows ...string) []byte {
	count := string([]byte{'0', '0' + byte(len(rows))})
	return unhex(t, `80010002 00000001 46 00000001 0c0000 0c0001 080001 00000000 00 0c0003 0f0002 0c 000000`+count+strings.Join(rows, "")+fields+`00 00 00`)
}

func TestRowsBelowV6AreChecked(t *testing.T) {
	const (
		one  = "0c0004 080001 00000001 00 00" // INT 1
		none = "0c0004 00 00"                 // INT NULL
		text = "0c0007 0b0001 00000001 61 00 00"
	)
	row := func(values ...string) string {
		return "0f0001 0c 0000000" + string('0'+byte(len(values))) + strings.Join(values, "") + "00"
	}
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"a row", rowsOf(t, row(one, text)), nil},
		{"NULL of another kind", rowsOf(t, row(one), row("0c0001 00 00")), nil},
		{"an unknown field beside the value", rowsOf(t, row("0c0004 080001 00000001 080009 00000001 00 080009 00000001 00")), nil},
		{"a value of another kind", rowsOf(t, row(one), row(text)), ErrMalformed},
		{"a value of another type", rowsOf(t, row("0c0004 0a0001 0000000000000001 00 00")), ErrMalformed},
		{"a value of no kind", rowsOf(t, row("00")), ErrMalformed},
		{"bytes, which have no form here", rowsOf(t, row("0c0008 0b0001 00000001 61 00 00")), ErrMalformed},
		{"a row without values", rowsOf(t, "00"), ErrMalformed},
		{"a row of no values", rowsOf(t, row()), ErrMalformed},
		{"a shorter row", rowsOf(t, row(one, one), row(one)), ErrMalformed},
		{"a longer row", rowsOf(t, row(none), row(one, one)), ErrMalformed},
		{"a text beyond the limit", rowsOf(t, row("0c0007 0b0001 7fffffff 61 00 00")), ErrTooLarge},
		{"a text of negative length", rowsOf(t, row("0c0007 0b0001 ffffffff 61 00 00")), ErrTooLarge},
		{"rows and columns", rowsAnd(t, "0f0003 0c00000001 0c0004 0f0001 08 00000001 00000001 0b0002 00000000 00 00", row(one)), ErrMalformed},
		{"rows and no columns", rowsAnd(t, "0f0003 0c00000000", row(one)), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m FetchResultsResp
			if err := reader(tt.data).ReadReply("F", 1, &m); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			touch(&m)
		})
	}
}

func FuzzRowsBelowV6(f *testing.F) {
	m := everyKind(3)
	m.ByRow = true
	f.Add(encode(f, func(c *Codec) error { return c.WriteReply("F", 1, m) }))
	f.Add(unhex(f, goldenRows))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m FetchResultsResp
		method, seq := "F", int32(1)
		if bytes.Contains(data, []byte("FetchResults")) {
			method, seq = "FetchResults", 7
		}
		if err := reader(data).ReadReply(method, seq, &m); err != nil {
			return
		}
		touch(&m)
		inProportion(t, &m, len(data))
	})
}

// inProportion sees that a batch takes no more memory than its bytes explain: the poorest
// value of a column has one byte and becomes eight, the poorest column has nine.
func inProportion(t *testing.T, m *FetchResultsResp, bytes int) {
	t.Helper()
	values, columns := 0, len(m.Columns)
	for i := range m.Columns {
		c := &m.Columns[i]
		values += 8*cap(c.ints) + 8*cap(c.floats) + 4*cap(c.off) + cap(c.own) + cap(c.ownNull)
	}
	if values > 40*bytes+64*columns || columns > bytes/9+1 {
		t.Errorf("%d bytes became %d bytes of values in %d columns", bytes, values, columns)
	}
}
