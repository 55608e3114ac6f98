package store

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

func stateKey() StateKey {
	return StateKey{Report: "voice-daily", Dataset: "legs", Definition: "d1", Params: "p1", Source: "cluster/qos", Zone: "Europe/Berlin"}
}

func dayOf(day string, fetched time.Time) DayState {
	return DayState{Day: day, Version: 1, Blob: []byte("states of " + day), Rows: 7, Fetched: fetched, QueryID: "q:" + day}
}

func TestDayStatesComeBackAsTheyWere(t *testing.T) {
	s, _ := ledger(t)
	want := []DayState{dayOf("2026-03-01", start), dayOf("2026-03-02", start), {Day: "2026-03-03", Version: 1, Fetched: start}}
	noError(t, s.PutStates(t.Context(), stateKey(), want))
	changed := dayOf("2026-03-02", start.Add(time.Hour))
	changed.Blob, changed.Rows = []byte("again"), 8
	noError(t, s.PutStates(t.Context(), stateKey(), []DayState{changed}))
	want[1] = changed
	found, err := s.States(t.Context(), stateKey(), Days{First: "2026-03-01", Last: "2026-03-03", Version: 1, RestateDays: 3})
	noError(t, err)
	if len(found.Days) != len(want) || found.Missing != nil || found.Broken != nil {
		t.Fatalf("got %d days, missing %v, broken %v; want %d whole days", len(found.Days), found.Missing, found.Broken, len(want))
	}
	for i, got := range found.Days {
		if got.Day != want[i].Day || !bytes.Equal(got.Blob, want[i].Blob) || got.Rows != want[i].Rows || got.QueryID != want[i].QueryID || !got.Fetched.Equal(want[i].Fetched) || !got.Final {
			t.Errorf("got %+v; want %+v, final", got, want[i])
		}
	}
}

func TestStatesOfOtherKeysAreNotMixed(t *testing.T) {
	s, _ := ledger(t)
	noError(t, s.PutStates(t.Context(), stateKey(), []DayState{dayOf("2026-03-01", start)}))
	for _, change := range []func(*StateKey){
		func(k *StateKey) { k.Report = "http-daily" },
		func(k *StateKey) { k.Dataset = "callers" },
		func(k *StateKey) { k.Definition = "d2" },
		func(k *StateKey) { k.Params = "p2" },
		func(k *StateKey) { k.Source = "other/qos" },
		func(k *StateKey) { k.Zone = "UTC" },
	} {
		k := stateKey()
		change(&k)
		found, err := s.States(t.Context(), k, Days{First: "2026-03-01", Last: "2026-03-01", Version: 1})
		if err != nil || len(found.Days) != 0 || !slices.Equal(found.Missing, []string{"2026-03-01"}) {
			t.Errorf("key %+v has %+v, %v; want nothing", k, found, err)
		}
	}
}

func TestFinalDaysAreThoseFetchedLateEnough(t *testing.T) {
	// In Berlin 2026-03-29 has 23 hours: it ends at 22:00 UTC, as the days after it do.
	tests := []struct {
		name    string
		fetched string
		restate int
		final   bool
	}{
		{"just before three days after its end", "2026-04-01T21:59:59Z", 3, false},
		{"three days after its end", "2026-04-01T22:00:00Z", 3, true},
		{"at its end, when nothing is restated", "2026-03-29T22:00:00Z", 0, true},
		{"before its end", "2026-03-29T21:00:00Z", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := ledger(t)
			fetched, err := time.Parse(time.RFC3339, tt.fetched)
			noError(t, err)
			noError(t, s.PutStates(t.Context(), stateKey(), []DayState{dayOf("2026-03-29", fetched)}))
			found, err := s.States(t.Context(), stateKey(), Days{First: "2026-03-28", Last: "2026-03-30", Version: 1, RestateDays: tt.restate})
			noError(t, err)
			missing := []string{"2026-03-28", "2026-03-29", "2026-03-30"}
			if tt.final {
				missing = []string{"2026-03-28", "2026-03-30"}
			}
			if len(found.Days) != 1 || found.Days[0].Final != tt.final || !slices.Equal(found.Missing, missing) {
				t.Errorf("got %+v; want final %t and missing %v", found, tt.final, missing)
			}
		})
	}
}

