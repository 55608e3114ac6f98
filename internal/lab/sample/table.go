package sample

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"qosreport/internal/lab/sql"
)

// A table keeps rows of type R in daily partitions. A day is made when it is first
// scanned and kept in columns from then on.
type table[R any] struct {
	definitions []definition[R]
	days        []*partition[R]
	// rows makes the rows of a day in their order.
	rows func(day int64, add func(row R))
	size int // rows to expect
}

// A definition is a column: its name, type, and where its values go.
type definition[R any] struct {
	name  string
	typ   sql.Type
	store func(size int) store[R]
}

// A store holds the values of one column of one day.
type store[R any] interface {
	add(rows []R)
	reader() func(row int) sql.Value
}

type partition[R any] struct {
	day    int64 // since 1970-01-01
	once   sync.Once
	stores []store[R]
	count  int
}

const secondsPerDay = 86400

func newTable[R any](definitions []definition[R], days []int64, size int, rows func(int64, func(R))) *table[R] {
	t := &table[R]{definitions: definitions, rows: rows, size: size}
	for _, day := range days {
		t.days = append(t.days, &partition[R]{day: day})
	}
	return t
}

// Columns are the columns of the rows and the partition key dt.
func (t *table[R]) Columns() []sql.Column {
	columns := make([]sql.Column, 0, len(t.definitions)+1)
	for _, d := range t.definitions {
		columns = append(columns, sql.Column{Name: d.name, Type: d.typ})
	}
	return append(columns, sql.Column{Name: "dt", Type: sql.Type{Kind: sql.String}})
}

// Keys is 1: tables are partitioned by dt.
func (t *table[R]) Keys() int { return 1 }

// Partitions are the dates that exist.
func (t *table[R]) Partitions() [][]sql.Value {
	keys := make([][]sql.Value, len(t.days))
	for i, p := range t.days {
		keys[i] = []sql.Value{sql.StringOf(dateText(p.day))}
	}
	return keys
}

func dateText(day int64) string {
	return time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

// Scan opens a day, and makes it the first time.
func (t *table[R]) Scan(ctx context.Context, index int, columns []int) (sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return sql.Rows{}, err
	}
	if index < 0 || index >= len(t.days) {
		return sql.Rows{}, fmt.Errorf("scan partition %d of %d", index, len(t.days))
	}
	p := t.days[index]
	p.once.Do(func() { t.fill(p) })
	rows := sql.Rows{Count: p.count}
	for _, c := range columns {
		rows.Read = append(rows.Read, p.stores[c].reader())
	}
	return rows, nil
}

func (t *table[R]) fill(p *partition[R]) {
	for _, d := range t.definitions {
		p.stores = append(p.stores, d.store(t.size))
	}
	// Rows go to the columns in batches, one column after the other, since that is
	// kind to the processor's caches.
	batch := make([]R, 0, 256)
	flush := func() {
		for _, s := range p.stores {
			s.add(batch)
		}
		p.count += len(batch)
		batch = batch[:0]
	}
	t.rows(p.day, func(row R) {
		if batch = append(batch, row); len(batch) == cap(batch) {
			flush()
		}
	})
	flush()
}

// Values that stand for NULL in a store. NaN is data, so NULL among doubles is one
// NaN of many, which no arithmetic makes.
const (
	nullInt  = math.MinInt64
	nullBits = 0x7ff8_0000_dead_beef
	nullCode = 0
)

func nullDouble() float64 { return math.Float64frombits(nullBits) }

// integers holds a column of integers in the width that they need.
type integers[R any, N int8 | int16 | int32 | int64] struct {
	values []N
	null   N
	get    func(*R) int64
	value  func(int64) sql.Value
}

func (s *integers[R, N]) add(rows []R) {
	for i := range rows {
		n := s.get(&rows[i])
		if n == nullInt {
			n = int64(s.null)
		}
		s.values = append(s.values, N(n))
	}
}

func (s *integers[R, N]) reader() func(int) sql.Value {
	values, null, value := s.values, s.null, s.value
	return func(row int) sql.Value {
		n := values[row]
		if n == null {
			return sql.Value{}
		}
		return value(int64(n))
	}
}

func tinyInts[R any](name string, get func(*R) int64) definition[R] {
	return definition[R]{name, sql.Type{Kind: sql.TinyInt}, func(size int) store[R] {
		return &integers[R, int8]{make([]int8, 0, size), math.MinInt8, get, sql.IntOf}
	}}
}

