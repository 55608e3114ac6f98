//go:build peers

package peers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// A result is all rows of a statement.
type result struct {
	columns []wire.ColumnDesc
	rows    [][]cell
}

// A cell is the text of a value, or NULL.
type cell struct {
	text string
	null bool
}

func (c cell) String() string {
	if c.null {
		return "NULL"
	}
	return c.text
}

// ask runs a statement and reads all of its rows.
func ask(ctx context.Context, client *impala.Client, statement string) (result, error) {
	rows, err := client.Query(ctx, statement)
	if err != nil {
		return result{}, err
	}
	r := result{columns: rows.Columns()}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return r, rows.Close(ctx)
		}
		if err != nil {
			return result{}, errors.Join(err, rows.Close(ctx))
		}
		for row := range batch.Rows {
			cells := make([]cell, len(batch.Columns))
			for column := range cells {
				if cells[column].null = batch.Null(column, row); !cells[column].null {
					cells[column].text = string(batch.Append(nil, column, row))
				}
			}
			r.rows = append(r.rows, cells)
		}
	}
}

// A form is how two columns are compared.
type form int

const (
	textForm   form = iota
	exactForm       // integers and decimals, by value
	doubleForm      // to one part in a thousand million
	timeForm        // without zeros at the end of the fraction
)

func formOf(ours, theirs wire.TypeID) form {
	double := func(t wire.TypeID) bool { return t == wire.Float || t == wire.Double }
	exact := func(t wire.TypeID) bool {
		return t == wire.TinyInt || t == wire.SmallInt || t == wire.Int || t == wire.BigInt || t == wire.Decimal
	}
	switch {
	case double(ours) && (double(theirs) || exact(theirs)), exact(ours) && double(theirs):
		return doubleForm
	case exact(ours) && exact(theirs):
		return exactForm
	case ours == wire.Timestamp && theirs == wire.Timestamp:
		return timeForm
	}
	return textForm
}

// compare tells how two results differ, "" if they do not.
func compare(ours, theirs result, ordered bool) string {
	if len(ours.columns) != len(theirs.columns) {
		return fmt.Sprintf("%d columns, Spark has %d", len(ours.columns), len(theirs.columns))
	}
	if len(ours.rows) != len(theirs.rows) {
		return fmt.Sprintf("%d rows, Spark has %d", len(ours.rows), len(theirs.rows))
	}
	forms := make([]form, len(ours.columns))
	for i := range forms {
		forms[i] = formOf(ours.columns[i].Type, theirs.columns[i].Type)
	}
	ours.normalize(forms)
	theirs.normalize(forms)
	if !ordered {
		ours.sort(forms)
		theirs.sort(forms)
	}
	for i, row := range ours.rows {
		for j, c := range row {
			if other := theirs.rows[i][j]; !same(forms[j], c, other) {
				return fmt.Sprintf("row %d, column %d (%s): %q, Spark has %q\n%v\n%v", i+1, j+1, ours.columns[j].Name, c, other, row, theirs.rows[i])
			}
		}
	}
	return ""
}

// normalize gives equal values equal texts, but for doubles. Spark holds no text that is
// not UTF-8: the bytes that are none came as replacement characters.
func (r result) normalize(forms []form) {
	for _, row := range r.rows {
		for i := range row {
			c := &row[i]
			switch forms[i] {
			case textForm:
				c.text = strings.ToValidUTF8(c.text, "\uFFFD")
			case timeForm:
				if strings.Contains(c.text, ".") {
					c.text = strings.TrimRight(strings.TrimRight(c.text, "0"), ".")
				}
			case exactForm:
				if n, ok := new(big.Rat).SetString(c.text); ok {
					c.text = n.RatString()
				}
			}
		}
	}
}

// sort orders rows by what is exact first, so that doubles that are nearly equal meet.
func (r result) sort(forms []form) {
	slices.SortFunc(r.rows, func(a, b []cell) int {
		for i := range a {
			if forms[i] != doubleForm || a[i].null || b[i].null {
				if c := strings.Compare(a[i].String(), b[i].String()); c != 0 {
					return c
				}
			}
		}
		for i := range a {
			if forms[i] == doubleForm {
				if c := cmp.Compare(number(a[i]), number(b[i])); c != 0 {
					return c
				}
			}
		}
		return 0
	})
}

func number(c cell) float64 {
	f, err := strconv.ParseFloat(c.text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return math.NaN()
	}
	return f
}

func same(f form, a, b cell) bool {
	if f != doubleForm || a.null || b.null {
		return a == b
	}
	x, y := number(a), number(b)
	if math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return x == y || math.IsNaN(x) && math.IsNaN(y)
	}
	return math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y))
}

// A difference is a statement that Impala and Spark answer differently. A row is the texts
// of its cells, joined by bars; an error is ERROR and a part of its text.
type difference struct {
	Name   string
	SQL    string
	Impala string
	Spark  string
	Source string // where Impala's answer is from
}

func knownDifferences(t *testing.T) []difference {
	t.Helper()
	data, err := os.ReadFile("../../internal/lab/sql/testdata/differences.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []difference
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// answer is what a server says to the statement, in the form of the file.
func (d difference) answer(t *testing.T, client *impala.Client) string {
	t.Helper()
	r, err := ask(t.Context(), client, d.SQL)
	if err != nil {
		if want, found := strings.CutPrefix(d.Spark, "ERROR "); found && strings.Contains(err.Error(), want) {
			return d.Spark
		}
		return "ERROR " + err.Error()
	}
	var rows []string
	for _, row := range r.rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, c.String())
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return strings.Join(rows, "\n")
}
