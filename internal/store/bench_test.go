package store

import (
	"strconv"
	"testing"
	"time"
)

// BenchmarkClaim claims a slot and ends its run: four transactions, of which two are
// written to the disk.
func BenchmarkClaim(b *testing.B) {
	s, _ := ledger(b)
	var keys []string
	for i := range 20_000 {
		keys = append(keys, "daily@"+strconv.Itoa(i))
	}
	plan(b, s, keys...)
	i := 0
	for b.Loop() {
		key := keys[i%len(keys)]
		if i >= len(keys) {
			_, err := s.writer.Exec("UPDATE slot SET outcome = 'due' WHERE key = ?", key)
			noError(b, err)
		}
		l := claim(b, s, "run-"+strconv.Itoa(i), key)
		_, err := l.End(b.Context(), RunEnd{State: RunDone})
		noError(b, err)
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}

// BenchmarkStates reads and checks 400 days of one dataset, 16 KiB each.
func BenchmarkStates(b *testing.B) {
	s, _ := ledger(b)
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var days []DayState
	for i := range 400 {
		days = append(days, DayState{Day: first.AddDate(0, 0, i).Format(dayLayout), Blob: make([]byte, 16<<10), Fetched: start})
	}
	noError(b, s.PutStates(b.Context(), stateKey(), days))
	b.SetBytes(400 * 16 << 10)
	b.ReportAllocs()
	for b.Loop() {
		found, err := s.States(b.Context(), stateKey(), Days{First: days[0].Day, Last: days[399].Day})
		if err != nil || len(found.Days) != 400 {
			b.Fatalf("got %d days, %v", len(found.Days), err)
		}
	}
}
