package query

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
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

// maxStates bounds what one dataset may keep in memory.
const maxStates = 2_000_000

// ReadStates reads all rows as states. A column that is missing, not expected, or of a
// type that cannot hold what the contract says is an error, and so is a sum that is no
// finite number. A sum that is NULL counts as 0: SUM over no rows is NULL; a minimum or
// maximum that is NULL is no value.
func ReadStates(ctx context.Context, from Source, c Contract) (*qos.Table, error) {
	if c.Quality {
		c.Sums = qualitySums(from.Columns(), c.Dimensions)
	}
	at, err := c.match(from.Columns())
	if err != nil {
		return nil, err
	}
	r, err := c.reader(at)
	if err != nil {
		return nil, err
	}
	rows := 0
	for {
		batch, err := from.Next(ctx)
		if err == io.EOF {
			return r.table(), nil
		}
		if err != nil {
			return nil, err
		}
		if rows += batch.Rows; rows > maxStates {
			return nil, fault.Advise(fault.Errorf(fault.Impala, fault.Contract, "more than %d states", maxStates),
				"group by fewer dimensions: states are kept in memory")
		}
		for row := range batch.Rows {
			if err := r.row(batch, row); err != nil {
				return nil, err
			}
		}
	}
}

// stateReader makes states of rows.
type stateReader struct {
	Contract
	at        []int // of each column of the contract, in the result
	states    *qos.Table
	histogram *qos.Histogram // nil for plain states
}

func (c Contract) reader(at []int) (*stateReader, error) {
	r := &stateReader{Contract: c, at: at, states: &qos.Table{Dimensions: c.Dimensions, Sums: c.Sums, Minima: c.Minima, Maxima: c.Maxima}}
	if c.Histogram == nil {
		return r, nil
	}
	var err error
	r.histogram, err = qos.NewHistogram(c.Dimensions, c.Histogram.Scale)
	return r, err
}

func (r *stateReader) table() *qos.Table {
	if r.histogram != nil {
		return r.histogram.Table()
	}
	return r.states
}

func (r *stateReader) row(b *impala.Batch, row int) error {
	key, err := r.key(b, row)
	if err != nil {
		return err
	}
	if r.histogram != nil {
		return r.bin(b, row, key)
	}
	s := qos.State{Key: key}
	next := len(r.Dimensions)
	for _, part := range []struct {
		names []string
		into  *[]float64
		none  float64 // what NULL counts as
	}{{r.Sums, &s.Sums, 0}, {r.Minima, &s.Minima, math.NaN()}, {r.Maxima, &s.Maxima, math.NaN()}} {
		if len(part.names) == 0 {
			continue
		}
		*part.into = make([]float64, len(part.names))
		for i, name := range part.names {
			if (*part.into)[i], err = number64(b, r.at[next], row, part.none); err != nil {
				return fault.New(fault.Impala, fault.Contract, fmt.Errorf("column %s: %w", name, err))
			}
			next++
		}
	}
	r.states.States = append(r.states.States, s)
	return nil
}

// bin adds a row of a histogram. A row without a bin is of values that are NULL; no COUNT
// is.
func (r *stateReader) bin(b *impala.Batch, row int, key []qos.Member) error {
	at := r.at[len(r.Dimensions):]
	if b.Null(at[0], row) {
		return nil
	}
	if b.Null(at[1], row) {
		return fault.Errorf(fault.Impala, fault.Contract, "column %s is NULL, where the number of values is due", r.Histogram.Count)
	}
	index, n := b.Columns[at[0]].Ints()[row], b.Columns[at[1]].Ints()[row]
	if index < math.MinInt32 || index > math.MaxInt32 || n < 0 {
		return fault.Errorf(fault.Impala, fault.Contract, "column %s holds bin %d with %d values, which no histogram has", r.Histogram.Bin, index, n)
	}
	low, high := math.NaN(), math.NaN()
	if index := int32(index); r.Histogram.Low != "" && index != qos.NotFinite && index != qos.Negative {
		var err error
		if low, err = number64(b, at[2], row, math.NaN()); err == nil {
			high, err = number64(b, at[3], row, math.NaN())
		}
		if err == nil {
			err = r.Histogram.within(index, low, high)
		}
		if err != nil {
			return fault.New(fault.Impala, fault.Contract, fmt.Errorf("bin %d: %w", index, err))
		}
	}
	if err := r.histogram.Add(key, qos.Bin{Index: int32(index), N: n}, low, high); err != nil {
		return fault.New(fault.Impala, fault.Contract, err)
	}
	return nil
}

func (r *stateReader) key(b *impala.Batch, row int) ([]qos.Member, error) {
	key := make([]qos.Member, len(r.Dimensions))
	for i, name := range r.Dimensions {
		key[i] = member(b, r.at[i], row)
		if name != qos.DayDimension {
			continue
		}
		if key[i].Null {
			return nil, fault.Errorf(fault.Impala, fault.Contract, "column day is NULL, which is no date")
		}
		if _, err := time.Parse(DateLayout, key[i].Text); err != nil {
			return nil, fault.Errorf(fault.Impala, fault.Contract, "column day holds %q, which is no date", Printable(key[i].String()))
		}
		if day := key[i].Text; r.FirstDay != "" && day < r.FirstDay || r.LastDay != "" && day > r.LastDay {
			return nil, fault.Advise(fault.Errorf(fault.Impala, fault.Contract, "column day holds %s, which lies outside of the days asked for, %s to %s", day, r.FirstDay, r.LastDay),
				"cut the rows by {{window}} and make the day in the zone {{.TZ}}: partition dates are other days")
		}
	}
	return key, nil
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

// number64 is a finite number; NULL counts as none.
func number64(b *impala.Batch, column, row int, none float64) (v float64, err error) {
	if b.Null(column, row) {
		return none, nil
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
		return 0, fmt.Errorf("the value is %v: one junk value spoils all; keep it out with {{valid}}", v)
	}
	return v, nil
}