func smallInts[R any](name string, get func(*R) int64) definition[R] {
	return definition[R]{name, sql.Type{Kind: sql.SmallInt}, func(size int) store[R] {
		return &integers[R, int16]{make([]int16, 0, size), math.MinInt16, get, sql.IntOf}
	}}
}

func ints[R any](name string, get func(*R) int64) definition[R] {
	return definition[R]{name, sql.Type{Kind: sql.Int}, func(size int) store[R] {
		return &integers[R, int32]{make([]int32, 0, size), math.MinInt32, get, sql.IntOf}
	}}
}

func bigInts[R any](name string, get func(*R) int64) definition[R] {
	return definition[R]{name, sql.Type{Kind: sql.BigInt}, func(size int) store[R] {
		return &integers[R, int64]{make([]int64, 0, size), math.MinInt64, get, sql.IntOf}
	}}
}

// timestamps are stored as milliseconds since 1970.
func timestamps[R any](name string, get func(*R) int64) definition[R] {
	value := func(ms int64) sql.Value { return sql.TimestampOf(ms/1000, int32(ms%1000)*1e6) }
	return definition[R]{name, sql.Type{Kind: sql.Timestamp}, func(size int) store[R] {
		return &integers[R, int64]{make([]int64, 0, size), math.MinInt64, get, value}
	}}
}

func decimals[R any](name string, precision, scale int, get func(*R) int64) definition[R] {
	value := func(n int64) sql.Value { return sql.DecimalOf(n, scale) }
	typ := sql.Type{Kind: sql.Decimal, Precision: precision, Scale: scale}
	return definition[R]{name, typ, func(size int) store[R] {
		return &integers[R, int64]{make([]int64, 0, size), math.MinInt64, get, value}
	}}
}

func booleans[R any](name string, get func(*R) int64) definition[R] {
	value := func(n int64) sql.Value { return sql.BoolOf(n != 0) }
	return definition[R]{name, sql.Type{Kind: sql.Boolean}, func(size int) store[R] {
		return &integers[R, int8]{make([]int8, 0, size), math.MinInt8, get, value}
	}}
}

// texts are made from a number each time they are read.
func texts[R any](name string, get func(*R) int64, text func(int64) string) definition[R] {
	value := func(n int64) sql.Value { return sql.StringOf(text(n)) }
	return definition[R]{name, sql.Type{Kind: sql.String}, func(size int) store[R] {
		return &integers[R, int64]{make([]int64, 0, size), math.MinInt64, get, value}
	}}
}

type doubleStore[R any] struct {
	values []float64
	get    func(*R) float64
}

func (s *doubleStore[R]) add(rows []R) {
	for i := range rows {
		s.values = append(s.values, s.get(&rows[i]))
	}
}

func (s *doubleStore[R]) reader() func(int) sql.Value {
	values := s.values
	return func(row int) sql.Value {
		if math.Float64bits(values[row]) == nullBits {
			return sql.Value{}
		}
		return sql.DoubleOf(values[row])
	}
}

func doubles[R any](name string, get func(*R) float64) definition[R] {
	return definition[R]{name, sql.Type{Kind: sql.Double}, func(size int) store[R] {
		return &doubleStore[R]{make([]float64, 0, size), get}
	}}
}

// codeStore holds codes of a dictionary; code 0 is NULL.
type codeStore[R any] struct {
	codes  []uint16
	values []sql.Value
	get    func(*R) uint16
}

func (s *codeStore[R]) add(rows []R) {
	for i := range rows {
		s.codes = append(s.codes, s.get(&rows[i]))
	}
}

func (s *codeStore[R]) reader() func(int) sql.Value {
	codes, values := s.codes, s.values
	return func(row int) sql.Value { return values[codes[row]] }
}

// codes is a column of few different strings.
func codes[R any](name string, dictionary []string, get func(*R) uint16) definition[R] {
	values := make([]sql.Value, 1, len(dictionary)+1)
	for _, text := range dictionary {
		values = append(values, sql.StringOf(text))
	}
	return definition[R]{name, sql.Type{Kind: sql.String}, func(size int) store[R] {
		return &codeStore[R]{make([]uint16, 0, size), values, get}
	}}
}
