package config

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"time"

	"qosreport/internal/schedule"
	"qosreport/internal/yamlfile"
)

// Schedule says when a report is made by itself, what it covers, and who gets it.
type Schedule struct {
	Report       string            `yaml:"report"`
	Cron         string            `yaml:"cron"`
	Interval     Duration          `yaml:"interval"` // in place of cron
	AllowSeconds bool              `yaml:"allow_seconds"`
	Zone         string            `yaml:"zone"`       // of the times; "" means that of the file
	DataZone     string            `yaml:"data_zone"`  // of the days reported on; "" means zone
	From         string            `yaml:"from"`       // first date
	Until        string            `yaml:"until"`      // last date
	Only         string            `yaml:"only"`       // days that the calendar leaves
	SkipDates    []string          `yaml:"skip_dates"` // days that it takes away
	Suspend      bool              `yaml:"suspend"`
	Spread       Duration          `yaml:"spread"` // starts are later by less than this, each schedule by its own time
	Window       string            `yaml:"window"`
	Offset       int               `yaml:"offset"` // periods that the window lies further back
	Params       map[string]Values `yaml:"params"`

	To       []string `yaml:"to"` // in place of the report's, as is all that follows of the mail
	CC       []string `yaml:"cc"`
	BCC      []string `yaml:"bcc"`
	ReplyTo  string   `yaml:"reply_to"`
	Subject  string   `yaml:"subject"`
	Attach   []string `yaml:"attach"`
	SendWhen string   `yaml:"send_when"` // always | rows | watch | breach | findings | changed
	Owner    []string `yaml:"owner"`     // who is told of failures

	CatchUp       string   `yaml:"catch_up"` // last | none
	StartDeadline Duration `yaml:"start_deadline"`
	Overlap       string   `yaml:"overlap"`     // forbid | allow
	RunTimeout    Duration `yaml:"run_timeout"` // of one run with all its attempts

	Times  *schedule.Schedule `yaml:"-"` // set by [Config.Validate], as is Policy
	Policy schedule.Policy    `yaml:"-"`
}

// Values are one value or a list of such, as texts.
type Values []string

// UnmarshalYAML reads either.
func (v *Values) UnmarshalYAML(data []byte) error {
	list, err := yamlfile.Texts(data)
	*v = list
	return err
}

// SendRules are the words that send_when takes.
var SendRules = []string{"always", "rows", "watch", "breach", "findings", "changed"}

// DefaultRunTimeout is the time that a run of a schedule has.
const DefaultRunTimeout = 30 * time.Minute

// minRunTimeout leaves each phase of a run some seconds.
const minRunTimeout = time.Minute

// spec is the schedule as its parser takes it.
func (s *Schedule) spec(name, zone string) schedule.Spec {
	if s.Zone != "" {
		zone = s.Zone
	}
	return schedule.Spec{
		ID:           name,
		Expression:   s.Cron,
		Interval:     s.Interval.Duration,
		Zone:         zone,
		AllowSeconds: s.AllowSeconds,
		From:         s.From,
		Until:        s.Until,
		Only:         s.Only,
		SkipDates:    s.SkipDates,
		Window:       s.Window,
		Offset:       s.Offset,
		DataZone:     s.DataZone,
	}
}

// validateSchedules finds the mistakes of all schedules, and sets the times of those that
// have none.
func (c *Config) validateSchedules(v *yamlfile.Mistakes) {
	for _, name := range c.ScheduleNames() {
		s := c.Schedules[name]
		at := "schedules." + name
		if s == nil {
			v.Require(at, false, "is empty: write report, cron and owner")
			continue
		}
		v.Require(at+".report", s.Report != "", "is missing: write the name of a file in configs/reports, without .yaml")
		v.Require(at+".zone", s.Zone != "" || c.zoneGiven(), "is missing: write an IANA name like Europe/Bratislava here, or as zone of the whole file")
		s.validateSpans(v, at)
		s.validateMail(v, at, &c.SMTP)
		s.validateTimes(v, at, s.spec(name, c.Zone))
	}
	if len(c.Schedules) > 0 {
		v.Require("smtp.from", c.SMTP.From != "", `is missing: schedules send mail: write an address like "QoS reports <qos@example.com>"`)
		v.Require("smtp.host", c.SMTP.Host != "", "is missing: schedules send mail: write a server like mail.example.com:587")
	}
}

