package schedule

import (
	"testing"
	"time"
)

// Whatever is written, it is refused or has a slot within eight years, and the slots go on.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0 6 * * *", "*/30 2 * * *", "TZ=UTC", "CRON_TZ=", "@every 24h", "@hourly", "0 0 29 2 *", "0 0 30 2 *",
		"0 6 1 * MON", "22-2 * * * FRI-MON/2", "0 6 L-3 * 5#2", "* * * * * *", ", , , , ,", "0/99999999999999999999 * * * *", "\xff * ü * *"} {
		f.Add(seed, "Europe/Berlin", int64(1774742400))
	}
	f.Add("*/7 1-3 * * *", "Pacific/Apia", int64(1325203200))
	f.Add("0 */5 * * *", "Australia/Lord_Howe", int64(-4e9))
	f.Fuzz(func(t *testing.T, expression, zone string, second int64) {
		s, err := Parse(Spec{ID: "s", Expression: expression, Zone: zone, AllowSeconds: true})
		if err != nil {
			return
		}
		// Before the zones had rules, and where years have five digits, nothing is planned.
		start := time.Unix(second%8e9, 0)
		slot := s.Next(start)
		if slot.Key == "" || !slot.Fire.After(start) || slot.Fire.After(start.AddDate(searchYears, 0, 3)) {
			t.Fatalf("%q in %s: after %v comes %+v", expression, zone, start, slot)
		}
		next := s.Next(slot.Fire)
		if !next.Fire.After(slot.Fire) || next.Key == slot.Key {
			t.Errorf("%+v follows %+v", next, slot)
		}
		if last := s.Last(slot.Fire); last != slot {
			t.Errorf("last at %+v is %+v", slot, last)
		}
		if w := s.Window(slot); w.To.Before(w.From) || w.To.After(slot.Fire) {
			t.Errorf("%+v reports on %v", slot, w)
		}
	})
}
