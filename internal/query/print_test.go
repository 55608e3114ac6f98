package query

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/impala/wire"
)

// print is what a format makes of a whole result.
func print(t *testing.T, format string, result *table) (text, warning string) {
	t.Helper()
	copied := *result
	rows := open(t, &copied)
	var out bytes.Buffer
	p, err := NewPrinter(format, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Header(rows.Columns()); err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Batch(batch, 0, batch.Rows); err != nil {
			t.Fatal(err)
		}
	}
	warning, err = p.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), warning
}

func TestPrinters(t *testing.T) {
	tests := map[string]string{
		"tsv": "c0\tc1\tc2\tc3\tc4\tc5\tc6\n1\t0.1\t1.1\ttrue\tplain\tpad\t0.10\n-9007199254740993\tNaN\tInfinity\tfalse\t\t\t-1.50\n" +
			"\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n0\t1e+300\t1e-07\tfalse\ta,\"b\"\\t\\\\\\r\\n\xff\tx\t1\n",
		"csv": "c0,c1,c2,c3,c4,c5,c6\r\n1,0.1,1.1,true,plain,pad,0.10\r\n-9007199254740993,NaN,Infinity,false,\"\",\"\",-1.50\r\n" +
			",,,,,,\r\n0,1e+300,1e-07,false,\"a,\"\"b\"\"\t\\\r\n\xff\",x,1\r\n",
		"json": `{"c0":1,"c1":0.1,"c2":1.1,"c3":true,"c4":"plain","c5":"pad","c6":"0.10"}` + "\n" +
			`{"c0":-9007199254740993,"c1":"NaN","c2":"Infinity","c3":false,"c4":"","c5":"","c6":"-1.50"}` + "\n" +
			`{"c0":null,"c1":null,"c2":null,"c3":null,"c4":null,"c5":null,"c6":null}` + "\n" +
			`{"c0":0,"c1":1e+300,"c2":1e-07,"c3":false,"c4":"a,\"b\"\t\\\r\n` + "\uFFFD" + `","c5":"x","c6":"1"}` + "\n",
		"table": "               c0      c1        c2  c3     c4                c5       c6\n" +
			"-----------------  ------  --------  -----  ----------------  ----  -----\n" +
			"                1     0.1       1.1  true   plain             pad    0.10\n" +
			"-9007199254740993     NaN  Infinity  false                          -1.50\n" +
			"             NULL    NULL      NULL  NULL   NULL              NULL   NULL\n" +
			"                0  1e+300     1e-07  false  a,\"b\"\\t\\\\r\\n\\xff  x         1\n",
	}
	for format, want := range tests {
		t.Run(format, func(t *testing.T) {
			got, warning := print(t, format, everything)
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if told := strings.Contains(warning, "U+FFFD in c4 (1 values)"); told != (format == "json") {
				t.Errorf("warning %q", warning)
			}
		})
	}
}

// numbered is a result of rows long enough that two goroutines share each batch.
func numbered(rows int, text string) *table {
	r := &table{columns: columns(wire.BigInt, wire.String)}
	for i := range rows {
		r.rows = append(r.rows, []any{i, text})
	}
	return r
}

func TestRowsKeepTheirOrderInLargeBatches(t *testing.T) {
	for _, format := range []string{"csv", "tsv", "json"} {
		for _, width := range []int{1, 3000} { // the second part fits into its chunk, or does not
			got, _ := print(t, format, numbered(3001, strings.Repeat("x", width)))
			lines := strings.Split(strings.TrimSpace(got), "\n")
			if format != "json" {
				lines = lines[1:]
			}
			if len(lines) != 3001 {
				t.Fatalf("%s: %d rows", format, len(lines))
			}
			for i, line := range lines {
				start := map[string]string{"csv": "%d,x", "tsv": "%d\tx", "json": `{"c0":%d,"c1":"x`}[format]
				if !strings.HasPrefix(line, fmt.Sprintf(start, i)) || strings.Count(line, "x") != width {
					t.Fatalf("%s: row %d is %.40s", format, i, line)
				}
			}
		}
	}
}

// A batch of more text than is gathered at once is written in turns.
func TestRowsKeepTheirOrderWhenTheyBecomeWide(t *testing.T) {
	r := &table{columns: columns(wire.BigInt, wire.String)}
	for i := range 6000 {
		width := 1
		if i >= 2100 {
			width = 3000
		}
		r.rows = append(r.rows, []any{i, strings.Repeat("x", width)})
	}
	got, _ := print(t, "csv", r)
	var want strings.Builder
	want.WriteString("c0,c1\r\n")
	for _, row := range r.rows {
		fmt.Fprintf(&want, "%d,%s\r\n", row...)
	}
	if got != want.String() {
		t.Errorf("%d bytes differ from the %d that are due", len(got), want.Len())
	}
}

