package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/definition"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/planner"
	"qosreport/internal/query"
	"qosreport/internal/report"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// scheduled is a schedule with all that its runs need, found to be in order.
type scheduled struct {
	name       string
	config     *config.Schedule
	definition *definition.Definition // with the schedule's mail
	templates  *query.Templates
	args       definition.Args
}

// scheduled makes the named schedules of a valid configuration, or all. The mistakes of all
// of them are told at once.
func (f *fileFlags) scheduled(c *config.Config, names []string, now time.Time) (map[string]*scheduled, error) {
	if len(names) == 0 {
		names = c.ScheduleNames()
	}
	templates, err := f.templates()
	if err != nil {
		return nil, err
	}
	all := make(map[string]*scheduled)
	var mistakes []error
	for _, name := range names {
		s, err := f.oneScheduled(c, name, templates, now)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		all[name] = s
	}
	return all, errors.Join(mistakes...)
}

func (f *fileFlags) oneScheduled(c *config.Config, name string, templates *query.Templates, now time.Time) (*scheduled, error) {
	s, err := f.reported(c, name, templates, now)
	if err != nil {
		return nil, err
	}
	return s, s.checkMail(c)
}

// reported is a schedule whose report is in order, whatever becomes of its mail.
func (f *fileFlags) reported(c *config.Config, name string, templates *query.Templates, now time.Time) (*scheduled, error) {
	s := &scheduled{name: name, config: c.Schedules[name], templates: templates}
	if s.config == nil {
		return nil, noSchedule(c, name)
	}
	def, err := definition.Load(f.files(), reportsDir, s.config.Report, templates)
	if err != nil {
		return nil, s.placed(c, ".report", err)
	}
	if s.definition, err = def.Mailed(email(s.config)); err != nil {
		return nil, s.placed(c, "", err)
	}
	if s.args, err = def.Args(given(s.config)); err != nil {
		return nil, s.placed(c, ".params", err)
	}
	if next := s.config.Times.Next(now); next.Key != "" {
		w := s.config.Times.Window(next)
		if _, err := job.Statements(s.definition, templates, s.args, span(store.Window{From: w.From, To: w.To, Zone: w.Zone}, s.config.Times.Zone())); err != nil {
			return nil, s.placed(c, ".report", err)
		}
	}
	return s, nil
}

// checkMail finds what is wrong with who gets the report, and who is told when it fails.
func (s *scheduled) checkMail(c *config.Config) error {
	err := job.CheckMail(job.Options{Definition: s.definition, Args: s.args, Mail: reportMail(c)})
	if err != nil {
		return s.placed(c, ".to", err)
	}
	notice := deliver.Message{From: c.SMTP.From, To: s.config.Owner}
	if err := notice.CheckAddresses(); err != nil {
		return s.placed(c, ".owner", err)
	}
	return nil
}

// placed adds to a mistake where the value stands that makes it: a key of the schedule that
// begins with a dot, or "" for the whole.
func (s *scheduled) placed(c *config.Config, key string, err error) error {
	at := "schedules." + s.name + key
	return fault.New(fault.Usage, 0, fmt.Errorf("%s%s: %w", c.Place(at), at, err))
}

// email is what a schedule puts in the place of the report's own.
func email(s *config.Schedule) definition.Email {
	return definition.Email{To: s.To, CC: s.CC, BCC: s.BCC, ReplyTo: s.ReplyTo, Subject: s.Subject, Attach: s.Attach}
}

// given are the parameters that a schedule gives its report.
func given(s *config.Schedule) map[string][]string {
	params := make(map[string][]string, len(s.Params))
	for name, values := range s.Params {
		params[name] = values
	}
	return params
}

// reportMail is the mail of a report as the configuration has it.
func reportMail(c *config.Config) *job.Mail {
	return &job.Mail{From: c.SMTP.From, MaxSize: c.SMTP.MaxSize.Bytes, Allowed: c.SMTP.Allowed}
}

// span is the window of a slot as a report takes it. A zone that is not known any more
// falls back on the schedule's.
func span(w store.Window, zone *time.Location) report.Window {
	return report.Span(w.From, w.To, zoneNamed(w.Zone, zone))
}

// zoneNamed is the zone of an IANA name, or another where there is none of that name.
func zoneNamed(name string, otherwise *time.Location) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil && name != "" {
		return zone
	}
	return otherwise
}

// planned is the schedule as the planner takes it.
func (s *scheduled) planned() planner.Schedule {
	return planner.Schedule{Times: s.config.Times, Policy: s.config.Policy, Spread: s.config.Spread.Duration, Suspended: s.config.Suspend}
}

// owned is the schedule as its owner is told of it.
func (s *scheduled) owned() job.Owned {
	return job.Owned{Schedule: s.name, Owner: s.config.Owner}
}

// hash tells runs of different configurations apart.
func (s *scheduled) hash(c *config.Config) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", c.SHA256(), s.definition.SHA256, s.args.Canonical()))
	return hex.EncodeToString(sum[:16])
}

// late is a sentence for the mail of a slot that starts long after its time, or "".
func (s *scheduled) late(slot store.Slot, now time.Time) string {
	late := now.Sub(slot.Fire.Add(schedule.Delay(s.name, s.config.Spread.Duration)))
	if late <= schedule.Punctual {
		return ""
	}
	text := "Sent " + spell(late) + " late"
	if slot.Reason != "" && (slot.Outcome == store.Due || slot.Outcome == store.Waiting) {
		text += ": " + slot.Reason // and not why it failed before, which is the owner's to know
	}
	return text + "."
}

// spell writes a span in days, hours and minutes.
func spell(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%d d %d h", minutes/60/24, minutes/60%24)
}
