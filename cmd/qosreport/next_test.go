package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNextShowsWhatIsToCome(t *testing.T) {
	tests := []struct {
		name, schedule string
		at             string // UTC
		want           []string
	}{
		{"a time that clocks jump over", `cron: "30 2 * * *"`, "2026-03-28T12:00:00Z", []string{
			"daily: 30 2 * * *, Europe/Bratislava",
			"nominal fires UTC window from to",
			"2026-03-29T02:30 2026-03-29 03:00+02:00 2026-03-29 01:00Z 2026-03-28 00:00+01:00 2026-03-29 00:00+01:00",
			"2026-03-30T02:30 2026-03-30 02:30+02:00 2026-03-30 00:30Z 2026-03-29 00:00+01:00 2026-03-30 00:00+02:00 23 h, 2026-03-28 23:00Z to 2026-03-29 22:00Z"}},
		{"a day of 25 hours", `cron: "0 6 * * *"`, "2026-10-26T03:00:00Z", []string{
			"2026-10-26T06:00 2026-10-26 06:00+01:00 2026-10-26 05:00Z 2026-10-25 00:00+02:00 2026-10-26 00:00+01:00 25 h, 2026-10-24 22:00Z to 2026-10-25 23:00Z"}},
		{"days that the calendar takes away", `{cron: "0 6 * * *", only: business_days}`, "2026-03-27T12:00:00Z", []string{
			"2026-03-28T06:00 2026-03-28 06:00+01:00", "calendar: 2026-03-28 is not of only: business_days",
			"2026-03-29T06:00", "calendar: 2026-03-29 is not of only: business_days",
			"2026-03-30T06:00"}},
		{"a spread start", `{cron: "0 6 * * *", spread: 20m}`, "2026-03-30T12:00:00Z", []string{"daily: 0 6 * * *, Europe/Bratislava, starts 15m26s later"}},
		{"suspended", `{interval: 15m, suspend: true, window: previous_hour}`, "2026-03-30T12:01:00Z", []string{
			"daily: every 15m, Europe/Bratislava",
			"2026-03-30T14:15 2026-03-30 14:15+02:00 2026-03-30 12:15Z 2026-03-30 13:00+02:00 2026-03-30 14:00+02:00 suspended"}},
		{"data of another zone", `{cron: "0 6 * * *", data_zone: Asia/Kathmandu}`, "2026-03-30T12:00:00Z", []string{
			"2026-03-30 00:00+05:45 2026-03-31 00:00+05:45 24 h, 2026-03-29 18:15Z to 2026-03-30 18:15Z"}},
		{"seconds", `{cron: "30 0 6 * * *"}`, "2026-03-30T12:00:00Z", []string{"2026-03-31T06:00:30 2026-03-31 06:00:30+02:00 2026-03-31 04:00:30Z"}},
		{"a date that the zone dropped", `{cron: "0 6 * * *", zone: Pacific/Apia}`, "2011-12-30T12:00:00Z", []string{"2011-12-31T06:00", "calendar: the zone has no 2011-12-30"}},
		{"an end", `{cron: "0 6 * * *", until: 2026-03-30}`, "2026-03-30T12:00:00Z", []string{"no slot is to come: until is 2026-03-30"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Trim(tt.schedule, "{}")
			var keys []string
			for key := range strings.SplitSeq(text, ", ") {
				keys = append(keys, "    "+key)
			}
			d := newDesk(t, strings.Replace(daily, `    cron: "0 6 * * *"`, strings.Join(keys, "\n"), 1))
			var err error
			d.now, err = time.Parse(time.RFC3339, tt.at)
			d.ok(err)
			d.want(0, "next --count 3", tt.want...)
		})
	}
}

// The review of a change needs neither a store nor a cluster, and leaves nothing.
func TestNextAsksNobody(t *testing.T) {
	d := newDesk(t, daily+strings.Replace(daily, "schedules:\n  daily", "  weekly", 1))
	d.ok(d.ledger.Close())
	d.ok(os.Remove(d.config.Store.Path))
	r := d.want(0, "next --schedule weekly --count 4", "weekly: ")
	if strings.Contains(r.stdout, "daily:") || strings.Count(r.stdout, "\n") != 6 {
		t.Errorf("got\n%s", r.stdout)
	}
	if _, err := os.Stat(d.config.Store.Path); !os.IsNotExist(err) {
		t.Errorf("the store: %v", err)
	}
}

func TestNextMistakes(t *testing.T) {
	d := newDesk(t, strings.Replace(daily, "0 6 * * *", "0 6 1 * MON", 1))
	d.want(2, "next --schedule dayly", `there is no schedule "dayly"`, "try: the schedules of the configuration are: daily")
	d.want(2, "next --count 0", "--count 0: write 1 to 1000")
	r := d.want(0, "next --count 1", "warning: "+d.dir+"/configs/qosreport.yaml:10:11: schedules.daily: cron \"0 6 1 * MON\": day of month 1 and weekday MON are both restricted")
	if strings.Contains(r.stdout, "warning") {
		t.Errorf("the warning is part of the answer:\n%s", r.stdout)
	}
	newDesk(t, "").want(2, "next", "the configuration has no schedules", "try:")
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// An answer that cannot be written is none.
func TestAnswersThatCannotBeWritten(t *testing.T) {
	d := newDesk(t, daily)
	d.sight("daily")
	d.after(time.Hour)
	d.done("daily")
	for _, args := range [][]string{{"next"}, {"status"}, {"status", "--json"}, {"history"}, {"why", "daily@2026-03-30T06:00"}} {
		a := &app{now: func() time.Time { return d.now }, stdio: stdio{strings.NewReader(""), full{}, full{}}}
		err := a.run(t.Context(), append(args, "--config-dir", d.dir))
		if code := exitCode(err); code != 6 || !strings.Contains(err.Error(), "write output: ") {
			t.Errorf("%v: exit code %d, %v", args, code, err)
		}
	}
}

func TestTablesAreAligned(t *testing.T) {
	var p page
	p.table("  ", table{{"where", "count", ""}, {"Zürich", "1", ""}, {"東京", "2", "two\nlines"}, {"e\u0301", "33", "\x1b[31m"}})
	want := "  where   count\n  Zürich  1\n  東京    2      two; lines\n  e\u0301       33     \\u001b[31m\n"
	if p.String() != want {
		t.Errorf("got\n%q\nwant\n%q", p.String(), want)
	}
}
