package schedule

import (
	"strings"
	"testing"
)

func TestCalendarFilters(t *testing.T) {
	holidays := []string{"2026-05-01", "2026-05-08", "2026-05-29"} // all Fridays
	tests := []struct{ name, only, want string }{
		{"the last day of the month", "last_day_of_month", "31"},
		{"the first business day behind a holiday and a weekend", "first_business_day", "04"},
		{"the last business day before a holiday and a weekend", "last_business_day", "28"},
		{"business days", "business_days", "04 05 06 07 11 12 13 14 15 18 19 20 21 22 25 26 27 28"},
		{"the third Friday", "nth_weekday(3, FRI)", "15"},
		{"the second Friday is a holiday", "nth_weekday(2,fri)", ""},
		{"the fifth Sunday", "nth_weekday( 5 , SUN )", "31"},
		{"the fifth Monday is none", "nth_weekday(5, MON)", ""},
		{"holidays alone", "", "02 03 04 05 06 07 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 30 31"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parseSpec(t, Spec{Expression: "0 6 * * *", Zone: "Europe/Berlin", Only: tt.only, SkipDates: holidays})
			slots, _ := s.Between(at(t, "2026-05-01T00:00:00Z"), at(t, "2026-06-01T00:00:00Z"), 0)
			var days []string
			for _, slot := range slots {
				if slot.Skip == "" {
					days = append(days, slot.Nominal.Date()[8:])
				}
			}
			if got := strings.Join(days, " "); got != tt.want || len(slots) != 31 {
				t.Errorf("of %d slots run %s, want %s", len(slots), got, tt.want)
			}
		})
	}
}

func TestSkippedSlotsSayWhy(t *testing.T) {
	s := parseSpec(t, Spec{Expression: "0 6 * * *", Zone: "UTC", Only: "business_days", SkipDates: []string{"2026-12-25"}})
	for after, want := range map[string]string{
		"2026-12-24T12:00:00Z": "skip_dates has 2026-12-25",
		"2026-12-25T12:00:00Z": "2026-12-26 is not of only: business_days",
		"2026-12-27T12:00:00Z": "",
	} {
		if got := s.Next(at(t, after)).Skip; got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
}

func TestFiltersThatAreRefused(t *testing.T) {
	for _, only := range []string{"nth_weekday(0, MON)", "nth_weekday(6, MON)", "nth_weekday(1, MAN)", "nth_weekday(1)", "weekdays", "Business_days"} {
		if _, err := Parse(Spec{ID: "s", Expression: "0 6 * * *", Zone: "UTC", Only: only}); err == nil || !strings.Contains(err.Error(), "only") {
			t.Errorf("only %q: error %v", only, err)
		}
	}
}
