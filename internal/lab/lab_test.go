package lab

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"qosreport"
	"qosreport/internal/lab/sql"
)

// memory is a table of one partition.
type memory struct {
	columns []sql.Column
	rows    [][]sql.Value
}

func (m *memory) Columns() []sql.Column                  { return m.columns }
func (m *memory) Keys() int                              { return 1 }
func (m *memory) Partitions() [][]sql.Value              { return [][]sql.Value{{sql.StringOf("2017-09-12")}} }
func (m *memory) Databases() []string                    { return []string{"db"} }
func (m *memory) Tables(string) []string                 { return []string{"t"} }
func (m *memory) Table(string, string) (sql.Table, bool) { return m, true }
func (m *memory) Scan(_ context.Context, _ int, columns []int) (sql.Rows, error) {
	rows := sql.Rows{Count: len(m.rows)}
	for _, c := range columns {
		rows.Read = append(rows.Read, func(row int) sql.Value { return m.rows[row][c] })
	}
	return rows, nil
}

func hostile() *memory {
	text := func(s string) []sql.Value { return []sql.Value{sql.StringOf(s), sql.DoubleOf(1), sql.IntOf(1), {}} }
	m := &memory{columns: []sql.Column{{Name: "s", Type: sql.Type{Kind: sql.String}}, {Name: "d", Type: sql.Type{Kind: sql.Double}},
		{Name: "i", Type: sql.Type{Kind: sql.BigInt}}, {Name: "ts", Type: sql.Type{Kind: sql.Timestamp}}, {Name: "dt", Type: sql.Type{Kind: sql.String}}}}
	for _, s := range []string{"", `\N`, "NULL", `"`, `""`, `a"b`, `\`, `\"`, "a,b", "\r\n", "a\nb", "\xff", "\x00", " blanks ", "žluť 東京", strings.Repeat("x", 40_000)} {
		m.rows = append(m.rows, text(s))
	}
	for _, d := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21} {
		m.rows = append(m.rows, []sql.Value{{}, sql.DoubleOf(d), sql.IntOf(math.MinInt64), sql.TimestampOf(1505224800, 250_000_000)})
	}
	return m
}

// readCSV reads the documented form back: the cells of each row, NULL as a nil pointer.
func readCSV(data string) [][]*string {
	var rows [][]*string
	var row []*string
	for len(data) > 0 {
		var cell *string
		if data[0] == '"' {
			var b strings.Builder
			i := 1
			for ; ; i++ {
				if data[i] == '"' && data[i+1] != '"' {
					break
				}
				if data[i] == '"' {
					i++
				}
				b.WriteByte(data[i])
			}
			text := b.String()
			cell, data = &text, data[i+1:]
		} else {
			end := strings.IndexAny(data, ",\n")
			if text := data[:end]; text != `\N` {
				cell = &text
			}
			data = data[end:]
		}
		row = append(row, cell)
		if data[0] == '\n' {
			rows, row = append(rows, row), nil
		}
		data = data[1:]
	}
	return rows
}

func TestExportReadsBack(t *testing.T) {
	m := hostile()
	dir := t.TempDir()
	paths, err := Export(t.Context(), m, dir)
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v", paths, err)
	}
	schema, err := os.ReadFile(filepath.Join(dir, "db.t.schema"))
	if err != nil || string(schema) != "s STRING\nd DOUBLE\ni BIGINT\nts TIMESTAMP\ndt STRING\n" {
		t.Errorf("schema %q, %v", schema, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	rows := readCSV(string(data))
	if len(rows) != len(m.rows)+1 {
		t.Fatalf("%d rows, want %d", len(rows), len(m.rows)+1)
	}
	for i, want := range m.rows {
		got := rows[i+1]
		if (got[0] == nil) != want[0].IsNull() || got[0] != nil && *got[0] != want[0].Bytes() {
			t.Errorf("row %d: text %q, want %q", i, show(got[0]), want[0].Bytes())
		}
		d, err := strconv.ParseFloat(*got[1], 64)
		if err != nil || math.Float64bits(d) != math.Float64bits(want[1].Float()) && !math.IsNaN(d) || math.IsNaN(d) != math.IsNaN(want[1].Float()) {
			t.Errorf("row %d: number %s, want %v", i, *got[1], want[1].Float())
		}
		if *got[2] != fmt.Sprint(want[2].Int()) || (got[3] == nil) != want[3].IsNull() || *got[4] != "2017-09-12" {
			t.Errorf("row %d: %s %s %s", i, *got[2], show(got[3]), *got[4])
		}
	}
}

func show(text *string) string {
	if text == nil {
		return "NULL"
	}
	return *text
}

func TestAnExportThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l, err := Start(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Export(ctx, l.Catalog, dir); err == nil {
		t.Fatal("a cancelled export succeeded")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".csv") || strings.HasPrefix(e.Name(), ".") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

// The lab must not know the answers: no line of a shipped query stands in its sources.
func TestTheLabHoldsNoShippedQuery(t *testing.T) {
	var sources bytes.Buffer
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		sources.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if sources.Len() < 100_000 {
		t.Fatalf("only %d bytes of sources", sources.Len())
	}
	lines := 0
	err = fs.WalkDir(qosreport.Files, "queries", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(qosreport.Files, name)
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if len(line) < 25 {
				continue
			}
			lines++
			if strings.Contains(sources.String(), line) {
				t.Errorf("%s: %s", name, line)
			}
		}
		return err
	})
	if err != nil || lines < 20 {
		t.Errorf("%d lines, %v", lines, err)
	}
}
