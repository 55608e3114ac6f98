package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
)

// Source is a result as it comes: [impala.Rows], or a test's.
type Source interface {
	Columns() []wire.ColumnDesc
	Next(ctx context.Context) (*Batch, error)
}

// Batch is one fetch of rows.
type Batch = impala.Batch

// Contract is what the columns of a dataset of states must be.
type Contract struct {
	Dimensions []string // day among them, as a date or its text
	Sums       []string // numbers
	FirstDay   string   // no day may lie before it, as 2017-09-12; "" for no bound
	LastDay    string   // nor after it
}

// maxStates bounds what one dataset may keep in memory.
const maxStates = 2_000_000

// ReadStates reads all rows as states. A column that is missing, not expected, or of a
// type that cannot hold what the contract says is an error, and so is a sum that is no
// finite number. A sum that is NULL counts as 0: SUM over no rows is NULL.
func ReadStates(ctx context.Context, from Source, c Contract) (*qos.Table, error) {
	at, err := c.match(from.Columns())
	if err != nil {
		return nil, err
	}
	table := &qos.Table{Dimensions: c.Dimensions, Sums: c.Sums}
	for {
		batch, err := from.Next(ctx)
		if err == io.EOF {
			return table, nil
		}
		if err != nil {
			return nil, err
		}
		if len(table.States)+batch.Rows > maxStates {
			return nil, fault.Advise(fault.Errorf(fault.Impala, fault.Contract, "more than %d states", maxStates),
				"group by fewer dimensions: states are kept in memory")
		}
		for row := range batch.Rows {
			state, err := c.state(batch, at, row)
			if err != nil {
				return nil, err
			}
			table.States = append(table.States, state)
		}
	}
}

// match finds the columns of the contract by name.
func (c Contract) match(columns []wire.ColumnDesc) ([]int, error) {
	want := slices.Concat(c.Dimensions, c.Sums)
	var mistakes []error
	at := make([]int, len(want))
	for i, name := range want {
		at[i] = slices.IndexFunc(columns, func(d wire.ColumnDesc) bool { return strings.EqualFold(d.Name, name) })
		if at[i] < 0 {
			mistakes = append(mistakes, fmt.Errorf("column %s is missing", name))
			continue
		}
		if need := c.need(i, columns[at[i]].Type); need != "" {
			mistakes = append(mistakes, fmt.Errorf("column %s has type %s where %s is due", name, columns[at[i]].TypeName(), need))
		}
	}
	seen := make(map[string]bool)
	for _, d := range columns {
		name := strings.ToLower(d.Name)
		if !slices.Contains(want, name) {
			mistakes = append(mistakes, fmt.Errorf("column %s is not in the contract", Printable(d.Name)))
		} else if seen[name] {
			mistakes = append(mistakes, fmt.Errorf("column %s comes twice", name))
		}
		seen[name] = true
	}
	if len(mistakes) == 0 {
		return at, nil
	}
	return nil, fault.Advise(fault.New(fault.Impala, fault.Contract, errors.Join(mistakes...)),
		"make the query return what the dataset names, or the dataset name what the query returns")
}

// need is the type that column i of the contract wants where t will not do, else "".
func (c Contract) need(i int, t wire.TypeID) string {
	text := t == wire.String || t == wire.Varchar || t == wire.Char
	integer := t == wire.TinyInt || t == wire.SmallInt || t == wire.Int || t == wire.BigInt
	switch {
	case i >= len(c.Dimensions):
		if !integer && t != wire.Float && t != wire.Double && t != wire.Decimal {
			return "a number"
		}
	case c.Dimensions[i] == "day":
		if !text && t != wire.Date {
			return "DATE or STRING"
		}
	case !text && !integer && t != wire.Date && t != wire.Boolean:
		return "STRING, an integer, DATE or BOOLEAN"
	}
	return ""
}

func (c Contract) state(b *impala.Batch, at []int, row int) (qos.State, error) {
	dims := len(c.Dimensions)
	s := qos.State{Key: make([]qos.Member, dims), Sums: make([]float64, len(c.Sums))}
	for i := range c.Dimensions {
		s.Key[i] = member(b, at[i], row)
		if c.Dimensions[i] != "day" {
			continue
		}
		if _, err := time.Parse(DateLayout, s.Key[i].Text); err != nil {
			return s, fault.Errorf(fault.Impala, fault.Contract, "column day holds %q, which is no date", Printable(s.Key[i].String()))
		}
		if day := s.Key[i].Text; c.FirstDay != "" && day < c.FirstDay || c.LastDay != "" && day > c.LastDay {
			return s, fault.Advise(fault.Errorf(fault.Impala, fault.Contract, "column day holds %s, which lies outside of the window %s to %s", day, c.FirstDay, c.LastDay),
				"cut the rows by {{window}} and make the day in the zone {{.TZ}}: partition dates are other days")
		}
	}
	for i, name := range c.Sums {
		v, err := number64(b, at[dims+i], row)
		if err != nil {
			return s, fault.New(fault.Impala, fault.Contract, fmt.Errorf("column %s: %w", name, err))
		}
		s.Sums[i] = v
	}
	return s, nil
}

func member(b *impala.Batch, column, row int) qos.Member {
	if b.Null(column, row) {
		return qos.Null()
	}
	switch b.Columns[column].Kind() {
	case wire.KindByte, wire.KindI16, wire.KindI32, wire.KindI64:
		return qos.Number(b.Columns[column].Ints()[row])
	}
	return qos.Text(string(b.Append(nil, column, row)))
}

func number64(b *impala.Batch, column, row int) (v float64, err error) {
	if b.Null(column, row) {
		return 0, nil
	}
	c := &b.Columns[column]
	switch c.Kind() {
	case wire.KindDouble:
		v = c.Floats()[row]
	case wire.KindString, wire.KindBinary: // DECIMAL
		v, err = strconv.ParseFloat(string(c.Text(row)), 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number", Printable(string(c.Text(row))))
		}
	default:
		v = float64(c.Ints()[row])
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("a sum is %v: one junk value spoils all; keep it out with {{valid}}", v)
	}
	return v, nil
}
