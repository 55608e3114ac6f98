package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"qosreport/internal/fault"
)

// StateKey says whose states of days. States of different keys are never mixed.
type StateKey struct {
	Report     string
	Dataset    string
	Definition string // hash of what gives the states their meaning
	Params     string // hash of the parameters
	Source     string // cluster and database
	Zone       string // IANA name; of the days
}

// DayState is what one day of a dataset adds up to.
type DayState struct {
	Day     string // as 2017-09-12
	Version int    // of the blob's encoding
	Blob    []byte
	Rows    int64
	Fetched time.Time
	QueryID string
	Final   bool // set on reading: fetched so late after the day that it changes no more
}

const dayLayout = "2006-01-02"

// maxDays bounds the days of one call: ten years.
const maxDays = 3660

// checksum covers the key too, so that a blob of another day or dataset does not pass.
func (k StateKey) checksum(d DayState) [32]byte {
	h := sha256.New()
	for _, part := range []string{k.Report, k.Dataset, k.Definition, k.Params, k.Source, k.Zone, d.Day, d.QueryID} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	var numbers [24]byte
	binary.BigEndian.PutUint64(numbers[:], uint64(d.Version))
	binary.BigEndian.PutUint64(numbers[8:], uint64(d.Rows))
	binary.BigEndian.PutUint64(numbers[16:], uint64(millis(d.Fetched)))
	h.Write(numbers[:])
	h.Write(d.Blob)
	return [32]byte(h.Sum(nil))
}

// PutStates keeps the states of days, all or none, in place of what there was of them.
func (s *Store) PutStates(ctx context.Context, k StateKey, days []DayState) error {
	return s.write(ctx, "keep states of "+k.Dataset, func(ctx context.Context, t *txn) error {
		for _, d := range days {
			if _, err := time.Parse(dayLayout, d.Day); err != nil {
				return fault.Errorf(fault.Internal, 0, "%.20q is no day", d.Day)
			}
			sum := k.checksum(d)
			blob := d.Blob
			if blob == nil {
				blob = []byte{} // nil would be NULL
			}
			_, err := t.exec(ctx, `INSERT INTO day_state (report, dataset, definition, params, source, zone, day, version, sha256, rows, fetched, query_id, blob)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,
				rows = excluded.rows, fetched = excluded.fetched, query_id = excluded.query_id, blob = excluded.blob`,
				k.Report, k.Dataset, k.Definition, k.Params, k.Source, k.Zone, d.Day, d.Version, sum[:], d.Rows, millis(d.Fetched), d.QueryID, blob)
			if err != nil {
				return fmt.Errorf("day %s: %w", d.Day, err)
			}
		}
		return nil
	})
}

// Days asks for the states of a range of days.
type Days struct {
	First, Last string // as 2017-09-12, inclusive
	Version     int    // of the encoding that the caller reads
	RestateDays int    // a day's state is final when it was fetched so many days after the day's end
}

// States are what is kept of a range of days.
type States struct {
	Days    []DayState // in order, as far as they are there
	Missing []string   // days that are to be fetched: never seen, broken, of another version, or not final
	Broken  []string   // days whose blob does not match its checksum; they are among Missing
}

// States reads the states of a range of days and checks each. One that is broken counts
// as absent, and so does one in another version of the encoding.
func (s *Store) States(ctx context.Context, k StateKey, asked Days) (found States, err error) {
	days, zone, err := k.days(asked)
	if err != nil {
		return found, fault.New(fault.Internal, 0, fmt.Errorf("read states of %s: %w", k.Dataset, err))
	}
	kept := make(map[string]DayState, len(days))
	err = s.read(ctx, "read states of "+k.Dataset, func(ctx context.Context, t *txn) error {
		rows, err := all(ctx, t, scanDayState, `SELECT day, version, sha256, rows, fetched, query_id, blob FROM day_state WHERE report = ? AND dataset = ?
			AND definition = ? AND params = ? AND source = ? AND zone = ? AND day BETWEEN ? AND ? ORDER BY day`,
			k.Report, k.Dataset, k.Definition, k.Params, k.Source, k.Zone, asked.First, asked.Last)
		for _, row := range rows {
			sum := k.checksum(row.DayState)
			switch {
			case string(sum[:]) != string(row.sum):
				found.Broken = append(found.Broken, row.Day)
			case row.Version == asked.Version:
				kept[row.Day] = row.DayState
			}
		}
		return err
	})
	for _, day := range days {
		name := day.Format(dayLayout)
		state, ok := kept[name]
		if ok {
			// The calendar of the zone knows how long days are.
			final := time.Date(day.Year(), day.Month(), day.Day()+1+asked.RestateDays, 0, 0, 0, 0, zone)
			state.Final = !state.Fetched.Before(final)
			found.Days = append(found.Days, state)
		}
		if !ok || !state.Final {
			found.Missing = append(found.Missing, name)
		}
	}
	return found, err
}

// checkedState is a row before its checksum was looked at.
type checkedState struct {
	DayState
	sum []byte
}

func scanDayState(row scanner) (s checkedState, err error) {
	err = row.Scan(&s.Day, &s.Version, &s.sum, &s.Rows, instant{&s.Fetched}, &s.QueryID, &s.Blob)
	return s, err
}

// days are the dates of a range, in UTC, and the zone that they are days of.
func (k StateKey) days(asked Days) ([]time.Time, *time.Location, error) {
	zone, err := time.LoadLocation(k.Zone)
	if err != nil {
		return nil, nil, err
	}
	first, err := time.Parse(dayLayout, asked.First)
	if err != nil {
		return nil, nil, err
	}
	last, err := time.Parse(dayLayout, asked.Last)
	if err != nil {
		return nil, nil, err
	}
	if last.Before(first) || last.Sub(first) > maxDays*24*time.Hour {
		return nil, nil, fmt.Errorf("%s to %s is no range of up to %d days", asked.First, asked.Last, maxDays)
	}
	var days []time.Time
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		days = append(days, d)
	}
	return days, zone, nil
}
