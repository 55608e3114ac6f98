package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// check refuses states that no honest query returns. A figure made of them would look like
// any other.
func (b *builder) check() error {
	for _, name := range b.def.DatasetOrder {
		if err := b.checkDataset(name); err != nil {
			return b.dishonest(name, fmt.Errorf("dataset %s: %w", name, err))
		}
	}
	for _, name := range b.def.MeasureOrder {
		m := b.def.Measures[name]
		q, t := m.QoS(), b.States[m.Dataset()]
		for _, s := range t.States {
			if err := q.Check(t, s); err != nil {
				return b.dishonest(m.Dataset(), fmt.Errorf("measure %s in dataset %s: %w", name, m.Dataset(), err))
			}
		}
	}
	return nil
}

func (b *builder) dishonest(dataset string, err error) error {
	return fault.Advise(fault.New(fault.Impala, fault.Contract, err), "correct the query of dataset %s: see qosreport sql %s", dataset, b.def.Name)
}

// checkDataset sees that the dataset is there and that its numbers can be computed with.
func (b *builder) checkDataset(name string) error {
	d := b.def.Datasets[name]
	if d.Rows {
		if b.Rows[name] == nil {
			return fmt.Errorf("there are no rows, not even none")
		}
		return nil
	}
	t := b.States[name]
	if t == nil || !slices.Equal(t.Dimensions, d.Dimensions) {
		return fmt.Errorf("there are no states of the dimensions %v", d.Dimensions)
	}
	hourAt, values := slices.Index(t.Dimensions, definition.Hour), 0.0
	for _, s := range t.States {
		if err := checkMagnitude(t, s); err != nil {
			return err
		}
		for _, bin := range s.Bins {
			values += float64(bin.N)
		}
		if hourAt < 0 || s.Key[hourAt].Null {
			continue
		}
		if hour := s.Key[hourAt]; !hour.Number || hour.Int < 0 || hour.Int > 23 {
			return fmt.Errorf("column %s holds %q: an hour of the day is an integer from 0 to 23", definition.Hour, hour)
		}
	}
	if values > 1<<53 {
		return fmt.Errorf("the bins hold %g values, more than can be counted", values)
	}
	if d.Quality {
		return b.checkQuality(name)
	}
	return nil
}

// largestNumber is beyond any count, byte or second, and so is its inverse. Of numbers in between,
// no sum, quotient or percentage overflows: every figure can be written as JSON.
const largestNumber = 1e30

func checkMagnitude(t *qos.Table, s qos.State) error {
	for _, part := range []struct {
		names  []string
		values []float64
		none   bool // NaN is no value
	}{{t.Sums, s.Sums, false}, {t.Minima, s.Minima, true}, {t.Maxima, s.Maxima, true}} {
		for i, v := range part.values {
			size := math.Abs(v)
			if v == 0 || part.none && math.IsNaN(v) || size <= largestNumber && size >= 1/largestNumber {
				continue
			}
			return fmt.Errorf("column %s holds %v: no count or measurement is like that", part.names[i], v)
		}
	}
	return nil
}

// checkQuality sees that what is counted lies within the rows that are counted.
func (b *builder) checkQuality(name string) error {
	at := slices.Index(b.States[name].Sums, query.QualityRows)
	if at < 0 {
		return fmt.Errorf("column %s is missing", query.QualityRows)
	}
	for _, day := range slices.Sorted(maps.Keys(b.total[name])) {
		t := b.total[name][day]
		sums := t.States[0].Sums
		rows := sums[at]
		for i, column := range t.Sums {
			most, of := rows, fmt.Sprintf("%v rows", rows)
			if column == query.QualityHours {
				most, of = 24, "24 hours of a day; return one row a day"
			}
			if n := sums[i]; n < 0 || n > most {
				return fmt.Errorf("column %s adds up to %v on %s, of %s", column, n, day, of)
			}
		}
	}
	return nil
}
