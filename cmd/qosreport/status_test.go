package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/store"
)

// What is expected of a schedule by now, and what of the ledger is off.
func TestStatusKnowsWhatIsExpected(t *testing.T) {
	const slot = "daily@2026-03-30T06:00"
	var (
		sighted = func(d *desk) { d.sight("daily"); d.after(time.Minute) } // it is six
		planned = func(d *desk) { sighted(d); d.plan("daily", store.Due, ""); d.after(time.Hour) }
		alive   = func(d *desk) { d.ok(d.ledger.Beat(d.t.Context(), "prod-1", "v1", store.Self())) }
	)
	tests := []struct {
		name, old, new string // in the configuration
		arrange        func(d *desk)
		want           string // of the error; "" is none
	}{
		{"done", "", "", func(d *desk) { sighted(d); d.done("daily"); d.after(time.Hour) }, ""},
		{"never planned", "", "", func(*desk) {}, "schedule daily was never planned try: is serve running"},
		{"seen, and nothing was due since", "", "", func(d *desk) { d.sight("daily") }, ""},
		{"not in the ledger", "", "", func(d *desk) { sighted(d); d.after(time.Hour) }, "slot " + slot + " of 2026-03-30 06:00+02:00 is not in the ledger: nobody plans try: is serve running"},
		{"just fired", "", "", func(d *desk) { sighted(d); d.after(time.Minute) }, ""},
		{"no more just fired", "", "", func(d *desk) { sighted(d); d.after(91 * time.Second) }, "is not in the ledger"},
		{"within its spread", "owner:", "spread: 1h\n    owner:", func(d *desk) { sighted(d); d.plan("daily", store.Due, ""); d.after(time.Hour) }, ""},
		{"beyond its spread", "owner:", "spread: 10m\n    owner:", planned, "slot " + slot + " is due for 1 h 0 min try: is serve running"},
		{"due, and somebody plans", "", "", func(d *desk) { planned(d); alive(d) }, "is due for 1 h 0 min try: qosreport why " + slot},
		{"it fired before the schedule was seen", "", "", func(d *desk) { d.after(time.Minute); d.sight("daily"); d.after(time.Hour) }, ""},
		{"it failed before the schedule was seen", "", "", func(d *desk) {
			d.after(2 * time.Minute)
			d.sight("daily") // by another scheduler, at its first slot
			d.end(d.claim("r", d.plan("daily", store.Due, "")), store.RunFailed, "sql: no such table")
		}, "slot " + slot + " is failed: sql: no such table try: qosreport why " + slot},
		{"failed", "", "", func(d *desk) { planned(d); d.end(d.claim("r", slot), store.RunFailed, "kdc: a\nb") }, "is failed: kdc: a; b"},
		{"missed", "", "", func(d *desk) { sighted(d); d.plan("daily", store.Missed, "down: for long") }, "is missed: down: for long"},
		{"skipped by the calendar", "", "", func(d *desk) { sighted(d); d.plan("daily", store.Skipped, "calendar: a holiday") }, ""},
		{"suspended when it was due", "", "", func(d *desk) { sighted(d); d.plan("daily", store.Suspended, "the schedule is suspended") }, ""},
		{"running", "", "", func(d *desk) { planned(d); d.claim("r", slot) }, ""},
		{"running, and its process is lost", "", "", func(d *desk) { planned(d); d.claim("r", slot); d.after(2 * time.Minute) }, "slot " + slot + " is running by run r, whose process is lost"},
		{"suspended", "owner:", "suspend: true\n    owner:", func(d *desk) {}, ""},
		{"today's is running, yesterday's failed", "", "", func(d *desk) {
			d.after(-23 * time.Hour)
			d.sight("daily")
			d.after(-59 * time.Minute)
			d.end(d.claim("r1", d.plan("daily", store.Due, "")), store.RunFailed, "sql: wrong")
			d.after(24 * time.Hour)
			d.claim("r2", d.plan("daily", store.Due, ""))
		}, ""},
		{"today's has just fired, yesterday's failed", "", "", func(d *desk) {
			d.after(-23*time.Hour - 59*time.Minute)
			d.sight("daily")
			d.end(d.claim("r1", d.plan("daily", store.Due, "")), store.RunFailed, "sql: wrong")
			d.after(24 * time.Hour)
		}, "slot daily@2026-03-29T06:00 is failed"},
		{"so old that it may be forgotten", `cron: "0 6 * * *"`, "cron: \"0 6 * * *\"\n    until: 2025-01-01", func(d *desk) {
			d.after(-500 * 24 * time.Hour)
			d.sight("daily")
			d.after(500 * 24 * time.Hour)
		}, ""},
		{"other times than those that serve goes by", "", "", func(d *desk) { sighted(d); d.done("daily"); alive(d); d.rewrite("0 6 * * *", "0 7 * * *") },
			"schedule daily has another cron, interval or zone than serve goes by try: let serve read its configuration again"},
		{"other times, and none was due since", "", "", func(d *desk) { sighted(d); d.done("daily"); d.rewrite("0 6 * * *", "0 7 * * *") }, ""},
		{"other times, and nobody plans", "", "", func(d *desk) {
			sighted(d)
			d.done("daily")
			d.rewrite("0 6 * * *", "0 7 * * *")
			d.after(2 * time.Hour)
		}, "slot daily@2026-03-30T07:00 of 2026-03-30 07:00+02:00 is not in the ledger"},
		{"an unknown delivery", "", "", func(d *desk) {
			sighted(d)
			l := d.claim("r", d.plan("daily", store.Due, ""))
			d.mail(l, store.Unknown, "", "noc@example.com")
		}, "nobody knows whether noc@example.com got delivery 1 try: look into the mail server's log, then: qosreport resolve 1 --sent, or --not-sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, strings.Replace(daily, tt.old, tt.new, 1))
			tt.arrange(d)
			if tt.want == "" {
				if r := d.want(0, "status"); r.stderr != "" {
					t.Errorf("got %s", r.stderr)
				}
				return
			}
			r := d.want(11, "status", tt.want)
			if strings.Count(r.stderr, "\n") != 2 {
				t.Errorf("more than one error and its cure:\n%s", r.stderr)
			}
		})
	}
}