func TestAnEmptyResultHasItsHeader(t *testing.T) {
	for format, want := range map[string]string{"csv": "c0,c1\r\n", "tsv": "c0\tc1\n", "json": "", "table": "c0  c1\n--  --\n"} {
		if got, _ := print(t, format, numbered(0, "")); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

// full is a disk that takes so many bytes.
type full struct{ room int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return f.room, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

func TestAFailedWriteIsToldByEachFormat(t *testing.T) {
	for _, format := range Formats {
		rows := open(t, numbered(2000, "some text"))
		p, err := NewPrinter(format, &full{room: 50})
		if err == nil {
			err = p.Header(rows.Columns())
		}
		for err == nil {
			batch, fetchErr := rows.Next(t.Context())
			if fetchErr != nil {
				_, err = p.Finish()
				break
			}
			err = p.Batch(batch, 0, batch.Rows)
		}
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestOnlyTheRowsThatWereAskedForArePrinted(t *testing.T) {
	for _, format := range []string{"csv", "tsv", "table"} {
		rows := open(t, numbered(9, "a"))
		batch, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		p, _ := NewPrinter(format, &out)
		_ = p.Header(rows.Columns())
		if err := p.Batch(batch, 2, 4); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Finish(); err != nil {
			t.Fatal(err)
		}
		got := strings.Fields(strings.NewReplacer("c0", "", "c1", "", "-", "", ",", " ").Replace(out.String()))
		if !reflect.DeepEqual(got, []string{"2", "a", "3", "a"}) {
			t.Errorf("%s: %q", format, got)
		}
	}
}

func TestNullFormatAddsChecksums(t *testing.T) {
	got, _ := print(t, "null", everything)
	var sum uint64
	for _, text := range []string{"plain", "", `a,"b"\t\\\r\n` + "\xff"} {
		sum += uint64(crc32.ChecksumIEEE([]byte(text)))
	}
	for _, want := range []string{"rows      4\n", fmt.Sprintf("checksum  %016x  c4\n", sum)} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if _, err := NewPrinter("xml", io.Discard); err == nil || !strings.Contains(err.Error(), "table, csv, tsv, json, null") {
		t.Errorf("got %v", err)
	}
}

func TestJSONKeepsEveryColumn(t *testing.T) {
	r := &table{columns: []wire.ColumnDesc{{Name: "id", Type: wire.Int}, {Name: "id", Type: wire.Int}, {Name: "id_2", Type: wire.Int}, {Name: `a"b`, Type: wire.Binary}},
		rows: [][]any{{1, 2, 3, "\x00\xff"}}}
	got, warning := print(t, "json", r)
	if want := `{"id":1,"id_2":2,"id_2_2":3,"a\"b":"AP8="}` + "\n"; got != want || warning != "" {
		t.Errorf("got %s, warning %q", got, warning)
	}
}

func TestWideRowsOfATableDoNotWait(t *testing.T) {
	rows := open(t, numbered(3, strings.Repeat("x", measuredBytes)))
	var out bytes.Buffer
	p, _ := NewPrinter("table", &out)
	_ = p.Header(rows.Columns())
	batch, err := rows.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Batch(batch, 0, 1); err != nil || out.Len() < measuredBytes {
		t.Errorf("%d bytes after a row of %d, %v", out.Len(), measuredBytes, err)
	}
}

func TestDisplayWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "ASCII": 5, "Zürich": 6, "東京": 4, "e\u0301cole": 5, "ｶﾅ": 2, "Ａ": 2, "95\u00a0%": 4} {
		if got := DisplayWidth(text); got != want {
			t.Errorf("%q takes %d, want %d", text, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{"Zürich 東京": "Zürich 東京", "a\x1b[31mb": `a\u001b[31mb`, "a\u202eb": `a\u202eb`, "\xff": `\xff`, "\uFFFD": "\uFFFD", "a\nb": `a\nb`} {
		if got := Printable(text); got != want {
			t.Errorf("%q prints %q, want %q", text, got, want)
		}
	}
}

func TestPrintableLines(t *testing.T) {
	for text, want := range map[string]string{"a\nb": "a\nb", "a\r\n\tb": "a\n    b", "a\x1b[2J\nb\rc": `a\u001b[2J` + "\n" + `b\rc`, "\x9b2J": `\x9b2J`, "": ""} {
		if got := PrintableLines(text); got != want {
			t.Errorf("%q prints %q, want %q", text, got, want)
		}
	}
}

// What a field is made into reads back as what it was, by readers that are not ours.
func FuzzFields(f *testing.F) {
	for _, text := range []string{"", "plain", `a,"b"`, "\r\n", "\\N", "\xff\x00\x1f\x7f", "東京\u2028", "\t\\", "\uFFFD"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		quoted, whole := appendJSON(nil, text)
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || whole && back != string(text) || !whole && back != strings.ToValidUTF8(string(text), "\uFFFD") && bytes.Count([]byte(back), []byte("\uFFFD")) == 0 {
			t.Errorf("json %s reads as %q, %v", quoted, back, err)
		}
		line := AppendTSV(nil, text)
		if bytes.ContainsAny(line, "\t\r\n") || unescape(line) != string(text) {
			t.Errorf("tsv %q of %q", line, text)
		}
		if bytes.ContainsRune(text, '\r') {
			return // this reader turns CR LF into LF
		}
		r := csv.NewReader(bytes.NewReader(append(AppendCSV(nil, text), ",x\r\n"...)))
		record, err := r.Read()
		if err != nil || len(record) != 2 || record[0] != string(text) {
			t.Errorf("csv of %q reads as %q, %v", text, record, err)
		}
	})
}

func unescape(line []byte) string {
	return strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r").Replace(string(line))
}

func TestAFieldIsQuotedWhereverTheByteStands(t *testing.T) {
	for length := 1; length <= 26; length++ {
		for at := range length {
			for b := range 256 {
				text := bytes.Repeat([]byte{' '}, length)
				text[at] = byte(b)
				want := b == ',' || b == '"' || b == '\r' || b == '\n'
				if got := AppendCSV(nil, text)[0] == '"'; got != want {
					t.Fatalf("%d bytes, %q at %d: quoted %t", length, byte(b), at, got)
				}
			}
		}
	}
}