// ScheduleNames are the names of the schedules in their order.
func (c *Config) ScheduleNames() []string { return slices.Sorted(maps.Keys(c.Schedules)) }

// zoneGiven reports whether somebody chose the zone: the default is no zone to be mailed in.
func (c *Config) zoneGiven() bool {
	_, flag := c.Flags["zone"]
	return flag || c.file != nil && slices.Contains(c.file.Keys(""), "zone")
}

func (s *Schedule) validateSpans(v *yamlfile.Mistakes, at string) {
	for _, span := range []struct {
		key  string
		text string
	}{{"interval", s.Interval.text}, {"spread", s.Spread.text}, {"start_deadline", s.StartDeadline.text}, {"run_timeout", s.RunTimeout.text}} {
		v.Require(at+"."+span.key, span.text == "", "is %q: write a time span like 30m", span.text)
	}
	v.Require(at+".spread", s.Spread.Duration >= 0, "is %s: write 0s or more", s.Spread.Duration)
	if s.RunTimeout == (Duration{}) {
		s.RunTimeout.Duration = DefaultRunTimeout
	}
	v.Require(at+".run_timeout", s.RunTimeout.text != "" || s.RunTimeout.Duration >= minRunTimeout, "is %s: write %s or more", s.RunTimeout.Duration, minRunTimeout)
}

func (s *Schedule) validateMail(v *yamlfile.Mistakes, at string, smtp *SMTP) {
	v.Require(at+".send_when", s.SendWhen == "" || slices.Contains(SendRules, s.SendWhen), "is %q: write one of %v", s.SendWhen, SendRules)
	v.Require(at+".owner", len(s.Owner) > 0, "is missing: write who is told when it fails, like [qos-admins@example.com]")
	for _, list := range []struct {
		key       string
		addresses []string
	}{{"to", s.To}, {"cc", s.CC}, {"bcc", s.BCC}, {"owner", s.Owner}} {
		for i, address := range list.addresses {
			key := fmt.Sprintf("%s.%s[%d]", at, list.key, i)
			_, err := mail.ParseAddress(address)
			v.Require(key, err == nil, "is %q: write an address like noc@example.com", address)
			v.Require(key, err != nil || smtp.Allowed(address), "is %s, who may get no mail: add the address or its domain to smtp.allow, or correct it", address)
		}
	}
	if s.ReplyTo != "" {
		_, err := mail.ParseAddress(s.ReplyTo)
		v.Require(at+".reply_to", err == nil, "is %q: write an address like noc@example.com", s.ReplyTo)
	}
}

func (s *Schedule) validateTimes(v *yamlfile.Mistakes, at string, spec schedule.Spec) {
	times, err := schedule.Parse(spec)
	if err == nil {
		s.Times = times
		s.Policy, err = times.Policy(schedule.Policy{CatchUp: schedule.CatchUp(s.CatchUp), StartDeadline: s.StartDeadline.Duration, Overlap: schedule.Overlap(s.Overlap)})
	}
	if err == nil && s.Spread.Duration >= s.Policy.StartDeadline {
		v.Require(at+".spread", false, "is %s, and a start after %s (start_deadline) is too late: write less", s.Spread.Duration, s.Policy.StartDeadline)
	}
	found := schedule.Mistakes(err)
	if err != nil && len(found) == 0 {
		v.Add(at, err)
	}
	for _, m := range found {
		switch {
		case m.Key == "id":
			v.Add(at, errors.New(at+": "+m.Text))
		case m.Key == "zone" && s.Zone == "":
			v.Add("zone", fmt.Errorf("schedule %s: %w", spec.ID, m))
		case m.Key == "cron" && s.Interval.text != "":
			// The interval stands in its place, and was told.
		default:
			v.Add(at+"."+m.Key, fmt.Errorf("%s.%w", at, m))
		}
	}
}