// rewrite changes the configuration that commands read.
func (d *desk) rewrite(old, new string) {
	d.t.Helper()
	file := filepath.Join(d.dir, "configs/qosreport.yaml")
	text, err := os.ReadFile(file)
	d.ok(err)
	write(d.t, file, strings.Replace(string(text), old, new, 1))
}

func TestStatusAtAGlance(t *testing.T) {
	d := newDesk(t, daily+strings.Replace(strings.Replace(daily, "schedules:\n  daily", "  hourly", 1), `"0 6 * * *"`, "\"0 * * * *\"\n    data_zone: Asia/Tokyo\n    window: previous_hour", 1)+
		strings.Replace(strings.Replace(daily, "schedules:\n  daily", "  paused", 1), "owner:", "suspend: true\n    owner:", 1))
	d.sight("daily")
	d.sight("hourly")
	d.after(time.Minute)
	d.done("daily")
	owner := store.Self()
	owner.Host = "elsewhere"
	d.ok(d.ledger.Beat(t.Context(), "prod-1", "v1", owner))
	d.after(time.Hour)
	l := d.claim("run-2", d.plan("hourly", store.Due, ""))
	d.mail(l, store.Unknown, "connection lost", "noc@example.com", "boss@example.com")
	d.after(5 * time.Minute)
	d.ok(l.Renew(t.Context()))
	d.want(11, "status",
		"prod-1 at 2026-03-30 07:05+02:00",
		"name last slot outcome window next slot reason",
		"daily 2026-03-30 06:00+02:00 done 2026-03-29 2026-03-31 06:00+02:00",
		"hourly 2026-03-30 07:00+02:00 running 2026-03-30 13:00 to 14:00 Asia/Tokyo 2026-03-30 08:00+02:00",
		"paused none yet suspended",
		"running", "run-2 hourly@2026-03-30T05:00Z 2026-03-30 13:00 to 14:00 Asia/Tokyo query 2026-03-30 07:00+02:00, for 5 min",
		"unknown deliveries", `1 noc@example.com one {"sites":["Zürich"]} 2026-03-30 13:00 to 14:00 Asia/Tokyo 2026-03-30 07:00+02:00 qosreport resolve 1 --sent, or --not-sent`,
		"heart-beats", "prod-1 elsewhere, process", "v1 last 2026-03-30 06:00+02:00 since 2026-03-30 06:00+02:00, not seen for 1 h 5 min",
		"nobody knows whether noc@example.com got delivery 1")
	d.end(l, store.RunFailed, "deferred: later")
	d.want(11, "status", "pending deliveries that nobody sends by himself", "2 boss@example.com", "qosreport resolve 2 --not-sent sends it")

	r := d.call("status", "--json")
	var s struct {
		OK        bool     `json:"ok"`
		Problems  []string `json:"problems"`
		Schedules []struct {
			Name string `json:"name"`
			Last struct {
				Due     time.Time `json:"due"`
				Outcome string    `json:"outcome"`
			} `json:"last"`
		} `json:"schedules"`
		Running []any `json:"running"`
		Unknown []struct {
			ID int64 `json:"id"`
		} `json:"unknown_deliveries"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &s); err != nil || r.code != 11 {
		t.Fatalf("exit code %d, %v\n%s", r.code, err, r.stdout)
	}
	if s.OK || len(s.Problems) != 2 || s.Schedules[0].Last.Outcome != "done" || s.Schedules[0].Last.Due.Format(time.RFC3339) != "2026-03-30T04:00:00Z" || s.Running == nil || len(s.Running) != 0 || s.Unknown[0].ID != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestLive(t *testing.T) {
	here, there := store.Self(), store.Self()
	there.Host = "elsewhere"
	ended := store.Self()
	ended.Start += "1" // of a process that had this number before
	tests := []struct {
		name  string
		owner store.Owner
		late  time.Duration
		code  int
		says  string
	}{
		{"just now", here, 0, 0, ""},
		{"90 s ago", here, 90 * time.Second, 0, ""},
		{"too long ago", here, 91 * time.Second, 11, "showed itself within 1m30s: the last did at 2026-03-30 03:59Z"},
		{"by a process that has ended since", ended, 0, 11, "and its process has ended"},
		{"on another host", there, 0, 11, "showed itself within 1m30s: the last did never"},
		{"ahead of a clock that was put back", here, -time.Hour, 11, "the last did at"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, "")
			d.ok(d.ledger.Beat(t.Context(), "prod-1", "v1", tt.owner))
			d.after(tt.late)
			if r := d.want(tt.code, "status --live", tt.says); r.stdout != "" || (r.stderr == "") != (tt.code == 0) {
				t.Errorf("got %q and %q", r.stdout, r.stderr)
			}
		})
	}
}

func TestLiveWithoutALedger(t *testing.T) {
	d := newDesk(t, "")
	path := d.config.Store.Path
	d.rewrite(path, path+".other")
	d.want(11, "status --live", "there is no ledger yet", "try: see whether serve is running")
	d.want(6, "status", "store.path: open store "+path+".other: there is no ledger yet", "try: see whether serve is running")
	d.rewrite("store:", "# store:")
	for _, args := range []string{"status", "status --live", "history", "why daily@x", "resolve 1 --sent"} {
		d.want(2, args, "there is no ledger", "try: name the configuration that has store.path")
	}
	if names, err := os.ReadDir(d.dir); err != nil || len(names) != 4 { // configs, the ledger and its log
		t.Errorf("%v, %v", names, err)
	}
}

// A probe waits neither for one who writes, nor for one who reads.
func TestLiveBesideAWriter(t *testing.T) {
	d := newDesk(t, "")
	d.ok(d.ledger.Beat(t.Context(), "prod-1", "v1", store.Self()))
	stop := make(chan struct{})
	stopped := make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				err = d.ledger.Beat(context.Background(), "prod-1", "v1", store.Self())
			}
		}
		stopped <- err
	}()
	for range 20 {
		d.want(0, "status --live")
	}
	close(stop)
	d.ok(<-stopped)
}
