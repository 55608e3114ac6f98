package schedule

import (
	"testing"
	"time"
)

// One pass of planning walks at most this many slots of a schedule.
func BenchmarkWalkOf10000Slots(b *testing.B) {
	for _, tt := range []struct{ name, expression, zone string }{
		{"fixed, hours", "0 8-18 * * *", "Europe/Berlin"},
		{"fixed, days", "30 2 * * *", "Europe/Berlin"},
		{"elapsed, minutes", "* * * * *", "Europe/Berlin"},
		{"elapsed, quarters", "*/15 * * * *", "Australia/Lord_Howe"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			s := parse(b, tt.expression, tt.zone)
			from, to := at(b, "2010-01-01T00:00:00Z"), at(b, "2060-01-01T00:00:00Z")
			b.ReportAllocs()
			for b.Loop() {
				if slots, _ := s.Between(from, to, MaxSlots); len(slots) != MaxSlots {
					b.Fatalf("%d slots", len(slots))
				}
			}
		})
	}
}

func BenchmarkNext(b *testing.B) {
	s := parse(b, "30 2 * * *", "Europe/Berlin")
	now := time.Date(2026, 10, 25, 0, 31, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if s.Next(now).Skip != "" {
			b.Fatal("skipped")
		}
	}
}
