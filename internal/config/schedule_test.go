package config

import (
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

const scheduled = `version: 1
zone: Europe/Bratislava
impala: {hosts: ["impalad-1.example.com:21050"]}
smtp: {host: "mail.example.com:587", from: qos@example.com, allow: ["@example.com"]}
schedules:
  daily:
    report: voice-daily
    cron: "0 6 * * *"
    params: {sites: [Zürich, 7], limit: 50, deep: true}
    to: [noc@example.com]
    owner: [admins@example.com]
`

func TestASchedule(t *testing.T) {
	c, err := load(scheduled)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	s := c.Schedules["daily"]
	if s.Times == nil || s.Times.Zone().String() != "Europe/Bratislava" || s.Policy.StartDeadline != 12*time.Hour || s.RunTimeout.Duration != 30*time.Minute {
		t.Errorf("got %+v", s)
	}
	if got := strings.Join(s.Params["sites"], " ") + strings.Join(s.Params["limit"], " ") + strings.Join(s.Params["deep"], " "); got != "Zürich 750true" {
		t.Errorf("parameters are %v", s.Params)
	}
}

func TestMistakesOfSchedules(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"cron", "0 6 * * *", "0 25 * * *", `qosreport.yaml:8:11: schedules.daily.cron "0 25 * * *", position 3: hour 25 does not exist: write 0 to 23`},
		{"zone in the expression", "0 6 * * *", "TZ=UTC 0 6 * * *", "TZ=UTC: the zone has a key of its own: write zone"},
		{"zone alone in the expression", "0 6 * * *", "TZ=UTC", "TZ=UTC: the zone has a key of its own"},
		{"every", "0 6 * * *", "@every 15m", "interval: 15m"},
		{"a day that no month has", "0 6 * * *", "0 6 30 2 *", "month 2 has no day 30"},
		{"zone", "    report:", "    zone: Europe/Nowhere\n    report:", `qosreport.yaml:7:11: schedules.daily.zone "Europe/Nowhere": is not known`},
		{"abbreviated zone", "    report:", "    zone: CET\n    report:", "is no place: write Europe/Paris"},
		{"abbreviated zone of the file", "zone: Europe/Bratislava", "zone: CET", `qosreport.yaml:2:7: schedule daily: zone "CET": is no place`},
		{"no zone", "zone: Europe/Bratislava\n", "", "schedules.daily.zone is missing: write an IANA name"},
		{"no expression", `    cron: "0 6 * * *"` + "\n", "", "schedules.daily.cron \"\": is missing"},
		{"two ways to say when", "    report:", "    interval: 15m\n    report:", "exclude each other"},
		{"interval", `cron: "0 6 * * *"`, "interval: often", `schedules.daily.interval is "often": write a time span`},
		{"window", "    report:", "    window: tomorrow\n    report:", "write previous_day"},
		{"window in the future", "    report:", "    offset: 1\n    report:", "write 0 to -1000"},
		{"recipient", "noc@example.com", "noc@example.net", "qosreport.yaml:10:10: schedules.daily.to[0] is noc@example.net, who may get no mail"},
		{"recipient that is none", "noc@example.com", "noc", `is "noc": write an address`},
		{"no owner", "    owner: [admins@example.com]\n", "", "schedules.daily.owner is missing: write who is told"},
		{"owner", "admins@example.com", "admins@example.net", "schedules.daily.owner[0] is admins@example.net"},
		{"two of one name", "    owner:", "    owner: [a@example.com]\n  daily:\n    owner:", `qosreport.yaml:12:3: `},
		{"no report", "    report: voice-daily\n", "", "schedules.daily.report is missing"},
		{"catch-up of all", "    report:", "    catch_up: all\n    report:", `schedules.daily.catch_up "all": write last or none`},
		{"a queue", "    report:", "    overlap: queue\n    report:", `schedules.daily.overlap "queue": write forbid or allow`},
		{"a gate", "    report:", "    ready: SELECT 1\n    report:", `unknown key "ready"`},
		{"send rule", "    report:", "    send_when: bad\n    report:", `send_when is "bad": write one of`},
		{"time-out", "    report:", "    run_timeout: 5s\n    report:", "schedules.daily.run_timeout is 5s: write 1m0s or more"},
		{"start deadline", "    report:", "    start_deadline: soon\n    report:", `start_deadline is "soon": write a time span`},
		{"spread beyond the deadline", "    report:", "    spread: 13h\n    report:", "schedules.daily.spread is 13h0m0s, and a start after 12h0m0s (start_deadline) is too late"},
		{"a parameter that is no value", "limit: 50", "limit: {a: b}", "no plain value"},
		{"name", "  daily:", "  day/ly:", "schedules.day/ly: write letters, digits, dot, dash and underscore"},
		{"no mail server", `host: "mail.example.com:587", `, "", "smtp.host is missing: schedules send mail"},
		{"no sender", "from: qos@example.com, ", "", "smtp.from is missing"},
		{"empty", scheduled[strings.Index(scheduled, "    report"):], "", "schedules.daily is empty"},
		{"grace", "version: 1", "version: 1\nshutdown_grace: 0s", "shutdown_grace is 0s: write a time span like 25s"},
		{"runs", "version: 1", "version: 1\nmax_runs: 0", "max_runs is 0: write 1 to 16"},
		{"listen", "version: 1", "version: 1\nweb: {listen: here}", "web.listen"},
		{"keep", "version: 1", "version: 1\nstore: {keep_runs: 2d}", "store.keep_runs is too short for the outcomes of a month: write 29d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(scheduled, tt.old, tt.new, 1)
			if text == scheduled {
				t.Fatal("the row changes nothing")
			}
			c, err := load(text)
			if err == nil {
				err = c.Validate()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.AreaOf(err) != fault.Usage {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if err != nil && strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("more than one mistake is told: %v", err)
			}
		})
	}
}