func TestABrokenBlobIsAsIfAbsent(t *testing.T) {
	for _, damage := range []string{
		"blob = x'00'", "blob = x''", "rows = rows + 1", "version = version + 1", "fetched = fetched + 1", "query_id = 'other'",
		"day = '2026-03-02'", "dataset = 'legs', sha256 = zeroblob(32)",
	} {
		t.Run(damage, func(t *testing.T) {
			s, _ := ledger(t)
			noError(t, s.PutStates(t.Context(), stateKey(), []DayState{dayOf("2026-03-01", start)}))
			_, err := s.writer.Exec("UPDATE day_state SET " + damage)
			noError(t, err)
			found, err := s.States(t.Context(), stateKey(), Days{First: "2026-03-01", Last: "2026-03-02", Version: 1})
			noError(t, err)
			if len(found.Days) != 0 || len(found.Broken) != 1 || len(found.Missing) != 2 {
				t.Errorf("got %+v; want one broken day, and both missing", found)
			}
		})
	}
}

func TestAnotherEncodingIsAbsentButNotBroken(t *testing.T) {
	s, _ := ledger(t)
	noError(t, s.PutStates(t.Context(), stateKey(), []DayState{dayOf("2026-03-01", start)}))
	found, err := s.States(t.Context(), stateKey(), Days{First: "2026-03-01", Last: "2026-03-01", Version: 2})
	if err != nil || len(found.Days) != 0 || len(found.Broken) != 0 || len(found.Missing) != 1 {
		t.Errorf("got %+v, %v; want the day missing and none broken", found, err)
	}
}

func TestRangesThatAreNoneAreRefused(t *testing.T) {
	s, _ := ledger(t)
	for _, d := range []Days{
		{First: "2026-03-02", Last: "2026-03-01"}, {First: "1900-01-01", Last: "2026-03-01"}, {First: "soon", Last: "2026-03-01"}, {First: "2026-03-01", Last: "2026-02-30"},
	} {
		if _, err := s.States(t.Context(), stateKey(), d); err == nil {
			t.Errorf("the range %+v was taken", d)
		}
	}
	if _, err := s.States(t.Context(), StateKey{Zone: "Mars/Olympus"}, Days{First: "2026-03-01", Last: "2026-03-01"}); err == nil {
		t.Error("a zone that is none was taken")
	}
	if err := s.PutStates(t.Context(), stateKey(), []DayState{{Day: "2026-3-1"}}); err == nil {
		t.Error("a day that is none was kept")
	}
}

// FuzzDayState keeps a blob, damages it, and sees that it comes back as it was or not at all.
func FuzzDayState(f *testing.F) {
	f.Add([]byte("states"), []byte("states"), int64(3))
	f.Add([]byte{}, []byte{0}, int64(-1))
	f.Add([]byte{0, 255, 0}, []byte{}, int64(1<<62))
	s, _ := ledger(f)
	f.Fuzz(func(t *testing.T, blob, damaged []byte, rows int64) {
		d := DayState{Day: "2026-03-01", Blob: blob, Rows: rows, Fetched: start}
		noError(t, s.PutStates(t.Context(), stateKey(), []DayState{d}))
		asked := Days{First: d.Day, Last: d.Day}
		found, err := s.States(t.Context(), stateKey(), asked)
		if err != nil || len(found.Days) != 1 || !bytes.Equal(found.Days[0].Blob, blob) || found.Days[0].Rows != rows {
			t.Fatalf("got %+v, %v; want %q", found, err, blob)
		}
		if damaged == nil {
			damaged = []byte{}
		}
		_, err = s.writer.Exec("UPDATE day_state SET blob = ?", damaged)
		noError(t, err)
		found, err = s.States(t.Context(), stateKey(), asked)
		noError(t, err)
		if same := bytes.Equal(blob, damaged); same != (len(found.Days) == 1) || same == (len(found.Broken) == 1) {
			t.Errorf("%q in place of %q gives %+v", damaged, blob, found)
		}
	})
}
