package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"qosreport/internal/fault"
)

// parse makes a schedule named s that has to be in order.
func parse(t testing.TB, expression, zone string) *Schedule {
	t.Helper()
	return parseSpec(t, Spec{Expression: expression, Zone: zone})
}

func parseSpec(t testing.TB, spec Spec) *Schedule {
	t.Helper()
	spec.ID = "s"
	s, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestExpressionsThatAreRefused(t *testing.T) {
	tests := []struct {
		name, expression string
		position         int
		text             string
	}{
		{"nothing", "", 0, "is missing"},
		{"blanks", " \t", 0, "is missing"},
		{"a zone before the fields", "TZ=UTC 0 6 * * *", 1, "write zone"},
		{"a zone alone, on which the library panics", "TZ=UTC", 1, "write zone"},
		{"the other prefix", "CRON_TZ=Europe/Berlin", 1, "write zone"},
		{"a prefix behind a blank", " tz=UTC 0 6 * * *", 2, "write zone"},
		{"an interval", "@every 24h", 1, "interval: 24h"},
		{"an interval of nothing", "@every", 1, "interval: 15m"},
		{"an interval below a minute", "@every 5s", 1, "interval: 15m"},
		{"starts of the process", "@reboot", 1, "write a time of day"},
		{"another word for a day", "@midnight", 1, "write @daily"},
		{"another word for a year", "@annually", 1, "write @yearly"},
		{"capitals", "@Daily", 1, "write @daily"},
		{"an unknown word", "@noon", 1, "@hourly, @daily, @weekly, @monthly, @yearly"},
		{"fields behind a word", "@daily 6", 8, "stands alone"},
		{"too few fields", "0 6 * *", 1, "has 4 fields"},
		{"too many fields", "0 0 6 * * * 2026", 13, "has 7 fields"},
		{"the last day of a month", "0 6 L * *", 5, "only: last_day_of_month"},
		{"days before the last", "0 6 L-3 * *", 5, "only: last_day_of_month"},
		{"the last business day", "0 6 LW * *", 5, "only: last_business_day"},
		{"the first business day", "0 6 1W * *", 5, "only: first_business_day"},
		{"the nearest business day", "0 6 15W * *", 5, "only: business_days"},
		{"the last Friday", "0 6 * * 5L", 9, "nth_weekday(4, FRI)"},
		{"the second Monday", "0 6 * * MON#2", 9, "only: nth_weekday(2, MON)"},
		{"the second Monday by number", "0 6 * * 1#2", 9, "only: nth_weekday(2, MON)"},
		{"weekday 7", "0 6 * * 7", 9, "write 0 or SUN"},
		{"a range to weekday 7", "0 6 * * 5-7", 11, "write 0 or SUN"},
		{"hours over midnight", "0 22-2 * * *", 3, "split in two: 22-23,0-2"},
		{"hours over midnight in steps", "0 20-4/3 * * *", 3, "20,23,2"},
		{"weekdays over Saturday", "0 6 * * FRI-MON", 9, "split in two: FRI-SAT,SUN-MON"},
		{"a weekend", "0 6 * * sat-sun", 9, "split in two: SAT,SUN"},
		{"months over December", "0 6 1 NOV-FEB *", 7, "split in two: NOV-DEC,JAN-FEB"},
		{"an hour too many", "0 24 * * *", 3, "hour 24 does not exist: write 0 to 23"},
		{"the second place of a list", "0 6,25 * * *", 5, "hour 25"},
		{"day 0", "0 6 0 * *", 5, "write 1 to 31"},
		{"month 13", "0 6 * 13 *", 7, "write 1 to 12"},
		{"a month that is none", "0 6 * MAI *", 7, "JAN to DEC"},
		{"a name where none can be", "0 six * * *", 3, `hour "six" is no number`},
		{"a sign", "+5 6 * * *", 1, `minute "+5"`},
		{"a negative number", "-5 6 * * *", 1, `minute "-5" is no range`},
		{"a star in a range", "*-5 6 * * *", 1, `minute "*-5" is no range: write two values, like 0-59`},
		{"a range without an end", "0-/2 6 * * *", 1, "is no range"},
		{"an empty place", "0,,5 6 * * *", 3, "empty place"},
		{"a comma alone", ", 6 * * *", 1, "empty place"},
		{"step 0", "*/0 6 * * *", 3, "step"},
		{"two steps", "*/5/2 6 * * *", 3, "step"},
		{"no step", "*/ 6 * * *", 3, "step"},
		{"30 February", "0 0 30 2 *", 5, "no date in the next 8 years"},
		{"31 of short months", "0 0 31 4,6,9,11 *", 5, "no date"},
		{"every second", "* 0 6 * * *", 1, "allow_seconds: true"},
		{"two seconds", "0,30 0 6 * * *", 1, "allow_seconds: true"},
		{"positions count characters, not bytes", "0 ü,25 * * *", 3, `hour "ü"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(Spec{ID: "s", Expression: tt.expression, Zone: "UTC"})
			var m *Mistake
			if !errors.As(err, &m) {
				t.Fatalf("error %v, want a mistake", err)
			}
			if m.Key != "cron" && m.Key != "interval" || m.Position != tt.position || !strings.Contains(m.Text, tt.text) {
				t.Errorf("position %d, %v; want position %d and %q", m.Position, m, tt.position, tt.text)
			}
			if fault.AreaOf(err) != fault.Usage {
				t.Errorf("area %v, want that of usage", fault.AreaOf(err))
			}
		})
	}
}

func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	_, err := Parse(Spec{ID: "daily report", Expression: "61 6 * * 7", Zone: "CET", From: "2026-02-30", Until: "soon", Only: "fridays",
		SkipDates: []string{"2026-12-25", ""}, Window: "last_n_days(0)", Offset: 1, DataZone: "Europe/berlin "})
	if err == nil {
		t.Fatal("no error")
	}
	if got := Mistakes(err); len(got) != 11 || got[2].Position != 1 || got[3].Position != 10 {
		t.Errorf("mistakes %v", got)
	}
	for _, want := range []string{
		`id "daily report": write letters`,
		`cron "61 6 * * 7", position 1: minute 61 does not exist: write 0 to 59`,
		`cron "61 6 * * 7", position 10: weekday 7: write 0 or SUN`,
		`zone "CET": is no place: write Europe/Paris`,
		`from "2026-02-30": write a date like`,
		`until "soon": write a date like`,
		`only "fridays": write last_day_of_month`,
		`skip_dates "": write a date like`,
		`window "last_n_days(0)": write previous_day`,
		`offset "1": write 0 to -1000`,
		`data_zone "Europe/berlin ": is not known`,
	} {
		if !strings.Contains(err.Error(), `schedule "daily report": `+want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

// A calendar that never leaves a day would let a schedule silently never run.
func TestACalendarHasToLeaveADay(t *testing.T) {
	for _, tt := range []struct {
		expression, only string
		refused          bool
	}{
		{"0 6 1 * *", "last_day_of_month", true},
		{"0 6 * * TUE", "nth_weekday(2, MON)", true},
		{"0 6 * * SAT", "business_days", true},
		{"0 6 29 2 *", "nth_weekday(4, SUN)", true},
		{"0 6 29 2 *", "nth_weekday(5, SUN)", false}, // 2032 and each 28 years
		{"0 6 28-31 * *", "last_day_of_month", false},
		{"* * * * *", "first_business_day", false},
		{"@yearly", "business_days", false},
		{"@yearly", "last_business_day", true},
		{"0 6 29 2 *", "", false},
	} {
		_, err := Parse(Spec{ID: "s", Expression: tt.expression, Zone: "UTC", Only: tt.only, SkipDates: []string{"2001-01-01"}})
		if (err != nil) != tt.refused || err != nil && !strings.Contains(err.Error(), `only "`+tt.only+`": takes every day of cron`) {
			t.Errorf("%s with only: %s gives %v", tt.expression, tt.only, err)
		}
	}
}

func TestANameFitsIntoThatOfAFile(t *testing.T) {
	for n, refused := range map[int]bool{100: false, 101: true} {
		if _, err := Parse(Spec{ID: strings.Repeat("a", n), Expression: "0 6 * * *", Zone: "UTC"}); (err != nil) != refused {
			t.Errorf("%d letters: %v", n, err)
		}
	}
}

func TestMistakesOfAnotherError(t *testing.T) {
	for _, err := range []error{nil, errors.New("broken"), errors.Join(errors.New("broken"))} {
		if got := Mistakes(err); len(got) != 0 {
			t.Errorf("%v has the mistakes %v", err, got)
		}
	}
}

func TestIntervals(t *testing.T) {
	tests := []struct {
		name     string
		spec     Spec
		key, msg string
	}{
		{"below a minute", Spec{Interval: 59 * time.Second}, "interval", "1m or more"},
		{"negative", Spec{Interval: -time.Hour}, "interval", "1m or more"},
		{"with a part of a second", Spec{Interval: time.Minute + time.Millisecond}, "interval", "whole seconds"},
		{"beside an expression", Spec{Interval: time.Hour, Expression: "0 6 * * *"}, "interval", "exclude each other"},
		{"bounds the wrong way round", Spec{Interval: time.Hour, From: "2026-02-01", Until: "2026-01-31"}, "until", "lies before from"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.ID, tt.spec.Zone = "s", "UTC"
			_, err := Parse(tt.spec)
			var m *Mistake
			if !errors.As(err, &m) || m.Key != tt.key || !strings.Contains(m.Text, tt.msg) {
				t.Errorf("error %v, want one of %s with %q", err, tt.key, tt.msg)
			}
		})
	}
}

func TestZones(t *testing.T) {
	for name, want := range map[string]string{
		"UTC": "", "Etc/UTC": "", "Europe/Berlin": "", "America/Argentina/Buenos_Aires": "", "Singapore": "", "Asia/Calcutta": "",
		"": "is missing", "Local": "each machine", "CET": "Europe/Paris", "EST5EDT": "America/New_York", "GMT": "Europe/London",
		"+02:00": "fixed offset", "UTC+2": "fixed offset", "GMT-5": "fixed offset", "-0500": "fixed offset", "Z": "fixed offset", "Etc/GMT-2": "fixed offset",
		"Europe/Nowhere": "not known", "Berlin": "not known", "../UTC": "not known", "right/Europe/Berlin": "file their zone data", "posix/UTC": "file their zone data",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Parse(Spec{ID: "s", Expression: "0 6 * * *", Zone: name})
			switch {
			case want == "" && err != nil:
				t.Errorf("error %v", err)
			case want == "" && s.Zone().String() != name:
				t.Errorf("zone %v", s.Zone())
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	for expression, want := range map[string]string{
		"0 6 1 * MON":    "both restricted",
		"0 6 */2 * 1":    "both restricted",
		"0 6 1-31 * MON": "both restricted",
		"0 6 * * MON":    "",
		"0 6 1 * ?":      "",
		"0 6 1 * */1":    "",
		"@weekly":        "",
		"*/90 * * * *":   "step 90 is longer than the minute field",
		"30 0 6 * * *":   "",
	} {
		t.Run(expression, func(t *testing.T) {
			warnings := parse(t, expression, "UTC").Warnings()
			if got := strings.Join(warnings, "\n"); (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("warnings %q, want %q", got, want)
			}
		})
	}
}

func TestFixedAndElapsed(t *testing.T) {
	for expression, want := range map[string]bool{
		"0 6 * * *": false, "0 */2 * * *": false, "0 0-22 * * *": false, "@daily": false, "@monthly": false,
		"0 * * * *": true, "0 0-23 * * *": true, "0 0-11,12-23 1 * *": true, "*/5 ? * * *": true, "@hourly": true,
	} {
		if got := parse(t, expression, "UTC").Elapsed(); got != want {
			t.Errorf("%q elapsed: %v, want %v", expression, got, want)
		}
	}
}

func TestHashChangesWithWhatSlotsDependOn(t *testing.T) {
	base := parse(t, "0 6 * * *", "Europe/Berlin")
	if other := parseSpec(t, Spec{Expression: "0 6 * * *", Zone: "Europe/Berlin", Window: "previous_week"}); other.Hash() != base.Hash() {
		t.Error("another window is another hash")
	}
	seen := map[string]bool{base.Hash(): true}
	for _, spec := range []Spec{{Expression: "0 7 * * *", Zone: "Europe/Berlin"}, {Expression: "0 6 * * *", Zone: "Europe/Vienna"}, {Interval: time.Hour, Zone: "Europe/Berlin"}} {
		hash := parseSpec(t, spec).Hash()
		if seen[hash] || len(hash) != 16 {
			t.Errorf("%+v has the hash %s", spec, hash)
		}
		seen[hash] = true
	}
}
